//! Flows played packet by packet.

use super::{FlowTable, Follow, Interest, Limits, Track, Turns};
use crate::decode::{Layer4, Packet, TcpFlags};
use crate::model::{
    Address, Endpoint, FlowKey, FlowRecord, Mac, Moment, Nanos, Realm, Side, Timestamp, Transport,
};

const FIN: u8 = 0x01;
const SYN: u8 = 0x02;
const RST: u8 = 0x04;
const ACK: u8 = 0x10;

const MILLISECOND: Nanos = 1_000_000;
const SECOND: Nanos = 1000 * MILLISECOND;

/// Writes down what flows say: bytes as they are, gaps as `[n]`, the end of a talk as `.`, and as `!`
/// where the flow goes on.
#[derive(Default)]
struct Notes {
    said: String,
    records: Vec<FlowRecord>,
    held: usize,
}

impl Follow for Notes {
    type State = ();

    fn begin(&mut self, _: &mut Track, _: Side) -> Option<()> {
        Some(())
    }

    fn bytes(&mut self, _: &mut Track, (): &mut (), _: Side, bytes: &[u8], _: Moment) -> Interest {
        self.said.push_str(&String::from_utf8_lossy(bytes));
        Interest::More
    }

    fn gap(&mut self, _: &mut Track, (): &mut (), _: Side, len: u64, _: Moment) -> Interest {
        self.said.push_str(&format!("[{len}]"));
        Interest::More
    }

    fn datagram(
        &mut self,
        track: &mut Track,
        state: &mut (),
        side: Side,
        bytes: &[u8],
        at: Moment,
    ) -> Interest {
        self.bytes(track, state, side, bytes, at)
    }

    fn held(&self, (): &()) -> usize {
        self.held
    }

    fn release(&mut self, _: &mut Track, (): ()) {
        self.said.push('!');
    }

    fn end(&mut self, track: &mut Track, state: Option<()>, turns: Turns) {
        if state.is_some() {
            self.said.push('.');
        }
        self.records.push(FlowRecord { turns: turns.kept, turns_cut: turns.cut, ..track.record() });
    }
}

/// A table and the packets it is given, one a millisecond.
struct Play {
    table: FlowTable<Notes>,
    notes: Notes,
    now: Nanos,
}

impl Play {
    fn new(limits: Limits) -> Self {
        Play { table: FlowTable::new(limits), notes: Notes::default(), now: 0 }
    }

    fn packet(&mut self, from: u8, to: u8, layer4: Layer4, payload: &[u8]) {
        self.now += MILLISECOND;
        let packet = Packet {
            time: Timestamp::from_nanos(self.now),
            source_index: 0,
            frame: 1,
            realm: Realm::DEFAULT,
            source: address(from),
            destination: address(to),
            layer4,
            ttl: 64,
            ip_id: 0,
            ip_len: 40 + payload.len() as u32,
            packets: 1,
            payload_len: payload.len() as u32,
            source_mac: Mac::default(),
            destination_mac: Mac::default(),
            vlan: 0,
            fingerprint: 0,
            bad_checksum: false,
            depth: 0,
        };
        self.table.on_packet(&packet, payload, &mut self.notes);
    }

    /// A segment of the client 192.0.2.1:1000.
    fn client(&mut self, flags: u8, sequence: u32, acknowledgement: u32, payload: &str) {
        let flags = TcpFlags(flags);
        let layer4 = Layer4::Tcp { ports: (1000, 80), sequence, acknowledgement, flags, window: 0 };
        self.packet(1, 2, layer4, payload.as_bytes());
    }

    /// A segment of the server 192.0.2.2:80.
    fn server(&mut self, flags: u8, sequence: u32, acknowledgement: u32, payload: &str) {
        let flags = TcpFlags(flags);
        let layer4 = Layer4::Tcp { ports: (80, 1000), sequence, acknowledgement, flags, window: 0 };
        self.packet(2, 1, layer4, payload.as_bytes());
    }

    /// A handshake; the client's bytes begin at 101, the server's at 901.
    fn handshake(&mut self) {
        self.client(SYN, 100, 0, "");
        self.server(SYN | ACK, 900, 101, "");
        self.client(ACK, 101, 901, "");
    }

    /// A datagram between ports 53 of two hosts.
    fn datagram(&mut self, from: u8, to: u8, payload: &str) {
        self.packet(from, to, Layer4::Udp { ports: (53, 53) }, payload.as_bytes());
    }

    /// An ICMP error about a packet of the client.
    fn icmp(&mut self, v6: bool, kind: u8, code: u8) {
        let end = |last: u8, port| Endpoint { address: address(last), port };
        let (key, sender) = FlowKey::of(Realm::DEFAULT, Transport::Tcp, end(1, 1000), end(2, 80));
        self.table.on_icmp_error(&key, sender, v6, kind, code);
    }

    fn end(mut self) -> Notes {
        self.table.finish(&mut self.notes);
        self.notes
    }
}

fn address(last: u8) -> Address {
    Address::from([192, 0, 2, last])
}

fn play() -> Play {
    Play::new(Limits::default())
}

#[test]
fn the_first_two_data_segments_may_be_swapped() {
    let mut play = play();
    play.handshake();
    play.client(ACK, 103, 901, "cd");
    play.client(ACK, 101, 901, "ab");
    assert_eq!(play.end().said, "abcd.");
}

#[test]
fn a_keep_alive_before_the_first_data_is_no_data() {
    let mut play = play();
    play.handshake();
    play.client(ACK, 100, 901, "\0");
    play.client(ACK, 101, 901, "ab");
    assert_eq!(play.end().said, "ab.");
}

#[test]
fn what_follows_a_lost_first_segment_is_not_the_beginning() {
    let mut play = play();
    play.handshake();
    play.client(ACK, 111, 901, "ab");
    assert_eq!(play.end().said, "[10]ab.");
}

#[test]
fn a_second_syn_with_another_number_leaves_no_hole() {
    let mut play = play();
    play.client(SYN, 2_000_000_000, 0, "");
    play.now += 5 * SECOND;
    play.client(SYN, 2_500_000_000, 0, "");
    play.server(SYN | ACK, 900, 2_500_000_001, "");
    play.client(ACK, 2_500_000_001, 901, "ab");
    play.server(ACK, 901, 2_500_000_003, "");
    let notes = play.end();
    assert_eq!(notes.said, "ab.");
    assert_eq!(notes.records.iter().map(|record| record.outcome.unseen).collect::<Vec<_>>(), [0]);
}

/// Whether each flow was answered, and whether it was refused.
fn outcomes(play: Play) -> Vec<(bool, bool)> {
    play.end().records.iter().map(|record| (record.outcome.answered, record.outcome.refused)).collect()
}

#[test]
fn a_sweep_of_dark_addresses_is_not_answered() {
    for flags in [ACK, FIN, FIN | ACK, 0] {
        let mut play = play();
        play.client(flags, 100, 1, "");
        play.client(flags, 100, 1, "");
        assert_eq!(outcomes(play), [(false, false)], "flags {flags:02x}");
    }
    let mut play = play();
    play.client(SYN, 100, 0, "early data");
    assert_eq!(outcomes(play), [(false, false)], "data in a SYN");
}

#[test]
fn resets_answer_nothing() {
    let mut play = play();
    for _ in 0..3 {
        play.client(ACK, 100, 1, "");
        play.server(RST, 1, 0, "");
    }
    assert_eq!(outcomes(play), [(false, false)]);
}

#[test]
fn an_answer_is_a_syn_ack_or_both_sides_or_an_exchange() {
    let answered = |segments: &dyn Fn(&mut Play)| {
        let mut play = play();
        segments(&mut play);
        assert_eq!(outcomes(play), [(true, false)]);
    };
    answered(&|play| play.server(SYN | ACK, 900, 101, ""));
    answered(&|play| {
        play.handshake();
        play.client(RST, 101, 0, "");
    });
    answered(&|play| {
        play.client(ACK, 101, 901, "");
        play.server(ACK, 901, 101, "");
    });
    answered(&|play| play.client(ACK, 101, 901, "ab"));
    answered(&|play| {
        play.client(ACK, 101, 901, "");
        play.client(ACK, 101, 1901, "");
    });
}

#[test]
fn an_unreachable_destination_refuses_and_no_other_error() {
    for (v6, kind, code, refused) in [
        (false, 3, 1, true),
        (false, 3, 3, true),
        (true, 1, 4, true),
        (false, 3, 4, false),
        (false, 4, 0, false),
        (false, 5, 1, false),
        (false, 11, 0, false),
        (true, 2, 0, false),
        (true, 3, 0, false),
    ] {
        let mut play = play();
        play.client(SYN, 100, 0, "");
        play.icmp(v6, kind, code);
        assert_eq!(outcomes(play), [(false, refused)], "type {kind}, code {code}");
    }
}

#[test]
fn whoever_answers_after_an_icmp_error_has_not_refused() {
    let mut play = play();
    play.client(SYN, 100, 0, "");
    play.icmp(false, 3, 1);
    play.server(SYN | ACK, 900, 101, "");
    assert_eq!(outcomes(play), [(true, false)]);
}

#[test]
fn a_reset_refuses_a_syn_of_the_other_side_only() {
    let mut refused = play();
    refused.client(SYN, 100, 0, "");
    refused.server(RST | ACK, 0, 101, "");
    assert_eq!(outcomes(refused), [(false, true)]);
    let mut given_up = play();
    given_up.client(SYN, 100, 0, "");
    given_up.client(RST, 101, 0, "");
    assert_eq!(outcomes(given_up), [(false, false)]);
}

#[test]
fn a_packet_from_the_future_does_not_keep_the_flows_behind_it() {
    let mut play = play();
    play.now = 365 * 24 * 3600 * SECOND;
    play.datagram(1, 2, "from next year");
    play.now = 0;
    play.datagram(3, 4, "now");
    play.now = 200 * SECOND;
    play.datagram(5, 6, "later");
    assert_eq!(play.notes.records.len(), 2);
}

#[test]
fn an_answered_datagram_flow_makes_room_for_a_new_one() {
    let mut play = Play::new(Limits { followed_max: 2, ..Limits::default() });
    for host in 10..20 {
        play.datagram(host, 1, "q");
        play.datagram(1, host, "a");
    }
    // One that has not been answered yet is not given up.
    play.datagram(30, 1, "q");
    play.datagram(31, 1, "q");
    play.datagram(32, 1, "unread");
    assert_eq!(play.table.tally().unread, 1);
    assert_eq!(play.end().said, "qaqa".to_owned() + &"!qa".repeat(8) + "!q!q..");
}

#[test]
fn a_flow_that_would_keep_too_much_is_told_so() {
    let mut play = Play::new(Limits { waiting_bytes_max: 10, ..Limits::default() });
    play.handshake();
    play.client(ACK, 102, 901, "waiting for an a");
    play.client(ACK, 101, 901, "a");
    assert_eq!(play.table.tally().unread, 1);
    assert_eq!(play.end().said, "[1]waiting for an a!");
}

#[test]
fn what_is_sent_again_after_the_close_begins_no_flow() {
    let mut play = play();
    play.handshake();
    play.client(FIN | ACK, 101, 901, "bye");
    play.server(FIN | ACK, 901, 105, "");
    for _ in 0..4 {
        play.now += 30 * SECOND;
        play.server(FIN | ACK, 901, 105, "");
    }
    assert_eq!(play.end().records.len(), 1);
}

#[test]
fn a_reset_out_of_nowhere_closes_nothing() {
    let flows = |reset: u32| {
        let mut play = play();
        play.handshake();
        play.server(RST, reset, 0, "");
        // On a closed flow any SYN begins another.
        play.client(SYN, 100, 0, "");
        play.end().records.len()
    };
    assert_eq!((flows(2_000_000_000), flows(901)), (1, 2));
}

#[test]
fn sctp_opens_and_refuses_with_its_chunks() {
    let mut play = play();
    let client = |chunk| Layer4::Sctp { ports: (1000, 3868), chunk };
    let server = |chunk| Layer4::Sctp { ports: (3868, 1000), chunk };
    play.packet(1, 2, client(1), b"init");
    play.packet(2, 1, server(2), b"init ack");
    play.packet(1, 2, client(0), b"data");
    play.packet(3, 2, client(1), b"init");
    play.packet(2, 3, server(6), b"abort");
    let notes = play.end();
    let told = |record: &FlowRecord| {
        let payload: u64 = record.sent.iter().map(|sent| sent.payload).sum();
        (record.outcome.answered, record.outcome.refused, record.ledger.initiator(), payload)
    };
    let mut told: Vec<_> = notes.records.iter().map(told).collect();
    told.sort_by_key(|told| told.0);
    assert_eq!(told, [(false, true, Some(Side::B), 0), (true, false, Some(Side::A), 4)]);
    assert_eq!(notes.said, "data.");
}
