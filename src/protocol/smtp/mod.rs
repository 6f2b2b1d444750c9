//! SMTP (RFC 5321), submission (RFC 6409) and LMTP (RFC 2033).
//!
//! Its greeting is shared with FTP; only the word `SMTP` in it or the client's first command tell.

#[cfg(test)]
mod tests;

use std::collections::VecDeque;

use crate::model::{Observation, Pair, Practice, Role, State, Token, TokenKind, Transport};

use super::greeting::software;
use super::line::{
    Lines, Replies, ReplyLine, contains, is_any, is_text, may_become, reply_line, whole_lines, word,
};
use super::starttls::StartTls;
use super::tls::Tls;
use super::{Analyzer, Guess, Opening, Probe, Seen, Session, Step};

/// SMTP.
pub struct Smtp;

impl Analyzer for Smtp {
    fn protocol(&self) -> &'static str {
        "smtp"
    }

    fn transports(&self) -> &'static [Transport] {
        &[Transport::Tcp]
    }

    fn probe(&self, opening: &Opening<'_>) -> Probe {
        opening.dialogue(by_client, by_server)
    }

    fn begin(&self) -> Box<dyn Session> {
        Box::new(SmtpSession::default())
    }
}

/// Commands that begin a session or a message, and nothing else.
const OWN_VERBS: &[&str] = &["EHLO", "HELO", "LHLO", "MAIL", "RCPT"];

/// Commands that may come before those, in this protocol as in others.
const SHARED_VERBS: &[&str] = &["NOOP", "RSET", "QUIT", "HELP", "STARTTLS", "XCLIENT"];

/// Is this what an SMTP client says? Commands that other protocols have too prove nothing.
fn by_client(bytes: &[u8]) -> Guess {
    if !is_text(bytes) {
        return Guess::No;
    }
    for line in whole_lines(bytes) {
        let (verb, rest) = word(line);
        if is_any(verb, &["EHLO", "HELO", "LHLO"]) {
            return Guess::Yes;
        }
        let envelope = is_any(verb, &["MAIL", "RCPT"]) && contains(rest, ":<");
        if envelope && (contains(rest, "FROM:") || contains(rest, "TO:")) {
            return Guess::Yes;
        }
        if !is_any(verb, SHARED_VERBS) {
            return Guess::No;
        }
    }
    let possible = may_become(bytes, SHARED_VERBS) || may_become(bytes, OWN_VERBS);
    if possible { Guess::More } else { Guess::No }
}

/// Is this what an SMTP server says? A greeting or reply that others could give proves nothing.
fn by_server(bytes: &[u8]) -> Guess {
    if !is_text(bytes) || !bytes.iter().take(3).all(u8::is_ascii_digit) {
        return Guess::No;
    }
    for line in whole_lines(bytes) {
        let Some((code, _, text)) = reply_line(line) else { return Guess::No };
        let (first, _) = word(text);
        let unmistakable = match code {
            220 | 421 | 554 => contains(text, "SMTP") || contains(text, "LMTP"),
            250 => {
                is_any(first, &["PIPELINING", "8BITMIME", "ENHANCEDSTATUSCODES", "SMTPUTF8", "STARTTLS"])
                    || first.starts_with(b"2.1.")
            }
            354 => contains(text, "<CRLF>.<CRLF>"),
            _ => false,
        };
        if unmistakable {
            return Guess::Yes;
        }
        if contains(text, "FTP") || !matches!(code, 220 | 221 | 250 | 354 | 421 | 500..=554) {
            return Guess::No;
        }
    }
    Guess::More
}

/// The field that names a message (RFC 5322 §3.6.4).
const MESSAGE_ID: &[u8] = b"Message-ID:";

/// Commands that may wait for their replies. Pipelining clients send tens; where replies are not
/// captured at all, the oldest are forgotten.
const COMMANDS_MAX: usize = 128;

/// What a reply has to be understood by.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Command {
    StartTls,
    /// A mechanism that shows the password or hides it.
    Auth {
        clear: bool,
    },
    Data {
        accepted: bool,
    },
    Other,
}

/// What the client's bytes are.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Place {
    #[default]
    Commands,
    /// Answers to the challenges of an AUTH.
    Credentials,
    /// The header of a message; `named` while the value of its Message-ID may stand on the next line.
    Header { named: bool },
    /// The rest of a message, until a line of one dot.
    Message { line_start: bool },
}

#[derive(Default)]
struct SmtpSession {
    lines: Pair<Lines>,
    replies: Replies,
    tls: StartTls,
    place: Place,
    unanswered: VecDeque<Command>,
    /// A reply was heard, so the next one is no greeting.
    greeted: bool,
    auth: Option<State>,
}

impl Session for SmtpSession {
    fn on_bytes(&mut self, from: Role, bytes: &[u8], seen: &mut Seen) -> Step {
        if let (Role::Client, Place::Message { line_start }) = (from, self.place) {
            return self.pass_message(bytes, line_start);
        }
        if let Some(step) = self.tls.before_line(from, bytes) {
            return step;
        }
        let line = match self.lines[from].next(bytes) {
            Ok(line) => line,
            Err(step) => return step,
        };
        match from {
            _ if !line.whole => Step::Consumed(line.used),
            Role::Client if matches!(self.place, Place::Header { .. }) => {
                self.on_header(line.text, seen);
                Step::Consumed(line.used)
            }
            Role::Client => self.on_command(line.text, line.used, seen),
            Role::Server => match self.replies.read(line.text) {
                Some(reply) => self.on_reply(&reply, line.used, seen),
                None => Step::Consumed(line.used),
            },
        }
    }

    fn on_gap(&mut self, from: Role, _len: u64, _seen: &mut Seen) -> Step {
        self.lines[from].on_gap();
        self.unanswered.clear();
        self.greeted = true;
        if from == Role::Server {
            self.replies.on_gap();
        } else if matches!(self.place, Place::Header { .. } | Place::Message { .. }) {
            self.place = Place::Message { line_start: false };
        }
        if self.place == Place::Credentials {
            self.place = Place::Commands;
        }
        self.tls.on_gap(from)
    }
}

impl SmtpSession {
    fn on_command(&mut self, line: &[u8], used: usize, seen: &mut Seen) -> Step {
        let (verb, rest) = word(line);
        // Base64 has no spaces: this is a command, so the reply that ended the AUTH was not seen.
        if self.place == Place::Credentials && rest.is_empty() {
            return Step::Consumed(used);
        }
        self.place = Place::Commands;
        let mut step = Step::Consumed(used);
        let command = match verb {
            _ if is_any(verb, &["STARTTLS"]) => {
                self.tls.ask();
                Command::StartTls
            }
            _ if is_any(verb, &["AUTH"]) => {
                let (mechanism, _) = word(rest);
                let clear = is_any(mechanism, &["PLAIN", "LOGIN"]);
                if clear {
                    self.tell_auth(State::Attempted, seen);
                }
                self.place = Place::Credentials;
                Command::Auth { clear }
            }
            _ if is_any(verb, &["DATA"]) => {
                // Nothing else can follow (RFC 2920 §3.1), unless the server refuses.
                self.place = Place::Header { named: false };
                Command::Data { accepted: false }
            }
            _ if is_any(verb, &["BDAT"]) => {
                let len = std::str::from_utf8(word(rest).0).ok().and_then(|len| len.parse::<u64>().ok());
                step = Step::Skip(len.unwrap_or(0).saturating_add(used as u64));
                Command::Other
            }
            _ => Command::Other,
        };
        if self.unanswered.len() == COMMANDS_MAX {
            self.unanswered.pop_front();
        }
        self.unanswered.push_back(command);
        step
    }

    fn on_reply(&mut self, reply: &ReplyLine<'_>, used: usize, seen: &mut Seen) -> Step {
        let greets = !self.greeted && matches!(reply.code, 220 | 421 | 554);
        if greets && self.unanswered.front() != Some(&Command::StartTls) {
            if reply.first {
                // The first word is the host's name (RFC 5321 §4.2).
                let (_, rest) = word(reply.text);
                seen.product(Role::Server, software(rest).as_bytes());
            }
            self.greeted = reply.last;
            return Step::Consumed(used);
        }
        if !reply.last {
            return Step::Consumed(used);
        }
        self.greeted = true;
        match (self.unanswered.pop_front(), reply.code) {
            (Some(Command::StartTls), 220) => return Step::Upgrade(used, &Tls),
            (Some(Command::StartTls), _) => self.tls.refuse(),
            (Some(command @ Command::Auth { .. }), 334) => self.unanswered.push_front(command),
            (Some(Command::Auth { clear }), code) => {
                self.place = Place::Commands;
                if code == 235 {
                    if clear {
                        self.tell_auth(State::Used, seen);
                    }
                    // Whoever is trusted now will not turn to TLS any more.
                    return Step::Done;
                }
            }
            (Some(Command::Data { .. }), 354) => self.unanswered.push_front(Command::Data { accepted: true }),
            (Some(Command::Data { accepted: false }), _) => self.place = Place::Commands,
            // The client was not captured: these are `Username:` and `Password:` (AUTH LOGIN).
            (None, 334) if is_any(reply.text, &["VXNlcm5hbWU6", "UGFzc3dvcmQ6"]) => {
                self.tell_auth(State::Attempted, seen);
            }
            (None, 235) if self.auth.is_some() => self.tell_auth(State::Used, seen),
            _ => {}
        }
        Step::Consumed(used)
    }

    /// A line of a message's header (RFC 5322 §2.2): which message it is, on every hop it takes.
    fn on_header(&mut self, line: &[u8], seen: &mut Seen) {
        let folded = line.first().is_some_and(|first| matches!(first, b' ' | b'\t'));
        let value = match (self.place, line) {
            (_, b"") => {
                self.place = Place::Message { line_start: true };
                return;
            }
            (_, b".") => {
                self.place = Place::Commands;
                return;
            }
            (Place::Header { named: true }, line) if folded => line,
            _ => match line.split_at_checked(MESSAGE_ID.len()) {
                Some((name, value)) if name.eq_ignore_ascii_case(MESSAGE_ID) => value,
                _ => {
                    self.place = Place::Header { named: false };
                    return;
                }
            },
        };
        let value = value.trim_ascii();
        self.place = Place::Header { named: value.is_empty() };
        if value.len() > 2 && value.starts_with(b"<") && value.ends_with(b">") {
            seen.push(Observation::Token(Token::of(TokenKind::MessageId, Role::Client, value)));
        }
    }

    /// Passes over a message. A line is looked at only as far as to tell whether it is one dot.
    fn pass_message(&mut self, bytes: &[u8], mut line_start: bool) -> Step {
        let mut passed = 0;
        loop {
            let rest = bytes.get(passed..).unwrap_or_default();
            if line_start {
                let end = match rest {
                    [b'.', b'\r', b'\n', ..] => Some(3),
                    [b'.', b'\n', ..] => Some(2),
                    [b'.'] | [b'.', b'\r'] => {
                        self.place = Place::Message { line_start };
                        let all = passed == 0;
                        return if all { Step::Need(bytes.len() + 1) } else { Step::Consumed(passed) };
                    }
                    _ => None,
                };
                if let Some(end) = end {
                    self.place = Place::Commands;
                    return Step::Consumed(passed + end);
                }
            }
            let Some(end) = rest.iter().position(|&byte| byte == b'\n') else {
                self.place = Place::Message { line_start: line_start && rest.is_empty() };
                return Step::Consumed(bytes.len());
            };
            passed += end + 1;
            line_start = true;
        }
    }

    fn tell_auth(&mut self, state: State, seen: &mut Seen) {
        if self.auth < Some(state) {
            self.auth = Some(state);
            seen.practice(Practice::SmtpAuth, state, "AUTH PLAIN or LOGIN without TLS");
        }
    }
}
