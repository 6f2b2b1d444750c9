//! File, environment and command line become one configuration, or a list of what is wrong with them.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use super::{Applies, Entry, Given, OPTIONS, PREFIX, Sensor, file};

/// Variables that begin like ours and are no options of the sensor: where the file is, and what
/// commands that ask a running sensor take.
const OTHER_VARIABLES: [&str; 4] = ["TAPMAP_CA_FILE", "TAPMAP_CONFIG", "TAPMAP_SERVER", "TAPMAP_TOKEN"];

/// Letters for each of which one may be wrong in a name that is still taken for a slip.
const LETTERS_PER_SLIP: usize = 3;

/// Everything an operator may have said.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// The file and its text.
    pub file: Option<(PathBuf, String)>,
    /// The environment; variables of others are passed over.
    pub environment: Vec<(String, String)>,
    /// Flags by the name of their option.
    pub flags: Vec<(&'static str, Given)>,
}

/// Where the value of an option comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The line of the file.
    File(usize),
    /// A variable.
    Environment,
    /// A flag.
    Flag,
}

/// What the operator decided, and where.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Configuration {
    /// The options.
    pub sensor: Sensor,
    /// Where those that were said come from.
    pub origins: BTreeMap<&'static str, Origin>,
}

/// Something that cannot be meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// Where: a line of the file, a variable, a flag; none where options do not fit each other.
    pub place: Option<String>,
    /// What is wrong, and what is allowed.
    pub message: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Some(place) => write!(f, "{place}: {}", self.message),
            None => f.write_str(&self.message),
        }
    }
}

/// All that is wrong, in the order of the sources; never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistakes(pub Vec<Mistake>);

/// One sentence: the first, and how many there are.
impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_slice() {
            [] => f.write_str("nothing is wrong"),
            [only] => only.fmt(f),
            [first, rest @ ..] => {
                write!(f, "{first} (and {} more: `tapmap sensor -T` lists all)", rest.len())
            }
        }
    }
}

impl std::error::Error for Mistakes {}

impl Configuration {
    /// Reads all sources, the command line before the environment before the file.
    ///
    /// # Errors
    /// All that is wrong with them.
    pub fn gather(sources: &Sources) -> Result<Configuration, Mistakes> {
        let mut gathering = Gathering::default();
        if let Some((path, text)) = &sources.file {
            gathering.file(&path.display().to_string(), text);
        }
        gathering.environment(&sources.environment);
        for (name, given) in &sources.flags {
            if let Some(entry) = entry(name) {
                let place = format!("--{}", entry.flag());
                gathering.take(entry, given, Origin::Flag, &|_| place.clone());
            }
        }
        if gathering.mistakes.is_empty() {
            gathering.mistakes.extend(gathering.configuration.sensor.contradictions());
        }
        match gathering.mistakes {
            mistakes if mistakes.is_empty() => Ok(gathering.configuration),
            mistakes => Err(Mistakes(mistakes)),
        }
    }

    /// The options that differ in `new`, with when they take effect and both values as written.
    pub fn changes(&self, new: &Configuration) -> Vec<Change> {
        let text = |of: &Configuration, entry: &Entry| {
            (entry.write)(&of.sensor).unwrap_or_else(|| "nothing".to_owned())
        };
        OPTIONS
            .iter()
            .map(|entry| Change {
                name: entry.name,
                applies: entry.applies,
                before: text(self, entry),
                after: text(new, entry),
            })
            .filter(|change| change.before != change.after)
            .collect()
    }

    /// This one with what a reload takes from `new`: what needs a restart stays as it is.
    pub fn reloaded(&self, new: &Configuration) -> Configuration {
        let mut reloaded = self.clone();
        for entry in OPTIONS.iter().filter(|entry| entry.applies == Applies::Reload) {
            (entry.copy)(&mut reloaded.sensor, &new.sensor);
            match new.origins.get(entry.name) {
                Some(origin) => reloaded.origins.insert(entry.name, *origin),
                None => reloaded.origins.remove(entry.name),
            };
        }
        reloaded
    }
}

/// An option with another value than before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Which.
    pub name: &'static str,
    /// When the new value takes effect.
    pub applies: Applies,
    /// As it was written before.
    pub before: String,
    /// As it is written now.
    pub after: String,
}

impl Sensor {
    /// What each option allows and all together do not.
    fn contradictions(&self) -> Vec<Mistake> {
        let mut found = Vec::new();
        let mut say = |message: String| found.push(Mistake { place: None, message });
        match (&self.tls_certificate, &self.tls_key) {
            (Some(_), None) => say("`tls_certificate` needs `tls_key` too".to_owned()),
            (None, Some(_)) => say("`tls_key` needs `tls_certificate` too".to_owned()),
            _ => {}
        }
        if let (Some(listen), None) = (self.listen, &self.tls_certificate)
            && !listen.ip().is_loopback()
        {
            say(format!(
                "`listen` at {listen} would send tokens in the clear; set `tls_certificate` and `tls_key`, or \
                 listen at 127.0.0.1:{}",
                listen.port()
            ));
        }
        if self.stdin && !self.interfaces.is_empty() {
            say("`stdin` and `interfaces` exclude each other: a capture from elsewhere has its own clock"
                .to_owned());
        }
        if self.group.is_some() && self.user.is_none() {
            say("`group` needs `user` too".to_owned());
        }
        if self.retention_inventory.0 < self.retention_hours.0 {
            say(format!(
                "`retention_inventory` ({}) is less than `retention_hours` ({}): hosts would go before what they did",
                self.retention_inventory, self.retention_hours
            ));
        }
        found
    }
}

fn entry(name: &str) -> Option<&'static Entry> {
    OPTIONS.iter().find(|entry| entry.name == name)
}

#[derive(Default)]
struct Gathering {
    configuration: Configuration,
    mistakes: Vec<Mistake>,
}

impl Gathering {
    fn file(&mut self, path: &str, text: &str) {
        let at = |line: usize| format!("{path}, line {line}");
        let lines = match file::read(text) {
            Ok(lines) => lines,
            Err((line, message)) => {
                let message = format!("no TOML: {message}; `tapmap explain config` shows an example");
                return self.mistakes.push(Mistake { place: Some(at(line)), message });
            }
        };
        for line in lines {
            let Some(entry) = entry(&line.name) else {
                self.unknown(at(line.line), &line.name, |entry| entry.name.to_owned());
                continue;
            };
            match &line.given {
                Ok(given) => {
                    // Of a list, the element that the message quotes is the one to look at.
                    let place = |message: &str| match given {
                        Given::Many(texts) => {
                            let quoted = |text: &String| message.starts_with(&format!("`{}`", text.trim()));
                            let element = texts.iter().position(quoted);
                            at(*element.and_then(|at| line.elements.get(at)).unwrap_or(&line.line))
                        }
                        Given::One(_) => at(line.line),
                    };
                    self.take(entry, given, Origin::File(line.line), &place);
                }
                Err(message) => self.mistakes.push(Mistake {
                    place: Some(at(line.line)),
                    message: format!("`{}`: {message}", entry.name),
                }),
            }
        }
    }

    fn environment(&mut self, variables: &[(String, String)]) {
        let ours = variables
            .iter()
            .filter(|(name, _)| name.starts_with(PREFIX) && !OTHER_VARIABLES.contains(&name.as_str()));
        for (variable, text) in ours {
            match OPTIONS.iter().find(|entry| entry.variable() == *variable) {
                Some(entry) => {
                    let given = Given::One(text.clone());
                    self.take(entry, &given, Origin::Environment, &|_| variable.clone());
                }
                None => self.unknown("the environment".to_owned(), variable, Entry::variable),
            }
        }
    }

    fn take(&mut self, entry: &Entry, given: &Given, origin: Origin, place: &dyn Fn(&str) -> String) {
        match (entry.set)(&mut self.configuration.sensor, given) {
            Ok(()) => {
                self.configuration.origins.insert(entry.name, origin);
            }
            Err(message) => {
                let place = Some(place(&message));
                self.mistakes.push(Mistake { place, message: format!("`{}`: {message}", entry.name) });
            }
        }
    }

    fn unknown(&mut self, place: String, name: &str, spelt: impl Fn(&Entry) -> String) {
        let lower = name.to_lowercase();
        let unlike = |known: &str| match known.starts_with(&lower) {
            true => 0,
            false => strsim::damerau_levenshtein(&lower, known),
        };
        let known = OPTIONS.iter().map(|entry| (unlike(&spelt(entry).to_lowercase()), spelt(entry)));
        let hint = match known.min_by_key(|(unlike, _)| *unlike) {
            Some((slips, known)) if slips * LETTERS_PER_SLIP <= name.len() => {
                format!("did you mean `{known}`?")
            }
            _ => "`tapmap explain config` lists them".to_owned(),
        };
        self.mistakes.push(Mistake { place: Some(place), message: format!("no option `{name}`; {hint}") });
    }
}
