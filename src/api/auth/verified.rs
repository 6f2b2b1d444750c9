//! Tokens that were verified a short while ago: argon2 runs once a login, not once a question.
//!
//! What is kept is a keyed hash of token and record. It opens nothing outside this process, and a
//! record that was replaced no longer fits it.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use ring::hmac;
use ring::rand::SystemRandom;
use subtle::ConstantTimeEq;

use super::known::Holder;
use super::token::{NoRandomness, Token};

/// How long argon2 is spared. Revocation does not wait for it: the record is asked each time.
const KEPT: Duration = Duration::from_secs(600);
/// As many as there can be tokens in the file: 1,000 × about 100 bytes.
const ENTRIES_MAX: usize = 1_000;

type Tag = [u8; 32];

/// Keyed hashes, by token id.
pub(super) struct Verified {
    key: hmac::Key,
    entries: Mutex<HashMap<Arc<str>, (Tag, Duration)>>,
}

impl Verified {
    /// With a key of its own, that nobody else ever has.
    pub(super) fn new() -> Result<Verified, NoRandomness> {
        let key = hmac::Key::generate(hmac::HMAC_SHA256, &SystemRandom::new()).map_err(|_| NoRandomness)?;
        Ok(Verified { key, entries: Mutex::default() })
    }

    fn tag(&self, token: &Token, holder: &Holder) -> Tag {
        let mut context = hmac::Context::with_key(&self.key);
        // The token has a fixed length, so that no two pairs give the same bytes.
        context.update(token.text().as_bytes());
        context.update(holder.hash.as_bytes());
        let mut tag = [0; 32];
        tag.copy_from_slice(context.sign().as_ref());
        tag
    }

    /// Whether this token was verified against this record not long ago.
    pub(super) fn holds(&self, token: &Token, holder: &Holder, now: Duration) -> bool {
        let tag = self.tag(token, holder);
        let entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = entries.get(&holder.id);
        kept.is_some_and(|(kept, until)| now < *until && bool::from(kept.ct_eq(&tag)))
    }

    /// Keeps that it was verified now.
    pub(super) fn keep(&self, token: &Token, holder: &Holder, now: Duration) {
        let tag = self.tag(token, holder);
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        if entries.len() >= ENTRIES_MAX {
            entries.retain(|_, (_, until)| now < *until);
        }
        if entries.len() < ENTRIES_MAX {
            entries.insert(Arc::clone(&holder.id), (tag, now + KEPT));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::role::Role;
    use super::*;

    fn holder(token: &Token, hash: &str) -> Holder {
        Holder { id: token.id().into(), name: "one".into(), role: Role::Viewer, hash: hash.into() }
    }

    #[test]
    fn holds_for_the_same_token_and_record_and_time() {
        let verified = Verified::new().unwrap();
        let token = Token::generate().unwrap();
        let record = holder(&token, "hash");
        let start = Duration::ZERO;
        assert!(!verified.holds(&token, &record, start));
        verified.keep(&token, &record, start);
        assert!(verified.holds(&token, &record, start));
        assert!(!verified.holds(&token, &holder(&token, "another hash"), start), "the record was replaced");
        assert!(!verified.holds(&Token::generate().unwrap(), &record, start), "another secret under this id");
        assert!(!verified.holds(&token, &record, KEPT), "too long ago");
    }

    #[test]
    fn memory_is_bounded() {
        let verified = Verified::new().unwrap();
        for _ in 0..ENTRIES_MAX + 10 {
            let token = Token::generate().unwrap();
            verified.keep(&token, &holder(&token, "hash"), Duration::ZERO);
        }
        assert_eq!(verified.entries.lock().unwrap().len(), ENTRIES_MAX);
    }
}
