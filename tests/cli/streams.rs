//! Standard input and output, whole and broken.

use std::io::{Read, Write};
use std::process::Stdio;

use super::*;

#[test]
fn standard_input_is_read() {
    let mut child = tapmap(&["deps", "-r", "-", "-o", "csv"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(&capture_bytes(MAIL)).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    assert_eq!(String::from_utf8(output.stdout).unwrap(), told(&["deps", "-r", MAIL, "-o", "csv"]));
}

#[test]
fn a_reader_that_goes_away_has_had_enough() {
    // More than a pipe holds, so that writing goes on after the reader has gone.
    assert!(told(&["flows", "-r", THREE_TIER, "-o", "json"]).len() > 70_000);
    for (arguments, bytes_read) in [
        (&["flows", "-r", THREE_TIER, "-o", "json"][..], 10),
        (&["analyze", THREE_TIER], 0),
        (&["explain"], 0),
        (&["completions", "bash"], 0),
        (&["--help"], 0),
    ] {
        let mut child = tapmap(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut first = vec![0; bytes_read];
        child.stdout.take().unwrap().read_exact(&mut first).unwrap();
        let output = child.wait_with_output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!((output.status.code(), stderr.as_ref()), (Some(0), ""), "{arguments:?}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_a_failure() {
    for arguments in [&["analyze", MAIL][..], &["deps", "-r", MAIL, "-o", "csv"], &["man"], &["--help"]] {
        let full = std::fs::File::create("/dev/full").unwrap();
        let output = tapmap(arguments).stdout(full).output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        assert!(stderr.starts_with("tapmap: cannot write to standard output: No space left"), "{stderr}");
        assert_eq!(stderr.lines().count(), 1);
    }
}
