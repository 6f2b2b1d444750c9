//! The protection of Initial packets (RFC 9001 §5). Its keys are made from an id that the client's
//! first packet carries in clear, so that everybody on the path can read what both sides say first.

use ring::aead::{self, Aad, LessSafeKey, Nonce, UnboundKey, quic};
use ring::hkdf::{HKDF_SHA256, KeyType, Prk, Salt};

use super::packet::{Packet, Version};
use crate::model::Pair;

/// RFC 9001 §5.2.
const SALT_1: [u8; 20] = [
    0x38, 0x76, 0x2c, 0xf7, 0xf5, 0x59, 0x34, 0xb3, 0x4d, 0x17, 0x9a, 0xe6, 0xa4, 0xc8, 0x0c, 0xad, 0xcc,
    0xbb, 0x7f, 0x0a,
];

/// RFC 9369 §3.3.1.
const SALT_2: [u8; 20] = [
    0x0d, 0xed, 0xe3, 0xde, 0xf7, 0x00, 0xa6, 0xdb, 0x81, 0x93, 0x81, 0xbe, 0x6e, 0x26, 0x9d, 0xcb, 0xf9,
    0xbd, 0x2e, 0xd9,
];

/// How many bytes to derive.
struct Length(usize);

impl KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

/// HKDF-Expand-Label without a context (RFC 8446 §7.1).
fn expand<const N: usize>(secret: &Prk, label: &str) -> Option<[u8; N]> {
    let length = u16::try_from(N).ok()?.to_be_bytes();
    let label_len = [u8::try_from("tls13 ".len() + label.len()).ok()?];
    let info = [&length[..], &label_len, b"tls13 ", label.as_bytes(), &[0]];
    let mut derived = [0; N];
    secret.expand(&info, Length(N)).ok()?.fill(&mut derived).ok()?;
    Some(derived)
}

/// What one side's Initial packets are protected with.
pub(super) struct Key {
    header: quic::HeaderProtectionKey,
    packet: LessSafeKey,
    iv: [u8; aead::NONCE_LEN],
}

/// The keys of both sides, made from the id that a client's first packet is for. Computing them takes
/// about as long as hashing a kilobyte.
pub(super) fn keys(version: Version, destination: &[u8]) -> Option<Pair<Key>> {
    let salt = match version {
        Version::One => SALT_1,
        Version::Two => SALT_2,
    };
    let initial = Salt::new(HKDF_SHA256, &salt).extract(destination);
    let key = |label| Key::new(version, &Prk::new_less_safe(HKDF_SHA256, &expand::<32>(&initial, label)?));
    Some(Pair::new(key("client in")?, key("server in")?))
}

impl Key {
    fn new(version: Version, secret: &Prk) -> Option<Key> {
        let [key, iv, header] = match version {
            Version::One => ["quic key", "quic iv", "quic hp"],
            Version::Two => ["quicv2 key", "quicv2 iv", "quicv2 hp"],
        };
        let header = expand::<16>(secret, header)?;
        let key = UnboundKey::new(&aead::AES_128_GCM, &expand::<16>(secret, key)?).ok()?;
        Some(Key {
            header: quic::HeaderProtectionKey::new(&quic::AES_128, &header).ok()?,
            packet: LessSafeKey::new(key),
            iv: expand(secret, iv)?,
        })
    }

    /// What is inside, if the packet was protected by this key; nothing else opens.
    ///
    /// Packet numbers are cut to what the receiver needs (RFC 9000 §17.1). Those of Initial packets
    /// begin at 0 and stay below 256, so that what is written is all of it.
    pub(super) fn open(&self, packet: &Packet<'_>) -> Option<Vec<u8>> {
        let sample = packet.bytes.get(packet.number_at + 4..)?.get(..16)?;
        let [first_mask, number_mask @ ..] = self.header.new_mask(sample).ok()?;
        let first = packet.bytes.first()? ^ first_mask & 0x0f;
        let number_len = usize::from(first & 3) + 1;
        let (header, payload) = packet.bytes.split_at_checked(packet.number_at + number_len)?;
        let (mut header, mut payload) = (header.to_vec(), payload.to_vec());
        *header.first_mut()? = first;
        let mut number = 0;
        for (byte, mask) in header.iter_mut().skip(packet.number_at).zip(number_mask) {
            *byte ^= mask;
            number = number << 8 | u64::from(*byte);
        }
        let opened = self.packet.open_in_place(self.nonce(number), Aad::from(&header), &mut payload);
        let len = opened.ok()?.len();
        payload.truncate(len);
        Some(payload)
    }

    /// The packet number, added to the last eight bytes of the vector (RFC 9001 §5.3).
    fn nonce(&self, number: u64) -> Nonce {
        let mut nonce = self.iv;
        for (byte, of_number) in nonce.iter_mut().rev().zip(number.to_be_bytes().iter().rev()) {
            *byte ^= of_number;
        }
        Nonce::assume_unique_for_key(nonce)
    }

    /// Protects a packet as its sender would. `header` ends with the packet number.
    #[cfg(test)]
    pub(super) fn seal(&self, header: &[u8], number_len: usize, payload: &[u8]) -> Vec<u8> {
        let number_at = header.len() - number_len;
        let number = header[number_at..].iter().fold(0, |number, byte| number << 8 | u64::from(*byte));
        let mut sealed = payload.to_vec();
        self.packet.seal_in_place_append_tag(self.nonce(number), Aad::from(header), &mut sealed).unwrap();
        let mut packet = [header, &sealed].concat();
        let mask = self.header.new_mask(&packet[number_at + 4..][..16]).unwrap();
        packet[0] ^= mask[0] & 0x0f;
        for (byte, mask) in packet[number_at..][..number_len].iter_mut().zip(&mask[1..]) {
            *byte ^= mask;
        }
        packet
    }
}
