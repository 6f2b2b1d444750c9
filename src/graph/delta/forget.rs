//! A map that is kept for months forgets what was not seen for long.

use std::collections::BTreeSet;

use super::Delta;
use crate::model::{FlowKey, HostKey, ServiceKey, Side, Timestamp};

impl Delta {
    /// Forgets what was last seen before a moment. Counts go on: flows, and what did not fit. `open` are
    /// the flows that this delta has not been told of yet. Returns how many rows have gone.
    pub fn forget(&mut self, before: Timestamp, open: impl Iterator<Item = FlowKey>) -> u64 {
        let mut gone = self.edges.retain(|_, totals| totals.span.last >= before);
        gone += self.undecided.retain(|_, undecided| undecided.totals.span.last >= before);
        gone += self.attempts.forget(before);
        gone += self.hosts.retain(|_, seen| seen.span.last >= before);
        self.idle_hosts = self.hosts.iter().filter(|(_, seen)| !seen.active).count();
        for table in [&mut self.leases, &mut self.bindings] {
            gone += table.retain(|_, span| span.last >= before);
        }
        gone += self.names.retain(|_, span| span.last >= before);
        gone += self.sightings.retain(|_, sighting| sighting.span.last >= before);
        gone += self.pings.retain(|_, seen| seen.span.last >= before);
        gone += self.certificates.retain(|_, at| {
            at.places.retain(|(_, seen)| seen.span.last >= before);
            !at.places.is_empty()
        });
        // Software and TLS have no time of their own: they go with the last flow of their service.
        let mut used: BTreeSet<ServiceKey> = self.edges.keys().map(|key| key.service).collect();
        for key in self.undecided.keys().copied().chain(open) {
            used.extend([key.service(Side::A), key.service(Side::B)]);
        }
        gone += self.services.retain(|key, _| used.contains(key));
        let known = |host: &HostKey| self.hosts.contains_key(host);
        self.roles.retain(|(host, _)| known(host));
        gone as u64
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::{endpoint, joined_late, refused, served};
    use super::super::super::{Map, Operator, Snapshot};
    use super::super::Named;
    use super::*;
    use crate::model::{NameSource, Realm};

    #[test]
    fn what_was_not_seen_since_is_gone_and_the_rest_is_as_it_was() {
        let host = |last| HostKey { realm: Realm::DEFAULT, address: endpoint(last, 0).address };
        let name = |delta: &mut Delta, last, second| {
            let time = Timestamp::from_seconds(second, 0);
            delta.name(Named::Host(host(last)), NameSource::Dns, format!("n{last}").into(), time);
        };
        let new = |delta: &mut Delta| {
            delta.flow(served(endpoint(1, 40_001), endpoint(2, 80), 100));
            delta.flow(refused(endpoint(1, 40_002), endpoint(2, 81), 100));
            name(delta, 2, 100);
        };
        let mut all = Delta::default();
        all.flow(served(endpoint(3, 40_000), endpoint(4, 80), 1));
        all.flow(refused(endpoint(3, 40_000), endpoint(4, 81), 1));
        all.flow(joined_late(endpoint(5, 40_000), endpoint(4, 80), 1));
        name(&mut all, 4, 1);
        new(&mut all);
        let mut only_new = Delta::default();
        new(&mut only_new);
        assert_eq!(all.forget(Timestamp::from_seconds(50, 0), std::iter::empty()), 3 + 3 + 1);
        let snapshot = |delta| {
            let snapshot = Snapshot::new(Map::from(delta), &Operator::default());
            format!("{:?} {:?} {:?}", snapshot.hosts, snapshot.services, snapshot.dependencies)
        };
        assert_eq!(snapshot(all), snapshot(only_new));
    }
}
