//! What both sides of SSH agree on (RFC 4253 §7.1), and what is wrong with it.

use compact_str::{CompactString, format_compact};

use crate::model::{Pair, Role, SshPractice};

/// Key exchanges that RFC 9142 says must not or should not be used.
const WEAK_EXCHANGES: &[&str] = &[
    "diffie-hellman-group1-sha1",
    "diffie-hellman-group14-sha1",
    "diffie-hellman-group-exchange-sha1",
    "gss-group1-sha1-toWM5Slw5Ew8Mqkay+al2g==",
    "rsa1024-sha1",
];

/// Ciphers with blocks or keys too short (RFC 8758; Sweet32 for those of 64-bit blocks).
const WEAK_CIPHERS: &[&str] = &[
    "arcfour",
    "arcfour128",
    "arcfour256",
    "3des-cbc",
    "blowfish-cbc",
    "cast128-cbc",
    "des-cbc",
    "idea-cbc",
];

/// What says that a side resets its counters at the first keys (OpenSSH's PROTOCOL file, §1.10).
const STRICT: Pair<&str> = Pair::new("kex-strict-c-v00@openssh.com", "kex-strict-s-v00@openssh.com");

/// Bits of an RSA key that is long enough (NIST SP 800-131A).
const RSA_BITS_MIN: usize = 2048;

/// The lists of a KEXINIT that are looked at.
struct Offer<'a> {
    exchanges: &'a str,
    host_keys: &'a str,
    /// From client to server, and back.
    ciphers: [&'a str; 2],
    macs: [&'a str; 2],
}

/// A string: a length of four bytes, then so many (RFC 4251 §5).
pub(super) fn string(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    rest.split_at_checked(u32::from_be_bytes(*length) as usize)
}

impl<'a> Offer<'a> {
    /// Reads the body of the message: a cookie, then the lists.
    fn parse(body: &'a [u8]) -> Option<Offer<'a>> {
        let mut rest = body.get(16..)?;
        let mut list = || {
            let (list, after) = string(rest)?;
            rest = after;
            std::str::from_utf8(list).ok()
        };
        Some(Offer {
            exchanges: list()?,
            host_keys: list()?,
            ciphers: [list()?, list()?],
            macs: [list()?, list()?],
        })
    }

    fn has(&self, exchange: &str) -> bool {
        self.exchanges.split(',').any(|known| known == exchange)
    }
}

/// The first name of the client's list that the server's has too.
fn agreed<'a>(client: &'a str, server: &str) -> Option<&'a str> {
    client.split(',').find(|name| server.split(',').any(|known| known == *name))
}

/// Something wrong, whose fault it is, and what a person reads of it.
pub(super) type Weakness = (SshPractice, Role, CompactString);

/// What is wrong with what two offers come to.
pub(super) fn weaknesses(offers: &Pair<Vec<u8>>) -> Vec<Weakness> {
    let (Some(client), Some(server)) = (Offer::parse(&offers.first), Offer::parse(&offers.second)) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    let mut tell = |practice, at_fault, what: CompactString| {
        if !found.iter().any(|(known, _, _)| *known == practice) {
            found.push((practice, at_fault, what));
        }
    };
    if let Some(exchange) = agreed(client.exchanges, server.exchanges)
        && WEAK_EXCHANGES.contains(&exchange)
    {
        tell(SshPractice::KeyExchange, Role::Server, format_compact!("key exchange {exchange}"));
    }
    if let Some(key) = agreed(client.host_keys, server.host_keys)
        && matches!(key, "ssh-dss" | "ssh-rsa")
    {
        tell(SshPractice::HostKey, Role::Server, format_compact!("host key {key}"));
    }
    for direction in [0, 1] {
        let cipher = one(&client.ciphers, &server.ciphers, direction).unwrap_or_default();
        let mac = one(&client.macs, &server.macs, direction).unwrap_or_default();
        if cipher == "none" {
            tell(SshPractice::NoCipher, Role::Server, "cipher none".into());
        } else if WEAK_CIPHERS.contains(&cipher) {
            tell(SshPractice::Cipher, Role::Server, format_compact!("cipher {cipher}"));
        }
        let weak = mac == "none" || mac.starts_with("hmac-md5") || mac.starts_with("hmac-sha1-96");
        if weak && !brings_its_own_mac(cipher) {
            tell(SshPractice::Mac, Role::Server, format_compact!("MAC {mac}"));
        }
        let prone = cipher == "chacha20-poly1305@openssh.com"
            || cipher.ends_with("-cbc") && mac.ends_with("-etm@openssh.com");
        let lax = match (client.has(STRICT.first), server.has(STRICT.second)) {
            (_, false) => Some(Role::Server),
            (false, true) => Some(Role::Client),
            (true, true) => None,
        };
        if let Some(lax) = lax.filter(|_| prone) {
            tell(SshPractice::Terrapin, lax, format_compact!("{cipher} without strict key exchange"));
        }
    }
    found
}

fn one<'a>(client: &[&'a str; 2], server: &[&str; 2], direction: usize) -> Option<&'a str> {
    agreed(client.get(direction)?, server.get(direction)?)
}

/// Ciphers that authenticate by themselves; what is agreed on as MAC is not used with them.
fn brings_its_own_mac(cipher: &str) -> bool {
    cipher.contains("gcm") || cipher.starts_with("chacha20-poly1305")
}

/// An RSA host key that is too short, in the server's answer of a key exchange: the key comes first
/// (RFC 4253 §8), and in it the name of its kind, the exponent, the modulus (§6.6).
pub(super) fn small_host_key(answer: &[u8]) -> Option<Weakness> {
    let (key, _) = string(answer)?;
    let (kind, rest) = string(key)?;
    let (_exponent, rest) = string(rest)?;
    let (modulus, _) = string(rest)?;
    let significant = modulus.get(modulus.iter().position(|byte| *byte != 0)?..)?;
    let bits = significant.len() * 8 - significant.first()?.leading_zeros() as usize;
    let weak = kind == b"ssh-rsa" && bits < RSA_BITS_MIN;
    let practice = SshPractice::SmallHostKey { bits: u16::try_from(bits).ok()? };
    weak.then(|| (practice, Role::Server, format_compact!("RSA host key of {bits} bits")))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::protocol::ssh) fn name_list(list: &str) -> Vec<u8> {
        [&(list.len() as u32).to_be_bytes()[..], list.as_bytes()].concat()
    }

    /// A KEXINIT's body with the same cipher and MAC both ways.
    pub(in crate::protocol::ssh) fn offer([exchanges, keys, ciphers, macs]: [&str; 4]) -> Vec<u8> {
        let lists = [exchanges, keys, ciphers, ciphers, macs, macs, "none", "none", "", ""];
        let lists: Vec<u8> = lists.into_iter().flat_map(name_list).collect();
        [&[7; 16][..], &lists, &[0; 5]].concat()
    }

    const GOOD: [&str; 4] = ["curve25519-sha256", "ssh-ed25519", "aes256-ctr", "hmac-sha2-256"];

    fn check(client: [&str; 4], server: [&str; 4], expected: &[(SshPractice, Role)]) {
        let found = weaknesses(&Pair::new(offer(client), offer(server)));
        let found: Vec<_> = found.into_iter().map(|(practice, role, _)| (practice, role)).collect();
        assert_eq!(found, expected, "{client:?} {server:?}");
    }

    #[test]
    fn the_client_s_first_choice_counts_that_the_server_has_too() {
        let both = ["diffie-hellman-group14-sha1,curve25519-sha256", "ssh-rsa", "3des-cbc", "hmac-md5"];
        check(GOOD, GOOD, &[]);
        check(
            both,
            both,
            &[
                (SshPractice::KeyExchange, Role::Server),
                (SshPractice::HostKey, Role::Server),
                (SshPractice::Cipher, Role::Server),
                (SshPractice::Mac, Role::Server),
            ],
        );
        // The same lists the other way about: the better one is the client's first.
        check([both[0], GOOD[1], GOOD[2], GOOD[3]], GOOD, &[]);
        check(GOOD, both, &[]);
    }

    #[test]
    fn near_misses_are_sound() {
        let with = |place: usize, name: &'static str| {
            let mut offer = GOOD;
            offer[place] = name;
            offer
        };
        for (place, name) in
            [(0, "diffie-hellman-group14-sha256"), (1, "rsa-sha2-256"), (2, "aes128-cbc"), (3, "hmac-sha1")]
        {
            check(with(place, name), with(place, name), &[]);
        }
        let gcm = ["curve25519-sha256", "ssh-ed25519", "aes128-gcm@openssh.com", "hmac-md5"];
        check(gcm, gcm, &[]);
        check(with(2, "none"), with(2, "none"), &[(SshPractice::NoCipher, Role::Server)]);
    }

    #[test]
    fn messages_can_be_cut_unless_both_are_strict() {
        let cipher = "chacha20-poly1305@openssh.com";
        let plain = ["curve25519-sha256", "ssh-ed25519", cipher, "hmac-sha2-256"];
        let strict = |role: Role| {
            let name = [
                "curve25519-sha256,kex-strict-c-v00@openssh.com",
                "curve25519-sha256,kex-strict-s-v00@openssh.com",
            ];
            [name[usize::from(role == Role::Server)], "ssh-ed25519", cipher, "hmac-sha2-256"]
        };
        check(plain, plain, &[(SshPractice::Terrapin, Role::Server)]);
        check(plain, strict(Role::Server), &[(SshPractice::Terrapin, Role::Client)]);
        check(strict(Role::Client), strict(Role::Server), &[]);
        let etm = ["curve25519-sha256", "ssh-ed25519", "aes256-cbc", "hmac-sha2-256-etm@openssh.com"];
        check(etm, etm, &[(SshPractice::Terrapin, Role::Server)]);
    }

    #[test]
    fn a_host_key_is_measured() {
        let number = |len: usize| [&[0, 0, 1, 1][..], &[0], &vec![0xc5; len]].concat();
        let answer = |kind: &str, len: usize| {
            let mut modulus = number(len);
            modulus[..4].copy_from_slice(&(len as u32 + 1).to_be_bytes());
            let key = [name_list(kind), vec![0, 0, 0, 3, 1, 0, 1], modulus].concat();
            [&(key.len() as u32).to_be_bytes()[..], &key].concat()
        };
        let small = small_host_key(&answer("ssh-rsa", 128)).map(|(practice, _, _)| practice);
        assert_eq!(small, Some(SshPractice::SmallHostKey { bits: 1024 }));
        assert_eq!(small_host_key(&answer("ssh-rsa", 256)), None);
        assert_eq!(small_host_key(&answer("ssh-xyz", 128)), None);
        assert_eq!(small_host_key(&answer("ssh-rsa", 128)[..60]), None);
    }
}
