//! Walking over values, and the server's version where it is told.

use crate::model::{Fault, Observation, Purpose, Purposes, Role, State};
use crate::protocol::{Seen, Session, Step};

use super::COMMAND_BYTES_MAX;
use super::resp::{Read, TEXT_LINE_BYTES_MAX, Value, read, whole_string};

/// Values of both sides after which nothing new is expected: who a client is and what a server runs
/// is said in the first commands of a connection, and connections live for days.
const VALUES_MAX: u32 = 4096;

/// Bytes of a string from the server that are looked at: room for the first lines of INFO.
const STRING_BYTES: u64 = 160;

/// Which field of HELLO's answer the last string named.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Field {
    #[default]
    None,
    Server,
    Version,
}

#[derive(Default)]
pub(super) struct RedisSession {
    /// Heard from its first byte on.
    whole: bool,
    values: u32,
    field: Field,
    /// The server's name, from HELLO.
    name: Option<String>,
    product_told: bool,
    /// The client's next string is a command.
    command_follows: bool,
    purposes: Purposes,
    /// The first command, until it was answered.
    first: First,
}

/// What a connection began with.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum First {
    /// Nothing yet, or nothing that was read.
    #[default]
    Unknown,
    /// A password.
    Password,
    /// Anything that a password would have been wanted for.
    Command,
    /// Its answer has come.
    Answered,
}

impl Session for RedisSession {
    fn on_bytes(&mut self, from: Role, bytes: &[u8], seen: &mut Seen) -> Step {
        let mut rest = bytes;
        let stop = loop {
            if self.values > VALUES_MAX {
                return Step::Done;
            }
            let value = match read(rest) {
                Read::Value(value) => value,
                Read::More => break Step::Need(rest.len() + 1),
                Read::Foreign => match (from, rest.iter().position(|&byte| byte == b'\n')) {
                    // Typed by hand.
                    (Role::Client, Some(end)) => {
                        self.values += 1;
                        rest = rest.get(end + 1..).unwrap_or_default();
                        continue;
                    }
                    (Role::Client, None) if rest.len() < TEXT_LINE_BYTES_MAX => {
                        break Step::Need(rest.len() + 1);
                    }
                    _ => return Step::Done,
                },
            };
            let len = value.payload.saturating_add(value.line as u64);
            if from == Role::Server {
                self.judge(&value, seen);
            }
            if from == Role::Server && !self.product_told {
                let near = value.line as u64 + value.payload.min(STRING_BYTES);
                let Some(string) = usize::try_from(near).ok().and_then(|near| rest.get(value.line..near))
                else {
                    break Step::Need(usize::try_from(near).unwrap_or(usize::MAX));
                };
                self.on_answer(&value, string, seen);
            }
            if from == Role::Client && std::mem::take(&mut self.command_follows) && value.kind == b'$' {
                match command(&value, rest) {
                    Ok(word) => self.on_command(word, seen),
                    Err(need) => {
                        self.command_follows = true;
                        break Step::Need(need);
                    }
                }
            }
            self.command_follows |= from == Role::Client && value.kind == b'*';
            self.values += 1;
            match usize::try_from(len).ok().and_then(|len| rest.get(len..)) {
                Some(after) => rest = after,
                None => break Step::Skip(len),
            }
        };
        // Whole values are behind us; what the next one needs is said when it is the first.
        match (bytes.len() - rest.len(), stop) {
            (0, step) => step,
            (used, Step::Skip(len)) => Step::Skip(len.saturating_add(used as u64)),
            (used, _) => Step::Consumed(used),
        }
    }

    fn on_gap(&mut self, _from: Role, _len: u64, _seen: &mut Seen) -> Step {
        // Values have no mark to find the next one by.
        Step::Done
    }
}

/// The word of a command, unless it is longer than any; else how many bytes it takes.
fn command<'a>(value: &Value<'_>, bytes: &'a [u8]) -> Result<&'a [u8], usize> {
    if value.payload > COMMAND_BYTES_MAX + 2 {
        return Ok(&[]);
    }
    let whole = value.line + usize::try_from(value.payload).unwrap_or_default();
    match whole_string(value, bytes) {
        Some((word, _)) => Ok(word),
        None if bytes.len() < whole => Err(whole),
        None => Ok(&[]),
    }
}

impl RedisSession {
    /// One that is heard from its first byte on.
    pub(super) fn whole() -> RedisSession {
        RedisSession { whole: true, ..RedisSession::default() }
    }

    /// Replicas ask for everything; publishers and subscribers use a broker, whatever else they do.
    fn on_command(&mut self, word: &[u8], seen: &mut Seen) {
        let is = |words: &[&str]| words.iter().any(|known| word.eq_ignore_ascii_case(known.as_bytes()));
        if self.first == First::Unknown {
            // Where the tap may have started late, only what clients say when they begin shows that no
            // password came before. HELLO may bring one along, and the others are answered to anybody.
            self.first = match () {
                () if is(&["AUTH"]) => First::Password,
                () if is(&["HELLO", "QUIT", "RESET"]) => First::Answered,
                () if self.whole || is(&["CLIENT", "COMMAND"]) => First::Command,
                () => First::Answered,
            };
        }
        let purpose = if is(&["PSYNC", "SYNC"]) {
            Purpose::Replication
        } else if is(&["SUBSCRIBE", "PSUBSCRIBE", "SSUBSCRIBE", "PUBLISH", "SPUBLISH"]) {
            Purpose::Broker
        } else {
            return;
        };
        let before = self.purposes;
        self.purposes.insert(purpose);
        if self.purposes != before {
            seen.push(Observation::Purpose(purpose));
        }
    }

    /// The first answer shows whether a password was wanted, and whether it was right.
    fn judge(&mut self, answer: &Value<'_>, seen: &mut Seen) {
        let accepted = answer.kind != b'-';
        let (fault, what) = match self.first {
            First::Unknown | First::Answered => return,
            First::Password => (Fault::RedisClear, "Redis password in clear accepted"),
            First::Command => (Fault::RedisOpen, "Redis command answered without a password"),
        };
        self.first = First::Answered;
        if accepted {
            seen.fault(fault, State::Used, what);
        }
    }

    /// Looks for the server's version in the first lines of INFO and the fields of HELLO.
    fn on_answer(&mut self, value: &Value<'_>, string: &[u8], seen: &mut Seen) {
        let text =
            if value.payload > 0 { string.strip_suffix(b"\r\n").unwrap_or(string) } else { value.text };
        let words = match std::mem::take(&mut self.field) {
            Field::Server => {
                self.name = Some(String::from_utf8_lossy(text).into_owned());
                return;
            }
            Field::Version => {
                self.name.take().map(|name| format!("{name} {}", String::from_utf8_lossy(text)))
            }
            Field::None => info(text),
        };
        self.field = match text {
            b"server" => Field::Server,
            b"version" if self.name.is_some() => Field::Version,
            _ => Field::None,
        };
        if let Some(words) = words {
            seen.product(Role::Server, words.as_bytes());
            self.product_told = true;
        }
    }
}

/// The version in INFO's first section. Valkey tells Redis' version for the sake of old clients,
/// and its own below.
fn info(text: &[u8]) -> Option<String> {
    let lines = text.strip_prefix(b"# Server\r\n")?;
    let field = |name: &[u8]| {
        let line = lines.split(|&byte| byte == b'\n').find_map(|line| line.strip_prefix(name))?;
        Some(String::from_utf8_lossy(line.trim_ascii()).into_owned())
    };
    let valkey = field(b"valkey_version:").map(|version| format!("valkey {version}"));
    valkey.or_else(|| field(b"redis_version:").map(|version| format!("redis {version}")))
}
