//! Forward in time: whom somebody infected can have reached. For programs, and for people.

use serde::Serialize;

use super::hop::{HopRow, Teller};
use super::page::Page;
use crate::graph::Host;
use crate::model::Timestamp;
use crate::query::Blindness;
use crate::query::trace::{Classes, OutOfTime, Reached, Rules, SEED, Trace};
use crate::report::text::{Column, Table, Tone, View, count, length, moment, some};
use crate::report::time;

/// Rows told to people; programs get all of them.
const ROWS_MAX: usize = 40;

/// Hosts out of time that are told to people who did not ask for them.
const STATIC_MAX: usize = 3;

/// Sessions told to people.
const SESSIONS_MAX: usize = 10;

/// The question, as its answer repeats it.
#[derive(Clone, Debug, Serialize)]
pub struct TraceQuestion {
    /// `trace`.
    pub command: &'static str,
    /// `forward` or `back`.
    pub direction: &'static str,
    /// Who is asked about, with the moment that was taken for it.
    pub targets: Vec<TargetAt>,
    /// By which contacts somebody moves on.
    pub classes: &'static str,
    /// How long it takes to move on from a host.
    pub dwell_seconds: f64,
    /// Servers can act on clients.
    pub client_side: bool,
}

/// A target with its moment.
#[derive(Clone, Debug, Serialize)]
pub struct TargetAt {
    /// As it was named.
    pub target: String,
    /// The moment.
    pub at: Option<String>,
}

impl TraceQuestion {
    /// A question about targets, each as it was named and with its moment.
    pub fn new(
        direction: &'static str,
        targets: &[(String, Timestamp)],
        rules: &Rules,
        client_side: bool,
    ) -> TraceQuestion {
        let at =
            |(target, at): &(String, Timestamp)| TargetAt { target: target.clone(), at: Some(time(*at)) };
        #[expect(clippy::cast_precision_loss, reason = "a dwell is seconds, not decades")]
        let dwell_seconds = rules.dwell as f64 / 1e9;
        TraceQuestion {
            command: "trace",
            direction,
            targets: targets.iter().map(at).collect(),
            classes: word(rules.classes),
            dwell_seconds,
            client_side,
        }
    }
}

/// The word of the command line.
pub(super) const fn word(classes: Classes) -> &'static str {
    match classes {
        Classes::Exec => "exec",
        Classes::All => "all",
    }
}

/// The `result` of a trace forward.
#[derive(Serialize)]
pub struct TraceResult {
    zero: String,
    zeros: Vec<String>,
    at: String,
    reached: Vec<ReachedRow>,
    static_only: Vec<String>,
    static_control_only: Vec<String>,
    out_of_time: Vec<OutOfTimeRow>,
    open_sessions: Vec<HopRow>,
    worlds: u32,
    seed: u64,
}

#[derive(Serialize)]
struct ReachedRow {
    host: String,
    address: String,
    at: String,
    path: Vec<String>,
    probability: f64,
    class: &'static str,
    controlled: bool,
    touched: Option<String>,
    hops: Vec<HopRow>,
    likely_path: Vec<String>,
    reliability: f64,
    reliability_error: f64,
}

#[derive(Serialize)]
struct OutOfTimeRow {
    host: String,
    address: String,
    missed: Option<HopRow>,
    actor_reached: Option<String>,
}

impl TraceResult {
    /// What was found from these hosts.
    pub fn of(teller: &Teller<'_>, zero: &[(u32, Timestamp)], trace: &Trace, rules: &Rules) -> TraceResult {
        let zeros: Vec<String> = zero.iter().map(|(host, _)| teller.id(*host)).collect();
        TraceResult {
            zero: zeros.first().cloned().unwrap_or_default(),
            zeros,
            at: zero.iter().map(|(_, at)| *at).min().map(time).unwrap_or_default(),
            reached: trace.reached.iter().map(|row| reached(teller, row)).collect(),
            static_only: trace.static_only.iter().map(|row| teller.id(row.host)).collect(),
            static_control_only: trace.static_control_only.iter().map(|host| teller.id(*host)).collect(),
            out_of_time: trace
                .static_only
                .iter()
                .map(|row| OutOfTimeRow {
                    host: teller.id(row.host),
                    address: teller.address(row.host),
                    missed: row.missed.and_then(|way| teller.row(way, None)),
                    actor_reached: late(teller, zero, trace, row).map(time),
                })
                .collect(),
            open_sessions: open(teller, zero, trace, rules)
                .into_iter()
                .filter_map(|way| teller.row(way, None))
                .collect(),
            worlds: trace.worlds,
            seed: SEED,
        }
    }
}

fn reached(teller: &Teller<'_>, row: &Reached) -> ReachedRow {
    ReachedRow {
        host: teller.id(row.host),
        address: teller.address(row.host),
        at: time(row.at),
        path: teller.ids(&row.path),
        probability: row.probability,
        class: teller.class(&row.path),
        controlled: row.controlled,
        touched: row.touched.map(time),
        hops: teller.hops(&row.path),
        likely_path: teller.ids(&row.likely_path),
        reliability: row.reliability.0,
        reliability_error: row.reliability.1,
    }
}

/// When the host was reached from which a contact was missed.
fn late(teller: &Teller<'_>, zero: &[(u32, Timestamp)], trace: &Trace, row: &OutOfTime) -> Option<Timestamp> {
    let actor = teller.way(row.missed?)?.actor;
    let known = zero.iter().find(|(host, _)| *host == actor).map(|(_, at)| *at);
    known.or_else(|| trace.reached.iter().find(|row| row.host == actor).map(|row| row.at))
}

/// Sessions that nobody has ended, from hosts that are under control: by what gives control of their
/// targets.
fn open(teller: &Teller<'_>, zero: &[(u32, Timestamp)], trace: &Trace, rules: &Rules) -> Vec<u32> {
    let controlled = trace.reached.iter().filter(|row| row.controlled).map(|row| row.host);
    let hosts = zero.iter().map(|(host, _)| *host).chain(controlled);
    let ways = hosts.flat_map(|host| teller.contacts.from(host));
    let gives_control =
        |means: crate::query::contact::Means| rules.classes == Classes::All || means.is_exec();
    ways.filter(|(_, way)| gives_control(way.means))
        .filter(|(_, way)| teller.contact(way).is_some_and(|contact| contact.open))
        .map(|(place, _)| place)
        .collect()
}

/// Everything that the page of a trace forward is made from.
pub struct ForwardPage<'a> {
    /// What ways are told from.
    pub teller: Teller<'a>,
    /// As the target was named.
    pub named: &'a str,
    /// Who is infected, since when.
    pub zero: &'a [(u32, Timestamp)],
    /// What was found.
    pub trace: &'a Trace,
    /// By which rules.
    pub rules: &'a Rules,
    /// Also tell all that is out of time.
    pub with_static: bool,
}

impl ForwardPage<'_> {
    /// The page.
    pub fn write(&self, view: &View<'_>, blindness: &Blindness, answer_id: &str) -> String {
        let mut page = Page::wide(view);
        let hosts: Vec<&Host> =
            self.zero.iter().filter_map(|(host, _)| self.teller.atlas.host(*host)).collect();
        page.about(&hosts, self.named);
        self.told(&mut page);
        self.out_of_time(&mut page);
        self.sessions(&mut page);
        page.heading("HOW IT WAS FOUND");
        page.say(&self.how());
        let next: Vec<String> = self.next(&view.again);
        page.end(blindness, &next, answer_id)
    }

    fn told(&self, page: &mut Page<'_>) {
        let (controlled, touched): (Vec<&Reached>, Vec<&Reached>) =
            self.trace.reached.iter().partition(|row| row.controlled);
        let at = self.zero.iter().map(|(_, at)| *at).min().map(moment).unwrap_or_default();
        let tone = if controlled.is_empty() { Tone::Heading } else { Tone::Alarm };
        page.headed(
            tone,
            &format!(
                "IF COMPROMISED AT {at}: {} can have come under its control, {} more asked for data",
                count(controlled.len(), "host", "hosts"),
                touched.len()
            ),
        );
        if self.trace.reached.is_empty() {
            page.say("No contact that ended at that moment or later lets it act on anybody.");
        }
        self.rows(page, &controlled);
        if !touched.is_empty() {
            page.heading("DATA: read or written there, nobody moves on from it");
            self.rows(page, &touched);
        }
    }

    fn rows(&self, page: &mut Page<'_>, rows: &[&Reached]) {
        if rows.is_empty() {
            return;
        }
        let mut table = Table::new(&[
            Column::word("NOT BEFORE"),
            Column::text("HOST", 15),
            Column::text("FROM", 15),
            Column::word("BY"),
            Column::text("SESSION", 19),
            Column::number("P"),
            Column::text("FRAME", 8).spare(1),
        ]);
        for row in rows.iter().take(ROWS_MAX) {
            let Some(way) = row.path.last().and_then(|hop| self.teller.way(hop.way)) else { continue };
            table.row(vec![
                self.teller.stamp(row.at).into(),
                self.teller.called(page, row.host).into(),
                self.teller.called(page, way.actor).into(),
                self.teller.spoken(way).into(),
                self.teller.session(way),
                format!("{:.2}", row.probability).into(),
                self.teller.frame(way).into(),
            ]);
        }
        page.table(&table);
        if rows.len() > ROWS_MAX {
            page.say(&format!("and {} more; `-o json` has all of them", rows.len() - ROWS_MAX));
        }
    }

    fn out_of_time(&self, page: &mut Page<'_>) {
        let rows = &self.trace.static_only;
        let control = &self.trace.static_control_only;
        if rows.is_empty() && control.is_empty() {
            return;
        }
        page.heading(&format!(
            "A DRAWING WITHOUT TIME WOULD ALSO ACCUSE {}",
            count(rows.len(), "HOST", "HOSTS")
        ));
        let shown = if self.with_static { rows.len() } else { STATIC_MAX };
        for row in rows.iter().take(shown) {
            let text = format!("{}: {}", self.teller.called(page, row.host), self.why(page, row));
            page.say(&text);
        }
        if rows.len() > shown {
            page.say(&format!("and {} more; --static tells all of them", rows.len() - shown));
        }
        if !control.is_empty() {
            let names = control.iter().map(|host| self.teller.called(page, *host)).collect();
            let names = some(names, STATIC_MAX);
            page.say(&format!(
                "It would also claim control of {names}, where in time only data was asked for."
            ));
        }
    }

    fn why(&self, page: &Page<'_>, row: &OutOfTime) -> String {
        let Some(way) = row.missed.and_then(|place| self.teller.way(place)) else {
            return "only behind others of these".to_owned();
        };
        let by = self.teller.spoken(way);
        let from = self.teller.called(page, way.actor);
        let reached = late(&self.teller, self.zero, self.trace, row).map(moment).unwrap_or_default();
        let open = self.teller.contact(way).is_some_and(|contact| contact.open);
        match open {
            true => format!(
                "{by} from {from} fell silent {} and no end was seen; {from} was reached {reached}, so it may still be \
                 usable",
                moment(way.span.last)
            ),
            false => format!("{by} from {from} ended {}, before {reached}", moment(way.span.last)),
        }
    }

    fn sessions(&self, page: &mut Page<'_>) {
        let open = open(&self.teller, self.zero, self.trace, self.rules);
        if open.is_empty() {
            return;
        }
        page.headed(Tone::Alarm, &format!("SESSIONS OPEN NOW: {}", open.len()));
        for way in open.iter().take(SESSIONS_MAX).filter_map(|place| self.teller.way(*place)) {
            let port = self.teller.contact(way).map_or(0, |contact| contact.client_port);
            let text = format!(
                "{} port {port} to {}, {}, since {}; last packet {}",
                self.teller.called(page, way.actor),
                self.teller.called(page, way.target),
                self.teller.spoken(way),
                moment(way.span.first),
                moment(way.span.last)
            );
            page.say(&text);
        }
        if open.len() > SESSIONS_MAX {
            page.say(&format!("and {} more; `-o json` has all of them", open.len() - SESSIONS_MAX));
        }
    }

    fn how(&self) -> String {
        let moves = match self.rules.classes {
            Classes::Exec => "Who runs commands on a host moves on from it (--classes all: by any contact)",
            Classes::All => "Any contact lets an intruder move on",
        };
        let dwell = match self.rules.dwell {
            0 => "at once".to_owned(),
            dwell => format!("after {}", length(dwell)),
        };
        format!(
            "{moves}, {dwell}. A contact can be used until its last packet. P is the likeliest path's product \
             of what each kind of contact is worth, a figure to rank by; over all paths, from {} worlds, in \
             `-o json`.",
            self.trace.worlds
        )
    }

    fn next(&self, again: &str) -> Vec<String> {
        let first = self.trace.reached.iter().find(|row| row.controlled);
        let back = first.map(|row| {
            format!(
                "tapmap trace {} --back --at {} {again}",
                self.teller.address(row.host),
                self.teller.report.as_of.map(time).unwrap_or_default()
            )
        });
        let own = self
            .zero
            .first()
            .map(|(host, _)| format!("tapmap isolate {} {again}", self.teller.address(*host)));
        own.into_iter().chain(back).collect()
    }
}
