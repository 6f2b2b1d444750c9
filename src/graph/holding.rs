//! Which machine held an address, and when that was seen.

use std::collections::BTreeMap;

use super::delta::Delta;
use crate::model::{FlowRecord, HostKey, Mac, Side, Span};

use super::snapshot::Snapshot;

/// Turns of one address between machines that are told apart. What alternates more often than this
/// is a pair that shares the address, and each of its machines is told once.
const TURNS_MAX: usize = 16;

/// What showed that a machine held an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HoldingSource {
    /// A DHCP server leased it.
    Lease,
    /// The machine said so: ARP, neighbour discovery.
    Neighbour,
    /// Its packets came from there.
    Frames,
}

impl HoldingSource {
    /// Its word in answers.
    pub const fn word(self) -> &'static str {
        match self {
            HoldingSource::Lease => "dhcp",
            HoldingSource::Neighbour => "arp",
            HoldingSource::Frames => "frames",
        }
    }
}

/// A machine seen to hold an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Holding {
    /// From when to when it was seen to.
    pub span: Span,
    /// The machine.
    pub mac: Mac,
    /// What showed it.
    pub source: HoldingSource,
}

/// What leases and neighbours say of each host, sorted by time.
pub(super) fn told(delta: &Delta) -> BTreeMap<HostKey, Vec<Holding>> {
    let mut told: BTreeMap<HostKey, Vec<Holding>> = BTreeMap::new();
    let tables = [(&delta.leases, HoldingSource::Lease), (&delta.bindings, HoldingSource::Neighbour)];
    for (table, source) in tables {
        for ((mac, host), span) in table.iter() {
            told.entry(*host).or_default().push(Holding { span: *span, mac: *mac, source });
        }
    }
    told.values_mut().for_each(|holdings| holdings.sort_unstable());
    told
}

/// What the packets of flows say of hosts that have had several machines, sorted by time. `records`
/// come in the order of their first packets.
pub(super) fn heard(snapshot: &Snapshot, records: &[FlowRecord]) -> BTreeMap<HostKey, Vec<Holding>> {
    let shared = snapshot.hosts.iter().filter(|host| host.macs.len() > 1);
    let mut heard: BTreeMap<HostKey, Vec<Holding>> = shared.map(|host| (host.key, Vec::new())).collect();
    if heard.is_empty() {
        return heard;
    }
    for record in records {
        for side in [Side::A, Side::B] {
            let (host, mac) = (record.key.host(side), record.macs[side]);
            let Some(turns) = heard.get_mut(&host).filter(|_| !mac.is_zero()) else { continue };
            let span = Span { first: record.first, last: record.last };
            match turns.last_mut() {
                Some(turn) if turn.mac == mac => turn.span.join(span),
                _ => turns.push(Holding { span, mac, source: HoldingSource::Frames }),
            }
        }
    }
    for (host, turns) in &mut heard {
        let own = snapshot.host(host).map(|host| &host.macs);
        turns.retain(|turn| own.is_some_and(|own| own.contains(&turn.mac)));
        if turns.len() > TURNS_MAX {
            let mut each: BTreeMap<Mac, Span> = BTreeMap::new();
            for turn in turns.iter() {
                each.entry(turn.mac).and_modify(|span| span.join(turn.span)).or_insert(turn.span);
            }
            let source = HoldingSource::Frames;
            *turns = each.into_iter().map(|(mac, span)| Holding { span, mac, source }).collect();
        }
        turns.sort_unstable();
    }
    heard
}

#[cfg(test)]
mod tests {
    use super::super::inventory::Operator;
    use super::super::map::Map;
    use super::super::testing::{endpoint, served};
    use super::*;
    use crate::model::{Address, Realm, Timestamp};

    const OLD: Mac = Mac([2, 0, 0, 0, 0, 1]);
    const NEW: Mac = Mac([2, 0, 0, 0, 0, 2]);

    fn flows(turns: &[(i64, Mac)]) -> (Snapshot, Vec<FlowRecord>) {
        let client = endpoint(1, 40_000);
        let records: Vec<FlowRecord> = turns
            .iter()
            .map(|(second, mac)| {
                let mut record = served(client, endpoint(2, 80), *second);
                record.macs[Side::A] = *mac;
                record
            })
            .collect();
        let mut delta = Delta::default();
        records.iter().cloned().for_each(|record| delta.flow(record));
        let host = HostKey { realm: Realm::DEFAULT, address: client.address };
        delta.binding(OLD, host, Timestamp::from_seconds(1, 0));
        delta.binding(NEW, host, Timestamp::from_seconds(90, 0));
        let operator = Operator { local: vec!["10.0.0.0/8".parse().unwrap()], ..Operator::default() };
        (Snapshot::new(Map::from(delta), &operator), records)
    }

    fn seconds(holdings: &[Holding]) -> Vec<(Mac, i64, i64)> {
        holdings.iter().map(|it| (it.mac, it.span.first.seconds(), it.span.last.seconds())).collect()
    }

    #[test]
    fn neighbours_and_packets_tell_turns() {
        let (snapshot, records) = flows(&[(10, OLD), (20, OLD), (60, NEW), (70, NEW)]);
        let host = &snapshot.hosts[0];
        assert_eq!(host.key.address, Address::from([10, 0, 0, 1]));
        assert_eq!(seconds(&host.held), [(OLD, 1, 1), (NEW, 90, 90)]);
        let heard = heard(&snapshot, &records);
        assert_eq!(seconds(&heard[&host.key]), [(OLD, 10, 20), (NEW, 60, 70)]);
        assert_eq!(heard.len(), 1, "the server has one machine");
    }

    #[test]
    fn machines_that_share_an_address_are_told_once_each() {
        let turns: Vec<(i64, Mac)> =
            (0..60).map(|second| (second, if second % 2 == 0 { OLD } else { NEW })).collect();
        let (snapshot, records) = flows(&turns);
        let heard = heard(&snapshot, &records);
        assert_eq!(seconds(&heard[&snapshot.hosts[0].key]), [(OLD, 0, 58), (NEW, 1, 59)]);
    }
}
