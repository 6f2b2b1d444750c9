//! Lists: all rows, pages that fit together, other forms, rows by id, entity tags.

use super::*;

const LISTS: [&str; 5] = ["hosts", "services", "dependencies", "certificates", "findings"];

#[tokio::test]
async fn pages_fit_together_and_end() {
    for list in LISTS {
        let all = answered(&format!("/api/v1/{list}?limit=1000")).await;
        let total = all["total"].as_u64().unwrap();
        assert_eq!(all["schema"], "tapmap/report/1");
        assert_eq!(all[list].as_array().unwrap().len() as u64, total);
        assert!(all["next"].is_null());
        let mut rows = Vec::new();
        let mut path = format!("/api/v1/{list}?limit=3");
        loop {
            let page = answered(&path).await;
            assert_eq!(page["total"], total);
            rows.extend(page[list].as_array().unwrap().iter().cloned());
            let Some(next) = page["next"].as_str() else { break };
            path = format!("/api/v1/{list}?limit=3&cursor={next}");
        }
        assert_eq!(Value::from(rows), all[list], "{list}");
    }
}

#[tokio::test]
async fn every_row_is_found_by_its_id() {
    for list in LISTS {
        let all = answered(&format!("/api/v1/{list}?limit=1000")).await;
        for (id, row) in ids(&all, list).iter().zip(all[list].as_array().unwrap()) {
            assert_eq!(&answered(&format!("/api/v1/{list}/{}", encoded(id))).await, row, "{list} {id}");
        }
        let none = get(&format!("/api/v1/{list}/nobody")).await;
        assert_eq!(none.status, StatusCode::NOT_FOUND);
        assert!(none.json()["detail"].as_str().unwrap().contains("`nobody` is not among"), "{}", none.text());
    }
}

#[tokio::test]
async fn lines_and_columns_have_all_rows_at_once() {
    let all = answered("/api/v1/flows?limit=1000").await;
    let rows = all["flows"].as_array().unwrap();
    let lines = get_with("/api/v1/flows", &[("accept", "application/x-ndjson")]).await;
    assert_eq!(lines.header("content-type"), "application/x-ndjson");
    let read: Vec<Value> = lines.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(&read, rows);
    let csv = get_with("/api/v1/flows", &[("accept", "text/csv")]).await;
    assert_eq!(csv.text().lines().count(), rows.len() + 1);
    assert!(csv.text().starts_with("first,last,duration_seconds,"));
    let some = get_with("/api/v1/flows?limit=2&q=port:1", &[("accept", "text/csv")]).await;
    assert_eq!(some.text().lines().count(), 1, "a header and no rows");
}

#[tokio::test]
async fn who_has_it_already_is_told_so() {
    for path in ["/api/v1/hosts", "/api/v1/report", "/api/v1/capture", "/api/v1/hosts?q=internal:yes"] {
        let first = get(path).await;
        let tag = first.header("etag").to_owned();
        let again = get_with(path, &[("if-none-match", &tag)]).await;
        assert_eq!((again.status, again.body.len()), (StatusCode::NOT_MODIFIED, 0), "{path}");
        assert_eq!(again.header("etag"), tag);
        assert_eq!(again.header("vary"), "accept");
    }
    let tag = get("/api/v1/hosts").await.header("etag").to_owned();
    for (path, accept) in
        [("/api/v1/hosts?limit=2", "*/*"), ("/api/v1/services", "*/*"), ("/api/v1/hosts", "text/csv")]
    {
        let other = get_with(path, &[("if-none-match", &tag), ("accept", accept)]).await;
        assert_eq!(other.status, StatusCode::OK, "{path} {accept} is another answer");
    }
    let other = sent(
        app_over(still("captures/scan/capture.pcap")),
        request("GET", "/api/v1/hosts", &[("if-none-match", &tag)]),
    );
    assert_eq!(other.await.status, StatusCode::OK, "another map");
}

#[tokio::test]
async fn responses_are_compressed_where_that_is_wanted() {
    use std::io::Read as _;
    let told = get_with("/api/v1/report", &[("accept-encoding", "gzip")]).await;
    assert_eq!(told.header("content-encoding"), "gzip");
    let mut plain = String::new();
    flate2::read::GzDecoder::new(told.body.as_ref()).read_to_string(&mut plain).unwrap();
    assert_eq!(plain, get("/api/v1/report").await.text());
}

#[tokio::test]
async fn a_list_goes_on_with_the_map_that_it_was_begun_on() {
    let moving = Arc::new(Moving::new([THREE_TIER, "captures/scan/capture.pcap"]));
    let router = app_over(moving.clone());
    let ask = |path: String| sent(router.clone(), request("GET", &path, &[]));
    let first = ask("/api/v1/hosts?limit=2".to_owned()).await.json();
    let cursor = first["next"].as_str().unwrap().to_owned();
    moving.step();
    let second = ask(format!("/api/v1/hosts?limit=2&cursor={cursor}")).await.json();
    assert_eq!(second["total"], first["total"], "still the map of the first page");
    let rest = answered("/api/v1/hosts?limit=4").await;
    assert_eq!(second["hosts"].as_array().unwrap(), &rest["hosts"].as_array().unwrap()[2..]);
    for _ in 0..4 {
        moving.step();
        ask("/api/v1/hosts?limit=2".to_owned()).await;
    }
    let gone = ask(format!("/api/v1/hosts?limit=2&cursor={cursor}")).await;
    assert_eq!(gone.status, StatusCode::GONE, "{}", gone.text());
}

/// A map that changes when it is told to.
struct Moving {
    still: Still,
    states: [Arc<tapmap::api::Current>; 5],
    at: std::sync::atomic::AtomicUsize,
}

impl Moving {
    fn new(paths: [&str; 2]) -> Moving {
        let state = |number: usize| {
            let ground = ground(paths[number % 2]);
            Arc::new(tapmap::api::Current::new(number as u64 + 1, ground))
        };
        Moving { still: Still::reading(), states: std::array::from_fn(state), at: Default::default() }
    }

    fn step(&self) {
        self.at.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
    }
}

impl Source for Moving {
    fn current(&self) -> Option<Arc<tapmap::api::Current>> {
        let at = self.at.load(std::sync::atomic::Ordering::SeqCst);
        self.states.get(at.min(self.states.len() - 1)).cloned()
    }

    fn standing(&self) -> tapmap::api::Standing {
        tapmap::api::Standing::Ready
    }

    fn events_after(&self, number: u64) -> tapmap::api::Passed {
        self.still.events_after(number)
    }

    fn newest(&self) -> tokio::sync::watch::Receiver<u64> {
        self.still.newest()
    }

    fn kind(&self) -> &'static str {
        "sensor"
    }
}
