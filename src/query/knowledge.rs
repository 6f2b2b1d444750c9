//! What the operator knows and packets do not tell, as far as questions need it.

use std::sync::Arc;

use ipnet::IpNet;

use super::trust::Authorities;
use crate::model::{Address, ServiceKey};

/// A network that one gateway stands before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Its name.
    pub name: String,
    /// Its networks.
    pub networks: Vec<IpNet>,
    /// The address of its gateway, where rules can be enforced.
    pub gateway: Option<Address>,
}

/// How much a host or network means, by six tags from 0 to 1 (`incident.md` §9).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Criticality {
    /// Customers notice.
    pub customer_impact: f64,
    /// What is stored there is secret.
    pub data_sensitivity: f64,
    /// Money is lost.
    pub revenue: f64,
    /// People are in danger.
    pub safety: f64,
    /// The law asks for it.
    pub regulatory: f64,
    /// The board watches it.
    pub executive_visibility: f64,
}

impl Criticality {
    /// One value from 0 to 1: 0.6 of the largest tag and 0.4 of their mean.
    pub fn value(&self) -> f64 {
        let tags = [
            self.customer_impact,
            self.data_sensitivity,
            self.revenue,
            self.safety,
            self.regulatory,
            self.executive_visibility,
        ];
        let largest = tags.iter().copied().fold(0.0, f64::max);
        0.6 * largest + 0.4 * tags.iter().sum::<f64>() / tags.len() as f64
    }

    /// The same on the scale from 1 to 5 that formulas and people use.
    pub fn level(&self) -> f64 {
        1.0 + 4.0 * self.value()
    }
}

/// Something that the business names and that several services make up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BusinessService {
    /// Its name.
    pub name: String,
    /// The services that its users see.
    pub services: Vec<ServiceKey>,
}

/// A flow that must not be cut.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Protected {
    /// Whose flow.
    pub from: IpNet,
    /// To which service.
    pub to: ServiceKey,
}

/// What the operator knows.
#[derive(Clone, Debug, Default)]
pub struct Knowledge {
    /// Segments with their gateways, where they were declared.
    pub segments: Vec<Segment>,
    /// Tags by network; of several that hold an address the longest prefix counts.
    pub criticality: Vec<(IpNet, Criticality)>,
    /// Tags by label.
    pub label_criticality: Vec<(String, Criticality)>,
    /// Business services.
    pub business: Vec<BusinessService>,
    /// Flows that must not be cut.
    pub protected: Vec<Protected>,
    /// Who must still reach, and be reached by, a quarantined host: EDR, log collector, jump host,
    /// a name server that sinks bad names.
    pub responders: Vec<IpNet>,
    /// Who is trusted to vouch for certificates.
    pub authorities: Arc<Authorities>,
    /// Everything above as the operator wrote it, for the id of an answer.
    pub fingerprint: Vec<u8>,
}

impl Knowledge {
    /// The segment that holds an address: of several, the one with the longest prefix.
    pub fn segment_of(&self, address: Address) -> Option<&Segment> {
        let longest = |segment: &Segment| {
            let inside = segment.networks.iter().filter(|network| network.contains(&address.ip()));
            inside.map(IpNet::prefix_len).max()
        };
        let fitting = self.segments.iter().filter_map(|segment| Some((longest(segment)?, segment)));
        fitting.rev().max_by_key(|(prefix, _)| *prefix).map(|(_, segment)| segment)
    }

    /// What the operator says of a host: by its own networks first, then by its labels.
    pub fn criticality_of(&self, address: Address, labels: &[String]) -> Option<Criticality> {
        let by_network = self.criticality.iter().filter(|(network, _)| network.contains(&address.ip()));
        let by_network = by_network.max_by_key(|(network, _)| network.prefix_len()).map(|(_, tags)| *tags);
        let by_label = || {
            let tags = self.label_criticality.iter().filter(|(label, _)| labels.contains(label));
            tags.map(|(_, tags)| *tags).max_by(|one, other| one.value().total_cmp(&other.value()))
        };
        by_network.or_else(by_label)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_prefix_and_then_the_label_tells_what_a_host_means() {
        let tags = |revenue| Criticality { revenue, ..Criticality::default() };
        let knowledge = Knowledge {
            criticality: vec![
                ("10.0.0.0/8".parse().unwrap(), tags(0.2)),
                ("10.1.0.0/16".parse().unwrap(), tags(0.8)),
            ],
            label_criticality: vec![("crown".to_owned(), tags(1.0))],
            ..Knowledge::default()
        };
        let of = |address: [u8; 4], labels: &[&str]| {
            let labels: Vec<String> = labels.iter().map(ToString::to_string).collect();
            knowledge.criticality_of(address.into(), &labels).map(|tags| tags.revenue)
        };
        assert_eq!(of([10, 1, 2, 3], &["crown"]), Some(0.8));
        assert_eq!(of([10, 2, 2, 3], &[]), Some(0.2));
        assert_eq!(of([192, 0, 2, 1], &["crown"]), Some(1.0));
        assert_eq!(of([192, 0, 2, 1], &["other"]), None);
    }

    #[test]
    fn the_telnet_example_of_the_formula() {
        let tags = Criticality {
            customer_impact: 1.0,
            data_sensitivity: 0.8,
            revenue: 1.0,
            safety: 0.2,
            regulatory: 0.8,
            executive_visibility: 0.6,
        };
        assert!((tags.value() - 0.893).abs() < 5e-4);
        assert!((tags.level() - 4.573).abs() < 5e-3);
    }
}
