//! `tapmap doctor`: what it says of taps that are good, half, ordinary ports, or silent.

use std::process::{Command, Output, Stdio};

use super::cable::{Cable, broadcast, segment, sh};

fn tapmap(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tapmap"));
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Runs the doctor while frames are sent, round after round, until it has made up its mind.
fn doctor(cable: &mut Cable, seconds: &str, more: &[&str], mut round: impl FnMut(&mut Cable, u16)) -> Output {
    let arguments = [&["doctor", "-i", "tap0", "--seconds", seconds], more].concat();
    let mut child = tapmap(&arguments).spawn().unwrap();
    let mut number = 0;
    while child.try_wait().unwrap().is_none() {
        number = u16::wrapping_add(number, 1);
        round(cable, number);
    }
    child.wait_with_output().unwrap()
}

fn text(bytes: &[u8]) -> &str {
    str::from_utf8(bytes).unwrap()
}

/// Its first line and its exit status.
fn verdict(cable: &mut Cable, round: impl FnMut(&mut Cable, u16)) -> (String, i32) {
    let output = doctor(cable, "1", &[], round);
    let first = text(&output.stdout).lines().next().unwrap_or_else(|| panic!("{}", text(&output.stderr)));
    (first.to_owned(), output.status.code().unwrap())
}

/// A little of eight conversations, from these sides.
fn speak(cable: &mut Cable, round: u16, sides: &[bool]) {
    for port in 0..8 {
        for side in sides {
            cable.send(&segment(40_000 + port, *side, 64, round.wrapping_mul(16).wrapping_add(port)));
        }
    }
}

pub fn verdicts() {
    let mut cable = Cable::new(0);
    let (said, status) = verdict(&mut cable, |cable, round| speak(cable, round, &[true, false]));
    assert_eq!((said.as_str(), status), ("good: both directions of 8 of 8 TCP connections", 0));
    let (said, status) = verdict(&mut cable, |cable, round| speak(cable, round, &[true]));
    assert!(said.starts_with("one direction only: 8 of 8 TCP connections"), "{said}");
    assert_eq!(status, 1);
    let (said, status) = verdict(&mut cable, |cable, _| cable.send(&broadcast()));
    assert!(said.starts_with("broadcast only: "), "{said}");
    assert_eq!(status, 1);
    let (said, status) = verdict(&mut cable, |_, _| {});
    assert_eq!((said.as_str(), status), ("nothing: not one frame came", 1));
    assert_eq!(cable.heard(), 0, "a doctor that talks is none");
}

pub fn page() {
    let mut cable = Cable::new(0);
    let output = doctor(&mut cable, "1", &["-o", "json"], |cable, round| {
        speak(cable, round, &[true, false]);
        // Twice from the mirror, and once more from behind a router.
        let twice = segment(50_000, true, 64, round);
        cable.send(&twice);
        cable.send(&twice);
        cable.send(&segment(50_000, true, 63, round));
        cable.send(&segment(50_000, false, 64, round));
    });
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(document["verdict"], "good");
    assert_eq!(document["conversations_both"], 9);
    let count = |name: &str| document[name].as_u64().unwrap();
    assert!(count("mirrored_copies") > 0 && count("routed_copies") > 0, "{document}");
    assert_eq!(document["vlans"][0][0], 20);
    assert_eq!(document["taps"][0]["transmitted"], 0);
    assert_eq!(document["taps"][0]["may_transmit"], serde_json::Value::Null);
    // Turned on, the kernel may speak, and the doctor says so with what turns it off.
    sh("sysctl -qw net/ipv6/conf/tap0/disable_ipv6=0");
    let output =
        doctor(&mut cable, "1", &["--snaplen", "64"], |cable, round| speak(cable, round, &[true, false]));
    let page = text(&output.stdout);
    for word in [
        "the kernel may transmit on `tap0`: IPv6 is on; turn it off with `sysctl -w net/ipv6/conf/tap0/disable_ipv6=1`",
        "VLANs       20",
        "subnets",
        "whether it is right, packets alone do not tell",
    ] {
        assert!(page.contains(word), "no `{word}` in\n{page}");
    }
    let wrong = tapmap(&["doctor", "-i", "eth7"]).output().unwrap();
    assert_eq!(wrong.status.code(), Some(2));
    assert!(text(&wrong.stderr).contains("no such interface (have `far0`, `lo`, `tap0`)"));
}

pub fn interfaces() {
    let _cable = Cable::new(0);
    let listed = tapmap(&["doctor", "--list-interfaces"]).output().unwrap();
    assert!(listed.status.success());
    let names: Vec<&str> =
        text(&listed.stdout).lines().filter_map(|line| line.split_whitespace().next()).collect();
    assert_eq!(names, ["far0", "lo", "tap0"]);
    let document = tapmap(&["doctor", "--list-interfaces", "-o", "json"]).output().unwrap().stdout;
    let document: serde_json::Value = serde_json::from_slice(&document).unwrap();
    assert_eq!(document["interfaces"][2]["name"], "tap0");
    assert_eq!(document["interfaces"][2]["state"], "up");
}
