//! DNS over UDP and TCP (RFC 1035): who asks, who answers, and the names that the answers give.

pub(super) mod message;
pub(super) mod names;

#[cfg(test)]
mod tests;

use crate::model::{Fault, NameSource, Observation, Role, Side, State, Transport};

use super::{Analyzer, Opening, Probe, Seen, Session, Step};
use message::{HEADER_OCTETS, Message, Question};

/// The well-known port. It never proves anything, but away from it more is asked of a message.
const PORT: u16 = 53;

/// Octets before each message in a stream: its length (RFC 1035 §4.2.2).
const LENGTH_OCTETS: usize = 2;

/// Octets of the longest question: name, type, class.
const QUESTION_OCTETS_MAX: usize = 255 + 4;

/// DNS.
pub struct Dns;

impl Analyzer for Dns {
    fn protocol(&self) -> &'static str {
        "dns"
    }

    fn transports(&self) -> &'static [Transport] {
        &[Transport::Udp, Transport::Tcp]
    }

    fn probe(&self, opening: &Opening<'_>) -> Probe {
        let mut more = false;
        for side in [Side::A, Side::B] {
            let look = match opening.transport {
                Transport::Tcp => look_at_stream(opening.of(side)),
                _ => look_at_datagram(opening, side),
            };
            match look {
                Look::From(Role::Client) => return Probe::Match { client: Some(side) },
                Look::From(Role::Server) => return Probe::Match { client: Some(side.other()) },
                Look::Unclear => more = true,
                Look::Stranger => {}
            }
        }
        if more && !opening.last_chance { Probe::NeedMore } else { Probe::NoMatch }
    }

    fn begin(&self) -> Box<dyn Session> {
        Box::<Following>::default()
    }
}

/// What one side's bytes look like.
enum Look {
    /// A message of this role.
    From(Role),
    /// Too little was said.
    Unclear,
    /// Something else.
    Stranger,
}

fn look_at_datagram(opening: &Opening<'_>, side: Side) -> Look {
    let Some((message, question)) = plausible(opening.of(side)) else { return Look::Stranger };
    let role = sender(&message);
    let known = [Side::A, Side::B].iter().any(|side| opening.endpoint(*side).port == PORT);
    if known && (role == Role::Client || message.counts[0] == 1 || message.is_whole()) {
        return Look::From(role);
    }
    // Elsewhere a question is believed when it is answered, and an answer when it answers its
    // own question.
    let answered = || {
        let other = plausible(opening.of(side.other()));
        other.is_some_and(|(other, _)| other.id == message.id && sender(&other) != role)
    };
    let answers = || {
        let about = |question: Question<'_>| message.answers().any(|r| r.name.text() == question.name.text());
        role == Role::Server && message.is_whole() && question.is_some_and(about)
    };
    if answers() || answered() { Look::From(role) } else { Look::Unclear }
}

fn look_at_stream(bytes: &[u8]) -> Look {
    if bytes.is_empty() {
        return Look::Stranger;
    }
    let Some((length, rest)) = bytes.split_first_chunk::<LENGTH_OCTETS>() else { return Look::Unclear };
    let length = usize::from(u16::from_be_bytes(*length));
    if length <= HEADER_OCTETS {
        return Look::Stranger;
    }
    let enough = rest.len() >= length.min(HEADER_OCTETS + QUESTION_OCTETS_MAX);
    let plausible = plausible(rest.get(..length).unwrap_or(rest));
    match plausible {
        Some((message, Some(_))) => Look::From(sender(&message)),
        // In a stream that was joined late: the next message of a zone transfer.
        Some((message, None)) if message.is_whole() => Look::From(sender(&message)),
        _ if !enough && rest.get(3).is_none_or(|_| header_is_plausible(rest)) => Look::Unclear,
        _ => Look::Stranger,
    }
}

fn sender(message: &Message<'_>) -> Role {
    if message.flags.response() { Role::Server } else { Role::Client }
}

/// False if the flags, as far as they have arrived, are none of DNS.
fn header_is_plausible(bytes: &[u8]) -> bool {
    let [_, _, high, low, ..] = bytes else { return true };
    flags_are_plausible(message::Flags(u16::from_be_bytes([*high, *low])))
}

/// A query, notification (RFC 1996) or update (RFC 2136), with the reserved bit clear; a question
/// cannot have failed yet.
fn flags_are_plausible(flags: message::Flags) -> bool {
    const RESERVED: u16 = 0x0040;
    let known = matches!(flags.opcode(), 0 | 4 | 5) && flags.0 & RESERVED == 0;
    known && (flags.response() || flags.reply_code() == 0)
}

/// A message whose header makes sense and whose question, if it has one, can be read.
fn plausible(bytes: &[u8]) -> Option<(Message<'_>, Option<Question<'_>>)> {
    let message = Message::read(bytes).filter(|message| flags_are_plausible(message.flags))?;
    let update = message.flags.opcode() == 5;
    let [questions, answers, authorities, additional] = message.counts;
    let response = message.flags.response();
    let sane = match (response, update) {
        // An incremental transfer carries one authority record (RFC 1995 §3), a notification may
        // carry one answer (RFC 1996 §3.7); extensions and signatures are additional.
        (false, false) => questions == 1 && answers <= 1 && authorities <= 1 && additional <= 4,
        (false, true) => questions == 1,
        (true, _) => questions <= 1,
    };
    if !sane {
        return None;
    }
    if questions == 0 {
        // A failure may leave the question out; a zone transfer's later messages do (RFC 5936 §2.2).
        let complete = message.flags.reply_code() != 0 || update || answers > 0;
        return (complete && message.is_whole()).then_some((message, None));
    }
    let question = message.question()?;
    let class = matches!(question.class, 1 | 3 | 4 | 254 | 255);
    let kind = matches!(question.kind, 1..=128 | 249..=262 | 32768 | 32769 | 65280..=65534);
    (class && kind && question.name.is_sound()).then_some((message, Some(question)))
}

/// Every message stands for itself; of a zone only the first is told.
#[derive(Default)]
struct Following {
    transferred: bool,
}

impl Session for Following {
    fn on_bytes(&mut self, _from: Role, bytes: &[u8], seen: &mut Seen) -> Step {
        let Some((length, rest)) = bytes.split_first_chunk::<LENGTH_OCTETS>() else {
            return Step::Need(LENGTH_OCTETS);
        };
        let length = usize::from(u16::from_be_bytes(*length));
        let Some(bytes) = rest.get(..length) else { return Step::Need(LENGTH_OCTETS + length) };
        if tell(bytes, seen) && !std::mem::replace(&mut self.transferred, true) {
            seen.fault(Fault::ZoneTransfer, State::Used, "DNS zone transferred");
        }
        Step::Consumed(LENGTH_OCTETS + length)
    }

    fn on_gap(&mut self, _from: Role, _len: u64, _seen: &mut Seen) -> Step {
        // Without its length nobody knows where the next message begins.
        Step::Done
    }

    fn on_datagram(&mut self, _from: Role, datagram: &[u8], seen: &mut Seen) -> Step {
        tell(datagram, seen);
        Step::Consumed(datagram.len())
    }
}

/// Tells what a message says. True if it hands out a zone (RFC 5936, RFC 1995).
fn tell(bytes: &[u8], seen: &mut Seen) -> bool {
    let Some((message, question)) = plausible(bytes) else { return false };
    names::tell(&message, NameSource::Dns, seen);
    if seen.is_curious() {
        asked(&message, question, seen);
    }
    let agreed = message.flags.response() && message.flags.reply_code() == 0;
    // Signatures by a shared key (RFC 8945) or by a key pair (RFC 2931).
    let signed = || message.records().any(|record| matches!(record.kind, 250 | 24));
    if agreed && message.flags.opcode() == 5 && !signed() {
        seen.fault(Fault::UnsignedUpdate, State::Used, "DNS update accepted without a signature");
    }
    agreed && message.counts[1] > 1 && question.is_some_and(|asked| matches!(asked.kind, 251 | 252))
}

/// Tells what a client wants to know, or that it was told. Updates and notifications ask for nothing.
fn asked(message: &Message<'_>, question: Option<Question<'_>>, seen: &mut Seen) {
    let answered = message.flags.response();
    let told = message.flags.reply_code() == 0 && message.counts[1] > 0;
    if message.flags.opcode() != 0 || answered && !told {
        return;
    }
    if let Some(name) = question.and_then(|question| question.name.text()) {
        seen.push(Observation::Asked { name, answered });
    }
}
