//! Texts from the wire, made fit to be told: clean, short, in one spelling.

use std::net::IpAddr;

use compact_str::CompactString;

use crate::model::{Fault, NameSource, NamedThing, Observation, Practice, Role, State};

use super::Seen;

/// Characters of a text that an observation holds: `Observation::Product` promises it.
const TEXT_CHARS_MAX: usize = 120;

/// Bytes of a host name: the longest that DNS can carry, in its text form without the last dot
/// (RFC 1035 §2.3.4). No other protocol here has longer ones.
const NAME_BYTES_MAX: usize = 253;

impl Seen {
    /// Tells the software of a side, in its own words, unless nothing readable is left of them.
    pub(super) fn product(&mut self, of: Role, words: impl AsRef<[u8]>) {
        let text = printable(words);
        if !text.is_empty() {
            self.push(Observation::Product { of, text });
        }
    }

    /// Tells a host name of one side, unless it is none. Where Windows names a machine, backslashes
    /// may stand around the name and blanks cannot stand inside it.
    pub(super) fn host_name(&mut self, of: Role, text: &str, source: NameSource) {
        let text = text.trim_matches(|c: char| c == '\\' || is_padding(c));
        if let Some(name) = host_name(text).filter(|name| !name.contains(char::is_whitespace)) {
            self.push(Observation::Name { of: NamedThing::Role(of), name, source });
        }
    }

    /// Tells as whom the client logs in, where somebody wants to know: `alice`, or `alice/admin`.
    pub(super) fn user(&mut self, name: &str, instance: Option<&str>) {
        if !self.is_curious() {
            return;
        }
        let name = match instance {
            Some(instance) => printable(format!("{name}/{instance}")),
            None => printable(name),
        };
        if !name.is_empty() {
            self.push(Observation::User(name));
        }
    }

    /// Tells a practice that the server is at fault for: it could refuse.
    pub(super) fn practice(&mut self, practice: Practice, state: State, what: impl AsRef<[u8]>) {
        self.practice_by(Role::Server, practice, state, what);
    }

    /// Tells a fault of the server.
    pub(super) fn fault(&mut self, fault: Fault, state: State, what: &'static str) {
        self.practice(Practice::Fault(fault), state, what);
    }

    /// Tells a practice and who is at fault for it.
    pub(super) fn practice_by(
        &mut self,
        at_fault: Role,
        practice: Practice,
        state: State,
        what: impl AsRef<[u8]>,
    ) {
        self.push(Observation::Practice { practice, state, at_fault, what: printable(what) });
    }
}

/// White space and the zeros that fill fields of fixed length.
fn is_padding(c: char) -> bool {
    c.is_whitespace() || c == '\0'
}

/// A host name as it is told: lower case, without padding and without its last dot. `None` for what
/// names nothing: the empty name, an address in text form, control characters.
pub(super) fn host_name(text: &str) -> Option<CompactString> {
    let text = text.trim_matches(is_padding).trim_end_matches('.');
    let fits = (1..=NAME_BYTES_MAX).contains(&text.len());
    let names = fits && !text.contains(char::is_control) && text.parse::<IpAddr>().is_err();
    names.then(|| text.to_lowercase().into())
}

/// What a person may read of a text from the wire: without control characters and surrounding
/// white space, cut to length. What is not UTF-8 becomes the replacement character.
pub(super) fn printable(text: impl AsRef<[u8]>) -> CompactString {
    let bytes = text.as_ref().trim_ascii();
    // A character has at most 4 bytes, so what lies further back is never shown.
    let near = String::from_utf8_lossy(bytes.get(..4 * TEXT_CHARS_MAX).unwrap_or(bytes));
    let text = near.trim_matches(|c: char| c.is_whitespace() || c.is_control());
    text.chars().filter(|c| !c.is_control()).take(TEXT_CHARS_MAX).collect()
}

/// A word that is told only if it can be shown as it is: visible ASCII, without spaces.
pub(super) fn visible(word: &[u8]) -> Option<CompactString> {
    let shown = !word.is_empty() && word.iter().all(u8::is_ascii_graphic);
    if shown { CompactString::from_utf8(word).ok() } else { None }
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

    #[test]
    fn a_name_is_told_in_lower_case_without_decoration() {
        assert_eq!(host_name("Files.Example.COM.").as_deref(), Some("files.example.com"));
        assert_eq!(host_name("PRINTER   \0").as_deref(), Some("printer"));
        assert_eq!(host_name("Front Desk").as_deref(), Some("front desk"));
    }

    #[test]
    fn what_names_nothing_is_no_name() {
        for text in ["", ".", " \0", "10.0.0.1", "fe80::1", "bell\u{7}", &"a".repeat(254)] {
            assert_eq!(host_name(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_side_is_named_as_windows_writes_names() {
        let names = |text: &str| {
            let mut seen = Seen::default();
            seen.host_name(Role::Client, text, NameSource::Smb);
            seen.drain().collect::<Vec<_>>()
        };
        let told = Observation::Name {
            of: NamedThing::Role(Role::Client),
            name: "files.example.com".into(),
            source: NameSource::Smb,
        };
        assert_eq!(names("\\\\Files.Example.COM.\0"), [told]);
        for text in ["\\\\10.0.0.1\\", "two words", "\\\\"] {
            assert_eq!(names(text), [], "{text:?}");
        }
    }

    #[test]
    fn printable_text_is_short_and_without_control_characters() {
        assert_eq!(printable(" Cisco IOS\r\nSoftware\n"), "Cisco IOSSoftware");
        assert_eq!(printable("WORKSTATION   \0"), "WORKSTATION");
        assert_eq!(printable("\u{1f5a7}".repeat(500)).chars().count(), TEXT_CHARS_MAX);
    }

    #[test]
    fn a_word_is_shown_whole_or_not_at_all() {
        assert_eq!(visible(b"http/1.1").as_deref(), Some("http/1.1"));
        for hidden in [&b""[..], b"two words", b"\x1b[31m", b"caf\xc3\xa9"] {
            assert_eq!(visible(hidden), None, "{hidden:?}");
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
