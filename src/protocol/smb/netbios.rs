//! The NetBIOS session request (RFC 1002 §4.3.2): who calls whom, by name.

use crate::model::{NameSource, Role};
use crate::protocol::Seen;
use crate::protocol::speaker::Speaker;

/// Octets of an encoded name: one of length, then two letters for each of 16 octets, then the
/// scope's labels up to an octet of 0 (RFC 1001 §14.1).
const ENCODED: usize = 33;

/// Is this what follows a session request's framing?
pub(super) fn speaker(names: &[u8]) -> Speaker {
    let first = names.get(..ENCODED).unwrap_or(names);
    let [length, letters @ ..] = first else { return Speaker::Unclear };
    if *length != 0x20 || !letters.iter().all(|letter| (b'A'..=b'P').contains(letter)) {
        Speaker::Stranger
    } else if first.len() < ENCODED {
        Speaker::Unclear
    } else {
        Speaker::Is(Role::Client)
    }
}

/// Tells both names of a request. `*SMBSERVER` is how one calls whoever is there.
pub(super) fn on_request(names: &[u8], seen: &mut Seen) {
    let Some((called, rest)) = take(names) else { return };
    if !called.starts_with('*') {
        seen.host_name(Role::Server, &called, NameSource::Nbns);
    }
    if let Some((calling, _)) = take(rest) {
        seen.host_name(Role::Client, &calling, NameSource::Nbns);
    }
}

/// A decoded name without its padding and its type, and what comes after it.
fn take(bytes: &[u8]) -> Option<(String, &[u8])> {
    let (name, rest) = bytes.split_at_checked(ENCODED)?;
    let mut text = String::with_capacity(15);
    for pair in name.get(1..31)?.chunks_exact(2) {
        let [high, low] = pair else { return None };
        let (high, low) = (high.checked_sub(b'A')?, low.checked_sub(b'A')?);
        if high > 15 || low > 15 {
            return None;
        }
        text.push(char::from(high << 4 | low));
    }
    let end = rest.iter().position(|octet| *octet == 0)?;
    Some((text, rest.get(end + 1..)?))
}
