//! One sample of every layer; the tests of hostile bytes cut and bend the same samples.

use super::*;

/// A frame and the line that its packet is told in.
pub(super) struct Sample {
    pub link: u16,
    pub frame: Vec<u8>,
    pub says: String,
}

fn sample(link: u16, parts: &[&[u8]], says: &str) -> Sample {
    Sample { link, frame: join(parts), says: says.to_owned() }
}

pub(super) fn samples() -> Vec<Sample> {
    [link_samples(), wireless_samples(), network_samples(), tunnel_samples(), erspan_samples()]
        .into_iter()
        .flatten()
        .collect()
}

fn link_samples() -> Vec<Sample> {
    let (v4, v6) = (&hello()[..], &hello6()[..]);
    let tagged = |text: &str, says: &str| {
        sample(ETHERNET, &[&hex("020000000002 020000000001"), &hex(text), v4], &format!("{HELLO}{says}"))
    };
    let labelled =
        |text: &str, inner: &[u8]| sample(ETHERNET, &[&ethernet(0x8847, &hex(text)), inner], HELLO);
    vec![
        tagged("0800", ""),
        tagged("8100 0005 0800", " vlan 5"),
        tagged("88a8 0064 8100 2005 0800", " vlan 5"),
        tagged("9100 0064 8100 0000 0800", " vlan 100"),
        tagged("8100 0000 0800", ""),
        // LLC and SNAP; IP under its own service access point.
        tagged("0035 aaaa03 000000 0800", ""),
        tagged("0030 060603", ""),
        // PPPoE session, with the protocol field whole and compressed.
        tagged("8864 11 00 0001 002f 0021", ""),
        tagged("8100 0007 8864 11 00 0001 002e 21", " vlan 7"),
        // VN-Tag, E-TAG, Cisco metadata, IEEE 802.1ah.
        tagged("8926 80010002 0800", ""),
        tagged("893f 000000000001 0800", ""),
        tagged("8909 0101 0001 0004 0800", ""),
        tagged("88e7 00000abc 020000000004 020000000003 8100 0009 0800", " vlan 9"),
        labelled("000100 40 000110 40 000121 40", v4),
        // Pseudo-wires: with a control word, and without, the inner frame's VLAN stands.
        labelled("000121 40 00000000", &ethernet(0x0800, v4)),
        labelled("000121 40", &ethernet(0x0800, v4)),
        sample(ETHERNET, &[&ethernet(0x86dd, v6)], HELLO6),
        sample(0, &[&hex("02000000"), v4], HELLO),
        sample(0, &[&hex("0000001e"), v6], HELLO6),
        sample(108, &[&hex("00000018"), v6], HELLO6),
        sample(9, &[&hex("ff03 0021"), v4], HELLO),
        sample(9, &[&hex("0057"), v6], HELLO6),
        sample(50, &[&hex("ff03 21"), v4], HELLO),
        sample(50, &[&hex("0f00 0800"), v4], HELLO),
        sample(51, &[&hex("11 00 0001 002f 0021"), v4], HELLO),
        sample(104, &[&hex("8f00 86dd"), v6], HELLO6),
        sample(101, &[v4], HELLO),
        sample(12, &[v6], HELLO6),
        sample(228, &[v4], HELLO),
        sample(229, &[v6], HELLO6),
        sample(113, &[&hex("0000 0001 0006 020000000001 0000 0800"), v4], HELLO),
        sample(
            113,
            &[&hex("0000 0001 0006 020000000001 0000 8100 0005 0800"), v4],
            &format!("{HELLO} vlan 5"),
        ),
        sample(276, &[&hex("86dd 0000 00000003 0001 00 06 020000000001 0000"), v6], HELLO6),
    ]
}

const SNAP: &str = "aaaa03 000000 0800";

fn wireless_samples() -> Vec<Sample> {
    let v4 = &hello()[..];
    let air = "0000 020000000002 020000000001 020000000003 1000";
    vec![
        // Data between stations; QoS data to and from the system; four addresses; high throughput control.
        sample(105, &[&hex("0800"), &hex(air), &hex(SNAP), v4], HELLO),
        sample(105, &[&hex("8801"), &hex(air), &hex("0000"), &hex(SNAP), v4], HELLO),
        sample(105, &[&hex("0802"), &hex(air), &hex(SNAP), v4], HELLO),
        sample(105, &[&hex("8803"), &hex(air), &hex("020000000004 0000"), &hex(SNAP), v4], HELLO),
        sample(105, &[&hex("8881"), &hex(air), &hex("0000 00000000"), &hex(SNAP), v4], HELLO),
        // An aggregate: its first packet.
        sample(
            105,
            &[&hex("8801"), &hex(air), &hex("8000 020000000002 020000000001 0035"), &hex(SNAP), v4],
            HELLO,
        ),
        // Radiotap with a time and flags that tell of padding behind a QoS header of 26 bytes.
        sample(
            127,
            &[
                &hex("0000 1100 03000000 0011223344556677 20 8801"),
                &hex(air),
                &hex("0000 0000"),
                &hex(SNAP),
                v4,
            ],
            HELLO,
        ),
        // Two presence words.
        sample(127, &[&hex("0000 0c00 00000080 00000000 0800"), &hex(air), &hex(SNAP), v4], HELLO),
        sample(119, &[&hex("00000044 0c000000 00000000 0800"), &hex(air), &hex(SNAP), v4], HELLO),
        sample(163, &[&hex("80211001 0000000c 00000000 0800"), &hex(air), &hex(SNAP), v4], HELLO),
    ]
}

fn network_samples() -> Vec<Sample> {
    let segment = &tcp(b"hello")[..];
    let six = |next: u8, headers: &str| sample(101, &[&ipv6(next, &join(&[&hex(headers), segment]))], HELLO6);
    vec![
        sample(101, &[&hex("46000031000000004006 63c3 0a000001 0a000002 01010101"), segment], HELLO),
        // Hop-by-hop, routing (segment routing with one segment), destination options, AH.
        six(0, "06 00 010400000000"),
        six(43, "06 02 04 00 00 00 0000 20010db8000000000000000000000002"),
        six(60, "3c 00 010400000000 06 00 010400000000"),
        six(51, "06 04 0000 00000001 00000001 000000000000000000000000"),
        // An atomic fragment.
        six(44, "06 00 0000 00000001"),
        sample(
            101,
            &[&ipv4(51, &join(&[&hex("06 04 0000 00000001 00000001 000000000000000000000000"), segment]))],
            HELLO,
        ),
    ]
}

fn tunnel_samples() -> Vec<Sample> {
    let (v4, v6) = (&hello()[..], &hello6()[..]);
    let inner = &ethernet(0x0800, v4)[..];
    let of = |protocol: u8, text: &str, inner: &[u8], says: &str| {
        sample(ETHERNET, &[&outer(protocol, &join(&[&hex(text), inner]))], says)
    };
    let on = |port: u16, text: &str, inner: &[u8], says: &str| {
        sample(ETHERNET, &[&outer_udp(port, &join(&[&hex(text), inner]))], says)
    };
    let plain = format!("{HELLO} depth 1");
    let plain6 = format!("{HELLO6} depth 1");
    let realm = |realm: &str| format!("{HELLO} in {realm} depth 1");
    vec![
        of(4, "", v4, &plain),
        of(41, "", v6, &plain6),
        sample(101, &[&ipv6(41, v6)], &plain6),
        sample(101, &[&ipv6(4, v4)], &plain),
        of(97, "3000", inner, &plain),
        of(137, "00012140", v4, &plain),
        of(47, "0000 0800", v4, &plain),
        // Checksum, key and sequence number; and routing with one entry and the empty one.
        of(47, "b000 0800 00000000 00000007 00000001", v4, &realm("gre:7")),
        of(47, "4000 86dd 00000000 00000404 0a000009 00000000", v6, &plain6),
        of(47, "2000 6558 00000008", inner, &realm("gre:8")),
        of(47, "0000 8847 00012140", v4, &plain),
        of(47, "2000 8909 00000028 0800 010100010000", v4, &realm("gre:40")),
        of(47, "0000 883e", v4, &plain),
        of(47, "0000 883e 00000000", v4, &plain),
        // PPTP with sequence and acknowledgement.
        of(47, "3081 880b 00310001 00000001 00000001 ff03 0021", v4, &plain),
        on(4789, "08000000 000007 00", inner, &realm("vxlan:7")),
        on(8472, "88000123 000007 00", inner, &realm("vxlan:7")),
        on(4790, "0c000001 000009 00", v4, &realm("vxlan:9")),
        on(6081, "0000 6558 000007 00", inner, &realm("geneve:7")),
        on(6081, "0240 86dd 000007 00 0102 80 01 00000000", v6, &format!("{HELLO6} in geneve:7 depth 1")),
        on(2152, "30 ff 002d 00000001", v4, &realm("gtp")),
        // A sequence number and one extension header (a PDU session container).
        on(2152, "36 ff 0035 00000001 0000 00 85 01 000000", v4, &realm("gtp")),
        on(3544, "", v6, &plain6),
        on(3544, "0001 00 00 0000000000000000 00 0000 fff0 f5ff fffe", v6, &plain6),
    ]
}

/// The mirrored frame's VLAN stands, or the one that ERSPAN's own header names.
fn erspan_samples() -> Vec<Sample> {
    let v4 = &hello()[..];
    let plain = &ethernet(0x0800, v4)[..];
    let tagged = &ethernet(0x8100, &join(&[&hex("0005 0800"), v4]))[..];
    let of = |text: &str, inner: &[u8], says: &str| {
        sample(ETHERNET, &[&outer(47, &join(&[&hex(text), inner]))], &format!("{HELLO}{says} depth 1"))
    };
    vec![
        of("0000 88be", plain, ""),
        of("0000 88be", tagged, " vlan 5"),
        of("1000 88be 00000001 1017 0000 00000000", plain, " vlan 23"),
        of("1000 88be 00000001 1017 0000 00000000", tagged, " vlan 5"),
        of("1000 22eb 00000001 2017 0000 00000000 0000 0000", plain, " vlan 23"),
        of("1000 22eb 00000001 2017 0000 00000000 0000 0001 0000000000000000", tagged, " vlan 5"),
        of("1000 22eb 00000001 2000 0000 00000000 0000 0800", v4, ""),
    ]
}

#[test]
fn every_layer_gives_its_packet() {
    for (number, Sample { link, frame, says }) in samples().into_iter().enumerate() {
        let outcome = decode(link, &frame);
        assert_eq!(outcome.lines(), [says], "sample {number} of link type {link}: {frame:02x?}");
        assert_eq!(outcome.classes, [Class::Analyzed]);
        assert_eq!(outcome.anomalies, Vec::<&str>::new(), "sample {number}");
    }
}
