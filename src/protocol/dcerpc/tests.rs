//! Binds, calls and answers, real ones cut short and what is nearly one.

use super::*;
use crate::model::{NameSource, NamedThing};
use crate::protocol::testing::{Line, hex, tcp};
use Line::{C, S};

fn request() -> Vec<u8> {
    hex("05000003100000002800000002000000 1000000000000300 01000000010000000100000001000000")
}

/// An alter context answer, or what else the type says, with credentials at its end.
fn fragment(kind: u8, credentials: &[u8]) -> Vec<u8> {
    let mut bytes = vec![5, 0, kind, 3, 0x10, 0, 0, 0];
    bytes.extend([16 + 8 + credentials.len() as u8, 0, credentials.len() as u8, 0, 2, 0, 0, 0]);
    bytes.extend(hex("0a02000001000000"));
    bytes.extend(credentials);
    bytes
}

#[test]
fn each_packet_shows_its_sender() {
    for lines in [&[C(&request()), S(&fragment(2, b""))][..], &[S(&fragment(12, b""))]] {
        let outcome = tcp(lines);
        assert_eq!((outcome.protocol, outcome.client_right), (Some("dcerpc"), Some(true)));
    }
}

#[test]
fn a_bind_names_its_sender_and_a_request_does_not() {
    let challenge =
        [b"NTLMSSP\0\x02\0\0\0".to_vec(), vec![0; 28], hex("0a000a00 30000000 0300 0600 640063003100")]
            .concat();
    let named = Observation::Name {
        of: NamedThing::Role(Role::Server),
        name: "dc1".into(),
        source: NameSource::Ntlm,
    };
    assert_eq!(tcp(&[C(&request()), S(&fragment(12, &challenge))]).observations, [named]);
    assert_eq!(tcp(&[C(&request()), S(&fragment(2, &challenge))]).observations, []);
}

#[test]
fn what_is_nearly_dce_rpc_is_not() {
    // A SOCKS greeting, an unknown type, a byte order that is none, credentials longer than all.
    for bytes in [
        "050100",
        "05000103100000002800000002000000",
        "05000003200000002800000002000000",
        "05000003100000001800 10000200 0000",
    ] {
        assert_ne!(tcp(&[C(&hex(bytes))]).protocol, Some("dcerpc"), "{bytes}");
    }
}

const NDR: &str = "045d888aeb1cc9119fe808002b104860 02000000";
const SERVICES: &str = "81bb7a364498f135ad3298f038001003 02000000";
const MAPPER: &str = "0883afe11f5dc91191a408002b14a0fa 03000000";
const REPLICATION: &str = "354251e3064bd111ab0400c04fc2dcd2 04000000";

fn packet(kind: u8, call: u8, body: &str) -> Vec<u8> {
    let body = hex(body);
    let len = HEADER as u8 + body.len() as u8;
    [&[5, 0, kind, 3, 0x10, 0, 0, 0, len, 0, 0, 0, call, 0, 0, 0][..], &body].concat()
}

fn bind(interface: &str) -> Vec<u8> {
    packet(11, 2, &format!("d016d016 00000000 01000000 0500 01 00 {interface} {NDR}"))
}

/// The server's result for the first interface: 0 accepts.
fn bound(result: u8) -> Vec<u8> {
    packet(12, 2, &format!("d016d016 01020304 0400 31333500 0000 01000000 {result:02x}00 0000 {NDR}"))
}

fn call(operation: u8) -> Vec<u8> {
    packet(0, 3, &format!("90000000 0500 {operation:02x}00 00000000"))
}

#[test]
fn administration_is_told_once_the_server_has_agreed() {
    let administered =
        [Observation::Purpose(Purpose::Management), Observation::Capability(Capability::ExecAdmin)];
    let told = |lines: &[Line<'_>]| tcp(lines).observations;
    assert_eq!(told(&[C(&bind(SERVICES)), S(&bound(0)), C(&call(15))]), administered);
    assert_eq!(told(&[C(&bind(SERVICES)), S(&bound(2))]), []);
    assert_eq!(told(&[C(&bind(SERVICES))]), administered, "the server is not heard");
    assert_eq!(told(&[C(&bind(NDR)), S(&bound(0))]), []);
}

#[test]
fn an_interface_is_known_in_either_byte_order() {
    let written = "367abb81984435f1ad3298f038001003";
    let canonical_of =
        |uuid: &str, number: fn([u8; 2]) -> u16| canonical(*hex(uuid).first_chunk().unwrap(), number);
    assert_eq!(canonical_of(written, u16::from_be_bytes), 0x367abb81_9844_35f1_ad32_98f038001003);
    assert_eq!(canonical_of(&SERVICES[..32], u16::from_le_bytes), 0x367abb81_9844_35f1_ad32_98f038001003);
}

#[test]
fn the_endpoint_mapper_announces_ports_in_answer_to_a_map_request_only() {
    let tower = format!(
        "0500 1300 0d {} 0200 0200 0000 1300 0d {} 0200 0200 0000 \
         0100 0b 0200 0000 0100 07 0200 c23e 0100 09 0400 ac122706",
        &SERVICES[..32],
        &NDR[..32]
    );
    let answer =
        packet(2, 3, &format!("94000000 0500 0000 {} 4b000000 4b000000 {tower} 00", "00".repeat(20)));
    let told =
        |operation: u8| tcp(&[C(&bind(MAPPER)), S(&bound(0)), C(&call(operation)), S(&answer)]).observations;
    let [Observation::Purpose(Purpose::Infra), Observation::Announced(announced)] = &told(3)[..] else {
        panic!("{:?}", told(3))
    };
    assert_eq!((announced.listener, announced.port, announced.protocol), (Role::Server, 0xc23e, "dcerpc"));
    assert_eq!(told(2), [Observation::Purpose(Purpose::Infra)]);
}

#[test]
fn replication_of_a_directory_is_known_by_its_operation() {
    let told = |operation| tcp(&[C(&bind(REPLICATION)), S(&bound(0)), C(&call(operation))]).observations;
    let expected =
        [Observation::Purpose(Purpose::Replication), Observation::Capability(Capability::ExecAdmin)];
    assert_eq!(told(3), expected);
    assert_eq!(told(12), [], "a name is looked up");
}
