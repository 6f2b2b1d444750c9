//! Whom an infected host can have reached in time, or who can have infected the victims.

use std::collections::BTreeSet;
use std::io::{self, Write};

use super::ask::{Ask, Told};
use super::ground::Ground;
use super::refusal::Refusal;
use super::words::{check, find, parsed};
use crate::model::{Nanos, Timestamp};
use crate::query::contact::{Contacts, Ways};
use crate::query::trace::{Candidate, Cause, Classes, Oddities, Root, Rules, Trace, causes, rank, trace};
use crate::query::{Atlas, Blindness, Target};
use crate::report::{Backward, ForwardPage, Judged, Report, Teller, TraceQuestion, TraceResult, View};

/// Hosts whose blindness is told: those that were asked about, and the first that were found.
const BLINDNESS_HOSTS_MAX: usize = 64;

/// The question.
#[derive(Clone, Debug)]
pub struct Question {
    /// Who is infected.
    pub targets: Vec<String>,
    /// Which way to look.
    pub direction: Direction,
    /// When they were infected (forward), or known to be (back); an address may bring its own moment.
    pub at: Option<Timestamp>,
    /// How an intruder moves.
    pub moving: Moving,
    /// The page tells every host that a drawing without time would accuse.
    pub with_static: bool,
}

/// Which way to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Whom can they have reached since?
    Forward,
    /// Who can have infected them by then?
    Back,
}

/// How an intruder moves.
#[derive(Clone, Copy, Debug, Default)]
pub struct Moving {
    /// By which contacts.
    pub classes: Classes,
    /// How long it takes to move on from a host.
    pub dwell: Nanos,
    /// Servers can also act on clients that come to them.
    pub client_side: bool,
}

impl Moving {
    pub(super) const fn rules(&self) -> Rules {
        Rules { classes: self.classes, dwell: self.dwell, until: None }
    }

    pub(super) fn contacts(&self, ground: &Ground) -> Contacts {
        let wanted = Ways { client_side: self.client_side, insecure: Some(ground.insecure()) };
        Contacts::of(ground.atlas(), wanted)
    }
}

impl Question {
    /// The moment of each target.
    fn moments(&self) -> Result<Vec<(String, Timestamp)>, Refusal> {
        let each = self.targets.iter().map(|text| {
            let own = match parsed(text)? {
                Target::AddressAt(_, at) => Some(at),
                _ => self.at,
            };
            let at = own.ok_or_else(|| {
                let what = match self.direction {
                    Direction::Forward => "was infected",
                    Direction::Back => "was known to be infected",
                };
                Refusal::words(&format!(
                    "when {text} {what} is missing; add `--at 2026-03-14T10:04:00Z`, or write an address as \
                     `10.2.0.17@2026-03-14T10:04:00Z`"
                ))
            })?;
            Ok((text.clone(), at))
        });
        each.collect()
    }
}

impl Ask for Question {
    fn check(&self) -> Result<(), Refusal> {
        check(&self.targets)?;
        self.moments().map(drop)
    }

    fn answer<'a>(&'a self, ground: &'a Ground) -> Result<Box<dyn Told + 'a>, Refusal> {
        let named = self.moments()?;
        let hosts = hosts(ground.atlas(), &named)?;
        let searched = Searched {
            ground,
            report: ground.report(),
            contacts: self.moving.contacts(ground),
            rules: self.moving.rules(),
            client_side: self.moving.client_side,
            named,
            hosts,
        };
        Ok(match self.direction {
            Direction::Forward => Box::new(searched.forward(self.with_static)),
            Direction::Back => Box::new(searched.back()),
        })
    }
}

/// The hosts that some names mean, each with its moment.
fn hosts(atlas: &Atlas, named: &[(String, Timestamp)]) -> Result<Vec<(u32, Timestamp)>, Refusal> {
    let mut hosts: Vec<(u32, Timestamp)> = Vec::new();
    for (text, at) in named {
        for host in find(atlas, text)?.hosts {
            // Named twice, the earlier moment is the narrower question.
            match hosts.iter_mut().find(|(known, _)| *known == host) {
                Some((_, known)) => *known = (*known).min(*at),
                None => hosts.push((host, *at)),
            }
        }
    }
    Ok(hosts)
}

/// What is searched: by which contacts, from whom, since when.
struct Searched<'a> {
    ground: &'a Ground,
    report: Report<'a>,
    contacts: Contacts,
    rules: Rules,
    client_side: bool,
    named: Vec<(String, Timestamp)>,
    hosts: Vec<(u32, Timestamp)>,
}

impl<'a> Searched<'a> {
    fn forward(self, with_static: bool) -> Forward<'a> {
        let found = trace(&self.contacts, &self.hosts, &self.rules);
        let controlled = found.reached.iter().filter(|row| row.controlled).map(|row| row.host);
        let blindness = self.blindness(controlled);
        Forward { searched: self, found, blindness, with_static }
    }

    fn back(self) -> Back<'a> {
        let root = Root::of(&self.contacts, &self.hosts, &self.rules);
        let candidates = self.judged(&root);
        let best = candidates.first().map(|(row, _)| row.host);
        let causes = best.map(|host| causes(&self.contacts, host, Timestamp::MIN, &root, &self.rules));
        let blindness = self.blindness(best.into_iter());
        Back { searched: self, root, candidates, causes: causes.unwrap_or_default(), blindness }
    }

    fn judged(&self, root: &Root) -> Vec<Judged> {
        let insecure: &BTreeSet<u32> = self.ground.insecure();
        let oddities = Oddities { atlas: self.ground.atlas(), contacts: &self.contacts, insecure };
        let mut candidates = root.candidates(&self.contacts);
        for candidate in &mut candidates {
            candidate.oddities = u8::try_from(oddities.of(root, candidate).len()).unwrap_or(u8::MAX);
        }
        rank(&mut candidates);
        let judged = |candidate: Candidate| {
            let odd = oddities.of(root, &candidate);
            (candidate, odd)
        };
        candidates.into_iter().map(judged).collect()
    }

    fn blindness(&self, found: impl Iterator<Item = u32>) -> Blindness {
        let own = self.hosts.iter().map(|(host, _)| *host);
        let hosts: Vec<u32> = own.chain(found).take(BLINDNESS_HOSTS_MAX).collect();
        Blindness::of(self.ground.atlas(), &hosts)
    }

    fn teller(&self) -> Teller<'_> {
        Teller { report: &self.report, atlas: self.ground.atlas(), contacts: &self.contacts }
    }

    fn echo(&self, direction: &'static str) -> TraceQuestion {
        TraceQuestion::new(direction, &self.named, &self.rules, self.client_side)
    }

    fn id(&self, direction: &'static str) -> String {
        self.ground.asker().answer_id(&self.echo(direction))
    }

    /// In the order in which they were named, as one text.
    fn names(&self) -> String {
        let names: Vec<&str> = self.named.iter().map(|(name, _)| name.as_str()).collect();
        names.join(", ")
    }
}

struct Forward<'a> {
    searched: Searched<'a>,
    found: Trace,
    blindness: Blindness,
    with_static: bool,
}

impl Told for Forward<'_> {
    fn json(&self, out: &mut dyn Write) -> io::Result<()> {
        let Searched { hosts, rules, ground, .. } = &self.searched;
        let result = TraceResult::of(&self.searched.teller(), hosts, &self.found, rules);
        ground.asker().answer(self.searched.echo("forward"), &self.blindness, result).write_json(out)
    }

    fn text(&self, view: &View<'_>) -> String {
        let page = ForwardPage {
            teller: self.searched.teller(),
            named: &self.searched.names(),
            zero: &self.searched.hosts,
            trace: &self.found,
            rules: &self.searched.rules,
            with_static: self.with_static,
        };
        page.write(view, &self.blindness, &self.searched.id("forward"))
    }
}

struct Back<'a> {
    searched: Searched<'a>,
    root: Root,
    candidates: Vec<Judged>,
    causes: Vec<Cause>,
    blindness: Blindness,
}

impl Back<'_> {
    fn backward<'b>(&'b self, named: &'b str) -> Backward<'b> {
        Backward {
            teller: self.searched.teller(),
            named,
            root: &self.root,
            candidates: &self.candidates,
            causes: &self.causes,
        }
    }
}

impl Told for Back<'_> {
    fn json(&self, out: &mut dyn Write) -> io::Result<()> {
        let result = self.backward("").result();
        let asker = self.searched.ground.asker();
        asker.answer(self.searched.echo("back"), &self.blindness, result).write_json(out)
    }

    fn text(&self, view: &View<'_>) -> String {
        let names = self.searched.names();
        self.backward(&names).write(view, &self.blindness, &self.searched.id("back"))
    }
}
