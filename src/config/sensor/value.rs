//! Values as an operator writes them, the same in the file, the environment and on the command line.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use crate::config::Network;

/// What was written for an option.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Given {
    /// One text. For a list it is split at commas.
    One(String),
    /// Several, as an array in the file or a flag said more than once.
    Many(Vec<String>),
}

impl Given {
    /// The one text.
    fn one(&self) -> Result<&str, String> {
        match self {
            Given::One(text) => Ok(text.trim()),
            Given::Many(texts) => match texts.as_slice() {
                [text] => Ok(text.trim()),
                _ => Err("takes one value, not a list".to_owned()),
            },
        }
    }
}

/// A kind of value that an option can have.
pub trait Setting: Sized {
    /// What stands for a value in the help of its flag.
    const WORD: &'static str;
    /// What may be written, to go behind "write".
    const ALLOWED: &'static str;
    /// Whether it is true or false, so that its flag needs no value.
    const IS_SWITCH: bool = false;
    /// Whether it may be said several times.
    const IS_LIST: bool = false;

    /// Reads what was written.
    ///
    /// # Errors
    /// If it is no such value: what is wrong with it and what is allowed.
    fn read(given: &Given) -> Result<Self, String>;

    /// As it is written in the file; nothing if there is no value.
    fn write(&self) -> Option<String>;

    /// Where it stands among its like, for those that have bounds.
    fn rank(&self) -> Option<u128> {
        None
    }
}

/// A number of bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bytes(pub u64);

/// A length of time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Period(pub Duration);

/// How lines of the log look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// The least urgent messages that are logged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogLevel {
    /// What stopped working.
    Error,
    /// And what will, or does so in part.
    Warn,
    /// And what happens now and then.
    #[default]
    Info,
    /// And what a developer asks.
    Debug,
    /// Everything.
    Trace,
}

const SIZES: [(&str, u64); 5] =
    [("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("B", 1)];

/// In milliseconds. A lone `m` is left out: it could be minutes or months.
const PERIODS: [(&str, u64); 5] =
    [("d", 86_400_000), ("h", 3_600_000), ("min", 60_000), ("s", 1_000), ("ms", 1)];

/// Reads a whole number with one of the units behind it.
fn measured(text: &str, units: &[(&str, u64)], allowed: &str) -> Result<u64, String> {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, unit) = text.split_at_checked(digits).unwrap_or((text, ""));
    let unit = unit.trim();
    let factor = units.iter().find(|(name, _)| *name == unit).map(|(_, factor)| *factor);
    match (number.parse::<u64>(), factor) {
        (Ok(number), Some(factor)) => {
            number.checked_mul(factor).ok_or_else(|| format!("`{text}` is too large to be meant"))
        }
        (Ok(_), None) if unit.is_empty() => Err(format!("`{text}` has no unit; write {allowed}")),
        (Ok(_), None) => Err(format!("`{unit}` is no unit here; write {allowed}")),
        (Err(_), _) => Err(format!("`{text}` is not understood; write {allowed}")),
    }
}

/// In the largest unit that leaves no fraction.
fn in_units(f: &mut fmt::Formatter<'_>, value: u64, units: &[(&str, u64)]) -> fmt::Result {
    let fits = units.iter().find(|(_, factor)| value >= *factor && value.is_multiple_of(*factor));
    let (name, factor) = fits.or(units.last()).copied().unwrap_or(("", 1));
    write!(f, "{} {name}", value / factor)
}

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        in_units(f, self.0, &SIZES)
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        in_units(f, u64::try_from(self.0.as_millis()).unwrap_or(u64::MAX), &PERIODS)
    }
}

/// A text between quotation marks, as TOML wants it.
fn quoted(text: &str) -> String {
    let mut quoted = String::from('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if c.is_control() => quoted.push_str(&format!("\\u{:04X}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

impl Setting for Bytes {
    const WORD: &'static str = "SIZE";
    const ALLOWED: &'static str = "a number with B, KiB, MiB, GiB or TiB, such as `64 MiB`";

    fn read(given: &Given) -> Result<Self, String> {
        measured(given.one()?, &SIZES, Self::ALLOWED).map(Bytes)
    }

    fn write(&self) -> Option<String> {
        Some(quoted(&self.to_string()))
    }

    fn rank(&self) -> Option<u128> {
        Some(self.0.into())
    }
}

impl Setting for Period {
    const WORD: &'static str = "PERIOD";
    const ALLOWED: &'static str = "a number with ms, s, min, h or d, such as `30 d`";

    fn read(given: &Given) -> Result<Self, String> {
        measured(given.one()?, &PERIODS, Self::ALLOWED).map(|millis| Period(Duration::from_millis(millis)))
    }

    fn write(&self) -> Option<String> {
        Some(quoted(&self.to_string()))
    }

    fn rank(&self) -> Option<u128> {
        Some(self.0.as_millis())
    }
}

impl Setting for u32 {
    const WORD: &'static str = "N";
    const ALLOWED: &'static str = "a whole number";

    fn read(given: &Given) -> Result<Self, String> {
        let text = given.one()?;
        text.replace('_', "").parse().map_err(|_| format!("`{text}` is no number; write {}", Self::ALLOWED))
    }

    fn write(&self) -> Option<String> {
        Some(self.to_string())
    }

    fn rank(&self) -> Option<u128> {
        Some((*self).into())
    }
}

impl Setting for bool {
    const WORD: &'static str = "BOOL";
    const ALLOWED: &'static str = "true or false";
    const IS_SWITCH: bool = true;

    fn read(given: &Given) -> Result<Self, String> {
        let text = given.one()?;
        text.parse().map_err(|_| format!("`{text}` is neither; write {}", Self::ALLOWED))
    }

    fn write(&self) -> Option<String> {
        Some(self.to_string())
    }
}

impl Setting for String {
    const WORD: &'static str = "TEXT";
    const ALLOWED: &'static str = "a text";

    fn read(given: &Given) -> Result<Self, String> {
        given.one().map(str::to_owned)
    }

    fn write(&self) -> Option<String> {
        Some(quoted(self))
    }
}

impl Setting for PathBuf {
    const WORD: &'static str = "PATH";
    const ALLOWED: &'static str = "a path";

    fn read(given: &Given) -> Result<Self, String> {
        given.one().map(PathBuf::from)
    }

    fn write(&self) -> Option<String> {
        Some(quoted(&self.to_string_lossy()))
    }
}

impl Setting for SocketAddr {
    const WORD: &'static str = "ADDRESS:PORT";
    const ALLOWED: &'static str = "an address and a port, such as `127.0.0.1:8470` or `[::1]:8470`";

    fn read(given: &Given) -> Result<Self, String> {
        let text = given.one()?;
        text.parse().map_err(|_| format!("`{text}` is no address with a port; write {}", Self::ALLOWED))
    }

    fn write(&self) -> Option<String> {
        Some(quoted(&self.to_string()))
    }
}

impl Setting for Network {
    const WORD: &'static str = "CIDR";
    const ALLOWED: &'static str = "a network or an address, such as `10.0.0.0/8`";

    fn read(given: &Given) -> Result<Self, String> {
        given.one()?.parse().map_err(|error: crate::config::NetworkError| error.to_string())
    }

    fn write(&self) -> Option<String> {
        Some(quoted(&self.to_string()))
    }
}

/// One of a few words.
fn word<T: Copy>(given: &Given, words: &[(&str, T)], allowed: &str) -> Result<T, String> {
    let text = given.one()?;
    let found = words.iter().find(|(word, _)| *word == text).map(|(_, value)| *value);
    found.ok_or_else(|| format!("`{text}` is none of them; write {allowed}"))
}

fn word_of<T: Copy + PartialEq>(value: T, words: &[(&'static str, T)]) -> Option<String> {
    words.iter().find(|(_, known)| *known == value).map(|(word, _)| quoted(word))
}

const FORMATS: [(&str, LogFormat); 2] = [("text", LogFormat::Text), ("json", LogFormat::Json)];

const LEVELS: [(&str, LogLevel); 5] = [
    ("error", LogLevel::Error),
    ("warn", LogLevel::Warn),
    ("info", LogLevel::Info),
    ("debug", LogLevel::Debug),
    ("trace", LogLevel::Trace),
];

impl Setting for LogFormat {
    const WORD: &'static str = "FORMAT";
    const ALLOWED: &'static str = "text or json";

    fn read(given: &Given) -> Result<Self, String> {
        word(given, &FORMATS, Self::ALLOWED)
    }

    fn write(&self) -> Option<String> {
        word_of(*self, &FORMATS)
    }
}

impl Setting for LogLevel {
    const WORD: &'static str = "LEVEL";
    const ALLOWED: &'static str = "error, warn, info, debug or trace";

    fn read(given: &Given) -> Result<Self, String> {
        word(given, &LEVELS, Self::ALLOWED)
    }

    fn write(&self) -> Option<String> {
        word_of(*self, &LEVELS)
    }
}

/// Nothing is written as an empty text.
impl<T: Setting> Setting for Option<T> {
    const WORD: &'static str = T::WORD;
    const ALLOWED: &'static str = T::ALLOWED;

    fn read(given: &Given) -> Result<Self, String> {
        if given.one()?.is_empty() { Ok(None) } else { T::read(given).map(Some) }
    }

    fn write(&self) -> Option<String> {
        self.as_ref().and_then(T::write)
    }

    fn rank(&self) -> Option<u128> {
        self.as_ref().and_then(T::rank)
    }
}

impl<T: Setting> Setting for Vec<T> {
    const WORD: &'static str = T::WORD;
    const ALLOWED: &'static str = T::ALLOWED;
    const IS_LIST: bool = true;

    fn read(given: &Given) -> Result<Self, String> {
        let texts: Vec<&str> = match given {
            Given::One(text) => text.split(',').map(str::trim).filter(|text| !text.is_empty()).collect(),
            Given::Many(texts) => texts.iter().map(String::as_str).collect(),
        };
        texts.into_iter().map(|text| T::read(&Given::One(text.to_owned()))).collect()
    }

    fn write(&self) -> Option<String> {
        let texts: Vec<String> = self.iter().filter_map(T::write).collect();
        (!texts.is_empty()).then(|| format!("[{}]", texts.join(", ")))
    }
}
