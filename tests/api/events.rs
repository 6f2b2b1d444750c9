//! Events: as they come, from where one was, and that listeners do not keep a server from stopping.

use futures_util::{FutureExt as _, StreamExt as _};

use super::*;

#[tokio::test]
async fn who_comes_back_reads_on() {
    let journal = get("/api/v1/events?once=true").await;
    assert_eq!(journal.header("content-type"), "text/event-stream");
    assert!(journal.text().contains("event: ready\n"), "{}", journal.text());
    assert!(journal.text().contains("id: 1\n"));
    let read = get_with("/api/v1/events?once=true", &[("last-event-id", "1")]).await;
    assert_eq!(read.text(), "");
    let lines = get_with("/api/v1/events?once&after=0", &[("accept", "application/x-ndjson")]).await;
    let event: Value = serde_json::from_str(lines.text().lines().next().unwrap()).unwrap();
    assert_eq!((&event["number"], &event["event"]), (&1.into(), &"ready".into()));
}

#[tokio::test]
async fn events_come_while_one_listens_and_end_with_the_server() {
    let still = Arc::new(Still::reading());
    let state = App::new(still.clone(), Options::default());
    let router = tapmap::api::app(state.clone(), auth(None));
    let response = router.oneshot(request("GET", "/api/v1/events", &[])).await.unwrap();
    let mut body = response.into_body().into_data_stream();
    let mut next = Box::pin(body.next());
    assert!(next.as_mut().now_or_never().is_none(), "nothing has happened yet");
    still.finish(ground(THREE_TIER));
    let told = next.await.unwrap().unwrap();
    assert!(std::str::from_utf8(&told).unwrap().contains("event: ready"));
    state.stop();
    assert!(body.next().await.is_none());
}
