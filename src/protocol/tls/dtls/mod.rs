//! DTLS over UDP (RFC 6347, RFC 4347; RFC 9147 up to its ServerHello). A datagram holds whole
//! records; a handshake message may come in fragments, in any order and more than once.

mod fragment;

#[cfg(test)]
mod tests;

use crate::model::{Observation, Pair, Role, Side, Transport};
use crate::protocol::{Analyzer, Opening, Probe, Seen, Session, Step};

use super::handshake::Handshake;
use super::hello::Carrier;
use super::message::{self, kind};
use super::reader::Reader;
use super::record::{Content, PAYLOAD_LEN_MAX};
use fragment::{Fragment, Joiner};

/// DTLS on any port.
pub struct Dtls;

impl Analyzer for Dtls {
    fn protocol(&self) -> &'static str {
        "dtls"
    }

    fn transports(&self) -> &'static [Transport] {
        &[Transport::Udp]
    }

    fn probe(&self, opening: &Opening<'_>) -> Probe {
        let mut dtls = false;
        for side in [Side::A, Side::B] {
            match sender(opening.of(side)) {
                Some(Some(Role::Client)) => return Probe::Match { client: Some(side) },
                Some(Some(Role::Server)) => return Probe::Match { client: Some(side.other()) },
                Some(None) => dtls = true,
                None => {}
            }
        }
        if dtls { Probe::Match { client: None } } else { Probe::NoMatch }
    }

    fn begin(&self) -> Box<dyn Session> {
        Box::new(DtlsSession {
            handshake: Handshake::over(Carrier::Datagram),
            joiners: Pair::default(),
            changed: Pair::default(),
        })
    }
}

/// One record of a datagram.
#[derive(Debug)]
struct Record<'a> {
    content: Content,
    /// Counts the changes of keys; 0 is in clear.
    epoch: u16,
    payload: &'a [u8],
}

/// Takes the next record (RFC 6347 §4.1); `None` if there is none or it is not whole.
fn record<'a>(reader: &mut Reader<'a>) -> Option<Record<'a>> {
    let content = match reader.u8()? {
        0x14 => Content::ChangeCipherSpec,
        0x15 => Content::Alert,
        0x16 => Content::Handshake,
        0x17 => Content::ApplicationData,
        0x18 => Content::Heartbeat,
        _ => return None,
    };
    // 1.0 and 1.2; 1.3 writes 1.2 where it is in clear.
    if !matches!(reader.u16()?, 0xfeff | 0xfefd) {
        return None;
    }
    let epoch = reader.u16()?;
    reader.take(6)?;
    let payload = reader.vector16()?;
    let len_fits = (1..=PAYLOAD_LEN_MAX).contains(&payload.len());
    len_fits.then_some(Record { content, epoch, payload })
}

/// Who sends such a datagram, if it is DTLS and the bytes tell. Its records must fill it exactly.
fn sender(datagram: &[u8]) -> Option<Option<Role>> {
    let mut reader = Reader::new(datagram);
    let first = record(&mut reader)?;
    while !reader.is_empty() {
        record(&mut reader)?;
    }
    if first.content != Content::Handshake || first.epoch != 0 {
        return Some(None);
    }
    let fragment = Fragment::parse(&mut Reader::new(first.payload))?;
    Some(match fragment.kind {
        kind::CLIENT_HELLO | kind::CLIENT_KEY_EXCHANGE | kind::CERTIFICATE_VERIFY => Some(Role::Client),
        kind::SERVER_HELLO
        | kind::HELLO_VERIFY_REQUEST
        | kind::SERVER_KEY_EXCHANGE
        | kind::CERTIFICATE_REQUEST
        | kind::SERVER_HELLO_DONE => Some(Role::Server),
        _ => None,
    })
}

#[derive(Debug)]
struct DtlsSession {
    handshake: Handshake,
    joiners: Pair<Joiner>,
    /// A ChangeCipherSpec was seen, by role.
    changed: Pair<bool>,
}

impl Session for DtlsSession {
    fn on_bytes(&mut self, _from: Role, _bytes: &[u8], _seen: &mut Seen) -> Step {
        Step::Foreign
    }

    fn on_gap(&mut self, _from: Role, _len: u64, _seen: &mut Seen) -> Step {
        Step::Foreign
    }

    fn on_datagram(&mut self, from: Role, datagram: &[u8], seen: &mut Seen) -> Step {
        let mut reader = Reader::new(datagram);
        // What is no record of DTLS shares the ports with it: STUN and SRTP (RFC 7983).
        while let Some(record) = record(&mut reader) {
            match (record.content, record.epoch) {
                (Content::Handshake, 0) => self.on_handshake(from, record.payload, seen),
                (Content::ChangeCipherSpec, 0) => {
                    self.changed[from] = true;
                    if from == Role::Server {
                        self.handshake.on_server_change(seen);
                    }
                }
                _ => {}
            }
        }
        let changed = self.changed.first && self.changed.second;
        if changed || self.handshake.is_hidden() {
            self.handshake.on_server_end(seen);
            return Step::Done;
        }
        Step::Consumed(datagram.len())
    }

    fn on_end(&mut self, seen: &mut Seen) {
        self.handshake.on_server_end(seen);
    }
}

impl DtlsSession {
    fn on_handshake(&mut self, from: Role, payload: &[u8], seen: &mut Seen) {
        let mut reader = Reader::new(payload);
        while !reader.is_empty() {
            let Some(fragment) = Fragment::parse(&mut reader) else {
                seen.push(Observation::Anomaly("dtls_fragment"));
                return;
            };
            if fragment.is_whole() {
                self.handshake.on_message(from, fragment.kind, fragment.bytes, seen);
                continue;
            }
            if fragment.message_len > message::LEN_MAX {
                seen.push(Observation::Anomaly("tls_message_too_long"));
                continue;
            }
            if let Some(body) = self.joiners[from].join(&fragment) {
                self.handshake.on_message(from, fragment.kind, &body, seen);
            }
        }
    }
}
