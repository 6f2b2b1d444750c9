//! Rules for an answer, with where each comes from, what it would have done, and what undoes it.

use serde::Serialize;

use super::page::Page;
use crate::graph::Snapshot;
use crate::model::Timestamp;
use crate::policy::{PlainRow, Plan, Rehearsal, Rendered, Verdicts};
use crate::query::Blindness;
use crate::report::text::{Column, Table, Tone, View, count, number, share};
use crate::report::time;

/// Everything that is told of a policy.
pub struct PolicyAnswer<'a> {
    /// The map.
    pub snapshot: &'a Snapshot,
    /// What it is for.
    pub plan: &'a Plan,
    /// The rules as text.
    pub rendered: &'a Rendered,
    /// Whom to isolate where no gateway stands between.
    pub plain: &'a [PlainRow],
    /// What it would have done to all recorded sessions.
    pub replay: &'a Rehearsal,
    /// The same for the part of the time that it was not made from, and where that part begins.
    pub holdout: Option<(Timestamp, &'a Rehearsal)>,
    /// Commands that end sessions which are open now.
    pub kill: &'a [String],
}

/// `result` of the contract.
#[derive(Serialize)]
pub struct PolicyResult {
    format: &'static str,
    text: String,
    rollback: String,
    rules: Vec<RuleRow>,
    replay: Replay,
    holdout: Option<Holdout>,
    kill: Vec<String>,
    hosts: Vec<HostRow>,
}

#[derive(Serialize)]
struct RuleRow {
    line: String,
    reason: String,
    evidence: Vec<String>,
    last: Option<String>,
    count: u64,
}

#[derive(Serialize)]
struct Replay {
    allow_known: u64,
    allow_unneeded: u64,
    would_break: u64,
    deny_unneeded: u64,
    deny_attack: u64,
    escape: u64,
    undetermined: u64,
    needs_control: u64,
    broken: Vec<String>,
    escapes: Vec<String>,
}

#[derive(Serialize)]
struct Holdout {
    since: String,
    sessions: u64,
    legitimate: u64,
    foreseen_to_break: u64,
    unforeseen: u64,
    others: u64,
}

#[derive(Serialize)]
struct HostRow {
    host: String,
    name: Option<String>,
    macs: Vec<String>,
    vlans: Vec<u16>,
    segment: Option<String>,
    gateway: Option<String>,
}

impl PolicyResult {
    /// The result of the contract.
    pub fn of(answer: &PolicyAnswer<'_>) -> PolicyResult {
        let id = |place: &u32| answer.snapshot.dependencies.get(*place as usize).map(|row| row.id());
        let rules = answer.rendered.rules.iter().filter_map(|line| {
            let rule = answer.plan.policy.rules.get(line.rule)?;
            Some(RuleRow {
                line: line.line.clone(),
                reason: rule.reason.clone(),
                evidence: rule.evidence.dependencies.iter().filter_map(id).collect(),
                last: rule.evidence.last.map(time),
                count: rule.evidence.flows,
            })
        });
        PolicyResult {
            format: "nftables",
            text: answer.rendered.text.clone(),
            rollback: answer.rendered.rollback.clone(),
            rules: rules.collect(),
            replay: Replay::of(answer.replay, answer.snapshot),
            holdout: answer.holdout.map(|(since, rehearsal)| Holdout {
                since: time(since),
                sessions: rehearsal.sessions.sessions(),
                legitimate: rehearsal.sessions.legitimate(),
                foreseen_to_break: rehearsal.sessions.would_break - rehearsal.unforeseen,
                unforeseen: rehearsal.unforeseen,
                others: rehearsal.others,
            }),
            kill: answer.kill.to_vec(),
            hosts: answer.plain.iter().map(HostRow::of).collect(),
        }
    }
}

impl Replay {
    fn of(rehearsal: &Rehearsal, snapshot: &Snapshot) -> Replay {
        let id = |place: &u32| snapshot.dependencies.get(*place as usize).map(|row| row.id());
        let Verdicts {
            allow_known,
            allow_unneeded,
            would_break,
            deny_unneeded,
            deny_attack,
            escape,
            undetermined,
        } = rehearsal.sessions;
        Replay {
            allow_known,
            allow_unneeded,
            would_break,
            deny_unneeded,
            deny_attack,
            escape,
            undetermined,
            needs_control: rehearsal.needs_control,
            broken: rehearsal.broken.keys().filter_map(id).collect(),
            escapes: rehearsal.escapes.keys().filter_map(id).collect(),
        }
    }
}

impl HostRow {
    fn of(row: &PlainRow) -> HostRow {
        HostRow {
            host: row.host.clone(),
            name: row.name.clone(),
            macs: row.macs.iter().map(ToString::to_string).collect(),
            vlans: row.vlans.clone(),
            segment: row.segment.clone(),
            gateway: row.gateway.clone(),
        }
    }
}

/// What a rehearsal says, in sentences; the gravest first. `holdout` is that of the part of the time
/// that the plan was not made from, and where that part begins.
pub fn verdict(replay: &Rehearsal, holdout: Option<(Timestamp, &Rehearsal)>) -> Vec<String> {
    let mut said = Vec::new();
    let sessions = &replay.sessions;
    said.push(format!(
        "{} of {} recorded sessions that somebody needs would break, on {}.",
        number(sessions.would_break),
        number(sessions.legitimate()),
        count(replay.broken.len(), "dependency", "dependencies"),
    ));
    if let Some((since, held)) = holdout {
        said.push(format!(
            "Sessions since {}, not used to build the plan: {} of {} other legitimate ones blocked ({}).",
            crate::report::text::moment(since),
            number(held.unforeseen),
            number(held.others),
            share(held.unforeseen, held.others),
        ));
    }
    if sessions.escape > 0 {
        said.push(format!(
            "{} of an intruder's sessions would still pass, on {}.",
            number(sessions.escape),
            count(replay.escapes.len(), "dependency", "dependencies")
        ));
    }
    if sessions.deny_attack + sessions.deny_unneeded > 0 {
        said.push(format!(
            "Blocked besides: {} of an intruder, {} that nobody needs.",
            number(sessions.deny_attack),
            number(sessions.deny_unneeded)
        ));
    }
    if sessions.undetermined > 0 {
        said.push(format!(
            "{}: who opened them was not seen, so no rule can be judged by them.",
            count(usize::try_from(sessions.undetermined).unwrap_or(usize::MAX), "session", "sessions")
        ));
    }
    if replay.needs_control > 0 {
        said.push(format!(
            "{} opened by the server because a control session announced them: the firewall must follow it.",
            count(
                usize::try_from(replay.needs_control).unwrap_or(usize::MAX),
                "session was",
                "sessions were"
            )
        ));
    }
    said
}

/// The page for switch, NAC and EDR teams.
pub fn write_policy(
    view: &View<'_>,
    title: &str,
    answer: &PolicyAnswer<'_>,
    blindness: &Blindness,
    next: &[String],
    answer_id: &str,
) -> String {
    let mut page = Page::new(view);
    page.line(0, Tone::Heading, title);
    page.time();
    page.heading("WHOM TO ISOLATE");
    write_plain(&mut page, answer.plain);
    page.heading("REHEARSAL");
    verdict(answer.replay, answer.holdout).iter().for_each(|sentence| page.say(sentence));
    if !answer.kill.is_empty() {
        page.heading("SESSIONS THAT ARE OPEN NOW");
        answer.kill.iter().for_each(|line| page.say(line));
    }
    page.say("Nothing is applied by tapmap.");
    page.end(blindness, next, answer_id)
}

fn write_plain(page: &mut Page<'_>, rows: &[PlainRow]) {
    const COLUMNS: [Column; 6] = [
        Column::word("HOST"),
        Column::text("NAME", 12),
        Column::word("MAC"),
        Column::word("VLAN"),
        Column::text("SEGMENT", 12),
        Column::word("GATEWAY"),
    ];
    let mut table = Table::new(&COLUMNS);
    for row in rows {
        let macs: Vec<String> = row.macs.iter().map(ToString::to_string).collect();
        let vlans: Vec<String> = row.vlans.iter().map(ToString::to_string).collect();
        table.row(vec![
            row.host.as_str().into(),
            crate::report::clean(row.name.as_deref().unwrap_or_default()).into(),
            macs.join(" ").into(),
            vlans.join(" ").into(),
            row.segment.as_deref().unwrap_or_default().into(),
            row.gateway.as_deref().unwrap_or_default().into(),
        ]);
    }
    page.table(&table);
    if rows.iter().all(|row| row.macs.is_empty()) {
        page.line(
            2,
            Tone::Faint,
            "No link-layer address of theirs was seen: the tap stands behind a router.",
        );
    }
}
