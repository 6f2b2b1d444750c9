//! Logins cut short, with and without TLS, and what is nearly one.

use super::*;
use crate::model::{NameSource, NamedThing, Observation, Side, TlsVersion};
use crate::protocol::testing::{Line, hex, late, tcp, udp};
use Line::{C, S};

const ASKED: &str = "12010034 0000 0100 000015000601001b000102001c000c0300280004ff
    080001550000 00 4d5353514c53657276657200 d8030000";
const ANSWERED: &str = "04010025 0000 0100 000015000601001b000102001c000103001d0000ff 080007f70000 02 00";

fn packet_of(kind: u8, contents: &[u8]) -> Vec<u8> {
    let len = (contents.len() + HEADER) as u16;
    [&[kind, 1][..], &len.to_be_bytes(), &[0, 0, 1, 0], contents].concat()
}

fn product(text: &str) -> Observation {
    Observation::Product { of: Role::Server, text: text.into() }
}

#[test]
fn a_login_tells_the_server_s_version() {
    let outcome = tcp(&[C(&hex(ASKED)), S(&hex(ANSWERED))]);
    assert_eq!((outcome.protocol, outcome.client_right), (Some("mssql"), Some(true)));
    assert_eq!(outcome.observations, [product("Microsoft SQL Server 8.0.2039")]);
}

#[test]
fn a_login_by_ntlm_names_the_server() {
    let mut challenge = b"\xed\x38\0NTLMSSP\0\x02\0\0\0".to_vec();
    challenge.extend(hex("0000000038000000 35028962 0000000000000000 0000000000000000"));
    challenge.extend(hex("0c00 0c00 30000000 0100 0800 7300710031003000"));
    let outcome = tcp(&[C(&hex(ASKED)), S(&hex(ANSWERED)), S(&packet_of(ANSWER, &challenge))]);
    let of = NamedThing::Role(Role::Server);
    let named = Observation::Name { of, name: "sq10".into(), source: NameSource::Ntlm };
    assert_eq!(outcome.observations, [product("Microsoft SQL Server 8.0.2039"), named]);
}

#[test]
fn tls_inside_packets_is_read_however_it_is_cut() {
    let hello = format!("16030100 2f 0100002b 0303 {} 00 0004 1301 c02f 01 00", "5a".repeat(32));
    let answer = format!("16030300 2a 02000026 0303 {} 00 c02f 00", "6b".repeat(32));
    let (hello, answer) = (hex(&hello), hex(&answer));
    let (front, back) = hello.split_at(20);
    let talk = [
        packet_of(PRELOGIN, &hex(ASKED)[HEADER..]),
        packet_of(ANSWER, &hex(ANSWERED)[HEADER..]),
        packet_of(PRELOGIN, front),
        packet_of(PRELOGIN, back),
        packet_of(PRELOGIN, &answer),
    ];
    let [asked, answered, first, second, third] = &talk;
    let outcome = tcp(&[C(asked), S(answered), C(first), C(second), S(third)]);
    assert_eq!((outcome.protocol, outcome.client_right), (Some("mssql"), Some(true)));
    let is_hello = |it: &Observation| matches!(it, Observation::ClientHello { .. });
    let is_answer =
        |it: &Observation| matches!(it, Observation::ServerHello { version: TlsVersion::Tls12, .. });
    assert!(outcome.observations.iter().any(is_hello), "{outcome:?}");
    assert!(outcome.observations.iter().any(is_answer), "{outcome:?}");
}

#[test]
fn either_side_shows_itself_in_the_middle() {
    let batch = [&hex("16000000 12000000 0200 0000000000000000 01000000")[..], b"S\0E\0"].concat();
    let done = hex("fd 1000 c100 0100000000000000");
    let info = hex("ab 4600 45160000 02 00 0200");
    for (said, client) in [
        (packet_of(SQL_BATCH, &batch), Side::A),
        (packet_of(ANSWER, &info), Side::B),
        (packet_of(ANSWER, &hex("e3 1b00 01 066d00")), Side::B),
        (packet_of(ANSWER, &done), Side::B),
    ] {
        assert_eq!(late(&[(Side::A, &said)]), (Some("mssql"), Some(client)), "{said:x?}");
    }
}

#[test]
fn what_is_nearly_tds_is_not() {
    for bytes in [
        // No version first, options that point elsewhere, a length that is too short, a login of
        // another version, text.
        "12010034 0000 0100 010015000601001b000102001c000c",
        "12010034 0000 0100 0000160006 01 001b",
        "12010004 0000 0100 000015000601",
        "10010090 0000 0100 90000000 04000075",
        "0401000c 0000 0100 41424344",
        "01010010 0000 0100 4142434445464748 4142",
    ] {
        assert_eq!(tcp(&[C(&hex(bytes))]).protocol, None, "{bytes}");
    }
}

#[test]
fn the_browser_tells_ports_and_the_version() {
    let text =
        "ServerName;SQL1;InstanceName;ERP;IsClustered;No;Version;15.0.2000.5;tcp;49172;np;\\\\SQL1\\x;;";
    let answer = [&[5, text.len() as u8, 0][..], text.as_bytes()].concat();
    let outcome = udp(1434, &[C(b"\x04ERP\0"), S(&answer)]);
    assert_eq!((outcome.protocol, outcome.client_right), (Some("mssql-browser"), Some(true)));
    let [told, Observation::Announced(announced)] = &outcome.observations[..] else { panic!("{outcome:?}") };
    assert_eq!(*told, product("Microsoft SQL Server 15.0.2000.5"));
    assert_eq!((announced.listener, announced.port, announced.protocol), (Role::Server, 49172, "mssql"));
    // A question alone, a length that does not fit, and another text prove nothing.
    assert_eq!(udp(1434, &[C(b"\x02")]).protocol, None);
    assert_eq!(udp(1434, &[S(&answer[..answer.len() - 1])]).protocol, None);
    assert_eq!(udp(1434, &[S(b"\x05\x04\0abcd")]).protocol, None);
}

#[test]
fn a_login_of_an_old_version_is_known_by_its_names() {
    let field = |name: &[u8]| [name, &vec![0; 30 - name.len()], &[name.len() as u8]].concat();
    let login = |header: &str, host: &[u8]| {
        let names = [field(host), field(b"sa"), field(b"secret"), field(b"4711")].concat();
        [hex(header), names, vec![0; 380]].concat()
    };
    let outcome = tcp(&[C(&login("02 00 0200 0000 00 00", b"ws7"))]);
    assert_eq!((outcome.protocol, outcome.client_right), (Some("mssql"), Some(true)));
    assert_eq!(outcome.observations, []);
    for header in ["02 00 0201 0000 00 00", "02 00 0200 0001 00 00", "02 03 0200 0000 00 00"] {
        assert_eq!(tcp(&[C(&login(header, b"ws7"))]).protocol, None, "{header}");
    }
    let mut beyond = login("02 00 0200 0000 00 00", b"ws7");
    beyond[HEADER + 20] = b'x';
    assert_eq!(tcp(&[C(&beyond)]).protocol, None, "a name longer than it says");
}
