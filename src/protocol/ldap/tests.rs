//! Binds, StartTLS, and messages that were made to hurt.

use super::*;
use crate::model::{Address, Endpoint, NameSource, NamedThing, Side};
use crate::protocol::testing::{Line, Outcome, hex, tcp, udp};
use crate::protocol::{Conversation, Verdict};
use Line::{C, S};

fn bind(state: State, what: &str) -> Observation {
    Observation::Practice {
        practice: Practice::LdapSimpleBind,
        state,
        at_fault: Role::Server,
        what: what.into(),
    }
}

fn check(lines: &[Line<'_>], observations: &[Observation]) {
    let outcome = tcp(lines);
    let expected =
        Outcome { protocol: Some("ldap"), client_right: Some(true), observations: observations.to_vec() };
    assert_eq!(outcome, expected);
}

fn tlv(tag: u8, body: &[u8]) -> Vec<u8> {
    let len = body.len() as u16;
    [&[tag, 0x82], &len.to_be_bytes()[..], body].concat()
}

fn message(id: u8, operation: u8, body: &[u8]) -> Vec<u8> {
    tlv(0x30, &[&[2, 1, id], tlv(operation, body).as_slice()].concat())
}

fn simple_bind(name: &[u8], password: &[u8]) -> Vec<u8> {
    message(1, 0x60, &[&[2, 1, 3], tlv(4, name).as_slice(), &tlv(0x80, password)].concat())
}

fn result(id: u8, operation: u8, code: u8) -> Vec<u8> {
    message(id, operation, &[0x0a, 1, code, 4, 0, 4, 0])
}

fn start_tls() -> Vec<u8> {
    hex("301d02010177188016312e332e362e312e342e312e313436362e3230303337")
}

#[test]
fn a_simple_bind_is_attempted_then_used() {
    let attempted = bind(State::Attempted, "LDAP simple bind with a password");
    let used = bind(State::Used, "LDAP simple bind with a password accepted");
    let request = simple_bind(b"cn=admin,dc=example", b"secret");
    // As Windows answers, with lengths of four octets.
    let accepted = hex("3084000000100201016184000000070a010004000400");
    check(&[C(&request), S(&accepted)], &[attempted.clone(), used]);
    check(&[C(&request), S(&result(1, 0x61, 49))], std::slice::from_ref(&attempted));
    check(&[C(&request), S(&result(2, 0x61, 0))], std::slice::from_ref(&attempted));
    check(&[C(&request)], &[attempted]);
}

#[test]
fn a_bind_without_name_or_password_gives_nothing_away() {
    let accepted = result(1, 0x61, 0);
    check(&[C(&simple_bind(b"", b"")), S(&accepted)], &[]);
    check(&[C(&simple_bind(b"cn=anon", b"")), S(&accepted)], &[]);
    check(&[C(&simple_bind(b"", b"a password of nobody")), S(&accepted)], &[]);
}

#[test]
fn start_tls_that_was_granted_hands_over_to_tls() {
    let mut seen = Seen::default();
    let granted = hex("300c02010178070a010004000400");
    let mut session = Ldap.begin();
    assert!(matches!(session.on_bytes(Role::Client, &start_tls(), &mut seen), Step::Skip(31)));
    let step = session.on_bytes(Role::Server, &granted, &mut seen);
    assert!(matches!(step, Step::Upgrade(14, to) if to.protocol() == "tls"), "{step:?}");

    let mut session = Ldap.begin();
    session.on_bytes(Role::Client, &start_tls(), &mut seen);
    let step = session.on_bytes(Role::Client, &[0x16, 3, 1, 0, 5], &mut seen);
    assert!(matches!(step, Step::Upgrade(0, to) if to.protocol() == "tls"), "{step:?}");
}

#[test]
fn a_bind_inside_tls_is_not_seen() {
    let bind = simple_bind(b"cn=admin", b"secret");
    let record = [&[0x17, 3, 3, 0, bind.len() as u8], bind.as_slice()].concat();
    let outcome = tcp(&[C(&start_tls()), S(&hex("300c02010178070a010004000400")), C(&record)]);
    assert_eq!(outcome.protocol, Some("ldap"));
    assert!(!outcome.observations.iter().any(|told| matches!(told, Observation::Practice { .. })));
}

#[test]
fn a_bind_after_a_refused_start_tls_is_seen() {
    check(
        &[C(&start_tls()), S(&result(1, 0x78, 2)), C(&simple_bind(b"cn=admin", b"secret"))],
        &[bind(State::Attempted, "LDAP simple bind with a password")],
    );
}

#[test]
fn ntlm_inside_binds_names_both_sides() {
    let workstation = b"NTLMSSP\0\x03\0\0\0".to_vec();
    let workstation = [workstation, vec![0; 32], hex("04000400 40000000 0000000000000000 00000000")].concat();
    let workstation = [workstation, b"BOX7".to_vec()].concat();
    let challenge = b"NTLMSSP\0\x02\0\0\0".to_vec();
    let challenge = [challenge, vec![0; 28], hex("0a000a00 30000000 0300 0600 640063003100")].concat();
    let sasl = tlv(0xa3, &[tlv(4, b"GSS-SPNEGO"), tlv(4, &workstation)].concat());
    let request = message(1, 0x60, &[&[2, 1, 3, 4, 0], sasl.as_slice()].concat());
    let answer = message(1, 0x61, &[&[0x0a, 1, 14, 4, 0, 4, 0], tlv(0x87, &challenge).as_slice()].concat());
    let name = |of, name: &str| Observation::Name {
        of: NamedThing::Role(of),
        name: name.into(),
        source: NameSource::Ntlm,
    };
    let wrapped = hex("00000070050406ff0000001c0000000002d30545");
    check(
        &[C(&request), S(&answer), C(&wrapped), C(&simple_bind(b"cn=admin", b"secret"))],
        &[name(Role::Client, "box7"), name(Role::Server, "dc1")],
    );
}

#[test]
fn a_search_that_nests_as_deep_as_it_can_is_one_message() {
    let mut filter = vec![0x87, 0];
    while filter.len() < 50_000 {
        filter = tlv(0xa2, &filter);
    }
    let search = [&hex("0400 0a0100 0a0100 020100 020100 010100")[..], &filter, &[0x30, 0]].concat();
    check(
        &[C(&message(2, 0x63, &search)), C(&simple_bind(b"cn=admin", b"secret"))],
        &[bind(State::Attempted, "LDAP simple bind with a password")],
    );
}

#[test]
fn the_middle_of_a_search_shows_who_is_the_server() {
    let endpoint = |last| Endpoint { address: Address::from([10, 0, 0, last]), port: 7 };
    let mut seen = Seen::default();
    let mut talk = Conversation::new(Pair::new(endpoint(1), endpoint(2)), Transport::Tcp, false, Side::A);
    talk.on_bytes(Side::A, b"the end of an older entry", &mut seen);
    talk.on_bytes(Side::A, &message(7, 0x64, &[4, 4, b'd', b'c', b'=', b'x', 0x30, 0]), &mut seen);
    assert_eq!(talk.verdict(), Some(Verdict { protocol: "ldap", client: Some(Side::B) }));
}

#[test]
fn over_udp_it_is_cldap() {
    let search = message(1, 0x63, &hex("0400 0a0100 0a0100 020100 020100 010100 8700 3000"));
    let entry = message(1, 0x64, &hex("0400 3000"));
    for lines in [&[C(&search), S(&entry)][..], &[S(&entry)], &[C(&search)]] {
        let outcome = udp(389, lines);
        assert_eq!((outcome.protocol, outcome.client_right), (Some("cldap"), Some(true)));
    }
}

#[test]
fn snmp_and_other_sequences_are_not_ldap() {
    for bytes in [
        // SNMP 2c and 3, a certificate's beginning, a length that does not fit, an unknown operation.
        "302602010104067075626c6963a019020101020100020100300e300c06082b060102010101000500",
        "303e020103301102040b3e3f4c020300ffcf040107020103042130",
        "3082030f308201f7a003020102",
        "300c02010161080a010004000400",
        "300c02010162070a010004000400",
        "308402010161",
    ] {
        assert_ne!(tcp(&[C(&hex(bytes))]).protocol, Some("ldap"), "{bytes}");
    }
}
