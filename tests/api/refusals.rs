//! What is refused, how, and with which words.

use super::*;

async fn refused(path: &str, headers: &[(&str, &str)]) -> (u16, Value) {
    let told = get_with(path, headers).await;
    assert_eq!(told.header("content-type"), "application/problem+json", "{path}: {}", told.text());
    let problem = told.json();
    assert_eq!(problem["status"], told.status.as_u16(), "{path}");
    (told.status.as_u16(), problem)
}

#[tokio::test]
async fn a_problem_names_the_parameter_and_the_word() {
    for (path, parameter, word, says) in [
        ("/api/v1/hosts?q=internal:yes%20prot:tls", "q", "prot:tls", "`prot` is no key"),
        ("/api/v1/hosts?limit=0", "limit", "0", "from 1 to 1000"),
        ("/api/v1/hosts?limit=x", "limit", "x", "no whole number"),
        ("/api/v1/hosts?limt=3", "limt", "3", "no parameter here: q, limit, cursor"),
        ("/api/v1/hosts?cursor=x", "cursor", "x", "no cursor"),
        ("/api/v1/events?after=x", "after", "x", "no whole number"),
    ] {
        let (status, problem) = refused(path, &[]).await;
        assert_eq!(status, 400, "{path}");
        assert_eq!((&problem["parameter"], &problem["word"]), (&parameter.into(), &word.into()), "{path}");
        assert!(problem["detail"].as_str().unwrap().contains(says), "{path}: {problem}");
    }
    assert_eq!(refused("/api/v1/hosts?q=internal:yes%20prot:tls", &[]).await.1["offset"], 13);
}

#[tokio::test]
async fn a_cursor_belongs_to_its_list_and_filter() {
    let cursor = answered("/api/v1/hosts?limit=1").await["next"].as_str().unwrap().to_owned();
    for path in [format!("/api/v1/services?cursor={cursor}"), format!("/api/v1/hosts?q=a&cursor={cursor}")] {
        let (status, problem) = refused(&path, &[]).await;
        assert_eq!(status, 400, "{path}");
        assert!(problem["detail"].as_str().unwrap().contains("another list or filter"), "{problem}");
    }
}

#[tokio::test]
async fn paths_methods_and_forms_that_are_not_there() {
    for (path, headers, status) in [
        ("/api/v1/nothing", &[][..], 404),
        ("/api/v1/maps/abc/hosts", &[], 404),
        ("/api/v1/hosts", &[("accept", "image/png")], 406),
        ("/healthz", &[("accept", "application/json")], 406),
        ("/api/v1/hosts", &[("accept-encoding", "identity;q=0, *;q=0")], 406),
        ("/api/v1/events", &[("last-event-id", "x")], 400),
    ] {
        assert_eq!(refused(path, headers).await.0, status, "{path}");
    }
    let told = sent(app(), request("POST", "/api/v1/hosts", &[])).await;
    assert_eq!(told.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(told.header("content-type"), "application/problem+json");
    assert!(told.header("allow").contains("GET"));
}

#[tokio::test]
async fn a_page_of_somebody_else_gets_nothing() {
    for (host, status) in [
        ("localhost", 200),
        ("127.0.0.1:8080", 200),
        ("[::1]:8080", 200),
        ("evil.example", 421),
        ("localhost.evil.example:8080", 421),
    ] {
        let mut request = request("GET", "/api/v1/hosts", &[]);
        request.headers_mut().insert("host", host.parse().unwrap());
        assert_eq!(sent(app(), request).await.status.as_u16(), status, "{host}");
    }
    let mut nameless = request("GET", "/api/v1/hosts", &[]);
    nameless.headers_mut().clear();
    assert_eq!(sent(app(), nameless).await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn while_captures_are_read_the_status_says_how_far() {
    let reading = Arc::new(Still::reading());
    reading.progress(30, Some(120), 2);
    let router = app_over(reading.clone());
    let ask = |path: &'static str| sent(router.clone(), request("GET", path, &[]));
    for path in ["/api/v1/hosts", "/readyz", "/api/v1/report"] {
        let told = ask(path).await;
        assert_eq!((told.status, told.header("retry-after")), (StatusCode::SERVICE_UNAVAILABLE, "1"));
        assert!(told.text().contains("25 % so far"), "{}", told.text());
    }
    let status = ask("/api/v1/status").await.json();
    assert_eq!((&status["state"], &status["progress"]["bytes"]), (&"reading".into(), &30.into()));
    assert_eq!(ask("/healthz").await.text(), "alive\n");
    reading.finish(ground(THREE_TIER));
    assert_eq!(ask("/readyz").await.status, StatusCode::OK);
    let status = ask("/api/v1/status").await.json();
    assert_eq!((&status["state"], &status["newest_event"]), (&"ready".into(), &1.into()));
    assert!(status["snapshot"]["hosts"].as_u64().unwrap() > 3);
}

#[tokio::test]
async fn every_response_says_what_a_browser_may_do_with_it() {
    for path in ["/", "/api/v1/hosts", "/nowhere", "/api/v1/docs"] {
        let told = get(path).await;
        assert!(told.header("content-security-policy").starts_with("default-src 'none'; script-src 'self';"));
        assert_eq!(told.header("x-content-type-options"), "nosniff");
        assert!(!told.header("cache-control").is_empty());
    }
}
