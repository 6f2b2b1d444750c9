//! The program as its users meet it: what it prints, where, how wide, and with which exit status.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

mod diff;
mod answers;
mod configuration;
mod flags;
mod isolate;
mod pages;
mod programs;
mod scope;
mod story;
mod streams;
mod text;
mod token;
mod trace;
mod well_formed;
mod wrong_use;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const THREE_TIER: &str = "captures/three-tier/capture.pcap";
const MAIL: &str = "captures/mail-and-files/capture.pcap";
const SCAN: &str = "captures/scan/capture.pcap";

/// The program, run from the project's root and without the tester's own settings.
fn tapmap(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tapmap"));
    command.current_dir(env!("CARGO_MANIFEST_DIR")).args(arguments);
    for variable in ["COLUMNS", "NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE"] {
        command.env_remove(variable);
    }
    command
}

fn run(arguments: &[&str]) -> Output {
    tapmap(arguments).output().unwrap()
}

/// Standard output of a run that must succeed.
fn told(arguments: &[&str]) -> String {
    let output = run(arguments);
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Standard error of a run that must end with this status and print nothing on standard output.
fn refused(arguments: &[&str], status: i32) -> String {
    let output = run(arguments);
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(status), "{arguments:?}: {stderr}");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "", "{arguments:?}");
    stderr
}

fn wide(arguments: &[&str], columns: &str) -> String {
    let output = tapmap(arguments).env("COLUMNS", columns).output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

fn file(folder: &Path, name: &str, content: impl AsRef<[u8]>) -> String {
    let path = folder.join(name);
    std::fs::write(&path, content).unwrap();
    path.to_str().unwrap().to_owned()
}

fn capture_bytes(path: &str) -> Vec<u8> {
    std::fs::read(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}
