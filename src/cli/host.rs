//! `tapmap host`: everything known of one host.

use std::process::ExitCode;

use anyhow::anyhow;
use clap::Args;
use serde::Serialize;

use super::args::AskArguments;
use super::asking::{find, tell};
use super::failure::Failure;
use super::scoping::ask;
use crate::query::{Card, Scope};
use crate::report::{HostResult, clean, host_page};

/// `host`.
#[derive(Debug, Args)]
pub struct HostArguments {
    /// An address, ADDRESS@TIME (whoever held it then), a name, or host:port
    #[arg(value_name = "TARGET", required_unless_present = "check")]
    pub target: Option<String>,
    /// How it is asked.
    #[command(flatten)]
    pub asking: AskArguments,
}

#[derive(Serialize)]
struct Question<'a> {
    command: &'static str,
    target: &'a str,
    /// The moment that was named, resolved.
    at: Option<String>,
}

/// Writes a host's card.
///
/// # Errors
/// If the target is not on the map, or is several hosts.
pub fn run(arguments: &HostArguments) -> Result<ExitCode, Failure> {
    ask(&arguments.asking, arguments.target.as_slice(), |scene| {
        let text = arguments.target.as_deref().unwrap_or_default();
        let target = find(scene.atlas, text)?;
        let hosts = scene.hosts(&Scope::of(std::slice::from_ref(&target)));
        if hosts.len() > 1 {
            let ids: Vec<String> = hosts.iter().take(8).map(|host| host.key.to_string()).collect();
            let (text, ids) = (clean(text), ids.join(", "));
            let count = hosts.len();
            return Err(Failure::failed(anyhow!(
                "`{text}` is {count} hosts, and a card is one's: {ids}; name one"
            )));
        }
        let card = Card::of(scene.atlas, &target);
        let result = card.as_ref().and_then(|card| HostResult::of(card, scene.report));
        let (Some(card), Some(result)) = (card, result) else {
            return Err(Failure::failed(anyhow!("`{}` is no host", clean(text))));
        };
        let blindness = scene.blindness(&Scope::of(std::slice::from_ref(&target)));
        let question = Question { command: "host", target: text, at: target.at.map(|at| at.to_string()) };
        let answer = scene.asker.answer(question, &blindness, result);
        let page = || host_page(scene.view, &card, text, &blindness, &answer.answer_id);
        tell(scene.arguments, |out| answer.write_json(out), page)
    })
}
