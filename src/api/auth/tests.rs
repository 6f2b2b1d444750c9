//! Authentication as its callers meet it: requests through the layers, answers back.

use std::net::SocketAddr;
use std::path::PathBuf;

use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, Request};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Extension, Router};
use tokio_stream::StreamExt;
use tower::ServiceExt;

use super::clock::Hand;
use super::hash::Cost;
use super::*;

/// A small API with its guard.
struct House {
    directory: tempfile::TempDir,
    hand: Arc<Hand>,
    auth: Arc<Auth>,
    loopback: bool,
}

fn file(directory: &Path) -> TokenFile {
    TokenFile::in_directory(directory).with_cost(Cost::LEAST)
}

impl House {
    fn new(loopback: bool, encrypted: bool) -> House {
        let directory = tempfile::tempdir().unwrap();
        let hand = Arc::new(Hand::default());
        let clock: Arc<dyn Clock> = Arc::clone(&hand) as Arc<dyn Clock>;
        let options =
            AuthOptions { directory: Some(directory.path()), loopback, encrypted, names: &[], clock };
        let auth = Arc::new(Auth::with_file(&options, Some(file(directory.path()))).unwrap());
        House { directory, hand, auth, loopback }
    }

    fn token(&self, name: &str, role: Role) -> String {
        file(self.directory.path()).add(name, role, self.hand.time()).unwrap().text().to_owned()
    }

    fn router(&self) -> Router {
        let name = |Extension(principal): Extension<Principal>| async move { principal.to_string() };
        let stream = || async {
            let ticks = tokio_stream::iter(0..)
                .map(|n: u32| Ok::<_, std::convert::Infallible>(Bytes::from(n.to_string())));
            Body::from_stream(ticks)
        };
        Router::new()
            .merge(
                Router::new()
                    .route("/see", get(name).post(name))
                    .route("/events", get(stream))
                    .route_layer(require(Role::Viewer)),
            )
            .merge(Router::new().route("/act", post(name)).route_layer(require(Role::Responder)))
            .merge(Router::new().route("/run", post(name)).route_layer(require(Role::Admin)))
            .route("/health", get(|| async { "alive" }))
            .merge(routes())
            .layer(guard(Arc::clone(&self.auth)))
    }

    async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Response {
        self.send_from(
            if self.loopback { "127.0.0.1:5000" } else { "10.0.0.5:5000" },
            method,
            path,
            headers,
            body,
        )
        .await
    }

    async fn send_from(
        &self,
        from: &str,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Response {
        let mut request = Request::builder().method(method).uri(path).header("host", "localhost:8080");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut request = request.body(Body::from(body.to_owned())).unwrap();
        request.extensions_mut().insert(ConnectInfo(from.parse::<SocketAddr>().unwrap()));
        self.router().oneshot(request).await.unwrap()
    }

    async fn status(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> u16 {
        self.send(method, path, headers, "").await.status().as_u16()
    }

    async fn bearer(&self, token: &str, method: &str, path: &str) -> u16 {
        self.status(method, path, &[("authorization", &format!("Bearer {token}"))]).await
    }

    async fn log_in(&self, token: &str) -> Response {
        let body = serde_json::json!({ "token": token }).to_string();
        self.send("POST", SESSION_PATH, &[("content-type", "application/json")], &body).await
    }

    fn lines(&self, name: &str) -> Vec<serde_json::Value> {
        let path: PathBuf = self.directory.path().join(name);
        let text = std::fs::read_to_string(path).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

async fn text(response: Response) -> String {
    let bytes = axum::body::to_bytes(response.into_body(), 1 << 20).await.unwrap();
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn cookie_of(response: &Response) -> String {
    let set = response.headers().get(header::SET_COOKIE).unwrap().to_str().unwrap();
    set.split(';').next().unwrap().to_owned()
}

const ROUTES: [(&str, &str, Role); 4] = [
    ("GET", "/see", Role::Viewer),
    ("POST", "/see", Role::Viewer),
    ("POST", "/act", Role::Responder),
    ("POST", "/run", Role::Admin),
];

#[tokio::test]
async fn every_role_does_what_it_may_and_nothing_else() {
    let house = House::new(false, true);
    for held in Role::ALL {
        let token = house.token(held.word(), held);
        for (method, path, needed) in ROUTES {
            let expected = if held >= needed { 200 } else { 403 };
            assert_eq!(house.bearer(&token, method, path).await, expected, "{held} {method} {path}");
        }
    }
    for (method, path, _) in ROUTES {
        assert_eq!(house.status(method, path, &[]).await, 401, "{method} {path}");
    }
    assert_eq!(house.status("GET", "/health", &[]).await, 200);
}

#[tokio::test]
async fn what_is_no_good_token_is_refused_and_never_anonymous() {
    let house = House::new(true, false);
    let stranger = Token::generate().unwrap();
    for value in ["Bearer", "Bearer tapmap_x", "Basic YTpi", &format!("Bearer {}", stranger.text())] {
        assert_eq!(house.status("GET", "/see", &[("authorization", value)]).await, 401, "{value}");
    }
    assert_eq!(
        house.status("GET", "/see", &[]).await,
        200,
        "while no token was made, this machine is let in"
    );
    let good = house.token("one", Role::Viewer);
    let twice = format!("Bearer {good}");
    let response =
        house.send("GET", "/see", &[("authorization", &twice), ("authorization", &twice)], "").await;
    assert_eq!(response.status(), 401);
    assert_eq!(response.headers()[header::WWW_AUTHENTICATE], "Bearer realm=\"tapmap\"");
    assert_eq!(response.headers()[header::CONTENT_TYPE], "application/problem+json");
}

#[tokio::test]
async fn this_machine_is_let_in_until_the_first_token_and_never_again() {
    let house = House::new(true, false);
    assert_eq!(house.auth.open_to_this_machine(), Some(Role::Responder));
    assert_eq!(house.status("POST", "/act", &[]).await, 200);
    assert_eq!(house.status("POST", "/run", &[]).await, 403, "running the sensor takes a token");
    assert_eq!(house.status("GET", "/see", &[("sec-fetch-site", "cross-site")]).await, 403);
    let elsewhere = house.send_from("10.0.0.5:5000", "GET", "/see", &[], "").await;
    assert_eq!(elsewhere.status(), 401, "another machine");
    let token = house.token("one", Role::Viewer);
    assert_eq!(house.auth.open_to_this_machine(), None);
    assert_eq!(house.status("GET", "/see", &[]).await, 401);
    file(house.directory.path()).revoke("one").unwrap();
    assert_eq!(house.status("GET", "/see", &[]).await, 401, "an empty file is not an absent one");
    std::fs::remove_file(house.directory.path().join("tokens.json")).unwrap();
    assert_eq!(house.status("GET", "/see", &[]).await, 401, "taking the file away opens nothing");
    assert_eq!(house.bearer(&token, "GET", "/see").await, 401);
}

#[tokio::test]
async fn a_rebound_name_reads_nothing() {
    let house = House::new(true, false);
    let mut request =
        Request::builder().uri("/see").header("host", "evil.test:8080").body(Body::empty()).unwrap();
    request.extensions_mut().insert(ConnectInfo("127.0.0.1:5000".parse::<SocketAddr>().unwrap()));
    assert_eq!(house.router().oneshot(request).await.unwrap().status(), 403);
}

#[tokio::test]
async fn the_authority_of_http_2_is_checked_like_a_host() {
    let house = House::new(true, false);
    for (authority, expected) in [("localhost:8080", 200), ("evil.test:8080", 403)] {
        let uri = format!("http://{authority}/see");
        let mut request = Request::builder().uri(uri).body(Body::empty()).unwrap();
        request.extensions_mut().insert(ConnectInfo("127.0.0.1:5000".parse::<SocketAddr>().unwrap()));
        assert_eq!(house.router().oneshot(request).await.unwrap().status(), expected, "{authority}");
    }
}

#[tokio::test]
async fn revocation_takes_effect_at_once() {
    let house = House::new(false, true);
    let token = house.token("one", Role::Viewer);
    assert_eq!(house.bearer(&token, "GET", "/see").await, 200);
    let cookie = cookie_of(&house.log_in(&token).await);
    assert_eq!(house.status("GET", "/see", &[("cookie", &cookie)]).await, 200);
    file(house.directory.path()).revoke("one").unwrap();
    assert_eq!(house.bearer(&token, "GET", "/see").await, 401, "verified a moment ago, and still");
    assert_eq!(house.status("GET", "/see", &[("cookie", &cookie)]).await, 401);
}

#[tokio::test]
async fn revocation_ends_a_stream_that_is_open() {
    let house = House::new(false, true);
    let token = house.token("one", Role::Viewer);
    let headers = [("authorization", format!("Bearer {token}"))];
    let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let mut stream = house.send("GET", "/events", &headers, "").await.into_body().into_data_stream();
    assert_eq!(stream.next().await.unwrap().unwrap(), "0");
    assert_eq!(stream.next().await.unwrap().unwrap(), "1");
    file(house.directory.path()).revoke("one").unwrap();
    assert!(stream.next().await.is_none());
}

#[tokio::test]
async fn a_file_that_cannot_be_read_lets_nobody_in() {
    let house = House::new(true, false);
    let token = house.token("one", Role::Admin);
    assert_eq!(house.bearer(&token, "GET", "/see").await, 200);
    let path = house.directory.path().join("tokens.json");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, "{").unwrap();
    assert_eq!(house.bearer(&token, "GET", "/see").await, 503);
    assert_eq!(house.status("GET", "/see", &[]).await, 503);
    std::fs::write(&path, text).unwrap();
    assert_eq!(house.bearer(&token, "GET", "/see").await, 200, "mended");
}

#[tokio::test]
async fn tries_are_limited_by_address_and_good_tokens_hardly_count() {
    let house = House::new(false, true);
    let good = house.token("one", Role::Viewer);
    for _ in 0..200 {
        assert_eq!(house.bearer(&good, "GET", "/see").await, 200);
    }
    let mut seen = Vec::new();
    for _ in 0..25 {
        seen.push(house.bearer(Token::generate().unwrap().text(), "GET", "/see").await);
    }
    assert_eq!(seen.iter().filter(|&&status| status == 401).count(), 19, "{seen:?}");
    assert_eq!(seen.last(), Some(&429));
    assert_eq!(house.bearer(&good, "GET", "/see").await, 200, "verified before, it needs no try");
    let authorization = format!("Bearer {}", Token::generate().unwrap().text());
    let other = house.send_from("10.0.0.6:1", "GET", "/see", &[("authorization", &authorization)], "").await;
    assert_eq!(other.status(), 401, "another address has tries of its own");
    house.hand.pass(Duration::from_secs(2));
    assert_eq!(house.bearer(Token::generate().unwrap().text(), "GET", "/see").await, 401);
}

#[tokio::test]
async fn a_session_is_a_cookie_that_scripts_and_other_sites_do_not_get() {
    for (encrypted, name, secure) in [(true, "__Host-tapmap", true), (false, "tapmap", false)] {
        let house = House::new(true, encrypted);
        let token = house.token("anna", Role::Responder);
        let response = house.log_in(&token).await;
        assert_eq!(response.status(), 201);
        assert_eq!(response.headers()[header::CACHE_CONTROL], "no-store");
        let set = response.headers()[header::SET_COOKIE].to_str().unwrap().to_owned();
        assert!(set.starts_with(&format!("{name}=")), "{set}");
        for part in ["HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=43200"] {
            assert!(set.contains(part), "{set}");
        }
        assert_eq!(set.contains("Secure"), secure, "{set}");
        let cookie = cookie_of(&response);
        assert_eq!(text(response).await, "{\"name\":\"anna\",\"role\":\"responder\",\"way\":\"session\"}");
        let who = house.send("GET", SESSION_PATH, &[("cookie", &cookie)], "").await;
        assert_eq!(text(who).await, "{\"name\":\"anna\",\"role\":\"responder\",\"way\":\"session\"}");
    }
}

#[tokio::test]
async fn a_session_changes_things_only_from_its_own_page() {
    let house = House::new(false, true);
    let cookie = cookie_of(&house.log_in(&house.token("anna", Role::Admin)).await);
    let cookie = ("cookie", cookie.as_str());
    assert_eq!(house.status("POST", "/run", &[cookie, ("sec-fetch-site", "same-origin")]).await, 200);
    assert_eq!(house.status("POST", "/run", &[cookie, ("origin", "https://localhost:8080")]).await, 200);
    for foreign in
        [("sec-fetch-site", "same-site"), ("sec-fetch-site", "cross-site"), ("origin", "https://evil.test")]
    {
        assert_eq!(house.status("POST", "/run", &[cookie, foreign]).await, 403, "{foreign:?}");
    }
    assert_eq!(house.status("POST", "/run", &[cookie]).await, 403, "no browser says neither");
    let tossed = format!("{}; {}", cookie.1, "__Host-tapmap=planted");
    assert_eq!(house.status("GET", "/see", &[("cookie", &tossed)]).await, 401, "two of the same name");
}

#[tokio::test]
async fn another_page_cannot_log_somebody_in() {
    let house = House::new(false, true);
    let body = serde_json::json!({ "token": house.token("mallory", Role::Viewer) }).to_string();
    let headers = [("content-type", "application/json"), ("origin", "https://evil.test")];
    assert_eq!(house.send("POST", SESSION_PATH, &headers, &body).await.status(), 403);
    let form = house.send("POST", SESSION_PATH, &[("content-type", "text/plain")], &body).await;
    assert_eq!(form.status(), StatusCode::UNSUPPORTED_MEDIA_TYPE);
    let long = format!("{{\"token\":\"{}\"}}", "x".repeat(2_000));
    assert_eq!(
        house.send("POST", SESSION_PATH, &headers[..1], &long).await.status(),
        StatusCode::PAYLOAD_TOO_LARGE
    );
}

#[tokio::test]
async fn a_session_ends_by_hand() {
    let house = House::new(false, true);
    let cookie = cookie_of(&house.log_in(&house.token("anna", Role::Viewer)).await);
    let ours = [("cookie", cookie.as_str()), ("sec-fetch-site", "same-origin")];
    let response = house.send("DELETE", SESSION_PATH, &ours, "").await;
    assert_eq!(response.status(), 204);
    let set = response.headers()[header::SET_COOKIE].to_str().unwrap();
    assert!(set.starts_with("__Host-tapmap=; ") && set.contains("Max-Age=0"), "{set}");
    assert_eq!(house.status("GET", "/see", &ours[..1]).await, 401);
    assert_eq!(
        house.status("DELETE", SESSION_PATH, &[("sec-fetch-site", "same-origin")]).await,
        204,
        "none to end"
    );
}

#[tokio::test]
async fn the_cookie_turns_over() {
    let house = House::new(false, true);
    let first = cookie_of(&house.log_in(&house.token("anna", Role::Viewer)).await);
    house.hand.pass(Duration::from_secs(900));
    let response = house.send("GET", "/see", &[("cookie", &first)], "").await;
    let second = cookie_of(&response);
    assert_ne!(first, second);
    house.hand.pass(Duration::from_secs(31));
    assert_eq!(house.status("GET", "/see", &[("cookie", &first)]).await, 401);
    assert_eq!(house.status("GET", "/see", &[("cookie", &second)]).await, 200);
}

#[tokio::test]
async fn every_deed_has_a_line_and_questions_have_none() {
    let house = House::new(false, true);
    let token = house.token("anna", Role::Responder);
    assert_eq!(house.bearer(&token, "POST", "/see?secret=1").await, 200);
    assert_eq!(house.bearer(&token, "POST", "/act?secret=1").await, 200);
    assert_eq!(house.bearer(&token, "POST", "/run").await, 403);
    let cookie = cookie_of(&house.log_in(&token).await);
    house.send("DELETE", SESSION_PATH, &[("cookie", &cookie), ("sec-fetch-site", "same-origin")], "").await;
    house.status("GET", "/see", &[]).await;
    let told = |lines: &[serde_json::Value]| -> Vec<String> {
        let each = lines.iter().map(|line| {
            let word = |key: &str| line[key].as_str().unwrap_or("-").to_owned();
            format!(
                "{} {} {} {} {} {}",
                word("what"),
                word("name"),
                word("address"),
                word("method"),
                word("path"),
                line["status"]
            )
        });
        each.collect()
    };
    assert_eq!(
        told(&house.lines("audit.jsonl")),
        [
            "change anna 10.0.0.5 POST /act 200",
            "login anna 10.0.0.5 POST /api/v1/session 201",
            "logout anna 10.0.0.5 DELETE /api/v1/session 204",
        ]
    );
    assert_eq!(
        told(&house.lines("refused.jsonl")),
        ["refusal anna 10.0.0.5 POST /run 403", "refusal - 10.0.0.5 GET /see 401",]
    );
    for name in ["audit.jsonl", "refused.jsonl"] {
        let text = std::fs::read_to_string(house.directory.path().join(name)).unwrap();
        assert!(!text.contains(&token) && !text.contains("secret"), "{text}");
    }
}

#[tokio::test]
async fn a_route_without_a_guard_lets_nobody_through() {
    let router = Router::new().route("/see", get(|| async { "seen" })).route_layer(require(Role::Viewer));
    let request = Request::builder().uri("/see").body(Body::empty()).unwrap();
    assert_eq!(router.oneshot(request).await.unwrap().status(), 500);
}
