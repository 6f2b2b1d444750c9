//! Banners, key exchanges and who is who.

use super::agreement::tests::offer as full_offer;
use super::*;
use crate::protocol::testing::Line::{C, S};
use crate::protocol::testing::{Outcome, hex, tcp};

const CLIENT: &[u8] = b"SSH-2.0-PuTTY_Release_0.78\r\n";
const SERVER: &[u8] = b"SSH-2.0-OpenSSH_9.6 Ubuntu-3\r\n";

fn packet(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = (2 + body.len() + 4) as u32;
    [&length.to_be_bytes()[..], &[4, kind], body, &[0; 4]].concat()
}

fn offer(list: &str) -> Vec<u8> {
    packet(20, &[&[7; 16][..], &(list.len() as u32).to_be_bytes(), list.as_bytes()].concat())
}

fn ssh(client_right: Option<bool>, products: &[(Role, &str)]) -> Outcome {
    let product = |(of, text): &(Role, &str)| Observation::Product { of: *of, text: (*text).into() };
    Outcome { protocol: Some("ssh"), client_right, observations: products.iter().map(product).collect() }
}

const BOTH: &[(Role, &str)] = &[(Role::Client, "PuTTY_Release_0.78"), (Role::Server, "OpenSSH_9.6 Ubuntu-3")];

#[test]
fn both_sides_tell_their_software() {
    assert_eq!(tcp(&[S(SERVER), C(CLIENT)]), ssh(None, BOTH));
    assert_eq!(tcp(&[S(SERVER)]), ssh(None, &BOTH[1..]));
    assert_eq!(tcp(&[C(b"SSH-2.0-dropbear\n")]), ssh(None, &[(Role::Client, "dropbear")]));
}

#[test]
fn offers_tell_who_is_the_client() {
    for (client, server) in [
        ("curve25519-sha256,ext-info-c", "curve25519-sha256"),
        ("curve25519-sha256", "curve25519-sha256,kex-strict-s-v00@openssh.com"),
    ] {
        let (client, server) = (offer(client), offer(server));
        let right = tcp(&[S(SERVER), C(CLIENT), S(&server), C(&client)]);
        assert_eq!(right, ssh(Some(true), BOTH));
        // The same talk, heard as if the server had opened the connection.
        let wrong = tcp(&[C(SERVER), S(CLIENT), C(&server), S(&client)]);
        assert_eq!(wrong, ssh(Some(false), BOTH));
    }
}

#[test]
fn key_exchange_tells_who_is_the_client() {
    let plain = offer("diffie-hellman-group14-sha1");
    for (from_client, from_server) in [(30, 31), (34, 31), (32, 33)] {
        let (ask, tell) = (packet(from_client, &[1; 40]), packet(from_server, &[2; 40]));
        let talk = [S(SERVER), C(CLIENT), S(&plain), C(&plain), C(&ask), S(&tell)];
        assert_eq!(tcp(&talk), ssh(Some(true), BOTH));
        assert_eq!(tcp(&[S(SERVER), S(&plain), S(&tell)]), ssh(Some(true), &BOTH[1..]), "one side only");
        assert_eq!(tcp(&[C(SERVER), C(&plain), C(&tell)]), ssh(Some(false), &BOTH[1..]));
    }
}

#[test]
fn version_1_begins_with_the_servers_key() {
    let key = hex("0000000c 00000000 02 0102030405060708 090a0b");
    let client = (Role::Client, "client");
    let talk = [S(b"SSH-1.99-server\n"), C(b"SSH-1.5-client\n"), S(&key)];
    let products = ssh(Some(true), &[client, (Role::Server, "server")]);
    let mut outcome = tcp(&talk);
    assert_eq!(practices(&outcome), [(SshPractice::Version1, State::Negotiated)]);
    outcome.observations.truncate(2);
    assert_eq!(outcome, products);
    let both = tcp(&[S(b"SSH-1.99-server\n"), C(b"SSH-2.0-client\n")]);
    assert_eq!(practices(&both), [(SshPractice::BothVersions, State::Capable)]);
    assert_eq!(practices(&tcp(&[C(b"SSH-1.99-client\n"), S(SERVER)])), []);
}

#[test]
fn what_is_encrypted_or_too_long_is_not_read() {
    let last = packet(21, &[]);
    let talk = [S(SERVER), C(CLIENT), S(&last), S(&packet(31, &[0; 8]))];
    assert_eq!(tcp(&talk), ssh(None, BOTH));
    assert_eq!(tcp(&[S(SERVER), C(CLIENT), S(&[0xff; 64])]), ssh(None, BOTH));
    assert_eq!(tcp(&[S(&[b"SSH-2.0-".as_slice(), &[b'x'; 300]].concat())]), ssh(None, &[]));
}

#[test]
fn what_only_resembles_a_banner_is_none() {
    for bytes in [&b"SSH-3.0-x\r\n"[..], b"SSH 2.0\r\n", b"ssh-2.0-x\r\n", b"220 SSH-2.0-x\r\n", b"SSH-2"] {
        assert_eq!(tcp(&[S(bytes)]).protocol, None);
    }
    assert_eq!(tcp(&[C(b"GET / HTTP/1.1\r\n"), S(SERVER)]).protocol, None);
}

fn practices(outcome: &Outcome) -> Vec<(SshPractice, State)> {
    let practice = |observation: &Observation| match observation {
        Observation::Practice { practice: Practice::Ssh(practice), state, .. } => Some((*practice, *state)),
        _ => None,
    };
    outcome.observations.iter().filter_map(practice).collect()
}

#[test]
fn what_was_agreed_on_is_judged_once_it_is_known_who_is_who() {
    let strong = [
        "curve25519-sha256,ext-info-c,diffie-hellman-group14-sha1",
        "ssh-ed25519",
        "aes256-ctr",
        "hmac-sha2-256",
    ];
    let weak =
        ["diffie-hellman-group14-sha1,curve25519-sha256", "ssh-ed25519", "aes256-ctr", "hmac-sha2-256"];
    let (strong, weak) = (packet(20, &full_offer(strong)), packet(20, &full_offer(weak)));
    let last = packet(21, &[]);
    // The client prefers the strong one; heard the wrong way round it stays so.
    for talk in [
        [S(SERVER), C(CLIENT), S(&weak), C(&strong), S(&last)],
        [C(SERVER), S(CLIENT), C(&weak), S(&strong), C(&last)],
    ] {
        assert_eq!(practices(&tcp(&talk)), []);
    }
    let talk = [S(SERVER), C(CLIENT), S(&weak), C(&weak), S(&last)];
    assert_eq!(practices(&tcp(&talk)), [(SshPractice::KeyExchange, State::Negotiated)]);
    assert_eq!(practices(&tcp(&talk[..4])).len(), 1, "told at the end where the keys do not come");
}
