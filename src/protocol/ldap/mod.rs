//! LDAP (RFC 4511) over TCP, and CLDAP ([MS-ADTS] §6.3.3) over UDP. Only the envelope of each
//! message is read, and binds and extended operations within; filters are never descended into.

#[cfg(test)]
mod tests;

use crate::model::{Observation, Pair, Practice, Role, State, Transport};

use super::ber::tag::{ENUMERATED, INTEGER, OCTET_STRING, SEQUENCE};
use super::ber::{Elements, Header, Unread, header, unsigned};
use super::speaker::Speaker;
use super::tls::Tls;
use super::{Analyzer, Opening, Probe, Seen, Session, Step, kerberos, ntlm};

/// The longest message that is believed. Active Directory refuses requests above 10 MiB
/// (MaxReceiveBuffer), and answers come as one message per entry.
const MESSAGE_BYTES_MAX: u64 = 16 << 20;

/// The longest bind or extended operation that is read: a Kerberos ticket with its authorisation
/// data has at most 64 KiB.
const READ_BYTES_MAX: u64 = 65 * 1024;

/// StartTLS (RFC 4511 §4.14.1).
const START_TLS: &[u8] = b"1.3.6.1.4.1.1466.20037";

const BIND_REQUEST: u8 = 0x60;
const BIND_RESPONSE: u8 = 0x61;
const EXTENDED_REQUEST: u8 = 0x77;
const EXTENDED_RESPONSE: u8 = 0x78;

/// LDAP.
pub struct Ldap;

impl Analyzer for Ldap {
    fn protocol(&self) -> &'static str {
        "ldap"
    }

    fn transports(&self) -> &'static [Transport] {
        &[Transport::Tcp, Transport::Udp]
    }

    fn probe(&self, opening: &Opening<'_>) -> Probe {
        opening.by_speaker(speaker)
    }

    fn begin(&self) -> Box<dyn Session> {
        Box::<LdapSession>::default()
    }
}

/// What can be said of a message from its first octets (RFC 4511 §4.1.1).
#[derive(Clone, Copy)]
struct Envelope {
    /// Octets of the whole message.
    total: u64,
    id: u32,
    operation: Header,
    /// Octets before the operation's contents.
    before: usize,
}

impl Envelope {
    fn read(bytes: &[u8]) -> Result<Envelope, Unread> {
        let message = header(bytes)?;
        if message.tag != SEQUENCE || message.total() > MESSAGE_BYTES_MAX {
            return Err(Unread::Refused);
        }
        let bytes = bytes.get(message.len..).unwrap_or_default();
        let number = header(bytes)?;
        if number.tag != INTEGER || !(1..=4).contains(&number.body_len) {
            return Err(Unread::Refused);
        }
        let number_len = number.len + number.body_len;
        let id = bytes.get(number.len..number_len).ok_or(Unread::Short)?;
        let id = unsigned(id).ok_or(Unread::Refused)?;
        let operation = header(bytes.get(number_len..).unwrap_or_default())?;
        // Controls may follow the operation: at least a tag and a length.
        let rest = (message.body_len as u64).checked_sub(number_len as u64 + operation.total());
        if sender(operation).is_none() || !matches!(rest, Some(0 | 2..)) {
            return Err(Unread::Refused);
        }
        let before = message.len + number_len + operation.len;
        Ok(Envelope { total: message.total(), id, operation, before })
    }

    fn contents(self, bytes: &[u8]) -> &[u8] {
        bytes.get(self.before..).and_then(|rest| rest.get(..self.operation.body_len)).unwrap_or_default()
    }
}

/// Who sends this operation, if there is one of this tag and length (RFC 4511 §4.2 to §4.13).
const fn sender(operation: Header) -> Option<Role> {
    match (operation.tag, operation.body_len) {
        // Bind, search, modify, add, modify DN, compare, extended; unbind, delete, abandon.
        (0x60 | 0x63 | 0x66 | 0x68 | 0x6c | 0x6e | 0x77, 4..) | (0x42, 0) | (0x4a, 1..) | (0x50, 1..=4) => {
            Some(Role::Client)
        }
        // Their results; search entries, references and the end of a search; intermediate.
        (0x61 | 0x64 | 0x65 | 0x67 | 0x69 | 0x6b | 0x6d | 0x6f | 0x73 | 0x78, 4..) | (0x79, _) => {
            Some(Role::Server)
        }
        _ => None,
    }
}

/// The tag that an operation's contents begin with, where that is fixed.
const fn first_inside(operation: u8) -> Option<u8> {
    match operation {
        0x60 => Some(INTEGER),
        0x63 | 0x64 | 0x66 | 0x68 | 0x6c | 0x6e | 0x73 => Some(OCTET_STRING),
        0x61 | 0x65 | 0x67 | 0x69 | 0x6b | 0x6d | 0x6f | 0x78 => Some(ENUMERATED),
        0x77 => Some(0x80),
        _ => None,
    }
}

fn speaker(bytes: &[u8]) -> Speaker {
    let envelope = match Envelope::read(bytes) {
        Ok(envelope) => envelope,
        Err(Unread::Short) => return Speaker::Unclear,
        Err(Unread::Refused) => return Speaker::Stranger,
    };
    let inside = first_inside(envelope.operation.tag);
    match (inside, bytes.get(envelope.before), sender(envelope.operation)) {
        (Some(expected), Some(first), _) if expected != *first => Speaker::Stranger,
        (Some(_), None, _) => Speaker::Unclear,
        (_, _, Some(role)) => Speaker::Is(role),
        (_, _, None) => Speaker::Stranger,
    }
}

/// One connection.
#[derive(Default)]
struct LdapSession {
    in_step: Pair<bool>,
    /// The simple bind that waits for its result.
    simple_bind: Option<u32>,
    /// The StartTLS request that waits for its result.
    start_tls: Option<u32>,
    /// SASL was tried: what follows may be wrapped in its security layer (RFC 4513 §5.2.1).
    sasl: bool,
}

impl LdapSession {
    fn bind_request(&mut self, id: u32, contents: &[u8], seen: &mut Seen) {
        let mut elements = Elements::of(contents);
        let version = elements.tagged(INTEGER).and_then(unsigned);
        let name = elements.tagged(OCTET_STRING);
        let Some(authentication) = elements.next() else { return };
        if authentication.tag != 0x80 {
            // SASL, or the NTLM binds of Active Directory ([MS-ADTS] §5.1.1.1.3).
            self.sasl = true;
            ntlm::names(authentication.body, Role::Client, seen);
            kerberos::service_name(authentication.body, seen);
            return;
        }
        // Without a name it is anonymous, without a password unauthenticated (RFC 4513 §5.1).
        let with_password = !authentication.body.is_empty() && name.is_some_and(|name| !name.is_empty());
        if with_password && matches!(version, Some(2 | 3)) {
            self.simple_bind = Some(id);
            let what = "LDAP simple bind with a password";
            seen.practice(Practice::LdapSimpleBind, State::Attempted, what);
        }
    }

    fn bind_response(&mut self, id: u32, contents: &[u8], seen: &mut Seen) {
        ntlm::names(contents, Role::Server, seen);
        if self.simple_bind == Some(id) {
            self.simple_bind = None;
            if is_success(contents) {
                let what = "LDAP simple bind with a password accepted";
                seen.practice(Practice::LdapSimpleBind, State::Used, what);
            }
        }
    }

    fn operation(&mut self, from: Role, envelope: Envelope, bytes: &[u8], seen: &mut Seen) -> Step {
        let contents = envelope.contents(bytes);
        match (envelope.operation.tag, from) {
            (BIND_REQUEST, Role::Client) => self.bind_request(envelope.id, contents, seen),
            (BIND_RESPONSE, Role::Server) => self.bind_response(envelope.id, contents, seen),
            (EXTENDED_REQUEST, Role::Client) if Elements::of(contents).tagged(0x80) == Some(START_TLS) => {
                self.start_tls = Some(envelope.id);
            }
            (EXTENDED_RESPONSE, Role::Server) if self.start_tls == Some(envelope.id) => {
                self.start_tls = None;
                if is_success(contents) {
                    return Step::Upgrade(usize::try_from(envelope.total).unwrap_or(usize::MAX), &Tls);
                }
            }
            _ => {}
        }
        Step::Skip(envelope.total)
    }
}

/// An LDAPResult begins with its code (RFC 4511 §4.1.9).
fn is_success(contents: &[u8]) -> bool {
    Elements::of(contents).tagged(ENUMERATED).and_then(unsigned) == Some(0)
}

impl Session for LdapSession {
    fn on_bytes(&mut self, from: Role, bytes: &[u8], seen: &mut Seen) -> Step {
        let envelope = match Envelope::read(bytes) {
            Ok(envelope) => envelope,
            Err(Unread::Short) => return Step::Need(bytes.len() + 1),
            Err(Unread::Refused) if self.sasl && self.in_step[from] => return Step::Done,
            // Only the client was seen, and the server has agreed to StartTLS.
            Err(Unread::Refused) if self.start_tls.is_some() && bytes.first() == Some(&0x16) => {
                return Step::Upgrade(0, &Tls);
            }
            Err(Unread::Refused) => {
                self.in_step[from] = false;
                return Step::Consumed(bytes.len());
            }
        };
        self.in_step[from] = true;
        let tag = envelope.operation.tag;
        let wanted = matches!(tag, BIND_REQUEST | BIND_RESPONSE | EXTENDED_REQUEST | EXTENDED_RESPONSE);
        if !wanted || envelope.total > READ_BYTES_MAX {
            return Step::Skip(envelope.total);
        }
        let total = usize::try_from(envelope.total).unwrap_or(usize::MAX);
        if bytes.len() < total {
            return Step::Need(total);
        }
        self.operation(from, envelope, bytes, seen)
    }

    fn on_gap(&mut self, from: Role, _: u64, _: &mut Seen) -> Step {
        self.in_step[from] = false;
        Step::Need(1)
    }

    fn on_datagram(&mut self, _: Role, _: &[u8], seen: &mut Seen) -> Step {
        seen.push(Observation::Protocol("cldap"));
        Step::Done
    }
}
