//! IMAP (RFC 3501, RFC 9051).

#[cfg(test)]
mod tests;

use crate::model::{Pair, Practice, Role, State, Transport};

use super::greeting::software;
use super::line::{Lines, contains, is_any, is_text, may_become, whole_lines, word};
use super::starttls::StartTls;
use super::tls::Tls;
use super::{Analyzer, Guess, Opening, Probe, Seen, Session, Step};

/// IMAP.
pub struct Imap;

impl Analyzer for Imap {
    fn protocol(&self) -> &'static str {
        "imap"
    }

    fn transports(&self) -> &'static [Transport] {
        &[Transport::Tcp]
    }

    fn probe(&self, opening: &Opening<'_>) -> Probe {
        opening.dialogue(by_client, by_server)
    }

    fn begin(&self) -> Box<dyn Session> {
        Box::new(ImapSession::default())
    }
}

/// Bytes of a first line that are waited for; more is no command and no greeting.
const FIRST_LINE_BYTES_MAX: usize = 1024;

/// Bytes of a tag that are kept or believed. Clients use up to ten.
const TAG_BYTES_MAX: usize = 32;

/// Commands that are IMAP's own by their arguments.
const VERBS: &[&str] = &[
    "CAPABILITY",
    "STARTTLS",
    "LOGOUT",
    "IDLE",
    "NAMESPACE",
    "LOGIN",
    "AUTHENTICATE",
    "ENABLE",
    "SELECT",
    "EXAMINE",
    "ID",
    "LIST",
    "LSUB",
    "FETCH",
    "UID",
];

/// Is this what an IMAP client says: a tag of its own choice, and a command (RFC 9051 §6)?
fn by_client(bytes: &[u8]) -> Guess {
    let Some(line) = whole_lines(bytes).next() else {
        let (tag, rest) = word(bytes);
        let possible = is_tag(tag.trim_ascii_end()) && may_become(rest, VERBS) && is_text(rest);
        return if possible && bytes.len() < FIRST_LINE_BYTES_MAX { Guess::More } else { Guess::No };
    };
    let Some((_, verb, rest)) = command(line) else { return Guess::No };
    let one_word =
        !rest.is_empty() && (!rest.contains(&b' ') || (rest.starts_with(b"\"") && rest.ends_with(b"\"")));
    let known = match verb.to_ascii_uppercase().as_slice() {
        b"CAPABILITY" | b"STARTTLS" | b"LOGOUT" | b"IDLE" | b"NAMESPACE" => rest.is_empty(),
        b"LOGIN" => rest.contains(&b' ') || literal(rest).is_some(),
        b"AUTHENTICATE" => !rest.is_empty(),
        b"ENABLE" | b"SELECT" | b"EXAMINE" => one_word,
        b"ID" => rest.starts_with(b"(") || is_any(rest, &["NIL"]),
        b"LIST" | b"LSUB" => rest.starts_with(b"\""),
        b"FETCH" => rest.first().is_some_and(u8::is_ascii_digit) && rest.contains(&b' '),
        b"UID" => is_any(word(rest).0, &["FETCH", "STORE", "SEARCH", "COPY", "MOVE"]),
        _ => false,
    };
    if known { Guess::Yes } else { Guess::No }
}

/// Is this what an IMAP server says before it is asked (RFC 9051 §7.1)?
fn by_server(bytes: &[u8]) -> Guess {
    let Some(line) = whole_lines(bytes).next() else {
        let begins = bytes.starts_with(b"* ") || bytes == b"*";
        return if begins && is_text(bytes) && bytes.len() < FIRST_LINE_BYTES_MAX {
            Guess::More
        } else {
            Guess::No
        };
    };
    let Some(rest) = line.strip_prefix(b"* ") else { return Guess::No };
    let (first, rest) = word(rest);
    let known = match first {
        b"OK" | b"PREAUTH" | b"BYE" => !rest.is_empty(),
        b"CAPABILITY" => contains(rest, "IMAP4"),
        b"FLAGS" | b"LIST" | b"LSUB" => rest.starts_with(b"("),
        number if !number.is_empty() && number.iter().all(u8::is_ascii_digit) => {
            is_any(rest, &["EXISTS", "RECENT", "EXPUNGE"]) || rest.starts_with(b"FETCH (")
        }
        _ => false,
    };
    if known { Guess::Yes } else { Guess::No }
}

/// A tag, the command's name, and the rest of the line.
fn command(line: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let (tag, rest) = word(line);
    let (verb, rest) = word(rest);
    (is_tag(tag) && !verb.is_empty()).then_some((tag, verb, rest))
}

fn is_tag(word: &[u8]) -> bool {
    let allowed = |byte: &u8| byte.is_ascii_graphic() && !b"(){%*\"\\+".contains(byte);
    !word.is_empty() && word.len() <= TAG_BYTES_MAX && word.iter().all(allowed)
}

/// The length of a literal that follows this line: `{310}`, or `{310+}` (RFC 9051 §4.3).
fn literal(line: &[u8]) -> Option<u64> {
    let inside = line.strip_suffix(b"}")?;
    let open = inside.iter().rposition(|&byte| byte == b'{')?;
    let digits = inside.get(open + 1..)?;
    std::str::from_utf8(digits.strip_suffix(b"+").unwrap_or(digits)).ok()?.parse().ok()
}

/// A command whose answer matters.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Command {
    StartTls,
    /// `LOGIN`, or a mechanism that shows the password; or one that does not.
    Login {
        clear: bool,
    },
}

#[derive(Default)]
struct ImapSession {
    lines: Pair<Lines>,
    /// The next line goes on after a literal.
    inside: Pair<bool>,
    tls: StartTls,
    /// The tag of a command whose answer is waited for. Nothing useful can be sent meanwhile, so
    /// one is enough.
    unanswered: Option<(Vec<u8>, Command)>,
    greeted: bool,
    told: Option<State>,
}

impl Session for ImapSession {
    fn on_bytes(&mut self, from: Role, bytes: &[u8], seen: &mut Seen) -> Step {
        if let Some(step) = self.tls.before_line(from, bytes) {
            return step;
        }
        let line = match self.lines[from].next(bytes) {
            Ok(line) => line,
            Err(step) => return step,
        };
        let literal = literal(line.text);
        let begins = !std::mem::replace(&mut self.inside[from], literal.is_some()) && line.whole;
        let step = match from {
            _ if !begins => Step::Consumed(line.used),
            Role::Client => self.on_command(line.text, line.used, seen),
            Role::Server => self.on_answer(line.text, line.used, seen),
        };
        match (step, literal) {
            (Step::Consumed(used), Some(len)) => Step::Skip(len.saturating_add(used as u64)),
            (step, _) => step,
        }
    }

    fn on_gap(&mut self, from: Role, _len: u64, _seen: &mut Seen) -> Step {
        self.lines[from].on_gap();
        self.inside[from] = false;
        self.greeted = true;
        self.tls.on_gap(from)
    }
}

impl ImapSession {
    fn on_command(&mut self, line: &[u8], used: usize, seen: &mut Seen) -> Step {
        let Some((tag, verb, rest)) = command(line) else { return Step::Consumed(used) };
        let command = match verb.to_ascii_uppercase().as_slice() {
            b"STARTTLS" => {
                self.tls.ask();
                Command::StartTls
            }
            b"LOGIN" => Command::Login { clear: true },
            b"AUTHENTICATE" => Command::Login { clear: is_any(word(rest).0, &["PLAIN", "LOGIN"]) },
            b"ID" => {
                seen.product(Role::Client, identity(rest).as_bytes());
                return Step::Consumed(used);
            }
            // A mailbox is opened by somebody who is trusted already.
            b"SELECT" | b"EXAMINE" if self.unanswered.is_none() => return Step::Done,
            _ => return Step::Consumed(used),
        };
        if command == (Command::Login { clear: true }) {
            self.tell_login(State::Attempted, seen);
        }
        self.unanswered = Some((tag.to_vec(), command));
        Step::Consumed(used)
    }

    fn on_answer(&mut self, line: &[u8], used: usize, seen: &mut Seen) -> Step {
        let (tag, rest) = word(line);
        let (status, rest) = word(rest);
        if tag == b"*" {
            self.on_untagged(status, rest, seen);
        }
        let Some((awaited, command)) = &self.unanswered else { return Step::Consumed(used) };
        if tag != awaited {
            return Step::Consumed(used);
        }
        let command = *command;
        self.unanswered = None;
        match (command, is_any(status, &["OK"])) {
            (Command::StartTls, true) => Step::Upgrade(used, &Tls),
            (Command::Login { clear }, true) => {
                if clear {
                    self.tell_login(State::Used, seen);
                }
                // Whoever is trusted now cannot turn to TLS any more (RFC 9051 §6.2.1).
                Step::Done
            }
            (_, false) => {
                self.tls.refuse();
                Step::Consumed(used)
            }
        }
    }

    fn on_untagged(&mut self, status: &[u8], rest: &[u8], seen: &mut Seen) {
        if is_any(status, &["ID"]) {
            seen.product(Role::Server, identity(rest).as_bytes());
        }
        if !self.greeted && is_any(status, &["OK", "PREAUTH"]) {
            // Behind a list of capabilities, if there is one.
            let code = rest.starts_with(b"[").then(|| rest.iter().position(|&byte| byte == b']'));
            let text = rest.get(code.flatten().map_or(0, |end| end + 1)..).unwrap_or_default();
            seen.product(Role::Server, software(text).as_bytes());
        }
        self.greeted = true;
    }

    fn tell_login(&mut self, state: State, seen: &mut Seen) {
        if self.told < Some(state) {
            self.told = Some(state);
            seen.practice(Practice::ImapLogin, state, "LOGIN or AUTHENTICATE PLAIN without TLS");
        }
    }
}

/// Name and version from the list of an `ID` (RFC 2971 §3.3): `("name" "Cyrus" "version" "1.5")`.
fn identity(list: &[u8]) -> String {
    /// RFC 2971 §3.3: at most 30 pairs.
    const STRINGS_MAX: usize = 60;
    let mut strings = Vec::new();
    let mut rest = list.strip_prefix(b"(").unwrap_or_default();
    while strings.len() < STRINGS_MAX && !matches!(rest, [] | [b')', ..]) {
        let (string, after) = match rest.strip_prefix(b"\"") {
            Some(quoted) => {
                let end = quoted.iter().position(|&byte| byte == b'"').unwrap_or(quoted.len());
                (quoted.get(..end).unwrap_or_default(), quoted.get(end + 1..).unwrap_or_default())
            }
            None => {
                let end = rest.iter().position(|byte| matches!(byte, b' ' | b')')).unwrap_or(rest.len());
                (&b""[..], rest.get(end..).unwrap_or_default())
            }
        };
        strings.push(string);
        rest = after.trim_ascii_start();
    }
    let value = |name: &str| {
        let pair = strings.chunks_exact(2).find(|pair| pair.first().is_some_and(|key| is_any(key, &[name])));
        pair.and_then(|pair| pair.last())
            .map_or_else(String::new, |value| String::from_utf8_lossy(value).into_owned())
    };
    format!("{} {}", value("name"), value("version")).trim().to_owned()
}
