//! Where it can be enforced that two hosts no longer talk.

use std::net::IpAddr;

use super::atlas::Atlas;
use super::segment::Segments;
use crate::model::Address;

/// Where a dependency can be cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Enforcement {
    /// Between two segments: at the gateway of the first, where it is known.
    Gateway(Option<Address>),
    /// Inside one segment: no gateway sees it; the switch, network access control or the host itself.
    Switch,
    /// Who opens it is not known, so that a rule by direction may miss it.
    Unseen,
}

impl Enforcement {
    /// The word of reports.
    pub const fn word(self) -> &'static str {
        match self {
            Enforcement::Gateway(_) => "gateway",
            Enforcement::Switch => "switch",
            Enforcement::Unseen => "unseen",
        }
    }

    /// Where two hosts can be kept apart; the gateway of the first's segment is preferred.
    pub fn between(atlas: &Atlas, segments: &Segments, one: u32, other: u32) -> Enforcement {
        let local = |host| atlas.host(host).is_none_or(|host| never_routed(host.key.address));
        if segments.same(one, other) || local(one) || local(other) {
            return Enforcement::Switch;
        }
        Enforcement::gateway(segments, one, other)
    }

    /// At the gateway of the first of two hosts, or else at that of the other.
    pub(super) fn gateway(segments: &Segments, one: u32, other: u32) -> Enforcement {
        let gateway = |host| segments.of(host).and_then(|segment| segments.get(segment)?.gateway);
        Enforcement::Gateway(gateway(one).or_else(|| gateway(other)))
    }

    /// Where a dependency can be cut, seen from one of its two ends.
    pub fn of(atlas: &Atlas, segments: &Segments, dependency: u32, near: u32) -> Enforcement {
        let decided = atlas.dependency(dependency).is_some_and(|row| row.totals.decided);
        let ends = (atlas.client_of(dependency), atlas.server_of(dependency));
        let (true, (Some(client), Some(server))) = (decided, ends) else { return Enforcement::Unseen };
        let far = if near == client { server } else { client };
        Enforcement::between(atlas, segments, near, far)
    }
}

/// Link-local addresses stay on their own link (RFC 3927 §2.7, RFC 4291 §2.5.6).
pub(super) fn never_routed(address: Address) -> bool {
    match address.ip() {
        IpAddr::V4(v4) => v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_unicast_link_local(),
    }
}
