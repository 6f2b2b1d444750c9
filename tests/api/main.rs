//! The API as programs meet it: through its router, over the project's captures, and once over loopback.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

mod description;
mod events;
mod filter;
mod hostile;
mod lists;
mod loopback;
mod questions;
mod refusals;
mod roles;
mod uploads;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, Request, StatusCode};
use serde_json::Value;
use tapmap::api::auth::{Auth, AuthOptions, Clock};
use tapmap::api::{App, Options, Source, Still};
use tapmap::capture::{self, Frames};
use tapmap::config::PRIVATE_NETWORKS;
use tapmap::finding;
use tapmap::graph::{Operator, Snapshot};
use tapmap::model::Timestamp;
use tapmap::pipeline::{self, Settings};
use tapmap::query::Knowledge;
use tapmap::question::{Ground, Material};
use tapmap::report::{Counted, SourceFacts, watched};
use tower::ServiceExt as _;

const THREE_TIER: &str = "captures/three-tier/capture.pcap";

/// What a capture is served as.
fn ground(path: &str) -> Ground {
    let mut frames = Frames::open(&[PathBuf::from(path)], &capture::Options::default()).unwrap();
    let settings = Settings { keep_records: true, ..Settings::default() };
    let outcome = pipeline::run(&mut frames, &settings, &mut |_| {});
    let local = PRIVATE_NETWORKS.iter().map(|text| text.parse().unwrap()).collect();
    let snapshot = Arc::new(Snapshot::new(outcome.map, &Operator { local, ..Operator::default() }));
    let knowledge = Knowledge::default();
    let sources = frames.sources().into_iter().map(|source| SourceFacts {
        path: source.path.display().to_string(),
        format: None,
        sha256: None,
        bytes: source.bytes,
        link_types: Vec::new(),
        packets: source.packets,
        first: source.first,
        last: source.last,
        watched: source.watched,
        problem: source.problem,
    });
    let sources: Vec<SourceFacts> = sources.collect();
    let as_of = snapshot.last;
    let material = Material {
        number: 1,
        findings: Arc::new(finding::find(&snapshot, as_of.unwrap_or_default(), &knowledge)),
        snapshot,
        records: Arc::new(outcome.records),
        indications: outcome.indications,
        indications_dropped: outcome.indications_dropped,
        tokens: outcome.tokens.sightings,
        watched: watched(&sources),
        sources: Arc::new(sources),
        counted: Arc::new(Counted::default()),
        as_of,
    };
    Ground::new(material, Arc::new(knowledge))
}

fn still(path: &str) -> Arc<Still> {
    let still = Arc::new(Still::reading());
    still.finish(ground(path));
    still
}

/// The router over one capture.
fn app_over(source: Arc<dyn Source>) -> Router {
    tapmap::api::app(App::new(source, Options::default()), auth(None))
}

/// A clock that stands still.
struct Stopped;

impl Clock for Stopped {
    fn time(&self) -> Timestamp {
        Timestamp::from_seconds(1_773_482_640, 0)
    }

    fn running(&self) -> Duration {
        Duration::from_secs(12)
    }
}

/// Who is let in: whoever is on this machine, until there are tokens in the folder.
fn auth(folder: Option<&Path>) -> Arc<Auth> {
    let clock = Arc::new(Stopped);
    Arc::new(
        Auth::open(&AuthOptions { directory: folder, loopback: true, encrypted: false, names: &[], clock })
            .unwrap(),
    )
}

static APP: LazyLock<Router> = LazyLock::new(|| app_over(still(THREE_TIER)));

/// The router over the capture that most tests ask.
fn app() -> Router {
    APP.clone()
}

/// A response, read to its end.
struct Told {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl Told {
    fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("{}: {}", self.status, self.text()))
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).unwrap_or_else(|| panic!("no `{name}`")).to_str().unwrap()
    }
}

async fn sent(router: Router, request: Request<Body>) -> Told {
    let response = router.oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    Told { status: parts.status, headers: parts.headers, body }
}

fn request(method: &str, path: &str, headers: &[(&str, &str)]) -> Request<Body> {
    let mut request = Request::builder().method(method).uri(path).header("host", "localhost");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let here = SocketAddr::from(([127, 0, 0, 1], 40_000));
    request.extension(ConnectInfo(here)).body(Body::empty()).unwrap()
}

/// What a path says.
async fn get(path: &str) -> Told {
    get_with(path, &[]).await
}

async fn get_with(path: &str, headers: &[(&str, &str)]) -> Told {
    sent(app(), request("GET", path, headers)).await
}

/// What a path says that must answer.
async fn answered(path: &str) -> Value {
    let told = get(path).await;
    assert_eq!(told.status, StatusCode::OK, "{path}: {}", told.text());
    told.json()
}

/// The ids of the rows under a key.
fn ids(document: &Value, key: &str) -> Vec<String> {
    let id = if key == "certificates" { "sha256" } else { "id" };
    document[key].as_array().unwrap().iter().map(|row| row[id].as_str().unwrap().to_owned()).collect()
}

/// Every character that a path segment cannot hold as it is, percent-encoded.
fn encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}
