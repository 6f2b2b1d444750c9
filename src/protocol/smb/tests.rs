//! Real conversations cut to their first messages, and what is nearly one.

use compact_str::CompactString;

use super::*;
use crate::model::{
    Address, Capability, Endpoint, NameSource, NamedThing, Observation, Practice, Purpose, Side, State,
    Transport,
};
use crate::protocol::testing::{Line, Outcome, hex, tcp};
use crate::protocol::{Conversation, Verdict};
use Line::{C, S};

fn name(of: Role, name: &str, source: NameSource) -> Observation {
    Observation::Name { of: NamedThing::Role(of), name: name.into(), source }
}

fn smb1(state: State, at_fault: Role, what: &str) -> Observation {
    Observation::Practice { practice: Practice::Smb1, state, at_fault, what: what.into() }
}

fn product(of: Role, text: &str) -> Observation {
    Observation::Product { of, text: CompactString::from(text) }
}

fn check(lines: &[Line<'_>], observations: &[Observation]) {
    let outcome = tcp(lines);
    let expected =
        Outcome { protocol: Some("smb"), client_right: Some(true), observations: observations.to_vec() };
    assert_eq!(outcome, expected);
}

fn framed(message: &[u8]) -> Vec<u8> {
    let len = (message.len() as u32).to_be_bytes();
    [&len[..], message].concat()
}

/// A message of version 1: command, status, reply flag, then the rest after the header.
fn version1(command: u8, status: u32, reply: bool, rest: &[u8]) -> Vec<u8> {
    let mut message = vec![0xff, b'S', b'M', b'B', command];
    message.extend(status.to_le_bytes());
    message.push(if reply { 0x98 } else { 0x18 });
    message.extend(hex("0128 0000 0000000000000000 0000 0000 727c 0000 a544"));
    message.extend(rest);
    framed(&message)
}

/// A message of version 2: command, flags, then the body.
fn version2(command: u16, flags: u32, body: &[u8]) -> Vec<u8> {
    let mut message = hex("fe534d42 4000 0100 00000000");
    message.extend(command.to_le_bytes());
    message.extend([1, 0]);
    message.extend(flags.to_le_bytes());
    message.resize(version2::HEADER, 0);
    message.extend(body);
    framed(&message)
}

fn offer(dialects: &[&str]) -> Vec<u8> {
    let list: Vec<u8> =
        dialects.iter().flat_map(|dialect| [b"\x02", dialect.as_bytes(), b"\0"].concat()).collect();
    version1(0x72, 0, false, &[&[0, list.len() as u8, 0], list.as_slice()].concat())
}

fn choice(index: u16) -> Vec<u8> {
    let mut rest = vec![17];
    rest.extend(index.to_le_bytes());
    rest.resize(35 + 2, 0);
    version1(0x72, 0, true, &rest)
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

#[test]
fn a_version_1_session_is_negotiated_then_used_and_tells_its_products() {
    // A session setup without extended security, in code page texts: no password, account and
    // domain first.
    let setup = [
        &hex("0d ff000000 dfff 0200 0100 00000000 0000 0000 00000000 5cd00000 2a00")[..],
        b"user\0WORKGROUP\0Unix\0Samba 3.6.3\0",
    ]
    .concat();
    let answer = [&hex("03 ff000000 0100 1c00")[..], b"Unix\0Samba 3.6.3\0WORKGROUP\0"].concat();
    let path = [&hex("04 ff000000 0000 0100 1800 00")[..], b"\\\\FILES\\IPC$\0?????\0"].concat();
    check(
        &[
            C(&offer(&["LANMAN1.0", "NT LM 0.12"])),
            S(&choice(1)),
            C(&version1(0x73, 0, false, &setup)),
            S(&version1(0x73, 0, true, &answer)),
            C(&version1(0x75, 0, false, &path)),
        ],
        &[
            smb1(State::Negotiated, Role::Server, "SMB1 dialect NT LM 0.12 chosen"),
            product(Role::Client, "Unix (Samba 3.6.3)"),
            smb1(State::Used, Role::Server, "SMB1 session setup answered"),
            product(Role::Server, "Unix (Samba 3.6.3)"),
            name(Role::Server, "files", NameSource::Smb),
        ],
    );
}

#[test]
fn a_version_1_offer_answered_in_version_2_remains_an_offer() {
    check(
        &[C(&offer(&["NT LM 0.12", "SMB 2.002", "SMB 2.???"])), S(&version2(0, 1, &[0x41, 0]))],
        &[smb1(State::Offered, Role::Client, "SMB1 offered (NT LM 0.12), the server chose SMB2")],
    );
    check(
        &[C(&offer(&["NT LM 0.12"])), S(&choice(0xffff))],
        &[smb1(State::Offered, Role::Client, "SMB1 offered (NT LM 0.12), not taken up")],
    );
}

#[test]
fn version_2_asked_for_in_the_old_format_is_no_offer_of_version_1() {
    check(&[C(&offer(&["SMB 2.002", "SMB 2.???"])), S(&version2(0, 1, &[0x41, 0]))], &[]);
}

#[test]
fn a_refused_version_1_session_is_negotiated_not_used() {
    check(
        &[C(&version1(0x73, 0, false, &[0])), S(&version1(0x73, 0xc000_006d, true, &[0]))],
        &[
            smb1(State::Attempted, Role::Server, "SMB1 session setup sent"),
            smb1(State::Negotiated, Role::Server, "SMB1 session setup answered"),
        ],
    );
}

#[test]
fn version_2_names_the_server_by_the_share_and_its_challenge() {
    let mut challenge = b"NTLMSSP\0\x02\0\0\0".to_vec();
    challenge.extend(hex("0000000038000000 35028962 0000000000000000 0000000000000000"));
    challenge.extend(hex("0e00 0e00 30000000 0100 0600 61006400 3100 0000 0000"));
    let mut connect = hex("0900 0000 4800");
    let path = utf16("\\\\AD1.foo.test\\sysvol");
    connect.extend((path.len() as u16).to_le_bytes());
    connect.extend(path);
    check(
        &[
            C(&version2(0, 0, &[0x24, 0])),
            S(&version2(0, 1, &[0x41, 0])),
            C(&version2(1, 0, &[0x19, 0])),
            S(&version2(1, 1, &challenge)),
            C(&version2(3, 0, &connect)),
        ],
        &[name(Role::Server, "ad1", NameSource::Ntlm), name(Role::Server, "ad1.foo.test", NameSource::Smb)],
    );
}

#[test]
fn a_share_on_an_address_or_on_anybody_names_nobody() {
    for path in ["\\\\10.10.0.2\\IPC$", "\\\\LOCALHOST\\TMP", "\\\\*SMBSERVER\\IPC$", "no path", "\\\\"] {
        let path = utf16(path);
        let mut connect = hex("0900 0000 4800");
        connect.extend((path.len() as u16).to_le_bytes());
        connect.extend(path);
        let told = tcp(&[C(&version2(3, 0, &connect))]).observations;
        let named = |observation: &Observation| matches!(observation, Observation::Name { .. });
        assert!(!told.iter().any(named), "{told:?}");
    }
}

#[test]
fn a_netbios_session_request_names_both_machines() {
    let encode = |text: &str, kind: u8| {
        let mut octets = format!("{text:15}").into_bytes();
        octets.push(kind);
        let letters = octets.iter().flat_map(|octet| [b'A' + (octet >> 4), b'A' + (octet & 15)]);
        [vec![0x20], letters.collect(), vec![0]].concat()
    };
    let request = |called: &str| [hex("81000044"), encode(called, 0x20), encode("WS-7", 0)].concat();
    let talk = |called: &str, expected: &[Observation]| {
        check(&[C(&request(called)), S(&hex("82000000")), C(&version2(0, 0, &[0x24, 0]))], expected);
    };
    talk(
        "FILES",
        &[name(Role::Server, "files", NameSource::Nbns), name(Role::Client, "ws-7", NameSource::Nbns)],
    );
    talk("*SMBSERVER", &[name(Role::Client, "ws-7", NameSource::Nbns)]);
}

#[test]
fn an_encrypted_session_is_over_for_us() {
    check(
        &[C(&version2(0, 0, &[0x24, 0])), C(&framed(b"\xfdSMBxxxx")), C(&version1(0x73, 0, false, &[0]))],
        &[],
    );
}

#[test]
fn one_direction_from_the_middle_shows_who_is_the_server() {
    let endpoint = |last, port| Endpoint { address: Address::from([10, 0, 0, last]), port };
    let endpoints = Pair::new(endpoint(1, 5000), endpoint(2, 6000));
    for (said, client) in [(version2(9, 9, &[0; 90]), Side::B), (version1(0x2e, 0, false, &[0]), Side::A)] {
        let mut seen = Seen::default();
        let mut talk = Conversation::new(endpoints, Transport::Tcp, false, Side::A);
        talk.on_bytes(Side::A, b"the end of an older message", &mut seen);
        assert_eq!(talk.verdict(), None);
        talk.on_bytes(Side::A, &said, &mut seen);
        assert_eq!(talk.verdict(), Some(Verdict { protocol: "smb", client: Some(client) }));
    }
}

#[test]
fn after_a_gap_the_next_message_is_found_again() {
    let endpoint = |last, port| Endpoint { address: Address::from([10, 0, 0, last]), port };
    let mut seen = Seen::default();
    let endpoints = Pair::new(endpoint(1, 5000), endpoint(2, 6000));
    let mut talk = Conversation::new(endpoints, Transport::Tcp, true, Side::A);
    talk.on_bytes(Side::A, &version2(5, 0, &[0; 24]), &mut seen);
    talk.on_gap(Side::A, 100, &mut seen);
    talk.on_bytes(Side::A, &[0, 0xff, 0xff, 0xff, 0xaa, 0xbb, 0xcc, 0xdd], &mut seen);
    talk.on_bytes(Side::A, &version1(0x73, 0, false, &[0]), &mut seen);
    assert_eq!(
        seen.drain().collect::<Vec<_>>(),
        [smb1(State::Attempted, Role::Server, "SMB1 session setup sent")]
    );
}

#[test]
fn what_only_looks_like_smb_is_not() {
    for bytes in [
        &b"\0\0\0\x68\xfeSMX@\0\0\0\0\0\0\0"[..],
        b"\0\0\0\x10\0\x03\0\0user\0x\0\0",
        b"\x81\0\0\x44\x20zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz\0",
        b"\x85\0\0\0GET / HTTP/1.0\r\n",
        b"\xffSMB",
        b"\0",
    ] {
        assert_ne!(tcp(&[C(bytes)]).protocol, Some("smb"), "{bytes:?}");
    }
}

const ADMINISTERED: [Observation; 2] =
    [Observation::Purpose(Purpose::Management), Observation::Capability(Capability::ExecAdmin)];

/// A request to open a pipe in version 2, or the answer to it.
fn create2(status: u32, name: Option<&str>) -> Vec<u8> {
    let name = name.map(utf16).unwrap_or_default();
    let mut body = hex("3900 0000 02000000 0000000000000000 0000000000000000 9f011200 00000000 03000000");
    body.extend(hex("01000000 40000000 7800"));
    body.extend((name.len() as u16).to_le_bytes());
    body.extend([0; 8]);
    body.extend(&name);
    let mut message = version2(5, u32::from(name.is_empty()), &body);
    message[FRAMING + 8..FRAMING + 12].copy_from_slice(&status.to_le_bytes());
    message
}

#[test]
fn version_2_administers_by_a_pipe_that_was_opened() {
    check(&[C(&create2(0, Some("svcctl"))), S(&create2(0, None))], &ADMINISTERED);
    check(&[C(&create2(0, Some("svcctl"))), S(&create2(0xc000_0022, None))], &[]);
    check(&[C(&create2(0, Some("svcctl"))), S(&create2(0x103, None)), S(&create2(0, None))], &ADMINISTERED);
    check(&[C(&create2(0, Some("srvsvc"))), S(&create2(0, None))], &[]);
}

#[test]
fn version_2_writes_to_the_share_that_was_connected() {
    let path = utf16("\\\\WS1\\ADMIN$");
    let mut connect = hex("0900 0000 4800");
    connect.extend((path.len() as u16).to_le_bytes());
    connect.extend(path);
    let talk = [version2(3, 0, &connect), version2(3, 1, &[0x10, 0]), version2(9, 0, &[0x31, 0])];
    let [asked, granted, written] = talk;
    let mut expected = vec![name(Role::Server, "ws1", NameSource::Smb)];
    expected.extend(ADMINISTERED);
    check(&[C(&asked), S(&granted), C(&written)], &expected);
}

#[test]
fn version_1_administers_by_a_pipe_that_was_opened() {
    let mut open = hex("18 ff000000 00 0700 16000000 00000000 9f010200 0000000000000000 00000000");
    open.extend(hex("03000000 01000000 40000000 02000000 03 0800"));
    open.extend(b"\\svcctl\0");
    let answer = |status: u32| version1(0xa2, status, true, &[0]);
    let told = |status: u32| {
        let talk = tcp(&[C(&version1(0xa2, 0, false, &open)), S(&answer(status))]).observations;
        talk.into_iter().filter(|it| !matches!(it, Observation::Practice { .. })).collect::<Vec<_>>()
    };
    assert_eq!(told(0), ADMINISTERED);
    assert_eq!(told(0xc000_0022), []);
}
