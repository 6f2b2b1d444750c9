//! What `host`, `seen`, `timeline` and `egress` have in common: a map that is asked, and whom it is
//! asked about.

use std::process::ExitCode;

use super::analyze::{again, checked};
use super::args::AskArguments;
use super::asking::Asked;
use super::failure::Failure;
use super::output;
use super::setup::Setup;
use crate::graph::Host;
use crate::query::{Atlas, Blindness, Scope, Target};
use crate::report::{Asker, Report, View};

/// Everything that an answer is made from.
pub struct Scene<'a> {
    /// How it was asked.
    pub arguments: &'a AskArguments,
    /// The map with its indexes.
    pub atlas: &'a Atlas,
    /// Who puts answers together.
    pub asker: &'a Asker,
    /// The report of what was read.
    pub report: &'a Report<'a>,
    /// How it is shown.
    pub view: &'a View<'a>,
}

impl Scene<'_> {
    /// What the tap could not see of whom a question is about: of everybody, the local hosts.
    pub fn blindness(&self, scope: &Scope) -> Blindness {
        let mut places = scope.places(self.atlas);
        if scope.hosts.is_none() {
            places.retain(|place| self.atlas.host(*place).is_some_and(|host| host.internal));
        }
        Blindness::of(self.atlas, &places)
    }

    /// The hosts that are meant.
    pub fn hosts(&self, scope: &Scope) -> Vec<&Host> {
        scope.places(self.atlas).into_iter().filter_map(|place| self.atlas.host(place)).collect()
    }
}

/// Reads what the arguments name, and answers; or checks them, where that is all that is wanted.
///
/// # Errors
/// If a target is written wrongly, nothing can be read, or the answer fails.
pub fn ask(
    arguments: &AskArguments,
    targets: &[String],
    answer: impl FnOnce(&Scene<'_>) -> Result<ExitCode, Failure>,
) -> Result<ExitCode, Failure> {
    // What is written wrongly is said before hours of packets are read.
    for target in targets {
        target.parse::<Target>().map_err(Failure::usage)?;
    }
    let setup = Setup::new(&arguments.reading)?;
    if arguments.reading.check {
        return checked(&setup);
    }
    let asked = Asked::new(arguments, setup)?;
    let (atlas, report) = (Atlas::new(asked.observed()), asked.report());
    let view = View {
        report: &report,
        paint: output::paint(arguments.color),
        width: output::width(),
        names: !arguments.no_names,
        again: again(&arguments.read, &arguments.reading, arguments.as_of),
    };
    let asker = Asker::new(asked.observed(), arguments.as_of);
    answer(&Scene { arguments, atlas: &atlas, asker: &asker, report: &report, view: &view })
}
