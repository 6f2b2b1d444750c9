//! Words that several checks use.

use crate::graph::{Certificate, CertificateFacts};
use crate::model::Timestamp;

/// Characters of a subject that are shown.
const SUBJECT_CHARS_MAX: usize = 80;

/// What people call a certificate, without control characters.
pub(super) fn name(certificate: &Certificate, position: u8) -> String {
    let facts = &certificate.facts;
    let text = match (facts.subject.as_str(), facts.san.first()) {
        ("", Some(name)) => name.clone(),
        ("", None) if facts.serial.is_empty() => "a certificate".to_owned(),
        ("", None) => format!("serial {}", facts.serial),
        (subject, _) => subject.to_owned(),
    };
    let mut name = short(&text);
    if position > 0 {
        name.push_str(&format!(" (number {} of the chain)", u16::from(position) + 1));
    }
    name
}

/// A text from the wire, cut visibly.
pub(super) fn short(text: &str) -> String {
    let mut characters = text.chars().filter(|c| !c.is_control());
    let mut short: String = characters.by_ref().take(SUBJECT_CHARS_MAX).collect();
    if characters.next().is_some() {
        short.push('…');
    }
    short
}

pub(super) fn date(time: Timestamp) -> String {
    time.to_string().chars().take_while(|c| *c != 'T').collect()
}

pub(super) fn count(number: i64, thing: &str) -> String {
    if number == 1 { format!("1 {thing}") } else { format!("{number} {thing}s") }
}

/// The organisation in a name as text (`CN=x, O=A, C=DE`), else the whole name: who it belongs to.
pub(super) fn family(name: &str) -> &str {
    let part = |prefix: &str| parts(name).find_map(|part| part.strip_prefix(prefix));
    part("O=").or_else(|| part("CN=")).unwrap_or(name)
}

/// The parts of a name as text; a comma within a part is escaped.
pub(super) fn parts(name: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(name);
    std::iter::from_fn(move || {
        let all = rest?;
        let end = all
            .match_indices(", ")
            .map(|(at, _)| at)
            .find(|at| !all.get(..*at).is_some_and(|part| part.ends_with('\\')));
        let (part, after) = end
            .and_then(|end| all.split_at_checked(end))
            .map_or((all, None), |(part, after)| (part, after.get(2..)));
        rest = after;
        Some(part)
    })
}

/// Some public authority issued it, by its own account: logs have promised to publish it, or its policy is
/// one of the CA/Browser Forum's (2.23.140.1.2: domain, organisation, individual; 2.23.140.1.1: extended).
pub(super) fn looks_public(facts: &CertificateFacts) -> bool {
    let of_forum = |policy: &String| policy.starts_with("2.23.140.1.2.") || policy == "2.23.140.1.1";
    facts.extensions.logged || facts.extensions.policies.iter().any(of_forum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_taken_apart() {
        let name = "CN=a\\, b, O=C\\, Inc., C=DE";
        assert_eq!(parts(name).collect::<Vec<_>>(), ["CN=a\\, b", "O=C\\, Inc.", "C=DE"]);
        assert_eq!(parts("").collect::<Vec<_>>(), [""]);
        assert_eq!([family(name), family("CN=x"), family("L=y")], ["C\\, Inc.", "x", "L=y"]);
    }
}
