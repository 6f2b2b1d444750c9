//! How much every host means on the scale from 1 to 5, measured once for a map.

use super::atlas::Atlas;
use super::worth::Worth;

/// From this level on a host is critical.
const CRITICAL: f64 = 4.0;

/// How much a host means.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Level {
    /// 1 to 5.
    pub value: f64,
    /// Inferred from the map; false where the operator said so.
    pub inferred: bool,
}

impl Level {
    /// Nothing is known.
    pub const LEAST: Level = Level { value: 1.0, inferred: true };

    /// It is critical.
    pub fn is_critical(self) -> bool {
        self.value >= CRITICAL
    }
}

/// The levels of all hosts.
#[derive(Clone, Debug, Default)]
pub struct Levels(Vec<Level>);

impl Levels {
    /// Measures all hosts, in time proportional to the map.
    pub fn new(atlas: &Atlas<'_>) -> Levels {
        let level = |worth: &Worth| Level { value: worth.level, inferred: worth.inferred };
        Levels(atlas.worths().iter().map(level).collect())
    }

    /// The level of a host.
    pub fn of(&self, host: u32) -> Level {
        self.0.get(host as usize).copied().unwrap_or(Level::LEAST)
    }

    /// The level of a service: that of its host.
    pub fn of_service(&self, atlas: &Atlas<'_>, service: u32) -> Level {
        atlas.host_of(service).map_or(Level::LEAST, |host| self.of(host))
    }
}
