//! Messages of DNS over both transports, and what nearly is one.

use crate::model::{Address, Fault, NameSource, NamedThing, Observation, State};
use crate::protocol::testing::Line::{C, S};
use crate::protocol::testing::{Outcome, faults, hex, tcp, udp};

const QUERY: &str = "2003 0100 0001 0000 0000 0000 03777777 076578616d706c65 036f7267 00 0001 0001";

/// www.example.org is an alias of example.org, which has an address.
const ANSWER: &str = "2003 8580 0001 0002 0000 0000 03777777 076578616d706c65 036f7267 00 0001 0001
    03777777 076578616d706c65 036f7267 00 0005 0001 0000012c 000d 076578616d706c65 036f7267 00
    076578616d706c65 036f7267 00 0001 0001 0000012c 0004 5db8d822";

fn name(address: [u8; 4], name: &str) -> Observation {
    let of = NamedThing::Address(Address::from(address));
    Observation::Name { of, name: name.into(), source: NameSource::Dns }
}

fn dns(client_right: bool, observations: Vec<Observation>) -> Outcome {
    Outcome { protocol: Some("dns"), client_right: Some(client_right), observations }
}

const NOTHING: Outcome = Outcome { protocol: None, client_right: None, observations: vec![] };

fn both_names() -> Vec<Observation> {
    vec![name([93, 184, 216, 34], "www.example.org"), name([93, 184, 216, 34], "example.org")]
}

/// The same message with other octets at a place.
fn with(message: &str, at: usize, octets: &[u8]) -> Vec<u8> {
    let mut bytes = hex(message);
    bytes[at..at + octets.len()].copy_from_slice(octets);
    bytes
}

fn framed(message: &str) -> Vec<u8> {
    let message = hex(message);
    [&(message.len() as u16).to_be_bytes()[..], &message].concat()
}

#[test]
fn an_address_has_the_name_asked_for_and_the_one_it_leads_to() {
    assert_eq!(udp(53, &[C(&hex(QUERY)), S(&hex(ANSWER))]), dns(true, both_names()));
}

#[test]
fn one_direction_is_enough() {
    assert_eq!(udp(53, &[C(&hex(QUERY))]), dns(true, vec![]));
    assert_eq!(udp(53, &[S(&hex(ANSWER))]), dns(true, both_names()));
    assert_eq!(udp(53, &[C(&hex(ANSWER))]), dns(false, both_names()), "the answer comes from the server");
}

#[test]
fn on_another_port_an_answer_is_asked_for() {
    assert_eq!(udp(5300, &[C(&hex(QUERY))]), NOTHING);
    assert_eq!(udp(5300, &[C(&hex(QUERY)), S(&hex(ANSWER))]), dns(true, both_names()));
    assert_eq!(udp(5300, &[S(&hex(ANSWER))]), dns(true, both_names()), "it answers its own question");
    let refused = with(&QUERY.replace("2003 0100", "2003 8185"), 0, &[]);
    assert_eq!(udp(5300, &[S(&refused)]), NOTHING);
    assert_eq!(udp(5300, &[C(&hex(QUERY)), S(&refused)]), dns(true, vec![]));
    let strange = with(ANSWER, 0, &[0x77, 0x77]);
    let strange = &strange[..strange.len() - 1];
    assert_eq!(udp(5300, &[C(&hex(QUERY)), S(strange)]), NOTHING, "another question's answer, cut short");
}

#[test]
fn what_only_resembles_a_query_is_none() {
    for (why, message) in [
        ("reserved bit", with(QUERY, 3, &[0x40])),
        ("operation 1", with(QUERY, 2, &[0x09])),
        ("a question that failed", with(QUERY, 3, &[0x03])),
        ("two questions", with(QUERY, 5, &[2])),
        ("no question", with(QUERY, 5, &[0])),
        ("many answers in a question", with(QUERY, 6, &[1])),
        ("type 0", with(QUERY, 30, &[0])),
        ("class 2", with(QUERY, 32, &[2])),
        ("a name that points forward", with(QUERY, 12, &[0xc0, 0x1d])),
        ("cut inside the question", hex(QUERY)[..31].to_vec()),
        ("cut inside the header", hex(QUERY)[..11].to_vec()),
        ("text", b"GET / HTTP/1.1\r\nHost: example.org\r\n\r\n".to_vec()),
    ] {
        assert_eq!(udp(53, &[C(&message)]), NOTHING, "{why}");
    }
}

#[test]
fn extensions_and_zone_changes_are_dns() {
    let edns =
        format!("{} 00 0029 1000 00000000 0000", QUERY.replace("0000 0000 0000 03", "0000 0000 0001 03"));
    assert_eq!(udp(53, &[C(&hex(&edns))]), dns(true, vec![]));
    let update = QUERY.replace("2003 0100", "2003 2800").replace("0001 0001", "0006 0001");
    assert_eq!(udp(53, &[C(&hex(&update))]), dns(true, vec![]));
    let updated = hex("2003 a800 0000 0000 0000 0000");
    let outcome = udp(53, &[C(&hex(&update)), S(&updated)]);
    assert_eq!((outcome.protocol, outcome.client_right), (Some("dns"), Some(true)));
}

#[test]
fn a_reverse_answer_names_the_address_in_its_question() {
    let answer = "0b0b 8180 0001 0001 0000 0000
        03313339 0131 03313638 03313932 07696e2d61646472 0461727061 00 000c 0001
        c00c 000c 0001 00000e10 000e 0c 48616472 69656c73 2d4d4250 00";
    assert_eq!(udp(53, &[S(&hex(answer))]), dns(true, vec![name([192, 168, 1, 139], "hadriels-mbp")]));
}

#[test]
fn an_answer_that_is_cut_gives_what_came_before() {
    let first = ANSWER.replace("0001 0002", "0001 0003");
    assert_eq!(udp(53, &[S(&hex(&first))]), dns(true, both_names()));
    let cut = hex(ANSWER);
    assert_eq!(udp(53, &[S(&cut[..cut.len() - 1])]), dns(true, vec![]));
}

#[test]
fn failures_and_addresses_that_are_none_name_nobody() {
    for (why, message) in [
        ("no such name", with(ANSWER, 3, &[0x83])),
        ("0.0.0.0", hex(&ANSWER.replace("5db8d822", "00000000"))),
        ("a group", hex(&ANSWER.replace("5db8d822", "e00000fb"))),
        ("an address of 3 octets", hex(&ANSWER.replace("0004 5db8d822", "0003 5db8d8"))),
    ] {
        assert_eq!(udp(53, &[S(&message)]), dns(true, vec![]), "{why}");
    }
}

#[test]
fn an_address_beside_the_chain_has_its_own_name_only() {
    let other = ANSWER.replace("0001 0002", "0001 0003");
    let other = format!("{other} 026e73 c010 0001 0001 0000012c 0004 0a000035");
    let expected = [both_names(), vec![name([10, 0, 0, 53], "ns.example.org")]].concat();
    assert_eq!(udp(53, &[S(&hex(&other))]), dns(true, expected));
}

#[test]
fn names_of_one_message_are_bounded() {
    let mut message = hex(&ANSWER.replace("0001 0002 0000", "0001 0080 0000"));
    message.extend(hex("c010 0001 0001 0000012c 0004 0a000001").repeat(126));
    assert_eq!(udp(53, &[S(&message)]).observations.len(), 64);
}

#[test]
fn a_stream_holds_several_messages() {
    let queries = framed(QUERY).repeat(2);
    let answers = framed(ANSWER).repeat(2);
    let expected = [both_names(), both_names()].concat();
    assert_eq!(tcp(&[C(&queries), S(&answers)]), dns(true, expected.clone()));
    assert_eq!(tcp(&[S(&answers)]), dns(true, expected), "only the answers were heard");
    assert_eq!(tcp(&[C(&hex("0011 2222 0100 0001 0000 0000 0000 00 0002 0001"))]), dns(true, vec![]));
}

#[test]
fn streams_of_other_protocols_are_not_dns() {
    for bytes in [
        &b"GET / HTTP/1.1\r\n\r\n"[..],
        b"\x00\x25\x20\x0d\x41\x00\x00\x01",
        b"\x00\x0b\x20\x0d\x01\x00\x00\x01\x00\x00\x00\x00\x00",
        b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03",
        b"\x00\x00\x00\x2d\xfe\x53\x4d\x42\x40\x00",
    ] {
        assert_ne!(tcp(&[C(bytes)]).protocol, Some("dns"), "{bytes:02x?}");
    }
}

#[test]
fn a_zone_that_is_handed_out_is_a_fault() {
    let asked = "076578616d706c65 00 00fc 0001";
    let record = "c00c 0010 0001 0000003c 0002 0161";
    let talk = |flags: &str, answers: &str, records: &str| {
        let query = framed(&format!("0007 0000 0001 0000 0000 0000 {asked}"));
        let answer = framed(&format!("0007 {flags} 0001 {answers} 0000 0000 {asked} {records}"));
        faults(&tcp(&[C(&query), S(&answer)]))
    };
    let two = format!("{record} {record}");
    assert_eq!(talk("8400", "0002", &two), [(Fault::ZoneTransfer, State::Used)]);
    assert_eq!(talk("8405", "0000", ""), [], "refused");
    assert_eq!(talk("8400", "0001", record), [], "nothing new");
}

#[test]
fn an_update_without_a_signature_is_a_fault() {
    let zone = "076578616d706c65 00 0006 0001";
    let signature = "00 00fa 00ff 00000000 0000";
    let talk = |flags: &str, count: &str, more: &str| {
        let asks = hex(&format!("0007 2800 0001 0000 0000 0000 {zone}"));
        let tells = hex(&format!("0007 {flags} 0001 0000 0000 {count} {zone} {more}"));
        faults(&udp(53, &[C(&asks), S(&tells)]))
    };
    assert_eq!(talk("a800", "0000", ""), [(Fault::UnsignedUpdate, State::Used)]);
    assert_eq!(talk("a805", "0000", ""), [], "refused");
    assert_eq!(talk("a800", "0001", signature), [], "signed");
}
