//! `diff`: captures, times and saved reports against each other.

use serde_json::Value;

use super::{MAIL, THREE_TIER, file, folder, refused, told};

#[test]
fn a_capture_is_no_different_from_its_own_report() {
    let folder = folder();
    let saved = file(folder.path(), "base.json", told(&["analyze", THREE_TIER, "-o", "json"]));
    for (before, after) in [(saved.as_str(), THREE_TIER), (THREE_TIER, saved.as_str())] {
        assert!(told(&["diff", before, after]).contains("No difference"), "{before} {after}");
    }
}

#[test]
fn two_captures_differ_in_everything_that_they_do_not_share() {
    let there: Value = serde_json::from_str(&told(&["diff", THREE_TIER, MAIL, "-o", "json"])).unwrap();
    let back: Value = serde_json::from_str(&told(&["diff", MAIL, THREE_TIER, "-o", "json"])).unwrap();
    for list in ["hosts", "services", "dependencies", "certificates", "protocols"] {
        assert_eq!(there["result"][list]["new"], back["result"][list]["gone"], "{list}");
        assert_eq!(there["result"][list]["gone"], back["result"][list]["new"], "{list}");
    }
    let new = there["result"]["protocols"]["new"].as_array().unwrap();
    assert!(new.contains(&"smtp".into()) && !new.contains(&"postgresql".into()), "{new:?}");
}

#[test]
fn two_times_of_a_capture_differ_in_what_happened_only_in_one() {
    let report: Value = serde_json::from_str(&told(&["analyze", MAIL, "-o", "json"])).unwrap();
    let first = report["capture"]["sources"][0]["first"].as_str().unwrap();
    let answered = report["dependencies"].as_array().unwrap().iter().filter(|row| row["state"] != "attempt");
    let latest = answered.max_by_key(|row| row["first"].as_str().unwrap().to_owned()).unwrap();
    let split = latest["first"].as_str().unwrap();
    let (early, late) = (format!("{first}/{split}"), format!("{split}/2100-01-01T00:00:00Z"));
    let difference: Value =
        serde_json::from_str(&told(&["diff", "-r", MAIL, &early, &late, "-o", "json"])).unwrap();
    let new = difference["result"]["dependencies"]["new"].as_array().unwrap();
    assert!(new.contains(&latest["id"]), "{} began at {split}: {new:?}", latest["id"]);
    assert!(told(&["diff", "-r", MAIL, &early, &early]).contains("No difference"));
    let says = refused(&["diff", "-r", MAIL, &format!("{split}/{first}"), &early], 2);
    assert!(says.contains("ends before it begins"), "{says}");
}

#[test]
fn wrong_sides_are_named() {
    let folder = folder();
    let other = file(folder.path(), "other.json", r#"{"schema": "other/1"}"#);
    for (before, status, says) in [
        ("no-such.pcap", 1, "`no-such.pcap` does not exist"),
        ("2026-01-01T00:00:00Z/2026-01-02T00:00:00Z", 2, "name the captures with `-r FILE`"),
        ("2026-01-01/2026-01-02", 2, "is a day and not a moment"),
        (other.as_str(), 1, "its schema is `other/1`"),
    ] {
        let read: &[&str] = if says.contains("moment") { &["-r", MAIL] } else { &[] };
        let said = refused(&[&["diff", before, MAIL], read].concat(), status);
        assert!(said.contains(says), "{before}: {said}");
    }
    assert!(refused(&["diff", MAIL, MAIL, "-o", "csv"], 2).contains("one document"));
}
