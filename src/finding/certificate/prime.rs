//! RSA keys whose primes can be found from the public keys alone.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use sha2::{Digest, Sha256};
use x509_parser::num_bigint::BigUint;

use crate::graph::Snapshot;

/// Keys that are compared with each other. One costs a division of the product of all by its square, here
/// some 0.3 ms; of 256, all together, a tenth of a second, once for each new set of keys.
const MODULI_MAX: usize = 256;

/// Odd primes below 168: the primes of Infineon's generator are powers of 65537 modulo each of them
/// (Nemec et al., The Return of Coppersmith's Attack, 2017, §2).
const ROCA_PRIMES: [u32; 38] = [
    3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103,
    107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167,
];

/// Bytes from which a modulus can bear the mark: 512 bits. Below, chance would be too likely, and every such
/// key is too short anyway.
const ROCA_LEN_MIN: usize = 64;

/// A modulus that bears the mark of the generator of CVE-2017-15361: so are its primes, and therefore their
/// product. Of sound keys one in some two hundred million does.
pub(super) fn is_roca(modulus: &[u8]) -> bool {
    modulus.len() >= ROCA_LEN_MIN
        && ROCA_PRIMES.iter().all(|prime| {
            let rest = modulus.iter().fold(0, |rest, byte| (rest * 256 + u32::from(*byte)) % prime);
            is_power(rest, *prime)
        })
}

/// A power of 65537 modulo a prime.
fn is_power(of: u32, prime: u32) -> bool {
    let mut power = 1;
    for _ in 0..prime {
        if power == of {
            return true;
        }
        power = power * (65_537 % prime) % prime;
    }
    false
}

/// Moduli of keys, as they are encoded.
type Moduli = Arc<BTreeSet<Box<[u8]>>>;

/// RSA keys of a map that share a prime with another: each of the two can then be factored.
pub(super) struct SharedPrimes {
    moduli: Moduli,
}

/// What was found of the last set of keys. A live map is judged every few seconds, and its keys hardly change.
static LAST: Mutex<Option<([u8; 32], Moduli)>> = Mutex::new(None);

impl SharedPrimes {
    /// Compares the keys of all certificates of a map, as far as they are few enough.
    pub(super) fn new(snapshot: &Snapshot) -> Self {
        let keys =
            snapshot.certificates.iter().filter_map(|certificate| certificate.facts.rsa_modulus.as_ref());
        let moduli: BTreeSet<&[u8]> = keys.take(MODULI_MAX).map(AsRef::as_ref).collect();
        let mut digest = Sha256::new();
        moduli.iter().for_each(|modulus| digest.update(modulus));
        let digest: [u8; 32] = digest.finalize().into();
        let mut last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
        match &*last {
            Some((known, found)) if *known == digest => SharedPrimes { moduli: Arc::clone(found) },
            _ => {
                let found = Arc::new(sharing(&moduli));
                *last = Some((digest, Arc::clone(&found)));
                SharedPrimes { moduli: found }
            }
        }
    }

    pub(super) fn contains(&self, modulus: &[u8]) -> bool {
        self.moduli.contains(modulus)
    }
}

/// Those that have a divisor in common with another: with P the product of all, a modulus n has one with
/// (P mod n²) / n, which is the product of the others modulo n (Bernstein, How to find smooth parts, 2004).
fn sharing(moduli: &BTreeSet<&[u8]>) -> BTreeSet<Box<[u8]>> {
    if moduli.len() < 2 {
        return BTreeSet::new();
    }
    let one = BigUint::from(1_u8);
    let numbers: Vec<(&[u8], BigUint)> = moduli
        .iter()
        .map(|modulus| (*modulus, BigUint::from_bytes_be(modulus)))
        .filter(|(_, number)| number.bit(0) && *number > one)
        .collect();
    let product: BigUint = numbers.iter().map(|(_, number)| number).product();
    let shares = |number: &BigUint| {
        let others = (&product % (number * number)) / number;
        greatest_common_divisor(number.clone(), others) > one
    };
    numbers.iter().filter(|(_, number)| shares(number)).map(|(modulus, _)| (*modulus).into()).collect()
}

fn greatest_common_divisor(mut one: BigUint, mut other: BigUint) -> BigUint {
    let zero = BigUint::from(0_u8);
    while other != zero {
        (one, other) = (other.clone(), one % other);
    }
    one
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mersenne(bits: u32) -> BigUint {
        (BigUint::from(1_u8) << bits) - BigUint::from(1_u8)
    }

    #[test]
    fn the_mark_of_a_broken_generator() {
        // A power of 65537 is one modulo every prime; 128 of them make 2,049 bits.
        let marked = BigUint::from(65_537_u32).pow(128);
        assert!(is_roca(&marked.to_bytes_be()));
        assert!(!is_roca(&(&marked + BigUint::from(2_u8)).to_bytes_be()), "the next odd number");
        assert!(!is_roca(&mersenne(2203).to_bytes_be()));
        assert!(!is_roca(&BigUint::from(65_537_u32).pow(20).to_bytes_be()), "too short to tell");
        assert!(!is_roca(&[]));
    }

    #[test]
    fn keys_that_share_a_prime_are_found_and_no_others() {
        // Products of Mersenne primes; the first two share 2^521 − 1.
        let keys = [(521, 607), (521, 1279), (127, 2203), (2281, 89)]
            .map(|(one, other)| (mersenne(one) * mersenne(other)).to_bytes_be());
        let [first, second, ..] = &keys;
        let found = sharing(&keys.iter().map(Vec::as_slice).collect());
        assert_eq!(found, BTreeSet::from([first.as_slice().into(), second.as_slice().into()]));
        assert!(sharing(&BTreeSet::from([first.as_slice()])).is_empty(), "one key alone");
        let strange: BTreeSet<&[u8]> = BTreeSet::from([&[][..], &[0], &[1], &[4]]);
        assert!(sharing(&strange).is_empty(), "no keys at all");
    }
}
