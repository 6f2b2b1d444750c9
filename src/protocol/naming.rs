//! Texts from the wire, made fit to be told: names in one spelling, products short and printable.

use std::net::IpAddr;

use compact_str::CompactString;

/// The longest name that DNS can carry, in its text form without the last dot (RFC 1035 §2.3.4).
/// No other protocol here has longer ones.
const NAME_BYTES_MAX: usize = 253;

/// Characters of a product or of a practice's description that are told.
const TEXT_CHARS_MAX: usize = 120;

/// A host name as it is told: lower case, without a trailing dot. `None` for what names nothing:
/// the empty name, an address in text form, control characters.
pub(super) fn host_name(text: &str) -> Option<CompactString> {
    let text = text.trim_matches(|c: char| c.is_whitespace() || c == '\0').trim_end_matches('.');
    let printable = text.chars().all(|c| !c.is_control());
    let names =
        !text.is_empty() && text.len() <= NAME_BYTES_MAX && printable && text.parse::<IpAddr>().is_err();
    names.then(|| text.to_lowercase().into())
}

/// What a person may read of a text from the wire: no control characters, not too long.
pub(super) fn legible(text: &str) -> CompactString {
    let text = text.trim_matches(|c: char| c.is_whitespace() || c.is_control());
    text.chars().filter(|c| !c.is_control()).take(TEXT_CHARS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_told_in_lower_case_without_decoration() {
        assert_eq!(host_name("Files.Example.COM.").as_deref(), Some("files.example.com"));
        assert_eq!(host_name("PRINTER   \0").as_deref(), Some("printer"));
    }

    #[test]
    fn what_names_nothing_is_no_name() {
        for text in ["", ".", " \0", "10.0.0.1", "fe80::1", "bell\u{7}", &"a".repeat(254)] {
            assert_eq!(host_name(text), None, "{text:?}");
        }
    }

    #[test]
    fn legible_text_is_short_and_without_control_characters() {
        assert_eq!(legible(" Cisco IOS\r\nSoftware\n"), "Cisco IOSSoftware");
        assert_eq!(legible(&"x".repeat(500)).len(), TEXT_CHARS_MAX);
    }
}
