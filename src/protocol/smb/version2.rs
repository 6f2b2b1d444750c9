//! SMB versions 2 and 3 ([MS-SMB2]): the names that session setup and tree connect tell, and what is
//! opened and written to.

use crate::model::{Fault, NameSource, Role, State};
use crate::protocol::speaker::Speaker;
use crate::protocol::wording::from_utf16;
use crate::protocol::{Seen, kerberos, ntlm};

use super::access::Access;

/// Bytes of the header (§2.2.1).
pub(super) const HEADER: usize = 64;

const NEGOTIATE: u16 = 0;
const SESSION_SETUP: u16 = 1;
const TREE_CONNECT: u16 = 3;
const CREATE: u16 = 5;
const WRITE: u16 = 9;

/// A bit of the security mode (§2.2.4), and of the flags of a session (§2.2.6).
const SIGNING_REQUIRED: u16 = 2;
const IS_GUEST: u16 = 1;
const IS_NULL: u16 = 2;

/// The answer to what takes its time: another one follows (§3.3.4.2).
const STATUS_PENDING: u32 = 0x103;

/// The message is an answer (SMB2_FLAGS_SERVER_TO_REDIR).
const FLAGS_ANSWER: u8 = 1;

/// Who sent a message that begins so?
pub(super) fn speaker(message: &[u8]) -> Speaker {
    // The structure size is 64, always.
    match message {
        [_, _, _, _, 64, 0, ..] | [_, _, _, _, 64] | [_, _, _, _] => match message.get(16) {
            Some(flags) if flags & FLAGS_ANSWER != 0 => Speaker::Is(Role::Server),
            Some(_) => Speaker::Is(Role::Client),
            None => Speaker::Unclear,
        },
        _ => Speaker::Stranger,
    }
}

fn command(message: &[u8]) -> Option<u16> {
    number(message, 12)
}

/// Status, number of the message, number of the share (§2.2.1.2).
fn header(message: &[u8]) -> Option<(u32, u64, u32)> {
    let status = u32::from_le_bytes(*message.get(8..)?.first_chunk()?);
    let id = u64::from_le_bytes(*message.get(24..)?.first_chunk()?);
    let tree = u32::from_le_bytes(*message.get(36..)?.first_chunk()?);
    Some((status, id, tree))
}

fn number(message: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(*message.get(at..)?.first_chunk()?))
}

/// Is the rest of the message with this header worth waiting for?
pub(super) fn is_wanted(from: Role, header: &[u8]) -> bool {
    match command(header) {
        Some(SESSION_SETUP | TREE_CONNECT) => true,
        Some(CREATE) => from == Role::Client,
        Some(NEGOTIATE) => from == Role::Server,
        _ => false,
    }
}

/// A message with its header, and the rest if it [`is_wanted`] and not too long.
pub(super) fn on_message(from: Role, message: &[u8], access: &mut Access, seen: &mut Seen) {
    let Some((status, id, tree)) = header(message) else { return };
    match (command(message), from) {
        // Structure size 65, then the security mode (§2.2.4).
        (Some(NEGOTIATE), Role::Server)
            if status == 0
                && number(message, HEADER) == Some(65)
                && number(message, HEADER + 2).is_some_and(|mode| mode & SIGNING_REQUIRED == 0) =>
        {
            seen.fault(Fault::SmbUnsigned, State::Negotiated, "SMB server does not require signatures");
        }
        (Some(SESSION_SETUP), _) => {
            if from == Role::Server && status == 0 {
                logon(message, seen);
            }
            let blob = message.get(HEADER..).unwrap_or_default();
            ntlm::names(blob, from, seen);
            kerberos::service_name(blob, seen);
        }
        (Some(TREE_CONNECT), Role::Client) => {
            let Some(path) = text(message, HEADER + 4) else { return };
            if let Some(server) = server_of_path(&path) {
                seen.host_name(Role::Server, server, NameSource::Smb);
            }
            access.on_connect(id, &path);
        }
        (Some(CREATE), Role::Client) => {
            if let Some(name) = text(message, HEADER + 44) {
                access.on_open(id, tree, &name);
            }
        }
        (Some(WRITE), Role::Client) => access.on_write(tree, seen),
        (Some(TREE_CONNECT | CREATE), Role::Server) if status != STATUS_PENDING => {
            access.on_answer(id, status == 0, tree, seen);
        }
        _ => {}
    }
}

/// An answer that lets in somebody without a logon: structure size 9, then the flags (§2.2.6).
fn logon(message: &[u8], seen: &mut Seen) {
    match (number(message, HEADER), number(message, HEADER + 2)) {
        (Some(9), Some(flags)) if flags & IS_NULL != 0 => {
            seen.fault(Fault::SmbNull, State::Used, "SMB session of nobody");
        }
        (Some(9), Some(flags)) if flags & IS_GUEST != 0 => {
            seen.fault(Fault::SmbGuest, State::Used, "SMB session as guest");
        }
        _ => {}
    }
}

/// The text whose place and length stand here: the path of a tree connect (§2.2.9), the name of what
/// is opened (§2.2.13).
fn text(message: &[u8], at: usize) -> Option<String> {
    let start = usize::from(number(message, at)?);
    let len = usize::from(number(message, at + 2)?);
    Some(from_utf16(message.get(start..)?.get(..len)?))
}

/// The server in `\\server\share`. `localhost` is the name of whoever says it, and `*SMBSERVER`
/// that of anybody; numeric addresses also come as names under `ipv6-literal.net`.
pub(super) fn server_of_path(path: &str) -> Option<&str> {
    let server = path.strip_prefix("\\\\")?.split('\\').next()?;
    let lower = server.to_ascii_lowercase();
    let is_name = lower != "localhost" && !lower.starts_with('*') && !lower.ends_with(".ipv6-literal.net");
    is_name.then_some(server)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Observation, Practice};

    fn faults(command: u16, status: u32, body: [u8; 4]) -> Vec<Fault> {
        let mut message = vec![0; HEADER];
        message[8..12].copy_from_slice(&status.to_le_bytes());
        message[12..14].copy_from_slice(&command.to_le_bytes());
        message.extend(body);
        let mut seen = Seen::default();
        on_message(Role::Server, &message, &mut Access::default(), &mut seen);
        let told = seen.drain().filter_map(|told| match told {
            Observation::Practice { practice: Practice::Fault(fault), .. } => Some(fault),
            _ => None,
        });
        told.collect()
    }

    #[test]
    fn a_server_without_signatures_and_a_session_without_a_logon_are_faults() {
        assert_eq!(faults(NEGOTIATE, 0, [65, 0, 1, 0]), [Fault::SmbUnsigned]);
        assert_eq!(faults(NEGOTIATE, 0, [65, 0, 3, 0]), [], "required");
        assert_eq!(faults(SESSION_SETUP, 0, [9, 0, 1, 0]), [Fault::SmbGuest]);
        assert_eq!(faults(SESSION_SETUP, 0, [9, 0, 2, 0]), [Fault::SmbNull]);
        assert_eq!(faults(SESSION_SETUP, 0, [9, 0, 4, 0]), [], "encrypted");
        assert_eq!(faults(SESSION_SETUP, 0xc000_0016, [9, 0, 1, 0]), [], "more is wanted");
    }
}
