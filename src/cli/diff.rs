//! `tapmap diff`: what is on one map and not on another.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::anyhow;
use serde_json::Value;

use super::args::{DiffArguments, Output, moment};
use super::failure::{DONE, Failure};
use super::output;
use super::reading::{Wanted, read};
use super::setup::Setup;
use crate::model::Timestamp;
use crate::query::Listing;
use crate::question::diff::{Question, answer};
use crate::report::SCHEMA;

/// Bytes of a saved report that are read at most: a map of a million rows.
const REPORT_BYTES_MAX: u64 = 1 << 30;

/// Compares two captures, two times of one, or a capture with a saved report.
///
/// # Errors
/// If either cannot be read, or was named wrongly.
pub fn run(arguments: &DiffArguments) -> Result<ExitCode, Failure> {
    if matches!(arguments.output, Output::Jsonl | Output::Csv) {
        return Err(Failure::usage(anyhow!("a difference is one document; use `-o json` or `-o table`")));
    }
    let before = listing(&arguments.before, arguments)?;
    let after = listing(&arguments.after, arguments)?;
    let question = Question { before: arguments.before.clone(), after: arguments.after.clone() };
    let told = answer(&question, &before, &after);
    output::write(|out| match arguments.output {
        Output::Json => told.json(out),
        _ => {
            let (paint, width) = (output::paint(arguments.color), output::width());
            out.write_all(told.text(paint, width).as_bytes())
        }
    })?;
    Ok(ExitCode::from(DONE))
}

/// One side: `TIME/TIME` of the captures named by `-r`, a capture, or a report that was saved.
fn listing(side: &str, arguments: &DiffArguments) -> Result<Listing, Failure> {
    let mut setup = Setup::new(&arguments.reading)?;
    let captures = match window(side)? {
        Some((since, until)) => {
            if arguments.read.is_empty() {
                return Err(Failure::usage(anyhow!("`{side}` is a time; name the captures with `-r FILE`")));
            }
            setup.options.since = Some(since);
            setup.options.until = Some(until);
            arguments.read.clone()
        }
        None if is_report(Path::new(side)) => return saved(Path::new(side)),
        None => vec![PathBuf::from(side)],
    };
    let wanted = Wanted { records: false, as_of: None, quiet: arguments.quiet };
    Ok(Listing::of(&read(&captures, &setup, wanted)?.snapshot))
}

fn window(side: &str) -> Result<Option<(Timestamp, Timestamp)>, Failure> {
    let Some((since, until)) = side.split_once('/') else { return Ok(None) };
    // A path has slashes too; what begins with a year and a month is none.
    let dated =
        |text: &str| text.get(..8).is_some_and(|day| day.bytes().filter(u8::is_ascii_digit).count() >= 6);
    if !dated(since) || !dated(until) || Path::new(side).exists() {
        return Ok(None);
    }
    let at = |text: &str| moment(text).map_err(|why| Failure::usage(anyhow!(why)));
    let (since, until) = (at(since)?, at(until)?);
    if since >= until {
        return Err(Failure::usage(anyhow!("`{side}`: the time ends before it begins")));
    }
    Ok(Some((since, until)))
}

/// A report is JSON: its first character is a brace, and no capture's is.
fn is_report(path: &Path) -> bool {
    let Ok(file) = File::open(path) else { return false };
    let mut start = Vec::new();
    let read = file.take(64).read_to_end(&mut start);
    read.is_ok() && start.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{')
}

/// Reads what `analyze -o json` wrote.
fn saved(path: &Path) -> Result<Listing, Failure> {
    let name = path.display();
    let unreadable =
        |why: &dyn std::fmt::Display| Failure::failed(anyhow!("report `{name}` cannot be read: {why}"));
    let file = File::open(path).map_err(|why| unreadable(&why))?;
    let reader = BufReader::new(file.take(REPORT_BYTES_MAX));
    let report: Value = serde_json::from_reader(reader).map_err(|why| unreadable(&why))?;
    let schema = report.get("schema").and_then(Value::as_str).unwrap_or_default();
    if schema != SCHEMA {
        return Err(unreadable(&format!("its schema is `{schema}`, and `{SCHEMA}` is wanted")));
    }
    let rows = |list: &str| report.get(list).and_then(Value::as_array).into_iter().flatten();
    let text =
        |row: &Value, field: &str| row.get(field).and_then(Value::as_str).unwrap_or_default().to_owned();
    let pairs = |list: &'static str, id: &'static str, of: &'static str| {
        rows(list).map(move |row| (text(row, id), text(row, of)))
    };
    let roles = |row: &Value| -> BTreeSet<String> {
        let roles = row.get("roles").and_then(Value::as_array).into_iter().flatten();
        roles.filter_map(Value::as_str).map(ToOwned::to_owned).collect()
    };
    Ok(Listing {
        hosts: rows("hosts").map(|row| (text(row, "id"), roles(row))).collect(),
        services: pairs("services", "id", "protocol").collect(),
        dependencies: rows("dependencies")
            .filter(|row| text(row, "state") != "attempt")
            .map(|row| (text(row, "id"), text(row, "protocol")))
            .collect(),
        certificates: pairs("certificates", "sha256", "subject").collect(),
    })
}
