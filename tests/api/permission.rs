//! Roles × routes: every route of the table, asked by everybody there is.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{Request, StatusCode};
use tapmap::api::auth::{Auth, AuthOptions, Clock, Role, SESSION_PATH, TokenFile};
use tapmap::api::{Access, App, Options, guarded, routes};
use tapmap::model::Timestamp;
use tower::ServiceExt as _;

use super::{THREE_TIER, still};

/// A clock that stands still.
struct Stopped;

impl Clock for Stopped {
    fn time(&self) -> Timestamp {
        Timestamp::from_seconds(1_773_482_640, 0)
    }

    fn running(&self) -> Duration {
        Duration::ZERO
    }
}

fn router(directory: &Path, loopback: bool) -> Router {
    let clock = Arc::new(Stopped);
    let options =
        AuthOptions { directory: Some(directory), loopback, encrypted: !loopback, names: &[], clock };
    let auth = Arc::new(Auth::open(&options).unwrap());
    guarded(App::new(still(THREE_TIER), Options::default()), auth)
}

async fn ask(router: &Router, method: &str, path: &str, from: &str, token: Option<&str>) -> StatusCode {
    let mut request = Request::builder().method(method).uri(path).header("host", "localhost");
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    let mut request = request.body(Body::empty()).unwrap();
    request.extensions_mut().insert(ConnectInfo(from.parse::<SocketAddr>().unwrap()));
    router.clone().oneshot(request).await.unwrap().status()
}

/// A path with something in place of its parameters.
fn concrete(path: &str) -> String {
    path.replace("{id}", "10.77.0.11").replace("{map}", "none")
}

fn least(access: Access) -> Option<Role> {
    match access {
        Access::Open => None,
        Access::Viewer => Some(Role::Viewer),
        Access::Responder => Some(Role::Responder),
        Access::Admin => Some(Role::Admin),
    }
}

fn is_refusal(status: StatusCode) -> bool {
    matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN)
}

#[tokio::test]
async fn every_role_asks_every_route() {
    let folder = tempfile::tempdir().unwrap();
    let file = TokenFile::in_directory(folder.path());
    let tokens = Role::ALL.map(|role| (role, file.add(role.word(), role, Stopped.time()).unwrap()));
    let router = router(folder.path(), false);
    let table = routes();
    assert!(table.len() > 30);
    for route in table {
        let path = concrete(&route.path);
        let needed = least(route.access);
        let anonymous = ask(&router, &route.method, &path, "192.0.2.1:9", None).await;
        assert_eq!(anonymous == StatusCode::UNAUTHORIZED, needed.is_some(), "nobody: {route:?}: {anonymous}");
        for (held, token) in &tokens {
            let status = ask(&router, &route.method, &path, "192.0.2.1:9", Some(token.text())).await;
            let may = needed.is_none_or(|needed| *held >= needed);
            assert_eq!(!is_refusal(status), may, "{held}: {route:?}: {status}");
            assert_ne!(status, StatusCode::INTERNAL_SERVER_ERROR, "{route:?}");
            assert_ne!(status, StatusCode::METHOD_NOT_ALLOWED, "{route:?}: the path is another one");
        }
    }
}

#[tokio::test]
async fn this_machine_looks_without_a_token_until_there_is_one() {
    let folder = tempfile::tempdir().unwrap();
    let router = router(folder.path(), true);
    for route in routes().iter().filter(|route| route.access <= Access::Responder) {
        let (method, path) = (&route.method, concrete(&route.path));
        let status = ask(&router, method, &path, "127.0.0.1:9", None).await;
        assert!(!is_refusal(status), "{route:?}: {status}");
        let elsewhere = ask(&router, method, &path, "192.0.2.1:9", None).await;
        assert_eq!(elsewhere == StatusCode::UNAUTHORIZED, route.access != Access::Open, "{route:?}");
    }
    TokenFile::in_directory(folder.path()).add("one", Role::Viewer, Stopped.time()).unwrap();
    assert_eq!(ask(&router, "GET", "/api/v1/hosts", "127.0.0.1:9", None).await, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn sessions_are_there() {
    let folder = tempfile::tempdir().unwrap();
    let router = router(folder.path(), false);
    assert_eq!(ask(&router, "GET", SESSION_PATH, "192.0.2.1:9", None).await, StatusCode::UNAUTHORIZED);
    let empty = ask(&router, "POST", SESSION_PATH, "192.0.2.1:9", None).await;
    assert_eq!(empty, StatusCode::UNSUPPORTED_MEDIA_TYPE);
}
