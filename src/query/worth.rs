//! How much a host means on the scale from 1 to 5 that formulas use: what the operator says, or else
//! what the map shows.

use super::atlas::Atlas;
use super::requires::carries_impact;

/// From this level on a host is critical.
pub const CRITICAL: f64 = 4.0;

/// How much a host means.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Worth {
    /// 1 to 5.
    pub level: f64,
    /// Inferred from who depends on it; false where the operator said so.
    pub inferred: bool,
}

impl Worth {
    /// It is critical.
    pub fn is_critical(&self) -> bool {
        self.level >= CRITICAL
    }

    /// How much a host means. Where the operator says nothing: the share of hosts that depend on one of
    /// its services, on a logarithmic scale, because on a linear one only the name server of a large
    /// network would mean anything.
    pub fn of(atlas: &Atlas<'_>, host: u32) -> Worth {
        let Some(row) = atlas.host(host) else { return Worth { level: 1.0, inferred: true } };
        if let Some(tags) = atlas.observed.knowledge.criticality_of(row.key.address, &row.labels) {
            return Worth { level: tags.level(), inferred: false };
        }
        let uses = atlas.offers(host).iter().flat_map(|service| atlas.used_by(*service));
        let counting = uses.filter(|place| atlas.dependency(**place).is_some_and(carries_impact));
        let mut clients: Vec<u32> = counting.filter_map(|place| atlas.client_of(*place)).collect();
        clients.sort_unstable();
        clients.dedup();
        clients.retain(|client| *client != host);
        let others = atlas.observed.snapshot.hosts.len().saturating_sub(1);
        #[expect(clippy::cast_precision_loss, reason = "hosts")]
        let share = if others == 0 { 0.0 } else { (clients.len() as f64).ln_1p() / (others as f64).ln_1p() };
        Worth { level: 1.0 + 4.0 * share.min(1.0), inferred: true }
    }
}
