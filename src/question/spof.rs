//! Single points of failure, the worst first.

use std::collections::BTreeSet;
use std::io::{self, Write};

use serde::Serialize;

use super::ask::{Ask, Told};
use super::ground::Ground;
use super::refusal::Refusal;
use crate::query::{Blindness, Requires, Spofs, Worths, spof};
use crate::report::{Naming, SpofResult, View, write_spof};

/// The question.
#[derive(Clone, Debug)]
pub struct Question {
    /// How many are told.
    pub top: usize,
    /// Also two hosts that stand in for each other, and fail at once.
    pub pairs: bool,
}

/// The question, as its answer repeats it.
#[derive(Serialize)]
struct Echo {
    command: &'static str,
    top: usize,
    pairs: bool,
}

struct Answer<'a> {
    ground: &'a Ground,
    echo: Echo,
    spofs: Spofs,
    blindness: Blindness,
}

impl Ask for Question {
    fn check(&self) -> Result<(), Refusal> {
        Ok(())
    }

    fn answer<'a>(&'a self, ground: &'a Ground) -> Result<Box<dyn Told + 'a>, Refusal> {
        let (atlas, requires) = (ground.atlas(), ground.requires());
        let worths = Worths::from_atlas(atlas, requires);
        let spofs = spof(requires, &worths, self.top, self.pairs);
        Ok(Box::new(Answer {
            blindness: Blindness::of(atlas, &hosts(requires, &spofs)),
            spofs,
            echo: Echo { command: "spof", top: self.top, pairs: self.pairs },
            ground,
        }))
    }
}

/// The hosts that the answer is about.
fn hosts(requires: &Requires, spofs: &Spofs) -> Vec<u32> {
    let failures = spofs.rows.iter().map(|row| &row.failure);
    let hosts = failures.flat_map(|failure| {
        let of_services = failure.services.iter().filter_map(|service| requires.host_of(*service));
        failure.hosts.iter().copied().chain(of_services)
    });
    hosts.collect::<BTreeSet<u32>>().into_iter().collect()
}

impl Answer<'_> {
    fn naming(&self) -> Naming<'_> {
        Naming { atlas: self.ground.atlas(), requires: self.ground.requires() }
    }
}

impl Told for Answer<'_> {
    fn json(&self, out: &mut dyn Write) -> io::Result<()> {
        let result = SpofResult::of(self.naming(), &self.spofs);
        self.ground.asker().answer(&self.echo, &self.blindness, result).write_json(out)
    }

    fn text(&self, view: &View<'_>) -> String {
        let id = self.ground.asker().answer_id(&self.echo);
        write_spof(view, self.naming(), &self.spofs, &self.blindness, &id)
    }
}
