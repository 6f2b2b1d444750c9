//! Text for people: colours, names, hostile bytes.

use super::well_formed::{check_dot, check_xml};
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
