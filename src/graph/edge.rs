//! What is added up of all flows between a client and a service.

use smallvec::SmallVec;

use crate::model::{
    Capability, Counters, Decision, Evidence, FlowKey, FlowRecord, HostKey, Nanos, Purpose, Purposes,
    ServiceKey, Side, Span, Transport,
};

/// Hours remembered for one edge: ten days of them. Older ones are history's business.
const HOURS_MAX: usize = 240;

/// Protocols remembered for one edge; a service that speaks more is a multiplexer.
const PROTOCOLS_MAX: usize = 8;

/// Who uses what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EdgeKey {
    /// The host that asks.
    pub client: HostKey,
    /// The service that answers.
    pub service: ServiceKey,
}

/// IP packets and bytes of one direction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Volume {
    /// IP packets.
    pub packets: u64,
    /// IP bytes as sent.
    pub bytes: u64,
}

impl Volume {
    fn of(counters: &Counters) -> Self {
        Volume { packets: counters.packets, bytes: counters.bytes }
    }

    fn add(&mut self, other: &Volume) {
        self.packets += other.packets;
        self.bytes += other.bytes;
    }
}

/// What is known of one edge. Every part adds up in any order. Maps have more of these than of
/// anything else, so flows are counted in 32 bits; a count that reaches their end stays there.
#[derive(Clone, Debug)]
pub struct EdgeTotals {
    /// From the first packet to the last.
    pub span: Span,
    /// Flows, failed ones included.
    pub flows: u32,
    /// Flows that nobody answered, or that were refused.
    pub failed: u32,
    /// Flows that the server accepted.
    pub answered: u32,
    /// Flows with payload both ways, or one way and acknowledged from the side that was not tapped.
    pub observed: u32,
    /// Of those, flows of which only one side was heard.
    pub one_sided: u32,
    /// What clients sent.
    pub to_server: Volume,
    /// What the server sent.
    pub to_client: Volume,
    /// Somebody saw the client open a flow; somebody saw the server do so.
    pub opened_by_client: bool,
    /// The server opened it (an announced data channel).
    pub opened_by_server: bool,
    /// The best evidence for the direction and its confidence.
    pub evidence: Evidence,
    /// 0.5 to 1.
    pub confidence: f32,
    /// The direction is decided.
    pub decided: bool,
    /// The most that a flow with payload let its client do.
    pub capability: Option<Capability>,
    /// What flows with payload were for.
    pub purposes: Purposes,
    /// Answered flows in which the application contradicts the handshake.
    pub conflicts: u32,
    /// The longest flow.
    pub longest: Nanos,
    /// Protocols with the number of flows that spoke them, in the order of their names.
    pub protocols: SmallVec<[(&'static str, u32); 1]>,
    /// Flows with payload whose protocol was recognised.
    pub recognised: u32,
    /// Flows with payload whose protocol was not recognised.
    pub unrecognised: u32,
    /// Hours since 1970 in which it was active, sorted.
    pub hours: SmallVec<[i32; 2]>,
    /// Bytes acknowledged and never seen.
    pub unseen: u64,
    /// Segments sent again.
    pub retransmitted: u32,
}

impl EdgeTotals {
    /// What one flow says, read in the direction that was decided.
    pub fn of(record: &FlowRecord, decision: &Decision) -> Self {
        let client = decision.client.unwrap_or(decision.leaning);
        let server = client.other();
        let (to_server, to_client) = (record.sent[client], record.sent[server]);
        let outcome = &record.outcome;
        let acknowledged = (to_server.payload > 0 && outcome.acknowledged_by[client])
            || (to_client.payload > 0 && outcome.acknowledged_by[server]);
        let udp = record.key.transport != Transport::Tcp;
        // An answer without its question: only the server's side is tapped.
        let answer_only = udp && to_server.packets == 0 && record.ledger.protocol_client == Some(client);
        let one_sided = outcome.one_sided && (!udp || answer_only);
        let acknowledged = acknowledged || answer_only;
        let both_ways = to_server.payload > 0 && to_client.payload > 0;
        let answered = (outcome.answered || answer_only) && !outcome.refused;
        let opener = record.ledger.initiator();
        let payload = to_server.payload + to_client.payload > 0;
        EdgeTotals {
            span: Span { first: record.first, last: record.last },
            flows: 1,
            failed: u32::from(!answered),
            answered: u32::from(answered),
            observed: u32::from(answered && (both_ways || one_sided && acknowledged)),
            one_sided: u32::from(one_sided && payload),
            to_server: Volume::of(&to_server),
            to_client: Volume::of(&to_client),
            opened_by_client: opener == Some(client),
            opened_by_server: opener == Some(server),
            evidence: decision.evidence,
            confidence: decision.confidence as f32,
            decided: decision.client.is_some(),
            capability: payload.then(|| record.capability()),
            purposes: purposes(record, payload),
            conflicts: u32::from(decision.conflict && answered),
            longest: record.last - record.first,
            protocols: record.protocol.map(|protocol| (protocol, 1)).into_iter().collect(),
            recognised: u32::from(record.protocol.is_some() && payload),
            unrecognised: u32::from(record.protocol.is_none() && payload),
            hours: hours_between(record),
            unseen: outcome.unseen,
            retransmitted: u32::try_from(outcome.retransmitted).unwrap_or(u32::MAX),
        }
    }

    /// What a flow says whose direction is decided later, read with [`Side::A`] as the client.
    pub fn undecided(record: &FlowRecord) -> Self {
        let (client, evidence) = (None, Evidence::None);
        let leaning = Side::A;
        Self::of(record, &Decision { client, leaning, evidence, confidence: 0.5, conflict: false })
    }

    /// The totals of [`EdgeTotals::undecided`], turned the way it was decided in the end.
    pub fn decided(mut self, decision: &Decision) -> Self {
        if decision.client.unwrap_or(decision.leaning) == Side::B {
            std::mem::swap(&mut self.to_server, &mut self.to_client);
            std::mem::swap(&mut self.opened_by_client, &mut self.opened_by_server);
        }
        self.evidence = decision.evidence;
        self.confidence = decision.confidence as f32;
        self.decided = decision.client.is_some();
        self
    }

    /// Of no flow at all.
    pub fn none(span: Span) -> Self {
        EdgeTotals {
            span,
            flows: 0,
            failed: 0,
            answered: 0,
            observed: 0,
            one_sided: 0,
            to_server: Volume::default(),
            to_client: Volume::default(),
            opened_by_client: false,
            opened_by_server: false,
            evidence: Evidence::None,
            confidence: 0.5,
            decided: false,
            capability: None,
            purposes: Purposes::default(),
            conflicts: 0,
            longest: 0,
            protocols: SmallVec::new(),
            recognised: 0,
            unrecognised: 0,
            hours: SmallVec::new(),
            unseen: 0,
            retransmitted: 0,
        }
    }

    /// A lease that was given by broadcast: the conversation has no flow with both addresses.
    pub fn leased(span: Span) -> Self {
        EdgeTotals {
            flows: 1,
            answered: 1,
            observed: 1,
            opened_by_client: true,
            evidence: Evidence::Protocol,
            confidence: 1.0,
            decided: true,
            capability: Some(Capability::Infra),
            purposes: Purposes::from(Purpose::Ordinary),
            protocols: [("dhcp", 1)].into_iter().collect(),
            recognised: 1,
            ..Self::none(span)
        }
    }

    /// Adds what other flows of the same edge say.
    pub fn join(&mut self, other: &EdgeTotals) {
        self.span.join(other.span);
        self.flows = self.flows.saturating_add(other.flows);
        self.failed = self.failed.saturating_add(other.failed);
        self.answered = self.answered.saturating_add(other.answered);
        self.observed = self.observed.saturating_add(other.observed);
        self.one_sided = self.one_sided.saturating_add(other.one_sided);
        self.to_server.add(&other.to_server);
        self.to_client.add(&other.to_client);
        self.opened_by_client |= other.opened_by_client;
        self.opened_by_server |= other.opened_by_server;
        if (other.decided, other.confidence) > (self.decided, self.confidence)
            || (other.decided, other.confidence) == (self.decided, self.confidence)
                && other.evidence < self.evidence
        {
            self.evidence = other.evidence;
            self.confidence = other.confidence;
            self.decided = other.decided;
        }
        self.capability = self.capability.max(other.capability);
        self.purposes.join(other.purposes);
        self.conflicts = self.conflicts.saturating_add(other.conflicts);
        self.longest = self.longest.max(other.longest);
        for (protocol, flows) in &other.protocols {
            self.count_protocol(protocol, *flows);
        }
        self.recognised = self.recognised.saturating_add(other.recognised);
        self.unrecognised = self.unrecognised.saturating_add(other.unrecognised);
        for hour in &other.hours {
            self.add_hour(*hour);
        }
        self.unseen += other.unseen;
        self.retransmitted = self.retransmitted.saturating_add(other.retransmitted);
    }

    fn count_protocol(&mut self, protocol: &'static str, flows: u32) {
        match self.protocols.binary_search_by(|(name, _)| name.cmp(&protocol)) {
            Ok(place) => {
                if let Some((_, count)) = self.protocols.get_mut(place) {
                    *count = count.saturating_add(flows);
                }
            }
            Err(place) if self.protocols.len() < PROTOCOLS_MAX => {
                self.protocols.insert(place, (protocol, flows))
            }
            Err(_) => {}
        }
    }

    fn add_hour(&mut self, hour: i32) {
        if let Err(place) = self.hours.binary_search(&hour)
            && self.hours.len() < HOURS_MAX
        {
            self.hours.insert(place, hour);
        }
    }

    /// The protocol that most flows spoke; of equals, the first by name.
    pub fn protocol(&self) -> Option<&'static str> {
        self.protocols.iter().rev().max_by_key(|(_, flows)| *flows).map(|(name, _)| *name)
    }

    /// Distinct days on which it was active.
    pub fn days(&self) -> usize {
        let mut days: SmallVec<[i32; 8]> = self.hours.iter().map(|hour| hour.div_euclid(24)).collect();
        days.dedup();
        days.len()
    }
}

/// What a flow was for: what its protocol is for unless it showed more, and nothing without payload.
fn purposes(record: &FlowRecord, payload: bool) -> Purposes {
    match payload {
        true if record.purposes.is_empty() => Purposes::from(Purpose::Ordinary),
        _ => record.purposes,
    }
}

/// The hours that a flow was open in, at most [`HOURS_MAX`] of them.
fn hours_between(record: &FlowRecord) -> SmallVec<[i32; 2]> {
    let hour = |seconds: i64| i32::try_from(seconds.div_euclid(3600)).unwrap_or(i32::MAX);
    let (first, last) = (hour(record.first.seconds()), hour(record.last.seconds()));
    (first..=last).take(HOURS_MAX).collect()
}

/// The edge that a flow belongs to when `client` is its client.
pub fn edge_key(key: &FlowKey, client: Side) -> EdgeKey {
    EdgeKey { client: key.host(client), service: key.service(client.other()) }
}
