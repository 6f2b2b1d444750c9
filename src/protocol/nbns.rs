//! The NetBIOS name service (RFC 1002 §4.2): Windows hosts that register names with everybody, ask
//! everybody, and believe whoever answers first. DNS's message format with names of its own kind.

use compact_str::{CompactString, format_compact};

use crate::model::{Address, NameSource, NamedThing, Observation, Practice, Role, Side, State, Transport};

use super::datagram::each_datagram;
use super::dns::message::{Message, Name, Record, kind};
use super::wording::{host_name, printable};
use super::{Analyzer, Opening, Probe, Seen, Session};

/// Names told of one message. A status answer counts its names in one octet and has room for about
/// 80 of them in a datagram of 1,500 octets.
const NAMES_PER_MESSAGE_MAX: usize = 64;

/// The NetBIOS name service.
pub struct Nbns;

impl Analyzer for Nbns {
    fn protocol(&self) -> &'static str {
        "nbns"
    }

    fn transports(&self) -> &'static [Transport] {
        &[Transport::Udp]
    }

    fn probe(&self, opening: &Opening<'_>) -> Probe {
        for side in [Side::A, Side::B] {
            if let Some(message) = Packet::read(opening.of(side)) {
                let client = if message.response { side.other() } else { side };
                return Probe::Match { client: Some(client) };
            }
        }
        Probe::NoMatch
    }

    fn begin(&self) -> Box<dyn Session> {
        each_datagram(tell)
    }
}

/// What a packet does (RFC 1002 §4.2.1.1, and Windows' own multi-homed registration).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operation {
    /// Asks for a name's address, or for a host's names (status).
    Query,
    /// Takes a name, or keeps it.
    Register,
    /// Gives a name up.
    Release,
    /// Asks for patience.
    Wait,
}

/// A packet of the name service.
struct Packet<'a> {
    message: Message<'a>,
    operation: Operation,
    response: bool,
    /// The name it is about.
    name: NetbiosName,
    /// NB or NBSTAT.
    kind: u16,
}

impl<'a> Packet<'a> {
    /// A packet whose header makes sense and whose name is a NetBIOS name: 32 letters from A to P,
    /// which no other protocol sends. That is proof enough on any port.
    fn read(bytes: &'a [u8]) -> Option<Self> {
        const INTERNET: u16 = 1;
        let message = Message::read(bytes)?;
        let operation = match message.flags.opcode() {
            0 => Operation::Query,
            5 | 8 | 9 | 15 => Operation::Register,
            6 => Operation::Release,
            7 => Operation::Wait,
            _ => return None,
        };
        let response = message.flags.response();
        let (name, kind) = match (message.counts, response) {
            ([1, 0, 0, 0 | 1], false) => {
                let question = message.question().filter(|question| question.class == INTERNET)?;
                (question.name, question.kind)
            }
            ([0, 0 | 1, 0, 0], true) => {
                let record = message.records().next()?;
                (record.name, record.kind)
            }
            _ => return None,
        };
        let name = NetbiosName::read(name)?;
        // 10 is NULL: the answer to a question for a name that is not there (RFC 1002 §4.2.14).
        let known = matches!(kind, kind::NB | kind::NBSTAT) || (response && kind == 10);
        known.then_some(Packet { message, operation, response, name, kind })
    }
}

/// A NetBIOS name: fifteen characters padded with blanks, and what the name is used for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct NetbiosName {
    text: [u8; 15],
    suffix: u8,
}

impl NetbiosName {
    /// Undoes the first-level encoding: each half of an octet is a letter (RFC 1001 §14.1).
    pub fn read(name: Name<'_>) -> Option<Self> {
        let mut octets = [0u8; 16];
        let mut first = true;
        let mut sound = true;
        name.labels(|label| {
            // Further labels are a scope.
            if std::mem::take(&mut first) {
                sound = label.len() == 32 && label.iter().all(|letter| matches!(letter, b'A'..=b'P'));
                for (octet, pair) in octets.iter_mut().zip(label.chunks_exact(2)) {
                    *octet =
                        pair.iter().fold(0, |octet, letter| octet << 4 | letter.wrapping_sub(b'A') & 0xf);
                }
            }
        })?;
        (sound && !first).then(|| Self::of(octets))
    }

    const fn of(octets: [u8; 16]) -> Self {
        let [text @ .., suffix] = octets;
        NetbiosName { text, suffix }
    }

    /// The name as it is told. Only workstation (00) and file server (20) names are hosts' own.
    pub fn host(&self) -> Option<CompactString> {
        let text = std::str::from_utf8(&self.text).ok()?;
        let own = matches!(self.suffix, 0x00 | 0x20) && !text.starts_with(['*', '\u{1}']);
        own.then(|| host_name(text)).flatten()
    }

    fn printable(&self) -> CompactString {
        printable(self.text)
    }
}

fn tell(from: Role, datagram: &[u8], seen: &mut Seen) {
    let Some(packet) = Packet::read(datagram) else { return };
    tell_practice(from, &packet, seen);
    match packet.kind {
        kind::NB => tell_addresses(&packet, seen),
        kind::NBSTAT if packet.response => tell_status(from, &packet, seen),
        _ => {}
    }
}

fn tell_practice(from: Role, packet: &Packet<'_>, seen: &mut Seen) {
    let [_, answers, ..] = packet.message.counts;
    let positive = packet.message.flags.reply_code() == 0 && answers > 0;
    let name = packet.name.printable();
    let (answered, state, at_fault, what) = match (packet.operation, packet.kind, packet.response) {
        (Operation::Query, kind::NB, false) => {
            (false, State::Used, from, format_compact!("asked for {name} (NetBIOS name query)"))
        }
        (Operation::Query, kind::NB, true) if positive => (
            true,
            State::Used,
            from.other(),
            format_compact!("believed an answer for {name} (NetBIOS name query)"),
        ),
        (Operation::Register, kind::NB, false) => {
            (false, State::Used, from, format_compact!("registered {name} (NetBIOS name registration)"))
        }
        // Asking a host for its names trusts nobody but that host, yet only the NetBIOS name
        // service does it, and only where that is turned on is it answered.
        (Operation::Query, kind::NBSTAT, false) => {
            (false, State::Attempted, from, "asked a host for its names (NetBIOS node status)".into())
        }
        (Operation::Query, kind::NBSTAT, true) if positive => {
            (false, State::Capable, from, "told its names to who asked (NetBIOS node status)".into())
        }
        _ => return,
    };
    let practice = Practice::Nbns { answered };
    seen.push(Observation::Practice { practice, state, at_fault, what });
}

/// A registration's additional record, or the record of a positive answer: flags and address for
/// each holder of the name (RFC 1002 §4.2.2, §4.2.13).
fn tell_addresses(packet: &Packet<'_>, seen: &mut Seen) {
    let told = match (packet.operation, packet.response) {
        (Operation::Register, _) | (Operation::Query, true) => packet.message.flags.reply_code() == 0,
        _ => false,
    };
    let Some(name) = packet.name.host().filter(|_| told) else { return };
    let Some(Record { kind: kind::NB, data, .. }) = packet.message.records().next() else { return };
    for entry in data.chunks_exact(6).take(NAMES_PER_MESSAGE_MAX) {
        let [high, _, address @ ..] = entry else { continue };
        let Ok(address) = <[u8; 4]>::try_from(address).map(Address::from) else { continue };
        if !is_group_name(*high) && !address.is_unspecified() && !address.is_group() {
            let of = NamedThing::Address(address);
            seen.push(Observation::Name { of, name: name.clone(), source: NameSource::Nbns });
        }
    }
}

/// The names that a host gives itself: a count, then name and flags of each (RFC 1002 §4.2.18).
fn tell_status(from: Role, packet: &Packet<'_>, seen: &mut Seen) {
    let Some(Record { data: [count, names @ ..], .. }) = packet.message.records().next() else { return };
    let entries = names.chunks_exact(18).take(usize::from(*count)).take(NAMES_PER_MESSAGE_MAX);
    for entry in entries {
        let Some((octets, [high, ..])) = entry.split_first_chunk::<16>() else { continue };
        let name = NetbiosName::of(*octets);
        if let Some(name) = name.host().filter(|_| name.suffix == 0 && !is_group_name(*high)) {
            seen.push(Observation::Name { of: NamedThing::Role(from), name, source: NameSource::Nbns });
        }
    }
}

/// The top bit of a name's flags: a workgroup's or domain's name, not a host's.
const fn is_group_name(flags_high: u8) -> bool {
    flags_high & 0x80 != 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::testing::Line::{C, S};
    use crate::protocol::testing::{hex, udp};

    /// FILESERVER, workstation name, 32 letters with their length before and the root after.
    const NAME: &str =
        "20 4547 454a 454d 4546 4644 4546 4643 4647 4546 4643 4341 4341 4341 4341 4341 4141 00";

    fn query(kind: &str) -> Vec<u8> {
        hex(&format!("1234 0110 0001 0000 0000 0000 {NAME} {kind} 0001"))
    }

    fn answer(flags: &str, name_flags: &str) -> Vec<u8> {
        hex(&format!("1234 {flags} 0000 0001 0000 0000 {NAME} 0020 0001 0000012c 0006 {name_flags} 0a1407c8"))
    }

    fn registration(name_flags: &str) -> Vec<u8> {
        let record = format!("c00c 0020 0001 00000000 0006 {name_flags} 0a1407c8");
        hex(&format!("1234 2910 0001 0000 0000 0001 {NAME} 0020 0001 {record}"))
    }

    fn practice(answered: bool, state: State, at_fault: Role, what: &str) -> Observation {
        Observation::Practice { practice: Practice::Nbns { answered }, state, at_fault, what: what.into() }
    }

    fn name(of: NamedThing, name: &str) -> Observation {
        Observation::Name { of, name: name.into(), source: NameSource::Nbns }
    }

    fn holder() -> NamedThing {
        NamedThing::Address(Address::from([10, 20, 7, 200]))
    }

    fn believed() -> Observation {
        let what = "believed an answer for FILESERVER (NetBIOS name query)";
        practice(true, State::Used, Role::Client, what)
    }

    #[test]
    fn asking_is_a_practice_on_any_port() {
        for port in [137, 40_001] {
            let outcome = udp(port, &[C(&query("0020"))]);
            assert_eq!((outcome.protocol, outcome.client_right), (Some("nbns"), Some(true)));
            let asked =
                practice(false, State::Used, Role::Client, "asked for FILESERVER (NetBIOS name query)");
            assert_eq!(outcome.observations, [asked]);
        }
    }

    #[test]
    fn an_answer_names_the_holder() {
        let outcome = udp(137, &[S(&answer("8500", "4000"))]);
        assert_eq!((outcome.protocol, outcome.client_right), (Some("nbns"), Some(true)));
        assert_eq!(outcome.observations, [believed(), name(holder(), "fileserver")]);
    }

    #[test]
    fn groups_and_failures_name_nobody() {
        assert_eq!(udp(137, &[S(&answer("8500", "c000"))]).observations, [believed()]);
        assert_eq!(udp(137, &[S(&answer("8503", "4000"))]).observations, []);
        let domain = NAME.replace("4141 00", "424d 00");
        let domain =
            hex(&format!("1234 8500 0000 0001 0000 0000 {domain} 0020 0001 0000012c 0006 4000 0a1407c8"));
        assert_eq!(udp(137, &[S(&domain)]).observations, [believed()], "suffix 1C: domain controllers");
    }

    #[test]
    fn a_registration_names_who_registers() {
        let what = "registered FILESERVER (NetBIOS name registration)";
        let registered = practice(false, State::Used, Role::Client, what);
        let told = [registered.clone(), name(holder(), "fileserver")];
        assert_eq!(udp(137, &[C(&registration("0000"))]).observations, told);
        assert_eq!(udp(137, &[C(&registration("8000"))]).observations, [registered], "a workgroup");
    }

    #[test]
    fn a_status_answer_names_who_answers() {
        let star = "20 434b 414141414141414141414141414141414141414141414141414141414141 00 0021 0001";
        let ask = hex(&format!("b240 0000 0001 0000 0000 0000 {star}"));
        let reply = hex(&format!(
            "b240 8400 0000 0001 0000 0000 {star} 00000000 0065 03
            57 4f 52 4b 53 54 41 54 49 4f 4e 36 20 20 20 00 0400
            54 48 45 53 48 49 52 45 20 20 20 20 20 20 20 00 8400
            57 4f 52 4b 53 54 41 54 49 4f 4e 36 20 20 20 20 0400
            000d3a1e0f00 00 00 {}",
            "00".repeat(38)
        ));
        let asked = "asked a host for its names (NetBIOS node status)";
        let told = "told its names to who asked (NetBIOS node status)";
        assert_eq!(
            udp(137, &[C(&ask), S(&reply)]).observations,
            [
                practice(false, State::Attempted, Role::Client, asked),
                practice(false, State::Capable, Role::Server, told),
                name(NamedThing::Role(Role::Server), "workstation6"),
            ]
        );
    }

    #[test]
    fn what_only_resembles_a_packet_is_none() {
        let query = query("0020");
        let with = |at: usize, octet: u8| {
            let mut bytes = query.clone();
            bytes[at] = octet;
            bytes
        };
        for (why, packet) in [
            ("a letter beyond P", with(13, b'Q')),
            ("a shorter name", with(12, 31)),
            ("a DNS type", with(47, 1)),
            ("class 3", with(49, 3)),
            ("operation 3", with(2, 0x19)),
            ("two questions", with(5, 2)),
            ("cut", query[..49].to_vec()),
        ] {
            assert_ne!(udp(137, &[C(&packet)]).protocol, Some("nbns"), "{why}");
        }
    }
}
