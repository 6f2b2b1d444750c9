//! SMB, every version ([MS-SMB], [MS-SMB2]), directly over TCP or inside a NetBIOS session
//! (RFC 1002 §4.3). Read are the few messages that say who is there and which version is spoken;
//! files pass by unread. Mailslots over UDP are not followed.

mod access;
mod netbios;
mod version1;
mod version2;

#[cfg(test)]
mod tests;

use crate::model::{Pair, Role, Transport};

use access::Access;

use super::speaker::Speaker;
use super::{Analyzer, Opening, Probe, Seen, Session, Step};

/// The longest message that is read whole. A session setup carries a security blob whose length
/// has 16 bits (64 KiB), and below 1 KiB of headers and texts.
const MESSAGE_BYTES_MAX: usize = 65 * 1024;

/// The longest NetBIOS session packet besides messages: two names of at most 255 octets each.
const SESSION_PACKET_BYTES_MAX: usize = 512;

/// Bytes of framing before each message.
const FRAMING: usize = 4;

/// SMB.
pub struct Smb;

impl Analyzer for Smb {
    fn protocol(&self) -> &'static str {
        "smb"
    }

    fn transports(&self) -> &'static [Transport] {
        &[Transport::Tcp]
    }

    fn probe(&self, opening: &Opening<'_>) -> Probe {
        opening.by_speaker(speaker)
    }

    fn begin(&self) -> Box<dyn Session> {
        Box::<SmbSession>::default()
    }
}

/// The formats that follow the framing.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Format {
    Version1,
    Version2,
    Encrypted,
    Compressed,
}

impl Format {
    fn of(message: &[u8]) -> Option<Format> {
        match message {
            [0xff, b'S', b'M', b'B', ..] => Some(Format::Version1),
            [0xfe, b'S', b'M', b'B', ..] => Some(Format::Version2),
            [0xfd, b'S', b'M', b'B', ..] => Some(Format::Encrypted),
            [0xfc, b'S', b'M', b'B', ..] => Some(Format::Compressed),
            _ => None,
        }
    }
}

/// The framing of a NetBIOS session (RFC 1002 §4.3.1); over port 445 only messages remain of it,
/// and their length has 24 bits ([MS-SMB2] §2.1).
#[derive(Clone, Copy, PartialEq, Eq)]
enum Frame {
    Message(usize),
    /// The client asks for a session and names both machines.
    Request(usize),
    /// Answers, keep-alives.
    Other(usize),
}

impl Frame {
    fn of(framing: [u8; FRAMING]) -> Option<Frame> {
        let [kind, a, b, c] = framing;
        let len = usize::from(a) << 16 | usize::from(b) << 8 | usize::from(c);
        match kind {
            0x00 => Some(Frame::Message(len)),
            0x81 if (68..SESSION_PACKET_BYTES_MAX).contains(&len) => Some(Frame::Request(len)),
            0x82..=0x85 if len <= 6 => Some(Frame::Other(len)),
            _ => None,
        }
    }
}

fn speaker(bytes: &[u8]) -> Speaker {
    let Some((framing, rest)) = bytes.split_first_chunk::<FRAMING>() else {
        return if matches!(bytes, [0 | 0x81..=0x85, ..]) { Speaker::Unclear } else { Speaker::Stranger };
    };
    match (Frame::of(*framing), rest) {
        (Some(Frame::Message(_)), [0xfc..=0xff, tail @ ..]) if tail.len() < 3 && b"SMB".starts_with(tail) => {
            Speaker::Unclear
        }
        (Some(Frame::Message(_)), []) => Speaker::Unclear,
        (Some(Frame::Message(_)), message) => match Format::of(message) {
            Some(Format::Version1) => version1::speaker(message),
            Some(Format::Version2) => version2::speaker(message),
            Some(Format::Encrypted | Format::Compressed) => Speaker::Either,
            None => Speaker::Stranger,
        },
        (Some(Frame::Request(_)), names) => netbios::speaker(names),
        // The answer to a session request, and keep-alives, say nothing by themselves.
        (Some(Frame::Other(0)), []) => Speaker::Unclear,
        (Some(Frame::Other(0)), next) if next.first() == Some(&0) => speaker(next),
        _ => Speaker::Stranger,
    }
}

/// One connection: what is in step, how far SMB version 1 went, and what is got at.
#[derive(Default)]
struct SmbSession {
    in_step: Pair<bool>,
    version1: version1::Use,
    access: Access,
}

impl SmbSession {
    fn message(&mut self, from: Role, len: usize, rest: &[u8], seen: &mut Seen) -> Step {
        let skip = Step::Skip((FRAMING + len) as u64);
        let header_len = match Format::of(rest) {
            Some(Format::Version1) => version1::HEADER,
            Some(Format::Version2) => version2::HEADER,
            Some(Format::Encrypted) => return Step::Done,
            Some(Format::Compressed) => return skip,
            // Raw reads and writes of SMB 1 ([MS-CIFS] §2.2.4.22) have a frame, but no header.
            None if rest.len() >= 4 || len < 4 => return skip,
            None => return Step::Need(FRAMING + 4),
        };
        if len < header_len {
            return skip;
        }
        let Some(header) = rest.get(..header_len) else { return Step::Need(FRAMING + header_len) };
        let wanted = match Format::of(header) {
            Some(Format::Version1) => version1::is_wanted(from, header),
            _ => version2::is_wanted(from, header),
        };
        let message = match rest.get(..len) {
            Some(message) => message,
            None if wanted && len <= MESSAGE_BYTES_MAX => return Step::Need(FRAMING + len),
            None => header,
        };
        if from == Role::Server {
            self.access.on_server();
        }
        match Format::of(header) {
            Some(Format::Version1) => self.version1.on_message(from, message, &mut self.access, seen),
            _ => {
                if from == Role::Server {
                    self.version1.on_version2_answer(seen);
                }
                version2::on_message(from, message, &mut self.access, seen);
            }
        }
        skip
    }
}

impl Session for SmbSession {
    fn on_bytes(&mut self, from: Role, bytes: &[u8], seen: &mut Seen) -> Step {
        let Some((framing, rest)) = bytes.split_first_chunk::<FRAMING>() else {
            return Step::Need(FRAMING);
        };
        let frame = Frame::of(*framing);
        if !self.in_step[from] {
            // After a gap, or joined late: what looks like a message must prove to be one.
            match frame {
                Some(Frame::Message(_)) if rest.len() < 4 => return Step::Need(FRAMING + 4),
                Some(Frame::Message(_)) if Format::of(rest).is_none() => {
                    return Step::Consumed(bytes.len());
                }
                Some(_) => self.in_step[from] = true,
                None => {}
            }
        }
        match frame {
            Some(Frame::Message(len)) => self.message(from, len, rest, seen),
            Some(Frame::Request(len)) => {
                let Some(names) = rest.get(..len) else { return Step::Need(FRAMING + len) };
                netbios::on_request(names, seen);
                Step::Consumed(FRAMING + len)
            }
            Some(Frame::Other(len)) => Step::Skip((FRAMING + len) as u64),
            None => {
                self.in_step[from] = false;
                Step::Consumed(bytes.len())
            }
        }
    }

    fn on_gap(&mut self, from: Role, _: u64, _: &mut Seen) -> Step {
        self.in_step[from] = false;
        Step::Need(FRAMING)
    }

    fn on_end(&mut self, seen: &mut Seen) {
        self.version1.on_end(seen);
        self.access.on_end(seen);
    }
}
