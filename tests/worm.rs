//! A worm that really went from host to host (captures/worm), traced forward from its first host and
//! back from three victims. The truth beside the capture was computed from the processes' own log.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;
use tapmap::model::{Nanos, Timestamp};

/// The log is kept by processes, some milliseconds around the first and the last packet.
const TOLERANCE: Nanos = 400_000_000;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("captures/worm")
}

fn truth() -> Value {
    serde_json::from_slice(&std::fs::read(folder().join("infection.json")).unwrap()).unwrap()
}

/// The result of a question about the capture.
fn asked(arguments: &[&str]) -> Value {
    let output = Command::new(env!("CARGO_BIN_EXE_tapmap"))
        .args(arguments)
        .args(["-q", "-o", "json", "-r"])
        .arg(folder().join("capture.pcap"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(answer["schema"], "tapmap/answer/1");
    answer["result"].clone()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

fn rows(value: &Value) -> &Vec<Value> {
    value.as_array().unwrap()
}

fn near(one: &Value, other: &Value) -> bool {
    let time = |value: &Value| text(value).parse::<Timestamp>().unwrap();
    (time(one) - time(other)).abs() <= TOLERANCE
}

fn hosts(rows: &[&Value]) -> BTreeSet<String> {
    rows.iter().map(|row| text(&row["host"])).collect()
}

#[test]
fn forward_is_exactly_whom_it_could_reach() {
    let truth = truth();
    let zero = &truth["patient_zero"];
    let found = asked(&["trace", &text(&zero["host"]), "--forward", "--at", &text(&zero["infected_at"])]);
    let (controlled, touched): (Vec<&Value>, Vec<&Value>) =
        rows(&found["reached"]).iter().partition(|row| row["controlled"] == true);
    assert_eq!(hosts(&controlled), hosts(&rows(&truth["forward"]).iter().collect::<Vec<_>>()));
    for expected in rows(&truth["forward"]) {
        let row = controlled.iter().find(|row| row["host"] == expected["host"]).unwrap();
        assert!(near(&row["at"], &expected["earliest_arrival"]), "{row} {expected}");
        let way = rows(&row["hops"]).iter().map(|hop| text(&hop["target"]));
        let path: Vec<String> = std::iter::once(text(&zero["host"])).chain(way).collect();
        assert_eq!(path, rows(&expected["path"]).iter().map(text).collect::<Vec<_>>());
    }
    // Time says no to the others that a drawing without it would accuse of more than asking for data.
    let by_command =
        |row: &&Value| row["missed"].is_null() || text(&row["missed"]["class"]).starts_with("exec");
    let out: Vec<&Value> = rows(&found["out_of_time"]).iter().filter(by_command).collect();
    assert_eq!(hosts(&out), hosts(&rows(&truth["static_only"]).iter().collect::<Vec<_>>()));
    let data: BTreeSet<String> = rows(&truth["data_only"]).iter().map(text).collect();
    assert_eq!(hosts(&touched), data);
    for knocked in rows(&truth["knocked"]) {
        assert!(!hosts(&controlled).contains(&text(knocked)) && !hosts(&touched).contains(&text(knocked)));
    }
}

#[test]
fn the_first_host_is_the_first_candidate() {
    let truth = truth();
    let back = &truth["backward"];
    let noticed = |row: &Value| format!("{}@{}", text(&row["host"]), text(&row["noticed_at"]));
    let victims: Vec<String> = rows(&back["victims"]).iter().map(noticed).collect();
    let mut arguments = vec!["trace", "--back"];
    arguments.extend(victims.iter().map(String::as_str));
    let found = asked(&arguments);
    let candidates = rows(&found["candidates"]);
    assert_eq!(candidates.first().unwrap()["host"], back["patient_zero"]);
    assert_eq!(candidates.first().unwrap()["explains"], victims.len());
    assert!(
        candidates.iter().skip(1).all(|row| row["explains"].as_u64().unwrap() < 3),
        "only it explains all"
    );
    // Whoever explains by commands, explains whom, and by when.
    let explained = |row: &Value| -> BTreeMap<String, Value> {
        let by_command = rows(&row["victims"])
            .iter()
            .filter(|row| rows(&row["hops"]).iter().all(|hop| text(&hop["class"]).starts_with("exec")));
        by_command.map(|row| (text(&row["victim"]), row["at"].clone())).collect()
    };
    for expected in rows(&back["candidates"]) {
        let row = candidates.iter().find(|row| row["host"] == expected["host"]).unwrap();
        let latest = expected["latest"].as_object().unwrap();
        let told = explained(row);
        assert_eq!(told.keys().collect::<Vec<_>>(), latest.keys().collect::<Vec<_>>(), "{expected}");
        for (victim, at) in latest {
            assert!(near(at, told.get(victim).unwrap()), "{expected} {told:?}");
        }
    }
    let named = hosts(&rows(&back["candidates"]).iter().collect::<Vec<_>>());
    let others = candidates.iter().filter(|row| !named.contains(&text(&row["host"])));
    assert!(others.filter(|row| !explained(row).is_empty()).count() == 0, "nobody else, by commands");
    // The worm's own sessions are all among what can be part of it.
    let causes: BTreeSet<(String, String)> = rows(&found["causes"])
        .iter()
        .map(|row| (text(&row["contact"]["actor"]), text(&row["contact"]["target"])))
        .collect();
    for hop in rows(&truth["hops"]) {
        let hop = (text(&hop["from"]), text(&hop["to"]));
        assert!(causes.contains(&hop), "{hop:?} {causes:?}");
    }
}
