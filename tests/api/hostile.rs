//! Whatever is asked of whatever route: an answer or a problem, never a defect.

use proptest::prelude::*;
use tapmap::api::{PROBLEM, routes};

use super::*;

/// Words that mean something somewhere, and words that mean nothing anywhere.
fn word() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(String::new()),
        Just("10.0.0.5".to_owned()),
        Just("10.1.0.0/16".to_owned()),
        Just("true".to_owned()),
        Just("-1".to_owned()),
        Just("99999999999999999999".to_owned()),
        Just("host:10.0.0.5 since:1h".to_owned()),
        Just("2026-03-14T10:04:00Z".to_owned()),
        Just("10.0.0.5@2026-03-14T10:04:00Z".to_owned()),
        Just("1-00000000-00000000-0".to_owned()),
        Just("label:~\"".to_owned()),
        "[a-z0-9:./>@-]{1,12}",
        ".{0,24}",
    ]
}

fn asked() -> impl Strategy<Value = (String, String, Vec<(String, String)>)> {
    const NAMES: &[&str] = &[
        "q", "limit", "cursor", "after", "once", "target", "targets", "at", "mode", "from", "to", "top",
        "expand", "x",
    ];
    let parameters = proptest::collection::vec((proptest::sample::select(NAMES), word()), 0..4);
    let headers = proptest::collection::vec(
        (
            proptest::sample::select(&["accept", "if-none-match", "last-event-id", "accept-encoding"][..]),
            prop_oneof![
                Just("*/*".to_owned()),
                Just("application/x-ndjson".to_owned()),
                Just("text/csv;q=0.5, application/json;q=0".to_owned()),
                "[ -~]{0,16}",
            ],
        ),
        0..3,
    );
    let route = proptest::sample::select(routes());
    (route, proptest::collection::vec(word(), 2), parameters, headers).prop_map(
        |(route, segments, parameters, headers)| {
            let mut path = String::new();
            let mut segments = segments.iter();
            for part in route.path.split_inclusive('/') {
                let name = part.trim_end_matches('/');
                if name.starts_with('{') {
                    path.push_str(&encoded(segments.next().map_or("x", String::as_str)));
                    path.push_str(&part[name.len()..]);
                } else {
                    path.push_str(part);
                }
            }
            // A stream of events that waits for more would never end here.
            let mut query: Vec<String> =
                parameters.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect();
            if path.ends_with("/events") {
                query.retain(|pair| !pair.starts_with("once="));
                query.push("once=true".to_owned());
            }
            let headers = headers.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
            (route.method, format!("{path}?{}", query.join("&")), headers)
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn nothing_that_is_asked_is_a_defect((method, path, headers) in asked()) {
        let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let told = runtime.block_on(sent(app(), request(&method, &path, &headers)));
        let status = told.status.as_u16();
        prop_assert!(status < 500, "{method} {path}: {status} {}", told.text());
        if status >= 400 {
            prop_assert_eq!(told.header("content-type"), PROBLEM, "{} {}", method, path);
        }
    }
}
