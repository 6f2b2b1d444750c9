//! Multicast DNS (RFC 6762): hosts that say their own names. DNS's message format, told apart from
//! it by its port and group address and by what it never does: ask for recursion.

use crate::model::{NameSource, Role, Side, Transport};

use super::datagram::each_datagram;
use super::dns::message::Message;
use super::dns::names;
use super::{Analyzer, Opening, Probe, Seen, Session};

/// The port of every mDNS responder, and of every asker but the simplest (RFC 6762 §5, §6.7).
const PORT: u16 = 5353;

/// The port of DNS: a resolver's client may happen to ask from port 5353.
const DNS_PORT: u16 = 53;

/// mDNS.
pub struct Mdns;

impl Analyzer for Mdns {
    fn protocol(&self) -> &'static str {
        "mdns"
    }

    fn transports(&self) -> &'static [Transport] {
        &[Transport::Udp]
    }

    fn probe(&self, opening: &Opening<'_>) -> Probe {
        if !opening.uses_port(PORT) || opening.uses_port(DNS_PORT) {
            return Probe::NoMatch;
        }
        for side in [Side::A, Side::B] {
            let to_group = opening.endpoint(side.other()).address.is_group();
            let Some(message) = plausible(opening.of(side)) else { continue };
            if message.flags.recursion_desired() && !to_group {
                continue;
            }
            return Probe::Match {
                client: match (message.flags.response(), to_group) {
                    (false, _) => Some(side),
                    (true, false) => Some(side.other()),
                    // Told to everybody, asked by nobody in particular.
                    (true, true) => None,
                },
            };
        }
        Probe::NoMatch
    }

    fn begin(&self) -> Box<dyn Session> {
        each_datagram(tell)
    }
}

/// A query or an answer without error (RFC 6762 §18), whose parts can be read to the end.
fn plausible(bytes: &[u8]) -> Option<Message<'_>> {
    /// The top bit of a class asks for a unicast answer, or flushes caches (§18.12, §18.13).
    const CLASS: u16 = 0x7fff;
    let message = Message::read(bytes)?;
    let [questions, answers, authorities, additional] = message.counts;
    let empty = questions == 0 && answers == 0 && authorities == 0 && additional == 0;
    let sound = message.questions().filter(|asked| {
        matches!(asked.class & CLASS, 1 | 255) && matches!(asked.kind, 1..=258) && asked.name.is_sound()
    });
    let sane = message.flags.opcode() == 0
        && message.flags.reply_code() == 0
        && !empty
        && sound.count() == usize::from(questions)
        && message.is_complete();
    sane.then_some(message)
}

fn tell(_from: Role, datagram: &[u8], seen: &mut Seen) {
    if let Some(message) = plausible(datagram) {
        names::tell(&message, NameSource::Mdns, seen);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Address, Endpoint, NamedThing, Observation, Pair};
    use crate::protocol::testing::Line::{C, S};
    use crate::protocol::testing::{Outcome, hex, udp_between};

    const QUERY: &str = "0000 0000 0001 0000 0000 0000 086d79646576696365 056c6f63616c 00 0001 0001";
    const ANSWER: &str = "0000 8400 0000 0001 0000 0000 086d79646576696365 056c6f63616c 00
        0001 8001 00000078 0004 0a010dc8";
    const GROUP: [u8; 4] = [224, 0, 0, 251];

    fn between(client: ([u8; 4], u16), server: ([u8; 4], u16)) -> Pair<Endpoint> {
        let endpoint = |(address, port): ([u8; 4], u16)| Endpoint { address: address.into(), port };
        Pair::new(endpoint(client), endpoint(server))
    }

    fn mdns(client_right: Option<bool>, named: bool) -> Outcome {
        let name = Observation::Name {
            of: NamedThing::Address(Address::from([10, 1, 13, 200])),
            name: "mydevice.local".into(),
            source: NameSource::Mdns,
        };
        Outcome { protocol: Some("mdns"), client_right, observations: Vec::from_iter(named.then_some(name)) }
    }

    #[test]
    fn hosts_tell_the_group_their_names() {
        let ends = between(([10, 1, 13, 200], PORT), (GROUP, PORT));
        assert_eq!(udp_between(ends, &[C(&hex(ANSWER))]), mdns(None, true));
        assert_eq!(udp_between(ends, &[C(&hex(QUERY))]), mdns(Some(true), false));
    }

    #[test]
    fn a_simple_asker_is_answered_directly() {
        let ends = between(([10, 1, 13, 100], 40_000), ([10, 1, 13, 200], PORT));
        assert_eq!(udp_between(ends, &[S(&hex(ANSWER))]), mdns(Some(true), true));
        let reply = ANSWER.replace("0000 8400", "1234 8400");
        assert_eq!(udp_between(ends, &[C(&hex(QUERY)), S(&hex(&reply))]), mdns(Some(true), true));
    }

    #[test]
    fn a_reverse_answer_names_the_address() {
        let ends = between(([10, 1, 13, 200], PORT), (GROUP, PORT));
        let answer = "0000 8400 0000 0001 0000 0000
            03323030 023133 0131 023130 07696e2d61646472 0461727061 00
            000c 8001 00000078 0010 086d79646576696365 056c6f63616c 00";
        assert_eq!(udp_between(ends, &[C(&hex(answer))]), mdns(None, true));
    }

    #[test]
    fn dns_that_happens_to_use_the_port_is_not_mdns() {
        let recursive = QUERY.replace("0000 0000", "1234 0100");
        for (why, ends, message) in [
            ("a server on 5353", between(([10, 0, 0, 1], 40_000), ([10, 0, 0, 2], PORT)), recursive.as_str()),
            ("a client on 5353", between(([10, 0, 0, 1], PORT), ([10, 0, 0, 2], 53)), recursive.as_str()),
            ("another port", between(([10, 0, 0, 1], 40_000), ([10, 0, 0, 2], 5300)), QUERY),
        ] {
            assert_ne!(udp_between(ends, &[C(&hex(message))]).protocol, Some("mdns"), "{why}");
        }
    }

    #[test]
    fn what_only_resembles_a_message_is_none() {
        let ends = between(([10, 1, 13, 200], PORT), (GROUP, PORT));
        for (why, message) in [
            ("nothing asked or told", "0000 0000 0000 0000 0000 0000".to_owned()),
            ("class 2", format!("{}2", &QUERY[..QUERY.len() - 1])),
            ("an error", QUERY.replace("0000 0000", "0000 8403")),
            ("a question that is missing", QUERY.replace("0000 0000 0001", "0000 0000 0002")),
            ("an answer that is missing", QUERY.replace("0001 0000 0000 0000", "0001 0001 0000 0000")),
        ] {
            assert_eq!(udp_between(ends, &[C(&hex(&message))]).protocol, None, "{why}");
        }
    }
}
