//! NTLMSSP ([MS-NLMP] §2.2.1): the names of machines inside the authentication that SMB, LDAP,
//! HTTP, DCE/RPC and others carry, and who logs in, where somebody wants to know. No protocol by
//! itself; hashes are not read.

use crate::model::{Fault, NameSource, Practice, Role, State};

use super::Seen;
use super::wording::from_utf16;

const SIGNATURE: &[u8; 8] = b"NTLMSSP\0";

/// Text is UTF-16, else in the machine's code page (§2.2.2.5, flag A).
const NEGOTIATE_UNICODE: u32 = 1;
/// A NEGOTIATE message names the workstation (§2.2.2.5, flag L).
const WORKSTATION_SUPPLIED: u32 = 0x2000;

/// Attribute/value pairs of a CHALLENGE that are looked at; Windows sends 7 (§2.2.2.1 defines 11).
const PAIRS_MAX: usize = 16;

/// Tells the names in an NTLMSSP message, if there is one in `blob`. Each message names its own
/// sender: the client its workstation, the server itself.
pub(super) fn names(blob: &[u8], from: Role, seen: &mut Seen) {
    let Some(message) = find(blob) else { return };
    match number(message, 8) {
        Some(1) => {
            if number(message, 12).is_some_and(|flags| flags & WORKSTATION_SUPPLIED != 0)
                && let Some(name) = field(message, 24)
            {
                seen.host_name(from, &from_code_page(name), NameSource::Ntlm);
            }
        }
        Some(2) => challenge(message, from, seen),
        Some(3) => {
            if from == Role::Client
                && let Some(fault) = response(message)
            {
                let what = "NTLM answer that gives the password's hash";
                seen.practice_by(Role::Client, Practice::Fault(fault), State::Used, what);
            }
            let flags = number(message, 60).unwrap_or(NEGOTIATE_UNICODE);
            let unicode = flags & NEGOTIATE_UNICODE != 0;
            let text = |bytes| if unicode { from_utf16(bytes) } else { from_code_page(bytes) };
            if let Some(name) = field(message, 44) {
                seen.host_name(from, &text(name), NameSource::Ntlm);
            }
            // The user (§2.2.1.3). An anonymous logon names none, a machine's account ends in `$`.
            if from == Role::Client
                && let Some(user) = field(message, 36).map(text)
                && !user.ends_with('$')
            {
                seen.user(&user, None);
            }
        }
        _ => {}
    }
}

/// What is wrong with the answers to a challenge (§2.2.2.3, §2.2.2.4, §2.2.2.6): version 2 has more
/// than 24 bytes. With extended security the first answer holds eight bytes and zeros; where LAN
/// Manager is turned off it repeats the second.
fn response(message: &[u8]) -> Option<Fault> {
    let (lan_manager, nt) = (field(message, 12)?, field(message, 20)?);
    let zero = |bytes: &[u8]| bytes.iter().all(|byte| *byte == 0);
    let old = lan_manager.len() == 24 && !zero(lan_manager);
    match nt.len() {
        24 if old && zero(lan_manager.get(8..)?) => Some(Fault::NtlmSession),
        24 if old && lan_manager != nt => Some(Fault::LanManager),
        24 => Some(Fault::Ntlm1),
        0 if old => Some(Fault::LanManager),
        _ => None,
    }
}

/// The message that begins somewhere in these bytes (security blobs wrap it in SPNEGO).
fn find(blob: &[u8]) -> Option<&[u8]> {
    let start = blob.windows(SIGNATURE.len()).position(|window| window == SIGNATURE)?;
    blob.get(start..)
}

/// The server's own names in the target information of a CHALLENGE (§2.2.2.1).
fn challenge(message: &[u8], from: Role, seen: &mut Seen) {
    const NETBIOS_COMPUTER: u16 = 1;
    const DNS_COMPUTER: u16 = 3;
    let Some(mut pairs) = field(message, 40) else { return };
    for _ in 0..PAIRS_MAX {
        let [id0, id1, len0, len1, rest @ ..] = pairs else { return };
        let (id, len) = (u16::from_le_bytes([*id0, *id1]), u16::from_le_bytes([*len0, *len1]));
        let Some((value, rest)) = rest.split_at_checked(usize::from(len)) else { return };
        match id {
            0 => return,
            NETBIOS_COMPUTER | DNS_COMPUTER => {
                seen.host_name(from, &from_utf16(value), NameSource::Ntlm);
            }
            _ => {}
        }
        pairs = rest;
    }
}

/// The bytes that a field (length, space, offset) at this place points to.
fn field(message: &[u8], at: usize) -> Option<&[u8]> {
    let len = u16::from_le_bytes(*message.get(at..)?.first_chunk()?);
    let start = usize::try_from(number(message, at + 4)?).ok()?;
    message.get(start..)?.get(..usize::from(len))
}

fn number(message: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*message.get(at..)?.first_chunk()?))
}

/// Code pages agree on ASCII only; the rest is shown as Latin-1.
fn from_code_page(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| char::from(*byte)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{NamedThing, Observation};
    use crate::protocol::testing::hex;

    fn check(blob: &[u8], from: Role, expected: &[&str]) {
        let mut seen = Seen::default();
        names(blob, from, &mut seen);
        let told: Vec<_> = seen.drain().collect();
        let expected: Vec<_> = expected
            .iter()
            .map(|name| Observation::Name {
                of: NamedThing::Role(from),
                name: (*name).into(),
                source: NameSource::Ntlm,
            })
            .collect();
        assert_eq!(told, expected);
    }

    fn utf16(text: &str) -> Vec<u8> {
        text.encode_utf16().flat_map(u16::to_le_bytes).collect()
    }

    fn authenticate(workstation: &[u8], flags: u32) -> Vec<u8> {
        let mut message = b"NTLMSSP\0\x03\0\0\0".to_vec();
        message.resize(44, 0);
        let len = workstation.len() as u16;
        message.extend([len.to_le_bytes(), len.to_le_bytes(), [64, 0], [0, 0]].concat());
        message.extend([0; 8]);
        message.extend(flags.to_le_bytes());
        message.extend(workstation);
        message
    }

    #[test]
    fn a_challenge_names_the_server_twice_but_not_its_domain() {
        // Two bytes of a wrapping come first; the domain is LAB, its DNS name lab.example.
        let mut blob = vec![0x04, 0x40];
        blob.extend(b"NTLMSSP\0\x02\0\0\0");
        blob.extend(hex("0000000038000000 158289e2 0000000011223344 0000000000000000"));
        let mut pairs = Vec::new();
        for (id, text) in [(2, "LAB"), (1, "DC3"), (4, "lab.example"), (3, "dc3.lab.example"), (0, "")] {
            let value = utf16(text);
            pairs.extend([id, 0, value.len() as u8, 0]);
            pairs.extend(value);
        }
        blob.extend([pairs.len() as u8, 0, pairs.len() as u8, 0, 56, 0, 0, 0]);
        blob.extend([0; 8]);
        blob.extend(pairs);
        check(&blob, Role::Server, &["dc3", "dc3.lab.example"]);
    }

    #[test]
    fn an_authentication_names_the_workstation_in_either_spelling() {
        check(&authenticate(&utf16("WORKSTATION5"), 0xe288_8215), Role::Client, &["workstation5"]);
        check(&authenticate(b"OLDBOX", 0x0000_0202), Role::Client, &["oldbox"]);
        check(&authenticate(&utf16("10.0.0.7"), 1), Role::Client, &[]);
        check(&authenticate(b"", 1), Role::Client, &[]);
    }

    #[test]
    fn the_version_is_told_by_the_lengths_of_the_answers() {
        let answers = |lan_manager: &[u8], nt: &[u8]| {
            let mut message = b"NTLMSSP\0\x03\0\0\0".to_vec();
            for (len, at) in [(lan_manager.len(), 64), (nt.len(), 64 + lan_manager.len())] {
                message.extend([len as u8, 0, len as u8, 0, at as u8, 0, 0, 0]);
            }
            message.resize(64, 0);
            message.extend([lan_manager, nt].concat());
            response(&message)
        };
        let session = [[7; 8].as_slice(), &[0; 16]].concat();
        assert_eq!(answers(&[1; 24], &[2; 24]), Some(Fault::LanManager));
        assert_eq!(answers(&[2; 24], &[2; 24]), Some(Fault::Ntlm1));
        assert_eq!(answers(&[], &[2; 24]), Some(Fault::Ntlm1));
        assert_eq!(answers(&session, &[2; 24]), Some(Fault::NtlmSession));
        assert_eq!(answers(&[1; 24], &[]), Some(Fault::LanManager));
        assert_eq!(answers(&[1; 24], &[2; 80]), None, "version 2");
        assert_eq!(answers(&[0], &[]), None, "anonymous");
    }

    #[test]
    fn a_negotiation_names_the_workstation_only_with_its_flag() {
        let message = |flags: u32| {
            let mut message = b"NTLMSSP\0\x01\0\0\0".to_vec();
            message.extend(flags.to_le_bytes());
            message.extend(hex("0000000000000000 0400 0400 20000000"));
            message.extend(b"BOX1");
            message
        };
        check(&message(0x0000_2207), Role::Client, &["box1"]);
        check(&message(0x0000_0207), Role::Client, &[]);
    }

    #[test]
    fn fields_that_point_outside_are_ignored() {
        let whole = authenticate(&utf16("WORKSTATION5"), 1);
        for len in 0..whole.len() {
            check(&whole[..len], Role::Client, &[]);
        }
    }
}
