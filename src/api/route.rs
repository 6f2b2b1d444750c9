//! Every route with who may ask it, in one table. A test holds it equal to the OpenAPI document and to the
//! groups of the router; the permission matrix walks it.

use axum::http::Method;

/// Who may ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Access {
    /// Anybody: says nothing of the map.
    Open,
    /// Whoever may look.
    Viewer,
    /// Whoever may act in an incident.
    Responder,
    /// Whoever may change the server.
    Admin,
}

/// A route.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Route {
    /// Its path, with names of its parameters in braces.
    pub path: String,
    /// Its method.
    pub method: String,
    /// Who may ask.
    pub access: Access,
}

/// Routes about a map, below `/api/v1` and below each map that was uploaded.
const OF_A_MAP: &[(Method, &str, Access)] = &[
    (Method::GET, "/capture", Access::Viewer),
    (Method::GET, "/certificates", Access::Viewer),
    (Method::GET, "/certificates/{id}", Access::Viewer),
    (Method::GET, "/dependencies", Access::Viewer),
    (Method::GET, "/dependencies/{id}", Access::Viewer),
    (Method::GET, "/events", Access::Viewer),
    (Method::GET, "/findings", Access::Viewer),
    (Method::GET, "/findings/{id}", Access::Viewer),
    (Method::GET, "/flows", Access::Viewer),
    (Method::GET, "/hosts", Access::Viewer),
    (Method::GET, "/hosts/{id}", Access::Viewer),
    (Method::GET, "/report", Access::Viewer),
    (Method::GET, "/services", Access::Viewer),
    (Method::GET, "/services/{id}", Access::Viewer),
    (Method::GET, "/health", Access::Viewer),
    (Method::GET, "/status", Access::Viewer),
    (Method::GET, "/answers/{answer_id}", Access::Viewer),
    (Method::GET, "/blast-radius", Access::Viewer),
    (Method::POST, "/blast-radius", Access::Viewer),
    (Method::GET, "/trace/forward", Access::Viewer),
    (Method::POST, "/trace/forward", Access::Viewer),
    (Method::GET, "/trace/back", Access::Viewer),
    (Method::POST, "/trace/back", Access::Viewer),
    (Method::GET, "/path", Access::Viewer),
    (Method::POST, "/path", Access::Viewer),
    (Method::GET, "/spof", Access::Viewer),
    (Method::POST, "/spof", Access::Viewer),
    (Method::GET, "/isolate", Access::Viewer),
    (Method::POST, "/isolate", Access::Viewer),
    (Method::GET, "/cut", Access::Viewer),
    (Method::POST, "/cut", Access::Viewer),
    (Method::GET, "/policy", Access::Viewer),
    (Method::POST, "/policy", Access::Viewer),
    (Method::GET, "/host", Access::Viewer),
    (Method::POST, "/host", Access::Viewer),
    (Method::GET, "/seen", Access::Viewer),
    (Method::POST, "/seen", Access::Viewer),
    (Method::GET, "/timeline", Access::Viewer),
    (Method::POST, "/timeline", Access::Viewer),
    (Method::GET, "/egress", Access::Viewer),
    (Method::POST, "/egress", Access::Viewer),
];

/// Routes of the server.
const OF_THE_SERVER: &[(Method, &str, Access)] = &[
    (Method::GET, "/", Access::Open),
    (Method::GET, "/assets/page.css", Access::Open),
    (Method::GET, "/healthz", Access::Open),
    (Method::GET, "/readyz", Access::Open),
    (Method::GET, "/api/v1/session", Access::Open),
    (Method::POST, "/api/v1/session", Access::Open),
    (Method::DELETE, "/api/v1/session", Access::Open),
    (Method::GET, "/api/v1/diff", Access::Viewer),
    (Method::POST, "/api/v1/diff", Access::Viewer),
    (Method::GET, "/api/v1/docs", Access::Viewer),
    (Method::GET, "/api/v1/maps", Access::Viewer),
    (Method::GET, "/api/v1/maps/{map}", Access::Viewer),
    (Method::DELETE, "/api/v1/maps/{map}", Access::Responder),
    (Method::POST, "/api/v1/captures", Access::Responder),
    (Method::GET, "/api/v1/openapi.json", Access::Viewer),
    (Method::GET, "/assets/docs.js", Access::Viewer),
    (Method::GET, "/metrics", Access::Viewer),
];

/// Where routes about a map begin.
pub const PREFIXES: [&str; 2] = ["/api/v1", "/api/v1/maps/{map}"];

/// Every route, sorted.
pub fn routes() -> Vec<Route> {
    let of_maps = PREFIXES.iter().flat_map(|prefix| {
        OF_A_MAP.iter().map(move |(method, path, access)| (method, format!("{prefix}{path}"), *access))
    });
    let of_the_server =
        OF_THE_SERVER.iter().map(|(method, path, access)| (method, (*path).to_owned(), *access));
    let mut routes: Vec<Route> = of_maps
        .chain(of_the_server)
        .map(|(method, path, access)| Route { path, method: method.to_string(), access })
        .collect();
    routes.sort();
    routes
}
