//! The compact tables: the hosts, services and dependencies that matter most.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::{Story, is_answered};
use crate::graph::{Host, Kind};
use crate::model::HostKey;
use crate::report::text::paint::Tone;
use crate::report::text::table::Table;
use crate::report::text::tables;
use crate::report::text::words::number;

/// Rows of each compact table.
const ROWS_TOLD: usize = 12;

impl Story<'_> {
    /// All of them.
    pub(super) fn tables(&mut self) {
        let snapshot = self.view.report.snapshot;
        let busiest = self.busiest();
        self.table("HOSTS", "hosts", snapshot.hosts.len(), tables::hosts(self.view, &busiest));
        let mut services: Vec<_> = snapshot.services.iter().collect();
        services.sort_by_key(|service| (Reverse((service.clients, service.flows)), service.key));
        services.truncate(ROWS_TOLD);
        self.table("SERVICES", "services", snapshot.services.len(), tables::services(self.view, &services));
        let (mut decided, mut open): (Vec<_>, Vec<_>) = snapshot
            .dependencies
            .iter()
            .filter(is_answered)
            .partition(|dependency| dependency.totals.decided);
        for (heading, rows) in
            [("DEPENDENCIES", &mut decided), ("UNDETERMINED: nothing shows who asked whom", &mut open)]
        {
            let all = rows.len();
            rows.sort_by_key(|row| (Reverse((row.kind == Kind::Conflict, row.totals.flows)), row.key));
            rows.truncate(ROWS_TOLD);
            self.table(heading, "deps", all, tables::dependencies(self.view, rows));
        }
    }

    /// The hosts that matter to most others, then those that use most.
    fn busiest(&self) -> Vec<&Host> {
        let snapshot = self.view.report.snapshot;
        let mut served: BTreeMap<HostKey, usize> = BTreeMap::new();
        for service in &snapshot.services {
            *served.entry(service.key.host).or_default() += service.clients;
        }
        let mut uses: BTreeMap<HostKey, usize> = BTreeMap::new();
        for dependency in snapshot.dependencies.iter().filter(is_answered) {
            *uses.entry(dependency.key.client).or_default() += 1;
        }
        let of =
            |map: &BTreeMap<HostKey, usize>, host: &Host| map.get(&host.key).copied().unwrap_or_default();
        let mut hosts: Vec<&Host> = snapshot.hosts.iter().collect();
        hosts.sort_by_key(|host| (Reverse((of(&served, host), of(&uses, host))), host.key));
        hosts.truncate(ROWS_TOLD);
        hosts
    }

    fn table(&mut self, heading: &str, command: &str, all: usize, table: Option<Table>) {
        let Some(table) = table else { return };
        self.heading(heading);
        self.out.push_str(&table.render(self.view.width, 2, self.view.paint));
        self.more(all.saturating_sub(ROWS_TOLD), command);
    }

    /// Says how to see what was left out.
    pub(super) fn more(&mut self, more: usize, command: &str) {
        if more > 0 {
            let text = format!("  … and {} more: tapmap {command} {}", number(more as u64), self.view.again);
            self.out.push_str(&self.view.paint.paint(Tone::Faint, &text));
            self.out.push('\n');
        }
    }
}
