//! The OpenAPI document: complete, equal to the table of routes, and shown without anybody's help.

use std::collections::BTreeSet;

use tapmap::api::{Access, routes};

use super::*;

#[tokio::test]
async fn it_has_every_route_and_no_other() {
    let document = answered("/api/v1/openapi.json").await;
    let mut described = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            described.insert((path.clone(), method.to_uppercase()));
            let access = routes().into_iter().find(|route| route.path == *path).unwrap().access;
            assert_eq!(operation["security"].is_array(), access != Access::Open, "{method} {path}");
        }
    }
    let table: BTreeSet<(String, String)> =
        routes().into_iter().map(|route| (route.path, route.method)).collect();
    assert_eq!(described, table);
}

#[tokio::test]
async fn every_operation_is_described_in_full() {
    let document = answered("/api/v1/openapi.json").await;
    let mut names = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let place = format!("{method} {path}");
            assert!(names.insert(operation["operationId"].as_str().unwrap().to_owned()), "{place}");
            assert!(!operation["summary"].as_str().unwrap().is_empty(), "{place}");
            let responses = operation["responses"].as_object().unwrap();
            for status in ["400", "401", "500", "503"] {
                assert!(responses.contains_key(status), "{place} does not say {status}");
            }
            let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
            for parameter in &parameters {
                assert!(parameter["description"].is_string(), "{place}: {parameter}");
                assert!(parameter["schema"].is_object(), "{place}: {parameter}");
            }
            let in_path: BTreeSet<&str> = parameters
                .iter()
                .filter(|parameter| parameter["in"] == "path")
                .map(|parameter| parameter["name"].as_str().unwrap())
                .collect();
            let braces: BTreeSet<&str> =
                path.split('{').skip(1).filter_map(|rest| Some(rest.split_once('}')?.0)).collect();
            assert_eq!(in_path, braces, "{place}");
        }
    }
}

#[tokio::test]
async fn every_shape_that_is_named_is_there() {
    fn references<'a>(value: &'a Value, found: &mut BTreeSet<&'a str>) {
        match value {
            Value::Object(fields) => {
                found.extend(fields.get("$ref").and_then(Value::as_str));
                fields.values().for_each(|value| references(value, found));
            }
            Value::Array(items) => items.iter().for_each(|item| references(item, found)),
            _ => {}
        }
    }
    let document = answered("/api/v1/openapi.json").await;
    let mut found = BTreeSet::new();
    references(&document, &mut found);
    assert!(found.contains("#/components/schemas/Problem"));
    for reference in found {
        let name = reference.strip_prefix("#/components/schemas/").unwrap();
        assert!(document["components"]["schemas"][name].is_object(), "{reference}");
    }
}

/// The shape that the document gives a row has exactly the fields that rows have.
#[tokio::test]
async fn rows_are_as_they_are_described() {
    let document = answered("/api/v1/openapi.json").await;
    for (list, shape) in [
        ("hosts", "Host"),
        ("services", "Service"),
        ("dependencies", "Dependency"),
        ("certificates", "Certificate"),
        ("findings", "Finding"),
        ("flows", "Flow"),
    ] {
        let described: BTreeSet<String> = document["components"]["schemas"][shape]["properties"]
            .as_object()
            .unwrap_or_else(|| panic!("{shape}"))
            .keys()
            .cloned()
            .collect();
        let page = answered(&format!("/api/v1/{list}?limit=1")).await;
        let row: BTreeSet<String> = page[list][0].as_object().unwrap().keys().cloned().collect();
        assert_eq!(row, described, "{list}");
        let page_shape = &document["components"]["schemas"][format!("{shape}Page")]["properties"];
        let page: BTreeSet<&String> = page.as_object().unwrap().keys().collect();
        assert_eq!(page, page_shape.as_object().unwrap().keys().collect(), "{list}");
    }
}

#[tokio::test]
async fn the_pages_need_nobody_else() {
    for path in ["/", "/api/v1/docs"] {
        let page = get(path).await;
        assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
        let text = page.text();
        assert!(!text.contains("http:") && !text.contains("https:") && !text.contains("//"), "{path}");
        for inline in ["<style", " style=", "onclick=", "onload=", "javascript:"] {
            assert!(!text.contains(inline), "{path} has {inline}");
        }
        let mut scripts = text.split("<script").skip(1);
        assert!(
            scripts.all(|script| script.split('>').next().is_some_and(|tag| tag.contains(" src=\"/"))),
            "{path}"
        );
        for link in text.split("=\"/").skip(1) {
            let link = format!("/{}", link.split('"').next().unwrap());
            assert_eq!(get(&link).await.status, StatusCode::OK, "{path} links to {link}");
        }
    }
}
