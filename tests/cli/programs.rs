//! What other programs read.

use serde_json::Value;

use super::well_formed::{check_dot, check_xml};
use super::*;

const LISTS: [(&str, &str, &str); 6] = [
    ("hosts", "hosts", "host"),
    ("services", "services", "service"),
    ("deps", "dependencies", "dependency"),
    ("certs", "certificates", "certificate"),
    ("findings", "findings", "finding"),
    ("flows", "flows", ""),
];

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn read_every_list_in_every_form() {
    for (command, key, kind) in LISTS {
        let document: Value =
            serde_json::from_str(&told(&[command, "-r", THREE_TIER, "-o", "json"])).unwrap();
        let rows = document[key].as_array().unwrap();
        assert_eq!(document["schema"], "tapmap/report/1");
        assert!(document["visibility"].is_object() && !rows.is_empty(), "{command}");
        assert_eq!(&lines(&told(&[command, "-r", THREE_TIER, "-o", "jsonl"])), rows, "{command}");
        let table = told(&[command, "-r", THREE_TIER, "-o", "csv"]);
        let mut reader = csv::Reader::from_reader(table.as_bytes());
        let header: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
        let records: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
        assert_eq!(records.len(), rows.len(), "{command}");
        for (record, row) in records.iter().zip(rows) {
            for (column, cell) in header.iter().zip(record) {
                if let Some(text) = row.get(column).and_then(Value::as_str) {
                    assert_eq!(cell, text, "{command} {column}");
                }
            }
        }
        // Every column is filled somewhere, or its path is misspelt.
        if kind == "dependency" || kind.is_empty() {
            for (place, column) in header.iter().enumerate().filter(|(_, name)| *name != "vlans") {
                assert!(
                    records.iter().any(|record| !record[place].is_empty()),
                    "{command} {column} is empty"
                );
            }
        }
    }
}

#[test]
fn read_the_whole_report_line_by_line() {
    let document: Value = serde_json::from_str(&told(&["analyze", THREE_TIER, "-o", "json"])).unwrap();
    let all = lines(&told(&["analyze", THREE_TIER, "-o", "jsonl"]));
    assert_eq!(all[0]["type"], "report");
    assert_eq!(all[0]["capture"], document["capture"]);
    for (_, key, kind) in LISTS.into_iter().filter(|(_, _, kind)| !kind.is_empty()) {
        let of_kind = all.iter().filter(|row| row["type"] == kind).count();
        assert_eq!(of_kind, document[key].as_array().unwrap().len(), "{kind}");
    }
    let output = refused(&["analyze", THREE_TIER, "-o", "csv"], 2);
    assert!(output.contains("use `tapmap deps -r captures/three-tier/capture.pcap -o csv`"), "{output}");
}

#[test]
fn find_flows_by_community_id() {
    let flows = lines(&told(&["flows", "-r", THREE_TIER, "-o", "jsonl"]));
    assert!(flows.len() > 100);
    for flow in flows {
        let text = |name: &str| flow[name].as_str().unwrap().to_owned();
        let port = |name: &str| u16::try_from(flow[name].as_u64().unwrap()).unwrap();
        let protocol = if text("transport") == "tcp" { 6 } else { 17 };
        let (client, server) = (text("client").parse().unwrap(), text("server").parse().unwrap());
        let (from, to) = (Some(port("client_port")), Some(port("server_port")));
        let id =
            community_id::calculate_community_id(0, client, server, from, to, protocol, Default::default());
        assert_eq!(text("community_id"), id.unwrap());
    }
}

#[test]
fn agree_on_how_flows_add_up_to_dependencies() {
    let flows = lines(&told(&["flows", "-r", THREE_TIER, "-o", "jsonl"]));
    let dependencies = lines(&told(&["deps", "-r", THREE_TIER, "-o", "jsonl"]));
    for dependency in dependencies.iter().filter(|row| row["protocol"] != "dhcp") {
        let same = |flow: &&Value| {
            flow["client"] == dependency["client"]
                && flow["server"] == dependency["server_address"]
                && flow["server_port"] == dependency["server_port"]
                && flow["transport"] == dependency["transport"]
        };
        let (mut many, mut bytes) = (0, 0);
        for flow in flows.iter().filter(same) {
            many += 1;
            bytes += flow["bytes_to_server"].as_u64().unwrap();
        }
        assert_eq!(dependency["flows"].as_u64(), Some(many), "{dependency}");
        assert_eq!(dependency["bytes_to_server"].as_u64(), Some(bytes), "{dependency}");
    }
}

#[test]
fn open_the_exported_map() {
    let document: Value =
        serde_json::from_str(&told(&["export", "--format", "json", "-r", THREE_TIER])).unwrap();
    let answered =
        document["dependencies"].as_array().unwrap().iter().filter(|row| row["state"] != "attempt");
    let tags = check_xml(&told(&["export", "--format", "graphml", "-r", THREE_TIER]));
    let of = |name: &'static str| tags.iter().filter(move |tag| tag.split(' ').next() == Some(name));
    let attribute = |tag: &str, name: &str| {
        let (_, rest) = tag.split_once(&format!(" {name}=\"")).unwrap();
        rest.split('"').next().unwrap().to_owned()
    };
    let nodes: Vec<String> = of("node").map(|tag| attribute(tag, "id")).collect();
    assert_eq!(nodes.len(), document["hosts"].as_array().unwrap().len());
    assert_eq!(of("edge").count(), answered.count());
    for edge in of("edge") {
        assert!(nodes.contains(&attribute(edge, "source")) && nodes.contains(&attribute(edge, "target")));
    }
    let keys: Vec<String> = of("key").map(|tag| attribute(tag, "id")).collect();
    assert!(of("data").all(|tag| keys.contains(&attribute(tag, "key"))));
    check_dot(&told(&["export", "--format", "dot", "-r", THREE_TIER]));
    let table = told(&["export", "--format", "csv", "-r", THREE_TIER]);
    assert_eq!(table, told(&["deps", "-r", THREE_TIER, "-o", "csv"]));
}
