//! NSDMiner, written from its description (Natarajan, Ning, Liu, Jajodia, Hutchinson: INFOCOM 2012;
//! Peddycord, Ning, Jajodia: LISA 2012): what inference is compared with.
//!
//! A flow f₂ supports that f₁'s service depends on f₂'s if f₂ begins and ends within f₁ and starts from
//! the host that f₁ goes to. Only flows count that both sides spoke in, TCP with its SYN, of less than
//! 200 seconds. In `exclusive` mode a flow counts where exactly one other contains it, in `shared` mode it
//! counts 1/n for each of n. The weight of a dependency is compared with the number of flows to the
//! service.

use std::collections::{BTreeMap, BTreeSet};

use tapmap::model::{FlowRecord, HostKey, Nanos, ServiceKey, Side, Transport};

/// Longer flows are left out.
const LENGTH_MAX: Nanos = 200_000_000_000;

/// Dependencies of at least this share of a service's flows, or this value of the logarithmic rank, are
/// believed. The authors leave the number to whoever knows the network.
const RATIO_MIN: f64 = 0.5;

/// Services with fewer flows are left out.
const WEIGHT_MIN: usize = 50;

/// How a flow within several others counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Not at all.
    Exclusive,
    /// For each of them in part.
    Shared,
}

/// How the weight of a dependency becomes a rank.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rank {
    /// w(S₁→S₂) / w(S₁).
    Ratio,
    /// ln w(S₁→S₂) / ln w(S₁), of the later paper.
    Logarithm,
}

struct Flow {
    client: HostKey,
    service: ServiceKey,
    first: i64,
    last: i64,
}

/// Which service depends on which; with services of at least [`WEIGHT_MIN`] flows, or of any number.
pub fn dependencies(
    records: &[FlowRecord],
    mode: Mode,
    rank: Rank,
    all_services: bool,
) -> BTreeSet<(ServiceKey, ServiceKey)> {
    let flows: Vec<Flow> = records.iter().filter_map(flow).collect();
    let mut weights: BTreeMap<ServiceKey, usize> = BTreeMap::new();
    let mut to: BTreeMap<HostKey, Vec<&Flow>> = BTreeMap::new();
    for flow in &flows {
        *weights.entry(flow.service).or_default() += 1;
        to.entry(flow.service.host).or_default().push(flow);
    }
    let mut supports: BTreeMap<(ServiceKey, ServiceKey), f64> = BTreeMap::new();
    for child in &flows {
        let within = |parent: &&&Flow| parent.first <= child.first && parent.last >= child.last;
        let parents: Vec<&&Flow> = to.get(&child.client).into_iter().flatten().filter(within).collect();
        let credit = match (mode, parents.len()) {
            (_, 0) => continue,
            (Mode::Exclusive, 1) => 1.0,
            (Mode::Exclusive, _) => continue,
            (Mode::Shared, several) => 1.0 / several as f64,
        };
        for parent in parents {
            *supports.entry((parent.service, child.service)).or_default() += credit;
        }
    }
    let believed = supports.into_iter().filter(|((service, _), support)| {
        let weight = weights[service];
        let rank = match rank {
            Rank::Ratio => support / weight as f64,
            Rank::Logarithm => support.max(1.0).ln() / (weight as f64).ln().max(f64::MIN_POSITIVE),
        };
        (all_services || weight >= WEIGHT_MIN) && rank >= RATIO_MIN
    });
    believed.map(|(pair, _)| pair).collect()
}

fn flow(record: &FlowRecord) -> Option<Flow> {
    let spoken = record.sent.iter().all(|sent| sent.payload > 0);
    let begun = record.key.transport != Transport::Tcp || record.ledger.syn_from.iter().any(|syn| *syn);
    let short = record.last - record.first < LENGTH_MAX;
    let client: Side = record.ledger.decide_alone(&record.key).client.filter(|_| spoken && begun && short)?;
    Some(Flow {
        client: record.key.host(client),
        service: record.key.service(client.other()),
        first: record.first.nanos(),
        last: record.last.nanos(),
    })
}
