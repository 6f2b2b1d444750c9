//! The command: what it reports in the end is what `analyze` reports of the same packets.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

pub fn capture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("captures").join(name).join("capture.pcap")
}

fn tapmap(words: &[&str], input: Option<&Path>) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tapmap"));
    command.args(words).env_remove("NOTIFY_SOCKET");
    if let Some(input) = input {
        command.stdin(File::open(input).unwrap());
    }
    let output = command.output().unwrap();
    assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
    output
}

/// The report, without where the packets came from.
fn report(output: &Output) -> String {
    let mut document: Value = serde_json::from_slice(&output.stdout).unwrap();
    document["capture"]["sources"] = Value::Null;
    serde_json::to_string_pretty(&document).unwrap()
}

#[test]
fn a_stream_is_reported_like_the_file() {
    for name in ["three-tier", "kerberos"] {
        let path = capture(name);
        let live = tapmap(&["sensor", "--stdin", "-o", "json", "--listen", ""], Some(&path));
        let read = tapmap(&["analyze", "-o", "json", path.to_str().unwrap()], None);
        let named = report(&read).replace(path.to_str().unwrap(), "-");
        super::play::same(name, &report(&live), &named);
    }
}

#[test]
fn a_sensor_that_starts_again_knows_what_it_knew() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().to_str().unwrap();
    let words = ["sensor", "--stdin", "-o", "json", "--listen", "", "--data-dir", folder];
    let run = |name| {
        let output = tapmap(&words, Some(&capture(name)));
        serde_json::from_slice::<Value>(&output.stdout).unwrap()
    };
    let ids = |document: &Value| -> std::collections::BTreeSet<String> {
        let rows = document["dependencies"].as_array().unwrap().iter();
        rows.map(|row| row["id"].as_str().unwrap().to_owned()).collect()
    };
    let (first, second) = (run("three-tier"), run("databases"));
    assert!(!ids(&first).is_empty());
    assert!(ids(&second).is_superset(&ids(&first)), "what was known is still known");
    assert!(ids(&second).len() > ids(&first).len());
}
