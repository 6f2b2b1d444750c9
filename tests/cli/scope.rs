//! `host`, `seen`, `timeline` and `egress`, as somebody who scopes an incident uses them.

use serde_json::Value;

use super::{MAIL, SCAN, THREE_TIER, file, folder, refused, run, told, wide};

const KERBEROS: &str = "captures/kerberos/capture.pcap";

fn json(arguments: &[&str]) -> Value {
    serde_json::from_str(&told(&[arguments, &["-o", "json"]].concat())).unwrap()
}

fn texts(value: &Value, field: &str) -> Vec<String> {
    let rows = value.as_array().unwrap().iter();
    rows.map(|row| row[field].as_str().unwrap_or_default().to_owned()).collect()
}

#[test]
fn answers_have_one_envelope_and_fit_80_columns() {
    for arguments in [
        vec!["host", "10.77.5.21", "-r", MAIL],
        vec!["seen", "files.lab.test", "-r", MAIL],
        vec!["timeline", "10.77.5.11", "-r", MAIL],
        vec!["egress", "10.77.5.11", "-r", MAIL, "-m", "10.77.5.8/29"],
        vec!["timeline", "-r", SCAN],
        vec!["egress", "10.77.0.0/24", "-r", THREE_TIER],
    ] {
        let answer = json(&arguments);
        for field in ["schema", "question", "answer_id", "snapshot", "window", "visibility", "result"] {
            assert!(!answer[field].is_null(), "{arguments:?}: {field}");
        }
        assert_eq!(answer["schema"], "tapmap/answer/1");
        assert_eq!(answer, json(&[&arguments[..], &["--workers", "4"]].concat()), "{arguments:?}");
        let text = wide(&arguments, "80");
        let id = answer["answer_id"].as_str().unwrap();
        assert!(text.contains(&format!("answer {}", &id[..12])), "{text}");
        // Commands to copy are never cut.
        for line in text.lines().filter(|line| !line.contains("tapmap ")) {
            assert!(line.chars().count() <= 80, "{arguments:?}: {line}");
        }
    }
}

#[test]
fn a_card_tells_services_users_and_findings() {
    let card = json(&["host", "files", "-r", MAIL])["result"].clone();
    assert_eq!(card["host"]["id"], "10.77.5.21");
    let spoken = texts(&card["services"], "protocol");
    for protocol in ["ftp", "smb", "tftp", "llmnr"] {
        assert!(spoken.iter().any(|each| each == protocol), "{protocol}: {spoken:?}");
    }
    assert!(texts(&card["users"], "user").contains(&"alice".to_owned()));
    assert!(texts(&card["findings"], "rule").contains(&"FTP-01".to_owned()));
    let client = json(&["host", "10.77.5.11", "-r", MAIL])["result"].clone();
    let kinds = texts(&client["uses"], "kind");
    let mut grouped = kinds.clone();
    grouped.dedup();
    let distinct: std::collections::BTreeSet<&String> = kinds.iter().collect();
    assert_eq!(grouped.len(), distinct.len(), "rows of a kind stand together: {kinds:?}");
}

#[test]
fn who_resolved_a_name_and_who_connected() {
    let result = json(&["seen", "lab.test", "-r", KERBEROS])["result"].clone();
    let names = texts(&result["asked"], "name");
    assert!(names.contains(&"web.lab.test".to_owned()), "what is below a name belongs to it: {names:?}");
    let clients: std::collections::BTreeSet<String> = texts(&result["asked"], "client").into_iter().collect();
    assert_eq!(clients.into_iter().collect::<Vec<_>>(), ["10.77.7.11", "10.77.7.12", "10.77.7.13"]);
    let web = result["touched"].as_array().unwrap().iter();
    let web: Vec<&Value> = web.filter(|row| row["service"] == "10.77.7.21:28080/tcp").collect();
    assert_eq!(web.len(), 3);
    assert!(web.iter().all(|row| row["bytes_up"].as_u64() > Some(0)));
}

#[test]
fn what_was_never_seen_is_an_answer_with_status_one() {
    let output = run(&["seen", "bad.example", "-r", KERBEROS, "-o", "json"]);
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(1), &[][..]));
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    let result = &answer["result"];
    assert_eq!((&result["seen"], &result["first"]), (&false.into(), &Value::Null));
}

#[test]
fn users_fingerprints_and_certificates_are_indicators() {
    let user = json(&["seen", "user:alice", "-r", KERBEROS])["result"].clone();
    assert_eq!(texts(&user["touched"], "service"), ["10.77.7.20:88/udp"]);
    let report: Value = serde_json::from_str(&told(&["analyze", THREE_TIER, "-o", "json"])).unwrap();
    let certificate = &report["certificates"][0];
    let sha256 = certificate["sha256"].as_str().unwrap();
    for text in [&sha256[..8], &format!("cert:{}", certificate["serial"].as_str().unwrap())] {
        let found = json(&["seen", text, "-r", THREE_TIER])["result"].clone();
        assert_eq!(found["certificates"][0], certificate["sha256"], "{text}");
        let places = texts(&certificate["seen"], "service");
        assert!(texts(&found["touched"], "service").iter().all(|at| places.contains(at)));
    }
    let tls = report["services"].as_array().unwrap().iter().find(|row| row["tls"]["ja4"].is_array()).unwrap();
    let ja4 = tls["tls"]["ja4"][0].as_str().unwrap();
    let found = json(&["seen", ja4, "-r", THREE_TIER])["result"].clone();
    assert!(texts(&found["touched"], "service").contains(&tls["id"].as_str().unwrap().to_owned()), "{ja4}");
}

#[test]
fn a_timeline_is_in_order_and_tells_scans_sessions_and_findings() {
    let rows = told(&["timeline", "-r", SCAN, "-o", "jsonl"]);
    let rows: Vec<Value> = rows.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let times: Vec<&str> = rows.iter().map(|row| row["time"].as_str().unwrap()).collect();
    assert!(times.is_sorted());
    let what: Vec<&str> = rows.iter().map(|row| row["what"].as_str().unwrap()).collect();
    for kind in ["host", "flow", "name", "scan", "session_begins", "session_ends"] {
        assert!(what.contains(&kind), "{kind}: {what:?}");
    }
    let csv = told(&["timeline", "-r", MAIL, "-o", "csv"]);
    assert!(csv.starts_with("time,what,host,peer,service,protocol,text,new,id,source,frame\n"));
    assert!(csv.contains(",finding,10.77.5.22,"), "{csv}");
}

#[test]
fn bytes_out_add_up_and_are_sorted() {
    let result = json(&["egress", "10.77.5.8/29", "-r", MAIL, "-m", "10.77.5.8/29"])["result"].clone();
    let rows = result["destinations"].as_array().unwrap();
    let sent: Vec<u64> = rows.iter().map(|row| row["bytes_out"].as_u64().unwrap()).collect();
    assert!(sent.is_sorted_by(|one, other| one >= other) && sent.len() > 3, "{sent:?}");
    assert_eq!(sent.iter().sum::<u64>(), result["bytes_out"].as_u64().unwrap());
    assert!(rows.iter().all(|row| row["users"].as_u64() <= row["population"].as_u64()));
    let served = json(&["egress", "10.77.0.11", "-r", THREE_TIER])["result"].clone();
    assert!(texts(&served["served"], "host").contains(&"198.51.100.21".to_owned()));
}

#[test]
fn mistakes_are_told_before_anything_is_read() {
    for (arguments, status, says) in [
        (vec!["host", "10.2.0.17@2026-03-14T10:04:00", "-r", "none"], 2, "has no time zone; write"),
        (vec!["timeline", "10.0.0.9/8", "-r", "none"], 2, "write `10.0.0.0/8`"),
        (vec!["seen", "", "-r", "none"], 2, "the indicator is empty"),
        (
            vec!["blast-radius", "db", "-r", "none", "--picture", "db.png"],
            2,
            "a picture ends in .svg or .dot",
        ),
        (vec!["blast-radius", "db", "-r", "none", "-o", "csv"], 2, "an answer is one document"),
        (vec!["isolate", "db", "-r", "none", "--keep", "db"], 2, "`db` is no flow; write host:port"),
        (vec!["isolate", "db", "-r", "none", "--mode", "edge"], 2, "belong together"),
        (vec!["cut", "--from", "10.0.0.1/8", "--to", "db", "-r", "none"], 2, "write `10.0.0.0/8`"),
        (vec!["policy", "db", "-r", "none", "--infected", ""], 2, "the target is empty"),
        (vec!["host", "10.77.5.99", "-r", MAIL], 1, "its subnet is tapped"),
        (vec!["host", "10.77.5.0/24", "-r", MAIL], 1, "a card is one's"),
        (vec!["egress", "nobody.example", "-r", MAIL], 1, "was never seen"),
    ] {
        let said = refused(&arguments, status);
        assert!(said.contains(says), "{arguments:?}: {said}");
    }
}

/// A capture of ARP announcements: (second, last octet of the MAC) of 10.0.0.7.
fn arp(claims: &[(u32, u8)]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for word in [0xa1b2_c3d4u32, 0x0004_0002, 0, 0, 65_535, 1] {
        bytes.extend(word.to_le_bytes());
    }
    for (second, mac) in claims {
        let mac = [2, 0, 0, 0, 0, *mac];
        let frame = [
            &[0xff; 6][..],
            &mac,
            &[8, 6, 0, 1, 8, 0, 6, 4, 0, 1],
            &mac,
            &[10, 0, 0, 7],
            &[0; 6],
            &[10, 0, 0, 7],
        ]
        .concat();
        for word in [*second, 0, frame.len() as u32, frame.len() as u32] {
            bytes.extend(word.to_le_bytes());
        }
        bytes.extend(frame);
    }
    bytes
}

#[test]
fn an_address_at_a_time_is_whoever_held_it_then() {
    let folder = folder();
    let capture = file(folder.path(), "arp.pcap", arp(&[(1_000, 1), (2_000, 1), (5_000, 2), (6_000, 2)]));
    let at = |time: &str| json(&["host", &format!("10.0.0.7@1970-01-01T{time}"), "-r", &capture]);
    for (time, mac) in [("00:20:00Z", 1), ("02:23:30+01:00", 2), ("01:15:00Z", 1)] {
        let answer = at(time);
        let held = format!("02:00:00:00:00:0{mac}");
        assert_eq!(answer["result"]["at"]["mac"], held, "{time}");
    }
    assert_eq!(at("02:23:30+01:00")["question"]["at"], "1970-01-01T01:23:30.000000000Z");
    let text = told(&["host", "10.0.0.7", "-r", &capture]);
    assert!(text.contains("10.0.0.7 changed hands: 02:00:00:00:00:01 until"), "{text}");
    let story = told(&["timeline", "10.0.0.7", "-r", &capture, "-o", "csv"]);
    assert!(story.contains("address_changed_hands,10.0.0.7"), "{story}");
}
