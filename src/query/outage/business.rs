//! What the business names, and how much of it is lost.

use std::collections::BTreeSet;

use crate::query::Atlas;

/// How much of a business service is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Extent {
    /// All of its services fail.
    All,
    /// Some of them fail.
    Part,
    /// Some of them may fail.
    Maybe,
}

impl Extent {
    /// One word for reports.
    pub const fn word(self) -> &'static str {
        match self {
            Extent::All => "all",
            Extent::Part => "part",
            Extent::Maybe => "may",
        }
    }
}

/// A business service of which something is lost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// Its name.
    pub name: String,
    /// How much.
    pub lost: Extent,
}

/// What is lost of everything that the business names, in the operator's order.
pub(super) fn hits(atlas: &Atlas, failed: &[u32], certain: &BTreeSet<u32>, may: &BTreeSet<u32>) -> Vec<Hit> {
    let named = atlas.observed.knowledge.business.iter();
    let hit = |business: &super::super::knowledge::BusinessService| {
        let services = business.services.iter().filter_map(|key| atlas.service_place(key));
        let places: Vec<u32> = services.collect();
        let gone = |service: &&u32| failed.binary_search(service).is_ok() || certain.contains(*service);
        let lost = match places.iter().filter(gone).count() {
            0 if places.iter().any(|service| may.contains(service)) => Extent::Maybe,
            0 => return None,
            all if all == places.len() => Extent::All,
            _ => Extent::Part,
        };
        Some(Hit { name: business.name.clone(), lost })
    };
    named.filter_map(hit).collect()
}
