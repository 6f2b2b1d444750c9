//! What every request passes before a route sees it, and every response before it leaves.

use std::any::Any;
use std::net::IpAddr;
use std::time::Duration;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tokio::time::Instant;

use super::app::App;
use super::asset;
use super::error::{Kind, PROBLEM, Problem};

/// Counts what was asked and how it ended.
pub async fn count(State(app): State<App>, request: Request, next: Next) -> Response {
    let begun = Instant::now();
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let response = next.run(request).await;
    // A method that somebody made up has no place among the counts either.
    let method = if route.is_some() { method.as_str() } else { "" };
    app.meter.count(method, route.as_deref().unwrap_or(""), response.status().as_u16(), begun.elapsed());
    response
}

/// Refuses requests for another host: a page of somebody else that has its name point here (DNS
/// rebinding) can ask for its own name only. An address cannot be pointed anywhere.
pub async fn host(State(app): State<App>, request: Request, next: Next) -> Response {
    let named = request.headers().get(header::HOST).map(|host| host.to_str().unwrap_or_default());
    let named = named.or_else(|| request.uri().authority().map(|authority| authority.as_str()));
    let Some(named) = named else {
        let why = "the request names no host; send `Host`";
        return Problem::new(Kind::Malformed, why).into_response();
    };
    if !is_own(named, &app.options.hosts) {
        let why = format!("`{named}` is no name of this server; ask for its address or for `localhost`");
        return Problem::new(Kind::Misdirected, why).into_response();
    }
    next.run(request).await
}

fn is_own(named: &str, names: &[String]) -> bool {
    let is_port = |port: &str| port.is_empty() || port.parse::<u16>().is_ok();
    let host = match named.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((inside, "")) => inside,
        Some((inside, port)) if port.strip_prefix(':').is_some_and(is_port) => inside,
        Some(_) => return false,
        None => match named.split_once(':') {
            Some((host, port)) if is_port(port) => host,
            Some(_) => return false,
            None => named,
        },
    };
    let host = host.trim_end_matches('.');
    host.parse::<IpAddr>().is_ok()
        || host.eq_ignore_ascii_case("localhost")
        || names.iter().any(|name| name.eq_ignore_ascii_case(host))
}

/// Refuses requests where too many are under way.
pub async fn crowd(State(app): State<App>, request: Request, next: Next) -> Response {
    match app.enter() {
        Some(_place) => next.run(request).await,
        None => Problem::later("too many requests are under way; ask again in a moment", 2).into_response(),
    }
}

/// Where captures are sent.
const UPLOADS: &str = "/api/v1/captures";

/// Ends requests that take too long: the caller has gone, or should have.
pub async fn time(State(app): State<App>, request: Request, next: Next) -> Response {
    // Captures take as long as they take; who sends them is watched elsewhere.
    if request.method() == Method::POST && request.uri().path() == UPLOADS {
        return next.run(request).await;
    }
    let most = app.options.limits.time;
    match tokio::time::timeout(most, next.run(request)).await {
        Ok(response) => response,
        Err(_) => Problem::later(late(most), 5).into_response(),
    }
}

fn late(most: Duration) -> String {
    format!("there was no answer within {} seconds; ask for less, or again later", most.as_secs())
}

/// Becomes a problem whatever a library refused in its own words.
pub async fn problems(request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    let status = response.status();
    let is_problem = || response.headers().get(header::CONTENT_TYPE).is_some_and(|media| media == PROBLEM);
    if status.as_u16() < 400 || is_problem() {
        return response;
    }
    let kind = super::error::KINDS.iter().copied().find(|kind| kind.status() == status);
    let fallback = if status.is_server_error() { Kind::Defect } else { Kind::Malformed };
    let kind = kind.unwrap_or(fallback);
    let mut problem = Problem::new(kind, format!("{}.", kind.title())).into_response();
    if let Some(allow) = response.headers().get(header::ALLOW) {
        problem.headers_mut().insert(header::ALLOW, allow.clone());
    }
    problem
}

/// A panic is a defect, and no reason to stop serving others.
pub fn panicked(_: Box<dyn Any + Send + 'static>) -> Response {
    Problem::new(Kind::Defect, "the answer failed; the log says why").into_response()
}

/// No route is at a path: what the page shows there, or nothing.
pub async fn nowhere(method: Method, uri: Uri, headers: HeaderMap) -> Response {
    asset::page(&method, &uri, &headers).unwrap_or_else(|| {
        let why = format!("there is nothing at `{}`; /api/v1/docs describes what is", uri.path());
        Problem::not_found(why).into_response()
    })
}

/// Something is at a path, for other methods.
pub async fn other_method(request: Request) -> Response {
    let why = format!("`{}` is not taken here; `Allow` says what is", request.method());
    let mut response = Problem::new(Kind::MethodNotAllowed, why).into_response();
    *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_own_names_and_addresses_are_answered_for() {
        let names = ["tap.example".to_owned()];
        for own in [
            "localhost",
            "LOCALHOST:80",
            "127.0.0.1:8080",
            "[::1]:80",
            "[fd00::1]",
            "tap.example",
            "tap.example.:443",
            "192.0.2.7",
        ] {
            assert!(is_own(own, &names), "{own}");
        }
        for other in [
            "evil.example",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "",
            "[::1",
            "[::1]x",
            "[evil]",
        ] {
            assert!(!is_own(other, &names), "{other}");
        }
    }
}
