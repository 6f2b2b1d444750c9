//! The names that a message gives to addresses.

use compact_str::CompactString;
use smallvec::{SmallVec, smallvec};

use crate::model::{Address, NameSource, NamedThing, Observation};
use crate::protocol::Seen;

use super::message::{Message, Name, Record, kind};

/// Names told of one message: 64 of at most 253 bytes are 16 KB. Real answers hold about a dozen.
const NAMES_PER_MESSAGE_MAX: usize = 64;

/// Aliases of one name that are followed; resolvers stop at about as many.
const ALIASES_MAX: usize = 16;

/// Tells the names in a response's answers and additional records. The name that was asked for and
/// every alias on the way to an address (CNAME) are names of that address as much as its own is.
pub(crate) fn tell(message: &Message<'_>, source: NameSource, seen: &mut Seen) {
    if !message.flags.response() || message.flags.reply_code() != 0 {
        return;
    }
    let aliases = aliases(message);
    let mut told = 0;
    let naming = |record: &Record<'_>| matches!(record.kind, kind::A | kind::AAAA | kind::PTR);
    for record in message.records().filter(naming) {
        let Some(own) = record.name.text() else { continue };
        let (address, names): (_, SmallVec<[CompactString; 4]>) = match (record.kind, address_of(&record)) {
            (kind::A | kind::AAAA, Some(address)) if aliases.contains(&own) => (address, aliases.clone()),
            (kind::A | kind::AAAA, Some(address)) => (address, smallvec![own]),
            (kind::PTR, _) => {
                // Where a reverse zone is delegated in parts, its names are aliases too (RFC 2317).
                let asked = aliases.contains(&own).then(|| aliases.first()).flatten();
                let address = reverse(&own).or_else(|| reverse(asked?));
                let (Some(address), Some(name)) = (address, record.target.text()) else { continue };
                (address, smallvec![name])
            }
            _ => continue,
        };
        if address.is_unspecified() || address.is_group() {
            continue;
        }
        for name in names {
            if told == NAMES_PER_MESSAGE_MAX {
                return;
            }
            told += 1;
            seen.push(Observation::Name { of: NamedThing::Address(address), name, source });
        }
    }
}

/// The name asked for, and the names that its aliases lead to. Empty unless one name was asked for.
fn aliases(message: &Message<'_>) -> SmallVec<[CompactString; 4]> {
    let [1, ..] = message.counts else { return SmallVec::new() };
    let mut names: SmallVec<_> =
        message.question().and_then(|question| question.name.text()).into_iter().collect();
    for record in message.answers().filter(|record| record.kind == kind::CNAME) {
        let leads_on = record.name.text().is_some_and(|name| names.contains(&name));
        if let Some(target) = Name::text(record.target).filter(|target| leads_on && !names.contains(target)) {
            names.push(target);
        }
        if names.len() > ALIASES_MAX {
            break;
        }
    }
    names
}

fn address_of(record: &Record<'_>) -> Option<Address> {
    match record.kind {
        kind::A => <[u8; 4]>::try_from(record.data).ok().map(Address::from),
        kind::AAAA => <[u8; 16]>::try_from(record.data).ok().map(Address::from),
        _ => None,
    }
}

/// The address that a name in `in-addr.arpa` (RFC 1035 §3.5) or `ip6.arpa` (RFC 3596 §2.5) is about.
fn reverse(name: &str) -> Option<Address> {
    if let Some(digits) = name.strip_suffix(".in-addr.arpa") {
        let mut octets = [0u8; 4];
        let mut parts = digits.split('.');
        for octet in octets.iter_mut().rev() {
            *octet = parts.next()?.parse().ok()?;
        }
        return parts.next().is_none().then(|| octets.into());
    }
    let digits = name.strip_suffix(".ip6.arpa")?;
    let mut bits = 0u128;
    let mut count = 0;
    for digit in digits.rsplit('.') {
        let [digit] = digit.as_bytes() else { return None };
        bits = bits << 4 | u128::from(char::from(*digit).to_digit(16)?);
        count += 1;
    }
    (count == 32).then(|| bits.to_be_bytes().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reverse_names_are_addresses() {
        let check = |name: &str, address: Option<&str>| {
            let expected = address.map(|address| Address::from(address.parse::<std::net::IpAddr>().unwrap()));
            assert_eq!(reverse(name), expected, "{name}");
        };
        check("7.2.0.10.in-addr.arpa", Some("10.0.2.7"));
        let v6 = "4.c.d.4.1.e.e.f.f.f.6.d.c.3.8.8.5.3.2.8.c.3.0.c.e.9.2.4.2.5.d.f.ip6.arpa";
        check(v6, Some("fd52:429e:c03c:8235:883c:d6ff:fee1:4dc4"));
        for name in ["2.0.10.in-addr.arpa", "1.7.2.0.10.in-addr.arpa", "256.2.0.10.in-addr.arpa"] {
            check(name, None);
        }
        check("4.c.d.ip6.arpa", None);
        check(&v6.replace("4.c.d", "4.cd"), None);
        check("10.0.2.7", None);
    }
}
