//! Dialogues as seen on the wire, and what only looks like them.

use crate::model::{Observation, Practice, Role, Side, State, Token, TokenKind};
use crate::protocol::testing::Line::{C, S};
use crate::protocol::testing::{Line, Outcome, hex, tcp};

fn product(text: &str) -> Observation {
    Observation::Product { of: Role::Server, text: text.into() }
}

fn auth(state: State) -> Observation {
    Observation::Practice {
        practice: Practice::SmtpAuth,
        state,
        at_fault: Role::Server,
        what: "AUTH PLAIN or LOGIN without TLS".into(),
    }
}

/// The protocol is SMTP, the client the script's, and exactly this was told.
fn check(lines: &[Line<'_>], told: &[Observation]) {
    let Outcome { protocol, client_right, mut observations } = tcp(lines);
    // Whatever follows STARTTLS in these scripts is no TLS, and is said to be none.
    observations.retain(|observation| {
        !matches!(observation, Observation::Anomaly("tls_record" | "tls_client_hello"))
    });
    assert_eq!((protocol, client_right), (Some("smtp"), Some(true)), "{lines:?}");
    assert_eq!(observations, told, "{lines:?}");
}

const GREETING: Line<'static> = S(
    b"220-xc90.example.com ESMTP Exim 4.69 #1 Mon, 05 Oct 2009 01:05:54 -0500\r\n220 and/or bulk e-mail.\r\n",
);
const EHLO: Line<'static> = C(b"EHLO GP\r\n");
const OFFERS: Line<'static> = S(b"250-xc90.example.com Hello GP\r\n250-AUTH PLAIN LOGIN\r\n250 STARTTLS\r\n");

#[test]
fn a_login_in_clear() {
    let exim = product("Exim 4.69 #1");
    let lines = [
        GREETING,
        EHLO,
        OFFERS,
        C(b"AUTH LOGIN\r\n"),
        S(b"334 VXNlcm5hbWU6\r\n"),
        C(b"Z3VycGFydGFw\r\n"),
        S(b"334 UGFzc3dvcmQ6\r\n"),
        C(b"cHVuamFi\r\n"),
        S(b"235 Authentication succeeded\r\n"),
        C(b"MAIL FROM: <a@example.com>\r\n"),
    ];
    check(&lines, &[exim.clone(), auth(State::Attempted), auth(State::Used)]);
    let refused =
        [GREETING, EHLO, OFFERS, C(b"AUTH PLAIN AGEAYg==\r\n"), S(b"535 5.7.8 No\r\n"), C(b"QUIT\r\n")];
    check(&refused, &[exim, auth(State::Attempted)]);
}

#[test]
fn one_direction_is_enough() {
    check(&[EHLO, C(b"AUTH PLAIN\r\nAGEAYg==\r\nMAIL FROM:<a@b>\r\n")], &[auth(State::Attempted)]);
    let server =
        [GREETING, OFFERS, S(b"334 VXNlcm5hbWU6\r\n334 UGFzc3dvcmQ6\r\n235 Authentication succeeded\r\n")];
    check(&server, &[product("Exim 4.69 #1"), auth(State::Attempted), auth(State::Used)]);
}

#[test]
fn a_login_inside_tls_is_nobodys_business() {
    // The stand-in for what follows is text: it must not be read as commands.
    let after = C(b"EHLO GP\r\nAUTH PLAIN AGEAYg==\r\n");
    let lines = [
        GREETING,
        EHLO,
        OFFERS,
        C(b"STARTTLS\r\n"),
        S(b"220 TLS go ahead\r\n"),
        after.clone(),
        S(b"235 OK\r\n"),
    ];
    check(&lines, &[product("Exim 4.69 #1")]);
    // Whoever asked and was refused goes on in clear.
    let lines = [GREETING, EHLO, OFFERS, C(b"STARTTLS\r\n"), S(b"454 TLS not available\r\n"), after];
    check(&lines, &[product("Exim 4.69 #1"), auth(State::Attempted)]);
}

#[test]
fn what_follows_starttls_waits_for_the_answer() {
    // Commands smuggled behind STARTTLS belong to neither protocol until the server has answered.
    let lines = [GREETING, EHLO, OFFERS, C(b"STARTTLS\r\nAUTH PLAIN AGEAYg==\r\n"), S(b"220 go\r\n")];
    check(&lines, &[product("Exim 4.69 #1")]);
}

#[test]
fn other_mechanisms_hide_the_password() {
    let lines = [
        GREETING,
        EHLO,
        OFFERS,
        C(b"AUTH CRAM-MD5\r\n"),
        S(b"334 PDE4\r\n"),
        C(b"dGlt\r\n"),
        S(b"235 OK\r\n"),
    ];
    check(&lines, &[product("Exim 4.69 #1")]);
}

#[test]
fn messages_hold_no_commands() {
    let message = C(b"Subject: x\r\n\r\nAUTH LOGIN\r\n..\r\n. \r\n.\r\n");
    let sent = [
        GREETING,
        EHLO,
        OFFERS,
        C(b"MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n"),
        S(b"250 OK\r\n550 No such user\r\n354 Enter message\r\n"),
        message,
        S(b"550 Rejected\r\n"),
        C(b"BDAT 12\r\nAUTH LOGIN\r\nBDAT 0 LAST\r\n"),
        S(b"250 OK\r\n250 OK\r\n"),
    ];
    check(&sent, &[product("Exim 4.69 #1")]);
    let mut more = sent.to_vec();
    more.push(C(b"AUTH LOGIN\r\n"));
    check(&more, &[product("Exim 4.69 #1"), auth(State::Attempted)]);
}

#[test]
fn a_refused_message_does_not_swallow_commands() {
    let lines =
        [GREETING, EHLO, OFFERS, C(b"DATA\r\n"), S(b"503 MAIL first\r\n"), C(b"AUTH PLAIN AGEAYg==\r\n")];
    check(&lines, &[product("Exim 4.69 #1"), auth(State::Attempted)]);
}

#[test]
fn a_greeting_that_does_not_say_what_it_is() {
    check(&[S(b"220 ready\r\n"), EHLO], &[]);
    check(&[S(b"220 uprise ESMTP SubEthaSMTP null\r\n")], &[product("SubEthaSMTP null")]);
    assert_eq!(tcp(&[S(b"220 ready\r\n")]).protocol, None);
    assert_eq!(tcp(&[S(b"220 ready\r\n"), C(b"QUIT\r\n")]).protocol, None);
}

#[test]
fn others_that_greet_or_ask_alike_are_not_it() {
    for lines in [
        &[S(b"220 (vsFTPd 3.0.5)\r\n"), C(b"USER a\r\n")][..],
        &[S(b"220 ftp.example.org FTP server ready.\r\n"), C(b"EHLO x\r\n")],
        &[S(b"+OK POP3 ready\r\n"), C(b"USER a\r\n")],
        &[S(b"200 news.example.org InterNetNews ready\r\n")],
        &[S(b"SSH-2.0-OpenSSH_9.2\r\n"), C(b"EHLO x\r\n")],
        &[C(b"MAIL\r\n")],
        &[C(b"EHLO x")],
    ] {
        assert_ne!(tcp(lines).protocol, Some("smtp"), "{lines:?}");
    }
}

#[test]
fn heard_late_it_is_recognised_by_what_only_it_says() {
    use crate::protocol::testing::late;
    let said = |side, bytes: &[u8]| late(&[(side, bytes)]);
    assert_eq!(said(Side::B, b"MAIL FROM:<a@b>\r\n"), (Some("smtp"), Some(Side::B)));
    assert_eq!(said(Side::A, b"250-mx\r\n250-PIPELINING\r\n250 HELP\r\n"), (Some("smtp"), Some(Side::B)));
    assert_eq!(said(Side::A, b"250 OK\r\n"), (None, None));
    assert_eq!(said(Side::A, b"DATA\r\n"), (None, None));
}

#[test]
fn tls_is_found_where_only_the_client_was_captured() {
    let hello = hex("16 03 01 00 05 01 00 00 01 00");
    check(&[EHLO, C(b"STARTTLS\r\n"), C(&hello), C(b"AUTH PLAIN AGEAYg==\r\n")], &[]);
}

#[test]
fn a_message_is_known_by_its_name() {
    let told = |message: &[u8]| {
        let begin = C(b"MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n");
        let agreed = S(b"250 OK\r\n250 OK\r\n354 Enter message\r\n");
        let outcome = tcp(&[C(b"EHLO GP\r\n"), OFFERS, begin, agreed, C(message), S(b"250 OK\r\n")]);
        outcome.observations
    };
    let named = [Observation::Token(Token::of(TokenKind::MessageId, Role::Client, b"<1@gp.example>"))];
    assert_eq!(told(b"Subject: x\r\nMessage-Id: <1@gp.example>\r\n\r\ntext\r\n.\r\n"), named);
    assert_eq!(told(b"message-id:\r\n <1@gp.example>\r\nSubject: x\r\n\r\ntext\r\n.\r\n"), named);
    // In the body, or in another field's second line, it names nothing.
    assert_eq!(told(b"Subject: x\r\n\r\nMessage-ID: <1@gp.example>\r\n.\r\n"), []);
    assert_eq!(told(b"Subject: Message-ID:\r\n <1@gp.example>\r\n\r\n.\r\n"), []);
    assert_eq!(told(b"Message-ID: one\r\n.\r\nMessage-ID: <1@gp.example>\r\n"), []);
}
