//! Small networks as a good tap, a half one and a silent one show them.

use etherparse::PacketBuilder;

use super::*;
use crate::config::PRIVATE_NETWORKS;

/// Frames at one tap.
#[derive(Default)]
struct Tap {
    frames: Vec<(i64, Vec<u8>)>,
}

const OWN: [u8; 6] = [2, 9, 9, 9, 9, 9];

impl Tap {
    fn tcp(&mut self, from: (u8, u16), to: (u8, u16), ttl: u8, payload: &[u8]) {
        let id = u16::try_from(self.frames.len()).unwrap() + 1;
        self.tcp_with(from, to, ttl, id, payload);
    }

    fn tcp_with(&mut self, from: (u8, u16), to: (u8, u16), ttl: u8, id: u16, payload: &[u8]) {
        let header = etherparse::Ipv4Header {
            identification: id,
            ..etherparse::Ipv4Header::new(
                0,
                ttl,
                etherparse::IpNumber::TCP,
                [10, 0, 0, from.0],
                [10, 0, 1, to.0],
            )
            .unwrap()
        };
        let header = match from.0 < 100 {
            true => header,
            false => {
                etherparse::Ipv4Header { source: [10, 0, 1, from.0], destination: [10, 0, 0, to.0], ..header }
            }
        };
        let packet = PacketBuilder::ethernet2([2, 0, 0, 0, 0, from.0], [2, 0, 0, 0, 0, to.0])
            .ip(etherparse::IpHeaders::Ipv4(header, etherparse::Ipv4Extensions::default()))
            .tcp(from.1, to.1, u32::from(id), 1_000)
            .ack(1);
        let mut bytes = Vec::new();
        packet.write(&mut bytes, payload).unwrap();
        self.frames.push((self.frames.len() as i64 * 1_000, bytes));
    }

    fn broadcast(&mut self, source: [u8; 6]) {
        let packet = PacketBuilder::ethernet2(source, [0xff; 6])
            .ipv4([10, 0, 0, 1], [255, 255, 255, 255], 64)
            .udp(137, 137);
        let mut bytes = Vec::new();
        packet.write(&mut bytes, b"who").unwrap();
        self.frames.push((self.frames.len() as i64 * 1_000, bytes));
    }

    fn survey(&self) -> Surveyed {
        let local = PRIVATE_NETWORKS.iter().map(|text| text.parse().unwrap()).collect();
        let mut survey = Survey::new(&[OWN], local);
        for (place, (micros, bytes)) in self.frames.iter().enumerate() {
            survey.on_frame(&Frame {
                time: Timestamp::from_nanos(micros * 1_000),
                source: 0,
                number: place as u64 + 1,
                link: LinkType::ETHERNET,
                bytes,
                wire_len: bytes.len() as u32,
            });
        }
        survey.finish()
    }
}

#[test]
fn both_directions_are_good_and_one_is_not() {
    let mut tap = Tap::default();
    for port in 0..10 {
        for _ in 0..4 {
            tap.tcp((1, 40_000 + port), (101, 443), 64, b"x");
        }
    }
    let half = tap.survey();
    assert_eq!((half.verdict, half.heard.one, half.heard.both), (Verdict::OneDirection, 10, 0));
    for port in 0..10 {
        tap.tcp((101, 443), (1, 40_000 + port), 64, b"y");
    }
    let whole = tap.survey();
    assert_eq!((whole.verdict, whole.heard.one, whole.heard.both), (Verdict::Good, 0, 10));
    // One in six of one direction may be asymmetric routing; one in five is a fault of the mirror.
    for (port, verdict) in [(1, Verdict::Good), (2, Verdict::Good), (3, Verdict::OneDirection)] {
        (0..4).for_each(|_| tap.tcp((2, port), (101, 443), 64, b""));
        assert_eq!(tap.survey().verdict, verdict, "{port}");
    }
}

#[test]
fn first_packets_and_scans_are_no_proof() {
    let mut tap = Tap::default();
    (0..3).for_each(|_| tap.tcp((1, 40_000), (101, 443), 64, b"x"));
    assert_eq!(tap.survey().verdict, Verdict::Undecided);
}

#[test]
fn broadcasts_and_own_frames_are_no_mirror() {
    let mut tap = Tap::default();
    assert_eq!(tap.survey().verdict, Verdict::Nothing);
    tap.broadcast(OWN);
    let own = tap.survey();
    assert_eq!((own.verdict, own.counts.own), (Verdict::Nothing, 1));
    (0..200).for_each(|_| tap.broadcast([2, 0, 0, 0, 0, 1]));
    assert_eq!(tap.survey().verdict, Verdict::BroadcastOnly);
    // What a switch floods is no mirror of one direction.
    (0..5).for_each(|_| tap.tcp((1, 40_000), (101, 443), 64, b"x"));
    assert_eq!(tap.survey().verdict, Verdict::BroadcastOnly);
}

#[test]
fn copies_of_routers_are_told_from_those_of_mirrors() {
    let mut tap = Tap::default();
    for id in 1..=10 {
        tap.tcp_with((1, 40_000), (101, 443), 64, id, b"x");
        if id <= 3 {
            tap.tcp_with((1, 40_000), (101, 443), 64, id, b"x");
        }
        if id == 4 {
            tap.tcp_with((1, 40_000), (101, 443), 63, id, b"x");
        }
    }
    let counts = tap.survey().counts;
    assert_eq!((counts.mirrored, counts.routed, counts.frames), (3, 1, 14));
}

#[test]
fn subnets_are_blind_until_their_hosts_speak_to_each_other() {
    let mut tap = Tap::default();
    tap.tcp((1, 1), (101, 2), 64, b"");
    tap.tcp((2, 1), (101, 2), 64, b"");
    tap.tcp((101, 1), (1, 2), 64, b"");
    let subnets = tap.survey().subnets;
    assert_eq!(subnets.len(), 1, "one host alone is no subnet");
    assert_eq!((subnets[0].network.to_string(), subnets[0].hosts), ("10.0.0.0/24".to_owned(), 2));
    assert!(!subnets[0].internal);
}
