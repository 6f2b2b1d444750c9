//! What a capture tells, the story first: what was read, what matters, what to do first; then the
//! tables, then what this tap could not see.

mod act;
mod compact;
mod summary;

use super::View;
use super::blindness;
use super::paint::Tone;
use super::safe::clean;
use super::table::fill;
use super::words::{bytes, count, length, moment, number, some};
use crate::graph::{Dependency, DependencyState};
use crate::model::{HostKey, Span};

/// Findings told in full.
const FINDINGS_TOLD: usize = 5;
/// Names in one sentence.
const NAMES_TOLD: usize = 4;
/// Sources told one by one.
const SOURCES_TOLD: usize = 8;

/// The story.
pub fn write_story(view: &View<'_>) -> String {
    let mut story = Story { view, out: String::new() };
    let span = span(view);
    story.read(span);
    story.summary();
    story.act_first();
    story.tables();
    story.cannot_see(span);
    story.next();
    story.out
}

/// From the first packet to the last of all sources; where packets were left out, of what the map tells.
fn span(view: &View<'_>) -> Option<Span> {
    if view.report.counted.filtered > 0 {
        let snapshot = view.report.snapshot;
        let hosts = snapshot.hosts.iter().filter_map(|host| host.span);
        return hosts.chain(snapshot.dependencies.iter().map(|row| row.totals.span)).reduce(
            |mut all, span| {
                all.join(span);
                all
            },
        );
    }
    let spans = view.report.sources.iter().filter_map(|source| Some((source.first?, source.last?)));
    spans.map(|(first, last)| Span { first, last }).reduce(|mut all, span| {
        all.join(span);
        all
    })
}

struct Story<'a> {
    view: &'a View<'a>,
    out: String,
}

impl Story<'_> {
    fn heading(&mut self, text: &str) {
        if !self.out.is_empty() {
            self.out.push('\n');
        }
        self.out.push_str(&self.view.paint.paint(Tone::Heading, text));
        self.out.push('\n');
    }

    /// A sentence of its own, indented.
    fn say(&mut self, tone: Tone, text: &str) {
        self.bullet(tone, "  ", text);
    }

    /// A sentence with something in front of its first line.
    fn bullet(&mut self, tone: Tone, front: &str, text: &str) {
        let rest = " ".repeat(front.chars().count());
        for line in fill(text, self.view.width, front, &rest).lines() {
            self.out.push_str(&self.view.paint.paint(tone, line));
            self.out.push('\n');
        }
    }

    fn host(&self, host: &HostKey) -> String {
        self.view.host(host)
    }

    fn hosts<'h>(&self, hosts: impl IntoIterator<Item = &'h HostKey>) -> String {
        some(hosts.into_iter().map(|host| self.host(host)).collect(), NAMES_TOLD)
    }

    fn read(&mut self, span: Option<Span>) {
        let report = self.view.report;
        let counted = report.counted;
        let what = match report.sources {
            [one] => clean(&one.path),
            many => count(many.len(), "source", "sources"),
        };
        self.heading(&what);
        let passed = counted.read.saturating_sub(counted.filtered);
        let mut line = match counted.filtered {
            0 => number(passed),
            _ => format!("{} of {}", number(passed), number(counted.read)),
        };
        line.push_str(&format!(" packets, {} on the wire", bytes(counted.bytes_wire)));
        if let Some(span) = span {
            let (first, last) = (moment(span.first), moment(span.last));
            line.push_str(&format!(", in {} from {first} to {last}", length(span.last - span.first)));
        }
        self.say(Tone::Plain, &format!("{line}."));
        if let Some(words) = counted.selection.words() {
            self.say(Tone::Plain, &format!("Only what was asked for: {words}."));
        }
        if let Some(as_of) = report.as_of.filter(|as_of| report.snapshot.last != Some(*as_of)) {
            self.say(Tone::Plain, &format!("Certificates are judged as of {}.", moment(as_of)));
        }
        self.copies();
        self.sources();
    }

    /// Packets that came more than once: because a file did, or because a mirror delivered them so.
    fn copies(&mut self) {
        let counted = self.view.report.counted;
        for path in counted.repeated.iter().take(SOURCES_TOLD) {
            let text = format!("`{}` is the same file as another one named.", clean(path));
            self.bullet(Tone::Warning, "  ! ", &text);
        }
        let from = match counted.repeated.as_slice() {
            [] => "that a mirror delivered",
            _ => "of others, most of them because a file was named more than once",
        };
        match counted.duplicate {
            0 => {}
            1 => self.say(Tone::Plain, "1 packet is a copy of another; it counts once."),
            many => {
                self.say(
                    Tone::Plain,
                    &format!("{} packets are copies {from}; they count once.", number(many)),
                );
            }
        }
    }

    fn sources(&mut self) {
        let sources = self.view.report.sources;
        let several = sources.len() > 1;
        let (broken, whole): (Vec<_>, Vec<_>) = sources.iter().partition(|source| source.problem.is_some());
        let told = broken.into_iter().chain(whole.into_iter().filter(|_| several)).take(SOURCES_TOLD);
        for source in told {
            let path = clean(&source.path);
            match source.sentence() {
                Some(problem) => self.bullet(Tone::Alarm, "  ! ", &problem),
                None => {
                    let format = source.format.unwrap_or("unread");
                    let packets = number(source.packets);
                    self.say(
                        Tone::Faint,
                        &format!("{path}: {format}, {packets} packets, {}", bytes(source.bytes)),
                    );
                }
            }
        }
        if several && sources.len() > SOURCES_TOLD {
            self.say(Tone::Faint, &format!("… and {} more", sources.len() - SOURCES_TOLD));
        }
    }

    fn cannot_see(&mut self, span: Option<Span>) {
        self.heading("WHAT THIS TAP COULD NOT SEE");
        for sentence in blindness::sentences(self.view, span) {
            self.bullet(Tone::Plain, "  ! ", &sentence);
        }
    }

    fn next(&mut self) {
        let report = self.view.report;
        let again = &self.view.again;
        let mut commands = Vec::new();
        if let Some(finding) = report.findings.first() {
            commands.push(format!("tapmap explain {}", finding.rule.id));
            commands.push(format!("tapmap findings {again}"));
        }
        commands.push(format!("tapmap deps {again} -o csv"));
        commands.push(format!("tapmap export --format graphml {again} > map.graphml"));
        self.heading("NEXT");
        for command in commands.iter().take(3) {
            self.out.push_str("  ");
            self.out.push_str(command);
            self.out.push('\n');
        }
    }
}

fn is_answered(dependency: &&Dependency) -> bool {
    dependency.state > DependencyState::Attempt
}
