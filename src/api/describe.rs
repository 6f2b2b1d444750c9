//! The OpenAPI document: what the routes say of themselves, with what they have in common.

use utoipa::openapi::extensions::Extensions;
use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder, ParameterIn, PathItem};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{Components, Info, License, OpenApi, RefOr, Required, Tag};

use super::error::{self, Missing, Refused};
use super::route::{Access, PREFIXES, routes};

/// The name of the security scheme.
const TOKEN: &str = "token";

const ABOUT: &str = "Who depends on what, from packets alone. Lists are sorted and come in pages of one \
state of the map; rows and answers are the JSON that the commands write. Every refusal is a problem of RFC 9457. \
Times are RFC 3339. A server that listens to itself only (loopback) may need no token.";

const TAGS: &[(&str, &str)] = &[
    ("report", "The whole report, and how far the map is"),
    ("lists", "The lists of the report, and their rows"),
    ("questions", "Questions, as the commands of the same names answer them"),
    ("maps", "Captures that were sent, each a map of its own"),
    ("session", "Logging in, for browsers"),
    ("events", "What happens to the map"),
    ("service", "Health, counts, pages"),
];

/// Adds to what the routes say what they have in common.
pub fn document(mut document: OpenApi) -> OpenApi {
    document.info = Info::new("tapmap", env!("CARGO_PKG_VERSION"));
    document.info.description = Some(ABOUT.to_owned());
    document.info.license = Some(License::new("Apache-2.0 OR MIT"));
    document.tags = Some(
        TAGS.iter()
            .map(|(name, about)| {
                let mut tag = Tag::new(*name);
                tag.description = Some((*about).to_owned());
                tag
            })
            .collect(),
    );
    let components = document.components.get_or_insert_with(Components::new);
    let (name, schema) = error::schema();
    components.schemas.insert(name, schema);
    let token = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
    components.add_security_scheme(TOKEN, token);
    let kinds = error::KINDS.iter().map(|kind| {
        serde_json::json!({ "name": kind.name(), "status": kind.status().as_u16(), "title": kind.title() })
    });
    let kinds = Extensions::builder().add("x-problems", kinds.collect::<Vec<_>>()).build();
    document.extensions = Some(kinds);
    let table = routes();
    for (path, item) in &mut document.paths.paths {
        let of_a_map = path.strip_prefix(PREFIXES[1]).is_some_and(|rest| !rest.is_empty());
        for (method, operation) in operations(item) {
            let route = table.iter().find(|route| route.path == *path && route.method == method);
            if route.is_some_and(|route| route.access != Access::Open) {
                operation.security = Some(vec![SecurityRequirement::new::<_, [&str; 0], &str>(TOKEN, [])]);
            }
            // What a library refuses on the way can meet every route.
            for (status, response) in <Refused as utoipa::IntoResponses>::responses() {
                let told = operation.responses.responses.entry(status).or_insert_with(|| response.clone());
                if matches!(told, RefOr::T(told) if told.content.is_empty()) {
                    *told = response;
                }
            }
            if of_a_map {
                of_another_map(operation);
            }
        }
    }
    document
}

/// Makes of an operation on the server's own map the same one on an uploaded map.
fn of_another_map(operation: &mut Operation) {
    if let Some(id) = &mut operation.operation_id {
        id.push_str("_of_map");
    }
    operation.parameters.get_or_insert_default().insert(0, map_parameter());
    let missing = <Missing as utoipa::IntoResponses>::responses();
    operation.responses.responses.extend(missing);
}

fn map_parameter() -> RefOr<Parameter> {
    ParameterBuilder::new()
        .name("map")
        .parameter_in(ParameterIn::Path)
        .required(Required::True)
        .description(Some("The id of an uploaded map"))
        .schema(Some(ObjectBuilder::new().schema_type(Type::String)))
        .build()
        .into()
}

/// The operations of a path, by method.
pub fn operations(item: &mut PathItem) -> Vec<(&'static str, &mut Operation)> {
    let all = [
        ("DELETE", &mut item.delete),
        ("GET", &mut item.get),
        ("PATCH", &mut item.patch),
        ("POST", &mut item.post),
        ("PUT", &mut item.put),
    ];
    all.into_iter().filter_map(|(method, operation)| Some((method, operation.as_mut()?))).collect()
}
