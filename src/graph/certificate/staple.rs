//! A response of OCSP (RFC 6960 §4.2.1), as far as it tells whether a certificate was revoked.

use crate::model::Timestamp;

/// Bytes of the longest response that is read; those of real servers have 2 KiB at most.
const RESPONSE_LEN_MAX: usize = 64 * 1024;

/// Responses of one message that are looked at; a stapled one has one.
const SINGLE_MAX: usize = 16;

/// What was said of a certificate. The order is that of what counts more, of two said at one time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StapleStatus {
    /// It was asked for, and nothing was said.
    Missing,
    /// Not revoked.
    Good,
    /// Not revoked, as far as somebody said so too long ago: a newer response should have been there.
    Stale,
    /// The responder does not know it.
    Unknown,
    /// Revoked.
    Revoked,
}

/// What a server stapled to its certificate. Of two, the later one is the greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Staple {
    /// Since when the response holds; [`Timestamp::MIN`] where there was none.
    pub since: Timestamp,
    /// What it says.
    pub status: StapleStatus,
    /// Until when a newer one will be there, if it says so.
    pub until: Option<Timestamp>,
}

impl StapleStatus {
    /// All of them.
    pub const ALL: [StapleStatus; 5] = [
        StapleStatus::Missing,
        StapleStatus::Good,
        StapleStatus::Stale,
        StapleStatus::Unknown,
        StapleStatus::Revoked,
    ];

    /// A word for it.
    pub const fn word(self) -> &'static str {
        match self {
            StapleStatus::Missing => "missing",
            StapleStatus::Good => "good",
            StapleStatus::Stale => "stale",
            StapleStatus::Unknown => "unknown",
            StapleStatus::Revoked => "revoked",
        }
    }
}

impl Staple {
    /// Nothing was stapled, though the client had asked.
    pub const MISSING: Staple = Staple { since: Timestamp::MIN, status: StapleStatus::Missing, until: None };

    /// What a response says of the certificate with a serial number (hexadecimal without leading zeros).
    pub fn read(response: &[u8], serial: &str) -> Option<Staple> {
        if response.len() > RESPONSE_LEN_MAX {
            return None;
        }
        let mut response = Reader(Reader(response).take(SEQUENCE)?);
        // Whether the responder could answer at all: 0 for yes.
        if response.take(ENUMERATED)? != [0] {
            return None;
        }
        let mut bytes = Reader(Reader(response.take(CONTEXT_0)?).take(SEQUENCE)?);
        bytes.take(OBJECT)?;
        let basic = bytes.take(OCTETS)?;
        let mut data = Reader(Reader(Reader(basic).take(SEQUENCE)?).take(SEQUENCE)?);
        // The version is left out as a rule; then come who answers, and when that was written.
        let mut tag = data.next()?.0;
        if tag == CONTEXT_0 {
            tag = data.next()?.0;
        }
        if !matches!(tag, CONTEXT_1 | CONTEXT_2) {
            return None;
        }
        data.take(TIME)?;
        let mut all = Reader(data.take(SEQUENCE)?);
        for _ in 0..SINGLE_MAX {
            let mut single = Reader(all.take(SEQUENCE)?);
            let mut of = Reader(single.take(SEQUENCE)?);
            of.take(SEQUENCE)?;
            of.take(OCTETS)?;
            of.take(OCTETS)?;
            if super::serial(of.take(INTEGER)?) == serial {
                return Staple::single(single);
            }
        }
        None
    }

    /// The same, shown at a moment: it says what it says for so long only.
    pub fn shown(self, at: Timestamp) -> Staple {
        let over = self.until.is_some_and(|until| until < at);
        match self.status {
            StapleStatus::Good if over => Staple { status: StapleStatus::Stale, ..self },
            _ => self,
        }
    }

    fn single(mut rest: Reader<'_>) -> Option<Staple> {
        let status = match rest.next()?.0 & 0x1f {
            0 => StapleStatus::Good,
            1 => StapleStatus::Revoked,
            _ => StapleStatus::Unknown,
        };
        let since = time(rest.take(TIME)?)?;
        let until = match rest.next() {
            Some((CONTEXT_0, until)) => Reader(until).take(TIME).and_then(time),
            _ => None,
        };
        Some(Staple { since, status, until })
    }
}

const INTEGER: u8 = 0x02;
const OCTETS: u8 = 0x04;
const OBJECT: u8 = 0x06;
const ENUMERATED: u8 = 0x0a;
const TIME: u8 = 0x18;
const SEQUENCE: u8 = 0x30;
const CONTEXT_0: u8 = 0xa0;
const CONTEXT_1: u8 = 0xa1;
const CONTEXT_2: u8 = 0xa2;

/// Elements of DER one behind the other.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// The tag and the content of the next element.
    fn next(&mut self) -> Option<(u8, &'a [u8])> {
        let ([tag, first], rest) = self.0.split_first_chunk()?;
        let (len, rest) = match *first {
            len if len < 0x80 => (usize::from(len), rest),
            0x81 => rest.split_first().map(|(len, rest)| (usize::from(*len), rest))?,
            0x82 => {
                rest.split_first_chunk().map(|(len, rest)| (usize::from(u16::from_be_bytes(*len)), rest))?
            }
            _ => return None,
        };
        let (content, rest) = rest.split_at_checked(len)?;
        self.0 = rest;
        Some((*tag, content))
    }

    /// The content of the next element, which must have this tag.
    fn take(&mut self, tag: u8) -> Option<&'a [u8]> {
        self.next().filter(|(found, _)| *found == tag).map(|(_, content)| content)
    }
}

/// `20260314100400Z`, the only form that DER allows without fractions.
fn time(text: &[u8]) -> Option<Timestamp> {
    let text = std::str::from_utf8(text).ok().filter(|text| text.len() == 15 && text.is_ascii())?;
    let part = |from: usize, to: usize| text.get(from..to).unwrap_or_default();
    let (date, clock) = ((part(0, 4), part(4, 6), part(6, 8)), (part(8, 10), part(10, 12), part(12, 15)));
    format!("{}-{}-{}T{}:{}:{}", date.0, date.1, date.2, clock.0, clock.1, clock.2).parse().ok()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    fn element(tag: u8, content: &[u8]) -> Vec<u8> {
        let len = u16::try_from(content.len()).unwrap();
        let len = if len < 0x80 { vec![len as u8] } else { [&[0x82][..], &len.to_be_bytes()].concat() };
        [&[tag][..], &len, content].concat()
    }

    /// A response about one serial number, as a responder writes it, its signature left out.
    pub(crate) fn response(status: u8, serial: &[u8], since: &str, until: &str) -> Vec<u8> {
        let algorithm = element(SEQUENCE, &element(OBJECT, &[0x2b, 0x0e, 3, 2, 0x1a]));
        let hash = element(OCTETS, &[7; 20]);
        let id = element(SEQUENCE, &[algorithm, hash.clone(), hash, element(INTEGER, serial)].concat());
        let revoked = element(TIME, b"20230101000000Z");
        let status = if status == 0xa1 { element(status, &revoked) } else { vec![status, 0] };
        let until = element(CONTEXT_0, &element(TIME, until.as_bytes()));
        let single = element(SEQUENCE, &[id, status, element(TIME, since.as_bytes()), until].concat());
        let by = element(CONTEXT_2, &element(OCTETS, &[9; 20]));
        let written = element(TIME, since.as_bytes());
        let data = element(SEQUENCE, &[by, written, element(SEQUENCE, &single)].concat());
        let bytes = [element(OBJECT, &[0x2b, 6, 1]), element(OCTETS, &element(SEQUENCE, &data))].concat();
        let bytes = element(CONTEXT_0, &element(SEQUENCE, &bytes));
        element(SEQUENCE, &[element(ENUMERATED, &[0]), bytes].concat())
    }

    #[test]
    fn a_response_is_read_for_its_certificate_only() {
        let (since, until) = ("20231110000000Z", "20231117000000Z");
        let read = |status| Staple::read(&response(status, &[0, 0x8a, 1], since, until), "8a01");
        let good = read(0x80).unwrap();
        assert_eq!((good.status, good.since), (StapleStatus::Good, "2023-11-10T00:00:00Z".parse().unwrap()));
        assert_eq!(good.until, Some("2023-11-17T00:00:00Z".parse().unwrap()));
        assert_eq!(read(0xa1).unwrap().status, StapleStatus::Revoked);
        assert_eq!(read(0x82).unwrap().status, StapleStatus::Unknown);
        assert_eq!(Staple::read(&response(0x80, &[1], since, until), "8a01"), None, "of another");
        assert_eq!(Staple::read(&element(SEQUENCE, &element(ENUMERATED, &[3])), "1"), None, "try later");
    }

    #[test]
    fn broken_responses_are_none() {
        let whole = response(0x80, &[1], "20231110000000Z", "20231117000000Z");
        for len in 0..whole.len() {
            assert_eq!(Staple::read(&whole[..len], "1"), None, "{len} bytes");
        }
        assert_eq!(Staple::read(&response(0x80, &[1], "20231310000000Z", "x"), "1"), None, "no such month");
        assert_eq!(Staple::read(&vec![0x30; RESPONSE_LEN_MAX + 1], "1"), None);
    }
}
