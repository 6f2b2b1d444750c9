//! `tapmap explain`: what a rule is about, or what a file of the operator may say.

use std::process::ExitCode;

use anyhow::anyhow;

use super::failure::{DONE, Failure};
use super::output;
use crate::config::{EXAMPLE, sensor};
use crate::finding::{RULES, rule};
use crate::report::{Paint, catalogue, rule_page, rule_table};

/// The word for the table of all rules, and of those that there are not yet.
const CATALOGUE: &str = "rules";
/// The word for the page about the site file.
const SITE: &str = "site";
/// The word for the page about the sensor's configuration.
const CONFIGURATION: &str = "config";

/// Writes the page of a rule; without one, the list of rules.
///
/// # Errors
/// If there is no such rule, or the page cannot be written.
pub fn run(subject: Option<&str>, paint: Paint) -> Result<ExitCode, Failure> {
    let width = output::width();
    let page = match subject {
        None => rule_table(RULES, width, paint),
        Some(CATALOGUE) => catalogue(),
        Some(SITE) => EXAMPLE.to_owned(),
        Some(CONFIGURATION) => sensor::example(),
        Some(id) => {
            let rule = rule(&id.to_uppercase()).ok_or_else(|| unknown(id))?;
            rule_page(rule, width.unwrap_or(output::PAGE_WIDTH), paint)
        }
    };
    output::write(|out| out.write_all(page.as_bytes()))?;
    Ok(ExitCode::from(DONE))
}

fn unknown(id: &str) -> Failure {
    let family = id.split('-').next().unwrap_or_default().to_uppercase();
    let near: Vec<&str> = RULES.iter().map(|rule| rule.id).filter(|id| id.starts_with(&family)).collect();
    let near = if near.is_empty() || family.is_empty() {
        "`tapmap explain` lists all rules; `tapmap explain site` shows a site file, `tapmap explain config` \
         the configuration of a sensor"
            .to_owned()
    } else {
        format!("there are {}", near.join(", "))
    };
    Failure::usage(anyhow!("no rule `{id}`; {near}"))
}
