//! The connections of the two specifications, and what senders do that those do not show.

use proptest::prelude::*;

use super::super::sample::{alpn, chrome, client_hello, message, server_name, versions};
use super::vectors::{CLIENT_1, CLIENT_2, RETRY_1, RETRY_2, SERVER_1, SERVER_2};
use super::*;
use crate::model::TlsVersion;
use crate::protocol::testing::{Line, Outcome, hex, udp};
use crate::protocol::tls::reader::Reader;

const ID: [u8; 8] = [0x83, 0x94, 0xc8, 0xf0, 0x3e, 0x51, 0x57, 0x08];
const OTHER_ID: [u8; 8] = [0xf0, 0x67, 0xa5, 0x50, 0x2a, 0x42, 0x62, 0xb5];

fn number(value: usize) -> [u8; 2] {
    (0x4000 | value as u16).to_be_bytes()
}

/// A CRYPTO frame.
fn crypto(offset: usize, bytes: &[u8]) -> Vec<u8> {
    [&[6][..], &number(offset), &number(bytes.len()), bytes].concat()
}

/// An Initial packet of version 1, by the keys that `made_from` gives to a role.
fn initial(role: Role, made_from: &[u8], destination: &[u8], token: &[u8], payload: &[u8]) -> Vec<u8> {
    let length = number(2 + payload.len() + 16);
    let header = [
        &[0xc1, 0, 0, 0, 1, destination.len() as u8][..],
        destination,
        &[0, token.len() as u8],
        token,
        &length,
        &[0, 7],
    ]
    .concat();
    let keys = protection::keys(Version::One, made_from).unwrap();
    keys[role].seal(&header, 2, payload)
}

/// A client's packet with a piece of its stream, as long as it must be.
fn client(frames: &[Vec<u8>]) -> Vec<u8> {
    let mut payload = frames.concat();
    payload.resize(payload.len().max(1162), 0);
    initial(Role::Client, &ID, &ID, &[], &payload)
}

fn story(outcome: &Outcome) -> Vec<String> {
    let word = |observation: &Observation| match observation {
        Observation::ClientHello { sni, version, ja4, alpn, .. } => {
            let alpn = alpn.join(",");
            Some(format!("client {} {} {alpn} {ja4}", sni.as_deref().unwrap_or("-"), version.name()))
        }
        Observation::ServerHello { version, suite, .. } => {
            Some(format!("server {} {suite:04x}", version.name()))
        }
        Observation::Anomaly(name) => Some(format!("anomaly {name}")),
        _ => None,
    };
    outcome.observations.iter().filter_map(word).collect()
}

const EXAMPLE: &str = "client example.com 1.3 alpn q13d0211an_62ed6f6ca7ad_4d634acda6c0";

#[test]
fn the_connection_of_each_specification() {
    for (client, server) in [(CLIENT_1, SERVER_1), (CLIENT_2, SERVER_2)] {
        let (client, server) = (hex(client), hex(server));
        let outcome = udp(23_456, &[Line::C(&client), Line::S(&server)]);
        assert_eq!((outcome.protocol, outcome.client_right), (Some("quic"), Some(true)));
        assert_eq!(story(&outcome), [EXAMPLE, "server 1.3 1301"]);
    }
}

#[test]
fn the_keys_are_those_of_the_specification() {
    let payload =
        hex("060040f1 010000ed 0303 ebf8fa56f12939b9584a3896472ec40bb863cfd3e86804fe3a47f06a2b69484c");
    for (packet, version) in [(CLIENT_1, Version::One), (CLIENT_2, Version::Two)] {
        let bytes = hex(packet);
        let packet = Packet::take(&mut Reader::new(&bytes)).unwrap();
        assert_eq!((packet.version, packet.kind), (version, Kind::Initial { token: false }));
        assert_eq!((packet.destination, packet.number_at), (&ID[..], 18));
        let keys = protection::keys(version, &ID).unwrap();
        let opened = keys[Role::Client].open(&packet).unwrap();
        assert_eq!((opened.len(), &opened[..payload.len()]), (1162, &payload[..]));
        // Sealed again it is the same packet.
        let first = if version == Version::One { 0xc3 } else { 0xd3 };
        let header = [&[first], &bytes[1..18], &[0, 0, 0, 2]].concat();
        assert_eq!(keys[Role::Client].seal(&header, 4, &opened), bytes);
        assert!(keys[Role::Server].open(&packet).is_none());
    }
}

#[test]
fn a_hello_scattered_over_packets_and_datagrams() {
    let hello = message(1, &chrome());
    let (front, rest) = hello.split_at(100);
    let (middle, back) = rest.split_at(80);
    let first = client(&[vec![1], crypto(180, back), crypto(3, &front[3..])]);
    let second = client(&[crypto(0, &front[..3]), crypto(90, &hello[90..150])]);
    let third = client(&[crypto(100, middle)]);
    let outcome = udp(23_456, &[Line::C(&first), Line::C(&second), Line::C(&third)]);
    assert_eq!(outcome.client_right, Some(true));
    assert_eq!(
        story(&outcome),
        ["client clients6.example.com 1.3 h2,http/1.1 q13d1516h2_8daaf6152771_e5627efa2ab1"]
    );
    let missing = udp(23_456, &[Line::C(&first), Line::C(&third)]);
    assert_eq!((missing.protocol, story(&missing)), (Some("quic"), vec![]));
}

fn small_hello(name: &str) -> Vec<u8> {
    let extensions = [server_name(name), versions(&[0x0304]), alpn(&["h3"])];
    crypto(0, &message(1, &client_hello(0x0303, &[], &[0x1301], &extensions)))
}

#[test]
fn packets_share_a_datagram() {
    let handshake = [&[0xe0, 0, 0, 0, 1, 8][..], &ID, &[0, 0x14], &[0xee; 20]].concat();
    let initial = initial(Role::Client, &ID, &ID, &[], &small_hello("a.example"));
    let short = [&[0x41][..], &ID, &[0xaa; 30]].concat();
    for datagram in
        [[&initial[..], &handshake, &short].concat(), [&initial[..], &[0; 200]].concat(), initial.clone()]
    {
        let told = story(&udp(23_456, &[Line::C(&datagram)]));
        assert!(matches!(&told[..], [told] if told.starts_with("client a.example 1.3 h3 q13d")), "{told:?}");
    }
    // Of another connection.
    let mut other = handshake;
    other[6] ^= 1;
    assert_eq!(udp(23_456, &[Line::C(&[&initial[..], &other].concat())]).protocol, None);
}

#[test]
fn a_retry_gives_new_keys() {
    let first = client(&[crypto(0, &[1, 0])]);
    let again = initial(Role::Client, &OTHER_ID, &OTHER_ID, b"token", &small_hello("b.example"));
    let outcome = udp(23_456, &[Line::C(&first), Line::S(&hex(RETRY_1)), Line::C(&again)]);
    assert!(story(&outcome)[0].starts_with("client b.example"), "{outcome:?}");
    for retry in [RETRY_1, RETRY_2] {
        let outcome = udp(23_456, &[Line::S(&hex(retry))]);
        assert_eq!((outcome.protocol, outcome.client_right), (Some("quic"), Some(true)));
    }
}

#[test]
fn a_server_may_choose_the_other_version() {
    let outcome = udp(23_456, &[Line::C(&hex(CLIENT_1)), Line::S(&hex(SERVER_2))]);
    assert_eq!(story(&outcome)[1..], ["server 1.3 1301"]);
}

#[test]
fn a_list_of_versions_proves_the_server() {
    let list = hex("80 00000000 00 08 f067a5502a4262b5 00000001 6b3343cf 1a2a3a4a");
    let outcome = udp(23_456, &[Line::S(&list)]);
    assert_eq!((outcome.protocol, outcome.client_right), (Some("quic"), Some(true)));
    let unknown = hex("80 00000000 00 08 f067a5502a4262b5 00000002 1a2a3a4a");
    assert_eq!(udp(23_456, &[Line::S(&unknown)]).protocol, None);
    assert_eq!(udp(23_456, &[Line::S(&list[..list.len() - 1])]).protocol, None);
}

#[test]
fn who_begins_is_the_client_whoever_was_heard_first() {
    // A server's packet that nothing opens, then the client's.
    let stray = initial(Role::Server, &[9; 8], &[], &[], &[0; 40]);
    let outcome = udp(23_456, &[Line::C(&stray), Line::S(&hex(CLIENT_1)), Line::C(&hex(SERVER_1))]);
    assert_eq!((outcome.protocol, outcome.client_right), (Some("quic"), Some(false)));
    assert_eq!(story(&outcome).len(), 2, "{outcome:?}");
}

#[test]
fn a_connection_heard_late_is_recognised_and_tells_nothing() {
    let handshake = [&[0xe0, 0, 0, 0, 1, 8][..], &ID, &[0, 0x14], &[0xee; 20]].concat();
    let outcome = udp(23_456, &[Line::S(&handshake), Line::S(&hex(SERVER_1))]);
    assert_eq!((outcome.protocol, outcome.client_right, outcome.observations.len()), (Some("quic"), None, 0));
}

#[test]
fn near_misses_are_not_quic() {
    let whole = hex(CLIENT_1);
    let protocol = |datagram: &[u8]| udp(443, &[Line::C(datagram)]).protocol;
    assert_eq!(protocol(&whole), Some("quic"));
    let changed = |place: usize, byte: u8| {
        let mut bytes = whole.clone();
        bytes[place] = byte;
        protocol(&bytes)
    };
    assert_eq!(changed(0, 0x40), None, "a short header");
    assert_eq!(changed(0, 0x80), None, "the fixed bit");
    assert_eq!(changed(4, 2), None, "no such version");
    assert_eq!(changed(5, 21), None, "an id too long");
    assert_eq!(changed(17, 0x9f), None, "a byte too few");
    assert_eq!(protocol(&[&whole[..], &[0x20; 9]].concat()), None, "something behind it");
    assert_eq!(protocol(&whole[..40]), None, "cut");
}

#[test]
fn what_no_initial_packet_may_hold_is_told() {
    let payload = [vec![0x08, 0, 0], vec![0; 40]].concat();
    let outcome = udp(23_456, &[Line::C(&client(&[payload]))]);
    assert_eq!(story(&outcome), ["anomaly quic_frame"]);
    assert_eq!(TlsVersion::Tls13.name(), "1.3");
}

proptest! {
    #[test]
    fn any_bytes_inside_a_packet(payload in prop::collection::vec(any::<u8>(), 4..300)) {
        udp(23_456, &[Line::C(&client(std::slice::from_ref(&payload))), Line::S(&initial(Role::Server, &ID, &[], &[], &payload))]);
    }

    #[test]
    fn one_changed_byte(place in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut bytes = hex(CLIENT_1);
        *place.get_mut(&mut bytes) = byte;
        udp(23_456, &[Line::C(&bytes), Line::S(&hex(SERVER_1))]);
    }

    #[test]
    fn any_bytes_behind_a_header(tail in prop::collection::vec(any::<u8>(), 0..200)) {
        let bytes = [&[0xc0, 0, 0, 0, 1, 8][..], &ID, &tail].concat();
        udp(23_456, &[Line::C(&bytes)]);
    }
}
