//! SSH (RFC 4253): software on both sides, and which of them is the server. Both sides begin alike,
//! so the client is known only from their key exchange.

use compact_str::CompactString;

use crate::model::{Observation, Pair, Role, Side, Transport};

use super::wording::printable;
use super::{Analyzer, Opening, Probe, Seen, Session, Step};

/// Bytes of an identification line with its end (RFC 4253 §4.2).
const BANNER_BYTES_MAX: usize = 255;

/// Bytes of a packet that every implementation must take (RFC 4253 §6.1). Key exchanges are
/// smaller; a larger one is none.
const PACKET_BYTES_MAX: usize = 35_000;

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
}

/// One connection, until it is known who is who. Products wait for that, or for the end.
#[derive(Default)]
struct Following {
    speakers: Pair<Speaker>,
    client_proven: bool,
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
        self.tell_products(seen);
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
            let version = if version.starts_with('2') || version == "1.99" { 2 } else { 1 };
            let product = Some(printable(software)).filter(|software| !software.is_empty());
            self.speakers[from] = Speaker { product, version: Some(version) };
            if self.client_proven {
                return self.finish_if_known(end + 1, seen);
            }
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
        let sender =
            if version == Some(1) { sender_in_version_1(packet) } else { sender_in_version_2(packet) };
        match sender {
            Said::By(role) if !self.client_proven => {
                self.client_proven = true;
                seen.push(Observation::ClientProven(role == from));
                if role != from {
                    std::mem::swap(&mut self.speakers.first, &mut self.speakers.second);
                }
                self.finish_if_known(total, seen)
            }
            Said::Last => self.finish(seen),
            Said::By(_) | Said::Nothing => Step::Consumed(total),
        }
    }

    /// Once both have introduced themselves and it is known which is the client, the rest is of no
    /// interest.
    fn finish_if_known(&mut self, used: usize, seen: &mut Seen) -> Step {
        let both = self.speakers.iter().all(|speaker| speaker.version.is_some());
        if both { self.finish(seen) } else { Step::Consumed(used) }
    }

    fn finish(&mut self, seen: &mut Seen) -> Step {
        self.tell_products(seen);
        Step::Done
    }

    fn tell_products(&mut self, seen: &mut Seen) {
        for of in [Role::Client, Role::Server] {
            if let Some(text) = self.speakers[of].product.take() {
                seen.push(Observation::Product { of, text });
            }
        }
    }
}

/// What a packet tells of its sender.
enum Said {
    /// Only this role sends it.
    By(Role),
    /// Either role sends it.
    Nothing,
    /// Everything after it is encrypted.
    Last,
}

/// Messages of version 2 (RFC 4253 §12, RFC 4419 §5, RFC 5656 §7.1).
fn sender_in_version_2(packet: &[u8]) -> Said {
    let [_padding, kind, rest @ ..] = packet else { return Said::Nothing };
    match kind {
        // Of a key exchange, what the client asks for and what the server answers.
        30 | 32 | 34 => Said::By(Role::Client),
        31 | 33 => Said::By(Role::Server),
        20 => sender_of_offer(rest),
        21 => Said::Last,
        _ => Said::Nothing,
    }
}

/// The first list of an offer holds, beside key exchanges, markers that only one role may send
/// (RFC 8308 §2.1, and OpenSSH's PROTOCOL file for strict key exchange).
fn sender_of_offer(offer: &[u8]) -> Said {
    let list = offer.get(16..).and_then(|rest| {
        let (length, rest) = rest.split_first_chunk::<4>()?;
        rest.get(..u32::from_be_bytes(*length) as usize)
    });
    for name in list.unwrap_or_default().split(|byte| *byte == b',') {
        match name {
            b"ext-info-c" | b"kex-strict-c-v00@openssh.com" => return Said::By(Role::Client),
            b"ext-info-s" | b"kex-strict-s-v00@openssh.com" => return Said::By(Role::Server),
            _ => {}
        }
    }
    Said::Nothing
}

/// Messages of version 1, which begins with the server's key and the client's choice of a session
/// key; everything later is encrypted.
fn sender_in_version_1(packet: &[u8]) -> Said {
    match packet {
        [2, ..] => Said::By(Role::Server),
        [3, ..] => Said::By(Role::Client),
        _ => Said::Last,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::testing::Line::{C, S};
    use crate::protocol::testing::{Outcome, hex, tcp};

    const CLIENT: &[u8] = b"SSH-2.0-PuTTY_Release_0.78\r\n";
    const SERVER: &[u8] = b"SSH-2.0-OpenSSH_9.6 Ubuntu-3\r\n";

    fn packet(kind: u8, body: &[u8]) -> Vec<u8> {
        let length = (2 + body.len() + 4) as u32;
        [&length.to_be_bytes()[..], &[4, kind], body, &[0; 4]].concat()
    }

    fn offer(list: &str) -> Vec<u8> {
        packet(20, &[&[7; 16][..], &(list.len() as u32).to_be_bytes(), list.as_bytes()].concat())
    }

    fn ssh(client_right: Option<bool>, products: &[(Role, &str)]) -> Outcome {
        let product = |(of, text): &(Role, &str)| Observation::Product { of: *of, text: (*text).into() };
        Outcome { protocol: Some("ssh"), client_right, observations: products.iter().map(product).collect() }
    }

    const BOTH: &[(Role, &str)] =
        &[(Role::Client, "PuTTY_Release_0.78"), (Role::Server, "OpenSSH_9.6 Ubuntu-3")];

    #[test]
    fn both_sides_tell_their_software() {
        assert_eq!(tcp(&[S(SERVER), C(CLIENT)]), ssh(None, BOTH));
        assert_eq!(tcp(&[S(SERVER)]), ssh(None, &BOTH[1..]));
        assert_eq!(tcp(&[C(b"SSH-2.0-dropbear\n")]), ssh(None, &[(Role::Client, "dropbear")]));
    }

    #[test]
    fn offers_tell_who_is_the_client() {
        for (client, server) in [
            ("curve25519-sha256,ext-info-c", "curve25519-sha256"),
            ("curve25519-sha256", "curve25519-sha256,kex-strict-s-v00@openssh.com"),
        ] {
            let (client, server) = (offer(client), offer(server));
            let right = tcp(&[S(SERVER), C(CLIENT), S(&server), C(&client)]);
            assert_eq!(right, ssh(Some(true), BOTH));
            // The same talk, heard as if the server had opened the connection.
            let wrong = tcp(&[C(SERVER), S(CLIENT), C(&server), S(&client)]);
            assert_eq!(wrong, ssh(Some(false), BOTH));
        }
    }

    #[test]
    fn key_exchange_tells_who_is_the_client() {
        let plain = offer("diffie-hellman-group14-sha1");
        for (from_client, from_server) in [(30, 31), (34, 31), (32, 33)] {
            let (ask, tell) = (packet(from_client, &[1; 40]), packet(from_server, &[2; 40]));
            let talk = [S(SERVER), C(CLIENT), S(&plain), C(&plain), C(&ask), S(&tell)];
            assert_eq!(tcp(&talk), ssh(Some(true), BOTH));
            assert_eq!(tcp(&[S(SERVER), S(&plain), S(&tell)]), ssh(Some(true), &BOTH[1..]), "one side only");
            assert_eq!(tcp(&[C(SERVER), C(&plain), C(&tell)]), ssh(Some(false), &BOTH[1..]));
        }
    }

    #[test]
    fn version_1_begins_with_the_servers_key() {
        let key = hex("0000000c 00000000 02 0102030405060708 090a0b");
        let client = (Role::Client, "client");
        let talk = [S(b"SSH-1.99-server\n"), C(b"SSH-1.5-client\n"), S(&key)];
        assert_eq!(tcp(&talk), ssh(Some(true), &[client, (Role::Server, "server")]));
    }

    #[test]
    fn what_is_encrypted_or_too_long_is_not_read() {
        let last = packet(21, &[]);
        let talk = [S(SERVER), C(CLIENT), S(&last), S(&packet(31, &[0; 8]))];
        assert_eq!(tcp(&talk), ssh(None, BOTH));
        assert_eq!(tcp(&[S(SERVER), C(CLIENT), S(&[0xff; 64])]), ssh(None, BOTH));
        assert_eq!(tcp(&[S(&[b"SSH-2.0-".as_slice(), &[b'x'; 300]].concat())]), ssh(None, &[]));
    }

    #[test]
    fn what_only_resembles_a_banner_is_none() {
        for bytes in [&b"SSH-3.0-x\r\n"[..], b"SSH 2.0\r\n", b"ssh-2.0-x\r\n", b"220 SSH-2.0-x\r\n", b"SSH-2"]
        {
            assert_eq!(tcp(&[S(bytes)]).protocol, None);
        }
        assert_eq!(tcp(&[C(b"GET / HTTP/1.1\r\n"), S(SERVER)]).protocol, None);
    }
}
