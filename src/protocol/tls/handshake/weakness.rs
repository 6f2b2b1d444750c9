//! What is wrong with a handshake besides its version and its suite.

use smallvec::SmallVec;

use crate::model::suites::{self, SuiteClasses};
use crate::model::{TlsPractice, TlsVersion};

use super::super::hello::{ClientHello, ServerHello};
use super::super::reader::Reader;

/// Extensions whose presence or absence tells something, by their IANA numbers.
mod extension {
    /// RFC 6520.
    pub(super) const HEARTBEAT: u16 = 0x000f;
    /// RFC 7366.
    pub(super) const ENCRYPT_THEN_MAC: u16 = 0x0016;
    /// RFC 7627.
    pub(super) const EXTENDED_MASTER_SECRET: u16 = 0x0017;
    /// RFC 8446 §4.2.10.
    pub(super) const EARLY_DATA: u16 = 0x002a;
    /// RFC 5746.
    pub(super) const RENEGOTIATION_INFO: u16 = 0xff01;
}

/// Values in a list of suites that are none: the client can renegotiate safely (RFC 5746 §3.3), and it
/// has tried a newer version before (RFC 7507 §2).
const RENEGOTIATION_SIGNAL: u16 = 0x00ff;
const FALLBACK_SIGNAL: u16 = 0x5600;

/// How the random of a server ends that could do TLS 1.3, or TLS 1.2, and agrees on less
/// (RFC 8446 §4.1.3).
const COULD_DO_13: [u8; 8] = *b"DOWNGRD\x01";
const COULD_DO_12: [u8; 8] = *b"DOWNGRD\x00";

/// Named curves of fewer than 224 bits (RFC 8422 §5.1.1).
const WEAK_CURVES: [std::ops::RangeInclusive<u16>; 2] = [1..=5, 15..=19];

/// Bits of a Diffie-Hellman prime that is long enough (RFC 9325 §4.1).
const PRIME_BITS_MIN: u16 = 2048;

/// Weaknesses of one message; hardly ever more than two.
pub(super) type Weaknesses = SmallVec<[TlsPractice; 4]>;

/// What a client's hello said that a server's answer is judged by.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Offer {
    version: Option<TlsVersion>,
    safe_renegotiation: bool,
    extended_master_secret: bool,
    early_data: bool,
}

impl Offer {
    pub(super) fn of(hello: &ClientHello<'_>) -> Offer {
        let has = |kind| hello.extensions.contains(&kind);
        Offer {
            version: hello.version(),
            safe_renegotiation: has(extension::RENEGOTIATION_INFO)
                || hello.suites.contains(&RENEGOTIATION_SIGNAL),
            extended_master_secret: has(extension::EXTENDED_MASTER_SECRET),
            early_data: has(extension::EARLY_DATA),
        }
    }

    /// A server that asks for another hello has refused early data (RFC 8446 §4.2.10).
    pub(super) fn refuse_early_data(&mut self) {
        self.early_data = false;
    }
}

/// What is wrong with what a client offers.
pub(super) fn of_offer(hello: &ClientHello<'_>) -> Weaknesses {
    let old = hello.version().filter(|version| version.is_outdated()).map(TlsPractice::OldClient);
    let fallback = hello.suites.contains(&FALLBACK_SIGNAL).then_some(TlsPractice::Fallback);
    old.into_iter().chain(fallback).collect()
}

/// What is wrong with what a server agreed on. Without the client's hello, what the server did not do
/// is nothing: nobody knows whether it was asked.
pub(super) fn of_answer(offer: Offer, hello: &ServerHello<'_>, version: TlsVersion) -> Weaknesses {
    let has = |kind| hello.extensions.contains(&kind);
    let hidden = matches!(version, TlsVersion::Tls13 | TlsVersion::Dtls13);
    if hidden {
        let early = offer.early_data && hello.pre_shared_key;
        return early.then_some(TlsPractice::EarlyData).into_iter().collect();
    }
    let whole = hello.well_formed;
    let cbc = suites::classes(hello.suite).contains(SuiteClasses::CBC);
    let datagrams = matches!(version, TlsVersion::Dtls10 | TlsVersion::Dtls12);
    let could_do = match hello.random_end {
        COULD_DO_13 => Some(TlsVersion::Tls13),
        COULD_DO_12 => Some(TlsVersion::Tls12),
        _ => None,
    };
    let downgraded = !datagrams
        && could_do.is_some_and(|most| most > version && offer.version.is_some_and(|asked| asked >= most));
    [
        (downgraded, TlsPractice::Downgrade),
        (whole && cbc && !has(extension::ENCRYPT_THEN_MAC), TlsPractice::MacThenEncrypt),
        (hello.compression != 0, TlsPractice::Compression),
        (
            whole && offer.safe_renegotiation && !has(extension::RENEGOTIATION_INFO),
            TlsPractice::InsecureRenegotiation,
        ),
        (has(extension::HEARTBEAT), TlsPractice::Heartbeat),
        (
            whole && offer.extended_master_secret && !has(extension::EXTENDED_MASTER_SECRET),
            TlsPractice::NoExtendedMasterSecret,
        ),
    ]
    .into_iter()
    .filter_map(|(holds, practice)| holds.then_some(practice))
    .collect()
}

/// What is wrong with a server's half of a Diffie-Hellman exchange and its signature (RFC 5246 §7.4.3,
/// RFC 8422 §5.4). What does not look as its suite says tells nothing.
pub(super) fn of_key_exchange(version: TlsVersion, suite: u16, body: &[u8]) -> Weaknesses {
    key_exchange(version, suite, body).unwrap_or_default()
}

fn key_exchange(version: TlsVersion, suite: u16, body: &[u8]) -> Option<Weaknesses> {
    let (exchange, _cipher) = suites::name(suite)?.split_once("_WITH_")?;
    let mut reader = Reader::new(body);
    let mut found = Weaknesses::new();
    if exchange.ends_with("_PSK") {
        // A hint of which key is meant (RFC 4279 §3, RFC 5489 §2).
        reader.vector16()?;
    }
    if exchange.starts_with("TLS_DHE_") || exchange.starts_with("TLS_DH_anon") {
        let bits = bits(reader.vector16()?);
        reader.vector16()?;
        reader.vector16()?;
        if (1..PRIME_BITS_MIN).contains(&bits) {
            found.push(TlsPractice::SmallGroup { bits });
        }
    } else if exchange.starts_with("TLS_ECDHE_") || exchange.starts_with("TLS_ECDH_anon") {
        // Only named curves: the others have gone out of use with RFC 8422.
        if reader.u8()? != 3 {
            return Some(found);
        }
        let curve = reader.u16()?;
        reader.vector8()?;
        if WEAK_CURVES.iter().any(|weak| weak.contains(&curve)) {
            found.push(TlsPractice::WeakCurve(curve));
        }
    } else {
        return Some(found);
    }
    if !reader.is_empty() {
        found.extend(signature(version, reader.rest()));
    }
    Some(found)
}

/// Is a handshake signed with a weak hash (RFC 9155)? Before TLS 1.2 the hash was not chosen.
pub(super) fn signature(version: TlsVersion, signed: &[u8]) -> Option<TlsPractice> {
    match (version, signed) {
        (TlsVersion::Tls12 | TlsVersion::Dtls12, [hash @ (1 | 2), 1..=3, ..]) => {
            Some(TlsPractice::WeakSignature { hash: *hash })
        }
        _ => None,
    }
}

/// Bits of a number, most significant byte first.
fn bits(number: &[u8]) -> u16 {
    let significant = number.iter().position(|byte| *byte != 0).and_then(|zeros| number.get(zeros..));
    let Some([first, rest @ ..]) = significant else { return 0 };
    u16::try_from(rest.len() * 8 + 8 - first.leading_zeros() as usize).unwrap_or(u16::MAX)
}

/// Does a heartbeat in clear ask for more than it sent (RFC 6520 §4)? A type of 1, the length that it
/// says its payload has, then the payload and at least sixteen bytes of padding.
pub(super) fn asks_for_too_much(heartbeat: &[u8]) -> bool {
    let [1, high, low, rest @ ..] = heartbeat else { return false };
    usize::from(u16::from_be_bytes([*high, *low])) > rest.len()
}

#[cfg(test)]
mod tests;
