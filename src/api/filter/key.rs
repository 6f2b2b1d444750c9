//! The keys of the filter language: what each is about, and which lists have it.

use crate::report::List;

/// How the values of a key are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// An address, a network, an id, or a name.
    Host,
    /// Words.
    Text,
    /// Words of which the beginning is enough, such as fingerprints.
    Beginning,
    /// Numbers.
    Number,
    /// Seen at or after a moment.
    Since,
    /// Seen before a moment.
    Until,
    /// Yes or no.
    Flag,
}

/// A key.
#[derive(Debug)]
pub struct Key {
    /// How it is written.
    pub name: &'static str,
    /// How its values are read.
    pub shape: Shape,
    /// Letters of the lists that have it: Hosts, Services, Dependencies, Certificates, fIndings, fLows.
    lists: &'static str,
    /// What it is about.
    pub about: &'static str,
}

const ALL: &str = "HSDCIL";

const fn key(name: &'static str, shape: Shape, lists: &'static str, about: &'static str) -> Key {
    Key { name, shape, lists, about }
}

/// All keys.
pub const KEYS: &[Key] = &[
    key("id", Shape::Text, "HSDCI", "the row's own id"),
    key("host", Shape::Host, ALL, "any host of the row, by address, network, id or name"),
    key("client", Shape::Host, "DCIL", "who asks"),
    key("server", Shape::Host, "SDCIL", "who answers"),
    key("service", Shape::Text, "SDCI", "host:port/transport"),
    key("port", Shape::Number, "SDCIL", "the server's port"),
    key("client_port", Shape::Number, "L", "the client's port"),
    key("proto", Shape::Text, "SDL", "what is spoken; also tcp, udp, and tls where it is inside"),
    key(
        "name",
        Shape::Text,
        ALL,
        "any name of the row's hosts; of certificates, subject and alternative names",
    ),
    key("role", Shape::Text, "HSDL", "what a host is for"),
    key("label", Shape::Text, "HSDL", "what the operator calls a host"),
    key("mac", Shape::Beginning, "H", "its network card"),
    key("vendor", Shape::Text, "H", "who made its network card"),
    key("vlan", Shape::Number, "HL", "its VLAN"),
    key("internal", Shape::Flag, "HSDL", "a host is in the operator's own networks"),
    key("product", Shape::Text, "S", "software, as it says"),
    key("tls", Shape::Flag, "SL", "TLS is spoken"),
    key("version", Shape::Text, "S", "a version of TLS, as 1.2"),
    key("sni", Shape::Text, "SC", "a name that TLS asked for"),
    key("ja4", Shape::Beginning, "S", "a client's fingerprint"),
    key("cert", Shape::Beginning, "SCI", "a certificate's SHA-256, or its beginning"),
    key("issuer", Shape::Text, "C", "who issued it"),
    key("subject", Shape::Text, "C", "to whom"),
    key("serial", Shape::Text, "C", "its serial number"),
    key("status", Shape::Text, "C", "valid, expiring, expired or not_yet_valid"),
    key("days_left", Shape::Number, "C", "days until it expires"),
    key("kind", Shape::Text, "D", "what a dependency is about"),
    key("state", Shape::Text, "DIL", "how sure a dependency is, how far a finding or a flow went"),
    key("initiator", Shape::Text, "D", "who opens it"),
    key("decided", Shape::Flag, "DL", "its direction is known"),
    key("one_sided", Shape::Flag, "D", "only one side was heard"),
    key("rule", Shape::Text, "I", "the rule, as ADM-01"),
    key("band", Shape::Text, "I", "critical, high, medium, low or info"),
    key("severity", Shape::Number, "I", "0 to 10"),
    key("score", Shape::Number, "I", "0 to 100"),
    key("clients", Shape::Number, "SI", "how many clients"),
    key("flows", Shape::Number, "SD", "how many flows"),
    key("bytes", Shape::Number, "DL", "bytes both ways"),
    key("packets", Shape::Number, "DL", "packets both ways"),
    key("duration", Shape::Number, "L", "seconds"),
    key("community_id", Shape::Text, "L", "the flow's Community ID"),
    key("since", Shape::Since, ALL, "seen at or after a moment"),
    key("until", Shape::Until, ALL, "first seen before a moment"),
];

const fn letter(list: List) -> char {
    match list {
        List::Hosts => 'H',
        List::Services => 'S',
        List::Dependencies => 'D',
        List::Certificates => 'C',
        List::Findings => 'I',
        List::Flows => 'L',
    }
}

/// The keys of a list.
pub fn of(list: List) -> impl Iterator<Item = &'static Key> {
    KEYS.iter().filter(move |key| key.lists.contains(letter(list)))
}

/// A key of a list by its name.
pub fn find(list: List, name: &str) -> Option<&'static Key> {
    of(list).find(|key| key.name.eq_ignore_ascii_case(name))
}

/// Why a name is no key of a list.
pub fn unknown(list: List, name: &str) -> String {
    let other = KEYS.iter().any(|key| key.name.eq_ignore_ascii_case(name));
    let all: Vec<&str> = of(list).map(|key| key.name).collect();
    let nearest = of(list).map(|key| (distance(name, key.name), key.name)).min().filter(|near| near.0 <= 2);
    let what = match (other, nearest) {
        (true, _) => format!("{} have no key `{name}`.", list.key()),
        (false, Some((_, near))) => format!("`{name}` is no key; did you mean `{near}`?"),
        (false, None) => format!("`{name}` is no key."),
    };
    format!("{what} The keys of {} are: {}", list.key(), all.join(", "))
}

/// How many letters must be changed, added, taken away or swapped to make one word of the other; only
/// small numbers matter.
fn distance(one: &str, other: &str) -> usize {
    const LETTERS_MAX: usize = 16;
    let one: Vec<char> = one.to_lowercase().chars().take(LETTERS_MAX).collect();
    let other: Vec<char> = other.chars().take(LETTERS_MAX).collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (at, letter) in one.iter().enumerate() {
        let mut before = at;
        let mut next = vec![at + 1];
        for (above, known) in row.iter().skip(1).zip(&other) {
            let changed = before + usize::from(letter != known);
            let shifted = next.last().copied().unwrap_or_default().min(*above) + 1;
            next.push(changed.min(shifted));
            before = *above;
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}
