//! Lengths, transports, fingerprints and shards.

use super::*;
use crate::decode::shard_of;

#[test]
fn padding_is_no_payload() {
    check(
        ETHERNET,
        &join(&[&ethernet(0x0800, &ipv4(6, &tcp(b""))), &[0; 6]]),
        "tcp 10.0.0.1 1111 > 10.0.0.2 80 0/0",
    );
    check(
        ETHERNET,
        &join(&[&ethernet(0x0800, &ipv4(17, &udp(1, 2, b"abc"))), &[0; 15]]),
        "udp 10.0.0.1 1 > 10.0.0.2 2 3/3",
    );
}

#[test]
fn a_cut_capture_tells_what_was_sent() {
    let frame = ethernet(0x0800, &ipv4(6, &tcp(&[b'x'; 1000])));
    let mut decoder = Decoder::new(Limits::default());
    let mut lines = Vec::new();
    let mut emit = |packet: &Packet, payload: &[u8]| lines.push((line(packet, payload), packet.ip_len));
    decoder.decode(ETHERNET, Timestamp::default(), 0, 1, &frame[..64], 1054, &mut emit);
    assert_eq!(lines, [("tcp 10.0.0.1 1111 > 10.0.0.2 80 10/1000".to_owned(), 1040)]);
    assert_eq!(decoder.anomalies().count(), 0);
}

#[test]
fn a_cut_header_tells_what_was_captured_of_it() {
    let segment = &tcp(b"hello")[..];
    let mut with_options = segment.to_vec();
    with_options[12] = 0x60;
    let long_header = join(&[&hex("46000031000000004006 63c3 0a000001 0a000002 01010101"), segment]);
    let with_extension = |next: u8, extension: &str| ipv6(next, &join(&[&hex(extension), segment]));
    let destination = with_extension(60, "06 02 01 14 0000000000000000 0000000000000000 00000000");
    let authentication = with_extension(51, "06 04 0000 00000001 00000001 000000000000000000000000");
    let (v4, v6) = ("10.0.0.1 > 10.0.0.2", "2001:db8::1 > 2001:db8::2");
    let cases = [
        (ipv4(6, segment), 20 + 16, HELLO.replace("5/5", "0/5"), vec![]),
        (ipv4(6, &with_options), 20 + 20, HELLO.replace("5/5", "0/1"), vec![]),
        (ipv4(6, segment), 20 + 15, format!("ip {v4} 6 15/25"), vec!["tcp_header_cut"]),
        (ipv4(17, &udp(1, 2, b"abc")), 20 + 6, "udp 10.0.0.1 1 > 10.0.0.2 2 0/3".to_owned(), vec![]),
        (ipv4(17, &udp(1, 2, b"abc")), 20 + 5, format!("ip {v4} 17 5/11"), vec!["udp_header_cut"]),
        // An echo; and a timestamp, all of whose bytes etherparse wants.
        (ipv4(1, &hex("08 00 0000 0001 0001")), 20 + 2, format!("icmp {v4} 8/0 2/8"), vec![]),
        (ipv4(1, &hex("0d 00 0000 0001 0001")), 20 + 8, format!("icmp {v4} 13/0 8/8"), vec![]),
        (ipv4(1, &hex("08 00 0000 0001 0001")), 20 + 1, format!("ip {v4} 1 1/8"), vec!["icmp_header_cut"]),
        (long_header, 22, format!("ip {v4} 6 0/25"), vec!["ipv4_options_cut", "tcp_header_cut"]),
        (destination.clone(), 40 + 2, format!("ip {v6} 6 0/25"), vec!["tcp_header_cut"]),
        (destination, 40 + 1, format!("ip {v6} 60 1/49"), vec!["ipv6_extension_cut"]),
        (authentication.clone(), 40 + 2, format!("ip {v6} 6 0/25"), vec!["tcp_header_cut"]),
        (authentication, 40 + 1, format!("ip {v6} 51 1/49"), vec!["ipv6_extension_cut"]),
    ];
    for (packet, captured, says, odd) in cases {
        let mut decoder = Decoder::new(Limits::default());
        let mut lines = Vec::new();
        let mut emit = |packet: &Packet, payload: &[u8]| lines.push(line(packet, payload));
        let sent = u32::try_from(packet.len()).unwrap();
        decoder.decode(101, Timestamp::default(), 0, 1, &packet[..captured], sent, &mut emit);
        assert_eq!(lines, [says]);
        assert_eq!(decoder.anomalies().map(|(name, _)| name).collect::<Vec<_>>(), odd);
    }
}

#[test]
fn an_extension_header_shorter_than_its_own_fields_ends_the_chain() {
    // RFC 4302 §2.2: AH is three words at least, and its length counts two less.
    let outcome = decode(101, &ipv6(51, &join(&[&hex("06 00 0000 00000001"), &tcp(b"hello")])));
    assert_eq!(
        (outcome.lines(), outcome.anomalies),
        (vec!["ip 2001:db8::1 > 2001:db8::2 51 33/33".to_owned()], vec!["ipv6_extension_length"])
    );
}

#[test]
fn a_length_left_to_the_network_card_is_the_frames() {
    let mut packet = hello();
    packet[2..4].copy_from_slice(&[0, 0]);
    let outcome = decode(101, &packet);
    assert_eq!(outcome.lines(), [HELLO]);
    let mut packet = hello6();
    packet[4..6].copy_from_slice(&[0, 0]);
    assert_eq!(decode(101, &packet).lines(), [HELLO6]);
}

#[test]
fn transports_are_told() {
    let sctp = hex("0b59 0b5a 00000000 00000000 01 00 0004");
    check(101, &ipv4(132, &sctp), "sctp 10.0.0.1 2905 > 10.0.0.2 2906 chunk 1 16/16");
    check(101, &ipv4(1, &hex("08 00 0000 0001 0001")), "icmp 10.0.0.1 > 10.0.0.2 8/0 8/8");
    check(101, &ipv4(89, &[2, 1, 0, 0]), "ip 10.0.0.1 > 10.0.0.2 89 4/4");
    let quote = ipv4_of([10, 0, 0, 2], [10, 0, 0, 1], 1, 0, 17, &udp(5353, 53, b""));
    let error = join(&[&hex("03 03 0000 00000000"), &quote]);
    check(101, &ipv4(1, &error), "icmp 10.0.0.1 > 10.0.0.2 3/3 about 10.0.0.2:5353 > 10.0.0.1:53 36/36");
    // The quoted packet has an extension header, and its end is not quoted.
    let quote = ipv6(0, &join(&[&hex("06 00 010400000000"), &tcp(&[0; 900])]));
    let error = join(&[&hex("01 04 0000 00000000"), &quote[..60]]);
    check(
        101,
        &ipv6(58, &error),
        "icmp 2001:db8::1 > 2001:db8::2 1/4 about [2001:db8::1]:1111 > [2001:db8::2]:80 68/68",
    );
}

#[test]
fn headers_that_make_no_sense_leave_the_protocols_number() {
    let mut offset = tcp(b"hello");
    offset[12] = 0x40;
    let outcome = decode(101, &ipv4(6, &offset));
    assert_eq!(
        (outcome.lines(), outcome.anomalies),
        (vec!["ip 10.0.0.1 > 10.0.0.2 6 25/25".to_owned()], vec!["tcp_data_offset"])
    );
    let outcome = decode(101, &ipv4(17, &[0, 1, 0, 2]));
    assert_eq!(
        (outcome.lines(), outcome.anomalies),
        (vec!["ip 10.0.0.1 > 10.0.0.2 17 4/4".to_owned()], vec!["udp_header_cut"])
    );
    // UDP that says more than IP has.
    let mut long = udp(1, 2, b"abc");
    long[5] = 200;
    let outcome = decode(101, &ipv4(17, &long));
    assert_eq!(
        (outcome.lines(), outcome.anomalies),
        (vec!["udp 10.0.0.1 1 > 10.0.0.2 2 3/3".to_owned()], vec!["udp_length"])
    );
}

fn fingerprint(frame: &[u8]) -> u64 {
    decode(ETHERNET, frame).packets.first().unwrap().0.fingerprint
}

#[test]
fn a_routed_copy_has_the_same_fingerprint_and_another_packet_has_not() {
    let packet = hello();
    let original = fingerprint(&ethernet(0x0800, &packet));
    let mut routed = packet.clone();
    routed[8] -= 1;
    routed[10] = routed[10].wrapping_add(1);
    assert_eq!(fingerprint(&ethernet(0x8100, &join(&[&hex("0005 0800"), &routed]))), original);
    assert_eq!(fingerprint(&outer(47, &join(&[&hex("0000 88be"), &ethernet(0x0800, &packet)]))), original);
    let overlay = join(&[&hex("08000000 000007 00"), &ethernet(0x0800, &packet)]);
    assert_ne!(fingerprint(&outer_udp(4789, &overlay)), original);
    // Identification, source, sequence number, payload.
    for place in [5, 12, 27, 44] {
        let mut other = packet.clone();
        other[place] ^= 1;
        assert_ne!(fingerprint(&ethernet(0x0800, &other)), original, "byte {place}");
    }
}

#[test]
fn wrong_checksums_are_told_if_asked_for() {
    let sum = |segment: &[u8]| {
        let pseudo = hex("0a000001 0a000002 0006 0019");
        u64_16bit_word::ones_complement(u64_16bit_word::add_slice(0, &join(&[&pseudo, segment])))
    };
    let mut segment = tcp(b"hello");
    let right = sum(&segment).to_ne_bytes();
    segment[16..18].copy_from_slice(&right);
    let bad = |segment: &[u8], verify_checksums: bool| {
        let limits = Limits { verify_checksums, ..Limits::default() };
        decode_timed(101, &[(0, ipv4(6, segment))], limits).packets.first().unwrap().0.bad_checksum
    };
    assert!(!bad(&segment, true));
    segment[20] ^= 1;
    assert!(bad(&segment, true));
    assert!(!bad(&segment, false));
    // UDP's checksum does not cover what stands behind its own length.
    let mut datagram = udp(1, 2, b"abcd");
    let pseudo = hex("0a000001 0a000002 0011 000c");
    let right = u64_16bit_word::ones_complement(u64_16bit_word::add_slice(0, &join(&[&pseudo, &datagram])));
    datagram[6..8].copy_from_slice(&right.to_ne_bytes());
    let bad = |datagram: &[u8]| decode(101, &ipv4(17, datagram)).packets.first().unwrap().0.bad_checksum;
    assert!(!bad(&join(&[&datagram, b"more"])));
    datagram[8] ^= 1;
    assert!(bad(&datagram));
    let mut header = hello();
    header[11] ^= 1;
    let outcome = decode(101, &header);
    assert_eq!((outcome.lines(), outcome.anomalies), (vec![HELLO.to_owned()], vec!["ipv4_header_checksum"]));
}

#[test]
fn both_directions_and_errors_about_them_share_a_shard() {
    let packet = |bytes: &[u8]| decode(101, bytes).packets.first().unwrap().0;
    let mut used = [false; 8];
    for host in 1..=200 {
        let (a, b) = ([10, 0, 0, host], [10, 9, 8, 7]);
        let there = packet(&ipv4_of(a, b, 0, 0, 17, &udp(1, 2, b"")));
        let back = packet(&ipv4_of(b, a, 0, 0, 17, &udp(2, 1, b"")));
        let other_port = packet(&ipv4_of(b, a, 0, 0, 6, &tcp(b"")));
        let quote = ipv4_of(a, b, 0, 0, 17, &udp(1, 2, b""));
        let error = join(&[&hex("0b 00 0000 00000000"), &quote]);
        let error = packet(&ipv4_of([172, 16, 0, 1], a, 0, 0, 1, &error));
        let shard = shard_of(&there, 8);
        assert_eq!([shard_of(&back, 8), shard_of(&other_port, 8), shard_of(&error, 8)], [shard; 3]);
        used[shard] = true;
    }
    assert_eq!(used, [true; 8], "neighbouring addresses spread over all shards");
    assert_eq!(shard_of(&packet(&hello()), 0), 0);
}
