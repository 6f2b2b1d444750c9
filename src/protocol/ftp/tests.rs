//! Dialogues as seen on the wire, and what only looks like them.

use crate::model::{Address, Announcement, Observation, Practice, Role, Side, State, Transport};
use crate::protocol::testing::Line::{C, S};
use crate::protocol::testing::{Line, Outcome, hex, late, tcp};

fn product(text: &str) -> Observation {
    Observation::Product { of: Role::Server, text: text.into() }
}

fn login(anonymous: bool, state: State) -> Observation {
    let what = if anonymous { "anonymous login without TLS" } else { "USER and PASS without TLS" };
    let practice = Practice::FtpLogin { anonymous };
    Observation::Practice { practice, state, at_fault: Role::Server, what: what.into() }
}

fn announced(listener: Role, address: Option<[u8; 4]>, port: u16) -> Observation {
    let (address, transport) = (address.map(Address::from), Transport::Tcp);
    let (protocol, practice) = ("ftp-data", None);
    Observation::Announced(Announcement {
        listener,
        address,
        port,
        peer_port: None,
        transport,
        protocol,
        practice,
    })
}

/// The protocol is FTP, the client the script's, and exactly this was told.
fn check(lines: &[Line<'_>], told: &[Observation]) {
    let Outcome { protocol, client_right, mut observations } = tcp(lines);
    // Whatever follows STARTTLS in these scripts is no TLS, and is said to be none.
    observations.retain(|observation| {
        !matches!(observation, Observation::Anomaly("tls_record" | "tls_client_hello"))
    });
    assert_eq!((protocol, client_right), (Some("ftp"), Some(true)), "{lines:?}");
    assert_eq!(observations, told, "{lines:?}");
}

const GREETING: Line<'static> = S(b"220 ftp.NetBSD.org FTP server (NetBSD-ftpd 20100320) ready.\r\n");

#[test]
fn an_anonymous_login_and_its_data_connections() {
    let lines = [
        GREETING,
        C(b"USER anonymous\r\n"),
        S(b"331 Guest login ok, type your name as password.\r\n"),
        C(b"PASS test\r\n"),
        S(b"230-\r\n    The NetBSD Project FTP Server\r\n220 flags\r\n230 Guest login ok\r\n"),
        C(b"PASV\r\n"),
        S(b"227 Entering Passive Mode (199,233,217,249,221,90)\r\n"),
        C(b"EPSV\r\n"),
        S(b"229 Entering Extended Passive Mode (|||57086|)\r\n"),
        C(b"PORT 141,142,220,235,195,85\r\n"),
        S(b"200 PORT command successful.\r\n"),
        C(b"EPRT |1|141.142.220.235|50001|\r\n"),
    ];
    let told = [
        product("NetBSD-ftpd 20100320"),
        login(true, State::Attempted),
        login(true, State::Used),
        announced(Role::Server, Some([199, 233, 217, 249]), 56_666),
        announced(Role::Server, None, 57_086),
        announced(Role::Client, Some([141, 142, 220, 235]), 50_005),
        announced(Role::Client, Some([141, 142, 220, 235]), 50_001),
    ];
    check(&lines, &told);
}

#[test]
fn a_login_accepted_or_refused() {
    let user = [GREETING, C(b"USER alice\r\n"), S(b"331 Password required\r\n"), C(b"PASS x\r\n")];
    let netbsd = product("NetBSD-ftpd 20100320");
    let play = |reply: &'static [u8], told: &[Observation]| {
        let lines = [&user[..], &[S(reply)]].concat();
        check(&lines, &[std::slice::from_ref(&netbsd), told].concat());
    };
    play(b"230 Login successful\r\n", &[login(false, State::Attempted), login(false, State::Used)]);
    play(b"530 Login incorrect\r\n", &[login(false, State::Attempted)]);
    play(b"", &[login(false, State::Attempted)]);
}

#[test]
fn a_login_inside_tls_is_nobodys_business() {
    let after = C(b"USER alice\r\nPASS x\r\n");
    let ask = [GREETING, C(b"AUTH TLS\r\n")];
    let netbsd = product("NetBSD-ftpd 20100320");
    let accepted =
        [&ask[..], &[S(b"234 Proceed\r\n"), after.clone(), S(b"230 Login successful\r\n")]].concat();
    check(&accepted, std::slice::from_ref(&netbsd));
    let refused = [&ask[..], &[S(b"530 Please login with USER and PASS.\r\n"), after]].concat();
    check(&refused, &[netbsd, login(false, State::Attempted)]);
}

#[test]
fn one_direction_is_enough() {
    check(&[C(b"USER alice\r\nPASS x\r\nSYST\r\n")], &[login(false, State::Attempted)]);
    let server = [GREETING, S(b"331 Password required for alice.\r\n230 Logged in.\r\n")];
    check(&server, &[product("NetBSD-ftpd 20100320"), login(false, State::Used)]);
    let hello = hex("16 03 01 00 05 01 00 00 01 00");
    check(&[C(b"AUTH SSL\r\n"), C(&hello), C(b"PASS x\r\n")], &[]);
}

#[test]
fn a_greeting_that_does_not_say_what_it_is() {
    check(&[S(b"220 ready\r\n"), C(b"USER alice\r\n")], &[]);
    check(&[S(b"220-ready\r\n220 \r\n"), C(b"AUTH TLS\r\n")], &[]);
    assert_eq!(tcp(&[S(b"220 ready\r\n")]).protocol, None);
}

#[test]
fn others_that_greet_or_ask_alike_are_not_it() {
    for lines in [
        &[S(b"220 mx.example.org ESMTP Postfix\r\n"), C(b"EHLO x\r\n")][..],
        &[S(b"220 ready\r\n"), C(b"EHLO x\r\n")],
        &[S(b"+OK POP3 ready\r\n"), C(b"USER a\r\n"), S(b"+OK\r\n")],
        &[C(b"USER a\r\nPASS b\r\nSTAT\r\n")],
        &[C(b"USER a\r\nPASS b\r\n")],
        // IRC begins so too.
        &[C(b"PASS x\r\nNICK a\r\nUSER a 0 * :a\r\n")],
        &[S(b"200 news.example.org InterNetNews ready\r\n"), C(b"QUIT\r\n")],
        &[S(b"SSH-2.0-OpenSSH_9.2\r\n"), C(b"FEAT\r\n")],
        &[C(b"PORT 80\r\n")],
    ] {
        assert_ne!(tcp(lines).protocol, Some("ftp"), "{lines:?}");
    }
}

#[test]
fn heard_late_it_is_recognised_by_what_only_it_says() {
    let said = |side, bytes: &[u8]| late(&[(side, bytes)]);
    assert_eq!(said(Side::B, b"PASV\r\n"), (Some("ftp"), Some(Side::B)));
    assert_eq!(said(Side::A, b"227 Entering Passive Mode (10,0,0,1,4,1)\r\n"), (Some("ftp"), Some(Side::B)));
    assert_eq!(said(Side::A, b"226 Transfer complete.\r\n"), (Some("ftp"), Some(Side::B)));
    assert_eq!(said(Side::A, b"200 OK\r\n"), (None, None));
    assert_eq!(said(Side::A, b"NOOP\r\n"), (None, None));
}
