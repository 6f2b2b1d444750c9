//! SNMP versions 1, 2c and 3 (RFC 1157, RFC 3416, RFC 3412): who manages whom, and the community
//! string that passes in clear.

#[cfg(test)]
mod tests;

use compact_str::format_compact;
use smallvec::SmallVec;

use crate::model::{Observation, Practice, Purpose, Role, Side, State, Transport};

use super::ber::tag::{INTEGER, OBJECT_IDENTIFIER, OCTET_STRING, SEQUENCE};
use super::ber::{self, Elements};
use super::datagram::each_datagram;
use super::{Analyzer, Opening, Probe, Seen, Session};

/// Requests of a flow whose answer would tell more than that it came. A manager sets few values
/// at once.
const AWAITED_MAX: usize = 8;

/// SNMP.
pub struct Snmp;

impl Analyzer for Snmp {
    fn protocol(&self) -> &'static str {
        "snmp"
    }

    fn transports(&self) -> &'static [Transport] {
        &[Transport::Udp]
    }

    fn probe(&self, opening: &Opening<'_>) -> Probe {
        for side in [Side::A, Side::B] {
            let Some(message) = Message::read(opening.of(side)) else { continue };
            let client = match message.sender() {
                Some(Role::Client) => Some(side),
                Some(Role::Server) => Some(side.other()),
                None => None,
            };
            return Probe::Match { client };
        }
        Probe::NoMatch
    }

    fn begin(&self) -> Box<dyn Session> {
        let (mut following, mut written) = (Following::default(), false);
        each_datagram(move |from, datagram, seen| {
            let message = Message::read(datagram);
            let (Some(Message::Plain(kind)) | Some(Message::Community { unit: Unit { kind, .. }, .. })) =
                message
            else {
                return;
            };
            if kind == Kind::Set && !std::mem::replace(&mut written, true) {
                // Who writes administers; who only reads watches.
                seen.push(Observation::Purpose(Purpose::Management));
            }
            if let Some(Message::Community { version, default_community, unit }) = message {
                following.follow(from, version, default_community, &unit, seen);
            }
        })
    }
}

/// What a message does: the tag of its protocol data unit (RFC 1157 §4.1, RFC 3416 §3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Reads one value, the next, or many.
    Read,
    /// Changes a value.
    Set,
    /// Answers one of the others.
    Response,
    /// Tells of an event and wants no answer.
    Trap,
    /// Tells of an event and wants an answer.
    Inform,
    /// Version 3 only: asks to try again differently.
    Report,
}

impl Kind {
    const fn of(tag: u8) -> Option<Self> {
        Some(match tag {
            0xa0 | 0xa1 | 0xa5 => Kind::Read,
            0xa2 => Kind::Response,
            0xa3 => Kind::Set,
            0xa4 | 0xa7 => Kind::Trap,
            0xa6 => Kind::Inform,
            0xa8 => Kind::Report,
            _ => return None,
        })
    }

    /// Managers ask agents; agents tell of events to whoever collects them.
    const fn sender(self) -> Role {
        match self {
            Kind::Read | Kind::Set | Kind::Trap | Kind::Inform => Role::Client,
            Kind::Response | Kind::Report => Role::Server,
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Kind::Read => "read request",
            Kind::Set => "set request",
            Kind::Response => "answer",
            Kind::Trap => "trap",
            Kind::Inform => "inform request",
            Kind::Report => "report",
        }
    }
}

/// A message, as much as may be read of it.
enum Message<'a> {
    /// Versions 1 and 2c, by the community string.
    Community { version: u8, default_community: bool, unit: Unit<'a> },
    /// Version 3, not encrypted.
    Plain(Kind),
    /// Version 3, encrypted; who sends requests wants to hear of errors.
    Encrypted { reportable: bool },
}

/// A protocol data unit of version 1 or 2c.
struct Unit<'a> {
    kind: Kind,
    /// Chosen by who asks; 0 in a version 1 trap, which has none.
    request: u32,
    /// 0 if all went well.
    error: u32,
    /// The variables.
    variables: &'a [u8],
}

impl<'a> Message<'a> {
    /// Reads a message that is whole: its length is half of what tells it from other datagrams.
    fn read(bytes: &'a [u8]) -> Option<Self> {
        let mut parts = Elements::of(Elements::of(bytes).tagged(SEQUENCE)?);
        match parts.tagged(INTEGER)? {
            [version @ (0 | 1)] => {
                let community = parts.tagged(OCTET_STRING)?;
                let default_community = matches!(community, b"public" | b"private");
                let unit = Unit::read(parts.rest(), *version)?;
                Some(Message::Community { version: version + 1, default_community, unit })
            }
            [3] => {
                let mut global = Elements::of(parts.tagged(SEQUENCE)?);
                let (_id, _size) =
                    (ber::unsigned(global.tagged(INTEGER)?)?, ber::unsigned(global.tagged(INTEGER)?)?);
                let [flags @ 0..=7] = *global.tagged(OCTET_STRING)? else { return None };
                let _security_model = ber::unsigned(global.tagged(INTEGER)?)?;
                parts.tagged(OCTET_STRING)?;
                if flags & 2 != 0 {
                    parts.tagged(OCTET_STRING)?;
                    return Some(Message::Encrypted { reportable: flags & 4 != 0 });
                }
                let mut scoped = Elements::of(parts.tagged(SEQUENCE)?);
                let (_engine, _context) = (scoped.tagged(OCTET_STRING)?, scoped.tagged(OCTET_STRING)?);
                Kind::of(*scoped.rest().first()?).map(Message::Plain)
            }
            _ => None,
        }
    }

    fn sender(&self) -> Option<Role> {
        match self {
            Message::Community { unit: Unit { kind, .. }, .. } | Message::Plain(kind) => Some(kind.sender()),
            Message::Encrypted { reportable: true } => Some(Role::Client),
            // An answer or a trap: nobody can tell.
            Message::Encrypted { reportable: false } => None,
        }
    }
}

impl<'a> Unit<'a> {
    fn read(bytes: &'a [u8], version: u8) -> Option<Self> {
        const TRAP_OF_VERSION_1: u8 = 0xa4;
        let tag = *bytes.first()?;
        let kind = Kind::of(tag)?;
        // Each version has its own trap; only the later one reads in bulk, informs and reports.
        let known = if version == 0 { tag <= TRAP_OF_VERSION_1 } else { tag != TRAP_OF_VERSION_1 };
        if !known {
            return None;
        }
        let mut parts = Elements::of(Elements::of(bytes).tagged(tag)?);
        if tag == TRAP_OF_VERSION_1 {
            let (_enterprise, _agent) = (parts.tagged(OBJECT_IDENTIFIER)?, parts.tagged(0x40)?);
            return Some(Unit { kind, request: 0, error: 0, variables: &[] });
        }
        let request = parts.tagged(INTEGER).filter(|request| (1..=5).contains(&request.len()))?;
        let request = request.iter().fold(0, |request: u32, octet| request << 8 | u32::from(*octet));
        let error = ber::unsigned(parts.tagged(INTEGER)?)?;
        let _index = parts.tagged(INTEGER)?;
        let variables = parts.tagged(SEQUENCE)?;
        Some(Unit { kind, request, error, variables })
    }

    /// What the agent says of itself: the value of sysDescr.0 (RFC 3418 §2).
    fn description(&self) -> Option<&'a [u8]> {
        const SYS_DESCR: &[u8] = &[0x2b, 6, 1, 2, 1, 1, 1, 0];
        Elements::of(self.variables).find_map(|variable| {
            let mut parts = Elements::of(variable.body);
            parts.tagged(OBJECT_IDENTIFIER).filter(|name| *name == SYS_DESCR)?;
            parts.tagged(OCTET_STRING)
        })
    }
}

/// One flow. Managers ask the same of the same agent for years, so a practice is told once a flow.
#[derive(Default)]
struct Following {
    /// Set and inform requests that were not answered yet.
    awaited: SmallVec<[(u32, Kind); 2]>,
    /// Practices told: 2 versions, 2 kinds of community, written or not, answered or not.
    told: SmallVec<[(Practice, State); 2]>,
    described: bool,
}

impl Following {
    fn follow(&mut self, from: Role, version: u8, default_community: bool, unit: &Unit<'_>, seen: &mut Seen) {
        let mut write = false;
        let (state, agent) = match unit.kind {
            Kind::Read => (State::Attempted, from.other()),
            Kind::Set => {
                self.wait(unit);
                (State::Attempted, from.other())
            }
            // Nobody need answer: the community has passed, and what it protects with it.
            Kind::Trap => (State::Used, from),
            Kind::Inform => {
                self.wait(unit);
                (State::Used, from)
            }
            Kind::Response => match self.answered(unit) {
                Some(Kind::Inform) => return,
                asked => {
                    write = asked == Some(Kind::Set) && unit.error == 0;
                    (State::Used, from)
                }
            },
            Kind::Report => return,
        };
        let practice = Practice::SnmpCommunity { version, default_community, write };
        if !self.told.contains(&(practice, state)) {
            self.told.push((practice, state));
            let name = if version == 1 { "1" } else { "2c" };
            let kind = if default_community { "a default" } else { "the" };
            let word = if write { "answer to a set request" } else { unit.kind.word() };
            let what = format_compact!("SNMPv{name} {word} with {kind} community in clear");
            seen.push(Observation::Practice { practice, state, at_fault: agent, what });
        }
        if let Some(text) = unit.description().filter(|_| unit.kind == Kind::Response && !self.described) {
            self.described = true;
            seen.product(from, text);
        }
    }

    fn wait(&mut self, unit: &Unit<'_>) {
        if self.awaited.len() == AWAITED_MAX {
            self.awaited.remove(0);
        }
        self.awaited.push((unit.request, unit.kind));
    }

    fn answered(&mut self, unit: &Unit<'_>) -> Option<Kind> {
        let place = self.awaited.iter().position(|(request, _)| *request == unit.request)?;
        Some(self.awaited.remove(place).1)
    }
}
