//! POP3 (RFC 1939), its capabilities and TLS (RFC 2449, RFC 2595), and AUTH (RFC 5034).

#[cfg(test)]
mod tests;

use std::collections::VecDeque;

use crate::model::{Pair, Practice, Role, State, Transport};

use super::greeting::software;
use super::line::{Lines, contains, is_any, is_text, may_become, whole_lines, word};
use super::starttls::StartTls;
use super::tls::Tls;
use super::{Analyzer, Guess, Opening, Probe, Seen, Session, Step};

/// POP3.
pub struct Pop3;

impl Analyzer for Pop3 {
    fn protocol(&self) -> &'static str {
        "pop3"
    }

    fn transports(&self) -> &'static [Transport] {
        &[Transport::Tcp]
    }

    fn probe(&self, opening: &Opening<'_>) -> Probe {
        // `+OK` is also said by Redis, and these commands by FTP's clients: together they are POP3's.
        let both =
            |client: &[u8], server: &[u8]| begins(client, SHARED_VERBS) && begins(server, &["+OK", "-ERR"]);
        match opening.either_way(|client, server| if both(client, server) { Guess::Yes } else { Guess::No }) {
            Probe::NoMatch => opening.dialogue(by_client, by_server),
            probe => probe,
        }
    }

    fn begin(&self) -> Box<dyn Session> {
        Box::new(PopSession::default())
    }
}

/// Commands that no other protocol of lines has.
const OWN_VERBS: &[&str] = &["CAPA", "STLS", "APOP", "UIDL"];

/// Commands that FTP has too.
const SHARED_VERBS: &[&str] = &["USER", "PASS", "STAT", "LIST", "RETR", "DELE"];

/// Commands that may stand between those.
const IDLE_VERBS: &[&str] = &["NOOP", "QUIT", "RSET", "AUTH", "TOP"];

fn begins(bytes: &[u8], words: &[&str]) -> bool {
    whole_lines(bytes).next().is_some_and(|line| is_any(word(line).0, words))
}

/// Is this what a POP3 client says? Commands that other protocols have too prove nothing.
fn by_client(bytes: &[u8]) -> Guess {
    if !is_text(bytes) {
        return Guess::No;
    }
    for line in whole_lines(bytes) {
        let (verb, rest) = word(line);
        let number = rest.iter().all(u8::is_ascii_digit);
        let own = match verb.to_ascii_uppercase().as_slice() {
            b"CAPA" | b"STLS" => rest.is_empty(),
            b"APOP" => is_digest(word(rest).1),
            b"UIDL" => number,
            _ => false,
        };
        if own {
            return Guess::Yes;
        }
        if !is_any(verb, SHARED_VERBS) && !is_any(verb, IDLE_VERBS) {
            return Guess::No;
        }
    }
    let possible = [OWN_VERBS, SHARED_VERBS, IDLE_VERBS].iter().any(|verbs| may_become(bytes, verbs));
    if possible { Guess::More } else { Guess::No }
}

/// MD5 in hexadecimal.
fn is_digest(word: &[u8]) -> bool {
    word.len() == 32 && word.iter().all(u8::is_ascii_hexdigit)
}

/// Is this what a POP3 server says? `+OK` alone proves nothing.
fn by_server(bytes: &[u8]) -> Guess {
    if !is_text(bytes) || !may_be_status(bytes) {
        return Guess::No;
    }
    let Some(line) = whole_lines(bytes).next() else { return Guess::More };
    let (status, text) = word(line);
    if status != b"+OK" {
        return if status == b"-ERR" { Guess::More } else { Guess::No };
    }
    let (size, unit) = word(text);
    let octets = is_any(unit, &["octets"]) && size.iter().all(u8::is_ascii_digit);
    if contains(text, "POP") || octets { Guess::Yes } else { Guess::More }
}

fn may_be_status(bytes: &[u8]) -> bool {
    [&b"+OK"[..], b"-ERR"].iter().any(|status| status.starts_with(bytes) || bytes.starts_with(status))
}

/// Commands that may wait for their answers, when they are sent together (RFC 2449 §6.6).
const COMMANDS_MAX: usize = 64;

/// What an answer has to be understood by.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Command {
    Stls,
    /// The command that completes a login; `clear` if it shows the password or its digest.
    Login {
        clear: bool,
    },
    Other,
}

#[derive(Default)]
struct PopSession {
    lines: Pair<Lines>,
    tls: StartTls,
    unanswered: VecDeque<Command>,
    /// The client's lines answer the challenges of an AUTH.
    credentials: bool,
    greeted: bool,
    told: Option<State>,
}

impl Session for PopSession {
    fn on_bytes(&mut self, from: Role, bytes: &[u8], seen: &mut Seen) -> Step {
        if let Some(step) = self.tls.before_line(from, bytes) {
            return step;
        }
        let line = match self.lines[from].next(bytes) {
            Ok(line) => line,
            Err(step) => return step,
        };
        match from {
            _ if !line.whole => Step::Consumed(line.used),
            Role::Client => self.on_command(line.text, line.used, seen),
            Role::Server => self.on_answer(line.text, line.used, seen),
        }
    }

    fn on_gap(&mut self, from: Role, _len: u64, _seen: &mut Seen) -> Step {
        self.lines[from].on_gap();
        self.unanswered.clear();
        self.credentials = false;
        self.greeted = true;
        self.tls.on_gap(from)
    }
}

impl PopSession {
    fn on_command(&mut self, line: &[u8], used: usize, seen: &mut Seen) -> Step {
        let (verb, rest) = word(line);
        let verb = verb.to_ascii_uppercase();
        let command = match verb.as_slice() {
            // An answer to a challenge is Base64: one word, and longer than any command.
            _ if self.credentials && rest.is_empty() && verb.len() > 4 => return Step::Consumed(used),
            b"STLS" => {
                self.tls.ask();
                Command::Stls
            }
            b"PASS" | b"APOP" => Command::Login { clear: true },
            b"AUTH" if !rest.is_empty() => {
                self.credentials = true;
                Command::Login { clear: is_any(word(rest).0, &["PLAIN", "LOGIN"]) }
            }
            // Mail is read by somebody who is trusted already.
            b"STAT" | b"LIST" | b"UIDL" | b"RETR" | b"TOP" if self.unanswered.is_empty() => {
                return Step::Done;
            }
            _ => Command::Other,
        };
        if command == (Command::Login { clear: true }) {
            self.tell_login(State::Attempted, seen);
        }
        if self.unanswered.len() == COMMANDS_MAX {
            self.unanswered.pop_front();
        }
        self.unanswered.push_back(command);
        Step::Consumed(used)
    }

    fn on_answer(&mut self, line: &[u8], used: usize, seen: &mut Seen) -> Step {
        let (status, text) = word(line);
        let accepted = status == b"+OK";
        if !accepted && status != b"-ERR" {
            // A challenge, or a line of an answer that has many: none of these is a status.
            return Step::Consumed(used);
        }
        let greeting = ["ready", "server", "POP"].iter().any(|usual| contains(text, usual));
        if !self.greeted && accepted && greeting {
            seen.product(Role::Server, software(text).as_bytes());
        }
        self.greeted = true;
        match self.unanswered.pop_front() {
            Some(Command::Stls) if accepted => return Step::Upgrade(used, &Tls),
            Some(Command::Stls) => self.tls.refuse(),
            Some(Command::Login { clear }) => {
                self.credentials = false;
                if accepted && clear {
                    self.tell_login(State::Used, seen);
                }
                if accepted {
                    // Whoever is trusted now cannot turn to TLS any more (RFC 2595 §4).
                    return Step::Done;
                }
            }
            Some(Command::Other) | None => {}
        }
        Step::Consumed(used)
    }

    fn tell_login(&mut self, state: State, seen: &mut Seen) {
        if self.told < Some(state) {
            self.told = Some(state);
            seen.practice(Practice::PopLogin, state, "USER and PASS, APOP or AUTH PLAIN without TLS");
        }
    }
}
