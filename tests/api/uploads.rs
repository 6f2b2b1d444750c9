//! Captures that are sent: each a map of its own, within bounds, with clear refusals.

use std::sync::atomic::{AtomicUsize, Ordering};

use tapmap::api::{Opener, UploadLimits, Uploads};

use super::loopback::{Server, tapmap};
use super::*;

/// Opens captures as the tests do.
struct Opening(AtomicUsize);

impl Opener for Opening {
    fn open(&self, file: &Path, _: &str, _: &mut dyn FnMut(u64, Option<u64>, u64)) -> Result<Ground, String> {
        self.0.fetch_add(1, Ordering::SeqCst);
        Frames::open(&[file.to_owned()], &capture::Options::default()).map_err(|error| error.to_string())?;
        Ok(ground(file.to_str().unwrap()))
    }
}

/// A server that takes captures, where they go, and how often one was opened.
fn taking(limits: UploadLimits) -> (Router, tempfile::TempDir, Arc<Opening>) {
    let folder = tempfile::tempdir().unwrap();
    let opening = Arc::new(Opening(AtomicUsize::new(0)));
    let uploads = Uploads::new(opening.clone(), folder.path().to_owned(), limits);
    let state = App::with_uploads(still(THREE_TIER), Options::default(), Some(uploads));
    (tapmap::api::app(state, auth(None)), folder, opening)
}

async fn send(router: &Router, query: &str, body: Vec<u8>) -> Told {
    let mut request = request("POST", &format!("/api/v1/captures{query}"), &[]);
    *request.body_mut() = Body::from(body);
    sent(router.clone(), request).await
}

async fn ask(router: &Router, method: &str, path: &str) -> Told {
    sent(router.clone(), request(method, path, &[])).await
}

fn bytes(name: &str) -> Vec<u8> {
    std::fs::read(format!("captures/{name}/capture.pcap")).unwrap()
}

#[tokio::test]
async fn a_capture_becomes_a_map_of_its_own() {
    let (router, folder, opening) = taking(UploadLimits::default());
    let told = send(&router, "?name=../home/me/scan.pcap", bytes("scan")).await;
    assert_eq!(told.status, StatusCode::CREATED, "{}", told.text());
    let map = told.json();
    assert_eq!((&map["name"], &map["status"]["state"]), (&"scan.pcap".into(), &"ready".into()));
    let place = told.header("location").to_owned();
    assert_eq!(place, format!("/api/v1/maps/{}", map["id"].as_str().unwrap()));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "the file is gone");
    let hosts = ask(&router, "GET", &format!("{place}/hosts")).await.json();
    let own = ask(&router, "GET", "/api/v1/hosts").await.json();
    assert_ne!(hosts["hosts"], own["hosts"]);
    let host = hosts["hosts"][0]["id"].as_str().unwrap();
    let card = ask(&router, "GET", &format!("{place}/host?target={host}")).await;
    assert_eq!(card.status, StatusCode::OK, "{}", card.text());
    let difference = ask(&router, "GET", &format!("/api/v1/diff?before=main&after={}", &place[13..])).await;
    assert!(!difference.json()["result"]["hosts"]["new"].as_array().unwrap().is_empty());
    // The same again is the same map, and is not read again.
    let again = send(&router, "", bytes("scan")).await;
    assert_eq!((again.status, &again.json()["id"]), (StatusCode::OK, &map["id"]));
    assert_eq!(opening.0.load(Ordering::SeqCst), 1);
    assert_eq!(ask(&router, "GET", "/api/v1/maps").await.json()["maps"].as_array().unwrap().len(), 1);
    assert_eq!(ask(&router, "DELETE", &place).await.status, StatusCode::NO_CONTENT);
    for (method, path) in
        [("DELETE", place.clone()), ("GET", place.clone()), ("GET", format!("{place}/hosts"))]
    {
        assert_eq!(ask(&router, method, &path).await.status, StatusCode::NOT_FOUND, "{method} {path}");
    }
}

#[tokio::test]
async fn what_is_no_capture_is_refused_and_leaves_nothing() {
    let (router, folder, _) = taking(UploadLimits { bytes: 100_000, ..UploadLimits::default() });
    for (body, status, says) in [
        (b"no capture at all".to_vec(), 422, ""),
        (Vec::new(), 422, "the body is empty"),
        (vec![0; 100_001], 413, "may have 100000 bytes"),
    ] {
        let told = send(&router, "", body).await;
        assert_eq!(told.status.as_u16(), status, "{}", told.text());
        assert_eq!(told.header("content-type"), "application/problem+json");
        assert!(told.text().contains(says), "{}", told.text());
    }
    // Nobody says how long it is.
    let pieces = tokio_stream::iter((0..3).map(|_| Ok::<_, std::io::Error>(vec![0_u8; 50_000])));
    let mut request = request("POST", "/api/v1/captures", &[]);
    *request.body_mut() = Body::from_stream(pieces);
    assert_eq!(sent(router.clone(), request).await.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(ask(&router, "GET", "/api/v1/maps").await.json()["maps"], Value::Array(Vec::new()));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    let elsewhere = sent(app(), self::request("POST", "/api/v1/captures", &[])).await;
    assert_eq!(elsewhere.status, StatusCode::FORBIDDEN, "a server that takes none");
}

#[tokio::test]
async fn the_oldest_map_makes_room() {
    let (router, ..) = taking(UploadLimits { maps: 2, ..UploadLimits::default() });
    let mut ids = Vec::new();
    for name in ["scan", "databases", "kerberos"] {
        ids.push(send(&router, "", bytes(name)).await.json()["id"].as_str().unwrap().to_owned());
    }
    let maps = ask(&router, "GET", "/api/v1/maps").await.json();
    let kept: Vec<&str> =
        maps["maps"].as_array().unwrap().iter().map(|map| map["id"].as_str().unwrap()).collect();
    assert_eq!(kept, [ids[2].as_str(), ids[1].as_str()], "the newest first");
}

#[test]
fn an_uploaded_map_is_asked_like_a_server() {
    let server = Server::start(&[THREE_TIER]);
    let mut response = ureq::post(format!("{}/api/v1/captures?name=scan.pcap", server.url))
        .send(&bytes("scan")[..])
        .unwrap();
    let map: Value = serde_json::from_str(&response.body_mut().read_to_string().unwrap()).unwrap();
    let url = format!("{}/api/v1/maps/{}", server.url, map["id"].as_str().unwrap());
    let remote = tapmap(&["flows", "--server", &url, "-o", "json"]).output().unwrap();
    let local = tapmap(&["flows", "-r", "captures/scan/capture.pcap", "-o", "json"]).output().unwrap();
    let local = String::from_utf8(local.stdout).unwrap().replace("captures/scan/capture.pcap", "scan.pcap");
    assert_eq!(String::from_utf8(remote.stdout).unwrap(), local);
    let windows = "2026-01-01T00:00:00Z/2030-01-01T00:00:00Z";
    let difference = server.get(&format!("/api/v1/diff?before={windows}&after={windows}"), "*/*");
    let local = tapmap(&["diff", windows, windows, "-r", THREE_TIER, "-o", "json"]).output().unwrap();
    assert_eq!(difference, String::from_utf8(local.stdout).unwrap());
}
