//! Texts from the wire, made fit to be told: clean, short, in one spelling.

use std::net::IpAddr;

use compact_str::CompactString;

use crate::model::{NameSource, NamedThing, Observation, Practice, Role, State};

use super::Seen;

/// Characters of a product or of a practice's description that are told.
const TEXT_CHARS_MAX: usize = 120;

/// Bytes of a host name: 253 is the longest that DNS can carry (RFC 1035 §2.3.4).
const NAME_BYTES_MAX: usize = 253;

impl Seen {
    /// Tells software and version, unless nothing readable is left of them.
    pub(super) fn product(&mut self, of: Role, text: &str) {
        let text = clean(text);
        if !text.is_empty() {
            self.push(Observation::Product { of, text });
        }
    }

    /// Tells a host name of one side, unless it is no name: empty, an address, or not printable.
    pub(super) fn host_name(&mut self, of: Role, name: &str, source: NameSource) {
        let name =
            name.trim_matches(|c: char| c.is_whitespace() || c == '\0' || c == '\\').trim_end_matches('.');
        let printable = name.chars().all(|c| !c.is_control() && !c.is_whitespace());
        if name.is_empty() || name.len() > NAME_BYTES_MAX || !printable || name.parse::<IpAddr>().is_ok() {
            return;
        }
        let name = CompactString::from(name.to_lowercase());
        self.push(Observation::Name { of: NamedThing::Role(of), name, source });
    }

    /// Tells an insecure practice.
    pub(super) fn practice(&mut self, practice: Practice, state: State, at_fault: Role, what: &str) {
        self.push(Observation::Practice { practice, state, at_fault, what: clean(what) });
    }
}

fn clean(text: &str) -> CompactString {
    let text = text.trim_matches(|c: char| c.is_whitespace() || c.is_control());
    text.chars().filter(|c| !c.is_control()).take(TEXT_CHARS_MAX).collect()
}

/// UTF-16, least significant byte first, as Windows protocols write it. What is no text becomes
/// the replacement character.
pub(super) fn from_utf16(bytes: &[u8]) -> String {
    let units = bytes.chunks_exact(2).filter_map(|unit| Some(u16::from_le_bytes(*unit.first_chunk()?)));
    char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Vec<Observation> {
        let mut seen = Seen::default();
        seen.host_name(Role::Client, text, NameSource::Smb);
        seen.drain().collect()
    }

    #[test]
    fn a_name_is_told_in_lower_case_without_decoration() {
        let told = Observation::Name {
            of: NamedThing::Role(Role::Client),
            name: "files.example.com".into(),
            source: NameSource::Smb,
        };
        assert_eq!(names("\\\\Files.Example.COM.\0"), [told]);
    }

    #[test]
    fn what_is_no_name_is_not_told() {
        for text in ["", " ", "10.0.0.1", "fe80::1", "two words", "bell\u{7}", &"a".repeat(254)] {
            assert_eq!(names(text), [], "{text:?}");
        }
    }

    #[test]
    fn a_product_is_short_and_without_control_characters() {
        let mut seen = Seen::default();
        seen.product(Role::Server, &format!(" Samba\r\n{}\n", "x".repeat(500)));
        seen.product(Role::Server, "\r\n");
        let told: Vec<_> = seen.drain().collect();
        let [Observation::Product { text, .. }] = told.as_slice() else { panic!("{told:?}") };
        assert!(text.starts_with("Sambaxx") && text.chars().count() == TEXT_CHARS_MAX);
    }

    #[test]
    fn broken_utf16_is_still_text() {
        assert_eq!(from_utf16(&[0x41, 0, 0x00, 0xd8, 0x42, 0, 0x43]), "A\u{fffd}B");
    }
}
