//! The page for people: what comes first, the cut, and which ways it leaves.

use super::super::isolate::cost;
use super::super::page::Page;
use super::{CutAsked, CutReport};
use crate::query::{Classes, Enforcement, Goal, Passage, Plan, Rule, Severed, Sources, Step, Tier};
use crate::report::text::{Cell, Column, Table, Tone, View, count, some};

/// Rows of a kind that are told; programs get all of them.
const ROWS_MAX: usize = 20;

/// Names in a list within a sentence.
const NAMES_MAX: usize = 4;

impl CutReport<'_> {
    /// The page.
    pub fn page(&self, view: &View<'_>, asked: &CutAsked<'_>, answer_id: &str) -> String {
        let mut page = Page::new(view);
        let (from, to) = (asked.from.join(" "), asked.to.join(" "));
        page.line(0, Tone::Heading, &format!("From {from} to {to}"));
        page.time();
        page.headed(Tone::Warning, "FIRST ISOLATE THE INFECTED: THIS CUT IS THE SECOND LINE");
        page.say(&format!("tapmap isolate {from} --mode quarantine {}", view.again));
        match self.answer.cost {
            Some(hundredths) => self.feasible(&mut page, hundredths),
            None => self.impossible(&mut page),
        }
        let next = [format!("tapmap isolate {from} {}", view.again)];
        page.end(&self.blindness(), &next, answer_id)
    }

    fn ways(&self) -> &'static str {
        match self.question.classes {
            Classes::Exec => "WAY TO RUN COMMANDS",
            Classes::All => "WAY",
        }
    }

    fn seen(&self) -> &'static str {
        match self.question.tier {
            Tier::Observed => "OF THOSE THAT WERE USED",
            Tier::Potential => "OF THOSE THAT WERE USED OR STAND OPEN",
        }
    }

    fn feasible(&self, page: &mut Page<'_>, hundredths: i64) {
        let answer = self.answer;
        if answer.near.ways.is_empty() && answer.near.hosts.is_empty() {
            page.heading(&format!("NOTHING TO CUT: NO {} LEADS THERE, {}", self.ways(), self.seen()));
        } else {
            page.heading(&format!(
                "CUT {}, COST {:.1}: NO {} IS LEFT {}",
                Self::size(&answer.near).to_uppercase(),
                cost(hundredths),
                self.ways(),
                self.seen()
            ));
            self.plan(page, &answer.near);
            self.rules(page);
            if answer.far == answer.near {
                page.say("There is no other cut at this cost nearer to what is kept safe.");
            } else {
                page.heading(&format!(
                    "THE SAME COST, NEARER TO WHAT IS KEPT SAFE: {}",
                    Self::size(&answer.far).to_uppercase()
                ));
                self.plan(page, &answer.far);
            }
        }
        self.kept(page);
        self.leaves(page);
    }

    fn size(plan: &Plan) -> String {
        let ways = count(plan.ways.len(), "way", "ways");
        match (plan.ways.len(), plan.hosts.len()) {
            (_, 0) => ways,
            (0, hosts) => count(hosts, "host", "hosts"),
            (_, hosts) => format!("{ways} and {}", count(hosts, "host", "hosts")),
        }
    }

    fn plan(&self, page: &mut Page<'_>, plan: &Plan) {
        let mut table = Table::new(&[
            Column::number("COST"),
            Column::text("FROM", 16),
            Column::text("TO", 16),
            Column::word("CLASS"),
            Column::text("WHY IT COSTS THAT", 20).spare(1),
            Column::text("WHERE", 10),
        ]);
        for (host, hundredths) in plan.hosts.iter().take(ROWS_MAX) {
            let Some(row) = self.host(*host) else { continue };
            let name = page.host(&row.key);
            table.row(vec![
                format!("{:.1}", cost(*hundredths)).into(),
                name.into(),
                "everything".into(),
                "".into(),
                "all that it uses and that uses it".into(),
                "switch, NAC, EDR".into(),
            ]);
        }
        for severed in plan.ways.iter().take(ROWS_MAX) {
            let Some(service) = self.service(&severed.step) else { continue };
            table.row(vec![
                format!("{:.1}", severed.weight.cost()).into(),
                self.source(page, &severed.step).into(),
                Cell::with(service.key, page.view().name(&service.key.host)),
                severed.step.capability.word().into(),
                Self::why(severed).into(),
                match severed.enforcement {
                    Enforcement::Gateway(Some(gateway)) => format!("gateway {gateway}"),
                    Enforcement::Gateway(None) => "gateway".to_owned(),
                    Enforcement::Switch => "switch, NAC, EDR".to_owned(),
                    Enforcement::Unseen => "unknown direction".to_owned(),
                }
                .into(),
            ]);
        }
        page.table(&table);
        let more = plan.ways.len().saturating_sub(ROWS_MAX) + plan.hosts.len().saturating_sub(ROWS_MAX);
        if more > 0 {
            page.line(2, Tone::Faint, &format!("and {more} more; `-o json` has all"));
        }
    }

    fn source(&self, page: &Page<'_>, step: &Step) -> String {
        match step.passage {
            Passage::Open { segment, .. } | Passage::Enter { segment } => {
                let name = self.segments.get(segment).map_or("", |segment| segment.name.as_str());
                format!("{name} (never used)")
            }
            Passage::Used { .. } => {
                self.host(step.from).map_or_else(String::new, |host| page.host(&host.key))
            }
        }
    }

    /// The terms of a cost: `1 + 3.2·1·log2(1+8)`.
    fn why(severed: &Severed) -> String {
        let weight = &severed.weight;
        let mut terms = "1".to_owned();
        if weight.strength > 0.0 && weight.sessions_per_day > 0.0 {
            let inferred = if weight.criticality.inferred { "~" } else { "" };
            terms = format!(
                "{terms} + {inferred}{:.1}·{:.2}·log2(1+{:.1})",
                weight.criticality.level, weight.strength, weight.sessions_per_day
            );
        }
        if weight.must_path {
            terms.push_str(" + 10 critical service needs it");
        }
        if weight.insecure {
            terms.push_str(" - 0.5 insecure");
        }
        terms
    }

    fn rules(&self, page: &mut Page<'_>) {
        if self.answer.rules.is_empty() {
            return;
        }
        page.heading(&format!("AS {}", count(self.answer.rules.len(), "RULE", "RULES")));
        for rule in self.answer.rules.iter().take(ROWS_MAX) {
            page.say(&self.rule_text(rule));
        }
        let more = self.answer.rules.len().saturating_sub(ROWS_MAX);
        if more > 0 {
            page.line(2, Tone::Faint, &format!("and {more} more; `-o json` has all"));
        }
    }

    fn rule_text(&self, rule: &Rule) -> String {
        let segment = |place: u32| self.segments.get(place).map_or("", |segment| segment.name.as_str());
        let host = |place: u32| self.host(place).map_or_else(String::new, |host| host.key.to_string());
        let from = match &rule.from {
            Sources::Segment(place) => segment(*place).to_owned(),
            Sources::Hosts(hosts) => some(hosts.iter().map(|place| host(*place)).collect(), NAMES_MAX),
        };
        let to = match rule.to {
            Goal::Segment(place) => segment(place).to_owned(),
            Goal::Host(place) => host(place),
        };
        let except: Vec<String> = rule
            .except
            .iter()
            .filter_map(|place| Some(self.atlas.dependency(*place)?.key.client.to_string()))
            .collect();
        let except = match except.is_empty() {
            true => String::new(),
            false => format!(", but for {}", some(except, NAMES_MAX)),
        };
        format!("deny {from} -> {to} port {}/{}{except}", rule.port, rule.transport.name())
    }

    fn kept(&self, page: &mut Page<'_>) {
        let kept = self.answer.protected.iter().filter_map(|place| self.atlas.dependency(*place));
        let kept: Vec<String> = kept.map(|row| row.id().replace('>', " -> ")).collect();
        if !kept.is_empty() {
            page.say(&format!("Kept: {}.", some(kept, NAMES_MAX)));
        }
    }

    fn leaves(&self, page: &mut Page<'_>) {
        let residual = &self.answer.residual;
        page.heading("WHAT IT LEAVES");
        if residual.all == 0 {
            page.say("No way of any kind, used or open, as far as was seen.");
            return;
        }
        let ways = count(usize::try_from(residual.all).unwrap_or(usize::MAX), "way", "ways");
        let verb = if residual.all == 1 { "goes" } else { "go" };
        let exec = match residual.exec {
            0 => "none of them runs commands".to_owned(),
            exec => format!("{exec} of them all the way by services that run commands"),
        };
        page.say(&format!("{ways} that stand open {verb} apart from each other; {exec}. The likeliest:"));
        for path in &residual.paths {
            page.warn(&self.path(page, path));
        }
    }

    fn path(&self, page: &Page<'_>, steps: &[Step]) -> String {
        let hops = Self::hops(steps);
        let mut text = hops
            .first()
            .and_then(|hop| self.host(hop.client))
            .map_or_else(String::new, |host| page.host(&host.key));
        for hop in hops {
            let Some(service) = self.atlas.service(hop.service) else { continue };
            let open = if hop.dependency.is_none() { ", open" } else { "" };
            text = format!("{text} -> {} ({}{open})", page.service(&service.key), hop.class);
        }
        text
    }

    fn impossible(&self, page: &mut Page<'_>) {
        page.headed(Tone::Alarm, "IT CANNOT BE CUT: ONLY PROTECTED FLOWS ARE LEFT");
        if let Some(witness) = &self.answer.witness {
            page.warn(&format!("Protected all the way: {}", self.path(page, witness)));
        }
        match &self.answer.given_up {
            Some(given) => {
                let flows = given.flows.iter().filter_map(|severed| {
                    let service = self.service(&severed.step)?;
                    Some(format!("{} -> {}", self.source(page, &severed.step), service.key))
                });
                let flows: Vec<String> = flows.collect();
                page.say(&format!(
                    "Cheapest to give up: {}. The cut then costs {:.1}:",
                    some(flows, NAMES_MAX),
                    cost(given.cost)
                ));
                self.plan(page, &given.plan);
            }
            None => page.say("Not even giving up every protected flow parts them."),
        }
        self.kept(page);
    }
}
