//! What is not IP, what is broken, and what neighbours say.

use super::*;
use crate::model::{Address, Mac};

const MAC: Mac = Mac([2, 0, 0, 0, 0, 1]);

#[track_caller]
fn check_fact(frame: &[u8], expected: Option<LinkFact>) {
    let outcome = decode(ETHERNET, frame);
    assert_eq!(outcome.facts, Vec::from_iter(expected));
    assert_eq!(outcome.classes, [Class::NonIp]);
}

fn arp(operation: u16, sender: [u8; 4]) -> Vec<u8> {
    join(&[&hex("0001 0800 06 04"), &operation.to_be_bytes(), &MAC.0, &sender, &[0; 6], &[10, 0, 0, 2]])
}

fn binding(address: Address, vlan: u16) -> LinkFact {
    LinkFact::Binding { mac: MAC, address, vlan }
}

#[test]
fn arp_binds_its_sender() {
    let v4 = Address::from([10, 0, 0, 1]);
    check_fact(&ethernet(0x0806, &arp(1, [10, 0, 0, 1])), Some(binding(v4, 0)));
    check_fact(&ethernet(0x0806, &arp(2, [10, 0, 0, 1])), Some(binding(v4, 0)));
    // The target, whom nothing is said about, need not have been captured; the sender must.
    check_fact(&ethernet(0x0806, &arp(1, [10, 0, 0, 1])[..18]), Some(binding(v4, 0)));
    check_fact(&ethernet(0x0806, &arp(1, [10, 0, 0, 1])[..17]), None);
    let tagged = join(&[&hex("0005 0806"), &arp(2, [10, 0, 0, 1])]);
    check_fact(&ethernet(0x8100, &tagged), Some(binding(v4, 5)));
}

#[test]
fn arp_probes_and_other_kinds_bind_nobody() {
    check_fact(&ethernet(0x0806, &arp(1, [0, 0, 0, 0])), None);
    // Reverse ARP's request.
    check_fact(&ethernet(0x0806, &arp(3, [10, 0, 0, 1])), None);
}

#[test]
fn neighbour_discovery_binds_sender_or_target() {
    let target = hex("20010db8000000000000000000000009");
    let advertised = join(&[&hex("88 00 0000 60000000"), &target, &hex("02 01 020000000001")]);
    let solicited = join(&[&hex("87 00 0000 00000000"), &target, &hex("01 01 020000000001")]);
    let nonce_first =
        join(&[&hex("87 00 0000 00000000"), &target, &hex("0e 01 000000000000 01 01 020000000001")]);
    let v6 = |last: u8| Address::from([0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last]);
    for (message, address) in [(advertised, v6(9)), (solicited, v6(1)), (nonce_first, v6(1))] {
        let mut frame = ethernet(0x86dd, &ipv6(58, &message));
        assert_eq!(decode(ETHERNET, &frame).facts, [binding(address, 0)]);
        // A router passed it on: nobody's neighbour said this.
        frame[14 + 7] = 254;
        assert_eq!(decode(ETHERNET, &frame).facts, []);
    }
}

#[test]
fn neighbour_discovery_that_must_be_discarded_binds_nobody() {
    let target = "20010db8000000000000000000000009";
    // RFC 4861 §7.1.1: the code is 0, and no option has length zero.
    for (code, options) in [("01", "01 01 020000000001"), ("00", "0e 00 000000000000 01 01 020000000001")] {
        let message = hex(&format!("87 {code} 0000 00000000 {target} {options}"));
        assert_eq!(decode(ETHERNET, &ethernet(0x86dd, &ipv6(58, &message))).facts, []);
    }
}

#[test]
fn lldp_tells_name_and_address() {
    let told = hex("0207 04 020000000001 0403 05 6131 0602 0078 0a03 737731
        100c 05 01 0a0000fe 02 00000001 00 0000");
    let fact = LinkFact::Neighbour {
        mac: MAC,
        address: Some(Address::from([10, 0, 0, 254])),
        name: "sw1".to_owned(),
        cdp: false,
    };
    check_fact(&ethernet(0x88cc, &told), Some(fact));
    check_fact(&ethernet(0x88cc, &hex("0207 04 020000000001 0000")), None);
}

#[test]
fn cdp_tells_name_and_address() {
    let told =
        hex("0024 aaaa03 00000c 2000 02 b4 0000 0001 0007 723107 0002 0011 00000001 01 01 cc 0004 0a0000fe");
    let fact = LinkFact::Neighbour {
        mac: MAC,
        address: Some(Address::from([10, 0, 0, 254])),
        name: "r1".to_owned(),
        cdp: true,
    };
    check_fact(&join(&[&hex("01000ccccccc 020000000001"), &told]), Some(fact));
}

#[test]
fn facts_of_overlays_stay_there() {
    let inside = join(&[&hex("08000000 000007 00"), &ethernet(0x0806, &arp(1, [10, 0, 0, 1]))]);
    let outcome = decode(ETHERNET, &outer_udp(4789, &inside));
    assert_eq!((outcome.facts, outcome.classes), (vec![], vec![Class::Analyzed]));
    // A mirror's are those of the mirrored wire.
    let mirrored = join(&[&hex("0000 88be"), &ethernet(0x0806, &arp(1, [10, 0, 0, 1]))]);
    assert_eq!(decode(ETHERNET, &outer(47, &mirrored)).facts, [binding(Address::from([10, 0, 0, 1]), 0)]);
}

#[test]
fn what_is_not_ip_says_so() {
    let frames = [
        ("STP", "0026 424203 0000 00 00"),
        ("IPX over 802.3", "0030 ffff 0022 00 11"),
        ("IPX over LLC", "0030 e0e003 ffff"),
        ("PVST+", "0032 aaaa03 00000c 010b 0000"),
        ("PPPoE discovery", "8863 11 09 0000 0000"),
        ("PPPoE link control", "8864 11 00 0001 0006 c021 0101"),
        ("PROFINET", "8892 8000 0000"),
        ("pseudo-wire's associated channel", "8847 000121 40 10000021"),
    ];
    for (name, rest) in frames {
        let outcome = decode(ETHERNET, &join(&[&hex("020000000002 020000000001"), &hex(rest)]));
        assert_eq!((outcome.lines(), outcome.classes), (vec![], vec![Class::NonIp]), "{name}");
    }
    let air = "0000 020000000002 020000000001 020000000003 1000 aaaa03 000000 0800 45";
    // A beacon, no data, encrypted data, a piece of a frame.
    for control in ["8000", "4800", "0841", "0805"] {
        check_class(105, &hex(&format!("{control}{air}")), Class::NonIp);
    }
    check_class(113, &hex("0004 0338 0000 000000000000 0000 0010 00000000"), Class::NonIp);
}

#[test]
fn what_claims_ip_and_is_not_is_malformed() {
    for rest in ["0800", "0800 45000014", "0800 15000014", "86dd 6000", "8100 0005", "8847 00012140", ""] {
        check_class(ETHERNET, &join(&[&hex("020000000002 020000000001"), &hex(rest)]), Class::Malformed);
    }
    let mut short_header = hello();
    short_header[0] = 0x44;
    check_class(101, &short_header, Class::Malformed);
    let mut short_total = hello();
    short_total[3] = 19;
    check_class(101, &short_total, Class::Malformed);
}

#[test]
fn unread_link_types_are_counted() {
    let mut decoder = Decoder::new(Limits::default());
    for _ in 0..2 {
        let class =
            decoder.decode(220, Timestamp::default(), 0, 1, &[1, 2], 2, &mut |_, _| panic!("no packet"));
        assert_eq!(class, Class::Unsupported);
    }
    assert_eq!(decoder.unread_link_types().iter().collect::<Vec<_>>(), [(&220, &2)]);
}

#[test]
fn link_addresses_are_those_of_the_innermost_ethernet() {
    let of = |frame: &[u8]| {
        let outcome = decode(ETHERNET, frame);
        let (packet, _) = outcome.packets.first().unwrap();
        (packet.source_mac.to_string(), packet.destination_mac.to_string())
    };
    let known = ("02:00:00:00:00:01".to_owned(), "02:00:00:00:00:02".to_owned());
    let none = (Mac::default().to_string(), Mac::default().to_string());
    assert_eq!(of(&ethernet(0x0800, &hello())), known);
    assert_eq!(of(&outer(4, &hello())), none);
    let inner = join(&[&hex("020000000004 020000000003 0800"), &hello()]);
    let overlay = outer_udp(4789, &join(&[&hex("08000000 000007 00"), &inner]));
    assert_eq!(of(&overlay), ("02:00:00:00:00:03".to_owned(), "02:00:00:00:00:04".to_owned()));
}
