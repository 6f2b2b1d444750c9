//! Messages of SNMP in its three versions, and what nearly is one.

use crate::model::{Observation, Practice, Purpose, Role, State};
use crate::protocol::testing::Line::{C, S};
use crate::protocol::testing::{hex, udp};

const GET: &str =
    "3029 020101 0406 7075626c6963 a01c 020412345678 020100 020100 300e 300c 0608 2b06010201010100 0500";
const SET: &str =
    "3027 020101 0409 736563726574313233 a317 020101 020100 020100 300c 300a 0606 2b0601020101 0500";
const TRAP: &str =
    "3026 020100 0406 7075626c6963 a419 0606 2b0601040163 4004 0a141a01 020106 020101 430100 3000";
/// sysDescr.0 is `test-router-1`.
const DESCRIBED: &str = "3036 020101 0406 7075626c6963 a229 020412345678 020100 020100
    301b 3019 0608 2b06010201010100 040d 746573742d726f757465722d31";

fn practice(
    version: u8,
    default: bool,
    write: bool,
    state: State,
    at_fault: Role,
    what: &str,
) -> Observation {
    let practice = Practice::SnmpCommunity { version, default_community: default, write };
    Observation::Practice { practice, state, at_fault, what: what.into() }
}

fn asked() -> Observation {
    let what = "SNMPv2c read request with a default community in clear";
    practice(2, true, false, State::Attempted, Role::Server, what)
}

fn answered() -> Observation {
    practice(2, true, false, State::Used, Role::Server, "SNMPv2c answer with a default community in clear")
}

#[track_caller]
fn check(lines: &[crate::protocol::testing::Line<'_>], observations: &[Observation]) {
    let outcome = udp(40_001, lines);
    assert_eq!((outcome.protocol, outcome.client_right), (Some("snmp"), Some(true)));
    assert_eq!(outcome.observations, observations);
}

#[test]
fn a_question_is_attempted_and_an_answer_used() {
    check(&[C(&hex(GET))], &[asked()]);
    let product = Observation::Product { of: Role::Server, text: "test-router-1".into() };
    let (get, described) = (hex(GET), hex(DESCRIBED));
    check(&[C(&get), S(&described), C(&get), S(&described)], &[asked(), answered(), product.clone()]);
    check(&[S(&described)], &[answered(), product]);
}

#[test]
fn a_change_counts_when_it_succeeded() {
    let administers = Observation::Purpose(Purpose::Management);
    let attempted = practice(
        2,
        false,
        false,
        State::Attempted,
        Role::Server,
        "SNMPv2c set request with the community in clear",
    );
    let done = SET.replace("a317", "a217");
    let used = |write, what: &str| practice(2, false, write, State::Used, Role::Server, what);
    let written = used(true, "SNMPv2c answer to a set request with the community in clear");
    check(&[C(&hex(SET)), S(&hex(&done))], &[administers.clone(), attempted.clone(), written]);
    let refused = done.replace("020101 020100 020100", "020101 020106 020101");
    let answer = used(false, "SNMPv2c answer with the community in clear");
    check(&[C(&hex(SET)), S(&hex(&refused))], &[administers.clone(), attempted.clone(), answer.clone()]);
    let other = done.replace("a217 020101", "a217 020102");
    check(&[C(&hex(SET)), S(&hex(&other))], &[administers, attempted, answer]);
}

#[test]
fn events_come_from_the_agent() {
    let what = "SNMPv1 trap with a default community in clear";
    check(&[C(&hex(TRAP))], &[practice(1, true, false, State::Used, Role::Client, what)]);
    let trap = GET.replace("a01c", "a71c");
    let what = "SNMPv2c trap with a default community in clear";
    check(&[C(&hex(&trap))], &[practice(2, true, false, State::Used, Role::Client, what)]);
    let inform = GET.replace("a01c", "a61c");
    let what = "SNMPv2c inform request with a default community in clear";
    let informed = practice(2, true, false, State::Used, Role::Client, what);
    check(&[C(&hex(&inform)), S(&hex(&GET.replace("a01c", "a21c")))], &[informed]);
}

#[test]
fn version_3_is_recognised_and_no_practice() {
    let plain = "305d 020103 3010 020400000001 02020100 040104 020103
        0425 3023040b80001f8880123456789abc020100020100 040a61646d696e5f75736572 0400 0400
        301f 0400 0400 a019 020101 020100 020100 300e 300c 0608 2b06010201010100 0500";
    check(&[C(&hex(plain))], &[]);
    let encrypted = "3021 020103 3010 020400000001 02020100 040107 020103 0402 3000 0406 010203040506";
    check(&[C(&hex(encrypted))], &[]);
    let silent = encrypted.replace("040107", "040103");
    assert_eq!(udp(161, &[C(&hex(&silent))]).client_right, None, "an answer or a trap");
}

#[test]
fn a_message_longer_than_its_datagram_is_none() {
    let get = hex(GET);
    assert_eq!(udp(161, &[C(&get)]).protocol, Some("snmp"));
    for missing in [1, 2, 6] {
        assert_eq!(
            udp(161, &[C(&get[..get.len() - missing])]).protocol,
            None,
            "{missing} octets are missing"
        );
    }
    let longer = GET.replace("3029", "302b");
    assert_eq!(udp(161, &[C(&hex(&longer))]).protocol, None, "the length claims two octets more");
}

#[test]
fn what_only_resembles_a_message_is_none() {
    for (why, text) in [
        ("version 2", GET.replace("020101 0406", "020102 0406")),
        ("no community", GET.replace("0406", "0206")),
        ("an unknown operation", GET.replace("a01c", "a91c")),
        ("version 1's trap in version 2c", TRAP.replace("020100 0406", "020101 0406")),
        ("a bulk read in version 1", GET.replace("020101", "020100").replace("a01c", "a51c")),
        ("no request number", GET.replace("020412345678", "040412345678")),
        ("LDAP", "300c 020101 6007 020103 0400 8000".to_owned()),
        ("endless length", "3080 020101 0406 7075626c6963 a01c".to_owned()),
    ] {
        assert_ne!(udp(161, &[C(&hex(&text))]).protocol, Some("snmp"), "{why}");
    }
}
