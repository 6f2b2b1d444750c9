//! Whole connections, told line by line.

use proptest::prelude::*;

use super::super::message::kind;
use super::super::sample::{
    alpn, chain, chrome, client_hello, extension, message, record, server_hello, server_name, versions,
};
use crate::model::{
    Address, Endpoint, Observation, Pair, Practice, Role, Side, State, TlsPractice, TlsVersion, Token,
    TokenKind, Transport,
};
use crate::protocol::testing::{Line, Outcome, hex, tcp, tcp_in_pieces};
use crate::protocol::tls::Tls;
use crate::protocol::{Conversation, Seen, Verdict};

const HANDSHAKE: u8 = 0x16;
const CHANGE: [u8; 6] = [0x14, 3, 3, 0, 1, 1];
const LEAF: &[u8] = b"a leaf";
const ISSUER: &[u8] = b"its issuer";

fn handshake(kind: u8, body: &[u8]) -> Vec<u8> {
    record(HANDSHAKE, &message(kind, body))
}

fn client(extensions: &[Vec<u8>]) -> Vec<u8> {
    handshake(kind::CLIENT_HELLO, &client_hello(0x0303, &[9; 32], &[0xc02f, 0x002f], extensions))
}

fn server(version: u16, session: &[u8], suite: u16, extensions: &[Vec<u8>]) -> Vec<u8> {
    handshake(kind::SERVER_HELLO, &server_hello(version, session, suite, extensions))
}

fn done() -> Vec<u8> {
    handshake(kind::SERVER_HELLO_DONE, &[])
}

fn endpoints() -> Pair<Endpoint> {
    let endpoint = |last| Endpoint { address: Address::from([10, 0, 0, last]), port: 4000 };
    Pair::new(endpoint(1), endpoint(2))
}

/// The observations in short: one word each, practices left out.
fn story(outcome: &Outcome) -> Vec<String> {
    let word = |observation: &Observation| {
        Some(match observation {
            Observation::ClientHello { sni, version, .. } => {
                format!("client {} {}", sni.as_deref().unwrap_or("-"), version.name())
            }
            Observation::ServerHello { version, suite, resumed, .. } => {
                format!("server {} {suite:04x}{}", version.name(), if *resumed { " resumed" } else { "" })
            }
            Observation::Certificate { of, position, sni, der } => {
                let der = String::from_utf8_lossy(der);
                format!("certificate {of:?} {position} {} {der}", sni.as_deref().unwrap_or("-"))
            }
            Observation::Anomaly(name) => format!("anomaly {name}"),
            Observation::Practice { .. } | Observation::Token(_) => return None,
            other => format!("{other:?}"),
        })
    };
    outcome.observations.iter().filter_map(word).collect()
}

fn check(lines: &[Line<'_>], expected: &[&str]) -> Outcome {
    let outcome = tcp(lines);
    assert_eq!(outcome.protocol, Some("tls"));
    assert_eq!(outcome.client_right, Some(true), "the hello proves the client");
    assert_eq!(story(&outcome), expected);
    outcome
}

#[test]
fn a_full_handshake_of_tls_1_2() {
    let hello = client(&[server_name("Shop.Example."), alpn(&["h2", "http/1.1"])]);
    let flight = [
        server(0x0303, &[1; 32], 0xc02f, &[alpn(&["h2"])]),
        handshake(kind::CERTIFICATE, &chain(&[LEAF, ISSUER])),
        handshake(kind::SERVER_KEY_EXCHANGE, &[3, 0, 23]),
        done(),
    ]
    .concat();
    let outcome = check(
        &[
            Line::C(&hello),
            Line::S(&flight),
            Line::C(&CHANGE),
            Line::S(&CHANGE),
            Line::S(b"not read any more"),
        ],
        &[
            "client shop.example 1.2",
            "server 1.2 c02f",
            "certificate Server 0 shop.example a leaf",
            "certificate Server 1 shop.example its issuer",
        ],
    );
    let Observation::ClientHello { alpn, ech: false, .. } = &outcome.observations[0] else { panic!() };
    assert_eq!(alpn[..], ["h2", "http/1.1"]);
    // The random of every hello in these tests.
    let token = Token::of(TokenKind::ClientRandom, Role::Client, &[0x5a; 32]);
    assert_eq!(outcome.observations[1], Observation::Token(token));
    let Observation::ServerHello { alpn, .. } = &outcome.observations[2] else { panic!() };
    assert_eq!(alpn.as_deref(), Some("h2"));
}

#[test]
fn what_was_negotiated_is_told_as_practices() {
    let outcome = tcp(&[Line::C(&client(&[])), Line::S(&server(0x0301, &[], 0x0005, &[])), Line::S(&done())]);
    let practices: Vec<_> = outcome
        .observations
        .into_iter()
        .filter_map(|observation| match observation {
            Observation::Practice { practice, state, at_fault, what } => {
                assert_eq!((state, at_fault), (State::Negotiated, Role::Server));
                Some((practice, what))
            }
            _ => None,
        })
        .collect();
    assert_eq!(
        practices,
        [
            (Practice::TlsVersion(TlsVersion::Tls10), "TLS 1.0 negotiated, TLS_RSA_WITH_RC4_128_SHA".into()),
            (Practice::TlsSuite(0x0005), "TLS_RSA_WITH_RC4_128_SHA negotiated, TLS 1.0".into()),
        ]
    );
}

#[test]
fn a_heartbeat_that_asks_for_too_much_is_told_and_its_answer_too() {
    let states = |ask: &[u8], answer: &[u8]| {
        let lines = [
            Line::C(&client(&[])),
            Line::S(&server(0x0303, &[], 0x002f, &[])),
            Line::C(&record(0x18, ask)),
            Line::S(&record(0x18, answer)),
        ];
        let state = |told: &Observation| match told {
            Observation::Practice { practice: Practice::Tls(TlsPractice::Heartbleed), state, .. } => {
                Some(*state)
            }
            _ => None,
        };
        tcp(&lines).observations.iter().filter_map(state).collect::<Vec<_>>()
    };
    let memory = [&[2, 0x40, 0][..], &[0xaa; 90]].concat();
    assert_eq!(states(&[1, 0x40, 0], &memory), [State::Attempted, State::Used]);
    assert_eq!(states(&[1, 0x40, 0], &[2, 0]), [State::Attempted]);
    let honest = [&[1, 0, 2, 7, 7][..], &[0; 16]].concat();
    assert_eq!(states(&honest, &memory), []);
}

#[test]
fn the_certificate_of_a_client() {
    let second = [
        handshake(kind::CERTIFICATE, &chain(&[b"somebody"])),
        handshake(kind::CLIENT_KEY_EXCHANGE, &[0; 8]),
        CHANGE.to_vec(),
    ]
    .concat();
    let flight = [
        server(0x0303, &[], 0x002f, &[]),
        handshake(kind::CERTIFICATE, &chain(&[LEAF])),
        handshake(kind::CERTIFICATE_REQUEST, &[1, 1, 0, 0]),
        done(),
    ]
    .concat();
    check(
        &[Line::C(&client(&[])), Line::S(&flight), Line::C(&second)],
        &[
            "client - 1.2",
            "server 1.2 002f",
            "certificate Server 0 - a leaf",
            "certificate Client 0 - somebody",
        ],
    );
    let none = [handshake(kind::CERTIFICATE, &chain(&[])), CHANGE.to_vec()].concat();
    check(
        &[Line::C(&client(&[])), Line::S(&flight), Line::C(&none)],
        &["client - 1.2", "server 1.2 002f", "certificate Server 0 - a leaf"],
    );
}

#[test]
fn messages_span_records_and_share_them() {
    let messages = [
        message(kind::SERVER_HELLO, &server_hello(0x0303, &[], 0x002f, &[])),
        message(kind::CERTIFICATE, &chain(&[LEAF, ISSUER])),
        message(kind::SERVER_HELLO_DONE, &[]),
    ]
    .concat();
    let expected = [
        "client - 1.2",
        "server 1.2 002f",
        "certificate Server 0 - a leaf",
        "certificate Server 1 - its issuer",
    ];
    for size in [1, 3, 50, 10_000] {
        let records: Vec<u8> = messages.chunks(size).flat_map(|piece| record(HANDSHAKE, piece)).collect();
        check(&[Line::C(&client(&[])), Line::S(&records)], &expected);
    }
    let hello = client(&[]);
    let pieces: Vec<u8> = hello[5..].chunks(2).flat_map(|piece| record(HANDSHAKE, piece)).collect();
    check(&[Line::C(&pieces)], &["client - 1.2"]);
}

#[test]
fn what_follows_the_hello_shows_a_resumption() {
    let hello = client(&[]);
    let echoed = server(0x0303, &[9; 32], 0x002f, &[]);
    let fresh = server(0x0303, &[], 0x002f, &[]);
    let ticket = handshake(4, &[0; 10]);
    let resumed = ["client - 1.2", "server 1.2 002f resumed"];
    let full = ["client - 1.2", "server 1.2 002f"];
    check(&[Line::C(&hello), Line::S(&echoed), Line::S(&CHANGE)], &resumed);
    check(&[Line::C(&hello), Line::S(&fresh), Line::S(&ticket), Line::S(&CHANGE)], &resumed);
    check(&[Line::C(&hello), Line::S(&echoed)], &resumed);
    check(&[Line::C(&hello), Line::S(&fresh)], &full);
    check(&[Line::C(&hello), Line::S(&echoed), Line::S(&done()), Line::S(&CHANGE)], &full);
}

#[test]
fn tls_1_3_hides_everything_after_its_hello() {
    let hello = client(&[server_name("a.example"), versions(&[0x0304, 0x0303]), extension(0xfe0d, &[0; 9])]);
    let answer = server(0x0303, &[9; 32], 0x1301, &[extension(43, &[3, 4])]);
    let secret = record(0x17, &[0xee; 40]);
    let lines = [Line::C(&hello), Line::S(&answer), Line::S(&CHANGE), Line::S(&secret), Line::C(&CHANGE)];
    let outcome = check(&lines, &["client a.example 1.3", "server 1.3 1301"]);
    assert!(matches!(outcome.observations[0], Observation::ClientHello { ech: true, .. }));
    let keyed = server(0x0303, &[9; 32], 0x1301, &[extension(41, &[0, 0]), extension(43, &[3, 4])]);
    check(&[Line::C(&hello), Line::S(&keyed)], &["client a.example 1.3", "server 1.3 1301 resumed"]);
    let draft = server(0x0303, &[9; 32], 0x1301, &[extension(43, &[0x7f, 0x17])]);
    check(&[Line::C(&hello), Line::S(&draft)], &["client a.example 1.3", "server 1.3 1301"]);
    let early_draft = [&[0x7f, 0x12][..], &[0xa5; 32], &[0x13, 0x01, 0, 0]].concat();
    let early_draft = handshake(kind::SERVER_HELLO, &early_draft);
    check(&[Line::C(&hello), Line::S(&early_draft)], &["client a.example 1.3", "server 1.3 1301"]);
}

#[test]
fn a_request_to_try_again_is_no_server_hello() {
    let hello = client(&[server_name("a.example"), versions(&[0x0304])]);
    let mut retry = server_hello(0x0303, &[9; 32], 0x1302, &[extension(43, &[3, 4])]);
    retry[2..34].copy_from_slice(&hex("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c"));
    let retry = [handshake(kind::SERVER_HELLO, &retry), CHANGE.to_vec()].concat();
    let again = [CHANGE.to_vec(), hello.clone()].concat();
    let answer = server(0x0303, &[9; 32], 0x1301, &[extension(43, &[3, 4])]);
    check(
        &[Line::C(&hello), Line::S(&retry), Line::C(&again), Line::S(&answer)],
        &["client a.example 1.3", "server 1.3 1301"],
    );
    check(&[Line::C(&hello), Line::S(&retry)], &["client a.example 1.3"]);
}

#[test]
fn one_side_is_enough() {
    let flight = [server(0x0302, &[], 0x000a, &[]), handshake(kind::CERTIFICATE, &chain(&[LEAF]))].concat();
    check(&[Line::S(&flight)], &["server 1.1 000a", "certificate Server 0 - a leaf"]);
    let encrypted = record(HANDSHAKE, &[0xe3; 40]);
    check(&[Line::C(&client(&[])), Line::C(&CHANGE), Line::C(&encrypted)], &["client - 1.2"]);
}

#[test]
fn ssl_2_tells_its_certificate() {
    let client = hex(
        "802e 01 0002 0015 0000 0010 0700c0 050080 030080 010080 060040 040080 020080 1c30e2b12f4c04525476f280c07abee5",
    );
    let server = hex("8014 04 00 01 0002 0003 0003 0003 414243 0700c0 010203");
    let outcome = check(
        &[Line::C(&client), Line::S(&server), Line::C(&[0x80, 1, 2])],
        &["client - ssl2", "server ssl2 ffff", "certificate Server 0 - ABC"],
    );
    let practice = |wanted| {
        let mut found = outcome.observations.iter();
        found.any(|observation| {
            matches!(observation, Observation::Practice { practice: Practice::TlsVersion(TlsVersion::Ssl2), state, .. }
                if *state == wanted)
        })
    };
    assert!(practice(State::Offered) && practice(State::Negotiated));
}

#[test]
fn a_client_in_the_envelope_of_ssl_2_goes_on_in_records() {
    let client = hex("801c 01 0301 0003 0000 0010 00002f 000102030405060708090a0b0c0d0e0f");
    let flight = [server(0x0301, &[], 0x002f, &[]), handshake(kind::CERTIFICATE, &chain(&[LEAF]))].concat();
    let second = [handshake(kind::CERTIFICATE, &chain(&[b"somebody"])), CHANGE.to_vec()].concat();
    let outcome = check(
        &[Line::C(&client), Line::S(&flight), Line::C(&second)],
        &[
            "client - 1.0",
            "server 1.0 002f",
            "certificate Server 0 - a leaf",
            "certificate Client 0 - somebody",
        ],
    );
    let offered = |observation: &Observation| {
        let version_2 = Practice::TlsVersion(TlsVersion::Ssl2);
        matches!(observation, Observation::Practice { practice, .. } if *practice == version_2)
    };
    assert!(!outcome.observations.iter().any(offered), "no cipher kind of SSL 2.0 was offered");
}

#[test]
fn malformed_parts_are_told_and_the_rest_is_kept() {
    let mut cut = client_hello(0x0303, &[], &[0x002f], &[server_name("a.example"), extension(10, &[0; 4])]);
    let len = cut.len();
    cut.truncate(len - 1);
    let anomaly = ["anomaly tls_extensions", "client - 1.2"];
    check(&[Line::C(&handshake(kind::CLIENT_HELLO, &cut))], &anomaly);
    let spaced = client(&[server_name("a b")]);
    check(&[Line::C(&spaced)], &["client - 1.2"]);
    let junk = [client(&[]), b"GET / HTTP/1.1\r\n".to_vec()].concat();
    check(&[Line::C(&junk)], &["client - 1.2", "anomaly tls_record"]);
    let unknown = server(0x0303, &[], 0x1301, &[extension(43, &[0, 0x2c])]);
    check(&[Line::C(&client(&[])), Line::S(&unknown)], &["client - 1.2", "anomaly tls_version"]);
}

#[test]
fn a_message_beyond_the_bound_ends_its_side() {
    let long = record(HANDSHAKE, &[kind::CERTIFICATE, 0x05, 0x2e, 0xad, 0, 0]);
    let lines =
        [server(0x0303, &[], 0x002f, &[]), long, handshake(kind::CERTIFICATE, &chain(&[LEAF]))].concat();
    check(
        &[Line::C(&client(&[])), Line::S(&lines)],
        &["client - 1.2", "anomaly tls_message_too_long", "server 1.2 002f"],
    );
}

#[test]
fn a_talk_joined_late_has_no_proven_client_and_ends_soon() {
    let mut conversation = Conversation::new(endpoints(), Transport::Tcp, false, Side::A);
    let mut seen = Seen::default();
    conversation.on_bytes(Side::B, b"the rest of some record", &mut seen);
    assert_eq!(conversation.verdict(), None);
    let traffic = [record(0x17, &[0xee; 30]), record(0x17, &[0xdd; 20])].concat();
    conversation.on_bytes(Side::B, &traffic, &mut seen);
    assert_eq!(conversation.verdict(), Some(Verdict { protocol: "tls", client: None }));
    assert!(conversation.wants_bytes(), "the other side may still say its hello");
    conversation.on_bytes(Side::A, &traffic, &mut seen);
    assert!(!conversation.wants_bytes() && seen.is_empty());
}

#[test]
fn a_gap_ends_its_side_only() {
    let mut conversation = Conversation::new(endpoints(), Transport::Tcp, true, Side::A);
    let mut seen = Seen::default();
    conversation.on_bytes(Side::A, &client(&[]), &mut seen);
    conversation.on_bytes(Side::B, &server(0x0301, &[], 0x002f, &[]), &mut seen);
    conversation.on_gap(Side::B, 1000, &mut seen);
    conversation.on_bytes(Side::B, &[0; 50], &mut seen);
    let certificate = handshake(kind::CERTIFICATE, &chain(&[b"somebody"]));
    conversation.on_bytes(Side::A, &certificate, &mut seen);
    let outcome = Outcome { protocol: None, client_right: None, observations: seen.drain().collect() };
    assert_eq!(story(&outcome), ["client - 1.2", "server 1.0 002f", "certificate Client 0 - somebody"]);
}

#[test]
fn the_session_goes_on_where_another_protocol_upgrades() {
    let mut conversation = Conversation::following(endpoints(), Transport::Tcp, Side::B, &Tls);
    let mut seen = Seen::default();
    conversation.on_bytes(Side::B, &client(&[server_name("mail.example")]), &mut seen);
    conversation.on_bytes(Side::A, &server(0x0303, &[], 0x002f, &[]), &mut seen);
    conversation.on_bytes(Side::A, &handshake(kind::CERTIFICATE, &chain(&[LEAF])), &mut seen);
    let outcome = Outcome { protocol: None, client_right: None, observations: seen.drain().collect() };
    let expected = ["client mail.example 1.2", "server 1.2 002f", "certificate Server 0 mail.example a leaf"];
    assert_eq!(story(&outcome), expected);
    // Plain text goes on after a refused upgrade: no error, nothing told, nothing wanted.
    let mut conversation = Conversation::following(endpoints(), Transport::Tcp, Side::B, &Tls);
    for side in [Side::A, Side::B] {
        conversation.on_bytes(side, b"250 still in clear\r\n", &mut seen);
    }
    assert_eq!(conversation.verdict().map(|verdict| verdict.protocol), Some("tls"));
    assert!(!conversation.wants_bytes());
}

#[test]
fn a_stapled_response_is_told_and_so_is_a_missing_one() {
    let told = |extensions: &[Vec<u8>], status: &[u8]| {
        let hello = client(extensions);
        let certificate = handshake(kind::CERTIFICATE, &chain(&[LEAF]));
        let done = handshake(kind::SERVER_HELLO_DONE, &[]);
        let flight = [server(0x0303, &[], 0x002f, &[]), certificate, status.to_vec(), done].concat();
        let outcome = tcp(&[Line::C(&hello), Line::S(&flight)]);
        let told = outcome.observations.into_iter().filter_map(|seen| match seen {
            Observation::Stapled { sni, response } => Some((sni, response.map(Vec::from))),
            _ => None,
        });
        told.collect::<Vec<_>>()
    };
    let asked = [server_name("a.example"), extension(5, &[1, 0, 0, 0, 0])];
    let name = Some("a.example".into());
    let status = handshake(kind::CERTIFICATE_STATUS, &[1, 0, 0, 2, 0x30, 0]);
    assert_eq!(told(&asked, &status), [(name.clone(), Some(vec![0x30, 0]))]);
    assert_eq!(told(&asked, &[]), [(name, None)]);
    assert_eq!(told(&[], &[]), []);
    assert_eq!(told(&[], &handshake(kind::CERTIFICATE_STATUS, &[2, 0, 0, 2, 0x30, 0])), [], "another kind");
}

#[test]
fn the_published_fingerprint_of_a_browser() {
    let outcome = tcp(&[Line::C(&handshake(kind::CLIENT_HELLO, &chrome()))]);
    let Observation::ClientHello { ja4, sni, .. } = &outcome.observations[0] else { panic!() };
    assert_eq!(ja4, "t13d1516h2_8daaf6152771_e5627efa2ab1");
    assert_eq!(sni.as_deref(), Some("clients6.example.com"));
}

#[test]
fn every_cut_of_a_connection_is_bearable() {
    let hello = client(&[server_name("a.example")]);
    let flight = [server(0x0303, &[], 0x002f, &[]), handshake(kind::CERTIFICATE, &chain(&[LEAF]))].concat();
    for len in 0..hello.len() {
        tcp(&[Line::C(&hello[..len])]);
    }
    for len in 0..flight.len() {
        let outcome = tcp(&[Line::C(&hello), Line::S(&flight[..len])]);
        assert_eq!(outcome.protocol, Some("tls"), "{len} bytes of the server");
    }
}

proptest! {
    #[test]
    fn any_bytes_after_a_hello(tail in prop::collection::vec(any::<u8>(), 0..400), answer in prop::collection::vec(any::<u8>(), 0..400), piece in 1usize..60) {
        let hello = [client(&[]), tail].concat();
        let lines = [Line::C(&hello), Line::S(&answer)];
        prop_assert_eq!(tcp_in_pieces(&lines, usize::MAX), tcp_in_pieces(&lines, piece));
    }

    #[test]
    fn any_body_of_a_message(kind in 0u8..25, body in prop::collection::vec(any::<u8>(), 0..200), piece in 1usize..60) {
        let hello = client(&[]);
        let answer = [server(0x0303, &[], 0x002f, &[]), handshake(kind, &body)].concat();
        let both = [Line::C(&hello), Line::S(&answer), Line::C(&handshake(kind, &body)[..])];
        prop_assert_eq!(tcp_in_pieces(&both, usize::MAX), tcp_in_pieces(&both, piece));
    }

    #[test]
    fn one_changed_byte(place in any::<prop::sample::Index>(), byte in any::<u8>(), piece in 1usize..60) {
        let mut hello = handshake(kind::CLIENT_HELLO, &chrome());
        *place.get_mut(&mut hello) = byte;
        let lines = [Line::C(&hello)];
        prop_assert_eq!(tcp_in_pieces(&lines, usize::MAX), tcp_in_pieces(&lines, piece));
    }
}
