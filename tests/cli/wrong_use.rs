//! What is said when something was asked wrongly, or cannot be read.

use serde_json::Value;

use super::*;

#[test]
fn is_told_in_one_sentence_with_the_way_out() {
    let folder = folder();
    let site = file(folder.path(), "site.toml", "[names]\nten = \"x\"\n");
    fn at(flags: &[&'static str]) -> Vec<&'static str> {
        [&["analyze", THREE_TIER], flags].concat()
    }
    let cases: Vec<(Vec<&str>, String)> = vec![
        (at(&["--wrokers", "2"]), "unexpected argument '--wrokers' found".to_owned()),
        (at(&["--workers", "0"]), "`0` is no number of threads; write one from 1 to 256".to_owned()),
        (at(&["--workers", "x"]), "`x` is no number of threads; write one from 1 to 256".to_owned()),
        (
            at(&["--since", "2010-01-01"]),
            "`2010-01-01` is a day and not a moment; write `2010-01-01T00:00:00Z`".to_owned(),
        ),
        (
            at(&["-f", "tcp prot 80"]),
            "tapmap: bad filter `tcp prot 80`: can't parse filter expression: syntax error".to_owned(),
        ),
        (at(&["-f", "tcp", "--", "udp"]), "cannot be used with".to_owned()),
        (
            at(&["--since", "2026-03-14T10:04"]),
            "`2026-03-14T10:04` has no time zone; write `2026-03-14T10:04Z` for UTC or add an offset such as \
             `2026-03-14T10:04+01:00`"
                .to_owned(),
        ),
        (at(&["--as-of", "noon"]), "`noon` is no time; write it like `2026-03-14T10:04:00Z`".to_owned()),
        (
            at(&["--since", "2026-03-14T10:04Z", "--until", "2026-03-14T10:04Z"]),
            "nothing is between".to_owned(),
        ),
        (
            at(&["-m", "10.0.0.0/8,10.0.0.1/8"]),
            "write `10.0.0.0/8` for the network or `10.0.0.1` for the host".to_owned(),
        ),
        (at(&["--fail-on", "sometimes"]), "[possible values: low, medium, high, critical]".to_owned()),
        (
            vec!["analyze", THREE_TIER, "--site", &site],
            format!("tapmap: site file `{site}`, line 2: "),
        ),
        (at(&["--site", "no.toml"]), "tapmap: site file `no.toml` does not exist; `tapmap explain site` shows".to_owned()),
        (at(&["--site", "src"]), "tapmap: site file `src` is a directory; name a file".to_owned()),
        (vec!["analyze", "-", "-"], "`-` (standard input) is named twice".to_owned()),
        (vec!["analyze"], "required arguments were not provided".to_owned()),
        (vec!["deps"], "--read <FILE>".to_owned()),
        (vec!["explain", "ADM-99"], "tapmap: no rule `ADM-99`; there are ADM-01, ".to_owned()),
    ];
    for (arguments, says) in cases {
        let stderr = refused(&arguments, 2);
        assert!(stderr.contains(&says), "{arguments:?}: {stderr}");
    }
}

#[test]
fn of_files_is_a_failure() {
    let folder = folder();
    let text = file(folder.path(), "text.pcap", "hello, world\n");
    let empty = file(folder.path(), "empty.pcap", "");
    let nothing = folder.path().join("nothing");
    std::fs::create_dir(&nothing).unwrap();
    let nothing = nothing.to_str().unwrap();
    for (path, says) in [
        (text.as_str(), "is no capture file: it begins with `hello, w…`"),
        (&empty, "is empty (0 bytes)"),
        (nothing, "is a directory without captures (0 files looked at)"),
        ("missing.pcap", "does not exist"),
    ] {
        for command in [vec!["analyze", path], vec!["deps", "-r", path]] {
            let stderr = refused(&command, 1);
            assert!(stderr.starts_with(&format!("tapmap: `{path}` {says}")), "{stderr}");
            assert_eq!(stderr.lines().count(), 1);
        }
    }
    let stderr = refused(&["analyze", &text, &empty], 1);
    assert!(stderr.starts_with("tapmap: none of the 2 sources can be read: "), "{stderr}");
}

#[cfg(unix)]
#[test]
fn of_a_file_without_permission_is_a_failure() {
    use std::os::unix::fs::PermissionsExt;
    use std::os::unix::process::CommandExt;
    let folder = folder();
    let allow = |path: &Path, mode| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    allow(folder.path(), 0o755);
    let path = file(folder.path(), "secret.pcap", capture_bytes(MAIL));
    allow(Path::new(&path), 0o0);
    // The superuser may read everything: then a copy of the program that anybody may run is run by nobody.
    let output = if std::fs::File::open(&path).is_ok() {
        let program = folder.path().join("tapmap");
        std::fs::copy(env!("CARGO_BIN_EXE_tapmap"), &program).unwrap();
        allow(&program, 0o755);
        Command::new(program).args(["analyze", &path]).current_dir("/").uid(65_534).output().unwrap()
    } else {
        run(&["analyze", &path])
    };
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(stderr.contains("cannot be read: permission denied"), "{stderr}");
}

#[test]
fn one_bad_source_among_good_ones_is_told_and_forgiven() {
    let folder = folder();
    let text = file(folder.path(), "text.pcap", "hello, world\n");
    let output = run(&["analyze", THREE_TIER, &text, "-o", "json"]);
    assert_eq!(output.status.code(), Some(0));
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    let problem = document["capture"]["sources"][1]["problem"].as_str().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(stderr, format!("tapmap: `{text}` {problem}\n"));
    let quiet = run(&["analyze", THREE_TIER, &text, "-q"]);
    assert!(quiet.status.success() && quiet.stderr.is_empty());
}
