//! Distinguished names as one line of text.

use x509_parser::asn1_rs::Tag;
use x509_parser::x509::{AttributeTypeAndValue, X509Name};

/// Characters of a name that are kept; a certificate could fill 96 KiB with one.
const TEXT_LEN_MAX: usize = 1024;

/// The name in the order of RFC 4514 §2.1: the last part of the encoding first.
pub(super) fn text(name: &X509Name<'_>) -> String {
    let mut text = String::new();
    let parts: Vec<_> = name.iter_rdn().collect();
    for part in parts.into_iter().rev() {
        if text.len() > TEXT_LEN_MAX {
            break;
        }
        for (place, attribute) in part.iter().enumerate() {
            let between = match (text.is_empty(), place) {
                (true, _) => "",
                (false, 0) => ", ",
                (false, _) => "+",
            };
            text.push_str(between);
            text.push_str(&kind(attribute));
            text.push('=');
            text.push_str(&value(attribute));
        }
    }
    clean(text.chars(), TEXT_LEN_MAX)
}

/// The most specific common name, as text.
pub(super) fn common(name: &X509Name<'_>) -> Option<String> {
    let last = name.iter_common_name().last()?;
    Some(clean(unescaped(last).chars(), TEXT_LEN_MAX))
}

fn kind(attribute: &AttributeTypeAndValue<'_>) -> String {
    let dotted = attribute.attr_type().to_id_string();
    let short = match dotted.as_str() {
        "2.5.4.3" => "CN",
        "2.5.4.4" => "SN",
        "2.5.4.5" => "serialNumber",
        "2.5.4.6" => "C",
        "2.5.4.7" => "L",
        "2.5.4.8" => "ST",
        "2.5.4.9" => "street",
        "2.5.4.10" => "O",
        "2.5.4.11" => "OU",
        "2.5.4.12" => "title",
        "2.5.4.17" => "postalCode",
        "2.5.4.42" => "GN",
        "0.9.2342.19200300.100.1.1" => "UID",
        "0.9.2342.19200300.100.1.25" => "DC",
        "1.2.840.113549.1.9.1" => "emailAddress",
        _ => return dotted,
    };
    short.to_owned()
}

/// The value, with those characters escaped that would end it (RFC 4514 §2.4).
fn value(attribute: &AttributeTypeAndValue<'_>) -> String {
    let text = unescaped(attribute);
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars().take(TEXT_LEN_MAX) {
        if matches!(character, ',' | '+' | '"' | '\\' | '<' | '>' | ';') {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}

fn unescaped(attribute: &AttributeTypeAndValue<'_>) -> String {
    let any = attribute.attr_value();
    match any.tag() {
        Tag::BmpString => {
            let units = any.data.as_chunks().0.iter().map(|unit| u16::from_be_bytes(*unit));
            char::decode_utf16(units).map(|read| read.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
        }
        // What is called T.61 is Latin-1 in practice.
        Tag::T61String => any.data.iter().map(|byte| char::from(*byte)).collect(),
        _ => String::from_utf8_lossy(any.data).into_owned(),
    }
}

/// Text from a stranger, fit for a terminal: of limited length, and without characters that control
/// one or turn the direction of writing.
pub(super) fn clean(characters: impl Iterator<Item = char>, len_max: usize) -> String {
    let turns =
        |c: char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    characters
        .take(len_max)
        .map(|c| if c.is_control() || turns(c) { char::REPLACEMENT_CHARACTER } else { c })
        .collect()
}
