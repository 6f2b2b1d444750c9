//! `trace` and `path`: their answers, and what they refuse.

use serde_json::Value;

use super::{THREE_TIER, refused, told};

fn json(arguments: &[&str]) -> Value {
    serde_json::from_str(&told(&[arguments, &["-r", THREE_TIER, "-o", "json"]].concat())).unwrap()
}

/// A time before the capture's first packet, so that everything in it can be used.
const BEFORE: &str = "2020-01-01T00:00:00Z";
/// A time after its last packet.
const AFTER: &str = "2099-01-01T00:00:00Z";

/// A client and the server of the dependency with most flows.
fn ends() -> (String, String) {
    let list: Value = serde_json::from_str(&told(&["deps", "-r", THREE_TIER, "-o", "json"])).unwrap();
    let rows = list["dependencies"].as_array().unwrap();
    let row =
        rows.iter().filter(|row| row["protocol"] == "postgresql").max_by_key(|row| row["flows"].as_u64());
    let row = row.unwrap();
    let server = row["service"].as_str().unwrap().rsplit_once(':').unwrap().0.to_owned();
    (row["client"].as_str().unwrap().to_owned(), server)
}

#[test]
fn forward_goes_to_whoever_was_asked_since_and_back_comes_from_there() {
    let (client, server) = ends();
    let before = json(&["trace", &client, "--forward", "--at", BEFORE]);
    let row =
        before["result"]["reached"].as_array().unwrap().iter().find(|row| row["host"] == server.as_str());
    let row = row.unwrap();
    assert_eq!((&row["controlled"], &row["class"]), (&Value::Bool(false), &Value::from("data")));
    assert!(row["hops"][0]["frame"].as_u64().unwrap() > 0 && row["hops"][0]["source"] == THREE_TIER);
    let after = json(&["trace", &client, "--forward", "--at", AFTER]);
    assert_eq!(after["result"]["reached"], Value::Array(Vec::new()));
    let out = after["result"]["static_only"].as_array().unwrap();
    assert!(out.iter().any(|host| host == server.as_str()));
    let back = json(&["trace", &server, "--back", "--at", AFTER]);
    let candidates = back["result"]["candidates"].as_array().unwrap();
    assert!(candidates.iter().any(|row| row["host"] == client.as_str() && row["explains"] == 1));
    assert_ne!(before["answer_id"], after["answer_id"]);
    assert_eq!(before, json(&["trace", &client, "--forward", "--at", BEFORE]), "the same again");
}

#[test]
fn the_answer_is_the_same_whatever_the_threads() {
    let (client, _) = ends();
    let ask = |workers| {
        json(&["trace", &client, "--forward", "--classes", "all", "--at", BEFORE, "--workers", workers])
    };
    assert_eq!(ask("1"), ask("4"));
}

#[test]
fn a_path_is_told_with_its_sessions_and_its_frames() {
    let (client, server) = ends();
    let port = format!("{server}:5432");
    let found = json(&["path", &client, &port]);
    let path = &found["result"]["paths"][0];
    assert_eq!(path["hops"].as_array().unwrap().len(), 1);
    assert_eq!(path["path"][0], format!("{client}>{server}:5432/tcp"));
    let late = json(&["path", &client, &port, "--at", AFTER]);
    assert_eq!(late["result"]["paths"], Value::Array(Vec::new()));
    assert_eq!(late["result"]["without_time"].as_array().unwrap().len(), 1);
    let page = told(&["path", &client, &server, "-r", THREE_TIER]);
    assert!(page.contains("THE SHORTEST FIRST") && page.contains("POSTGRESQL 5432"), "{page}");
    let page = told(&["path", &client, &server, "--at", AFTER, "-r", THREE_TIER]);
    assert!(page.contains("NO PATH IN TIME") && page.contains("A drawing without time"), "{page}");
}

#[test]
fn pages_say_what_is_in_time_and_what_is_not() {
    let (client, server) = ends();
    let page = told(&["trace", &client, "--forward", "--at", BEFORE, "-r", THREE_TIER]);
    assert!(page.contains("IF COMPROMISED AT 2020-01-01 00:00:00Z") && page.contains(&server), "{page}");
    assert!(page.contains("WHAT THIS TAP CANNOT SEE HERE") && page.contains("capture.pcap"), "{page}");
    let page = told(&["trace", &client, "--forward", "--static", "--at", AFTER, "-r", THREE_TIER]);
    assert!(page.contains("A DRAWING WITHOUT TIME WOULD ALSO ACCUSE") && page.contains(&server), "{page}");
    let page = told(&["trace", &server, &client, "--back", "--at", AFTER, "-r", THREE_TIER]);
    assert!(page.contains("2 victims: ") && page.contains("FIRST MAY HAVE BEEN"), "{page}");
}

#[test]
fn what_was_asked_wrongly_is_refused() {
    let (client, server) = ends();
    let trace = |more: &[&'static str]| -> Vec<String> {
        let all = [&["trace", "-r", THREE_TIER], more].concat();
        all.iter().map(ToString::to_string).chain([client.clone()]).collect()
    };
    for (arguments, status, says) in [
        (trace(&["--forward"]), 2, "add `--at 2026-03-14T10:04:00Z`"),
        (trace(&["--at", BEFORE]), 2, "<--forward|--back>"),
        (trace(&["--forward", "--back", "--at", BEFORE]), 2, "cannot be used with"),
        (
            trace(&["--forward", "--at", "2026-03-14T10:04"]),
            2,
            "write `2026-03-14T10:04Z` for UTC or add an offset such as `2026-03-14T10:04+01:00`",
        ),
        (trace(&["--forward", "10.99.0.1@2026-03-14T10:04"]), 2, "has no time zone"),
        (trace(&["--forward", "--at", BEFORE, "10.99.0.1"]), 1, "was never seen"),
        (trace(&["--forward", "--at", BEFORE, "-o", "csv"]), 2, "use `-o json` or `-o table`"),
        (vec!["path".into(), "-r".into(), THREE_TIER.into(), server.clone(), server.clone()], 2, "in common"),
    ] {
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let stderr = refused(&arguments, status);
        assert!(stderr.contains(says), "{arguments:?}: {stderr}");
    }
}
