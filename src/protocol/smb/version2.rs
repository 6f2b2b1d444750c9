//! SMB versions 2 and 3 ([MS-SMB2]): the names that session setup and tree connect tell.

use crate::model::{NameSource, Role};
use crate::protocol::speaker::Speaker;
use crate::protocol::wording::from_utf16;
use crate::protocol::{Seen, kerberos, ntlm};

/// Bytes of the header (§2.2.1).
pub(super) const HEADER: usize = 64;

const SESSION_SETUP: u16 = 1;
const TREE_CONNECT: u16 = 3;

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

fn number(message: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(*message.get(at..)?.first_chunk()?))
}

/// Is the rest of the message with this header worth waiting for?
pub(super) fn is_wanted(header: &[u8]) -> bool {
    matches!(command(header), Some(SESSION_SETUP | TREE_CONNECT))
}

/// A message with its header, and the rest if it [`is_wanted`] and not too long.
pub(super) fn on_message(from: Role, message: &[u8], seen: &mut Seen) {
    match (command(message), from) {
        (Some(SESSION_SETUP), _) => {
            let blob = message.get(HEADER..).unwrap_or_default();
            ntlm::names(blob, from, seen);
            kerberos::service_name(blob, seen);
        }
        (Some(TREE_CONNECT), Role::Client) => {
            if let Some(path) = share_path(message)
                && let Some(server) = server_of_path(&path)
            {
                seen.host_name(Role::Server, server, NameSource::Smb);
            }
        }
        _ => {}
    }
}

/// The path of a tree connect request (§2.2.9).
fn share_path(message: &[u8]) -> Option<String> {
    let start = usize::from(number(message, HEADER + 4)?);
    let len = usize::from(number(message, HEADER + 6)?);
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
