//! The message format that DNS, mDNS, LLMNR and the NetBIOS name service share (RFC 1035 §4).
//!
//! Nothing is allocated to read a message: names and records are read where they stand. A message
//! that is cut short gives everything before the cut.

use compact_str::CompactString;

use crate::protocol::wording;

/// Octets of a name on the wire, lengths included, without its end (RFC 1035 §2.3.4).
const NAME_OCTETS_MAX: usize = 254;

/// Octets of the header (RFC 1035 §4.1.1).
pub(crate) const HEADER_OCTETS: usize = 12;

/// The second word of the header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Flags(pub u16);

impl Flags {
    /// QR: this is an answer.
    pub const fn response(self) -> bool {
        self.0 & 0x8000 != 0
    }
    /// What is asked: 0 a query, 4 a notification, 5 an update.
    pub const fn opcode(self) -> u16 {
        self.0 >> 11 & 0xf
    }
    /// RD: the server is asked to find out for itself.
    pub const fn recursion_desired(self) -> bool {
        self.0 & 0x0100 != 0
    }
    /// RCODE: 0 if all went well.
    pub const fn reply_code(self) -> u16 {
        self.0 & 0xf
    }
}

/// A message: its header, and the rest unread.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Message<'a> {
    bytes: &'a [u8],
    /// Who asks chooses it, who answers repeats it.
    pub id: u16,
    /// Question or answer, and how it went.
    pub flags: Flags,
    /// How many questions, answers, authority and additional records it claims to hold.
    pub counts: [u16; 4],
}

/// A question (RFC 1035 §4.1.2).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Question<'a> {
    /// What is asked about.
    pub name: Name<'a>,
    /// The type of record that is wanted.
    pub kind: u16,
    /// The class: 1 for the Internet.
    pub class: u16,
}

/// A resource record (RFC 1035 §4.1.3).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Record<'a> {
    /// What it is about.
    pub name: Name<'a>,
    /// What its data mean.
    pub kind: u16,
    /// Its data.
    pub data: &'a [u8],
    /// Its data read as a name.
    pub target: Name<'a>,
}

/// Record types (IANA, and RFC 1002 §4.2.1.3 for the NetBIOS ones).
pub(crate) mod kind {
    pub(crate) const A: u16 = 1;
    pub(crate) const CNAME: u16 = 5;
    pub(crate) const PTR: u16 = 12;
    pub(crate) const AAAA: u16 = 28;
    pub(crate) const NB: u16 = 32;
    pub(crate) const NBSTAT: u16 = 33;
}

impl<'a> Message<'a> {
    /// Reads the header.
    pub fn read(bytes: &'a [u8]) -> Option<Self> {
        let (header, _) = bytes.split_first_chunk::<HEADER_OCTETS>()?;
        let [i, d, f, g, q, r, a, b, n, m, x, y] = *header;
        let word = |high, low| u16::from_be_bytes([high, low]);
        let counts = [word(q, r), word(a, b), word(n, m), word(x, y)];
        Some(Message { bytes, id: word(i, d), flags: Flags(word(f, g)), counts })
    }

    /// The questions, as far as they are readable.
    pub fn questions(&self) -> impl Iterator<Item = Question<'a>> {
        let [questions, ..] = self.counts;
        let mut at = HEADER_OCTETS;
        let bytes = self.bytes;
        (0..questions).map_while(move |_| {
            let (question, next) = question(bytes, at)?;
            at = next;
            Some(question)
        })
    }

    /// The first question.
    pub fn question(&self) -> Option<Question<'a>> {
        self.questions().next()
    }

    /// The answers alone, as far as they are readable.
    pub fn answers(&self) -> impl Iterator<Item = Record<'a>> {
        let [_, answers, ..] = self.counts;
        self.records().take(usize::from(answers))
    }

    /// The records of all three sections, as far as they are readable.
    pub fn records(&self) -> Records<'a> {
        let [questions, counts @ ..] = self.counts;
        let mut at = Some(HEADER_OCTETS);
        for _ in 0..questions {
            at = at.and_then(|at| Some(question(self.bytes, at)?.1));
        }
        let left = counts.into_iter().map(u32::from).sum();
        Records { bytes: self.bytes, at, left }
    }

    /// True if everything that the header counts is there.
    pub fn is_complete(&self) -> bool {
        self.end().is_some()
    }

    /// True if everything that the header counts is there and nothing else.
    pub fn is_whole(&self) -> bool {
        self.end() == Some(self.bytes.len())
    }

    /// Where the last record ends.
    fn end(&self) -> Option<usize> {
        let mut records = self.records();
        while records.next().is_some() {}
        records.at.filter(|_| records.left == 0)
    }
}

/// Records one after the other; stops at the first that is unreadable.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Records<'a> {
    bytes: &'a [u8],
    at: Option<usize>,
    left: u32,
}

impl<'a> Iterator for Records<'a> {
    type Item = Record<'a>;

    fn next(&mut self) -> Option<Record<'a>> {
        if self.left == 0 {
            return None;
        }
        let found = self.at.and_then(|at| record(self.bytes, at));
        self.at = found.map(|(_, next)| next);
        let (record, _) = found?;
        self.left -= 1;
        Some(record)
    }
}

fn question(bytes: &[u8], at: usize) -> Option<(Question<'_>, usize)> {
    let name = Name { message: bytes, at };
    let rest = bytes.get(name.end()?..)?;
    let ([k, l, c, d], rest) = rest.split_first_chunk()?;
    let question = Question { name, kind: u16::from_be_bytes([*k, *l]), class: u16::from_be_bytes([*c, *d]) };
    Some((question, bytes.len() - rest.len()))
}

fn record(bytes: &[u8], at: usize) -> Option<(Record<'_>, usize)> {
    let name = Name { message: bytes, at };
    let rest = bytes.get(name.end()?..)?;
    let ([k, l, _, _, _, _, _, _, high, low], rest) = rest.split_first_chunk()?;
    let target = Name { message: bytes, at: bytes.len() - rest.len() };
    let (data, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes([*high, *low])))?;
    let record = Record { name, kind: u16::from_be_bytes([*k, *l]), data, target };
    Some((record, bytes.len() - rest.len()))
}

/// A domain name where it stands in its message, which compression may point elsewhere.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Name<'a> {
    message: &'a [u8],
    at: usize,
}

impl<'a> Name<'a> {
    /// The name that stands at a place of a message of another protocol.
    pub const fn at(message: &'a [u8], at: usize) -> Self {
        Name { message, at }
    }

    /// Calls `visit` with each label. `None` if the name is malformed.
    ///
    /// Ends always: labels add up to a name's greatest length, and each pointer must lead to before
    /// the place that the last one led to ("a prior occurrence", RFC 1035 §4.1.4).
    pub fn labels(self, mut visit: impl FnMut(&'a [u8])) -> Option<()> {
        let (mut at, mut lowest, mut octets) = (self.at, self.at, 0);
        loop {
            let rest = self.message.get(at..)?;
            match rest {
                [0, ..] => return Some(()),
                [length @ 1..=0x3f, rest @ ..] => {
                    let label = rest.get(..usize::from(*length))?;
                    at += 1 + label.len();
                    octets += 1 + label.len();
                    if octets > NAME_OCTETS_MAX {
                        return None;
                    }
                    visit(label);
                }
                [high @ 0xc0..=0xff, low, ..] => {
                    let target = usize::from(u16::from_be_bytes([high & 0x3f, *low]));
                    if target >= lowest {
                        return None;
                    }
                    (at, lowest) = (target, target);
                }
                _ => return None,
            }
        }
    }

    /// Where the name ends in its own place; a pointer is not followed.
    fn end(self) -> Option<usize> {
        let mut at = self.at;
        loop {
            match *self.message.get(at)? {
                0 => return Some(at + 1),
                length @ 1..=0x3f => at += 1 + usize::from(length),
                0xc0.. => return Some(at + 2),
                _ => return None,
            }
        }
    }

    /// The name in lower case with dots. `None` if it is malformed, is the root, or has a label
    /// that would not be told apart in that form.
    pub fn text(self) -> Option<CompactString> {
        let mut text = String::new();
        let mut legible = true;
        self.labels(|label| match std::str::from_utf8(label) {
            Ok(label) if !label.contains('.') => {
                text.push_str(label);
                text.push('.');
            }
            _ => legible = false,
        })?;
        legible.then(|| wording::host_name(&text)).flatten()
    }

    /// True if the name can be read to its end.
    pub fn is_sound(self) -> bool {
        self.labels(|_| ()).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(message: &[u8], at: usize) -> Option<CompactString> {
        Name { message, at }.text()
    }

    #[test]
    fn names_are_read_through_pointers() {
        let message = b"\x07Example\x03com\x00\x03www\xc0\x00\xc0\x0d";
        assert_eq!(name(message, 0).as_deref(), Some("example.com"));
        assert_eq!(name(message, 13).as_deref(), Some("www.example.com"));
        assert_eq!(name(message, 19).as_deref(), Some("www.example.com"));
    }

    #[test]
    fn pointers_lead_only_backwards() {
        assert_eq!(name(b"\xc0\x00", 0), None, "to itself");
        assert_eq!(name(b"\xc0\x02\x01a\x00", 0), None, "forwards");
        assert_eq!(name(b"\x01a\xc0\x00", 2), None, "into a loop");
        assert_eq!(name(b"\x01a\x00\xc0\x00\xc0\x03", 5).as_deref(), Some("a"), "twice");
    }

    #[test]
    fn a_name_has_at_most_255_octets() {
        let label = [&[63u8][..], &[b'a'; 63]].concat();
        let long = [label.repeat(4), vec![0]].concat();
        assert_eq!(name(&long, 0), None);
        let longest = [label.repeat(3), vec![61], vec![b'a'; 61], vec![0]].concat();
        assert_eq!(name(&longest, 0).map(|name| name.len()), Some(253));
    }

    #[test]
    fn odd_labels_are_no_names() {
        assert_eq!(name(b"\x03a.b\x00", 0), None, "a dot inside a label");
        assert_eq!(name(b"\x02\xff\xfe\x00", 0), None, "no text");
        assert_eq!(name(b"\x41a\x00", 0), None, "a label type that was never used");
        assert_eq!(name(b"\x00", 0), None, "the root");
    }
}
