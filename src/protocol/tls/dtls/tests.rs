//! Whole handshakes, told datagram by datagram.

use proptest::prelude::*;

use super::super::sample::{alpn, chain, client_hello, extension, server_hello, server_name};
use super::*;
use crate::model::TlsVersion;
use crate::protocol::testing::{Line, Outcome, udp};

fn record(content: u8, epoch: u16, payload: &[u8]) -> Vec<u8> {
    let length = (payload.len() as u16).to_be_bytes();
    [&[content, 0xfe, 0xfd], &epoch.to_be_bytes()[..], &[0; 6], &length, payload].concat()
}

fn number24(number: usize) -> [u8; 3] {
    let [_, bytes @ ..] = (number as u32).to_be_bytes();
    bytes
}

fn fragment(kind: u8, sequence: u16, body: &[u8], offset: usize, len: usize) -> Vec<u8> {
    let piece = &body[offset..offset + len];
    [&[kind][..], &number24(body.len()), &sequence.to_be_bytes(), &number24(offset), &number24(len), piece]
        .concat()
}

fn whole(kind: u8, sequence: u16, body: &[u8]) -> Vec<u8> {
    record(0x16, 0, &fragment(kind, sequence, body, 0, body.len()))
}

/// A ClientHello with a cookie.
fn client(cookie: &[u8]) -> Vec<u8> {
    let mut body = client_hello(0xfefd, &[], &[0xc02f], &[server_name("Phone.Example"), alpn(&["webrtc"])]);
    let cookie = [&[cookie.len() as u8], cookie].concat();
    body.splice(35..35, cookie);
    body
}

const CHANGE: [u8; 14] = [0x14, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1];

fn story(outcome: &Outcome) -> Vec<String> {
    let word = |observation: &Observation| match observation {
        Observation::ClientHello { sni, version, ja4, .. } => {
            Some(format!("client {} {} {}", sni.as_deref().unwrap_or("-"), version.name(), &ja4[..10]))
        }
        Observation::ServerHello { version, resumed, .. } => {
            Some(format!("server {} {resumed}", version.name()))
        }
        Observation::Certificate { of, position, der, .. } => {
            Some(format!("certificate {of:?} {position} {}", String::from_utf8_lossy(der)))
        }
        Observation::Anomaly(name) => Some(format!("anomaly {name}")),
        _ => None,
    };
    outcome.observations.iter().filter_map(word).collect()
}

fn check(lines: &[Line<'_>], expected: &[&str]) {
    let outcome = udp(23_456, lines);
    assert_eq!((outcome.protocol, outcome.client_right), (Some("dtls"), Some(true)));
    assert_eq!(story(&outcome), expected);
}

const HELLO: &str = "client phone.example dtls1.2 dd2d0102wc";

#[test]
fn a_handshake_with_a_cookie_and_fragments_in_any_order() {
    let hello = client(&[]);
    let first = whole(kind::CLIENT_HELLO, 0, &hello);
    let verify = whole(kind::HELLO_VERIFY_REQUEST, 0, &[0xfe, 0xff, 2, 9, 9]);
    let again = whole(kind::CLIENT_HELLO, 1, &client(&[9, 9]));
    let answer = whole(kind::SERVER_HELLO, 1, &server_hello(0xfefd, &[], 0xc02f, &[]));
    let certificate = chain(&[b"a leaf", b"its issuer"]);
    let piece = |offset, len| record(0x16, 0, &fragment(kind::CERTIFICATE, 2, &certificate, offset, len));
    let rest = certificate.len() - 11;
    check(
        &[
            Line::C(&first),
            Line::S(&verify),
            Line::C(&again),
            Line::S(&answer),
            Line::S(&piece(11, rest)),
            Line::S(&piece(0, 5)),
            Line::S(&piece(11, rest)),
            Line::S(&piece(3, 8)),
            Line::C(&CHANGE),
            Line::S(&CHANGE),
        ],
        &[HELLO, "server dtls1.2 false", "certificate Server 0 a leaf", "certificate Server 1 its issuer"],
    );
}

#[test]
fn records_share_a_datagram() {
    let flight = [
        whole(kind::SERVER_HELLO, 0, &server_hello(0xfeff, &[], 0x002f, &[])),
        whole(kind::CERTIFICATE, 1, &chain(&[b"a leaf"])),
    ]
    .concat();
    check(&[Line::S(&flight)], &["server dtls1.0 false", "certificate Server 0 a leaf"]);
    let shared = [
        fragment(kind::SERVER_HELLO, 0, &server_hello(0xfefd, &[], 0x002f, &[]), 0, 38 + 2),
        fragment(kind::SERVER_HELLO_DONE, 1, &[], 0, 0),
    ]
    .concat();
    check(&[Line::S(&record(0x16, 0, &shared)), Line::S(&CHANGE)], &["server dtls1.2 false"]);
}

#[test]
fn a_change_without_certificate_is_a_resumption() {
    let hello = whole(kind::CLIENT_HELLO, 0, &client(&[]));
    let answer = whole(kind::SERVER_HELLO, 0, &server_hello(0xfefd, &[], 0xc02f, &[]));
    check(&[Line::C(&hello), Line::S(&answer), Line::S(&CHANGE)], &[HELLO, "server dtls1.2 true"]);
}

#[test]
fn dtls_1_3_hides_everything_after_its_hello() {
    let hello = whole(kind::CLIENT_HELLO, 0, &client(&[]));
    let answer = server_hello(0xfefd, &[], 0x1301, &[extension(43, &[0xfe, 0xfc])]);
    let certificate = whole(kind::CERTIFICATE, 1, &chain(&[b"a leaf"]));
    let answer = whole(kind::SERVER_HELLO, 0, &answer);
    check(&[Line::C(&hello), Line::S(&answer), Line::S(&certificate)], &[HELLO, "server dtls1.3 false"]);
    assert_eq!(TlsVersion::Dtls13.name(), "dtls1.3");
}

#[test]
fn near_misses_are_not_dtls() {
    let hello = whole(kind::CLIENT_HELLO, 0, &client(&[]));
    let protocol = |datagram: &[u8]| udp(23_456, &[Line::C(datagram)]).protocol;
    assert_eq!(protocol(&hello), Some("dtls"));
    assert_eq!(protocol(&[&hello[..], &[0]].concat()), None, "a byte too many");
    assert_eq!(protocol(&hello[..hello.len() - 1]), None, "a byte too few");
    let mut other = hello.clone();
    other[2] = 0xfc;
    assert_eq!(protocol(&other), None, "no such version");
    assert_eq!(protocol(&record(0x17, 1, &[0xee; 20])), Some("dtls"), "joined late");
    assert_eq!(protocol(&record(0x16, 0, &[0xee; 20])), None, "no handshake message");
}

#[test]
fn what_is_held_is_bounded() {
    let mut joiner = Joiner::default();
    let body = vec![0; message::LEN_MAX];
    for sequence in 0..200 {
        for offset in (0..body.len() - 2000).step_by(1000) {
            let bytes =
                fragment(kind::CERTIFICATE, sequence, &body, offset, 1000 - usize::from(sequence % 2));
            let piece = Fragment::parse(&mut Reader::new(&bytes)).unwrap();
            assert_eq!(joiner.join(&piece), None);
            assert!(joiner.held() <= message::LEN_MAX);
        }
    }
}

proptest! {
    #[test]
    fn any_bytes_in_a_record(payload in prop::collection::vec(any::<u8>(), 1..300), content in 0x14u8..0x19) {
        let hello = whole(kind::CLIENT_HELLO, 0, &client(&[]));
        udp(23_456, &[Line::C(&hello), Line::S(&record(content, 0, &payload)), Line::C(&payload)]);
    }

    #[test]
    fn any_order_of_pieces(order in Just((0..8usize).collect::<Vec<_>>()).prop_shuffle()) {
        let body: Vec<u8> = (0..80).collect();
        let mut joiner = Joiner::default();
        let mut joined = None;
        for place in order {
            let bytes = fragment(kind::CERTIFICATE, 3, &body, place * 10, 10);
            joined = joiner.join(&Fragment::parse(&mut Reader::new(&bytes)).unwrap());
        }
        prop_assert_eq!(joined, Some(body));
        prop_assert_eq!(joiner.held(), 0);
    }
}
