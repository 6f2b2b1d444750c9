//! The page for people: what breaks first, then what that does not stop.

use std::collections::BTreeMap;

use super::super::broken::group;
use super::super::page::Page;
use super::result::cost;
use super::{IsolateAnswer, IsolateAsked};
use crate::graph::Host;
use crate::query::isolate::Lost;
use crate::query::{Broken, Causes, Choice, Enforcement, Fallen, ImpactNode, Infrastructure, Mode, Worth};
use crate::report::text::{Cell, Column, Table, Tone, View, clock, count, number, some};

/// Rows of a kind that are told; programs get all of them.
const ROWS_MAX: usize = 12;

/// Names in a list within a sentence.
const NAMES_MAX: usize = 4;

impl IsolateAnswer<'_> {
    /// The page.
    pub fn page(&self, view: &View<'_>, asked: &IsolateAsked<'_>, answer_id: &str, sessions: bool) -> String {
        let mut page = Page::new(view);
        let what = asked.targets.join(" ");
        let alone = self.question.services.iter().filter_map(|service| self.atlas.host_of(*service));
        let hosts: Vec<&Host> = self
            .question
            .hosts
            .iter()
            .copied()
            .chain(alone)
            .filter_map(|host| self.atlas.host(host))
            .collect();
        page.about(&hosts, &what);
        self.unnamed(&mut page);
        self.breaks(&mut page);
        self.movement(&mut page);
        self.options(&mut page);
        self.enforcement(&mut page);
        if let Some(rehearsal) = &self.rehearsal {
            page.heading("REPLAY OF WHAT WAS RECORDED");
            rehearsal.iter().for_each(|sentence| page.say(sentence));
        }
        self.costs(&mut page);
        if sessions {
            self.sessions(&mut page);
        }
        page.end(&self.blindness, &self.next(view, &what), answer_id)
    }

    /// Other addresses of the same machines are an intruder's way out.
    fn unnamed(&self, page: &mut Page<'_>) {
        let others = self.same_machines.iter().filter_map(|host| self.atlas.host(*host));
        let others: Vec<String> = others.map(|host| host.key.to_string()).collect();
        let told = match others.len() {
            0 => return,
            1 => "is another address of the same machine and stays open: name it too.",
            _ => "are other addresses of the same machines and stay open: name them too.",
        };
        page.warn(&format!("{} {told}", some_of(others)));
    }

    fn breaks(&self, page: &mut Page<'_>) {
        let outside = &self.isolation.outside;
        let services = || outside.services(self.requires);
        let critical =
            services().filter(|(service, _)| Worth::of_service(self.atlas, *service).is_critical()).count();
        let clients = outside.clients(self.requires).count();
        let mode = match self.question.mode {
            Mode::Full => "FULL ISOLATION",
            Mode::Egress => "BLOCKING WHAT IT BEGINS",
            Mode::Ingress => "BLOCKING WHAT OTHERS BEGIN",
            Mode::Lateral => "BLOCKING LATERAL MOVEMENT",
            Mode::Quarantine => "QUARANTINE",
            Mode::Edge => "CUTTING THESE DEPENDENCIES",
        };
        let mut heading = match services().count() {
            0 => format!("{mode} BREAKS NO SERVICE OUTSIDE"),
            broken => format!("{mode} BREAKS {} OUTSIDE", count(broken, "SERVICE", "SERVICES")),
        };
        if critical > 0 {
            heading = format!("{heading}, {critical} CRITICAL");
        }
        let clients = count(clients, "client loses something", "clients lose something");
        page.headed(if critical > 0 { Tone::Alarm } else { Tone::Heading }, &format!("{heading}; {clients}"));
        self.fallen(page, outside);
        let lost = self.lost();
        if !lost.is_empty() {
            page.line(2, Tone::Plain, &format!("INSIDE loses {}", lost.join(", ")));
        }
        self.inside(page);
        let open = &self.isolation.open;
        if !open.is_empty() {
            let admin = open.iter().filter(|open| open.admin).count();
            let sessions = count(open.len(), "open session", "open sessions");
            let told = format!("RESETS {sessions}, {} of them admin (--sessions)", number(admin as u64));
            page.line(2, Tone::Plain, &told);
        }
        if self.isolation.cut.is_empty() {
            page.say("Nothing crosses the boundary that this mode blocks, as far as was seen.");
        }
    }

    /// Services that fall outside, the most critical first; then those that may.
    fn fallen(&self, page: &mut Page<'_>, broken: &Broken) {
        let cut = self.isolation.cut_places();
        let causes = Causes::new(self.requires, &self.all_fallen(), &cut);
        let mut table = Table::new(&[
            Column::word(""),
            Column::text("", 16),
            Column::text("", 16),
            Column::word("").spare(1),
            Column::word("").spare(2),
        ]);
        let mut rows = 0;
        let mut more = 0;
        for (word, tone, some) in [("FAILS", Tone::Alarm, &broken.must), ("MAY", Tone::Warning, &broken.may)]
        {
            let mut services: Vec<(u32, &Fallen)> = some
                .iter()
                .filter_map(|fallen| match self.requires.node(fallen.node) {
                    ImpactNode::Service(service) => Some((service, fallen)),
                    ImpactNode::Host(_) => None,
                })
                .collect();
            let level = |service: u32| Worth::of_service(self.atlas, service).level;
            services
                .sort_by(|(one, _), (other, _)| level(*other).total_cmp(&level(*one)).then(one.cmp(other)));
            for (service, fallen) in services {
                if rows == ROWS_MAX {
                    more += 1;
                    continue;
                }
                rows += 1;
                let Some(row) = self.atlas.service(service) else { continue };
                let needs = causes.of(*fallen).into_iter().filter_map(|place| self.atlas.dependency(place));
                let needs: Vec<String> = needs.map(|row| row.key.service.to_string()).collect();
                let via = (fallen.hop > 1).then(|| group(self.atlas, self.requires, fallen.group)).flatten();
                let via = via.map_or_else(String::new, |via| format!(" via {via}"));
                let worth = Worth::of_service(self.atlas, service);
                let inferred = if worth.inferred { " (inferred)" } else { "" };
                table.row(vec![
                    Cell::from(word).tone(tone),
                    Cell::with(row.key, page.view().name(&row.key.host)),
                    format!("needs {}{via}", some_of(needs)).into(),
                    format!("crit {:.0}{inferred}", worth.level).into(),
                    count(row.clients, "client", "clients").into(),
                ]);
            }
        }
        page.rows(&table);
        if more > 0 {
            page.line(2, Tone::Faint, &format!("and {more} more; `-o json` has all"));
        }
    }

    /// What the inside loses of what everybody needs: `DNS 10.1.0.5 (all 38)`.
    fn lost(&self) -> Vec<String> {
        let mut by: BTreeMap<Infrastructure, Vec<&Lost>> = BTreeMap::new();
        for lost in &self.isolation.lost {
            by.entry(lost.what).or_default().push(lost);
        }
        let inside = self.question.hosts.len();
        let told = by.into_iter().map(|(what, lost)| {
            let providers: Vec<String> = lost
                .iter()
                .filter_map(|lost| Some(self.atlas.host(lost.provider)?.key.to_string()))
                .collect();
            let hosts: std::collections::BTreeSet<u32> =
                lost.iter().flat_map(|lost| &lost.hosts).copied().collect();
            let who = match hosts.len() {
                _ if inside < 2 => String::new(),
                all if all == inside => format!(" (all {all})"),
                some => format!(" ({some} of {inside})"),
            };
            format!("{} {}{who}", what.word(), some_of(providers))
        });
        told.collect()
    }

    fn inside(&self, page: &mut Page<'_>) {
        let broken = &self.isolation.inside;
        let services: Vec<String> = broken
            .services(self.requires)
            .filter_map(|(service, _)| Some(self.atlas.service(service)?.key.to_string()))
            .collect();
        if !services.is_empty() {
            let fail = if services.len() == 1 { "fails" } else { "fail" };
            let told = count(services.len(), "service", "services");
            page.say(&format!("INSIDE {told} {fail} too: {}", some_of(services)));
        }
    }

    /// What no gateway stops.
    fn movement(&self, page: &mut Page<'_>) {
        let remains = &self.remains;
        if remains.neighbours == 0 {
            return;
        }
        let names: Vec<String> = self.blindness.segments.clone();
        let segments = match names.as_slice() {
            [one] => format!("one segment ({one})"),
            several => count(several.len(), "segment", "segments"),
        };
        let hosts = count(remains.neighbours, "host", "hosts");
        page.headed(
            Tone::Warning,
            &format!(
                "IT DOES NOT STOP MOVEMENT INSIDE: {hosts}, {segments}, {} with services that run commands \
                 seen open",
                remains.neighbours_exec
            ),
        );
        page.say(
            "Isolate the infected hosts first: by switch, NAC or EDR. No gateway stands between neighbours.",
        );
    }

    fn options(&self, page: &mut Page<'_>) {
        page.heading("OPTIONS");
        let mut table = Table::new(&[
            Column::text("", 12),
            Column::word("breaks"),
            Column::number("clients"),
            Column::text("still open to an intruder", 24),
        ]);
        for choice in &self.options.choices {
            let breaks = match choice.breaks {
                0 => "0".to_owned(),
                breaks => format!("{breaks} ({} crit)", choice.critical),
            };
            table.row(vec![
                self.choice(choice).into(),
                breaks.into(),
                number(choice.clients as u64).into(),
                self.still_open(choice).into(),
            ]);
        }
        page.table(&table);
        if let Some(choice) = self.options.suggested.and_then(|place| self.options.choices.get(place)) {
            page.say(&format!("Suggested: {}. You decide; nothing is applied.", self.choice(choice)));
            for kept in self.ids(choice.kept.iter().copied()) {
                let why = if choice.protected { "you protect it" } else { "something critical needs it" };
                page.say(&format!("It keeps {}: {why}.", kept.replace('>', " -> ")));
            }
        }
    }

    fn choice(&self, choice: &Choice) -> String {
        let kept = choice.kept.iter().filter_map(|place| self.atlas.dependency(*place));
        let kept: Vec<String> = kept.map(|row| row.key.service.to_string()).collect();
        match kept.is_empty() {
            true => choice.mode.word().to_owned(),
            false => format!("{}, keep {}", choice.mode, some_of(kept)),
        }
    }

    fn still_open(&self, choice: &Choice) -> String {
        let remains = &choice.remains;
        let mut open = Vec::new();
        if remains.neighbours > 0 {
            open.push("inside the segment".to_owned());
        }
        let mut spared: Vec<String> =
            remains
                .exceptions
                .iter()
                .filter_map(|place| {
                    let row = self.atlas.dependency(*place)?;
                    let kept = choice.kept.contains(place).then(|| row.id().replace('>', " -> "));
                    Some(kept.unwrap_or_else(|| {
                        format!("{} {}", row.protocol().unwrap_or("port"), row.key.service)
                    }))
                })
                .collect();
        spared.dedup();
        if !spared.is_empty() {
            open.push(some_of(spared));
        }
        if remains.services > 0 {
            let protocols: Vec<String> = remains.protocols.iter().map(ToString::to_string).collect();
            let services = count(remains.services, "service", "services");
            open.push(format!("{services} outside ({})", some_of(protocols)));
        }
        if remains.inward {
            open.push("whoever connects to it".to_owned());
        }
        if open.is_empty() { "nothing that was seen".to_owned() } else { open.join(" + ") }
    }

    fn enforcement(&self, page: &mut Page<'_>) {
        let [gateway, switch, unseen] = self.isolation.enforced();
        if self.isolation.cut.is_empty() {
            return;
        }
        page.heading("WHERE IT CAN BE ENFORCED");
        let mut gateways: BTreeMap<String, usize> = BTreeMap::new();
        for edge in &self.isolation.cut {
            if let Enforcement::Gateway(at) = edge.enforcement {
                let name = at
                    .map_or_else(|| "a gateway that was not named".to_owned(), |at| format!("gateway {at}"));
                *gateways.entry(name).or_default() += 1;
            }
        }
        let mut places: Vec<String> = Vec::new();
        if gateway > 0 {
            places.extend(gateways.iter().map(|(name, edges)| format!("{edges} at {name}")));
        }
        if switch > 0 {
            places.push(format!("{switch} inside a segment: only at switch, NAC or EDR"));
        }
        if unseen > 0 {
            places.push(format!("{unseen} of unknown direction (blocked by default, not counted as safe)"));
        }
        let edges = count(self.isolation.cut.len(), "crossing edge", "crossing edges");
        page.say(&format!("{edges}: {}", places.join(", ")));
    }

    fn costs(&self, page: &mut Page<'_>) {
        let costs = &self.costs;
        let cut = match (costs.minimum_cut, costs.critical) {
            (None, _) => String::new(),
            (Some(cut_cost), critical) => format!(
                "; {:.1} for the least cut to {}, the second line after isolation (`tapmap cut`)",
                cost(cut_cost),
                if critical { "what is critical" } else { "every server outside" }
            ),
        };
        page.heading("WHAT IT COSTS");
        page.say(&format!(
            "{:.1} for exactly these, {:.1} for their whole {}{cut}.",
            cost(costs.host),
            cost(costs.segment),
            if self.blindness.segments.len() == 1 { "segment" } else { "segments" },
        ));
    }

    fn sessions(&self, page: &mut Page<'_>) {
        page.heading("OPEN SESSIONS THAT WOULD BE RESET");
        let mut table = Table::new(&[
            Column::word("SINCE"),
            Column::text("CLIENT", 16),
            Column::text("SERVICE", 16),
            Column::word("CLASS"),
            Column::word(""),
        ]);
        for open in &self.isolation.open {
            let contacts = self.atlas.observed.history.of(open.dependency as usize);
            let rows = (contacts.get(open.contact as usize), self.atlas.dependency(open.dependency));
            let (Some(contact), Some(row)) = rows else { continue };
            table.row(vec![
                clock(contact.span.first).into(),
                Cell::with(row.key.client, page.view().name(&row.key.client)),
                Cell::with(row.key.service, page.view().name(&row.key.service.host)),
                contact.capability.word().into(),
                Cell::from(if open.admin { "ADMIN" } else { "" }).tone(Tone::Warning),
            ]);
        }
        match self.isolation.open.is_empty() {
            true => page.say("None."),
            false => page.table(&table),
        }
    }

    fn next(&self, view: &View<'_>, what: &str) -> Vec<String> {
        let again = &view.again;
        let mut next = Vec::new();
        if self.question.mode != Mode::Quarantine {
            next.push(format!("tapmap isolate {what} --mode quarantine {again}"));
        }
        if !self.isolation.open.is_empty() {
            next.push(format!("tapmap isolate {what} --mode {} --sessions {again}", self.question.mode));
        }
        next.push(format!("tapmap cut --from {} --to SET {again}", what.replace(' ', " --from ")));
        next
    }
}

fn some_of(items: Vec<String>) -> String {
    some(items, NAMES_MAX)
}
