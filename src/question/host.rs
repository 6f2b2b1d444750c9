//! Everything known of one host.

use std::io::{self, Write};

use serde::Serialize;

use super::ask::{Ask, Told};
use super::ground::Ground;
use super::refusal::{Refusal, Why};
use super::words::{check, find};
use crate::query::{Blindness, Card, Scope};
use crate::report::{HostResult, View, clean, host_page};

/// Ids of hosts that are told where one is wanted.
const NAMED_MAX: usize = 8;

/// The question.
#[derive(Clone, Debug)]
pub struct Question {
    /// Who it is about.
    pub target: String,
}

/// The question, as its answer repeats it.
#[derive(Serialize)]
struct Echo<'a> {
    command: &'static str,
    target: &'a str,
    /// The moment that was named, resolved.
    at: Option<String>,
}

struct Answer<'a> {
    ground: &'a Ground,
    echo: Echo<'a>,
    card: Card,
    result: HostResult,
    blindness: Blindness,
}

impl Ask for Question {
    fn check(&self) -> Result<(), Refusal> {
        check([&self.target])
    }

    fn answer<'a>(&'a self, ground: &'a Ground) -> Result<Box<dyn Told + 'a>, Refusal> {
        let atlas = ground.atlas();
        let target = find(atlas, &self.target)?;
        let text = || clean(&self.target);
        if target.hosts.len() > 1 {
            let hosts = target.hosts.iter().take(NAMED_MAX).filter_map(|place| atlas.host(*place));
            let ids: Vec<String> = hosts.map(|host| host.key.to_string()).collect();
            let (text, ids, count) = (text(), ids.join(", "), target.hosts.len());
            let sentence = format!("`{text}` is {count} hosts, and a card is one's: {ids}; name one");
            return Err(Refusal { why: Why::Ambiguous, sentence });
        }
        let card = Card::of(atlas, &target);
        let result = card.as_ref().and_then(|card| HostResult::of(card, &ground.report()));
        let (Some(card), Some(result)) = (card, result) else {
            return Err(Refusal::never_seen(format!("`{}` is no host", text())));
        };
        let blindness = ground.blindness(&Scope::of(std::slice::from_ref(&target)));
        let at = target.at.map(|at| at.to_string());
        let echo = Echo { command: "host", target: &self.target, at };
        Ok(Box::new(Answer { ground, echo, card, result, blindness }))
    }
}

impl Told for Answer<'_> {
    fn json(&self, out: &mut dyn Write) -> io::Result<()> {
        self.ground.asker().answer(&self.echo, &self.blindness, &self.result).write_json(out)
    }

    fn text(&self, view: &View<'_>) -> String {
        let id = self.ground.asker().answer_id(&self.echo);
        host_page(view, &self.card, self.echo.target, &self.blindness, &id)
    }
}
