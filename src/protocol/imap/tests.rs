//! Dialogues as seen on the wire, and what only looks like them.

use super::identity;
use crate::model::{Observation, Practice, Role, Side, State};
use crate::protocol::testing::Line::{C, S};
use crate::protocol::testing::{Line, Outcome, hex, late, tcp};

fn product(of: Role, text: &str) -> Observation {
    Observation::Product { of, text: text.into() }
}

fn login(state: State) -> Observation {
    let what = "LOGIN or AUTHENTICATE PLAIN without TLS".into();
    Observation::Practice { practice: Practice::ImapLogin, state, at_fault: Role::Server, what }
}

/// The protocol is IMAP, the client the script's, and exactly this was told.
fn check(lines: &[Line<'_>], told: &[Observation]) {
    let Outcome { protocol, client_right, mut observations } = tcp(lines);
    // Whatever follows STARTTLS in these scripts is no TLS, and is said to be none.
    observations.retain(|observation| {
        !matches!(observation, Observation::Anomaly("tls_record" | "tls_client_hello"))
    });
    assert_eq!((protocol, client_right), (Some("imap"), Some(true)), "{lines:?}");
    assert_eq!(observations, told, "{lines:?}");
}

const GREETING: Line<'static> = S(b"* OK [CAPABILITY IMAP4rev1 STARTTLS] IMAP4rev1 Service Ready\r\n");

#[test]
fn a_login_in_clear() {
    let lines = [
        S(b"* OK Microsoft Exchange IMAP4rev1 server version 5.5.2650.23 (umr-mail02) ready\r\n"),
        C(b"a0000 CAPABILITY\r\n"),
        S(b"* CAPABILITY IMAP4 IMAP4rev1 AUTH=NTLM\r\na0000 OK CAPABILITY completed.\r\n"),
        C(b"a0001 LOGIN \"user\" \"XXXXXX\"\r\n"),
        S(b"a0001 OK LOGIN completed.\r\n"),
    ];
    let exchange =
        product(Role::Server, "Microsoft Exchange IMAP4rev1 server version 5.5.2650.23 (umr-mail02)");
    check(&lines, &[exchange, login(State::Attempted), login(State::Used)]);
    check(&[GREETING, C(b"1 LOGIN a b\r\n"), S(b"1 NO no\r\n")], &[login(State::Attempted)]);
    check(&[GREETING, C(b"1 LOGIN a b\r\n"), S(b"* 1 EXISTS\r\n2 OK\r\n")], &[login(State::Attempted)]);
}

#[test]
fn authenticate_shows_the_password_or_not() {
    let plain = [GREETING, C(b"1 AUTHENTICATE PLAIN\r\n"), S(b"+ \r\n"), C(b"AGEAYg==\r\n"), S(b"1 OK\r\n")];
    check(&plain, &[login(State::Attempted), login(State::Used)]);
    check(&[GREETING, C(b"1 AUTHENTICATE GSSAPI YII=\r\n"), S(b"1 OK\r\n"), C(b"2 LOGIN a b\r\n")], &[]);
}

#[test]
fn literals_hold_no_commands() {
    let lines = [
        GREETING,
        C(b"1 LOGIN {5}\r\n"),
        S(b"+ go\r\n"),
        C(b"alice {6+}\r\nsecret\r\n"),
        S(b"1 NO\r\n"),
        C(b"2 STATUS {17+}\r\nx STARTTLS\r\nabcd (MESSAGES)\r\n3 ID (\"name\" \"Thunder\" \"version\" NIL)\r\n"),
        S(b"* 1 FETCH (BODY[] {16}\r\n2 OK\r\n* ID (\"n)\r\n UID 5)\r\n* ID (\"name\" \"Dovecot\" \"version\" \"2.3\")\r\n"),
    ];
    let told =
        [login(State::Attempted), product(Role::Client, "Thunder"), product(Role::Server, "Dovecot 2.3")];
    check(&lines, &told);
}

#[test]
fn a_login_inside_tls_is_nobodys_business() {
    let after = C(b"2 LOGIN a b\r\n");
    let ask = [GREETING, C(b". STARTTLS\r\n")];
    check(&[&ask[..], &[S(b". OK Begin TLS\r\n"), after.clone(), S(b"2 OK\r\n")]].concat(), &[]);
    check(&[&ask[..], &[S(b". BAD No TLS\r\n"), after]].concat(), &[login(State::Attempted)]);
    let hello = hex("16 03 01 00 05 01 00 00 01 00");
    check(&[C(b"1 STARTTLS\r\n"), C(&hello), C(b"2 LOGIN a b\r\n")], &[]);
}

#[test]
fn one_direction_is_enough() {
    check(&[C(b"1 LOGIN a b\r\n")], &[login(State::Attempted)]);
    check(&[GREETING], &[]);
}

#[test]
fn a_mailbox_is_opened_by_the_trusted() {
    check(&[S(b"* PREAUTH ready\r\n"), C(b"1 SELECT \"INBOX\"\r\n2 LOGIN a b\r\n")], &[]);
}

#[test]
fn others_are_not_it() {
    for lines in [
        &[S(b"+OK POP3 ready\r\n"), C(b"USER a\r\n")][..],
        &[S(b"220 mx ESMTP\r\n"), C(b"AUTH LOGIN\r\n")],
        &[C(b"AUTH LOGIN dXNlcg==\r\n")],
        &[C(b"x SELECT * FROM t\r\n")],
        &[C(b"GET / HTTP/1.1\r\n\r\n")],
        &[S(b"* ACAP (IMPLEMENTATION \"x\")\r\n")],
        &[S(b"* item one\r\n* item two\r\n")],
        &[S(b"\"IMPLEMENTATION\" \"Dovecot Pigeonhole\"\r\n"), C(b"AUTHENTICATE \"PLAIN\" \"AGEAYg==\"\r\n")],
        &[S(b"SSH-2.0-OpenSSH_9.2\r\n"), C(b"1 LOGIN a b\r\n")],
    ] {
        assert_ne!(tcp(lines).protocol, Some("imap"), "{lines:?}");
    }
}

#[test]
fn heard_late_it_is_recognised_by_what_only_it_says() {
    let said = |side, bytes: &[u8]| late(&[(side, bytes)]);
    assert_eq!(said(Side::B, b"a5 UID FETCH 1:* (FLAGS)\r\n"), (Some("imap"), Some(Side::B)));
    assert_eq!(said(Side::A, b"* 13 EXISTS\r\n* 13 RECENT\r\n"), (Some("imap"), Some(Side::B)));
    assert_eq!(said(Side::A, b"a5 OK done\r\n"), (None, None));
    assert_eq!(said(Side::A, b"* 13 apples\r\n"), (None, None));
}

#[test]
fn identities_may_lack_anything() {
    assert_eq!(identity(b"(\"vendor\" NIL \"Version\" \"1.5\" \"name\" \"Cyrus\")"), "Cyrus 1.5");
    assert_eq!(identity(b"(\"name\" \"Cyrus"), "Cyrus");
    for empty in [&b"NIL"[..], b"", b"(", b"()", b"(\"name\" NIL)", b"(\"name\")", b"(\"\" \"\""] {
        assert_eq!(identity(empty), "", "{empty:?}");
    }
}
