//! Hostile bytes on their way through everything that reads bytes. The fuzz target and the test that
//! replays the seeds on stable both call [`drive`], so that a crash found by one is held by the other.
//!
//! An input is: one byte that chooses the reader, then what that reader is given.
//!
//! | first byte, mod 5 | the rest |
//! |---|---|
//! | 0 | a capture file |
//! | 1 | the place of a link type in [`LINK_TYPES`], then frames, each behind its length (one byte) |
//! | 2 | flags, then what is said on a TCP connection (see [`Said`]); whoever recognises it reads it |
//! | 3 | the same in datagrams |
//! | 4 | the place of an analyzer in the registry, flags, then what is said, given to that analyzer |

use std::io::Write;

use tapmap::capture::{Frames, Options};
use tapmap::decode::{Decoder, Limits};
use tapmap::model::{Address, Endpoint, Pair, Side, Timestamp, Transport};
use tapmap::pipeline::{self, Settings};
use tapmap::protocol::{ANALYZERS, Analyzer, Conversation, Seen};

/// Every link type that is read, and one that is not. A new one goes to the end: seeds name places.
pub const LINK_TYPES: [u16; 19] =
    [1, 0, 9, 12, 14, 50, 51, 101, 104, 105, 108, 113, 119, 127, 163, 228, 229, 276, 147];

/// How many readers the first byte chooses among.
pub const READERS: u8 = 5;

/// Ports that tell apart protocols of one format (DNS and its kin), and one that tells nothing.
const PORTS: [u16; 8] = [23_456, 53, 137, 5353, 5355, 67, 123, 69];

/// Reads an input. Whatever it is, this returns.
pub fn drive(input: &[u8]) {
    let Some((reader, rest)) = input.split_first() else { return };
    match reader % READERS {
        0 => capture(rest),
        1 => frames(rest),
        2 => conversation(rest, Transport::Tcp, None),
        3 => conversation(rest, Transport::Udp, None),
        _ => {
            let Some((place, rest)) = rest.split_first() else { return };
            let analyzer = ANALYZERS[usize::from(*place) % ANALYZERS.len()];
            for transport in analyzer.transports() {
                conversation(rest, *transport, Some(analyzer));
            }
        }
    }
}

/// A capture file, read to its end and through the whole pipeline.
fn capture(bytes: &[u8]) {
    let mut file = tempfile::NamedTempFile::new().expect("a temporary file");
    file.write_all(bytes).expect("room for it");
    let Ok(mut frames) = Frames::open(&[file.path().to_path_buf()], &Options::default()) else { return };
    let outcome = pipeline::run(&mut frames, &Settings::default(), &mut |_| {});
    assert_classes_add_up(&outcome.totals.packets);
}

/// Every frame is in one class.
pub fn assert_classes_add_up(packets: &pipeline::PacketTotals) {
    let classes = packets.analyzed
        + packets.duplicate
        + packets.non_ip
        + packets.malformed
        + packets.unsupported
        + packets.filtered;
    assert_eq!(packets.read, classes, "{packets:?}");
}

fn frames(input: &[u8]) {
    let Some((link, mut rest)) = input.split_first() else { return };
    let link = LINK_TYPES[usize::from(*link) % LINK_TYPES.len()];
    let mut decoder = Decoder::new(Limits::default());
    let mut emit = |packet: &tapmap::decode::Packet, payload: &[u8]| {
        assert!(payload.len() <= input.len() || packet.packets > 1, "more payload than input");
    };
    let mut number = 0u64;
    while let Some((len, after)) = rest.split_first() {
        let (frame, after) = after.split_at(usize::from(*len).min(after.len()));
        number += 1;
        let wire_len = frame.len() as u32 + u32::from(len % 3);
        let time = Timestamp::from_nanos(number as i64 * 1_000_000_000);
        decoder.decode(link, time, 0, number, frame, wire_len, &mut emit);
        rest = after;
    }
    // Also as one frame: a length byte cannot say more than 255.
    decoder.decode(link, Timestamp::from_nanos(0), 0, 0, &input[1..], u32::MAX, &mut emit);
    decoder.finish(&mut emit);
}

/// What the bytes of a conversation say: a sequence of pieces, each behind two bytes.
enum Said<'a> {
    /// A side sends this.
    Bytes(Side, &'a [u8]),
    /// So much of a side is missing.
    Gap(Side, u64),
}

/// Takes pieces apart: bit 7 of the first byte is the side, bit 6 a gap, the other 14 bits its length.
fn pieces(mut rest: &[u8]) -> impl Iterator<Item = Said<'_>> {
    std::iter::from_fn(move || {
        let [high, low, after @ ..] = rest else { return None };
        let side = if high & 0x80 == 0 { Side::A } else { Side::B };
        let len = usize::from(high & 0x3f) << 8 | usize::from(*low);
        if high & 0x40 != 0 {
            rest = after;
            return Some(Said::Gap(side, len as u64));
        }
        let (bytes, after) = after.split_at(len.min(after.len()));
        rest = after;
        Some(Said::Bytes(side, bytes))
    })
}

fn conversation(input: &[u8], transport: Transport, analyzer: Option<&'static dyn Analyzer>) {
    let Some((flags, rest)) = input.split_first() else { return };
    let port = PORTS[usize::from(flags >> 2) % PORTS.len()];
    let endpoints = Pair::new(
        Endpoint { address: Address::from([10, 0, 0, 1]), port: 40_000 },
        Endpoint { address: Address::from([10, 0, 0, 2]), port },
    );
    let initiator = if flags & 2 == 0 { Side::A } else { Side::B };
    let mut conversation = match analyzer {
        Some(analyzer) => Conversation::following(endpoints, transport, initiator, analyzer),
        None => Conversation::new(endpoints, transport, flags & 1 != 0, initiator),
    };
    let mut seen = Seen::default();
    for said in pieces(rest) {
        match said {
            Said::Bytes(side, bytes) if transport == Transport::Tcp => {
                conversation.on_bytes(side, bytes, &mut seen);
            }
            Said::Bytes(side, bytes) => conversation.on_datagram(side, bytes, &mut seen),
            Said::Gap(side, len) => conversation.on_gap(side, len, &mut seen),
        }
    }
    conversation.on_end(&mut seen);
    // Nothing may hold more than a multiple of what was said.
    assert!(seen.drain().count() <= 64 + 4 * input.len(), "more was seen than said");
}
