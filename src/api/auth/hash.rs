//! Argon2id, RFC 9106: what a token is kept as.

use argon2::password_hash::{self, PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};
use ring::rand::{SecureRandom, SystemRandom};

use super::token::NoRandomness;

/// Why nothing was hashed.
#[derive(Debug, thiserror::Error)]
pub enum HashError {
    /// What argon2 says.
    #[error("cannot hash the token: {0}")]
    Argon(password_hash::Error),
    /// No salt.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
}

impl From<password_hash::Error> for HashError {
    fn from(error: password_hash::Error) -> HashError {
        HashError::Argon(error)
    }
}

/// What one hash costs whoever makes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    memory_kibibytes: u32,
    passes: u32,
}

impl Cost {
    /// The least there is: for tests, whose tokens protect nothing.
    #[cfg(test)]
    pub(super) const LEAST: Cost = Cost { memory_kibibytes: Params::MIN_M_COST, passes: Params::MIN_T_COST };

    fn hasher(self) -> Result<Argon2<'static>, HashError> {
        let params =
            Params::new(self.memory_kibibytes, self.passes, 1, None).map_err(password_hash::Error::from)?;
        Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
    }
}

/// 19 MiB, 2 passes, 1 lane: the first of OWASP's equivalent settings, about 20 ms. Tokens are 160
/// random bits and would be safe behind a plain hash; this also covers a file that somebody wrote himself.
impl Default for Cost {
    fn default() -> Self {
        Cost { memory_kibibytes: 19 * 1_024, passes: 2 }
    }
}

/// The hash of a text in PHC notation, with a salt of its own.
pub(super) fn hash(text: &str, cost: Cost) -> Result<String, HashError> {
    let mut salt = [0; 16];
    SystemRandom::new().fill(&mut salt).map_err(|_| NoRandomness)?;
    let salt = SaltString::encode_b64(&salt)?;
    Ok(cost.hasher()?.hash_password(text.as_bytes(), &salt)?.to_string())
}

/// Whether a text is the one that was hashed. Compares in constant time; parameters are the hash's own.
pub(super) fn verify(text: &str, hash: &str) -> bool {
    PasswordHash::new(hash)
        .is_ok_and(|parsed| Argon2::default().verify_password(text.as_bytes(), &parsed).is_ok())
}

#[cfg(test)]
mod tests {
    use super::{Cost, hash, verify};

    #[test]
    fn only_the_same_text_verifies() {
        let kept = hash("open sesame", Cost::LEAST).unwrap();
        assert!(verify("open sesame", &kept));
        assert!(!verify("open barley", &kept));
        assert!(!verify("open sesame", "no hash"));
    }

    #[test]
    fn equal_texts_have_different_hashes() {
        assert_ne!(hash("a", Cost::LEAST).unwrap(), hash("a", Cost::LEAST).unwrap());
    }

    #[test]
    fn the_default_is_argon2id_with_19_mib() {
        let kept = hash("a", Cost::default()).unwrap();
        assert!(kept.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{kept}");
    }
}
