//! Providers that many applications go on without.
//!
//! Times show that requests wait for a cache or a mail relay. They cannot show what happens without it,
//! and there what is spoken says more: a cache is a help by its purpose, and what is handed over to be
//! passed on later can be handed over later. Whoever is stopped by its loss all the same is told that it
//! may be, and never that it is safe.

/// The most that such a provider is needed: as much as what nothing is known of but that it is used.
/// Below what counts as needed for certain, however many requests were seen to wait.
pub(super) const SOFT_MAX: f32 = 0.5;

/// What applications use a protocol for, if they commonly go on without it: a word for "their …". Logs
/// and metrics are not here: that somebody writes them is no need from the beginning.
pub fn commonly_spared(protocol: &str) -> Option<&'static str> {
    Some(match protocol {
        "redis" | "memcached" => "cache",
        "smtp" => "mail relay",
        _ => return None,
    })
}
