//! What the flags do.

use serde_json::Value;

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
    assert!(text.starts_with("the configuration is good: the filter compiles; 3 local networks, "), "{text}");
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
fn captures_may_be_named_without_a_flag() {
    assert_eq!(told(&["hosts", MAIL]), told(&["hosts", "-r", MAIL]));
    assert_eq!(told(&["deps", MAIL, "-r", SCAN]), told(&["deps", "-r", SCAN, "-r", MAIL]));
    assert_eq!(told(&["export", "--format", "dot", MAIL]), told(&["export", "--format", "dot", "-r", MAIL]));
    assert_eq!(told(&["hosts", MAIL, "--", "udp"]), told(&["hosts", MAIL, "-f", "udp"]));
}

#[test]
fn what_was_asked_for_is_told_and_asked_for_again() {
    let since = "2000-01-01T00:00:00.000000000Z";
    let flags =
        ["--since", since, "-m", "10.0.0.0/8", "--as-of", "2100-01-01T00:00:00Z", "--", "udp", "port", "53"];
    let text = wide(&[&["analyze", THREE_TIER], &flags[..]].concat(), "200");
    assert!(!text.contains("  2,094 packets") && text.contains(" of 2,094 packets, "), "{text}");
    assert!(
        text.contains("Only what was asked for: filter `udp port 53`, since 2000-01-01 00:00:00Z."),
        "{text}"
    );
    let again = format!(
        "tapmap deps -r {THREE_TIER} -f 'udp port 53' --since {since} -m 10.0.0.0/8 --as-of 2100-01-01T00:00:00.000000000Z"
    );
    assert!(text.contains(&again), "{text}");
    let document: Value =
        serde_json::from_str(&told(&["analyze", THREE_TIER, "-o", "json", "-f", "udp"])).unwrap();
    assert_eq!(document["capture"]["filter"], "udp");
    assert_eq!((&document["capture"]["since"], &document["capture"]["until"]), (&Value::Null, &Value::Null));
}

#[test]
fn certificates_are_judged_at_the_moment_asked_for() {
    let expired = |as_of: &str| {
        let text = told(&["certs", "-r", THREE_TIER, "-o", "jsonl", "--as-of", as_of]);
        let rows = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        rows.filter(|row| row["status"] == "expired").count()
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
