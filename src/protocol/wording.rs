//! Texts from the wire, made fit to be told: clean, short, in one spelling.

use std::net::IpAddr;

use compact_str::CompactString;

use crate::model::{NameSource, NamedThing, Observation, Practice, Role, State};

use super::Seen;

/// Characters of a text that an observation holds: `Observation::Product` promises it.
const TEXT_CHARS_MAX: usize = 120;

/// Bytes of a host name: 253 is the longest that DNS can carry (RFC 1035 §2.3.4).
const NAME_BYTES_MAX: usize = 253;

impl Seen {
    /// Tells the software of a side, in its own words, unless nothing readable is left of them.
    pub(super) fn product(&mut self, of: Role, words: impl AsRef<[u8]>) {
        let text = printable(words.as_ref());
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

    /// Tells a practice that the server is at fault for: it could refuse.
    pub(super) fn practice(&mut self, practice: Practice, state: State, what: impl AsRef<[u8]>) {
        self.practice_by(Role::Server, practice, state, what);
    }

    /// Tells a practice and who is at fault for it.
    pub(super) fn practice_by(
        &mut self,
        at_fault: Role,
        practice: Practice,
        state: State,
        what: impl AsRef<[u8]>,
    ) {
        self.push(Observation::Practice { practice, state, at_fault, what: printable(what.as_ref()) });
    }
}

/// A text from the wire without control characters and surrounding white space, cut to length.
/// What is not UTF-8 becomes the replacement character.
pub(super) fn printable(bytes: &[u8]) -> CompactString {
    // A character has at most 4 bytes, so what lies further back is never shown.
    let near = bytes.trim_ascii().get(..4 * TEXT_CHARS_MAX).unwrap_or(bytes.trim_ascii());
    let text = String::from_utf8_lossy(near);
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
        seen.product(Role::Server, format!(" Samba\r\n{}\n", "x".repeat(500)));
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
