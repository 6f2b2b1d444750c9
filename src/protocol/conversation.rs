//! One flow's talk: finding out which protocol it is, then feeding that protocol's session.
//!
//! Bytes that a session has not consumed yet wait here, within a bound. Everything is copied at
//! most once, and not at all while sessions keep up with the packets.

use crate::model::{Endpoint, Observation, Pair, Role, Side, Transport};

use super::{ANALYZERS, Analyzer, Opening, Probe, Seen, Session, Step};

/// Bytes of one direction that may wait for a session to use them. The largest message that any
/// analyzer wants whole is a TLS certificate chain: 64 KiB covers every one seen in practice.
const PENDING_BYTES_MAX: usize = 128 * 1024;

/// Bytes of one direction after which an unrecognised flow is given up.
const PROBE_BYTES_MAX: usize = 2048;

/// A flow whose beginning is unknown may be recognised from a later message's first bytes. This
/// many pieces are tried before it is given up.
const MIDSTREAM_TRIES_MAX: u8 = 16;

/// Every datagram begins a message, so each is a new chance; the first may be a keep-alive, or a
/// question that only its answer makes unmistakable. This many are tried before a flow is given up.
const DATAGRAM_TRIES_MAX: u8 = 8;

/// What is known about a conversation's protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The protocol's name.
    pub protocol: &'static str,
    /// The client's side, where the bytes prove it.
    pub client: Option<Side>,
}

/// One direction's bytes that wait for use.
#[derive(Default)]
struct Pending {
    bytes: Vec<u8>,
    /// Not worth calling the session before this many bytes wait.
    need: usize,
    /// Bytes yet to arrive that nobody wants.
    skip: u64,
    /// The session waits for the other side; call again when that one has progressed.
    waiting: bool,
}

enum Stage {
    /// Candidates by their place in [`ANALYZERS`].
    Probing {
        candidates: u128,
        tries_left: u8,
    },
    Following {
        session: Box<dyn Session>,
    },
    /// Nothing more is wanted.
    Sealed,
}

/// One flow's talk.
pub struct Conversation {
    endpoints: Pair<Endpoint>,
    transport: Transport,
    from_start: bool,
    /// The side taken for the client: proven by the bytes, else by the handshake, else assumed.
    client: Side,
    client_proven: bool,
    protocol: Option<&'static str>,
    /// What is followed now began inside another protocol, which was proven.
    upgraded: bool,
    /// An envelope was opened; only one is.
    opened: bool,
    stage: Stage,
    pending: Pair<Pending>,
}

fn all_candidates(transport: Transport) -> u128 {
    const { assert!(ANALYZERS.len() <= 128) };
    ANALYZERS
        .iter()
        .enumerate()
        .filter(|(_, analyzer)| analyzer.transports().contains(&transport))
        .fold(0, |bits, (place, _)| bits | 1 << place)
}

impl Conversation {
    /// A new conversation between two endpoints (in the order of their sides). `from_start` says
    /// that its very first bytes will be delivered; `initiator` is who opened it, if known, else
    /// who was heard first: the client unless the bytes prove otherwise.
    pub fn new(endpoints: Pair<Endpoint>, transport: Transport, from_start: bool, initiator: Side) -> Self {
        let tries_left = match (transport, from_start) {
            (Transport::Udp, _) => DATAGRAM_TRIES_MAX,
            (_, true) => 1,
            (_, false) => MIDSTREAM_TRIES_MAX,
        };
        Conversation {
            endpoints,
            transport,
            from_start,
            client: initiator,
            client_proven: false,
            protocol: None,
            upgraded: false,
            opened: false,
            stage: Stage::Probing { candidates: all_candidates(transport), tries_left },
            pending: Pair::default(),
        }
    }

    /// A conversation whose protocol was announced by another one; it still has to be followed
    /// only if an analyzer is given.
    pub fn following(
        endpoints: Pair<Endpoint>,
        transport: Transport,
        client: Side,
        analyzer: &'static dyn Analyzer,
    ) -> Self {
        let mut this = Conversation::new(endpoints, transport, true, client);
        this.protocol = Some(analyzer.protocol());
        this.stage = Stage::Following { session: analyzer.begin() };
        this
    }

    /// The protocol, once it is known.
    pub fn verdict(&self) -> Option<Verdict> {
        let client = self.client_proven.then_some(self.client);
        self.protocol.map(|protocol| Verdict { protocol, client })
    }

    /// The side that observations call the client.
    pub const fn client(&self) -> Side {
        self.client
    }

    /// The side that plays a role.
    pub const fn side_of(&self, role: Role) -> Side {
        match role {
            Role::Client => self.client,
            Role::Server => self.client.other(),
        }
    }

    /// False once nothing that this flow says is of interest any more.
    pub const fn wants_bytes(&self) -> bool {
        !matches!(self.stage, Stage::Sealed)
    }

    /// Bytes of memory that wait for use, for the owner's bound.
    pub fn pending_bytes(&self) -> usize {
        self.pending.iter().map(|pending| pending.bytes.capacity()).sum()
    }

    fn role_of(&self, side: Side) -> Role {
        if side == self.client { Role::Client } else { Role::Server }
    }

    fn seal(&mut self) {
        self.stage = Stage::Sealed;
        self.pending = Pair::default();
    }

    /// The next bytes of a side's stream.
    pub fn on_bytes(&mut self, side: Side, bytes: &[u8], seen: &mut Seen) {
        let bytes = self.after_skip(side, bytes);
        if bytes.is_empty() {
            return;
        }
        match self.stage {
            Stage::Sealed => {}
            Stage::Probing { .. } => self.probe_with(side, bytes, seen),
            Stage::Following { .. } => {
                self.feed(side, bytes, seen);
                self.wake(side.other(), seen);
            }
        }
        if self.opened && matches!(self.stage, Stage::Probing { .. }) {
            self.probe_rest(seen);
        }
    }

    /// Bytes are missing in a side's stream.
    pub fn on_gap(&mut self, side: Side, len: u64, seen: &mut Seen) {
        let pending = &mut self.pending[side];
        let skipped = pending.skip.min(len);
        pending.skip -= skipped;
        let len = len - skipped;
        if len == 0 {
            return;
        }
        pending.bytes.clear();
        pending.need = 0;
        pending.waiting = false;
        let role = self.role_of(side);
        match &mut self.stage {
            Stage::Sealed => {}
            Stage::Probing { candidates, tries_left } => {
                // What follows a gap may begin anywhere: from here on this is a talk joined late.
                *candidates = all_candidates(self.transport);
                *tries_left = (*tries_left).max(MIDSTREAM_TRIES_MAX / 2);
                self.from_start = false;
            }
            Stage::Following { session } => {
                let step = session.on_gap(role, len, seen);
                self.apply(side, step, 0, seen);
            }
        }
    }

    /// One datagram of a side.
    pub fn on_datagram(&mut self, side: Side, datagram: &[u8], seen: &mut Seen) {
        match &self.stage {
            Stage::Sealed => {}
            Stage::Following { .. } => self.follow_datagram(side, datagram, seen),
            Stage::Probing { tries_left, .. } => {
                let last_chance = *tries_left <= 1;
                self.pending[side].bytes = datagram.to_vec();
                self.probe(last_chance, seen);
                self.drain_datagrams(side, seen);
            }
        }
    }

    /// After a match: the newest datagram of each side goes to the session, `latest` side's last.
    fn drain_datagrams(&mut self, latest: Side, seen: &mut Seen) {
        if !matches!(self.stage, Stage::Following { .. }) {
            return;
        }
        let kept = std::mem::take(&mut self.pending);
        for side in [latest.other(), latest] {
            let bytes = &kept[side].bytes;
            if !bytes.is_empty() {
                self.follow_datagram(side, bytes, seen);
            }
        }
    }

    fn follow_datagram(&mut self, side: Side, datagram: &[u8], seen: &mut Seen) {
        let role = self.role_of(side);
        if let Stage::Following { session } = &mut self.stage {
            let step = session.on_datagram(role, datagram, seen);
            self.learn(seen);
            match step {
                Step::Done | Step::Envelope(_) => self.seal(),
                Step::Foreign => self.reject(),
                Step::Consumed(_) | Step::Need(_) | Step::Skip(_) | Step::Upgrade(..) => {}
            }
        }
    }

    /// The flow is over.
    pub fn on_end(&mut self, seen: &mut Seen) {
        if let Stage::Probing { .. } = self.stage {
            self.probe(true, seen);
            if self.transport == Transport::Udp {
                self.drain_datagrams(self.client.other(), seen);
            } else {
                self.drain_pending(seen);
            }
        }
        if let Stage::Following { session } = &mut self.stage {
            session.on_end(seen);
            self.learn(seen);
        }
        self.seal();
    }

    /// Drops what the session asked to have skipped.
    fn after_skip<'a>(&mut self, side: Side, bytes: &'a [u8]) -> &'a [u8] {
        let pending = &mut self.pending[side];
        let skipped = usize::try_from(pending.skip).unwrap_or(usize::MAX).min(bytes.len());
        pending.skip -= skipped as u64;
        bytes.get(skipped..).unwrap_or_default()
    }

    fn probe_with(&mut self, side: Side, bytes: &[u8], seen: &mut Seen) {
        if !self.from_start && self.pending[side].bytes.is_empty() {
            // A late start: every piece is a new chance for a message's first bytes, whatever an
            // analyzer may have said to the other side's piece.
            if let Stage::Probing { candidates, .. } = &mut self.stage {
                *candidates = all_candidates(self.transport);
            }
        }
        if let Some((analyzer, client)) = self.piece_alone(side, bytes) {
            self.pending[side].bytes = bytes.to_vec();
            self.follow(analyzer, client, seen);
        } else {
            self.pending[side].bytes.extend_from_slice(bytes);
            let full = self.pending.iter().any(|pending| pending.bytes.len() >= PROBE_BYTES_MAX);
            self.probe(full, seen);
        }
        let unproven = self.pending[side.other()].bytes.len() as u64;
        if !self.from_start && unproven > 0 && matches!(self.stage, Stage::Following { .. }) {
            // This piece was the proof; what the other side had said before it proved nothing and
            // may be the rest of anything.
            self.on_gap(side.other(), unproven, seen);
        }
        self.drain_pending(seen);
    }

    /// An envelope was opened: what came behind it may show what is inside already.
    fn probe_rest(&mut self, seen: &mut Seen) {
        if self.pending.iter().any(|pending| !pending.bytes.is_empty()) {
            let full = self.pending.iter().any(|pending| pending.bytes.len() >= PROBE_BYTES_MAX);
            self.probe(full, seen);
            self.drain_pending(seen);
        }
    }

    /// After a late start, what came before may be the tail of a message that says nothing: does this
    /// piece by itself begin one that does?
    fn piece_alone(&self, side: Side, bytes: &[u8]) -> Option<(&'static dyn Analyzer, Option<Side>)> {
        if self.from_start || self.pending[side].bytes.is_empty() {
            return None;
        }
        let mut alone: Pair<&[u8]> = Pair::default();
        alone[side] = bytes;
        let opening = self.opening(alone, false);
        let candidates = all_candidates(self.transport);
        let among = |place: &usize| candidates & 1 << place != 0;
        ANALYZERS.iter().enumerate().filter(|(place, _)| among(place)).find_map(
            |(_, analyzer)| match analyzer.probe(&opening) {
                Probe::Match { client } => Some((*analyzer, client)),
                Probe::NoMatch | Probe::NeedMore => None,
            },
        )
    }

    fn opening<'a>(&self, bytes: Pair<&'a [u8]>, last_chance: bool) -> Opening<'a> {
        Opening {
            bytes,
            endpoints: self.endpoints,
            transport: self.transport,
            from_start: self.from_start,
            last_chance,
        }
    }

    /// The protocol is found.
    fn follow(&mut self, analyzer: &'static dyn Analyzer, client: Option<Side>, seen: &mut Seen) {
        self.protocol = Some(analyzer.protocol());
        self.client_proven = client.is_some();
        self.client = client.unwrap_or(self.client);
        let session = if self.from_start { analyzer.begin() } else { analyzer.begin_late() };
        self.stage = Stage::Following { session };
        self.learn(seen);
    }

    /// After a match: everything said so far goes to the session, the client's part first.
    fn drain_pending(&mut self, seen: &mut Seen) {
        if !matches!(self.stage, Stage::Following { .. }) {
            return;
        }
        for side in [self.client, self.client.other(), self.client] {
            self.run(side, seen);
        }
    }

    fn probe(&mut self, last_chance: bool, seen: &mut Seen) {
        let Stage::Probing { candidates, tries_left } = &mut self.stage else { return };
        let opening = Opening {
            bytes: Pair::new(&self.pending.first.bytes, &self.pending.second.bytes),
            endpoints: self.endpoints,
            transport: self.transport,
            from_start: self.from_start,
            last_chance,
        };
        let mut matched = None;
        for (place, analyzer) in ANALYZERS.iter().enumerate() {
            if *candidates & 1 << place == 0 {
                continue;
            }
            match analyzer.probe(&opening) {
                Probe::Match { client } => {
                    matched = Some((*analyzer, client));
                    break;
                }
                Probe::NoMatch => *candidates &= !(1 << place),
                Probe::NeedMore if last_chance => *candidates &= !(1 << place),
                Probe::NeedMore => {}
            }
        }
        if let Some((analyzer, client)) = matched {
            self.follow(analyzer, client, seen);
        } else if *candidates == 0 || self.transport == Transport::Udp {
            if *candidates == 0 {
                self.pending = Pair::default();
            }
            *tries_left = tries_left.saturating_sub(1);
            let give_up = *tries_left == 0;
            *candidates = all_candidates(self.transport);
            if give_up {
                self.seal();
            }
        }
    }

    /// New bytes for a session, without copying them when nothing older waits.
    fn feed(&mut self, side: Side, bytes: &[u8], seen: &mut Seen) {
        if !self.pending[side].bytes.is_empty() {
            self.pending[side].bytes.extend_from_slice(bytes);
            let pending = &self.pending[side];
            if pending.bytes.len() >= pending.need {
                self.run(side, seen);
            }
            self.bound(side, seen);
            return;
        }
        let mut rest = bytes;
        while !rest.is_empty() {
            let Some(used) = self.call(side, rest, seen) else { break };
            rest = rest.get(used..).unwrap_or_default();
        }
        if self.wants_bytes() && !rest.is_empty() {
            self.pending[side].bytes.extend_from_slice(rest);
            self.bound(side, seen);
        }
    }

    /// Lets the session use what waits on a side.
    fn run(&mut self, side: Side, seen: &mut Seen) {
        let mut bytes = std::mem::take(&mut self.pending[side].bytes);
        let mut start = 0;
        while start < bytes.len() {
            let rest = bytes.get(start..).unwrap_or_default();
            let Some(used) = self.call(side, rest, seen) else { break };
            start += used.min(rest.len());
        }
        if self.wants_bytes() {
            bytes.drain(..start.min(bytes.len()));
            if bytes.is_empty() {
                bytes = Vec::new();
            }
            self.pending[side].bytes = bytes;
        }
    }

    /// The other side has spoken: a session that waited for that may go on.
    fn wake(&mut self, side: Side, seen: &mut Seen) {
        let pending = &self.pending[side];
        if pending.waiting && !pending.bytes.is_empty() {
            self.run(side, seen);
        }
    }

    /// Too much waits: the session learns of a gap instead of the bytes.
    fn bound(&mut self, side: Side, seen: &mut Seen) {
        let len = self.pending[side].bytes.len();
        if len > PENDING_BYTES_MAX {
            seen.push(Observation::Anomaly("message_too_long"));
            self.on_gap(side, len as u64, seen);
        }
    }

    /// Calls the session once. Returns how many of `bytes` are used up, or `None` to stop here.
    fn call(&mut self, side: Side, bytes: &[u8], seen: &mut Seen) -> Option<usize> {
        let role = self.role_of(side);
        let Stage::Following { session } = &mut self.stage else { return None };
        let step = session.on_bytes(role, bytes, seen);
        self.apply(side, step, bytes.len(), seen)
    }

    fn apply(&mut self, side: Side, step: Step, len: usize, seen: &mut Seen) -> Option<usize> {
        self.learn(seen);
        let pending = &mut self.pending[side];
        pending.need = 0;
        pending.waiting = false;
        match step {
            Step::Consumed(used) => (used > 0).then_some(used),
            Step::Need(need) => {
                pending.waiting = need <= len;
                pending.need = need;
                None
            }
            Step::Skip(skip) => {
                let here = usize::try_from(skip).unwrap_or(usize::MAX).min(len);
                pending.skip = skip - here as u64;
                (here > 0).then_some(here)
            }
            Step::Upgrade(used, to) => {
                self.upgraded = true;
                self.stage = Stage::Following { session: to.begin() };
                let other = &mut self.pending[side.other()];
                other.need = 0;
                other.waiting = true;
                // Zero bytes used is still progress: the new session sees the same bytes.
                Some(used)
            }
            Step::Envelope(used) if !self.opened && used > 0 => {
                self.opened = true;
                self.protocol = None;
                self.stage = Stage::Probing { candidates: all_candidates(self.transport), tries_left: 1 };
                Some(used)
            }
            Step::Done | Step::Envelope(_) => {
                self.seal();
                None
            }
            Step::Foreign => {
                self.reject();
                None
            }
        }
    }

    /// It was another protocol after all; but what was upgraded from has been proven before.
    fn reject(&mut self) {
        if !self.upgraded {
            self.protocol = None;
            self.client_proven = false;
        }
        self.seal();
    }

    /// Takes note of what the session says about the conversation itself.
    fn learn(&mut self, seen: &mut Seen) {
        seen.observations.retain(|observation| match observation {
            Observation::Protocol(name) => {
                self.protocol = Some(name);
                false
            }
            Observation::ClientProven(as_told) => {
                if !as_told {
                    self.client = self.client.other();
                }
                self.client_proven = true;
                false
            }
            _ => true,
        });
    }
}

#[cfg(test)]
mod tests;
