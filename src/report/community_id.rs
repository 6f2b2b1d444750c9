//! Community ID version 1: a name for a flow that other tools give it too.
//! <https://github.com/corelight/community-id-spec>

use sha1::{Digest, Sha1};

use crate::model::{FlowKey, Side, Transport};

/// The Community ID of a flow with the default seed, 0. The two ends are hashed in the order of
/// address and port, which is the order of a [`FlowKey`].
pub fn community_id(key: &FlowKey) -> String {
    let mut hash = Sha1::new();
    hash.update([0, 0]);
    for side in [Side::A, Side::B] {
        match key.address(side).ip() {
            std::net::IpAddr::V4(v4) => hash.update(v4.octets()),
            std::net::IpAddr::V6(v6) => hash.update(v6.octets()),
        }
    }
    let protocol = match key.transport {
        Transport::Tcp => 6,
        Transport::Udp => 17,
        Transport::Sctp => 132,
    };
    hash.update([protocol, 0]);
    hash.update(key.a.port.to_be_bytes());
    hash.update(key.b.port.to_be_bytes());
    format!("1:{}", base64(&hash.finalize()))
}

/// Base64 with padding (RFC 4648 §4).
fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let byte = |place: usize| u32::from(chunk.get(place).copied().unwrap_or_default());
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for place in 0..4 {
            let digit = (bits >> (18 - 6 * place) & 63) as usize;
            let letter = ALPHABET.get(digit).filter(|_| place <= chunk.len());
            text.push(letter.map_or('=', |letter| char::from(*letter)));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;
    use crate::model::{Endpoint, Realm};

    fn key(transport: Transport, one: (&str, u16), other: (&str, u16)) -> FlowKey {
        let end = |(address, port): (&str, u16)| Endpoint {
            address: address.parse::<IpAddr>().unwrap().into(),
            port,
        };
        FlowKey::of(Realm::DEFAULT, transport, end(one), end(other)).0
    }

    #[test]
    fn base64_is_padded() {
        assert_eq!([b"".as_slice(), b"f", b"fo", b"foo"].map(base64), ["", "Zg==", "Zm8=", "Zm9v"]);
    }

    #[test]
    fn is_what_others_say() {
        let cases = [
            (Transport::Tcp, 6, ("128.232.110.120", 34855), ("66.35.250.204", 80)),
            (Transport::Tcp, 6, ("10.0.0.1", 80), ("10.0.0.1", 79)),
            (Transport::Udp, 17, ("192.168.1.52", 54585), ("8.8.8.8", 53)),
            (Transport::Sctp, 132, ("192.168.170.8", 7), ("192.168.170.56", 80)),
            (Transport::Tcp, 6, ("2001:db8::9", 443), ("2001:db8::1:1", 50000)),
        ];
        for (transport, protocol, one, other) in cases {
            let id = |one: (&str, u16), other: (&str, u16)| {
                let (source, destination) = (one.0.parse().unwrap(), other.0.parse().unwrap());
                community_id::calculate_community_id(
                    0,
                    source,
                    destination,
                    Some(one.1),
                    Some(other.1),
                    protocol,
                    Default::default(),
                )
                .unwrap()
            };
            assert_eq!(community_id(&key(transport, one, other)), id(one, other));
            assert_eq!(community_id(&key(transport, other, one)), id(one, other));
        }
        // The specification's own example.
        assert_eq!(
            community_id(&key(Transport::Tcp, ("128.232.110.120", 34855), ("66.35.250.204", 80))),
            "1:LQU9qZlK+B5F3KDmev6m5PMibrg="
        );
    }
}
