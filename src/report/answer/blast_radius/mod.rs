//! Who stops with a target, and what it can reach: the `result` of `blast-radius`.

mod picture;
mod text;

use serde::Serialize;

pub use picture::picture;
pub use text::write_blast_radius;

use super::affected::{Affected, Naming};
use crate::query::{Atlas, Outage, Requires, Resolved};

/// What is known of an answer before it takes a form.
pub struct Radius<'a> {
    /// The map.
    pub atlas: &'a Atlas,
    /// Who requires what.
    pub requires: &'a Requires,
    /// The target, as it was named.
    pub target: &'a str,
    /// What it turned out to be.
    pub resolved: &'a Resolved,
    /// Who stops with it.
    pub outage: &'a Outage,
    /// Everything is listed.
    pub expand: bool,
}

/// The `result` of `blast-radius`. `E` tells what the target can reach.
#[derive(Serialize)]
pub struct BlastRadius<E> {
    target: String,
    targets: Vec<String>,
    impact: Impact,
    exposure: Option<E>,
}

#[derive(Serialize)]
struct Impact {
    must: Vec<Affected>,
    may: Vec<Affected>,
    score: f64,
    clients: usize,
    shared_infrastructure: Vec<Shared>,
    clients_may: usize,
    external_clients: usize,
    external_users: bool,
    business: Vec<Business>,
    safe: Vec<String>,
    seen_once: Vec<Affected>,
    not_listed: usize,
    restore: Vec<Step>,
    uncertain_groups: usize,
    error_max: f64,
}

#[derive(Serialize)]
struct Shared {
    node: String,
    name: Option<String>,
    state: &'static str,
    clients: usize,
}

#[derive(Serialize)]
struct Business {
    name: String,
    lost: &'static str,
}

#[derive(Serialize)]
struct Step {
    step: u32,
    services: Vec<String>,
}

impl<E: Serialize> BlastRadius<E> {
    /// By the names of the contract.
    pub fn of(told: &Radius<'_>, exposure: Option<E>) -> BlastRadius<E> {
        let Radius { atlas, requires, outage, resolved, .. } = told;
        let naming = Naming { atlas, requires };
        let rows = |losses: &[crate::query::Loss]| losses.iter().map(|loss| naming.affected(loss)).collect();
        let nodes: Vec<u32> = match resolved.services.is_empty() {
            true => resolved.hosts.iter().map(|host| requires.host_node(*host)).collect(),
            false => resolved.services.clone(),
        };
        let targets: Vec<String> = nodes.iter().map(|node| naming.id(*node)).collect();
        let ids = |services: &[u32]| services.iter().map(|service| naming.id(*service)).collect();
        let shared = |loss: &crate::query::SharedLoss| Shared {
            node: naming.id(loss.service),
            name: naming.name(loss.service),
            state: if loss.certain { "must" } else { "may" },
            clients: loss.clients,
        };
        BlastRadius {
            target: match targets.as_slice() {
                [target] => target.clone(),
                _ => told.target.to_owned(),
            },
            targets,
            impact: Impact {
                must: rows(&outage.must),
                may: rows(&outage.may),
                score: super::affected::rounded(outage.score),
                clients: outage.clients.len(),
                shared_infrastructure: outage.shared.iter().map(shared).collect(),
                clients_may: outage.clients_may.len(),
                external_clients: outage.external,
                external_users: outage.external > 0,
                business: outage
                    .business
                    .iter()
                    .map(|hit| Business { name: hit.name.clone(), lost: hit.lost.word() })
                    .collect(),
                safe: ids(&outage.safe),
                seen_once: rows(&outage.seen_once),
                not_listed: outage.folded,
                restore: outage
                    .restore
                    .iter()
                    .map(|row| Step { step: row.step, services: ids(&row.services) })
                    .collect(),
                uncertain_groups: outage.uncertain,
                error_max: super::affected::rounded(outage.error),
            },
            exposure,
        }
    }
}
