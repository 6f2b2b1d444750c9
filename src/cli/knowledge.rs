//! The site file becomes what questions need of it.

use sha2::{Digest, Sha256};

use crate::config::{self, Site, Subject};
use crate::model::{HostKey, Realm, ServiceKey};
use crate::query::{BusinessService, Criticality, Knowledge, Protected, Segment};

/// What questions need of a site file. `text` is the file as it was written.
pub fn knowledge(site: &Site, text: &[u8]) -> Knowledge {
    let tags = |tags: &config::Tags| Criticality {
        customer_impact: tags.customer_impact.0,
        data_sensitivity: tags.data_sensitivity.0,
        revenue: tags.revenue.0,
        safety: tags.safety.0,
        regulatory: tags.regulatory.0,
        executive_visibility: tags.executive_visibility.0,
    };
    let mut knowledge = Knowledge {
        segments: site
            .segments
            .iter()
            .map(|(name, segment)| Segment {
                name: name.clone(),
                networks: segment.networks.iter().map(|network| network.0).collect(),
                gateway: segment.gateway.map(Into::into),
            })
            .collect(),
        business: site
            .business
            .iter()
            .map(|(name, services)| BusinessService {
                name: name.clone(),
                services: services.iter().map(service).collect(),
            })
            .collect(),
        protected: site
            .protected
            .iter()
            .map(|flow| Protected { from: flow.from.0, to: service(&flow.to) })
            .collect(),
        responders: site.responders.iter().map(|network| network.0).collect(),
        fingerprint: Sha256::digest(text).to_vec(),
        ..Knowledge::default()
    };
    for (subject, given) in &site.criticality {
        match subject {
            Subject::Network(network) => knowledge.criticality.push((network.0, tags(given))),
            Subject::Label(label) => knowledge.label_criticality.push((label.clone(), tags(given))),
        }
    }
    knowledge
}

fn service(address: &config::ServiceAddress) -> ServiceKey {
    ServiceKey {
        host: HostKey { realm: Realm::DEFAULT, address: address.socket.ip().into() },
        port: address.socket.port(),
        transport: address.transport,
    }
}
