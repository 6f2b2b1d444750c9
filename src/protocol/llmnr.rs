//! LLMNR (RFC 4795): Windows hosts that ask everybody on the link for a name, and believe whoever
//! answers first. DNS's message format, told apart from it by its port and its flags.

use compact_str::{CompactString, format_compact};

use crate::model::{NameSource, Observation, Practice, Role, Side, State, Transport};

use super::datagram::each_datagram;
use super::dns::message::Message;
use super::dns::names;
use super::wording::printable;
use super::{Analyzer, Opening, Probe, Seen, Session};

/// The port of every LLMNR responder (RFC 4795 §2).
const PORT: u16 = 5355;

/// The port of DNS: a resolver's client may happen to ask from port 5355.
const DNS_PORT: u16 = 53;

/// LLMNR.
pub struct Llmnr;

impl Analyzer for Llmnr {
    fn protocol(&self) -> &'static str {
        "llmnr"
    }

    fn transports(&self) -> &'static [Transport] {
        &[Transport::Udp]
    }

    fn probe(&self, opening: &Opening<'_>) -> Probe {
        if !opening.uses_port(PORT) || opening.uses_port(DNS_PORT) {
            return Probe::NoMatch;
        }
        for side in [Side::A, Side::B] {
            if let Some(message) = plausible(opening.of(side)) {
                let client = if message.flags.response() { side.other() } else { side };
                return Probe::Match { client: Some(client) };
            }
        }
        Probe::NoMatch
    }

    fn begin(&self) -> Box<dyn Session> {
        each_datagram(tell)
    }
}

/// One question, in an answer too (RFC 4795 §2.1.1); the bits that DNS uses for recursion and
/// security are reserved and zero.
fn plausible(bytes: &[u8]) -> Option<Message<'_>> {
    const RESERVED: u16 = 0x00f0;
    let message = Message::read(bytes)?;
    let [questions, answers, authorities, _] = message.counts;
    let question = message.question()?;
    let untold = answers == 0 && authorities == 0 && message.flags.reply_code() == 0;
    let sane = message.flags.opcode() == 0
        && message.flags.0 & RESERVED == 0
        && questions == 1
        && (message.flags.response() || untold)
        && matches!((question.kind, question.class), (1..=255, 1 | 255))
        && question.name.is_sound()
        && message.is_whole();
    sane.then_some(message)
}

fn tell(from: Role, datagram: &[u8], seen: &mut Seen) {
    let Some(message) = plausible(datagram) else { return };
    let response = message.flags.response();
    let [_, answers, ..] = message.counts;
    if response && (answers == 0 || message.flags.reply_code() != 0) {
        return;
    }
    let name = message.question().and_then(|question| question.name.text()).unwrap_or_default();
    let what: CompactString = match response {
        false => format_compact!("asked everybody for {name} (LLMNR)"),
        true => format_compact!("believed an answer for {name} (LLMNR)"),
    };
    // The fault is the asking host's: it would believe anybody.
    let at_fault = if response { from.other() } else { from };
    let practice = Practice::Llmnr { answered: response };
    seen.push(Observation::Practice { practice, state: State::Used, at_fault, what: printable(&what) });
    names::tell(&message, NameSource::Llmnr, seen);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Address, NamedThing};
    use crate::protocol::testing::Line::{C, S};
    use crate::protocol::testing::{hex, udp};

    const QUERY: &str = "200c 0000 0001 0000 0000 0000 046d797063 00 0001 0001";
    const ANSWER: &str = "200c 8400 0001 0001 0000 0000 046d797063 00 0001 0001
        046d797063 00 0001 0001 0000001e 0004 0a010cc8";

    fn practice(answered: bool, what: &str) -> Observation {
        let practice = Practice::Llmnr { answered };
        Observation::Practice { practice, state: State::Used, at_fault: Role::Client, what: what.into() }
    }

    fn answered() -> [Observation; 2] {
        let of = NamedThing::Address(Address::from([10, 1, 12, 200]));
        let name = Observation::Name { of, name: "mypc".into(), source: NameSource::Llmnr };
        [practice(true, "believed an answer for mypc (LLMNR)"), name]
    }

    #[test]
    fn asking_is_a_practice() {
        let outcome = udp(PORT, &[C(&hex(QUERY))]);
        assert_eq!((outcome.protocol, outcome.client_right), (Some("llmnr"), Some(true)));
        assert_eq!(outcome.observations, [practice(false, "asked everybody for mypc (LLMNR)")]);
    }

    #[test]
    fn an_answer_is_a_practice_of_who_asked() {
        let outcome = udp(PORT, &[S(&hex(ANSWER))]);
        assert_eq!((outcome.protocol, outcome.client_right), (Some("llmnr"), Some(true)));
        assert_eq!(outcome.observations, answered());
        // Both may use port 5355, so the first to be heard need not be the client.
        let outcome = udp(PORT, &[C(&hex(ANSWER))]);
        assert_eq!((outcome.client_right, outcome.observations.as_slice()), (Some(false), &answered()[..]));
    }

    #[test]
    fn an_answer_that_tells_nothing_is_no_practice() {
        let nothing = QUERY.replace("200c 0000", "200c 8000");
        let outcome = udp(PORT, &[S(&hex(&nothing))]);
        assert_eq!((outcome.protocol, outcome.observations.as_slice()), (Some("llmnr"), &[][..]));
    }

    #[test]
    fn what_only_resembles_a_message_is_none() {
        assert_eq!(udp(40_001, &[C(&hex(QUERY))]).protocol, None, "another port");
        for (why, message) in [
            ("a reserved bit", QUERY.replace("200c 0000", "200c 0080")),
            ("two questions", QUERY.replace("0001 0000", "0002 0000")),
            ("an error in a question", QUERY.replace("200c 0000", "200c 0003")),
            ("class 3", QUERY.replace("00 0001 0001", "00 0001 0003")),
            ("something after the end", format!("{QUERY} 00")),
        ] {
            assert_eq!(udp(PORT, &[C(&hex(&message))]).protocol, None, "{why}");
        }
    }
}
