//! The program as its users meet it: what it prints, where, how wide, and with which exit status.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

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

mod story {
    use super::*;

    #[test]
    fn is_told_in_order() {
        let text = told(&["analyze", THREE_TIER]);
        assert!(text.starts_with(&format!("{THREE_TIER}\n  2,094 packets, ")), "{text}");
        let headings = [
            "IN SHORT",
            "ACT FIRST",
            "HOSTS",
            "SERVICES",
            "DEPENDENCIES",
            "WHAT THIS TAP COULD NOT SEE",
            "NEXT",
        ];
        let places: Vec<Option<usize>> =
            headings.iter().map(|heading| text.find(&format!("\n\n{heading}\n"))).collect();
        assert!(places.iter().all(Option::is_some), "{places:?}\n{text}");
        assert!(places.is_sorted(), "{places:?}\n{text}");
    }

    #[test]
    fn says_what_matters_in_sentences() {
        let text = wide(&["analyze", THREE_TIER], "200");
        for sentence in [
            "  The certificate of O=Tapmap Lab, CN=web2 at 10.77.0.13:443/tcp web2.lab.test expired ",
            "  The certificate of O=Tapmap Lab, CN=web1 at 10.77.0.12:20443/tcp web1.lab.test expires in ",
            "LDAP password in clear (WIN-12) at 10.77.0.17:20389/tcp",
            "Still used by 10.77.0.14 app.lab.test, ",
            "Instead: ",
            "Proof: capture.pcap, frame ",
            "  Most used: dns 10.77.0.18:53/udp (7 clients), ",
            "  tapmap explain ",
        ] {
            assert!(text.contains(sentence), "no `{sentence}` in\n{text}");
        }
        let text = wide(&["analyze", SCAN], "200");
        assert!(text.contains("  10.79.1.66 scanned: "), "{text}");
        assert!(text.contains(" of the hosts were only spoken to: nothing came back."), "{text}");
    }

    #[test]
    fn fits_the_terminal() {
        for capture in [THREE_TIER, MAIL, SCAN] {
            for columns in ["80", "120"] {
                let text = wide(&["analyze", capture], columns);
                let commands = |line: &str| line.contains("tapmap ");
                let long = text
                    .lines()
                    .find(|line| line.chars().count() > columns.parse().unwrap() && !commands(line));
                assert_eq!(long, None, "{capture} at {columns}");
                assert!(!text.lines().any(|line| line.ends_with(' ')), "{text}");
            }
        }
        let narrow = wide(&["deps", "-r", THREE_TIER], "80");
        assert!(narrow.contains("->  10.77.0.11:28443/tcp"), "ports stay whole:\n{narrow}");
    }

    #[test]
    fn is_the_same_on_each_run_and_at_any_number_of_workers() {
        for capture in [THREE_TIER, MAIL, SCAN] {
            let text = told(&["analyze", capture, "--workers", "1"]);
            for workers in ["1", "3", "8"] {
                assert_eq!(told(&["analyze", capture, "--workers", workers]), text);
            }
        }
    }

    #[test]
    fn names_the_byte_where_a_capture_broke() {
        let folder = folder();
        let cut = file(folder.path(), "cut.pcap", &capture_bytes(THREE_TIER)[..5000]);
        let output = run(&["analyze", &cut]);
        assert_eq!(output.status.code(), Some(0));
        let why = "truncated in packet 32 at byte 4868: 132 of 136 bytes";
        let (text, talk) =
            (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
        assert!(text.contains("  ! ") && text.replace("\n    ", " ").contains(why), "{text}");
        assert!(text.contains("1 source was not read to the end"), "{text}");
        assert_eq!(talk, format!("tapmap: `{cut}`: {why}\n"));
    }

    #[test]
    fn says_so_where_there_is_nothing() {
        let text = told(&["analyze", THREE_TIER, "--", "tcp", "port", "1"]);
        assert!(text.contains("No host was seen"), "{text}");
        assert!(text.contains("2,094 of 2,094 packets (100 %) were left out by the filter"), "{text}");
        assert_eq!(told(&["hosts", "-r", THREE_TIER, "-f", "tcp port 1"]), "no hosts\n");
    }
}

mod text {
    use super::*;

    #[test]
    fn has_colours_only_when_asked_for() {
        assert!(!told(&["analyze", THREE_TIER]).contains('\x1b'));
        assert!(!told(&["analyze", THREE_TIER, "--color", "never"]).contains('\x1b'));
        let colours = told(&["analyze", THREE_TIER, "--color", "always"]);
        assert!(colours.contains("\x1b[1m\x1b[31m  HIGH\x1b[0m"), "{colours}");
        let output = tapmap(&["analyze", THREE_TIER]).env("NO_COLOR", "1").output().unwrap();
        assert!(!output.stdout.contains(&0x1b));
    }

    #[test]
    fn has_no_names_where_none_are_wanted() {
        for command in ["hosts", "services", "deps", "flows"] {
            let named = told(&[command, "-r", THREE_TIER]);
            let bare = told(&[command, "-r", THREE_TIER, "-n"]);
            assert!(named.contains("shop.lab.test") && !bare.contains("shop.lab.test"), "{command}:\n{bare}");
        }
    }

    #[test]
    fn keeps_hostile_names_harmless_everywhere() {
        let folder = folder();
        let hostile = r#"[names]
"10.77.0.11" = "=evil\u001b[2J\u0007\"<x>&]];\\\u202e"
"#;
        let site = file(folder.path(), "site.toml", hostile);
        for command in
            ["hosts", "services", "deps", "findings", "flows", "certs", "analyze"].map(|name| match name {
                "analyze" => vec!["analyze", THREE_TIER],
                name => vec![name, "-r", THREE_TIER],
            })
        {
            for output in ["table", "json", "jsonl", "csv"] {
                let arguments = [command.as_slice(), &["--site", &site, "-o", output]].concat();
                if command[0] == "analyze" && output == "csv" {
                    continue;
                }
                let text = told(&arguments);
                assert!(
                    !text.contains(['\x1b', '\x07', '\u{202e}']) || output.starts_with("json"),
                    "{arguments:?}"
                );
                assert!(!text.contains(['\x1b', '\x07']), "{arguments:?}");
            }
        }
        let table = told(&["hosts", "-r", THREE_TIER, "-o", "csv", "--site", &site]);
        assert!(table.contains("'=evil\u{fffd}[2J"), "{table}");
        for format in ["dot", "graphml"] {
            let text = told(&["export", "--format", format, "-r", THREE_TIER, "--site", &site]);
            assert!(!text.contains(['\x1b', '\x07', '\u{202e}']), "{text}");
            assert!(text.contains("=evil"), "{text}");
            match format {
                "dot" => check_dot(&text),
                _ => drop(check_xml(&text)),
            }
        }
    }
}

mod programs {
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
            let id = community_id::calculate_community_id(
                0,
                client,
                server,
                from,
                to,
                protocol,
                Default::default(),
            );
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
}

mod wrong_use {
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
            (at(&["--workers", "0"]), "0 is not in 1..=256".to_owned()),
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
            (at(&["--site", "no.toml"]), "tapmap: site file `no.toml` cannot be read: ".to_owned()),
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
        let folder = folder();
        let path = file(folder.path(), "secret.pcap", capture_bytes(MAIL));
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0)).unwrap();
        // The superuser may read everything.
        if std::fs::File::open(&path).is_err() {
            let stderr = refused(&["analyze", &path], 1);
            assert!(stderr.contains("cannot be read: permission denied"), "{stderr}");
        }
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
}

mod streams {
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
}

mod flags {
    use super::*;

    #[test]
    fn fail_on_is_status_three() {
        let status = |level: &str| run(&["analyze", THREE_TIER, "--fail-on", level]).status.code();
        assert_eq!([status("low"), status("high"), status("critical")], [Some(3), Some(3), Some(0)]);
        assert_eq!(run(&["findings", "-r", THREE_TIER, "--fail-on", "high"]).status.code(), Some(3));
    }

    #[test]
    fn check_reads_no_capture() {
        let text = told(&["analyze", "-T", "--site", "src/config/site.example.toml", "-f", "tcp"]);
        assert!(
            text.starts_with("the configuration is good: the filter compiles; 3 local networks, "),
            "{text}"
        );
        assert!(told(&["deps", "-T"]).starts_with("the configuration is good: no filter; 8 local networks"));
        refused(&["analyze", "-T", "-f", "tcp prot"], 2);
    }

    #[test]
    fn local_networks_say_who_is_inside() {
        let inside = |arguments: &[&str]| {
            let text = told(&[&["hosts", "-r", THREE_TIER, "-o", "json"], arguments].concat());
            let document: Value = serde_json::from_str(&text).unwrap();
            let hosts = document["hosts"].as_array().unwrap().clone();
            hosts.iter().filter(|host| host["internal"] == true).count()
        };
        assert_eq!(inside(&["-m", "198.51.100.0/24"]), 3);
        assert_eq!(inside(&["-m", "198.51.100.21,198.51.100.22"]), 2);
        let folder = folder();
        let site = file(folder.path(), "site.toml", "local_networks = [\"198.51.100.21\"]\n");
        assert_eq!(inside(&["--site", &site]), 1);
        assert_eq!(inside(&["--site", &site, "-m", "198.51.100.0/24"]), 3);
    }

    #[test]
    fn site_labels_and_names_are_shown() {
        let folder = folder();
        let content = "[labels]\n\"10.77.0.15\" = \"crown\"\n[names]\n\"10.77.0.15\" = \"orders\"\n";
        let site = file(folder.path(), "site.toml", content);
        let text = told(&["hosts", "-r", THREE_TIER, "--site", &site]);
        let row = text.lines().find(|line| line.starts_with("10.77.0.15 ")).unwrap();
        assert!(row.contains("orders, db.lab.test") && row.contains("crown"), "{row}");
        let dot = told(&["export", "--format", "dot", "-r", THREE_TIER, "--site", &site]);
        assert!(dot.contains("label=\"crown\"") && dot.contains("label=\"orders\\n10.77.0.15\""), "{dot}");
    }

    #[test]
    fn windows_and_filters_count_what_they_leave_out() {
        let filtered = |arguments: &[&str]| {
            let text = told(&[&["analyze", THREE_TIER, "-o", "json"], arguments].concat());
            let document: Value = serde_json::from_str(&text).unwrap();
            let packets = document["capture"]["packets"].clone();
            (packets["read"].as_u64().unwrap(), packets["filtered"].as_u64().unwrap())
        };
        assert_eq!(filtered(&["--until", "2000-01-01T00:00Z"]), (2094, 2094));
        assert_eq!(filtered(&["--since", "2000-01-01T00:00:00+01:00"]), (2094, 0));
        let words = filtered(&["--", "udp", "port", "53"]);
        assert_eq!(words, filtered(&["-f", "udp port 53"]));
        assert!(words.1 > 1_000 && words.1 < 2_094);
    }

    #[test]
    fn certificates_are_judged_at_the_moment_asked_for() {
        let expired = |as_of: &str| {
            let text = told(&["certs", "-r", THREE_TIER, "-o", "jsonl", "--as-of", as_of]);
            text.lines().filter(|line| line.contains("\"status\":\"expired\"")).count()
        };
        assert_eq!(expired("2020-01-01T00:00:00Z"), 0);
        assert!(expired("2100-01-01T00:00:00Z") > 1);
    }

    #[test]
    fn hashes_come_when_asked_for() {
        let hash = |arguments: &[&str]| {
            let text = told(&[&["analyze", MAIL, "-o", "json"], arguments].concat());
            let document: Value = serde_json::from_str(&text).unwrap();
            document["capture"]["sources"][0]["sha256"].clone()
        };
        assert_eq!(hash(&[]), Value::Null);
        assert_eq!(hash(&["--hash"]).as_str().map(str::len), Some(64));
    }
}

mod pages {
    use super::*;

    #[test]
    fn rules_are_explained() {
        let page = told(&["explain", "adm-01"]);
        assert!(page.starts_with("ADM-01  ") && page.contains("\nInstead   SSH"), "{page}");
        let all = told(&["explain"]);
        for rule in tapmap::finding::RULES {
            assert!(all.contains(rule.id), "{all}");
            assert!(told(&["explain", rule.id]).contains(rule.title));
        }
    }

    #[test]
    fn the_site_file_shown_is_the_one_that_is_read() {
        let folder = folder();
        let site = file(folder.path(), "site.toml", told(&["explain", "site"]));
        told(&["analyze", "-T", "--site", &site]);
    }

    #[test]
    fn every_command_has_help_a_manual_and_completions() {
        let help = told(&["--help"]);
        for command in
            ["analyze", "hosts", "services", "deps", "certs", "findings", "flows", "explain", "export"]
        {
            assert!(help.contains(&format!("\n  {command} ")), "{help}");
            assert!(told(&[command, "--help"]).contains("Usage: tapmap "));
            assert!(told(&["man", command]).contains(&format!(".TH tapmap-{command} 1")));
        }
        assert!(told(&["man"]).contains(".TH tapmap 1"));
        for shell in ["bash", "zsh", "fish"] {
            assert!(told(&["completions", shell]).contains("analyze"));
        }
        assert_eq!(told(&["--version"]), concat!("tapmap ", env!("CARGO_PKG_VERSION"), "\n"));
    }
}

/// Checks that a document's tags are balanced and its text is escaped. Returns all opening tags.
fn check_xml(text: &str) -> Vec<String> {
    let (mut open, mut all) = (Vec::new(), Vec::new());
    let body = text.strip_prefix("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n").unwrap();
    let mut rest = body;
    while let Some(start) = rest.find('<') {
        let end = start + rest[start..].find('>').expect("a tag is closed");
        check_entities(&rest[..start]);
        let tag = &rest[start + 1..end];
        assert!(!tag.contains('<'), "{tag}");
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop().as_deref(), Some(name));
        } else {
            check_entities(tag);
            assert_eq!(tag.matches('"').count() % 2, 0, "{tag}");
            all.push(tag.trim_end_matches('/').to_owned());
            if !tag.ends_with('/') {
                open.push(tag.split(' ').next().unwrap().to_owned());
            }
        }
        rest = &rest[end + 1..];
    }
    assert!(open.is_empty() && rest.trim().is_empty(), "{open:?}");
    all
}

fn check_entities(text: &str) {
    for (at, _) in text.match_indices('&') {
        let known = ["&amp;", "&lt;", "&gt;", "&quot;", "&apos;"];
        assert!(known.iter().any(|entity| text[at..].starts_with(entity)), "{text}");
    }
}

/// Checks that quotes and braces of a DOT file are balanced and that every line is a statement.
fn check_dot(text: &str) {
    let mut depth = 0;
    for line in text.lines() {
        let (mut quoted, mut escaped) = (false, false);
        for c in line.chars() {
            match c {
                _ if escaped => escaped = false,
                '\\' if quoted => escaped = true,
                '"' => quoted = !quoted,
                '{' if !quoted => depth += 1,
                '}' if !quoted => depth -= 1,
                _ => {}
            }
        }
        assert!(!quoted, "a quote is open: {line}");
        assert!(line.ends_with(['{', '}', ';']), "{line}");
    }
    assert_eq!(depth, 0);
    assert!(text.starts_with("digraph "));
}
