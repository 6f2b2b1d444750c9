//! Conversations of DHCP and DHCPv6, and what nearly is one.

use crate::model::{Address, Mac, NameSource, NamedThing, Observation};
use crate::protocol::testing::Line::{C, S};
use crate::protocol::testing::{hex, udp};

const MAC: Mac = Mac([0x6c, 0xf0, 0x49, 0xb2, 0xde, 0x6e]);
const LEASED: [u8; 4] = [10, 0, 0, 5];

/// A message from its operation, the client's address, the address given, and its options.
fn message(operation: u8, client: [u8; 4], yours: [u8; 4], options: &str) -> Vec<u8> {
    let mut bytes = hex(&format!("{operation:02x}010600 12345678 0000 0000"));
    bytes.extend(client);
    bytes.extend(yours);
    bytes.extend([0; 8]);
    bytes.extend(MAC.0);
    bytes.resize(236, 0);
    bytes.extend(hex(&format!("63825363 {options} ff")));
    bytes
}

const BICHMAN: &str = "0c07 42696368 6d616e";
const NOWHERE: [u8; 4] = [0; 4];

fn name(of: NamedThing, name: &str) -> Observation {
    Observation::Name { of, name: name.into(), source: NameSource::Dhcp }
}

fn leased() -> NamedThing {
    NamedThing::Address(LEASED.into())
}

fn lease(server: Option<[u8; 4]>) -> Observation {
    Observation::Lease { mac: MAC, address: LEASED.into(), server: server.map(Address::from) }
}

#[track_caller]
fn check(from_client: bool, bytes: &[u8], observations: &[Observation]) {
    let outcome = udp(40_001, &[if from_client { C(bytes) } else { S(bytes) }]);
    assert_eq!((outcome.protocol, outcome.client_right), (Some("dhcp"), Some(true)));
    assert_eq!(outcome.observations, observations);
}

#[test]
fn a_name_belongs_to_the_machine_until_it_has_an_address() {
    let asked = format!("350103 3204c0a8d3c2 {BICHMAN}");
    check(true, &message(1, NOWHERE, NOWHERE, &asked), &[name(NamedThing::Mac(MAC), "bichman")]);
    check(true, &message(1, LEASED, NOWHERE, &format!("350108 {BICHMAN}")), &[name(leased(), "bichman")]);
}

#[test]
fn an_acknowledgement_is_a_lease() {
    let options = "350105 36040a000001";
    check(false, &message(2, NOWHERE, LEASED, options), &[lease(Some([10, 0, 0, 1]))]);
    let named = [lease(Some([10, 0, 0, 1])), name(leased(), "bichman")];
    check(false, &message(2, NOWHERE, LEASED, &format!("{options} {BICHMAN}")), &named);
    let informed = [name(leased(), "bichman")];
    check(false, &message(2, LEASED, NOWHERE, &format!("350105 {BICHMAN}")), &informed);
}

#[test]
fn what_is_offered_refused_or_given_up_tells_nothing() {
    check(false, &message(2, NOWHERE, LEASED, &format!("350102 {BICHMAN}")), &[]);
    check(false, &message(2, NOWHERE, NOWHERE, "350106 36040a000001"), &[]);
    check(true, &message(1, LEASED, NOWHERE, &format!("350107 {BICHMAN}")), &[]);
}

#[test]
fn full_names_are_read_in_both_spellings() {
    let told = [name(leased(), "pc.example.org")];
    let text = "5111 010000 70632e65 78616d70 6c652e6f 7267";
    check(true, &message(1, LEASED, NOWHERE, &format!("350103 {text}")), &told);
    let labels = "5113 050000 027063 076578616d706c65 036f7267 00";
    check(true, &message(1, LEASED, NOWHERE, &format!("350103 {labels}")), &told);
    let both = format!("350103 0c027063 {labels}");
    check(true, &message(1, LEASED, NOWHERE, &both), &[name(leased(), "pc"), told[0].clone()]);
}

#[test]
fn options_that_are_cut_or_odd_are_passed_over() {
    check(true, &message(1, LEASED, NOWHERE, "350103 0cff 70"), &[]);
    check(true, &message(1, LEASED, NOWHERE, "0000 3500 0c00"), &[]);
    check(true, &message(1, LEASED, NOWHERE, "5102 0000 510a 040000 41 61"), &[]);
    check(true, &message(1, LEASED, NOWHERE, "0c04 0a0b0c0d"), &[]);
}

#[test]
fn bootp_is_recognised_by_its_port_and_size() {
    let mut bootp = message(2, NOWHERE, LEASED, "");
    bootp.truncate(236);
    bootp.extend([0; 64]);
    let outcome = udp(67, &[S(&bootp)]);
    assert_eq!((outcome.protocol, outcome.observations.as_slice()), (Some("dhcp"), &[lease(None)][..]));
    assert_eq!(udp(40_001, &[S(&bootp)]).protocol, None, "another port");
    assert_eq!(udp(67, &[S(&bootp[..299])]).protocol, None, "too short");
    bootp[40] = 1;
    assert_eq!(udp(67, &[S(&bootp)]).protocol, None, "something after the hardware address");
}

#[test]
fn what_only_resembles_a_message_is_none() {
    let whole = message(1, NOWHERE, NOWHERE, BICHMAN);
    for (why, at, octet) in [("operation", 0, 3), ("address length", 2, 17), ("cookie", 236, 0x64)] {
        let mut bytes = whole.clone();
        bytes[at] = octet;
        assert_eq!(udp(67, &[C(&bytes)]).protocol, None, "{why}");
    }
    assert_eq!(udp(67, &[C(&whole[..239])]).protocol, None, "cut inside the cookie");
}

mod v6 {
    use super::*;
    use crate::model::Role;

    const CLIENT_ID: &str = "0001 000e 00010001 141281f8 6cf049b2de6e";
    const BICHMAN: &str = "0027 0009 00 07 42696368 6d616e";

    #[track_caller]
    fn check(text: &str, observations: &[Observation]) {
        let outcome = udp(40_001, &[C(&hex(text))]);
        assert_eq!((outcome.protocol, outcome.client_right), (Some("dhcpv6"), Some(true)));
        assert_eq!(outcome.observations, observations);
    }

    #[test]
    fn a_client_names_itself() {
        check(&format!("013a4267 {CLIENT_ID} {BICHMAN}"), &[name(NamedThing::Role(Role::Client), "bichman")]);
    }

    #[test]
    fn a_relay_says_whose_name_it_is() {
        let inner = format!("013a4267 {CLIENT_ID} {BICHMAN}");
        let length = hex(&inner).len();
        let relayed = format!(
            "0c00 20010db8000000000000000000000001 fe800000000000000211 22fffe334455 0009 {length:04x} {inner}"
        );
        let client: std::net::Ipv6Addr = "fe80::211:22ff:fe33:4455".parse().unwrap();
        check(&relayed, &[name(NamedThing::Address(client.into()), "bichman")]);
    }

    #[test]
    fn an_answer_names_the_addresses_it_gives() {
        let address = "20010db8000000000000000000000005";
        let held = format!("0003 0028 0c6cf049 00000000 00000000 0005 0018 {address} 00000e10 00000e10");
        let reply = hex(&format!("073a4267 {CLIENT_ID} {BICHMAN} {held}"));
        let outcome = udp(40_001, &[S(&reply)]);
        assert_eq!((outcome.protocol, outcome.client_right), (Some("dhcpv6"), Some(true)));
        let given: std::net::Ipv6Addr = "2001:db8::5".parse().unwrap();
        assert_eq!(outcome.observations, [name(NamedThing::Address(given.into()), "bichman")]);
    }

    #[test]
    fn what_only_resembles_a_message_is_none() {
        for (why, text) in [
            ("type 18", format!("123a4267 {CLIENT_ID}")),
            ("nobody named", format!("013a4267 {BICHMAN}")),
            (
                "an unknown kind of identifier",
                format!("013a4267 {}", CLIENT_ID.replace("00010001", "00090001")),
            ),
            ("an option that is cut", format!("013a4267 {CLIENT_ID} 0027 000a 00")),
            ("relays without end", "0c00".to_owned() + &"00".repeat(32) + "0009 0002 0c00"),
        ] {
            assert_eq!(udp(547, &[C(&hex(&text))]).protocol, None, "{why}");
        }
    }
}
