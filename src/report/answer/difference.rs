//! Two maps compared: for programs, and for people.

use std::io::{self, Write};

use serde::Serialize;

use super::SCHEMA;
use crate::query::{Changed, Changes, Difference};
use crate::report::text::{Paint, Tone, clean, count, fill};

/// Rows of one kind that are told to people; programs get all of them.
const ROWS_MAX: usize = 20;

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    question: Question<'a>,
    result: Rows<'a>,
}

#[derive(Serialize)]
struct Question<'a> {
    command: &'static str,
    before: &'a str,
    after: &'a str,
}

#[derive(Serialize)]
struct Rows<'a> {
    hosts: Row<'a>,
    services: Row<'a>,
    dependencies: Row<'a>,
    certificates: Row<'a>,
    protocols: Row<'a>,
    roles: Vec<ChangedRow<'a>>,
    spoken: Vec<ChangedRow<'a>>,
}

#[derive(Serialize)]
struct Row<'a> {
    new: &'a [String],
    gone: &'a [String],
}

#[derive(Serialize)]
struct ChangedRow<'a> {
    id: &'a str,
    before: &'a str,
    after: &'a str,
}

/// Writes a difference for programs.
///
/// # Errors
/// If it cannot be written.
pub fn write_difference_json(
    difference: &Difference,
    before: &str,
    after: &str,
    mut out: &mut dyn Write,
) -> io::Result<()> {
    fn row(changes: &Changes) -> Row<'_> {
        Row { new: &changes.new, gone: &changes.gone }
    }
    fn changed(rows: &[Changed]) -> Vec<ChangedRow<'_>> {
        rows.iter().map(|row| ChangedRow { id: &row.id, before: &row.before, after: &row.after }).collect()
    }
    let document = Document {
        schema: SCHEMA,
        question: Question { command: "diff", before, after },
        result: Rows {
            hosts: row(&difference.hosts),
            services: row(&difference.services),
            dependencies: row(&difference.dependencies),
            certificates: row(&difference.certificates),
            protocols: row(&difference.protocols),
            roles: changed(&difference.roles),
            spoken: changed(&difference.spoken),
        },
    };
    serde_json::to_writer_pretty(&mut out, &document)?;
    writeln!(out)
}

/// The difference for people: what came with `+`, what went with `-`, what changed with `~`.
pub fn write_difference(
    difference: &Difference,
    before: &str,
    after: &str,
    paint: Paint,
    width: Option<usize>,
) -> String {
    let mut out = String::new();
    let mut line = |tone: Tone, indent: &str, text: &str| {
        let text = fill(&clean(text), width, indent, &format!("{indent}  "));
        text.lines().for_each(|line| {
            out.push_str(&paint.paint(tone, line));
            out.push('\n');
        });
    };
    line(Tone::Heading, "", &format!("{after} compared with {before}"));
    if difference.is_empty() {
        line(
            Tone::Plain,
            "",
            "No difference: the same hosts, services, dependencies, certificates and protocols.",
        );
        return out;
    }
    for (title, changes) in [
        ("HOSTS", &difference.hosts),
        ("SERVICES", &difference.services),
        ("DEPENDENCIES", &difference.dependencies),
        ("CERTIFICATES", &difference.certificates),
        ("PROTOCOLS", &difference.protocols),
    ] {
        if changes.new.is_empty() && changes.gone.is_empty() {
            continue;
        }
        line(Tone::Heading, "", &format!("{title}  {} new, {} gone", changes.new.len(), changes.gone.len()));
        for (mark, tone, rows) in [("+", Tone::Warning, &changes.new), ("-", Tone::Faint, &changes.gone)] {
            rows.iter().take(ROWS_MAX).for_each(|row| line(tone, "  ", &format!("{mark} {row}")));
            if rows.len() > ROWS_MAX {
                let more = count(rows.len() - ROWS_MAX, "more", "more");
                line(Tone::Faint, "  ", &format!("{mark} {more}; `-o json` has all"));
            }
        }
    }
    for (title, rows) in [("ROLES", &difference.roles), ("WHAT SERVICES SPEAK", &difference.spoken)] {
        if !rows.is_empty() {
            line(Tone::Heading, "", &format!("{title}  {} changed", rows.len()));
        }
        for row in rows.iter().take(ROWS_MAX) {
            let word = |text: &str| if text.is_empty() { "none".to_owned() } else { text.to_owned() };
            line(
                Tone::Warning,
                "  ",
                &format!("~ {}: {} -> {}", row.id, word(&row.before), word(&row.after)),
            );
        }
    }
    out
}
