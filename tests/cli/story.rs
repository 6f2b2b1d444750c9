//! The story that `analyze` tells.

use super::*;

#[test]
fn is_told_in_order() {
    let text = told(&["analyze", THREE_TIER]);
    assert!(text.starts_with(&format!("{THREE_TIER}\n  2,094 packets, ")), "{text}");
    let headings =
        ["IN SHORT", "ACT FIRST", "HOSTS", "SERVICES", "DEPENDENCIES", "WHAT THIS TAP COULD NOT SEE", "NEXT"];
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
    assert!(text.contains("ACT FIRST\n  SCAN      10.79.1.66 scanned: "), "{text}");
    assert!(text.contains(" of the hosts were only spoken to: nothing came back."), "{text}");
}

#[test]
fn fits_the_terminal() {
    for capture in [THREE_TIER, MAIL, SCAN] {
        for columns in ["80", "120"] {
            let text = wide(&["analyze", capture], columns);
            let commands = |line: &str| line.contains("tapmap ");
            let long =
                text.lines().find(|line| line.chars().count() > columns.parse().unwrap() && !commands(line));
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
    let (text, talk) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert!(text.contains("  ! ") && text.replace("\n    ", " ").contains(why), "{text}");
    assert!(text.contains("1 source was not read to the end"), "{text}");
    assert_eq!(talk, format!("tapmap: `{cut}`: {why}\n"));
}

#[test]
fn says_so_where_there_is_nothing() {
    let text = told(&["analyze", THREE_TIER, "--", "tcp", "port", "1"]);
    assert!(text.contains("No host was seen: every packet was filtered out."), "{text}");
    assert!(text.contains("2,094 of 2,094 packets (100 %) were left out by the filter"), "{text}");
    assert_eq!(told(&["hosts", "-r", THREE_TIER, "-f", "tcp port 1"]), "no hosts\n");
}

#[test]
fn says_that_a_file_was_named_twice() {
    let output = tapmap(&["analyze", MAIL, &format!("./{MAIL}")]).env("COLUMNS", "200").output().unwrap();
    let (text, talk) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    let says = format!("`./{MAIL}` is the same file as another one named");
    assert!(text.contains(&says) && !text.contains("mirror"), "{text}");
    assert_eq!(talk, format!("tapmap: {says}\n"));
}
