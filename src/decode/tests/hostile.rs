//! Arbitrary bytes: nothing panics, every frame has a class, and what is told holds together.

use proptest::prelude::*;

use super::layers::{Sample, samples};
use super::*;

const LINKS: [u16; 21] =
    [0, 1, 9, 12, 14, 50, 51, 101, 104, 105, 108, 113, 119, 127, 163, 220, 228, 229, 276, 6, u16::MAX];

/// What holds for every frame, however broken.
fn holds(link: u16, captured: &[u8], wire_len: usize) {
    let mut decoder = Decoder::new(Limits { verify_checksums: true, ..Limits::default() });
    let mut packets = Vec::new();
    let wire_len = u32::try_from(wire_len).unwrap();
    let mut emit = |packet: &Packet, payload: &[u8]| {
        assert!(payload.len() <= usize::try_from(packet.payload_len).unwrap(), "{packet:?}");
        assert!(packet.depth <= 8);
        packets.push(*packet);
    };
    let class = decoder.decode(link, Timestamp::default(), 0, 1, captured, wire_len, &mut emit);
    for packet in &packets {
        // What is left of fragments may end far behind those that came.
        assert!(packet.payload_len <= packet.ip_len, "{packet:?}");
    }
    decoder.finish(&mut |packet, _| packets.push(*packet));
    assert!(packets.len() <= 1);
    assert!(packets.is_empty() || class == Class::Analyzed);
    if class == Class::Malformed {
        assert_eq!(decoder.anomalies().count(), 1, "what is malformed is counted once, by its reason");
    }
}

#[test]
fn every_sample_may_be_cut_anywhere() {
    for Sample { link, frame, .. } in samples() {
        for end in 0..frame.len() {
            holds(link, &frame[..end], frame.len());
            holds(link, &frame[..end], end);
        }
    }
}

#[test]
fn any_byte_of_a_sample_may_be_any_other() {
    for Sample { link, frame, .. } in samples() {
        for place in 0..frame.len() {
            for value in [0, 1, 0x7f, 0x80, 0xff, frame[place] ^ 0x10, frame[place].wrapping_add(1)] {
                let mut bent = frame.clone();
                bent[place] = value;
                holds(link, &bent, bent.len());
            }
        }
    }
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(link in 0..LINKS.len(), bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        holds(LINKS[link], &bytes, bytes.len());
    }

    #[test]
    fn arbitrary_packets_never_panic(
        protocol in prop::sample::select(vec![0_u8, 1, 4, 6, 17, 41, 43, 44, 47, 51, 58, 60, 97, 132, 137]),
        port in prop::sample::select(vec![2152_u16, 3544, 4789, 4790, 6081]),
        bytes in prop::collection::vec(any::<u8>(), 0..120),
    ) {
        for packet in [ipv4(protocol, &bytes), ipv6(protocol, &bytes), ipv4(17, &udp(1, port, &bytes))] {
            holds(101, &packet, packet.len());
        }
    }

    #[test]
    fn arbitrary_fragments_stay_within_their_bounds(
        pieces in prop::collection::vec((0_u16..4, any::<bool>(), 0_u16..8200, 0_usize..64), 0..60),
    ) {
        let limits = Limits { fragment_bytes_max: 2000, fragmented_packets_max: 3, ..Limits::default() };
        let frames: Vec<_> = (0..)
            .zip(pieces)
            .map(|(time, (id, more, offset, length))| {
                let field = u16::from(more) << 13 | (offset & 0x1fff);
                (time, ipv4_piece(id, field, 17, &vec![0xa5; length]))
            })
            .collect();
        let sent = frames.len();
        let outcome = decode_timed(101, &frames, limits);
        let told: usize = outcome.packets.iter().map(|(packet, _)| usize::from(packet.packets)).sum();
        prop_assert!(told <= sent);
    }

    /// Another decoder's opinion on what both read.
    #[test]
    fn etherparse_agrees(vlan in 0_u16..4096, ports in any::<(u16, u16)>(), payload in prop::collection::vec(any::<u8>(), 0..64)) {
        let mut frame = Vec::new();
        etherparse::PacketBuilder::ethernet2([2, 0, 0, 0, 0, 1], [2, 0, 0, 0, 0, 2])
            .single_vlan(vlan.try_into().unwrap())
            .ipv4([10, 1, 2, 3], [10, 3, 2, 1], 61)
            .tcp(ports.0, ports.1, 0xfeed, 1024)
            .write(&mut frame, &payload)
            .unwrap();
        let limits = Limits { verify_checksums: true, ..Limits::default() };
        let outcome = decode_timed(ETHERNET, &[(0, frame.clone())], limits);
        let (packet, told) = outcome.packets.first().unwrap();
        let theirs = etherparse::SlicedPacket::from_ethernet(&frame).unwrap();
        let Some(etherparse::TransportSlice::Tcp(tcp)) = theirs.transport else { panic!("no TCP") };
        prop_assert_eq!(
            packet.layer4,
            Layer4::Tcp {
                ports: (tcp.source_port(), tcp.destination_port()),
                sequence: tcp.sequence_number(),
                acknowledgement: 0,
                flags: super::super::TcpFlags(0),
                window: tcp.window_size(),
            }
        );
        prop_assert_eq!(told.as_slice(), tcp.payload());
        prop_assert_eq!((packet.vlan, packet.ttl, packet.bad_checksum), (vlan, 61, false));
        prop_assert!(outcome.anomalies.is_empty());
    }
}
