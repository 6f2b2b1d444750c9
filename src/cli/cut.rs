//! `tapmap cut`: the least disruptive cut between where an intruder is and what must be kept safe.

use std::process::ExitCode;

use anyhow::anyhow;
use clap::{Args, ValueEnum};

use super::analyze::{again, checked};
use super::args::AskArguments;
use super::asking::{Asked, find, tell};
use super::failure::Failure;
use super::keeping::kept;
use super::output;
use super::setup::Setup;
use crate::query::{Atlas, Classes, CutQuestion, Cutter, Means, Requires, Segments, Tier};
use crate::report::{Asker, CutAsked, CutReport, View};

/// `cut`.
#[derive(Debug, Args)]
pub struct CutArguments {
    /// Where the intruder is: an address, network, name, label:NAME or role:NAME; may be given several times
    #[arg(long, value_name = "SET", required_unless_present = "check")]
    pub from: Vec<String>,
    /// Where the intruder must not get
    #[arg(long, value_name = "SET", required_unless_present = "check")]
    pub to: Vec<String>,
    /// Flows that must stay: host:port, or client>host:port
    #[arg(long, value_name = "DEPENDENCY")]
    pub keep: Vec<String>,
    /// What counts as a way
    #[arg(long, value_enum, default_value_t = TierWord::Potential)]
    pub tier: TierWord,
    /// Which ways count
    #[arg(long, value_enum, default_value_t = ClassesWord::Exec)]
    pub classes: ClassesWord,
    /// What may be cut
    #[arg(long, value_enum, default_value_t = ByWord::Edges)]
    pub by: ByWord,
    /// How to ask.
    #[command(flatten)]
    pub ask: AskArguments,
}

/// What counts as a way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TierWord {
    /// What was used
    Observed,
    /// What stands open to a host's segment, too
    Potential,
}

/// Which ways count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ClassesWord {
    /// Those on which commands can be run
    Exec,
    /// All
    All,
}

/// What may be cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ByWord {
    /// Single dependencies
    Edges,
    /// Whole hosts
    Hosts,
    /// Whatever is cheaper
    Mixed,
}

/// Reads captures and tells the least disruptive cut.
///
/// # Errors
/// If something was asked wrongly, a set is not on the map, or nothing can be read.
pub fn run(arguments: &CutArguments) -> Result<ExitCode, Failure> {
    let ask = &arguments.ask;
    let setup = Setup::new(&ask.reading)?;
    if ask.reading.check {
        return checked(&setup);
    }
    let asked = Asked::new(ask, setup)?;
    let atlas = Atlas::new(asked.observed());
    let question = question(&atlas, arguments)?;
    let (segments, requires) = (Segments::new(&atlas), Requires::from_atlas(&atlas));
    let cutter = Cutter::new(&atlas, &segments, &requires);
    let asker = Asker::new(asked.observed(), ask.as_of);
    let words = CutAsked {
        command: "cut",
        from: &arguments.from,
        to: &arguments.to,
        keep: &arguments.keep,
        tier: question.tier.word(),
        classes: question.classes.word(),
        by: match question.means {
            Means::Ways => "edges",
            Means::Hosts => "hosts",
            Means::Both => "mixed",
        },
    };
    let answer = cutter.cut(&question);
    let told = CutReport { atlas: &atlas, segments: &segments, question: &question, answer: &answer };
    let report = asked.report();
    let view = View {
        report: &report,
        paint: output::paint(ask.color),
        width: output::width(),
        names: !ask.no_names,
        again: again(&ask.read, &ask.reading, ask.as_of),
    };
    tell(
        ask,
        |out| told.envelope(&asker, &words).write_json(out),
        || told.page(&view, &words, &asker.answer_id(&words)),
    )
}

fn question(atlas: &Atlas, arguments: &CutArguments) -> Result<CutQuestion, Failure> {
    let set = |words: &[String]| -> Result<Vec<u32>, Failure> {
        let mut hosts = Vec::new();
        for text in words {
            hosts.extend(find(atlas, text)?.hosts);
        }
        hosts.sort_unstable();
        hosts.dedup();
        Ok(hosts)
    };
    let (from, to) = (set(&arguments.from)?, set(&arguments.to)?);
    if let Some(both) = from.iter().find(|host| to.contains(host)).and_then(|host| atlas.host(*host)) {
        let both = both.key;
        return Err(Failure::usage(anyhow!("{both} is in both sets: nothing cuts a host off from itself")));
    }
    let kept: Result<Vec<_>, Failure> = arguments.keep.iter().map(|text| kept(atlas, text)).collect();
    Ok(CutQuestion {
        from,
        to,
        kept: kept?,
        unprotected: false,
        tier: match arguments.tier {
            TierWord::Observed => Tier::Observed,
            TierWord::Potential => Tier::Potential,
        },
        classes: match arguments.classes {
            ClassesWord::Exec => Classes::Exec,
            ClassesWord::All => Classes::All,
        },
        means: match arguments.by {
            ByWord::Edges => Means::Ways,
            ByWord::Hosts => Means::Hosts,
            ByWord::Mixed => Means::Both,
        },
    })
}
