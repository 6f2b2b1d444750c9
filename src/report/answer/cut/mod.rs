//! The least disruptive cut: for programs, and for people.

mod page;
mod result;

use serde::Serialize;

use super::envelope::{Answer, Asker};
use crate::graph::{Host, Service};
use crate::query::{Atlas, Blindness, CutAnswer, CutQuestion, Passage, Segments, Step};
use result::CutResult;

/// The question, as it was asked.
#[derive(Clone, Copy, Serialize)]
pub struct CutAsked<'a> {
    /// `cut`.
    pub command: &'static str,
    /// Where the intruder is, as it was written.
    pub from: &'a [String],
    /// Where the intruder must not get, as it was written.
    pub to: &'a [String],
    /// Flows to keep, as they were written.
    pub keep: &'a [String],
    /// `observed` or `potential`.
    pub tier: &'static str,
    /// `exec` or `all`.
    pub classes: &'static str,
    /// `edges`, `hosts` or `mixed`.
    pub by: &'static str,
}

/// Everything that is told of a cut.
pub struct CutReport<'a> {
    /// The map.
    pub atlas: &'a Atlas,
    /// Its segments.
    pub segments: &'a Segments,
    /// What was asked.
    pub question: &'a CutQuestion,
    /// What was found.
    pub answer: &'a CutAnswer,
}

/// One hop of a path: who comes by which service.
#[derive(Clone, Copy, Debug)]
struct Hop {
    client: u32,
    service: u32,
    /// It was used; none: it only stands open to the client's segment.
    dependency: Option<u32>,
    class: &'static str,
}

impl CutReport<'_> {
    /// The answer for programs.
    pub fn envelope<'q>(
        &self,
        asker: &Asker,
        asked: &'q CutAsked<'q>,
    ) -> Answer<&'q CutAsked<'q>, CutResult> {
        asker.answer(asked, &self.blindness(), self.result())
    }

    fn blindness(&self) -> Blindness {
        let hosts: Vec<u32> = self.question.from.iter().chain(&self.question.to).copied().collect();
        Blindness::of(self.atlas, &hosts)
    }

    fn host(&self, place: u32) -> Option<&Host> {
        self.atlas.host(place)
    }

    fn service(&self, step: &Step) -> Option<&Service> {
        self.atlas.service(step.passage.service()?)
    }

    /// The hops of a path; what stands open to a segment is used by the host that came into it.
    fn hops(steps: &[Step]) -> Vec<Hop> {
        let mut here = None;
        let mut hops = Vec::new();
        for step in steps {
            let class = step.capability.word();
            match step.passage {
                Passage::Enter { .. } => here = Some(step.from),
                Passage::Used { dependency, service } => {
                    hops.push(Hop { client: step.from, service, dependency: Some(dependency), class });
                }
                Passage::Open { service, .. } => {
                    hops.extend(here.map(|client| Hop { client, service, dependency: None, class }));
                }
            }
        }
        hops
    }
}
