//! The lab's declared topology against the map: every dependency found, none invented.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers fail their test by panicking"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde_json::Value;

/// Realm, client, server, port, transport.
type Edge = (String, String, String, u64, String);

/// Protocols that the lab speaks and that are not recognised yet.
const NOT_RECOGNISED_YET: &[&str] = &["memcached"];

/// Rules that the lab's traffic breaks and that are not written yet.
const NOT_WRITTEN_YET: &[&str] = &["DB-05", "WIN-11"];

fn read(name: &str, file: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("captures").join(name).join(file);
    serde_json::from_str(&fs::read_to_string(&path).unwrap_or_else(|_| panic!("no {}", path.display())))
        .unwrap()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// Declared dependencies. Tunnels are shown as endpoints and pings in a list of their own, not as
/// services.
fn declared(name: &str) -> BTreeMap<Edge, Value> {
    let topology = read(name, "topology.json");
    let rows = topology["dependencies"].as_array().unwrap().clone();
    rows.into_iter()
        .filter(|row| row["protocol"] != "vxlan" && row["transport"] != "icmp")
        .map(|row| {
            let edge = (
                text(&row["realm"]),
                text(&row["client"]),
                text(&row["server"]),
                row["port"].as_u64().unwrap(),
                text(&row["transport"]),
            );
            (edge, row)
        })
        .collect()
}

/// Who answered a question that went to a group: the lab declares the group, not the answer.
fn answers_to_groups(name: &str) -> BTreeSet<(String, u64)> {
    let topology = read(name, "topology.json");
    let rows = topology["multicast"].as_array().cloned().unwrap_or_default();
    rows.iter()
        .filter_map(|row| Some((row["answered_by"].as_str()?.to_owned(), row["port"].as_u64()?)))
        .collect()
}

/// Dependencies on the map, those that nobody answered left out.
fn found(name: &str) -> BTreeMap<Edge, Value> {
    let document = read(name, "expected.json");
    let rows = document["dependencies"].as_array().unwrap().clone();
    rows.into_iter()
        .filter(|row| row["state"] != "attempt")
        .map(|row| {
            let client = text(&row["client"]);
            let edge = (
                client.split_once('/').map_or(String::new(), |(realm, _)| realm.to_owned()),
                text(&row["client_address"]),
                text(&row["server_address"]),
                row["server_port"].as_u64().unwrap(),
                text(&row["transport"]),
            );
            (edge, row)
        })
        .collect()
}

const CAPTURES: &[&str] = &[
    "three-tier",
    "mid-stream",
    "one-sided",
    "mirror-once",
    "mirror-twice",
    "vxlan",
    "scan",
    "mail-and-files",
    "databases",
    "remote",
    "kerberos",
    "outage",
    "worm",
];

#[test]
fn every_declared_dependency_is_found_and_none_is_invented() {
    for name in CAPTURES {
        let declared: BTreeSet<Edge> = declared(name).into_keys().collect();
        let found: BTreeSet<Edge> = found(name).into_keys().collect();
        let missed: Vec<_> = declared.difference(&found).collect();
        let answers = answers_to_groups(name);
        let invented: Vec<_> = found
            .difference(&declared)
            .filter(|(_, _, server, port, _)| !answers.contains(&(server.clone(), *port)))
            .collect();
        assert!(missed.is_empty(), "{name} misses {missed:?}");
        assert!(invented.is_empty(), "{name} invents {invented:?}");
    }
}

#[test]
fn declared_dependencies_are_sure() {
    for name in CAPTURES {
        let found = found(name);
        for (edge, row) in declared(name) {
            let now = &found[&edge];
            // Open before the tap was, and nothing recognisable since: undetermined is the right answer.
            let heard_late = !row["open_before"].is_null() && now["protocol"] == "unknown";
            assert!(heard_late || now["direction"]["decided"] == true, "{name} {edge:?}");
            if row["state"].is_string() {
                assert_eq!(now["state"], row["state"], "{name} {edge:?}");
            } else if row["announced"].is_null() {
                // Files go one way over a data channel, so that it is answered and no more.
                assert_ne!(now["state"], "answered", "{name} {edge:?}");
            }
            if row["initiator"].is_string() {
                assert_eq!(now["initiator"], row["initiator"], "{name} {edge:?}");
            }
            assert_ne!(now["kind"], "conflict", "{name} {edge:?}");
        }
    }
}

#[test]
fn protocols_are_those_declared() {
    for name in CAPTURES {
        let found = found(name);
        for (edge, row) in declared(name) {
            let (declared, now) = (text(&row["protocol"]), text(&found[&edge]["protocol"]));
            // What runs inside TLS from the first byte is not readable.
            let hidden = row["tls"] == true && now == "tls";
            // The connection was open before the tap was, and what is spoken now is encrypted.
            let too_late = now == "unknown" && !row["open_before"].is_null();
            // Answers of Redis without their questions could be several things.
            let half_heard = now == "unknown" && declared == "redis" && *name == "one-sided";
            let not_yet = now == "unknown" && NOT_RECOGNISED_YET.contains(&declared.as_str());
            assert!(
                now == declared || hidden || too_late || half_heard || not_yet,
                "{name} {edge:?}: {now} instead of {declared}"
            );
        }
    }
}

#[test]
fn declared_findings_are_found() {
    for name in CAPTURES {
        let document = read(name, "expected.json");
        let findings = document["findings"].as_array().unwrap();
        let rules: BTreeSet<&str> = tapmap::finding::RULES.iter().map(|rule| rule.id).collect();
        for row in read(name, "topology.json")["findings"].as_array().unwrap() {
            let rule = row["rule"].as_str().unwrap();
            if NOT_WRITTEN_YET.contains(&rule) {
                assert!(!rules.contains(rule), "{rule} is written by now");
                continue;
            }
            let found =
                findings.iter().any(|finding| finding["rule"] == rule && finding["host"] == row["host"]);
            assert!(found, "{name} misses {row}");
        }
    }
}

#[test]
fn declared_connections_are_counted() {
    for name in CAPTURES {
        let found = found(name);
        for (edge, row) in declared(name) {
            if let Some(connections) = row["connections"].as_u64() {
                assert_eq!(found[&edge]["flows"].as_u64(), Some(connections), "{name} {edge:?}");
            }
        }
    }
}

#[test]
fn the_scanner_is_named() {
    let document = read("scan", "expected.json");
    let scans = document["scans"].as_array().unwrap();
    let scanner = scans.iter().find(|scan| scan["source"] == "10.79.1.66").expect("the scanner is not named");
    assert!(scanner["attempts"].as_u64().unwrap() > 500, "{scanner}");
    assert!(scans.iter().all(|scan| scan["source"] == "10.79.1.66"), "others are called scanners: {scans:?}");
}
