//! Fragments in any order, twice, contradicting each other, and never whole.

use super::*;

/// A UDP datagram of 40 bytes in pieces of 16, 16, and 8 bytes, and 8 more of header.
fn pieces() -> Vec<Vec<u8>> {
    let datagram = udp(1, 2, b"0123456789abcdefghijklmnopqrstuvwxyzABCD");
    let of = |offset: usize, end: usize, more: u16| {
        let field = more << 13 | u16::try_from(offset / 8).unwrap();
        ethernet(0x0800, &ipv4_piece(77, field, 17, &datagram[offset..end]))
    };
    vec![of(0, 16, 1), of(16, 32, 1), of(32, 48, 0)]
}

const WHOLE: &str = "udp 10.0.0.1 1 > 10.0.0.2 2 40/40";

fn timed(frames: &[&Vec<u8>]) -> Vec<(i64, Vec<u8>)> {
    (0..).zip(frames).map(|(time, frame)| (time, (*frame).clone())).collect()
}

#[test]
fn any_order_gives_the_same_packet() {
    let pieces = pieces();
    let mut seen = Vec::new();
    for [a, b, c] in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        let outcome =
            decode_timed(ETHERNET, &timed(&[&pieces[a], &pieces[b], &pieces[c]]), Limits::default());
        assert_eq!((outcome.lines(), outcome.classes), (vec![WHOLE.to_owned()], vec![Class::Analyzed; 3]));
        seen.push(outcome.packets.first().unwrap().clone());
    }
    let (first, payload) = seen.first().unwrap();
    assert_eq!((first.packets, first.ip_len, first.frame), (3, 48 + 60, 3));
    assert_eq!(payload, b"0123456789abcdefghijklmnopqrstuvwxyzABCD");
    assert!(seen.iter().all(|other| other == seen.first().unwrap()));
}

#[test]
fn ipv6_is_put_together_with_headers_behind_the_fragment_header() {
    let rest = join(&[&hex("11 00 010400000000"), &udp(1, 2, b"0123456789abcdef")]);
    let of = |offset: usize, end: usize, more: u16| {
        let field = u16::try_from(offset).unwrap() | more;
        let header = join(&[&hex("3c 00"), &field.to_be_bytes(), &hex("00000009"), &rest[offset..end]]);
        ethernet(0x86dd, &ipv6(44, &header))
    };
    let frames = timed(&[&of(16, 32, 0), &of(0, 16, 1)]);
    let outcome = decode_timed(ETHERNET, &frames, Limits::default());
    assert_eq!(outcome.lines(), ["udp 2001:db8::1 1 > 2001:db8::2 2 16/16"]);
    assert_eq!(outcome.anomalies, Vec::<&str>::new());
}

#[test]
fn a_tunnel_in_fragments_is_opened() {
    let inside = join(&[&hex("0000 0800"), &hello()]);
    let of = |offset: usize, end: usize, more: u16| {
        let field = more << 13 | u16::try_from(offset / 8).unwrap();
        ethernet(0x0800, &ipv4_piece(5, field, 47, &inside[offset..end]))
    };
    let outcome =
        decode_timed(ETHERNET, &timed(&[&of(0, 24, 1), &of(24, inside.len(), 0)]), Limits::default());
    assert_eq!(outcome.lines(), [format!("{HELLO} depth 1")]);
}

#[test]
fn copies_are_told_while_pending_and_shortly_after() {
    let p = pieces();
    let mut frames = timed(&[&p[0], &p[0], &p[1], &p[2], &p[2], &p[1]]);
    let outcome = decode_timed(ETHERNET, &frames, Limits::default());
    use Class::{Analyzed, Duplicate};
    assert_eq!(outcome.classes, [Analyzed, Duplicate, Analyzed, Analyzed, Duplicate, Duplicate]);
    assert_eq!(outcome.lines(), [WHOLE]);
    // Later it is the same identification used again, for a packet that stays incomplete.
    frames.push((100, p[0].clone()));
    let outcome = decode_timed(ETHERNET, &frames, Limits::default());
    assert_eq!(outcome.classes.last(), Some(&Analyzed));
    assert_eq!((outcome.packets.len(), outcome.anomalies), (2, vec!["fragments_missing"]));
}

#[test]
fn contradictions_are_counted_and_end_with_one_packet() {
    let p = pieces();
    let other = ethernet(0x0800, &ipv4_piece(77, 0x2001, 17, b"XXXXXXXXXXXXXXXX"));
    let outcome = decode_timed(ETHERNET, &timed(&[&p[0], &other, &p[1], &p[2]]), Limits::default());
    assert_eq!(outcome.lines().first().map(String::as_str), Some(WHOLE));
    assert!(outcome.anomalies.contains(&"fragment_overlap"));
}

#[test]
fn what_stays_incomplete_is_told_by_its_first_part() {
    let p = pieces();
    let outcome = decode_timed(ETHERNET, &timed(&[&p[0], &p[2]]), Limits::default());
    assert_eq!(outcome.lines(), ["udp 10.0.0.1 1 > 10.0.0.2 2 8/40"]);
    let outcome = decode_timed(ETHERNET, &timed(&[&p[1]]), Limits::default());
    assert_eq!(outcome.lines(), ["ip 10.0.0.1 > 10.0.0.2 17 0/32"]);
    assert_eq!(outcome.anomalies, ["fragments_missing"]);
}

#[test]
fn what_waits_is_bounded_by_time_number_and_bytes() {
    let first = |id: u16| ethernet(0x0800, &ipv4_piece(id, 0x2000, 17, &udp(id, 2, &[0; 992])));
    let count = |frames: Vec<(i64, Vec<u8>)>, limits: Limits| {
        let mut decoder = Decoder::new(limits);
        let mut given_up = Vec::new();
        for (milliseconds, bytes) in frames {
            let time = Timestamp::from_nanos(milliseconds * 1_000_000);
            decoder.decode(ETHERNET, time, 0, 1, &bytes, 1034, &mut |packet, _| given_up.push(packet.ip_id));
        }
        given_up
    };
    let four = || (1..=4).map(|id| (i64::from(id), first(id))).collect::<Vec<_>>();
    assert_eq!(count(four(), Limits { fragmented_packets_max: 2, ..Limits::default() }), [1, 2]);
    assert_eq!(count(four(), Limits { fragment_bytes_max: 3500, ..Limits::default() }), [1]);
    let late = join(&[&ethernet(0x0800, &hello())]);
    let mut frames = four();
    frames.push((30_003, late));
    assert_eq!(count(frames, Limits::default()), [1, 2, 7]);
}

#[test]
fn pieces_of_one_packet_are_bounded() {
    let frames: Vec<_> = (0..200_u16)
        .map(|place| (0, ethernet(0x0800, &ipv4_piece(1, 0x2000 | (place * 2), 17, &[1; 8]))))
        .collect();
    let outcome = decode_timed(ETHERNET, &frames, Limits::default());
    assert_eq!(outcome.packets.first().unwrap().0.packets, 128);
    assert!(outcome.anomalies.contains(&"fragments_too_many"));
    // Beyond what any packet may hold.
    let outcome = decode(ETHERNET, &ethernet(0x0800, &ipv4_piece(1, 0x1fff, 17, &[1; 16])));
    assert_eq!((outcome.packets.len(), outcome.anomalies), (0, vec!["fragment_length"]));
}
