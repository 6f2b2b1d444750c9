//! `tapmap analyze`: everything that captures tell.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::anyhow;

use super::args::{AnalyzeArguments, Output, ReadingArguments, TellingArguments};
use super::failure::{DONE, FOUND, Failure};
use super::output;
use super::reading::{Wanted, read};
use super::setup::Setup;
use crate::finding::Finding;
use crate::model::Timestamp;
use crate::question::Ground;
use crate::report::{View, write_json, write_lines, write_story};

/// Reads captures and tells what they show.
///
/// # Errors
/// If something was asked wrongly, nothing can be read, or the answer cannot be written.
pub fn run(arguments: &AnalyzeArguments) -> Result<ExitCode, Failure> {
    let telling = &arguments.telling;
    if telling.output == Output::Csv {
        return Err(Failure::usage(anyhow!(
            "`-o csv` writes one list, and `analyze` tells several; use `tapmap deps {} -o csv`, or hosts, \
             services, certs, findings, flows",
            again(&arguments.captures, &arguments.reading, telling.as_of)
        )));
    }
    let setup = Setup::new(&arguments.reading)?;
    if arguments.reading.check {
        return checked(&setup);
    }
    let wanted = Wanted { records: false, as_of: telling.as_of, quiet: telling.quiet };
    let ground = Ground::of_map(read(&arguments.captures, &setup, wanted)?, Arc::new(setup.knowledge));
    let report = ground.report();
    output::write(|mut out| match telling.output {
        Output::Json => write_json(&report, &mut out),
        Output::Jsonl => write_lines(&report, &mut out),
        Output::Table | Output::Csv => {
            let width = Some(output::width().unwrap_or(output::PAGE_WIDTH));
            let view = View {
                report: &report,
                paint: output::paint(telling.color),
                width,
                names: !telling.no_names,
                again: again(&arguments.captures, &arguments.reading, telling.as_of),
            };
            out.write_all(write_story(&view).as_bytes())
        }
    })?;
    Ok(status(ground.findings(), telling))
}

/// Says that the configuration is good.
pub fn checked(setup: &Setup) -> Result<ExitCode, Failure> {
    let operator = &setup.operator;
    let filter = setup.options.filter.as_deref().map_or("no filter", |_| "the filter compiles");
    output::write(|out| {
        writeln!(
            out,
            "the configuration is good: {filter}; {} local networks, {} servers, {} labels, {} names, {} scanners",
            operator.local.len(),
            operator.servers.len(),
            operator.labels.len(),
            operator.names.len(),
            operator.scanners.len(),
        )
    })?;
    Ok(ExitCode::from(DONE))
}

/// The exit status: 3 if a finding is as urgent as `--fail-on` says.
pub fn status(findings: &[Finding], telling: &TellingArguments) -> ExitCode {
    let failed =
        telling.fail_on.is_some_and(|level| findings.iter().any(|finding| level.reached_by(finding)));
    ExitCode::from(if failed { FOUND } else { DONE })
}

/// The arguments that make another command read the same captures in the same way.
pub fn again(captures: &[PathBuf], reading: &ReadingArguments, as_of: Option<Timestamp>) -> String {
    const NAMED_MAX: usize = 3;
    let unnamed = captures.is_empty()
        || captures.len() > NAMED_MAX
        || captures.iter().any(|path| path.as_os_str() == "-");
    let mut words: Vec<String> = match (unnamed, &reading.data_dir) {
        (true, Some(dir)) => vec![format!("--data-dir {}", quoted(&dir.display().to_string()))],
        (true, None) => vec!["-r FILE".to_owned()],
        (false, _) => {
            captures.iter().map(|path| format!("-r {}", quoted(&path.display().to_string()))).collect()
        }
    };
    let mut flag = |name: &str, value: Option<String>| {
        words.extend(value.map(|value| format!("{name} {}", quoted(&value))));
    };
    flag("-f", reading.expression());
    flag("--since", reading.since.map(|time| time.to_string()));
    flag("--until", reading.until.map(|time| time.to_string()));
    let networks: Vec<String> = reading.local_networks.iter().map(ToString::to_string).collect();
    flag("-m", (!networks.is_empty()).then(|| networks.join(",")));
    flag("--site", reading.site.as_ref().map(|site| site.display().to_string()));
    flag("--as-of", as_of.map(|time| time.to_string()));
    words.join(" ")
}

/// A word as a shell takes it.
fn quoted(text: &str) -> String {
    let text = crate::report::clean(text);
    let plain = |c: char| c.is_alphanumeric() || "/._-+,:@%".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text;
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_for_a_shell() {
        assert_eq!(quoted("a/b-1.pcap"), "a/b-1.pcap");
        assert_eq!(quoted("my file.pcap"), "'my file.pcap'");
        assert_eq!(quoted("it's"), r"'it'\''s'");
        assert_eq!(quoted(""), "''");
    }
}
