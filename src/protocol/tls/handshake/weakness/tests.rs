//! Each weakness, and what is nearly one.

use super::super::super::hello::Carrier;
use super::super::super::sample::{client_hello, extension, server_hello, versions};
use super::*;

/// TLS_DHE_RSA_WITH_AES_128_GCM_SHA256, TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
/// TLS_DHE_PSK_WITH_AES_128_CBC_SHA.
const DHE: u16 = 0x009e;
const ECDHE: u16 = 0xc02f;
const DHE_PSK: u16 = 0x0090;

fn prime(len: usize, first: u8) -> Vec<u8> {
    let mut number = vec![0x55; len];
    number[0] = first;
    [&(len as u16).to_be_bytes()[..], &number, &[0, 1, 2, 0, 1, 9]].concat()
}

fn check(suite: u16, body: &[u8], expected: &[TlsPractice]) {
    assert_eq!(of_key_exchange(TlsVersion::Tls12, suite, body)[..], *expected, "{suite:04x}");
}

#[test]
fn primes_are_measured_in_bits() {
    check(DHE, &prime(128, 0xff), &[TlsPractice::SmallGroup { bits: 1024 }]);
    check(DHE, &prime(256, 0x7f), &[TlsPractice::SmallGroup { bits: 2047 }]);
    check(DHE, &prime(256, 0x80), &[]);
    check(DHE, &prime(257, 0), &[TlsPractice::SmallGroup { bits: 2047 }]);
    check(0x0034, &prime(64, 0x80), &[TlsPractice::SmallGroup { bits: 512 }]);
    check(
        DHE_PSK,
        &[&[0, 2, b'h', b'i'][..], &prime(128, 0xff)].concat(),
        &[TlsPractice::SmallGroup { bits: 1024 }],
    );
    check(DHE, &[0, 200, 1, 2], &[]);
}

#[test]
fn curves_are_known_by_their_number() {
    for (curve, weak) in
        [(19, true), (20, false), (23, false), (29, false), (15, true), (1, true), (6, false)]
    {
        let expected = if weak { vec![TlsPractice::WeakCurve(curve.into())] } else { vec![] };
        check(ECDHE, &[3, 0, curve, 1, 4], &expected);
    }
    // A curve written out, and a suite whose exchange is signed over something else.
    check(ECDHE, &[1, 0, 19, 1, 4], &[]);
    check(0x002f, &[3, 0, 19, 1, 4], &[]);
}

#[test]
fn a_signature_tells_its_hash_since_version_1_2() {
    let signed = |hash| [&[3, 0, 23, 1, 4][..], &[hash, 1, 0, 1, 0]].concat();
    check(ECDHE, &signed(2), &[TlsPractice::WeakSignature { hash: 2 }]);
    check(ECDHE, &signed(1), &[TlsPractice::WeakSignature { hash: 1 }]);
    check(ECDHE, &signed(4), &[]);
    check(ECDHE, &signed(8), &[]);
    assert_eq!(of_key_exchange(TlsVersion::Tls11, ECDHE, &signed(2))[..], []);
}

#[test]
fn a_heartbeat_may_ask_for_what_it_sent() {
    assert!(asks_for_too_much(&[1, 0x40, 0]));
    assert!(asks_for_too_much(&[1, 0, 3, 7, 7]));
    assert!(!asks_for_too_much(&[1, 0, 2, 7, 7]));
    assert!(!asks_for_too_much(&[[1, 0, 2, 7, 7].as_slice(), &[0; 16]].concat()));
    assert!(!asks_for_too_much(&[2, 0x40, 0]), "an answer");
    assert!(!asks_for_too_much(&[1, 0]));
}

/// What is wrong when a client says this, and a server answers so.
fn judge(client: &[u8], server: &[u8]) -> Vec<TlsPractice> {
    let client = ClientHello::parse(client, Carrier::Stream).unwrap();
    let server = ServerHello::parse(server).unwrap();
    let version = server.version.unwrap();
    of_answer(Offer::of(&client), &server, version).to_vec()
}

/// TLS_RSA_WITH_AES_128_CBC_SHA, TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256.
const CBC: u16 = 0x002f;
const GCM: u16 = 0xc02f;

#[test]
fn what_was_asked_for_must_be_answered() {
    let promises =
        [(0xff01, TlsPractice::InsecureRenegotiation), (0x0017, TlsPractice::NoExtendedMasterSecret)];
    for (kind, practice) in promises {
        let asked = client_hello(0x0303, &[], &[GCM], &[extension(kind, &[0])]);
        let not_asked = client_hello(0x0303, &[], &[GCM], &[]);
        let answered = server_hello(0x0303, &[], GCM, &[extension(kind, &[0])]);
        let not_answered = server_hello(0x0303, &[], GCM, &[]);
        assert_eq!(judge(&asked, &not_answered), [practice]);
        assert_eq!(judge(&asked, &answered), []);
        assert_eq!(judge(&not_asked, &not_answered), []);
        // In TLS 1.3 there is nothing to answer.
        let newer = server_hello(0x0303, &[], 0x1301, &[extension(43, &[3, 4])]);
        assert_eq!(judge(&asked, &newer), []);
    }
    let signal = client_hello(0x0303, &[], &[GCM, 0x00ff], &[]);
    let silent = server_hello(0x0303, &[], GCM, &[]);
    assert_eq!(judge(&signal, &silent), [TlsPractice::InsecureRenegotiation]);
}

#[test]
fn a_block_cipher_needs_its_mac_outside() {
    let client = client_hello(0x0303, &[], &[CBC, GCM], &[]);
    let answer =
        |suite, extensions: &[Vec<u8>]| judge(&client, &server_hello(0x0303, &[], suite, extensions));
    assert_eq!(answer(CBC, &[]), [TlsPractice::MacThenEncrypt]);
    assert_eq!(answer(CBC, &[extension(0x0016, &[])]), []);
    assert_eq!(answer(GCM, &[]), []);
}

#[test]
fn compression_and_heartbeat_are_what_the_server_says() {
    let client = client_hello(0x0303, &[], &[GCM], &[extension(0x000f, &[1])]);
    let mut compressed = server_hello(0x0303, &[], GCM, &[]);
    assert_eq!(judge(&client, &compressed), []);
    compressed[2 + 32 + 1 + 2] = 1;
    assert_eq!(judge(&client, &compressed), [TlsPractice::Compression]);
    let beating = server_hello(0x0303, &[], GCM, &[extension(0x000f, &[1])]);
    assert_eq!(judge(&client, &beating), [TlsPractice::Heartbeat]);
}

#[test]
fn a_lowered_version_contradicts_what_was_offered() {
    let newest = client_hello(0x0303, &[], &[GCM], &[versions(&[0x0304, 0x0303])]);
    let older = client_hello(0x0303, &[], &[GCM], &[]);
    let answer = |version: u16, end: &[u8; 8]| {
        let mut hello = server_hello(version, &[], GCM, &[]);
        hello[26..34].copy_from_slice(end);
        hello
    };
    assert_eq!(judge(&newest, &answer(0x0303, &COULD_DO_13)), [TlsPractice::Downgrade]);
    assert_eq!(judge(&older, &answer(0x0301, &COULD_DO_12)), [TlsPractice::Downgrade]);
    // The client asked for no more, or the server could do no more.
    assert_eq!(judge(&older, &answer(0x0303, &COULD_DO_13)), []);
    assert_eq!(judge(&newest, &answer(0x0303, b"DOWNGRD\x02")), []);
    assert_eq!(judge(&newest, &answer(0x0303, &[0xa5; 8])), []);
}

#[test]
fn early_data_counts_once_the_key_was_accepted() {
    let early =
        client_hello(0x0303, &[], &[0x1301], &[versions(&[0x0304]), extension(42, &[]), extension(41, &[0])]);
    let late = client_hello(0x0303, &[], &[0x1301], &[versions(&[0x0304]), extension(41, &[0])]);
    let accepted = server_hello(0x0303, &[], 0x1301, &[extension(41, &[0, 0]), extension(43, &[3, 4])]);
    let refused = server_hello(0x0303, &[], 0x1301, &[extension(43, &[3, 4])]);
    assert_eq!(judge(&early, &accepted), [TlsPractice::EarlyData]);
    assert_eq!(judge(&early, &refused), []);
    assert_eq!(judge(&late, &accepted), []);
}

#[test]
fn what_a_client_offers_is_judged_by_its_best() {
    let offer = |version, suites: &[u16], extensions: &[Vec<u8>]| {
        let hello = client_hello(version, &[], suites, extensions);
        of_offer(&ClientHello::parse(&hello, Carrier::Stream).unwrap()).to_vec()
    };
    assert_eq!(offer(0x0301, &[CBC], &[]), [TlsPractice::OldClient(TlsVersion::Tls10)]);
    assert_eq!(offer(0x0302, &[CBC], &[]), [TlsPractice::OldClient(TlsVersion::Tls11)]);
    assert_eq!(offer(0x0303, &[GCM], &[]), []);
    // The message says TLS 1.1, the extension more.
    assert_eq!(offer(0x0302, &[GCM], &[versions(&[0x0304])]), []);
    assert_eq!(offer(0x0303, &[GCM, 0x5600], &[]), [TlsPractice::Fallback]);
}
