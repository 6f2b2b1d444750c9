//! SSH (RFC 4253): software on both sides, which of them is the server, and what is wrong with what
//! they agree on. Both sides begin alike, so the client is known only from their key exchange.

mod agreement;
#[cfg(test)]
mod tests;

use compact_str::CompactString;

use crate::model::{Observation, Pair, Practice, Role, Side, SshPractice, State, Transport};

use super::wording::printable;
use super::{Analyzer, Opening, Probe, Seen, Session, Step};

/// Bytes of an identification line with its end (RFC 4253 §4.2).
const BANNER_BYTES_MAX: usize = 255;

/// Bytes of a packet that every implementation must take (RFC 4253 §6.1). Key exchanges are
/// smaller; a larger one is none.
const PACKET_BYTES_MAX: usize = 35_000;

/// Bytes of an offer that is kept until the other side's has come. The longest of real software have
/// 2 KiB.
const OFFER_BYTES_MAX: usize = 8 * 1024;

/// The numbers of messages (RFC 4253 §12).
const KEXINIT: u8 = 20;
const NEWKEYS: u8 = 21;

/// How an identification line begins, up to the version.
const PREFIX: &[u8] = b"SSH-";

/// SSH.
pub struct Ssh;

impl Analyzer for Ssh {
    fn protocol(&self) -> &'static str {
        "ssh"
    }

    fn transports(&self) -> &'static [Transport] {
        &[Transport::Tcp]
    }

    fn probe(&self, opening: &Opening<'_>) -> Probe {
        let mut said =
            [Side::A, Side::B].map(|side| opening.of(side)).into_iter().filter(|said| !said.is_empty());
        let banners = said.clone().all(banner_begins);
        match (banners, said.any(|said| said.len() > PREFIX.len() + 1)) {
            (true, true) => Probe::Match { client: None },
            (true, false) if !opening.last_chance => Probe::NeedMore,
            _ => Probe::NoMatch,
        }
    }

    fn begin(&self) -> Box<dyn Session> {
        Box::new(Following::default())
    }
}

/// True as long as the bytes may begin `SSH-1` or `SSH-2`.
fn banner_begins(said: &[u8]) -> bool {
    let (prefix, version) = said.split_at_checked(PREFIX.len()).unwrap_or((said, &[]));
    PREFIX.starts_with(prefix) && matches!(version, [] | [b'1' | b'2'] | [b'1' | b'2', b'.', ..])
}

/// What is known of one side.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Speaker {
    /// Its software, from when its banner was read until it is told.
    product: Option<CompactString>,
    /// The version of its packets, once its banner was read.
    version: Option<u8>,
    /// It speaks version 1 as well (RFC 4253 §5.1).
    both_versions: bool,
}

/// One connection, until it is encrypted. What is told waits for that, or for the end: until then it
/// may turn out that the client is the server.
#[derive(Default)]
struct Following {
    speakers: Pair<Speaker>,
    client_proven: bool,
    /// What each side offers, without the number of the message.
    offers: Pair<Vec<u8>>,
    host_key: Option<agreement::Weakness>,
    /// Everything was told.
    finished: bool,
}

impl Session for Following {
    fn on_bytes(&mut self, from: Role, bytes: &[u8], seen: &mut Seen) -> Step {
        match self.speakers[from].version {
            None => self.on_banner(from, bytes, seen),
            Some(_) => self.on_packet(from, bytes, seen),
        }
    }

    fn on_gap(&mut self, _from: Role, _len: u64, seen: &mut Seen) -> Step {
        self.finish(seen)
    }

    fn on_end(&mut self, seen: &mut Seen) {
        self.finish(seen);
    }
}

impl Following {
    fn on_banner(&mut self, from: Role, bytes: &[u8], seen: &mut Seen) -> Step {
        let Some(end) = bytes.iter().take(BANNER_BYTES_MAX).position(|byte| *byte == b'\n') else {
            return if bytes.len() < BANNER_BYTES_MAX {
                Step::Need(bytes.len() + 1)
            } else {
                self.finish(seen)
            };
        };
        let line = String::from_utf8_lossy(bytes.get(..end).unwrap_or_default());
        // A server may say other things first (RFC 4253 §4.2); each such line is passed over.
        if let Some((version, software)) = line.strip_prefix("SSH-").and_then(|rest| rest.split_once('-')) {
            let both_versions = version == "1.99";
            let version = if version.starts_with('2') || both_versions { 2 } else { 1 };
            let product = Some(printable(software)).filter(|software| !software.is_empty());
            self.speakers[from] = Speaker { product, version: Some(version), both_versions };
        }
        Step::Consumed(end + 1)
    }

    fn on_packet(&mut self, from: Role, bytes: &[u8], seen: &mut Seen) -> Step {
        // Who speaks both versions (1.99) does as the other side does (RFC 4253 §5.1).
        let version = self.speakers.iter().filter_map(|speaker| speaker.version).min();
        let Some((length, rest)) = bytes.split_first_chunk::<4>() else { return Step::Need(4) };
        let length = u32::from_be_bytes(*length) as usize;
        // Version 1 pads to a multiple of eight before the type, and counts from there.
        let padding = if version == Some(1) { 8 - length % 8 } else { 0 };
        let total = 4 + padding + length;
        if !(4..=PACKET_BYTES_MAX).contains(&length) {
            return self.finish(seen);
        }
        let Some(packet) = rest.get(padding..padding + length) else { return Step::Need(total) };
        if version == Some(1) {
            return self.on_packet_of_version_1(from, packet, total, seen);
        }
        // Once a side has shown its role, that is what it has; until then, what it was taken for.
        let from = match sender(packet) {
            Some(role) if !self.client_proven => {
                self.prove(from, role, seen);
                role
            }
            _ => from,
        };
        match packet {
            [_padding, NEWKEYS, ..] => return self.finish(seen),
            [_padding, KEXINIT, offer @ ..] if offer.len() <= OFFER_BYTES_MAX => {
                self.offers[from] = offer.to_vec();
            }
            [_padding, 31 | 33, answer @ ..] if self.host_key.is_none() => {
                self.host_key = agreement::small_host_key(answer);
            }
            _ => {}
        }
        Step::Consumed(total)
    }

    /// Version 1 begins with the server's key and the client's choice of a session key; everything
    /// later is encrypted.
    fn on_packet_of_version_1(&mut self, from: Role, packet: &[u8], total: usize, seen: &mut Seen) -> Step {
        match packet {
            [2, ..] => self.prove(from, Role::Server, seen),
            [3, ..] => self.prove(from, Role::Client, seen),
            _ => return self.finish(seen),
        }
        let both = self.speakers.iter().all(|speaker| speaker.version.is_some());
        if both { self.finish(seen) } else { Step::Consumed(total) }
    }

    /// What this side said, only this role says.
    fn prove(&mut self, from: Role, role: Role, seen: &mut Seen) {
        if std::mem::replace(&mut self.client_proven, true) {
            return;
        }
        seen.push(Observation::ClientProven(role == from));
        if role != from {
            std::mem::swap(&mut self.speakers.first, &mut self.speakers.second);
            std::mem::swap(&mut self.offers.first, &mut self.offers.second);
        }
    }

    fn finish(&mut self, seen: &mut Seen) -> Step {
        if !std::mem::replace(&mut self.finished, true) {
            self.tell_products(seen);
            self.tell_version(seen);
            let found = agreement::weaknesses(&self.offers).into_iter().chain(self.host_key.take());
            for (practice, at_fault, what) in found {
                seen.practice_by(at_fault, Practice::Ssh(practice), State::Negotiated, what);
            }
        }
        Step::Done
    }

    /// Protocol 1, spoken, or kept for whom it may be spoken to.
    fn tell_version(&self, seen: &mut Seen) {
        let (client, server) = (&self.speakers[Role::Client], &self.speakers[Role::Server]);
        match (client.version, server.version, server.both_versions) {
            (Some(1), Some(_), true) | (Some(_), Some(1), _) => {
                seen.practice(Practice::Ssh(SshPractice::Version1), State::Negotiated, "protocol 1 spoken");
            }
            (_, _, true) => {
                let what = "protocol 1 possible (SSH-1.99)";
                seen.practice(Practice::Ssh(SshPractice::BothVersions), State::Capable, what);
            }
            _ => {}
        }
    }

    fn tell_products(&mut self, seen: &mut Seen) {
        for of in [Role::Client, Role::Server] {
            if let Some(text) = self.speakers[of].product.take() {
                seen.push(Observation::Product { of, text });
            }
        }
    }
}

/// The only role that sends such a packet of version 2 (RFC 4253 §12, RFC 4419 §5, RFC 5656 §7.1).
fn sender(packet: &[u8]) -> Option<Role> {
    let [_padding, kind, rest @ ..] = packet else { return None };
    match *kind {
        // Of a key exchange, what the client asks for and what the server answers.
        30 | 32 | 34 => Some(Role::Client),
        31 | 33 => Some(Role::Server),
        KEXINIT => sender_of_offer(rest),
        _ => None,
    }
}

/// The first list of an offer holds, beside key exchanges, markers that only one role may send
/// (RFC 8308 §2.1, and OpenSSH's PROTOCOL file for strict key exchange).
fn sender_of_offer(offer: &[u8]) -> Option<Role> {
    let (list, _) = agreement::string(offer.get(16..)?)?;
    list.split(|byte| *byte == b',').find_map(|name| match name {
        b"ext-info-c" | b"kex-strict-c-v00@openssh.com" => Some(Role::Client),
        b"ext-info-s" | b"kex-strict-s-v00@openssh.com" => Some(Role::Server),
        _ => None,
    })
}
