//! Recognising protocols whose messages show by themselves which role sent them.

use crate::model::{Role, Side};

use super::{Opening, Probe};

/// Who sent the bytes, by their own account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Speaker {
    /// This protocol, and this role of it.
    Is(Role),
    /// This protocol, but either role may speak so.
    Either,
    /// Too little was said.
    Unclear,
    /// Not this protocol.
    Stranger,
}

impl Opening<'_> {
    /// Asks `test` about what each side said. The first side whose bytes show their role decides,
    /// so one direction is enough, and so is a tap that started late.
    pub(super) fn by_speaker(&self, test: impl Fn(&[u8]) -> Speaker) -> Probe {
        let mut known = false;
        let mut more = false;
        for side in [Side::A, Side::B] {
            let said = self.of(side);
            if said.is_empty() {
                continue;
            }
            match test(said) {
                Speaker::Is(Role::Client) => return Probe::Match { client: Some(side) },
                Speaker::Is(Role::Server) => return Probe::Match { client: Some(side.other()) },
                Speaker::Either => known = true,
                Speaker::Unclear => more = true,
                Speaker::Stranger => {}
            }
        }
        match (known, more && !self.last_chance) {
            (true, _) => Probe::Match { client: None },
            (false, true) => Probe::NeedMore,
            (false, false) => Probe::NoMatch,
        }
    }
}
