//! Dialogues as seen on the wire, and what only looks like them.

use crate::model::{Observation, Practice, Role, Side, State};
use crate::protocol::testing::Line::{C, S};
use crate::protocol::testing::{Line, Outcome, hex, late, tcp};

fn product(text: &str) -> Observation {
    Observation::Product { of: Role::Server, text: text.into() }
}

fn login(state: State) -> Observation {
    let what = "USER and PASS, APOP or AUTH PLAIN without TLS".into();
    Observation::Practice { practice: Practice::PopLogin, state, at_fault: Role::Server, what }
}

/// The protocol is POP3, the client the script's, and exactly this was told.
fn check(lines: &[Line<'_>], told: &[Observation]) {
    let Outcome { protocol, client_right, mut observations } = tcp(lines);
    // Whatever follows STARTTLS in these scripts is no TLS, and is said to be none.
    observations.retain(|observation| {
        !matches!(observation, Observation::Anomaly("tls_record" | "tls_client_hello"))
    });
    assert_eq!((protocol, client_right), (Some("pop3"), Some(true)), "{lines:?}");
    assert_eq!(observations, told, "{lines:?}");
}

const GREETING: Line<'static> = S(b"+OK POP3 server ready <1896.697170952@dbc.mtview.ca.us>\r\n");

#[test]
fn a_login_in_clear() {
    let begun = [GREETING, C(b"USER alice\r\n"), S(b"+OK Please enter your password\r\n"), C(b"PASS x\r\n")];
    let play =
        |answer: &'static [u8], told: &[Observation]| check(&[&begun[..], &[S(answer)]].concat(), told);
    play(b"+OK mailbox locked and ready\r\n", &[login(State::Attempted), login(State::Used)]);
    play(b"-ERR no\r\n", &[login(State::Attempted)]);
    play(b"", &[login(State::Attempted)]);
    let apop = C(b"APOP mrose c4c9334bac560ecc979e58001b3e22fb\r\n");
    check(&[GREETING, apop, S(b"+OK\r\n")], &[login(State::Attempted), login(State::Used)]);
}

#[test]
fn auth_shows_the_password_or_not() {
    let capabilities = S(b"+OK\r\nSASL PLAIN LOGIN\r\nUSER\r\n.\r\n");
    let plain = [
        S(b"+OK Dovecot (Ubuntu) ready.\r\n"),
        C(b"CAPA\r\n"),
        capabilities,
        C(b"AUTH PLAIN\r\n"),
        S(b"+ \r\n"),
        C(b"AGEAYg==\r\n"),
        S(b"+OK\r\n"),
    ];
    check(&plain, &[product("Dovecot (Ubuntu)"), login(State::Attempted), login(State::Used)]);
    check(&[GREETING, C(b"AUTH CRAM-MD5\r\n"), S(b"+ PDE4\r\n"), C(b"dGlt\r\n"), S(b"+OK\r\n")], &[]);
}

#[test]
fn a_login_inside_tls_is_nobodys_business() {
    let after = C(b"USER a\r\nPASS b\r\n");
    let ask = [GREETING, C(b"STLS\r\n")];
    check(&[&ask[..], &[S(b"+OK Begin TLS\r\n"), after.clone(), S(b"+OK\r\n+OK\r\n")]].concat(), &[]);
    check(&[&ask[..], &[S(b"-ERR No TLS\r\n"), after]].concat(), &[login(State::Attempted)]);
    let hello = hex("16 03 01 00 05 01 00 00 01 00");
    check(&[C(b"STLS\r\n"), C(&hello), C(b"PASS b\r\n")], &[]);
}

#[test]
fn one_direction_is_enough() {
    check(&[C(b"USER a\r\nPASS b\r\nSTAT\r\nUIDL\r\n")], &[login(State::Attempted)]);
    check(&[GREETING], &[]);
}

#[test]
fn a_greeting_that_does_not_say_what_it_is() {
    check(&[S(b"+OK hello\r\n"), C(b"USER a\r\n")], &[]);
    assert_eq!(tcp(&[S(b"+OK hello\r\n")]).protocol, None);
}

#[test]
fn others_that_answer_or_ask_alike_are_not_it() {
    for lines in [
        &[S(b"220 ready\r\n"), C(b"USER a\r\n"), S(b"331 Password\r\n")][..],
        &[C(b"USER a\r\nPASS b\r\nSYST\r\n")],
        &[C(b"AUTH secret\r\n"), S(b"+OK\r\n")],
        &[C(b"*1\r\n$4\r\nPING\r\n"), S(b"+OK\r\n")],
        &[C(b"PASS x\r\nNICK a\r\nUSER a 0 * :a\r\n")],
        &[S(b"* OK IMAP4rev1\r\n"), C(b"1 LOGIN a b\r\n")],
        &[C(b"APOP mrose secret\r\n")],
    ] {
        assert_ne!(tcp(lines).protocol, Some("pop3"), "{lines:?}");
    }
}

#[test]
fn heard_late_it_is_recognised_by_what_only_it_says() {
    assert_eq!(late(&[(Side::B, b"UIDL\r\n")]), (Some("pop3"), Some(Side::B)));
    assert_eq!(late(&[(Side::A, b"+OK 1024 octets\r\n")]), (Some("pop3"), Some(Side::B)));
    assert_eq!(late(&[(Side::A, b"RETR 1\r\n"), (Side::B, b"+OK\r\n")]), (Some("pop3"), Some(Side::A)));
    assert_eq!(late(&[(Side::A, b"+OK\r\n")]), (None, None));
    assert_eq!(late(&[(Side::A, b"RETR 1\r\n")]), (None, None));
}
