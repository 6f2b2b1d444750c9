//! Packets with a long header (RFC 9000 §17.2), which is all that a handshake needs. Their types and
//! lengths are in clear; several may share a datagram (§12.2).

use crate::protocol::tls::reader::Reader;

/// Bytes of a connection's id (RFC 9000 §17.2).
pub(super) const ID_BYTES_MAX: usize = 20;

/// Bytes after the header that every protected packet has at least: four from which the packet number
/// is taken, sixteen as the sample that protects it (RFC 9001 §5.4.2).
const PROTECTED_BYTES_MIN: usize = 20;

/// The bit of a long header, and the one that is fixed.
const LONG: u8 = 0x80;
const FIXED: u8 = 0x40;

/// Versions whose handshake can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Version {
    /// RFC 9000.
    One,
    /// RFC 9369.
    Two,
}

impl Version {
    const fn from_wire(code: u32) -> Option<Version> {
        match code {
            1 => Some(Version::One),
            0x6b33_43cf => Some(Version::Two),
            _ => None,
        }
    }
}

/// What a packet is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// The hello messages, under keys that everybody can compute.
    Initial {
        /// With a token, which only a client sends (RFC 9000 §17.2.2).
        token: bool,
    },
    /// What a client says before it was answered.
    ZeroRtt,
    /// The rest of the handshake, encrypted.
    Handshake,
    /// The server wants to see the client's address proven first.
    Retry,
}

impl Kind {
    /// The two bits of a type, which version 2 counts from another place (RFC 9369 §3.2).
    const fn from_wire(version: Version, bits: u8) -> Kind {
        match (version, bits & 3) {
            (Version::One, 0) | (Version::Two, 1) => Kind::Initial { token: false },
            (Version::One, 1) | (Version::Two, 2) => Kind::ZeroRtt,
            (Version::One, 2) | (Version::Two, 3) => Kind::Handshake,
            _ => Kind::Retry,
        }
    }
}

/// A packet with a long header.
#[derive(Debug)]
pub(super) struct Packet<'a> {
    pub(super) version: Version,
    pub(super) kind: Kind,
    /// Whom it is for. In a client's first packet, what the keys are made of.
    pub(super) destination: &'a [u8],
    /// From its first byte to its last.
    pub(super) bytes: &'a [u8],
    /// Where in it the packet number begins, and protection with it.
    pub(super) number_at: usize,
}

impl<'a> Packet<'a> {
    /// Takes the next packet; `None` if what comes is none, or not whole.
    pub(super) fn take(reader: &mut Reader<'a>) -> Option<Packet<'a>> {
        let all = reader.rest();
        let first = reader.u8()?;
        if first & (LONG | FIXED) != LONG | FIXED {
            return None;
        }
        let version = Version::from_wire(reader.u32()?)?;
        let destination = connection_id(reader)?;
        connection_id(reader)?;
        let mut kind = Kind::from_wire(version, first >> 4);
        if kind == Kind::Retry {
            // A token, and sixteen bytes that prove it whole (RFC 9000 §17.2.5): the rest of the datagram.
            let number_at = all.len();
            return (reader.take(reader.rest().len())?.len() > 16).then_some(Packet {
                version,
                kind,
                destination,
                bytes: all,
                number_at,
            });
        }
        if let Kind::Initial { token } = &mut kind {
            let len = reader.varint()?;
            *token = !reader.take(usize::try_from(len).ok()?)?.is_empty();
        }
        let len = usize::try_from(reader.varint()?).ok()?;
        let number_at = all.len() - reader.rest().len();
        let protected = reader.take(len)?;
        let bytes = all.get(..number_at + len)?;
        (protected.len() >= PROTECTED_BYTES_MIN).then_some(Packet {
            version,
            kind,
            destination,
            bytes,
            number_at,
        })
    }
}

fn connection_id<'a>(reader: &mut Reader<'a>) -> Option<&'a [u8]> {
    reader.vector8().filter(|id| id.len() <= ID_BYTES_MAX)
}

/// Is this a server's list of the versions that it speaks (RFC 9000 §17.2.1)? At least one of them must
/// be one that is known, because hardly anything else in it is fixed.
pub(super) fn is_negotiation(datagram: &[u8]) -> bool {
    let mut reader = Reader::new(datagram);
    let header = (|| {
        let first = reader.u8()?;
        let version = reader.u32()?;
        reader.vector8()?;
        reader.vector8()?;
        Some((first, version))
    })();
    let (versions, odd) = reader.rest().as_chunks::<4>();
    let known = |code: &[u8; 4]| Version::from_wire(u32::from_be_bytes(*code)).is_some();
    matches!(header, Some((LONG.., 0))) && odd.is_empty() && versions.iter().any(known)
}

/// The packets of a datagram that holds nothing but QUIC. All are for the same connection; a packet
/// with a short header may come last, and zeros may fill what is left.
pub(super) fn packets(datagram: &[u8]) -> Option<Vec<Packet<'_>>> {
    let mut reader = Reader::new(datagram);
    let first = Packet::take(&mut reader)?;
    let (version, destination) = (first.version, first.destination);
    let mut found = vec![first];
    loop {
        match reader.rest() {
            [] => break,
            [next, ..] if next & LONG != 0 => {
                let packet = Packet::take(&mut reader)?;
                if (packet.version, packet.destination) != (version, destination) {
                    return None;
                }
                found.push(packet);
            }
            [next, rest @ ..] if next & FIXED != 0 && rest.len() >= destination.len() => break,
            rest if rest.iter().all(|byte| *byte == 0) => break,
            _ => return None,
        }
    }
    Some(found)
}
