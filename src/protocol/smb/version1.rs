//! SMB version 1 ([MS-CIFS], [MS-SMB]): that it is spoken at all, and the names and products that
//! its session setup tells.

use compact_str::{CompactString, format_compact};

use crate::model::{NameSource, Practice, Role, State};
use crate::protocol::speaker::Speaker;
use crate::protocol::wording::from_utf16;
use crate::protocol::{Seen, kerberos, ntlm};

use super::access::Access;
use super::version2::server_of_path;

/// Bytes of the header ([MS-CIFS] §2.2.3.1).
pub(super) const HEADER: usize = 32;

const LOCKING_ANDX: u8 = 0x24;
const WRITE_ANDX: u8 = 0x2f;
const NEGOTIATE: u8 = 0x72;
const SESSION_SETUP_ANDX: u8 = 0x73;
const TREE_CONNECT_ANDX: u8 = 0x75;
const NT_CREATE_ANDX: u8 = 0xa2;

/// The message is an answer.
const FLAGS_REPLY: u8 = 0x80;
/// Texts are UTF-16.
const FLAGS2_UNICODE: u16 = 0x8000;

/// More of the security exchange follows: the session setup goes well so far.
const STATUS_MORE_PROCESSING_REQUIRED: u32 = 0xc000_0016;

/// Dialects of an offer that are remembered; the longest lists seen have 11.
const DIALECTS_MAX: usize = 16;

/// Who sent a message that begins so?
pub(super) fn speaker(message: &[u8]) -> Speaker {
    match message {
        [_, _, _, _, command, _, _, _, _, flags, ..] => match (command, flags & FLAGS_REPLY) {
            // A server breaks a client's lock with a request of its own.
            (&LOCKING_ANDX, 0) => Speaker::Either,
            (_, 0) => Speaker::Is(Role::Client),
            _ => Speaker::Is(Role::Server),
        },
        _ => Speaker::Unclear,
    }
}

/// Is the rest of the message with this header worth waiting for?
pub(super) fn is_wanted(from: Role, header: &[u8]) -> bool {
    match header.get(4) {
        Some(&(NEGOTIATE | SESSION_SETUP_ANDX | TREE_CONNECT_ANDX)) => true,
        Some(&NT_CREATE_ANDX) => from == Role::Client,
        _ => false,
    }
}

/// How far the use of version 1 went on one connection.
#[derive(Default)]
pub(super) struct Use {
    /// What the client offered and nobody answered yet.
    offered: Vec<CompactString>,
    told: Option<State>,
}

impl Use {
    /// A message with its header, and the rest if it [`is_wanted`] and not too long.
    pub fn on_message(&mut self, from: Role, message: &[u8], access: &mut Access, seen: &mut Seen) {
        let Some(message) = Message::read(message) else { return };
        match (message.command, from) {
            (NEGOTIATE, Role::Client) => self.offered = message.dialects(),
            (NEGOTIATE, Role::Server) => self.on_choice(&message, seen),
            (command, Role::Client) => {
                let what = format_compact!("SMB1 {} sent", name(command));
                self.tell(State::Attempted, Role::Server, &what, seen);
            }
            (command, Role::Server) => {
                let good = matches!(message.status, 0 | STATUS_MORE_PROCESSING_REQUIRED);
                let state = if good { State::Used } else { State::Negotiated };
                self.tell(state, Role::Server, &format_compact!("SMB1 {} answered", name(command)), seen);
            }
        }
        match (message.command, from) {
            (SESSION_SETUP_ANDX, _) => message.session_setup(from, seen),
            (TREE_CONNECT_ANDX, Role::Client) => message.tree_connect(access, seen),
            (NT_CREATE_ANDX, Role::Client) => message.open(access),
            (WRITE_ANDX, Role::Client) => access.on_write(message.tree, seen),
            (TREE_CONNECT_ANDX | NT_CREATE_ANDX, Role::Server) => {
                access.on_answer(message.id, message.status == 0, message.tree, seen);
            }
            _ => {}
        }
    }

    /// The server has answered in version 2: so the offer of version 1 remains an offer.
    pub fn on_version2_answer(&mut self, seen: &mut Seen) {
        self.end_offer("the server chose SMB2", seen);
    }

    /// The connection is over.
    pub fn on_end(&mut self, seen: &mut Seen) {
        self.end_offer("not taken up", seen);
    }

    fn on_choice(&mut self, answer: &Message<'_>, seen: &mut Seen) {
        let Some(index) = answer.words.first_chunk().map(|index| u16::from_le_bytes(*index)) else {
            return;
        };
        let dialect = self.offered.get(usize::from(index)).cloned();
        let dialect = dialect.unwrap_or_else(|| format_compact!("number {index}"));
        if index == 0xffff || answer.status != 0 || is_version2(&dialect) {
            return;
        }
        self.offered.clear();
        self.tell(State::Negotiated, Role::Server, &format_compact!("SMB1 dialect {dialect} chosen"), seen);
    }

    fn end_offer(&mut self, why: &str, seen: &mut Seen) {
        if self.offered.is_empty() {
            return;
        }
        let offered = std::mem::take(&mut self.offered);
        // With version 1 switched off, Windows still asks in its format, but for version 2 only.
        let Some(dialect) = offered.iter().rev().find(|dialect| !is_version2(dialect)) else { return };
        self.tell(State::Offered, Role::Client, &format_compact!("SMB1 offered ({dialect}), {why}"), seen);
    }

    /// Each state is told once, and only while certainty grows.
    fn tell(&mut self, state: State, at_fault: Role, what: &str, seen: &mut Seen) {
        if self.told < Some(state) {
            self.told = Some(state);
            seen.practice_by(at_fault, Practice::Smb1, state, what);
        }
    }
}

fn is_version2(dialect: &str) -> bool {
    dialect.starts_with("SMB 2.")
}

fn name(command: u8) -> CompactString {
    match command {
        SESSION_SETUP_ANDX => "session setup".into(),
        TREE_CONNECT_ANDX => "tree connect".into(),
        _ => format_compact!("command 0x{command:02x}"),
    }
}

/// A message taken apart as far as it has arrived ([MS-CIFS] §2.2.3).
struct Message<'a> {
    command: u8,
    status: u32,
    unicode: bool,
    /// The share's number.
    tree: u32,
    /// The number that the answer repeats: the process's and its own ([MS-CIFS] §2.2.1.6.2, §2.2.1.6.3).
    id: u64,
    /// The parameters.
    words: &'a [u8],
    /// The whole message: texts are aligned to its start.
    bytes: &'a [u8],
    /// Where its data begin.
    data: usize,
}

impl<'a> Message<'a> {
    fn read(bytes: &'a [u8]) -> Option<Self> {
        let [_, _, _, _, command, s0, s1, s2, s3, _, flags2, flags2_high, ..] = bytes else { return None };
        let number = |at: usize| {
            let field = bytes.get(at..).and_then(|rest| rest.first_chunk::<2>());
            field.map_or(0, |field| u16::from_le_bytes(*field))
        };
        let words_len = bytes.get(HEADER).map_or(0, |count| usize::from(*count) * 2);
        let words = bytes.get(HEADER + 1..HEADER + 1 + words_len).unwrap_or_default();
        Some(Message {
            command: *command,
            status: u32::from_le_bytes([*s0, *s1, *s2, *s3]),
            unicode: u16::from_le_bytes([*flags2, *flags2_high]) & FLAGS2_UNICODE != 0,
            tree: number(24).into(),
            id: u64::from(number(26)) << 16 | u64::from(number(30)),
            words,
            bytes,
            data: HEADER + 1 + words_len + 2,
        })
    }

    fn word(&self, index: usize) -> Option<usize> {
        Some(usize::from(u16::from_le_bytes(*self.words.get(index * 2..)?.first_chunk()?)))
    }

    /// The dialects of a negotiation, in the client's order (§2.2.4.52.1).
    fn dialects(&self) -> Vec<CompactString> {
        let data = self.bytes.get(self.data..).unwrap_or_default();
        data.split(|byte| *byte == 0)
            .filter_map(|dialect| dialect.strip_prefix(&[0x02]))
            .take(DIALECTS_MAX)
            .map(|dialect| CompactString::from_utf8_lossy(dialect.get(..32).unwrap_or(dialect)))
            .collect()
    }

    /// Names in the security blob; operating system and LAN manager ([MS-SMB] §2.2.4.6).
    fn session_setup(&self, from: Role, seen: &mut Seen) {
        let blob = self.bytes.get(self.data..).unwrap_or_default();
        ntlm::names(blob, from, seen);
        kerberos::service_name(blob, seen);
        // What stands before the texts, and how many texts before the operating system, depend on
        // the number of parameters: with or without extended security, of a request or an answer.
        let (before, texts) = match (self.words.len() / 2, from) {
            (13, Role::Client) => (self.word(7).zip(self.word(8)).map(|(a, b)| a + b), 2),
            (12, Role::Client) => (self.word(7), 0),
            (4, Role::Server) => (self.word(3), 0),
            (3, Role::Server) => (Some(0), 0),
            _ => return,
        };
        let Some(before) = before else { return };
        let mut at = self.data + before;
        for _ in 0..texts {
            let Some((_, end)) = self.text(at) else { return };
            at = end;
        }
        let Some((system, end)) = self.text(at) else { return };
        match self.text(end) {
            Some((manager, _)) if !manager.is_empty() => {
                seen.product(from, format_compact!("{system} ({manager})"));
            }
            _ => seen.product(from, &system),
        }
    }

    /// The server's name in the path of a share (§2.2.4.55.1).
    fn tree_connect(&self, access: &mut Access, seen: &mut Seen) {
        let Some(password) = self.word(3) else { return };
        let Some((path, _)) = self.text(self.data + password) else { return };
        if let Some(server) = server_of_path(&path) {
            seen.host_name(Role::Server, server, NameSource::Smb);
        }
        access.on_connect(self.id, &path);
    }

    /// The name of what is opened (§2.2.4.64.1). It ends where its length says, or where the data end.
    fn open(&self, access: &mut Access) {
        let Some((name, _)) = self.text(self.data) else { return };
        access.on_open(self.id, self.tree, &name);
    }

    /// The text that begins here, and where it ends.
    fn text(&self, at: usize) -> Option<(String, usize)> {
        if !self.unicode {
            let bytes = self.bytes.get(at..)?;
            let end = bytes.iter().position(|byte| *byte == 0)?;
            let text = bytes.get(..end)?.iter().map(|byte| char::from(*byte)).collect();
            return Some((text, at + end + 1));
        }
        let at = at.next_multiple_of(2);
        let bytes = self.bytes.get(at..)?;
        let end = 2 * bytes.chunks_exact(2).position(|unit| unit == [0, 0])?;
        Some((from_utf16(bytes.get(..end)?), at + end + 2))
    }
}
