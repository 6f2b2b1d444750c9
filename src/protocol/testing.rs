//! What the tests of every analyzer share: a script of who says what, and the observations it gives.

use crate::model::{Address, Endpoint, Fault, Observation, Pair, Practice, Side, State, Transport};

use super::{Conversation, Seen};

/// One line of a script.
#[derive(Clone, Debug)]
pub(crate) enum Line<'a> {
    /// The client sends.
    C(&'a [u8]),
    /// The server sends.
    S(&'a [u8]),
}

/// What came of a script.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// The protocol and whether the client was proven to be the one of the script.
    pub protocol: Option<&'static str>,
    /// `Some(true)`: the bytes prove the script's client; `Some(false)`: they prove the opposite.
    pub client_right: Option<bool>,
    /// Everything told.
    pub observations: Vec<Observation>,
}

fn endpoints(server_port: u16) -> Pair<Endpoint> {
    Pair::new(
        Endpoint { address: Address::from([10, 0, 0, 1]), port: 40_000 },
        Endpoint { address: Address::from([10, 0, 0, 2]), port: server_port },
    )
}

fn outcome(conversation: &Conversation, mut seen: Seen) -> Outcome {
    let verdict = conversation.verdict();
    Outcome {
        protocol: verdict.map(|verdict| verdict.protocol),
        client_right: verdict.and_then(|verdict| verdict.client).map(|side| side == Side::A),
        observations: seen.drain().collect(),
    }
}

/// Plays a TCP script, each line cut into pieces of at most `piece` bytes. The server's port says nothing.
pub(crate) fn tcp_in_pieces(lines: &[Line<'_>], piece: usize) -> Outcome {
    let mut conversation = Conversation::new(endpoints(23_456), Transport::Tcp, true, Side::A);
    let mut seen = Seen::default();
    for line in lines {
        let (side, bytes) = match line {
            Line::C(bytes) => (Side::A, bytes),
            Line::S(bytes) => (Side::B, bytes),
        };
        for bytes in bytes.chunks(piece.max(1)) {
            conversation.on_bytes(side, bytes, &mut seen);
        }
    }
    conversation.on_end(&mut seen);
    outcome(&conversation, seen)
}

/// Plays a TCP script whole and byte by byte, and insists that both give the same.
pub(crate) fn tcp(lines: &[Line<'_>]) -> Outcome {
    let whole = tcp_in_pieces(lines, usize::MAX);
    for piece in [1, 7] {
        assert_eq!(whole, tcp_in_pieces(lines, piece), "split into pieces of {piece}");
    }
    whole
}

/// Plays a UDP script to a server port (formats that DNS and its kin share are told apart by it).
pub(crate) fn udp(server_port: u16, lines: &[Line<'_>]) -> Outcome {
    udp_between(endpoints(server_port), lines)
}

/// Plays a UDP script between a client and a server that stand where the test wants them.
pub(crate) fn udp_between(endpoints: Pair<Endpoint>, lines: &[Line<'_>]) -> Outcome {
    let first_is_server = matches!(lines.first(), Some(Line::S(_)));
    let initiator = if first_is_server { Side::B } else { Side::A };
    let mut conversation = Conversation::new(endpoints, Transport::Udp, true, initiator);
    let mut seen = Seen::default();
    for line in lines {
        match line {
            Line::C(bytes) => conversation.on_datagram(Side::A, bytes, &mut seen),
            Line::S(bytes) => conversation.on_datagram(Side::B, bytes, &mut seen),
        }
    }
    conversation.on_end(&mut seen);
    outcome(&conversation, seen)
}

/// The faults that were told, and how far each went.
pub(crate) fn faults(outcome: &Outcome) -> Vec<(Fault, State)> {
    let told = outcome.observations.iter().filter_map(|told| match told {
        Observation::Practice { practice: Practice::Fault(fault), state, .. } => Some((*fault, *state)),
        _ => None,
    });
    told.collect()
}

/// What is recognised, and who is the client, when the tap starts in the middle and hears these
/// pieces. The side that is heard first is taken for the client until the bytes prove otherwise.
pub(crate) fn late(pieces: &[(Side, &[u8])]) -> (Option<&'static str>, Option<Side>) {
    let first = pieces.first().map_or(Side::A, |(side, _)| *side);
    let mut conversation = Conversation::new(endpoints(23_456), Transport::Tcp, false, first);
    let mut seen = Seen::default();
    for (side, bytes) in pieces {
        conversation.on_bytes(*side, bytes, &mut seen);
    }
    let verdict = conversation.verdict();
    (verdict.map(|verdict| verdict.protocol), verdict.and_then(|verdict| verdict.client))
}

/// Bytes from a text of hexadecimal digits; white space is free.
pub(crate) fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.chars().filter_map(|c| c.to_digit(16)).map(|d| d as u8).collect();
    digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}
