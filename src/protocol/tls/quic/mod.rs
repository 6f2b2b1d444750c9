//! QUIC, versions 1 and 2 (RFC 9000, RFC 9001, RFC 9369): both hello messages, which travel in Initial
//! packets under keys that everybody can compute. Everything after them is encrypted.

mod packet;
mod protection;
mod stream;
#[cfg(test)]
mod tests;
#[cfg(test)]
pub(in crate::protocol) mod vectors;

use crate::model::{Observation, Pair, Role, Side, Transport};
use crate::protocol::{Analyzer, Opening, Probe, Seen, Session, Step};

use super::handshake::Handshake;
use super::hello::Carrier;
use super::message::Message;
use packet::{Kind, Packet, Version, is_negotiation, packets};
use protection::Key;
use stream::{Stream, read_frames};

/// Datagrams of a connection that are looked at. Both hello messages come in the first five or ten; a
/// client that tries again sends a few more.
const DATAGRAMS_MAX: u8 = 64;

/// Times that keys are computed for one connection: once, once more after a Retry (RFC 9001 §5.2), once
/// more where the server chooses the other version (RFC 9369 §4.1), and one to spare.
const DERIVATIONS_MAX: u8 = 4;

/// QUIC on any port.
pub struct Quic;

impl Analyzer for Quic {
    fn protocol(&self) -> &'static str {
        "quic"
    }

    fn transports(&self) -> &'static [Transport] {
        &[Transport::Udp]
    }

    fn probe(&self, opening: &Opening<'_>) -> Probe {
        let mut quic = false;
        for side in [Side::A, Side::B] {
            match sender(opening.of(side)) {
                Some(Some(Role::Client)) => return Probe::Match { client: Some(side) },
                Some(Some(Role::Server)) => return Probe::Match { client: Some(side.other()) },
                Some(None) => quic = true,
                None => {}
            }
        }
        if quic { Probe::Match { client: None } } else { Probe::NoMatch }
    }

    fn begin(&self) -> Box<dyn Session> {
        Box::new(QuicSession {
            handshake: Handshake::over(Carrier::Quic),
            secrets: None,
            derivations_left: DERIVATIONS_MAX,
            datagrams_left: DATAGRAMS_MAX,
            streams: Pair::default(),
        })
    }
}

/// Who sends such a datagram, if it is QUIC and the bytes tell.
fn sender(datagram: &[u8]) -> Option<Option<Role>> {
    // The bit of a long header: everything else is told from QUIC here, without further work.
    if datagram.first()? & 0x80 == 0 {
        return None;
    }
    if is_negotiation(datagram) {
        return Some(Some(Role::Server));
    }
    let found = packets(datagram)?;
    let first = found.first()?;
    Some(match first.kind {
        Kind::Initial { token: true } | Kind::ZeroRtt => Some(Role::Client),
        Kind::Retry => Some(Role::Server),
        Kind::Initial { token: false } => {
            let keys = protection::keys(first.version, first.destination)?;
            keys[Role::Client].open(first).map(|_| Role::Client)
        }
        Kind::Handshake => None,
    })
}

/// Keys, and what they were made from.
struct Secrets {
    version: Version,
    /// The id that the client's first packet was for.
    destination: Vec<u8>,
    keys: Pair<Key>,
}

struct QuicSession {
    handshake: Handshake,
    secrets: Option<Secrets>,
    derivations_left: u8,
    datagrams_left: u8,
    streams: Pair<Stream>,
}

impl Session for QuicSession {
    fn on_bytes(&mut self, _from: Role, _bytes: &[u8], _seen: &mut Seen) -> Step {
        Step::Foreign
    }

    fn on_gap(&mut self, _from: Role, _len: u64, _seen: &mut Seen) -> Step {
        Step::Foreign
    }

    fn on_datagram(&mut self, from: Role, datagram: &[u8], seen: &mut Seen) -> Step {
        self.datagrams_left = self.datagrams_left.saturating_sub(1);
        let found = packets(datagram).unwrap_or_default();
        for packet in &found {
            if let Kind::Initial { .. } = packet.kind {
                self.on_initial(from, packet, seen);
            }
        }
        // A client that goes on with its handshake has read the server's hello.
        let went_on = from == Role::Client && found.iter().any(|packet| packet.kind == Kind::Handshake);
        let both = self.handshake.is_hidden() && self.handshake.client_hello_seen();
        if both || went_on || self.datagrams_left == 0 { Step::Done } else { Step::Consumed(datagram.len()) }
    }
}

impl QuicSession {
    fn on_initial(&mut self, from: Role, packet: &Packet<'_>, seen: &mut Seen) {
        let (from, payload) = match self.open(from, packet) {
            Some(payload) => (from, payload),
            // What was taken for a server's begins a connection.
            None if from == Role::Server && self.secrets.is_none() => {
                let Some(payload) = self.open(Role::Client, packet) else { return };
                seen.push(Observation::ClientProven(false));
                (Role::Client, payload)
            }
            None => return,
        };
        let stream = &mut self.streams[from];
        if !read_frames(&payload, stream) {
            seen.push(Observation::Anomaly("quic_frame"));
        }
        while let Message::Whole { kind, body, len } = Message::first(stream.waiting()) {
            self.handshake.on_message(from, kind, body, seen);
            stream.consume(len);
        }
    }

    /// What is inside a packet of this sender.
    fn open(&mut self, from: Role, packet: &Packet<'_>) -> Option<Vec<u8>> {
        if let Some(secrets) = &self.secrets {
            if secrets.version == packet.version {
                if let Some(payload) = secrets.keys[from].open(packet) {
                    return Some(payload);
                }
            } else {
                let original = secrets.destination.clone();
                return self.open_by(from, packet, &original);
            }
        }
        // Only a client makes new keys, by whom its packet is for.
        if from == Role::Client { self.open_by(from, packet, packet.destination) } else { None }
    }

    /// What is inside, by keys made anew; they are kept if they are right.
    fn open_by(&mut self, from: Role, packet: &Packet<'_>, destination: &[u8]) -> Option<Vec<u8>> {
        self.derivations_left = self.derivations_left.checked_sub(1)?;
        let keys = protection::keys(packet.version, destination)?;
        let payload = keys[from].open(packet)?;
        self.secrets = Some(Secrets { version: packet.version, destination: destination.to_vec(), keys });
        Some(payload)
    }
}
