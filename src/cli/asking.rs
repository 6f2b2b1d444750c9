//! What all questions have in common: where the map comes from, who is meant, how the answer is told.

use std::collections::BTreeSet;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::anyhow;

use super::args::{AskArguments, Output};
use super::failure::{DONE, Failure};
use super::output;
use super::reading::{Read, Wanted};
use super::setup::Setup;
use crate::graph::inference::infer;
use crate::graph::{History, Host};
use crate::model::{State, Timestamp};
use crate::query::{Atlas, Observed, Resolved, Target, Unknown, resolve};
use crate::report::{Report, clean};

/// Everything that questions are answered from.
pub struct Asked {
    read: Read,
    observed: Observed,
}

impl Asked {
    /// Reads the captures that a question is about.
    ///
    /// # Errors
    /// If no capture can be read, or something was asked wrongly.
    pub fn new(arguments: &AskArguments, setup: Setup) -> Result<Asked, Failure> {
        let wanted = Wanted { records: true, as_of: arguments.as_of, quiet: arguments.quiet };
        let mut read = Read::new(&arguments.read, &setup, wanted)?;
        let mut history = History::new(read.snapshot(), read.records());
        (history.indications, history.indications_dropped) = read.take_indications();
        Ok(Asked {
            observed: Observed {
                snapshot: Arc::clone(read.snapshot()),
                history: Arc::new(history),
                inferences: Arc::new(infer(read.snapshot(), read.records(), read.tokens())),
                knowledge: Arc::new(setup.knowledge),
                watched: read.watched().into(),
            },
            read,
        })
    }

    /// What was observed.
    pub fn observed(&self) -> Observed {
        self.observed.clone()
    }

    /// The report of what was read, for names of sources and findings.
    pub fn report(&self) -> Report<'_> {
        self.read.report()
    }

    /// Dependencies on which an insecure practice was agreed on or used: whoever is on the wire can read
    /// or join in.
    pub fn insecure(&self, atlas: &Atlas) -> BTreeSet<u32> {
        let findings = self
            .read
            .findings
            .iter()
            .filter(|finding| finding.state >= State::Negotiated && finding.certificate.is_none());
        let dependencies = findings.flat_map(|finding| {
            let services = finding.service.and_then(|key| atlas.service_place(&key));
            let of = services.into_iter().flat_map(|service| atlas.used_by(service));
            of.filter(|dependency| {
                let client = atlas.dependency(**dependency).map(|row| row.key.client);
                client.is_some_and(|client| finding.clients.contains(&client))
            })
        });
        dependencies.copied().collect()
    }

    /// The moment of the last packet, or the one that was asked for.
    pub fn as_of(&self) -> Option<Timestamp> {
        self.read.report().as_of
    }
}

/// Looks up a target that was named on the command line.
///
/// # Errors
/// If it is written wrongly (status 2), or not on the map (status 1): what is near, and what to do.
pub fn find(atlas: &Atlas, text: &str) -> Result<Resolved, Failure> {
    let target: Target = text.parse().map_err(Failure::usage)?;
    resolve(atlas, &target).map_err(|unknown| Failure::failed(anyhow!(refusal(atlas, text, &unknown))))
}

/// Why a target is not on the map, in one sentence that helps.
fn refusal(atlas: &Atlas, text: &str, unknown: &Unknown) -> String {
    let text = clean(text);
    let named = |places: &[u32]| -> String {
        let hosts = places.iter().filter_map(|place| atlas.host(*place));
        hosts.map(called).collect::<Vec<_>>().join(", ")
    };
    match unknown {
        Unknown::NeverSeen { nearest, neighbours } => {
            let nearest = match nearest.as_slice() {
                [] => String::new(),
                places => format!("; the nearest are {}", named(places)),
            };
            let tapped = match neighbours {
                None => "; `tapmap hosts` lists every name that was seen",
                Some(0) => "; no host of its subnet was seen either, so the tap may not see that subnet",
                Some(_) => "; its subnet is tapped, other hosts there were seen",
            };
            format!("`{text}` was never seen{nearest}{tapped}")
        }
        Unknown::NotThen { host } => {
            format!("{} was not yet seen at that time", named(&[*host]))
        }
        Unknown::NoSuchPort { host } => {
            let ports = atlas.offers(*host).iter().filter_map(|service| atlas.service(*service));
            let ports: Vec<String> = ports
                .map(|service| format!("{}/{}", service.key.port, service.key.transport.name()))
                .collect();
            let offers = match ports.as_slice() {
                [] => "it was seen to offer nothing".to_owned(),
                ports => format!("it offers {}", ports.join(", ")),
            };
            format!("`{text}`: no such service on {}; {offers}", named(&[*host]))
        }
        Unknown::Ambiguous { candidates, count } => {
            let more = count - candidates.len();
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            format!("`{text}` is {count} hosts: {}{more}; name one by its address or id", named(candidates))
        }
        Unknown::Nobody => format!("no host seen answers to `{text}`; `tapmap hosts` lists them"),
    }
}

/// A host as people call it: its id, and its name where there is one.
fn called(host: &Host) -> String {
    match host.names.first() {
        Some(name) => clean(&format!("{} ({})", host.key, name.name)),
        None => host.key.to_string(),
    }
}

/// Writes an answer: JSON for programs, text for people.
///
/// # Errors
/// If it cannot be written, or the form is none that answers have.
pub fn tell(
    arguments: &AskArguments,
    json: impl FnOnce(&mut dyn std::io::Write) -> std::io::Result<()>,
    text: impl FnOnce() -> String,
) -> Result<ExitCode, Failure> {
    match arguments.output {
        Output::Json => output::write(json)?,
        Output::Table => output::write(|out| out.write_all(text().as_bytes()))?,
        Output::Jsonl | Output::Csv => {
            return Err(Failure::usage(anyhow!("an answer is one document; use `-o json` or `-o table`")));
        }
    }
    Ok(ExitCode::from(DONE))
}
