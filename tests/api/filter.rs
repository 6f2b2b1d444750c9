//! The filter language against the rows that it lets through.

use super::*;

/// Rows that a filter lets through are those that a closure says.
async fn check(list: &str, filter: &str, wanted: impl Fn(&Value) -> bool) {
    let all = answered(&format!("/api/v1/{list}?limit=1000")).await;
    let some = answered(&format!("/api/v1/{list}?limit=1000&q={}", encoded(filter))).await;
    let expected: Vec<&Value> = all[list].as_array().unwrap().iter().filter(|row| wanted(row)).collect();
    let found: Vec<&Value> = some[list].as_array().unwrap().iter().collect();
    assert_eq!(found, expected, "{list} {filter}");
    assert!(
        !found.is_empty() && found.len() < all[list].as_array().unwrap().len(),
        "{filter} tells nothing apart"
    );
}

fn text<'a>(row: &'a Value, key: &str) -> &'a str {
    row[key].as_str().unwrap_or_default()
}

fn has(row: &Value, key: &str, text: &str) -> bool {
    row[key].as_array().unwrap().iter().any(|item| item == text)
}

#[tokio::test]
async fn each_list_by_what_its_rows_show() {
    let host = answered("/api/v1/dependencies?limit=1").await["dependencies"][0]["client"].clone();
    let host = host.as_str().unwrap();
    check("dependencies", &format!("client:{host}"), |row| text(row, "client") == host).await;
    check("dependencies", &format!("-client:{host}"), |row| text(row, "client") != host).await;
    check("hosts", &format!("host:{host}"), |row| text(row, "id") == host).await;
    check("hosts", host, |row| text(row, "id") == host).await;
    check("services", "port:1-1023", |row| row["port"].as_u64().unwrap() < 1024).await;
    check("services", "port:>=1024", |row| row["port"].as_u64().unwrap() >= 1024).await;
    check("services", "proto:postgresql,dns", |row| ["postgresql", "dns"].contains(&text(row, "protocol")))
        .await;
    check("flows", "proto:udp", |row| text(row, "transport") == "udp").await;
    check("flows", "tls:yes", |row| row["tls"] == true).await;
    check("dependencies", "kind:~infra", |row| text(row, "kind").contains("infra")).await;
    check("hosts", "role:~database", |row| row["roles"].to_string().contains("database")).await;
    check("hosts", "-role:dns-server", |row| !has(row, "roles", "dns-server")).await;
    check("flows", "bytes:>2k proto:tcp", |row| {
        let bytes = row["bytes_to_server"].as_u64().unwrap() + row["bytes_to_client"].as_u64().unwrap();
        bytes > 2_000 && text(row, "transport") == "tcp"
    })
    .await;
}

#[tokio::test]
async fn times_are_reckoned_back_from_the_newest_packet() {
    let as_of = answered("/api/v1/flows?limit=1").await["as_of"].as_str().unwrap().to_owned();
    let end: Timestamp = as_of.parse().unwrap();
    let begin = end + -2_000_000_000;
    let last = |row: &Value| text(row, "last").parse::<Timestamp>().unwrap();
    let first = |row: &Value| text(row, "first").parse::<Timestamp>().unwrap();
    check("flows", "since:2s", |row| last(row) >= begin).await;
    check("flows", &format!("until:{begin}"), |row| first(row) < begin).await;
}
