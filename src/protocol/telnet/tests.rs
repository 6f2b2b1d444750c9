//! Negotiations as seen on the wire, and what only looks like them.

use crate::model::{Observation, Practice, Role, Side, State};
use crate::protocol::testing::Line::{C, S};
use crate::protocol::testing::{Line, hex, late, tcp};

fn told(states: &[State]) -> Vec<Observation> {
    let telnet = |state: &State| Observation::Practice {
        practice: Practice::Telnet,
        state: *state,
        at_fault: Role::Server,
        what: "telnet session".into(),
    };
    states.iter().map(telnet).collect()
}

/// The protocol is telnet, the client as given, and exactly these states were told.
fn check(lines: &[Line<'_>], client_right: Option<bool>, states: &[State]) {
    let outcome = tcp(lines);
    assert_eq!((outcome.protocol, outcome.client_right), (Some("telnet"), client_right), "{lines:?}");
    assert_eq!(outcome.observations, told(states), "{lines:?}");
}

const USED: &[State] = &[State::Negotiated, State::Used];

#[test]
fn a_session_with_options() {
    let lines = [
        S(&hex("fffd18 fffd20 fffd23 fffd27")),
        C(&hex("fffb18 fffb1f")),
        S(&hex("fffa2701fff0 fffa1801fff0")),
        C(&hex("fffa1f0075003ffff0 fffa2700fff0 fffa1800414e5349fff0")),
        S(&hex("fffb03 fffd01")),
        C(&hex("fffd03 fffb01")),
    ];
    check(&lines, Some(true), &[State::Negotiated]);
    let typed = [&lines[..], &[S(b"login: "), C(b"o")]].concat();
    check(&typed, Some(true), USED);
}

#[test]
fn options_that_come_late_prove_the_client() {
    // The side that connected is the server here: it asks for the other one's terminal type.
    let lines = [C(&hex("fffb01 fffb03")), S(&hex("fffd01")), C(&hex("fffd18")), S(b"x")];
    let outcome = tcp(&lines);
    assert_eq!((outcome.protocol, outcome.client_right), (Some("telnet"), Some(false)));
    assert_eq!(outcome.observations, told(&[State::Attempted, State::Negotiated, State::Used]));
}

#[test]
fn one_direction_is_enough() {
    check(&[S(&hex("fffd18 fffd20"))], Some(true), &[State::Negotiated]);
    check(&[C(&hex("fffb18 fffb1f")), C(b"root\r\0")], Some(true), &[State::Attempted]);
    check(&[S(&hex("fffb01")), S(b"\r\nUser Access Verification\r\n")], None, &[State::Negotiated]);
}

#[test]
fn prompts_without_options() {
    // The client's first byte is what gives them away, so it is read first.
    let states = &[State::Attempted, State::Used];
    check(&[S(b"\r\nUser Access Verification\r\n\r\nPassword: "), C(b"c")], Some(true), states);
    check(&[S(b"box login:"), C(b"root\r\n")], Some(true), states);
    for lines in [
        &[S(b"box login: ")][..],
        &[S(b"331 Password:\r\n"), C(b"PASS x\r\n")],
        &[S(b"SSH-2.0-OpenSSH_9.2\r\n"), C(b"SSH-2.0-x\r\n")],
        &[S(b"hello\r\n"), C(b"root\r\n")],
    ] {
        assert_ne!(tcp(lines).protocol, Some("telnet"), "{lines:?}");
    }
}

#[test]
fn other_bytes_of_all_ones_are_not_it() {
    for lines in [
        // Frames of MPEG audio, a picture, numbers.
        &[S(&hex("fffb9064 00000000"))][..],
        &[S(&hex("fffb1044 00000000"))],
        &[S(&hex("ffd8ffe0 00104a46"))],
        &[S(&hex("ffffffff ffffffff"))],
        &[C(&hex("fffd0300 80010203"))],
        &[C(&hex("fffa1801fff0"))],
    ] {
        assert_eq!(tcp(lines).protocol, None, "{lines:?}");
    }
}

#[test]
fn heard_late_it_takes_two_options() {
    assert_eq!(late(&[(Side::B, &hex("fffd18 fffd20"))]), (Some("telnet"), Some(Side::A)));
    assert_eq!(late(&[(Side::B, &hex("fffd18"))]), (None, None));
    assert_eq!(late(&[(Side::B, b"Password: "), (Side::A, b"x")]), (None, None));
}
