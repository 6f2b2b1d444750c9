//! Laws of broken files: whatever the bytes, no panic, no endless loop, and nothing lost before the break.

use proptest::prelude::*;

use super::super::order::Order;
use super::*;

fn pcapng() -> Vec<u8> {
    let mut file = Writer::new(Order::Little);
    file.section().interface(1, 0, &[(9, &[9])]).enhanced(0, 5, 90, b"abcde").simple(3, b"abc");
    file.block(5, |block| {
        block.raw(&[1; 30]);
    });
    file.obsolete(0, 9, b"abcdefgh").section().interface(101, 0, &[]).enhanced(0, 5, 1, b"x");
    file.bytes
}

/// Where the bytes of each packet end, found by searching for the shortest file that has it.
fn cut_everywhere(bytes: &[u8], header: usize) {
    let all = whole(bytes);
    let mut before = 0;
    for length in header..=bytes.len() {
        let (seen, stop) = read(&bytes[..length]).unwrap();
        assert!(all.starts_with(&seen), "at {length}");
        assert!(seen.len() == before || seen.len() == before + 1, "a packet came or went at {length}");
        before = seen.len();
        if let Some(stop) = stop {
            assert!(stop.starts_with("truncated in "), "at {length}: {stop}");
        }
    }
    assert_eq!(before, all.len());
}

#[test]
fn a_file_cut_at_any_byte_keeps_the_packets_before() {
    cut_everywhere(&pcap_at(&[1, 2, 3]), 24);
    cut_everywhere(&pcapng(), 28);
    for length in 0..24 {
        assert!(read(&pcap_at(&[])[..length]).is_err());
    }
}

#[test]
fn says_where_it_was_cut() {
    let bytes = pcap_at(&[1, 2]);
    let check = |length: usize, expected: Option<&str>| {
        assert_eq!(read(&bytes[..length]).unwrap().1.as_deref(), expected, "{length}");
    };
    check(bytes.len(), None);
    check(bytes.len() - 10, Some("truncated in packet 2 at byte 100: 66 of 76 bytes"));
    check(107, Some("truncated in packet 2 at byte 100: 7 of 16 bytes"));
    check(100, None);
    let bytes = pcapng();
    let stop = |missing: usize| read(&bytes[..bytes.len() - missing]).unwrap().1.unwrap();
    assert_eq!(stop(9), "truncated in packet 4 at byte 248: 27 of 36 bytes");
    // The packet is whole, and its block is not.
    assert_eq!(stop(6), "truncated in a block after packet 4 at byte 277: 1 of 7 bytes");
}

/// A disk that fails after some bytes.
struct Failing<'a>(&'a [u8]);

impl Read for Failing<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if self.0.is_empty() { Err(std::io::Error::other("disk on fire")) } else { self.0.read(buffer) }
    }
}

#[test]
fn a_failing_disk_is_not_the_end_of_the_file() {
    let bytes = pcap_at(&[1, 2]);
    let (seen, stop) = read_from(Failing(&bytes)).unwrap();
    assert_eq!(seen.len(), 2);
    assert_eq!(stop.unwrap(), "unreadable after packet 2 at byte 176: disk on fire");
    let (seen, stop) = read_from(Failing(&pcapng())).unwrap();
    assert_eq!(seen.len(), 4);
    assert!(stop.unwrap().starts_with("unreadable after packet 4 "));
    assert_eq!(read_from(Failing(b"")).unwrap_err(), Refusal::Unreadable("disk on fire".to_owned()));
}

/// A record takes at least 16 bytes, a block 12: more packets than that were made up.
fn is_bounded(bytes: &[u8]) -> bool {
    read(bytes).is_ok_and(|(seen, _)| seen.len() <= bytes.len() / 12)
}

proptest! {
    #[test]
    fn arbitrary_bytes_after_a_header_end(
        tail in proptest::collection::vec(any::<u8>(), 0..600),
        magic in prop::sample::select(vec![0xa1b2_c3d4_u32, 0xa1b2_3c4d, 0xa1b2_cd34]),
        link in prop::sample::select(vec![1_u32, 249]),
    ) {
        for order in [Order::Little, Order::Big] {
            let mut file = Writer::new(order);
            file.pcap_header(magic, (2, 4), link).raw(&tail);
            prop_assert!(is_bounded(&file.bytes));
            let mut file = Writer::new(order);
            file.section().interface(link as u16, 0, &[]).raw(&tail);
            prop_assert!(is_bounded(&file.bytes));
        }
    }

    #[test]
    fn blocks_of_arbitrary_kind_and_content_end(
        blocks in proptest::collection::vec(
            (prop::sample::select(vec![1_u32, 2, 3, 6, 0x0a0d_0d0a, 77]), proptest::collection::vec(any::<u8>(), 0..60)),
            0..12,
        ),
    ) {
        let mut file = Writer::new(Order::Big);
        file.section().interface(1, 0, &[]);
        for (kind, body) in &blocks {
            file.block(*kind, |block| { block.raw(body); });
        }
        prop_assert!(is_bounded(&file.bytes));
    }

    #[test]
    fn flipped_bytes_never_panic(at in 0..200_usize, value in any::<u8>()) {
        for mut bytes in [pcapng(), pcap_at(&[1, 2, 3])] {
            let place = at % bytes.len();
            bytes[place] = value;
            let _ = read(&bytes);
        }
    }

    /// The same packets as another reader sees, where both read to the end.
    #[test]
    fn reads_what_an_independent_reader_reads(
        packets in proptest::collection::vec((any::<u32>(), proptest::collection::vec(any::<u8>(), 0..80)), 0..20),
        big in any::<bool>(),
    ) {
        use pcap_parser::traits::PcapReaderIterator;
        let mut file = Writer::new(if big { Order::Big } else { Order::Little });
        file.section().interface(1, 0, &[]);
        for (ticks, bytes) in &packets {
            file.enhanced(0, u64::from(*ticks), bytes.len() as u32, bytes);
        }
        let mut theirs = Vec::new();
        let mut reader = pcap_parser::PcapNGReader::new(65_536, file.bytes.as_slice()).unwrap();
        while let Ok((length, block)) = reader.next() {
            use pcap_parser::{Block, PcapBlockOwned};
            if let PcapBlockOwned::NG(Block::EnhancedPacket(packet)) = block {
                let data = &packet.data[..packet.caplen as usize];
                theirs.push((packet.ts_low, data.to_vec()));
            }
            reader.consume(length);
        }
        let ours: Vec<_> =
            whole(&file.bytes).into_iter().map(|seen| ((seen.0.nanos() / 1000) as u32, seen.3)).collect();
        prop_assert_eq!(&ours, &packets);
        prop_assert_eq!(ours, theirs);
    }
}
