//! The house rules that no compiler knows: who may import whom, how long files are, what every
//! file begins with. The table is explained in ARCHITECTURE.md.

#![expect(clippy::unwrap_used, reason = "what the walk needs must be there; a missing file is a failure")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use tapmap::protocol::ANALYZERS;

/// Each module and what it may import from the crate, in the order in which data flows.
const MAY_IMPORT: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("config", &["model"]),
    ("capture", &["model", "config"]),
    ("decode", &["model"]),
    ("flow", &["model", "decode"]),
    ("protocol", &["model"]),
    ("graph", &["model"]),
    ("query", &["model", "graph"]),
    ("policy", &["model", "graph", "query"]),
    ("finding", &["model", "graph", "query"]),
    ("store", &["model", "graph", "finding"]),
    ("pipeline", &["model", "config", "capture", "decode", "flow", "protocol", "graph", "finding", "store"]),
    ("report", &["model", "graph", "query", "policy", "finding"]),
    ("question", &["model", "config", "graph", "query", "policy", "finding", "report"]),
    (
        "api",
        &[
            "model", "config", "graph", "query", "policy", "finding", "store", "pipeline", "report",
            "question",
        ],
    ),
    (
        "cli",
        &[
            "model", "config", "capture", "graph", "query", "policy", "finding", "store", "pipeline",
            "report", "question", "api",
        ],
    ),
];

/// Lines after which a file has more than one subject.
const LINES_MAX: usize = 600;

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn src() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// The top-level module that a file belongs to; none for lib.rs and main.rs.
fn module_of(file: &Path) -> Option<String> {
    let inside = file.strip_prefix(src()).unwrap();
    let first = inside.components().next().unwrap().as_os_str().to_str().unwrap();
    (inside.components().count() > 1).then(|| first.to_owned())
}

/// Every module named after `crate::` in code, also inside braces: `use crate::{a, b::C}`.
fn imports(text: &str) -> BTreeSet<String> {
    let code: String =
        text.lines().map(|line| line.split("//").next().unwrap()).collect::<Vec<_>>().join("\n");
    let mut found = BTreeSet::new();
    for (at, start) in code.match_indices("crate::") {
        let rest = &code[at + start.len()..];
        let names: Vec<String> = match rest.strip_prefix('{') {
            Some(group) => first_words_of_group(group),
            None => vec![first_word(rest)],
        };
        found.extend(names);
    }
    found
}

fn first_word(text: &str) -> String {
    text.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

fn first_words_of_group(group: &str) -> Vec<String> {
    let (mut depth, mut words, mut start) = (0, Vec::new(), 0);
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => {
                words.push(first_word(&group[start..at]));
                break;
            }
            '}' => depth -= 1,
            ',' if depth == 0 => {
                words.push(first_word(&group[start..at]));
                start = at + 1;
            }
            _ => {}
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[test]
fn modules_import_only_what_stands_before_them() {
    let table: BTreeMap<&str, &[&str]> = MAY_IMPORT.iter().copied().collect();
    let mut wrong = Vec::new();
    for file in sources(&src()) {
        let Some(module) = module_of(&file) else { continue };
        let allowed = table.get(module.as_str()).unwrap_or_else(|| panic!("{module} is not in the table"));
        for import in imports(&fs::read_to_string(&file).unwrap()) {
            if import != module && !allowed.contains(&import.as_str()) {
                wrong.push(format!("{} imports crate::{import}", file.display()));
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn the_table_has_no_cycle() {
    for (place, (module, imports)) in MAY_IMPORT.iter().enumerate() {
        for import in *imports {
            let before = MAY_IMPORT[..place].iter().any(|(name, _)| name == import);
            assert!(before, "{module} may import {import}, which stands after it");
        }
    }
}

#[test]
fn the_library_lists_every_module_in_order_and_exports_nothing_else() {
    let library = fs::read_to_string(src().join("lib.rs")).unwrap();
    let listed: Vec<&str> =
        library.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';')).collect();
    let table: Vec<&str> = MAY_IMPORT.iter().map(|(module, _)| *module).collect();
    assert_eq!(listed, table);
    assert!(!library.contains("pub use"), "a root re-export hides who imports whom");
}

#[test]
fn files_have_one_subject_and_say_which() {
    let mut wrong = Vec::new();
    for file in sources(&src()) {
        let text = fs::read_to_string(&file).unwrap();
        let lines = text.lines().count();
        if lines > LINES_MAX {
            wrong.push(format!("{} has {lines} lines", file.display()));
        }
        if !text.starts_with("//!") {
            wrong.push(format!("{} does not say what it is about", file.display()));
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn threads_start_in_the_pipeline_only() {
    for file in sources(&src()) {
        if module_of(&file).as_deref() != Some("pipeline") {
            let text = fs::read_to_string(&file).unwrap();
            for word in ["thread::spawn", "thread::scope", "thread::Builder"] {
                assert!(!text.contains(word), "{} has {word}", file.display());
            }
        }
    }
}

/// Protocols that no capture of the lab speaks, with the reason.
const WITHOUT_CAPTURE: &[(&str, &str)] = &[
    ("bacnet", "no daemon of the lab speaks it yet; its unit tests hold the bytes"),
    ("bgp", "no daemon of the lab speaks it yet; its unit tests hold the bytes"),
    ("cassandra", "no daemon of the lab speaks it yet; its unit tests hold the bytes"),
    ("dnp3", "no daemon of the lab speaks it yet; its unit tests hold the bytes"),
    ("enip", "no daemon of the lab speaks it yet; its unit tests hold the bytes"),
    ("iec104", "no daemon of the lab speaks it yet; its unit tests hold the bytes"),
    ("irc", "no daemon of the lab speaks it yet; its unit tests hold the bytes"),
    ("modbus", "no daemon of the lab speaks it yet; its unit tests hold the bytes"),
    ("mongodb", "no daemon of the lab speaks it yet; its unit tests hold the bytes"),
    ("nfs", "no daemon of the lab speaks it yet; its unit tests hold the bytes"),
    ("onc-rpc", "no daemon of the lab speaks it yet; its unit tests hold the bytes"),
    ("opcua", "no daemon of the lab speaks it yet; its unit tests hold the bytes"),
    ("oracle", "no daemon of the lab speaks it yet; its unit tests hold the bytes"),
    ("portmap", "no daemon of the lab speaks it yet; its unit tests hold the bytes"),
    ("quic", "no daemon of the lab speaks it yet; its unit tests hold the packets of the specification"),
    ("radius", "no daemon of the lab speaks it yet; its unit tests hold the bytes"),
    ("s7comm", "no daemon of the lab speaks it yet; its unit tests hold the bytes"),
    ("sip", "no daemon of the lab speaks it yet; its unit tests hold the bytes"),
    ("socks", "no daemon of the lab speaks it yet; its unit tests hold the bytes"),
    ("syslog", "no daemon of the lab speaks it yet; its unit tests hold the bytes"),
    ("tacacs", "no daemon of the lab speaks it yet; its unit tests hold the bytes"),
    ("amqp", "the lab has no broker yet; its unit tests hold the bytes"),
    ("dcerpc", "the lab has no domain controller yet; its unit tests hold bytes of one"),
    ("dhcpv6", "asks a group, so that no service shows it; its unit tests hold the bytes"),
    ("dtls", "no daemon of the lab speaks it yet; its unit tests hold the bytes"),
    ("kafka", "the lab has no broker yet; its unit tests hold the bytes"),
    ("mqtt", "the lab has no broker yet; its unit tests hold bytes of one"),
    ("mssql", "no free server runs in the lab; its unit tests hold bytes of one"),
    ("mssql-browser", "no free server runs in the lab; its unit tests hold the bytes"),
    ("nats", "the lab has no broker yet; its unit tests hold the bytes"),
    ("netbios-dgm", "goes to a broadcast address, so that no service shows it; mail-and-files holds it"),
    ("proxy-protocol", "the lab has no balancer that speaks it; its unit tests hold the bytes"),
    ("rexec", "nobody serves it any more; its unit tests hold the bytes"),
    ("rlogin", "nobody serves it any more; its unit tests hold the bytes"),
    ("rsh", "nobody serves it any more; its unit tests hold bytes of one"),
    ("rsync", "no daemon of the lab speaks it yet; its unit tests hold the bytes"),
    ("ssdp", "goes to a group, so that no service shows it; its unit tests hold the bytes"),
    ("xmpp", "no daemon of the lab speaks it yet; its unit tests hold the bytes"),
    ("x11", "no display of the lab listens; its unit tests hold the bytes"),
];

#[test]
fn every_analyzer_has_a_capture() {
    let captures = Path::new(env!("CARGO_MANIFEST_DIR")).join("captures");
    let mut spoken = BTreeSet::new();
    for entry in fs::read_dir(captures).unwrap() {
        let folder = entry.unwrap().path();
        if folder.ends_with("chains") {
            continue; // many captures of few protocols, for what needs what; no document is kept of them
        }
        let expected = folder.join("expected.json");
        let text =
            fs::read_to_string(&expected).unwrap_or_else(|_| panic!("{} is missing", expected.display()));
        let document: serde_json::Value = serde_json::from_str(&text).unwrap();
        for list in ["services", "dependencies"] {
            let rows = document[list].as_array().unwrap();
            spoken.extend(rows.iter().map(|row| row["protocol"].as_str().unwrap().to_owned()));
        }
        // Protocols spoken to groups make no service; their findings and names show them.
        for finding in document["findings"].as_array().unwrap() {
            match finding["rule"].as_str().unwrap() {
                "WIN-15" => spoken.insert("llmnr".to_owned()),
                "WIN-16" => spoken.insert("nbns".to_owned()),
                _ => false,
            };
        }
        for host in document["hosts"].as_array().unwrap() {
            let names = host["names"].as_array().unwrap();
            spoken.extend(names.iter().map(|name| name["source"].as_str().unwrap().to_owned()));
        }
        if document["services"].as_array().unwrap().iter().any(|service| !service["tls"].is_null()) {
            spoken.insert("tls".to_owned());
        }
    }
    let known = ANALYZERS.iter().map(|analyzer| analyzer.protocol());
    let silent: BTreeSet<&str> = known.filter(|protocol| !spoken.contains(*protocol)).collect();
    let excused: BTreeSet<&str> = WITHOUT_CAPTURE.iter().map(|(name, _)| *name).collect();
    assert_eq!(silent, excused, "protocols that no capture speaks");
}
