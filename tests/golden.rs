//! Captures of the lab in, documents out: the same bytes at one worker and at four.
//!
//! `UPDATE_GOLDEN=1 cargo test --test golden` writes what is printed now as what is expected.

#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers fail their test by panicking")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The capture of a folder, compressed or not, as a path from the project's root.
fn capture(name: &str) -> Option<String> {
    let paths = ["pcap", "pcap.xz"].map(|ending| format!("captures/{name}/capture.{ending}"));
    paths.into_iter().find(|path| root().join(path).exists())
}

/// What `analyze -o json` prints for a capture. Run from the project's root, so that paths are the
/// same everywhere.
fn analyze(name: &str, workers: &str) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_tapmap"))
        .current_dir(root())
        .args(["analyze", &capture(name).unwrap(), "-o", "json", "--workers", workers])
        .output()
        .unwrap();
    assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn names() -> Vec<String> {
    let folders = fs::read_dir(root().join("captures")).unwrap();
    let mut names: Vec<String> = folders
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| capture(name).is_some())
        .collect();
    names.sort();
    names
}

fn expected(name: &str) -> PathBuf {
    root().join("captures").join(name).join("expected.json")
}

/// Names the first line that differs instead of printing two documents.
fn check(name: &str, workers: &str, now: &str, expected: &str) {
    let mut lines = now.lines().zip(expected.lines()).enumerate();
    if let Some((line, (now, expected))) = lines.find(|(_, (now, expected))| now != expected) {
        panic!("{name}, {workers} workers, line {}:\n  now      {now}\n  expected {expected}", line + 1);
    }
    assert_eq!(now.len(), expected.len(), "{name}: one document goes on where the other ends");
}

#[test]
fn captures_give_what_is_expected_at_any_number_of_workers() {
    let names = names();
    assert!(names.len() >= 8, "captures are missing: {names:?}");
    for name in names {
        let now = analyze(&name, "1");
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            fs::write(expected(&name), &now).unwrap();
        }
        let text = fs::read_to_string(expected(&name)).unwrap();
        check(&name, "1", &now, &text);
        for workers in ["2", "4"] {
            check(&name, workers, &analyze(&name, workers), &text);
        }
    }
}

#[test]
fn a_mirror_that_delivers_twice_changes_nothing() {
    let [once, twice] = ["mirror-once", "mirror-twice"].map(|name| {
        let mut document: serde_json::Value = serde_json::from_str(&analyze(name, "1")).unwrap();
        let duplicates = document["capture"]["packets"]["duplicate"].take();
        document["capture"].take();
        // Evidence names frames, and frames are numbered in each file.
        for finding in document["findings"].as_array_mut().unwrap() {
            for proof in finding["evidence"].as_array_mut().unwrap() {
                proof["frame"].take();
                proof["source"].take();
            }
        }
        (document, duplicates.as_u64().unwrap())
    });
    assert_eq!(once.1, 0);
    assert!(twice.1 > 400, "{} duplicates", twice.1);
    for part in
        ["hosts", "services", "dependencies", "certificates", "findings", "visibility", "scans", "pings"]
    {
        assert_eq!(once.0[part], twice.0[part], "{part}");
    }
}
