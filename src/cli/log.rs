//! What a sensor says on standard error: one line a message, for people or as JSON.
//!
//! Messages are about the sensor, never about a packet, so that traffic cannot fill a disk. A message
//! that repeats itself is said [`SAID_PER_SPELL`] times in [`SPELL`] and then counted; the next line of
//! its kind tells how many were left out. What came from the wire is cleaned of everything that
//! commands a terminal or begins a new line, and fields that are named like a secret are not shown.

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::sync::Mutex;
use std::time::Duration;

use anyhow::anyhow;
use serde_json::{Map, Value};
use tracing::callsite::Identifier;
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, MakeWriter};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::{Layer, Registry, reload};

use super::failure::Failure;
use crate::config::sensor::{LogFormat, LogLevel};
use crate::model::Timestamp;
use crate::report::clean;

/// How often a message of one kind is said in a spell.
const SAID_PER_SPELL: u32 = 10;
/// How long a spell is.
const SPELL: Duration = Duration::from_secs(60);
/// Characters of a value, past which it is cut: a line stays shorter than what journald splits (48 KiB).
const VALUE_CHARS_MAX: usize = 1_024;
/// Fields that are never shown, wherever a part of a name is one of these.
const SECRET: [&str; 6] = ["password", "passphrase", "secret", "token", "authorization", "cookie"];

/// What the time is; handed in, so that a test can say.
pub type Clock = fn() -> Timestamp;

/// The log of this process; with it the level can be changed.
pub struct Log {
    level: reload::Handle<Targets, Registry>,
}

impl Log {
    /// Begins to log to standard error. Where journald reads it, lines begin with its priority and
    /// have no time of their own.
    ///
    /// # Errors
    /// If something else in this process logs already.
    pub fn start(format: LogFormat, level: LogLevel, clock: Clock) -> Result<Log, Failure> {
        let style = match format {
            LogFormat::Json => Style::Json,
            // journald sets this for whom it listens to (systemd.exec(5)).
            LogFormat::Text if std::env::var_os("JOURNAL_STREAM").is_some() => Style::Journal,
            LogFormat::Text => Style::Text,
        };
        let (subscriber, log) = assemble(style, level, clock, io::stderr);
        tracing::subscriber::set_global_default(subscriber)
            .map_err(|_| Failure::failed(anyhow!("something else logs already")))?;
        report_panics();
        Ok(log)
    }

    /// Says more or less from now on.
    pub fn set_level(&self, level: LogLevel) {
        // It fails only when nothing logs any more.
        let _ = self.level.reload(targets(level));
    }
}

/// A panic is a line of the log like any other, so that a log in JSON stays one.
fn report_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        let payload = panic.payload();
        let said = payload.downcast_ref::<&str>().copied();
        let said = said.or(payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("no words");
        tracing::error!(place, "a part of the program failed: {said}");
    }));
}

/// Ours at the level that was asked for; libraries only when they warn, unless everything is asked for.
fn targets(level: LogLevel) -> Targets {
    let ours = match level {
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Trace => LevelFilter::TRACE,
    };
    let others = if level == LogLevel::Trace { ours } else { ours.min(LevelFilter::WARN) };
    Targets::new().with_default(others).with_target("tapmap", ours)
}

fn assemble<W>(style: Style, level: LogLevel, clock: Clock, writer: W) -> (impl Subscriber + Send + Sync, Log)
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let (filter, level) = reload::Layer::new(targets(level));
    let lines = tracing_subscriber::fmt::layer()
        .event_format(Lines { style, clock, spells: Mutex::default() })
        .with_writer(writer)
        .with_filter(filter);
    (Registry::default().with(lines), Log { level })
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Style {
    Text,
    Journal,
    Json,
}

/// How often a message was said and left out since its spell began.
#[derive(Clone, Copy, Debug)]
struct Spell {
    began: Timestamp,
    said: u32,
    left_out: u64,
}

/// Writes messages, or counts them.
struct Lines {
    style: Style,
    clock: Clock,
    /// By where in the program the message is said: as many as the program has such places.
    spells: Mutex<HashMap<Identifier, Spell>>,
}

impl Lines {
    /// Whether to say a message of this kind now, and then how many were left out before it.
    fn turn(&self, kind: Identifier, now: Timestamp) -> Option<u64> {
        let mut spells = self.spells.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let new = Spell { began: now, said: 0, left_out: 0 };
        let spell = spells.entry(kind).or_insert(new);
        let mut left_out = 0;
        let age = u128::from(now.nanos().abs_diff(spell.began.nanos()));
        if age >= SPELL.as_nanos() {
            left_out = spell.left_out;
            *spell = new;
        }
        if spell.said >= SAID_PER_SPELL {
            spell.left_out += 1;
            return None;
        }
        spell.said += 1;
        Some(left_out)
    }
}

impl<S, N> FormatEvent<S, N> for Lines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, _: &FmtContext<'_, S, N>, out: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let now = (self.clock)();
        let Some(left_out) = self.turn(event.metadata().callsite(), now) else { return Ok(()) };
        let mut said = Said::default();
        event.record(&mut said);
        if left_out > 0 {
            said.fields.push(("left_out", left_out.into()));
        }
        let (level, target) = (event.metadata().level(), event.metadata().target());
        match self.style {
            Style::Json => json(out, now, level, target, said),
            style => text(out, style, now, level, said),
        }
    }
}

/// What a message says.
#[derive(Default)]
struct Said {
    message: String,
    fields: Vec<(&'static str, Value)>,
}

impl Said {
    fn put(&mut self, field: &Field, value: Value) {
        let name = field.name();
        if name == "message" {
            self.message = value.as_str().map(str::to_owned).unwrap_or_else(|| value.to_string());
        } else if SECRET.iter().any(|secret| name.to_ascii_lowercase().contains(secret)) {
            self.fields.push((name, "not shown".into()));
        } else {
            self.fields.push((name, value));
        }
    }
}

fn harmless(text: &str) -> String {
    match text.char_indices().nth(VALUE_CHARS_MAX) {
        Some((end, _)) => format!("{}…", clean(text.get(..end).unwrap_or_default())),
        None => clean(text),
    }
}

impl Visit for Said {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field, harmless(&format!("{value:?}")).into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, harmless(value).into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value.into());
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value.into());
    }
}

/// The priorities of syslog (RFC 5424 §6.2.1), and the words for people.
fn words(level: &Level) -> (u8, &'static str) {
    match *level {
        Level::ERROR => (3, "error"),
        Level::WARN => (4, "warn"),
        Level::INFO => (6, "info"),
        Level::DEBUG => (7, "debug"),
        Level::TRACE => (7, "trace"),
    }
}

fn text(mut out: Writer<'_>, style: Style, now: Timestamp, level: &Level, said: Said) -> fmt::Result {
    let (priority, word) = words(level);
    match style {
        Style::Journal => write!(out, "<{priority}>")?,
        _ => write!(out, "{now} ")?,
    }
    write!(out, "{word:<5} {}", said.message)?;
    for (name, value) in &said.fields {
        match value.as_str() {
            // A value with a space or a quotation mark would not end where it seems to.
            Some(text) if !text.is_empty() && !text.contains([' ', '"', '=']) => {
                write!(out, " {name}={text}")?;
            }
            _ => write!(out, " {name}={value}")?,
        }
    }
    writeln!(out)
}

fn json(mut out: Writer<'_>, now: Timestamp, level: &Level, target: &str, said: Said) -> fmt::Result {
    let mut line = Map::new();
    line.insert("time".into(), now.to_string().into());
    line.insert("level".into(), words(level).1.into());
    line.insert("target".into(), target.into());
    line.insert("message".into(), said.message.into());
    let fields = said.fields.into_iter().map(|(name, value)| (name.to_owned(), value));
    line.insert("fields".into(), Value::Object(fields.collect()));
    writeln!(out, "{}", Value::Object(line))
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicI64, Ordering};

    use super::*;

    #[derive(Clone, Default)]
    struct Page(Arc<Mutex<Vec<u8>>>);

    impl Write for Page {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Page {
        fn take(&self) -> String {
            String::from_utf8(std::mem::take(&mut *self.0.lock().unwrap())).unwrap()
        }
    }

    /// Seconds since 2026-03-14 10:00 UTC. Each test has a clock of its own thread.
    fn logging(style: Style, level: LogLevel, clock: Clock, say: impl FnOnce(&Page, &Log)) {
        let page = Page::default();
        let writer = page.clone();
        let (subscriber, log) = assemble(style, level, clock, move || writer.clone());
        tracing::subscriber::with_default(subscriber, || say(&page, &log));
    }

    fn ten() -> Timestamp {
        "2026-03-14T10:00:00Z".parse().unwrap()
    }

    #[test]
    fn a_line_for_people_for_the_journal_and_for_programs() {
        let say =
            || tracing::warn!(interface = "eth1", lost = 12_u64, why = "no room left", "packets were lost");
        logging(Style::Text, LogLevel::Info, ten, |page, _| {
            say();
            let line = "2026-03-14T10:00:00.000000000Z warn  packets were lost interface=eth1 lost=12 why=\"no room left\"\n";
            assert_eq!(page.take(), line);
        });
        logging(Style::Journal, LogLevel::Info, ten, |page, _| {
            say();
            assert!(page.take().starts_with("<4>warn  packets were lost interface=eth1"));
        });
        logging(Style::Json, LogLevel::Info, ten, |page, _| {
            say();
            let line: Value = serde_json::from_str(&page.take()).unwrap();
            assert_eq!(line["message"], "packets were lost");
            assert_eq!(line["time"], "2026-03-14T10:00:00.000000000Z");
            assert_eq!(line["level"], "warn");
            assert_eq!(line["fields"]["lost"], 12);
            assert_eq!(line["target"], "tapmap::cli::log::tests");
        });
    }

    #[test]
    fn hostile_text_begins_no_line_and_commands_no_terminal() {
        let name = "a\nerror all is lost\x1b[2J\u{202e}";
        for style in [Style::Text, Style::Json] {
            logging(style, LogLevel::Info, ten, |page, _| {
                tracing::info!(name, other = %name, third = ?name, "seen {name}");
                let text = page.take();
                assert_eq!(text.lines().count(), 1, "{text}");
                assert!(!text.contains(['\x1b', '\u{202e}']), "{text}");
            });
        }
        logging(Style::Json, LogLevel::Info, ten, |page, _| {
            tracing::info!(name = "x".repeat(1 << 20), "long");
            assert!(page.take().len() < 2_000);
        });
    }

    #[test]
    fn secrets_are_not_shown() {
        logging(Style::Text, LogLevel::Info, ten, |page, _| {
            tracing::info!(api_token = "abc", Password = ?"abc", "who");
            let text = page.take();
            assert!(!text.contains("abc") && text.contains("api_token=\"not shown\""), "{text}");
        });
    }

    #[test]
    fn the_level_is_changed_while_it_runs_and_libraries_say_less() {
        logging(Style::Text, LogLevel::Info, ten, |page, log| {
            let say = || {
                tracing::debug!("ours");
                tracing::info!(target: "hyper::server", "theirs");
                tracing::warn!(target: "hyper::server", "warning");
            };
            say();
            assert!(page.take().ends_with("warn  warning\n"));
            log.set_level(LogLevel::Debug);
            say();
            assert_eq!(page.take().lines().count(), 2, "ours, and their warning");
            log.set_level(LogLevel::Error);
            say();
            assert_eq!(page.take(), "");
        });
    }

    #[test]
    fn what_repeats_itself_is_counted() {
        static SECONDS: AtomicI64 = AtomicI64::new(0);
        fn clock() -> Timestamp {
            Timestamp::from_seconds(ten().seconds() + SECONDS.load(Ordering::Relaxed), 0)
        }
        logging(Style::Text, LogLevel::Info, clock, |page, _| {
            let complain = || tracing::warn!("the disk is full");
            (0..1_000).for_each(|_| complain());
            tracing::warn!("something else");
            assert_eq!(page.take().lines().count(), 11, "ten of the one, and the other");
            SECONDS.store(60, Ordering::Relaxed);
            complain();
            complain();
            let text = page.take();
            assert!(text.lines().next().unwrap().ends_with("the disk is full left_out=990"), "{text}");
            assert!(text.ends_with("the disk is full\n"), "{text}");
        });
    }
}
