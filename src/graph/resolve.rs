//! Deciding the direction of flows that do not show it themselves, by what other flows show.

use std::collections::{BTreeMap, BTreeSet};

use super::delta::Undecided;
use super::edge::{EdgeKey, EdgeTotals, edge_key};
use super::inventory::Operator;
use super::table::Table;
use crate::model::{FlowKey, Pair, ServiceKey, Side, Surroundings, registered_port};

/// What flows that decide themselves say about endpoints.
pub struct Known<'a> {
    services: BTreeSet<ServiceKey>,
    peers: BTreeMap<ServiceKey, u64>,
    operator: &'a Operator,
}

impl<'a> Known<'a> {
    /// Learns which services decided edges prove, and counts the peers of every endpoint.
    pub fn new(
        edges: &[(EdgeKey, EdgeTotals)],
        undecided: &Table<FlowKey, Undecided>,
        operator: &'a Operator,
    ) -> Self {
        let mut services = operator.servers.clone();
        let mut peers: BTreeMap<ServiceKey, u64> = BTreeMap::new();
        for (key, totals) in edges {
            if totals.decided && totals.answered > 0 {
                services.insert(key.service);
            }
            // Clients rarely use a port twice, so flows count distinct peers nearly.
            *peers.entry(key.service).or_default() += u64::from(totals.answered);
        }
        for key in undecided.keys() {
            for side in [Side::A, Side::B] {
                // Every key is another pair of endpoints, so keys count distinct peers.
                *peers.entry(key.service(side)).or_default() += 1;
            }
        }
        Known { services, peers, operator }
    }

    fn surroundings(&self, key: &FlowKey) -> Surroundings {
        let (a, b) = (key.service(Side::A), key.service(Side::B));
        let known =
            |service: &ServiceKey| self.services.contains(service) || self.operator.servers.contains(service);
        let peers = |service: &ServiceKey| self.peers.get(service).copied().unwrap_or(0);
        Surroundings {
            known_service: Pair::new(known(&a), known(&b)),
            peers: Pair::new(peers(&a), peers(&b)),
            registered: Pair::new(registered_port(a.port), registered_port(b.port)),
        }
    }

    /// The edge of one undecided pair of endpoints.
    pub fn resolve(&self, key: &FlowKey, undecided: &Undecided) -> (EdgeKey, EdgeTotals) {
        let decision = undecided.ledger.decide(key, &self.surroundings(key));
        let client = decision.client.unwrap_or(decision.leaning);
        (edge_key(key, client), undecided.totals.clone().decided(&decision))
    }
}
