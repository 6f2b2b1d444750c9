//! One logical shard: the only place where flows meet protocols.

use super::expectation::{Expectations, Found};
use super::indication::Indications;
use super::token::Tokens;
use crate::decode::{Layer4, Packet};
use crate::flow::{Duplicates, FlowTable, Follow, Interest, Limits, Tally, Track, Turns};
use crate::graph::{Delta, Scene};
use crate::model::{
    Endpoint, FlowKey, FlowRecord, HostKey, Mac, Moment, Observation, Pair, Side, Span, Transport,
};
use crate::protocol::{Analyzer, Conversation, Seen, Verdict};

/// ICMP: echo reply and request (RFC 792); ICMPv6: request and reply (RFC 4443 §4).
const ECHO: [(bool, u8, bool); 4] =
    [(false, 8, false), (false, 0, true), (true, 128, false), (true, 129, true)];

/// What a shard is asked to do.
#[derive(Clone, Copy, Debug)]
pub struct Orders {
    /// Limits of the flow table.
    pub limits: Limits,
    /// Drop the copies of packets that a mirror delivers.
    pub drop_duplicates: bool,
    /// Keep the record of every flow with its turns, and the tokens in them.
    pub keep_records: bool,
    /// Be asked from time to time what was gained.
    pub live: bool,
}

/// One logical shard.
pub struct Shard {
    table: FlowTable<Talk>,
    talk: Talk,
    duplicates: Option<Duplicates>,
    copies: u64,
}

/// What a shard has to say in the end, or since it was last asked.
#[derive(Default)]
pub struct Findings {
    /// What it saw.
    pub delta: Delta,
    /// The flows that go on, by their slots in the table: those that have changed since it was last
    /// asked, none for one that has ended. Empty in the end.
    pub open: Vec<(u32, Option<FlowRecord>)>,
    /// Packets that were copies, from the beginning.
    pub copies: u64,
    /// What its table did not keep, from the beginning.
    pub tally: Tally,
    /// Every flow that has ended, if that was asked for.
    pub records: Vec<FlowRecord>,
    /// Tokens, if records were asked for.
    pub tokens: Tokens,
    /// Names, fingerprints and users, if records were asked for.
    pub indications: Indications,
}

impl Shard {
    /// An empty shard.
    pub fn new(orders: Orders) -> Self {
        let mut table = FlowTable::new(orders.limits);
        if orders.keep_records {
            table = table.keeping_turns();
        }
        if orders.live {
            table = table.noting_changes();
        }
        Shard {
            table,
            talk: Talk {
                delta: Delta::default(),
                seen: if orders.keep_records { Seen::curious() } else { Seen::default() },
                expectations: Expectations::default(),
                records: orders.keep_records.then(Vec::new),
                tokens: orders.keep_records.then(Tokens::default),
                indications: orders.keep_records.then(Indications::default),
            },
            duplicates: orders.drop_duplicates.then(Duplicates::default),
            copies: 0,
        }
    }

    /// One packet.
    pub fn on_packet(&mut self, packet: &Packet, payload: &[u8]) {
        if self.duplicates.as_mut().is_some_and(|duplicates| duplicates.is_copy(packet)) {
            self.copies += 1;
            return;
        }
        self.talk.delta.tick(packet.time);
        match packet.layer4 {
            Layer4::Tcp { .. } | Layer4::Udp { .. } | Layer4::Sctp { .. } => {
                self.table.on_packet(packet, payload, &mut self.talk);
            }
            Layer4::Icmp { v6, kind, code, about } => {
                self.hosts_of(packet);
                let (source, destination) = ends(packet);
                if let Some((_, _, reply)) = ECHO.iter().find(|(six, echo, _)| (*six, *echo) == (v6, kind)) {
                    if !destination.address.is_group() {
                        self.talk.delta.ping(source, destination, *reply, packet.time);
                    }
                } else if let Some(quoted) = about
                    && let Some(transport) = transport_of(quoted.protocol)
                {
                    let (key, sender) =
                        FlowKey::of(packet.realm, transport, quoted.source, quoted.destination);
                    self.table.on_icmp_error(&key, sender, v6, kind, code);
                }
            }
            Layer4::Other(_) => self.hosts_of(packet),
        }
    }

    fn hosts_of(&mut self, packet: &Packet) {
        let (source, destination) = ends(packet);
        let span = Span::at(packet.time);
        self.talk.delta.host(source, span, packet.source_mac, packet.vlan, true);
        self.talk.delta.host(destination, span, Mac::default(), 0, false);
    }

    /// Hands over what was gained since this was last called. Flows go on as if nobody had asked.
    pub fn hand_over(&mut self) -> Findings {
        let mut open = Vec::new();
        let talk = &self.talk;
        self.table.tell_changes(|slot, track| open.push((slot, track.map(|track| talk.standing(track)))));
        Findings { open, ..self.take() }
    }

    /// The capture is over.
    pub fn finish(mut self) -> Findings {
        self.table.finish(&mut self.talk);
        self.take()
    }

    fn take(&mut self) -> Findings {
        let talk = &mut self.talk;
        Findings {
            delta: std::mem::take(&mut talk.delta),
            open: Vec::new(),
            copies: self.copies,
            tally: self.table.tally(),
            records: talk.records.as_mut().map(std::mem::take).unwrap_or_default(),
            tokens: talk.tokens.as_mut().map(std::mem::take).unwrap_or_default(),
            indications: talk.indications.as_mut().map(std::mem::take).unwrap_or_default(),
        }
    }
}

fn ends(packet: &Packet) -> (HostKey, HostKey) {
    let host = |address| HostKey { realm: packet.realm, address };
    (host(packet.source), host(packet.destination))
}

fn transport_of(protocol: u8) -> Option<Transport> {
    Some(match protocol {
        6 => Transport::Tcp,
        17 => Transport::Udp,
        132 => Transport::Sctp,
        _ => return None,
    })
}

/// What flows say, made into what the shard has seen.
struct Talk {
    delta: Delta,
    seen: Seen,
    expectations: Expectations,
    records: Option<Vec<FlowRecord>>,
    tokens: Option<Tokens>,
    indications: Option<Indications>,
}

impl Talk {
    /// Hands on what the conversation has just told.
    fn hand_on(&mut self, track: &mut Track, conversation: &Conversation, at: Moment) -> Interest {
        judge(track, conversation.verdict());
        if !self.seen.is_empty() {
            let scene = scene(track, conversation, at);
            for observation in self.seen.drain() {
                if let Some(indications) = &mut self.indications {
                    indications.note(&scene, &observation);
                }
                match observation {
                    Observation::Announced(announcement) => {
                        self.expectations.add(&announcement, conversation, &track.key, at.time);
                    }
                    Observation::ClientHello { .. } | Observation::ServerHello { .. } => {
                        track.tls = true;
                        self.delta.observe(&scene, observation);
                    }
                    Observation::Capability(more) => track.capability = track.capability.max(Some(more)),
                    Observation::Purpose(purpose) => track.purposes.insert(purpose),
                    Observation::Token(token) => {
                        if let Some(tokens) = &mut self.tokens {
                            tokens.add(token, scene.key, scene.client, at.time);
                        }
                    }
                    Observation::Forwarded { origin } => {
                        if let Some(tokens) = &mut self.tokens {
                            tokens.forward(origin, scene.key, scene.client, at.time);
                        }
                    }
                    _ => self.delta.observe(&scene, observation),
                }
            }
        }
        if conversation.wants_bytes() { Interest::More } else { Interest::Sealed }
    }

    /// Looks whether a control connection announced this flow,
    /// and returns who follows it, if anybody does.
    fn recognise(&mut self, track: &mut Track) -> Option<&'static dyn Analyzer> {
        if track.ledger.announced_client.is_some() {
            return None;
        }
        let found = self.expectations.find(&track.key, track.first)?;
        believe(track, &found).then_some(found.analyzer).flatten()
    }

    /// The record of a flow that goes on, as if it ended now.
    fn standing(&self, track: &Track) -> FlowRecord {
        let unannounced = track.ledger.announced_client.is_none();
        match self.expectations.peek(&track.key, track.first).filter(|_| unannounced) {
            None => track.record(),
            Some(found) => {
                let mut track = track.clone();
                believe(&mut track, &found);
                track.record()
            }
        }
    }
}

/// Takes a flow for the one that was announced, unless its bytes prove another.
fn believe(track: &mut Track, found: &Found) -> bool {
    if track.ledger.protocol_client.is_some() && contradicts(track.protocol, found.protocol) {
        return false;
    }
    track.ledger.announced_client = Some(found.client);
    track.protocol = Some(found.protocol);
    track.answers_for = found.answers_for;
    true
}

/// Takes over what the bytes say now, which may be that it was another protocol after all. An
/// announcement is believed before the bytes, unless they prove who is whose client in another
/// protocol: anybody can announce anything, and nobody else's service should be turned round by it.
fn judge(track: &mut Track, verdict: Option<Verdict>) {
    let protocol = verdict.map(|verdict| verdict.protocol);
    track.ledger.protocol_client = verdict.and_then(|verdict| verdict.client);
    if let (Some(_), Some(announced)) = (track.ledger.announced_client, track.protocol) {
        if track.ledger.protocol_client.is_none() || !contradicts(protocol, announced) {
            return;
        }
        track.ledger.announced_client = None;
        track.answers_for = None;
    }
    track.protocol = protocol;
}

/// True if what is spoken is not what was announced. TLS around it is no contradiction
/// (FTP's `PROT P`, RFC 4217 §9).
fn contradicts(spoken: Option<&str>, announced: &str) -> bool {
    spoken.is_some_and(|spoken| spoken != announced && spoken != "tls")
}

fn scene(track: &Track, conversation: &Conversation, at: Moment) -> Scene {
    let ledger = &track.ledger;
    let client = ledger.announced_client.or(ledger.initiator()).or(ledger.protocol_client);
    let client = client.unwrap_or(conversation.client());
    let address = track.key.address(client.other());
    Scene {
        key: track.service_flow(),
        client: conversation.client(),
        service: client.other(),
        group: address.is_group() || address.is_unspecified(),
        at,
    }
}

impl Follow for Talk {
    type State = Conversation;

    fn begin(&mut self, track: &mut Track, side: Side) -> Option<Conversation> {
        let analyzer = self.recognise(track);
        let ledger = &track.ledger;
        let from_start = ledger.initiator().is_some() || track.key.transport == Transport::Udp;
        let initiator = ledger.announced_client.or(ledger.initiator()).or(ledger.first_from).unwrap_or(side);
        let endpoints: Pair<Endpoint> = Pair::new(track.key.a, track.key.b);
        Some(match analyzer {
            Some(analyzer) => Conversation::following(endpoints, track.key.transport, initiator, analyzer),
            None => Conversation::new(endpoints, track.key.transport, from_start, initiator),
        })
    }

    fn bytes(
        &mut self,
        track: &mut Track,
        conversation: &mut Conversation,
        side: Side,
        bytes: &[u8],
        at: Moment,
    ) -> Interest {
        conversation.on_bytes(side, bytes, &mut self.seen);
        self.hand_on(track, conversation, at)
    }

    fn gap(
        &mut self,
        track: &mut Track,
        conversation: &mut Conversation,
        side: Side,
        len: u64,
        at: Moment,
    ) -> Interest {
        conversation.on_gap(side, len, &mut self.seen);
        self.hand_on(track, conversation, at)
    }

    fn datagram(
        &mut self,
        track: &mut Track,
        conversation: &mut Conversation,
        side: Side,
        bytes: &[u8],
        at: Moment,
    ) -> Interest {
        conversation.on_datagram(side, bytes, &mut self.seen);
        self.hand_on(track, conversation, at)
    }

    fn held(&self, conversation: &Conversation) -> usize {
        conversation.pending_bytes()
    }

    fn release(&mut self, track: &mut Track, mut conversation: Conversation) {
        conversation.on_end(&mut self.seen);
        self.hand_on(track, &conversation, track.last_moment());
    }

    fn end(&mut self, track: &mut Track, conversation: Option<Conversation>, turns: Turns) {
        if let Some(conversation) = conversation {
            self.release(track, conversation);
        }
        self.recognise(track);
        let record = track.record();
        if let Some(records) = &mut self.records {
            records.push(FlowRecord { turns: turns.kept, turns_cut: turns.cut, ..record.clone() });
        }
        self.delta.flow(record);
    }
}

#[cfg(test)]
mod tests;
