//! Sessions of the page: a cookie instead of a token, for a while.
//!
//! They live in memory only: when the sensor starts anew, everybody logs in again.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use ring::hmac;
use ring::rand::SystemRandom;

use super::known::{Holder, Known};
use super::principal::{Principal, Way};
use super::token::{NoRandomness, random_letters};

/// After this a session ends, whatever happens: a day's work.
const LIFETIME: Duration = Duration::from_secs(12 * 3_600);
/// After this without a request it ends too.
const IDLE: Duration = Duration::from_secs(3_600);
/// After this the cookie gets another value, so that a stolen one is worth little.
const ROTATION: Duration = Duration::from_secs(900);
/// The value before is good for so long: requests that were under way carry it.
const GRACE: Duration = Duration::from_secs(30);
/// 1,024 sessions × about 300 bytes. Past that, the one that was idle longest ends.
const SESSIONS_MAX: usize = 1_024;
/// Sessions that one token may have at the same time.
const SESSIONS_PER_TOKEN_MAX: usize = 16;
/// 52 letters of 5 bits: 260 bits.
pub(super) const COOKIE_LETTERS: usize = 52;

/// A cookie's value under a key of this process: looking it up tells nothing by the time it takes.
type Handle = [u8; 32];

struct Session {
    token: Arc<str>,
    /// The record's hash when the session began: another token with the same id does not inherit it.
    hash: Arc<str>,
    began: Duration,
    used: Duration,
    value_since: Duration,
    current: Handle,
    before: Option<Handle>,
}

impl Session {
    fn is_over(&self, now: Duration) -> bool {
        now >= self.began + LIFETIME || now >= self.used + IDLE
    }
}

/// All sessions.
pub(super) struct Sessions {
    key: hmac::Key,
    inside: Mutex<Inside>,
}

#[derive(Default)]
struct Inside {
    by_number: HashMap<u64, Session>,
    by_handle: HashMap<Handle, u64>,
    next: u64,
}

/// A session that was found.
pub(super) struct Found {
    pub(super) principal: Principal,
    /// The cookie's new value, if it is time for one.
    pub(super) renewed: Option<NewCookie>,
}

/// A cookie to be set.
pub(super) struct NewCookie {
    pub(super) value: String,
    pub(super) lifetime: Duration,
}

impl Sessions {
    pub(super) fn new() -> Result<Sessions, NoRandomness> {
        let key = hmac::Key::generate(hmac::HMAC_SHA256, &SystemRandom::new()).map_err(|_| NoRandomness)?;
        Ok(Sessions { key, inside: Mutex::default() })
    }

    fn handle(&self, value: &str) -> Handle {
        let mut handle = [0; 32];
        handle.copy_from_slice(hmac::sign(&self.key, value.as_bytes()).as_ref());
        handle
    }

    /// Begins one.
    pub(super) fn begin(&self, holder: &Holder, now: Duration) -> Result<NewCookie, NoRandomness> {
        let value = random_letters(COOKIE_LETTERS)?;
        let current = self.handle(&value);
        let mut inside = self.inside.lock().unwrap_or_else(PoisonError::into_inner);
        inside.make_room(&holder.id, now);
        let number = inside.next;
        inside.next += 1;
        inside.by_handle.insert(current, number);
        let (token, hash) = (Arc::clone(&holder.id), Arc::clone(&holder.hash));
        let session = Session { token, hash, began: now, used: now, value_since: now, current, before: None };
        inside.by_number.insert(number, session);
        Ok(NewCookie { value, lifetime: LIFETIME })
    }

    /// Whose session it is, if it still is one and its token still is one.
    pub(super) fn find(&self, value: &str, known: &Known, now: Duration) -> Option<Found> {
        let handle = self.handle(value);
        let mut inside = self.inside.lock().unwrap_or_else(PoisonError::into_inner);
        let number = *inside.by_handle.get(&handle)?;
        let session = inside.by_number.get_mut(&number)?;
        let holder = known.holder(&session.token).filter(|holder| holder.hash == session.hash);
        let stale = handle != session.current && now >= session.value_since + GRACE;
        let Some(holder) = holder.filter(|_| !session.is_over(now)) else {
            inside.end(number);
            return None;
        };
        if stale {
            inside.by_handle.remove(&handle);
            return None;
        }
        session.used = now;
        let renewed = if handle == session.current && now >= session.value_since + ROTATION {
            // Without new random bytes the old value stays good; it ends with the session.
            random_letters(COOKIE_LETTERS).ok()
        } else {
            None
        };
        let lifetime = (session.began + LIFETIME).saturating_sub(now);
        if let Some(value) = &renewed {
            let next = self.handle(value);
            inside.renew(number, next, now);
        }
        let principal = Principal {
            name: Arc::clone(&holder.name),
            role: holder.role,
            way: Way::Session(Arc::clone(&holder.id)),
        };
        Some(Found { principal, renewed: renewed.map(|value| NewCookie { value, lifetime }) })
    }

    /// Ends one. Whether there was one.
    pub(super) fn end(&self, value: &str) -> bool {
        let handle = self.handle(value);
        let mut inside = self.inside.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(number) = inside.by_handle.get(&handle).copied() else { return false };
        inside.end(number);
        true
    }
}

impl Inside {
    fn end(&mut self, number: u64) {
        if let Some(session) = self.by_number.remove(&number) {
            self.by_handle.remove(&session.current);
            if let Some(before) = session.before {
                self.by_handle.remove(&before);
            }
        }
    }

    fn renew(&mut self, number: u64, next: Handle, now: Duration) {
        let Some(session) = self.by_number.get_mut(&number) else { return };
        let before = session.before.replace(session.current);
        session.current = next;
        session.value_since = now;
        if let Some(before) = before {
            self.by_handle.remove(&before);
        }
        self.by_handle.insert(next, number);
    }

    /// Ends what is over, and what has not been used longest where there are too many.
    fn make_room(&mut self, token: &str, now: Duration) {
        let over: Vec<u64> =
            self.by_number.iter().filter(|(_, session)| session.is_over(now)).map(|(n, _)| *n).collect();
        for number in over {
            self.end(number);
        }
        let of_token = |session: &Session| &*session.token == token;
        if self.by_number.values().filter(|session| of_token(session)).count() >= SESSIONS_PER_TOKEN_MAX {
            self.end_longest_idle(of_token);
        }
        if self.by_number.len() >= SESSIONS_MAX {
            self.end_longest_idle(|_| true);
        }
    }

    fn end_longest_idle(&mut self, among: impl Fn(&Session) -> bool) {
        let candidates = self.by_number.iter().filter(|(_, session)| among(session));
        let oldest = candidates.min_by_key(|(number, session)| (session.used, **number)).map(|(n, _)| *n);
        if let Some(number) = oldest {
            self.end(number);
        }
    }
}

#[cfg(test)]
mod tests;
