//! FTP's control connection (RFC 959), with its announcements of data connections (RFC 2428) and TLS
//! (RFC 4217).

mod announcement;
#[cfg(test)]
mod tests;

use crate::model::{Pair, Practice, Role, State, Transport};

use super::greeting::software;
use super::line::{
    Lines, Replies, ReplyLine, contains, is_any, is_text, may_become, reply_line, whole_lines, word,
};
use super::starttls::StartTls;
use super::tls::Tls;
use super::{Analyzer, Guess, Opening, Probe, Seen, Session, Step};

/// FTP.
pub struct Ftp;

impl Analyzer for Ftp {
    fn protocol(&self) -> &'static str {
        "ftp"
    }

    fn transports(&self) -> &'static [Transport] {
        &[Transport::Tcp]
    }

    fn probe(&self, opening: &Opening<'_>) -> Probe {
        // `USER` is POP3's word too, and `220` is SMTP's: together they are FTP's.
        let both = |client: &[u8], server: &[u8]| begins_login(client) && greets(server);
        match opening.either_way(|client, server| if both(client, server) { Guess::Yes } else { Guess::No }) {
            Probe::NoMatch => opening.dialogue(by_client, by_server),
            probe => probe,
        }
    }

    fn begin(&self) -> Box<dyn Session> {
        Box::new(FtpSession::default())
    }
}

/// Commands without an argument that no other protocol of lines has.
const OWN_VERBS: &[&str] = &["PASV", "EPSV", "SYST", "FEAT", "PWD", "XPWD"];

/// Commands that are FTP's own by their arguments.
const ARGUED_VERBS: &[&str] = &["AUTH", "PORT", "EPRT", "TYPE", "OPTS", "PBSZ", "PROT", "CWD"];

/// Commands that may come before those, in this protocol as in others.
const SHARED_VERBS: &[&str] = &["USER", "PASS", "NOOP", "QUIT", "HELP"];

/// Is this what an FTP client says? Commands that other protocols have too prove nothing.
fn by_client(bytes: &[u8]) -> Guess {
    if !is_text(bytes) {
        return Guess::No;
    }
    for line in whole_lines(bytes) {
        let (verb, rest) = word(line);
        let argued = || match verb.to_ascii_uppercase().as_slice() {
            b"AUTH" => is_any(rest, TLS_NAMES),
            b"PORT" => announcement::of_port(rest).is_some(),
            b"EPRT" => announcement::of_eprt(rest).is_some(),
            b"TYPE" => is_any(rest, &["A", "I", "A N", "L 8"]),
            b"OPTS" => is_any(rest, &["UTF8 ON", "UTF8"]),
            b"PBSZ" => rest == b"0",
            b"PROT" => is_any(rest, &["P", "C"]),
            b"CWD" => rest.starts_with(b"/"),
            _ => false,
        };
        if (is_any(verb, OWN_VERBS) && rest.is_empty()) || argued() {
            return Guess::Yes;
        }
        if !is_any(verb, SHARED_VERBS) {
            return Guess::No;
        }
    }
    let possible = [OWN_VERBS, ARGUED_VERBS, SHARED_VERBS].iter().any(|verbs| may_become(bytes, verbs));
    if possible { Guess::More } else { Guess::No }
}

/// What `AUTH` is asked for when TLS is meant: RFC 4217 §2, and the drafts before it.
const TLS_NAMES: &[&str] = &["TLS", "SSL", "TLS-C", "TLS-P"];

/// Is this what an FTP server says? A greeting or reply that others could give proves nothing.
fn by_server(bytes: &[u8]) -> Guess {
    if !is_text(bytes) || !bytes.iter().take(3).all(u8::is_ascii_digit) {
        return Guess::No;
    }
    let mut replies = Replies::default();
    for line in whole_lines(bytes) {
        let Some(ReplyLine { code, text, .. }) = replies.read(line) else {
            if reply_line(line).is_none() && !contains(line, "SMTP") {
                // Only FTP has lines without a number, and only inside a reply.
                continue;
            }
            return Guess::No;
        };
        let unmistakable = match code {
            220 | 421 => contains(text, "FTP") || contains(text, "FileZilla"),
            227 => announcement::of_pasv(text).is_some(),
            229 => announcement::of_epsv(text).is_some(),
            331 => contains(text, "password"),
            150 => contains(text, "data connection"),
            226 => contains(text, "transfer complete"),
            257 => text.starts_with(b"\""),
            211 => contains(text, "Features"),
            _ => false,
        };
        if contains(text, "SMTP") || !matches!(code, 110..=553) {
            return Guess::No;
        }
        if unmistakable {
            return Guess::Yes;
        }
    }
    Guess::More
}

fn begins_login(client: &[u8]) -> bool {
    whole_lines(client).next().is_some_and(|line| is_any(word(line).0, &["USER"]))
}

fn greets(server: &[u8]) -> bool {
    let first = whole_lines(server).next().and_then(reply_line);
    first.is_some_and(|(code, _, text)| code == 220 && !contains(text, "SMTP"))
}

/// How far a login has come.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Login {
    /// Nobody has said who they are.
    #[default]
    None,
    /// A user was named, or the server has asked for a password.
    Begun { anonymous: bool },
}

#[derive(Default)]
struct FtpSession {
    lines: Pair<Lines>,
    replies: Replies,
    tls: StartTls,
    client_heard: bool,
    greeted: bool,
    login: Login,
    /// How far logins in clear went: with a user's own name, and anonymous.
    told: [Option<State>; 2],
}

impl Session for FtpSession {
    fn on_bytes(&mut self, from: Role, bytes: &[u8], seen: &mut Seen) -> Step {
        if let Some(step) = self.tls.before_line(from, bytes) {
            return step;
        }
        let line = match self.lines[from].next(bytes) {
            Ok(line) => line,
            Err(step) => return step,
        };
        match from {
            _ if !line.whole => {}
            Role::Client => self.on_command(line.text, seen),
            Role::Server => {
                if let Some(reply) = self.replies.read(line.text) {
                    return self.on_reply(&reply, line.used, seen);
                }
            }
        }
        Step::Consumed(line.used)
    }

    fn on_gap(&mut self, from: Role, _len: u64, _seen: &mut Seen) -> Step {
        self.lines[from].on_gap();
        if from == Role::Server {
            self.replies.on_gap();
            self.greeted = true;
        }
        self.tls.on_gap(from)
    }
}

impl FtpSession {
    fn on_command(&mut self, line: &[u8], seen: &mut Seen) {
        self.client_heard = true;
        let (verb, rest) = word(line);
        match verb.to_ascii_uppercase().as_slice() {
            b"AUTH" if is_any(rest, TLS_NAMES) => self.tls.ask(),
            b"USER" => self.login = Login::Begun { anonymous: is_any(rest, &["anonymous", "ftp"]) },
            b"PASS" => {
                let anonymous = self.login == Login::Begun { anonymous: true };
                self.login = Login::Begun { anonymous };
                self.tell_login(anonymous, State::Attempted, seen);
            }
            b"PORT" => announcement::push(Role::Client, announcement::of_port(rest), seen),
            b"EPRT" => announcement::push(Role::Client, announcement::of_eprt(rest), seen),
            _ => {}
        }
    }

    fn on_reply(&mut self, reply: &ReplyLine<'_>, used: usize, seen: &mut Seen) -> Step {
        if reply.first && reply.code == 220 && !self.greeted {
            self.greeted = true;
            seen.product(Role::Server, software(reply.text).as_bytes());
        }
        if !reply.last {
            return Step::Consumed(used);
        }
        match (reply.code, self.login) {
            (227, _) => announcement::push(Role::Server, announcement::of_pasv(reply.text), seen),
            (229, _) => announcement::push(Role::Server, announcement::of_epsv(reply.text), seen),
            (230, Login::Begun { anonymous }) => self.tell_login(anonymous, State::Used, seen),
            // The client was not captured, but the server tells what it wants of whom.
            (331, Login::None) => {
                let anonymous = contains(reply.text, "anonymous") || contains(reply.text, "guest");
                self.login = Login::Begun { anonymous };
            }
            (234, _) if !self.client_heard => return Step::Upgrade(used, &Tls),
            (234, _) if self.tls.is_asked() => return Step::Upgrade(used, &Tls),
            (400.., _) => {
                self.tls.refuse();
                if reply.code == 530 {
                    self.login = Login::None;
                }
            }
            _ => {}
        }
        Step::Consumed(used)
    }

    fn tell_login(&mut self, anonymous: bool, state: State, seen: &mut Seen) {
        let [named, nobody] = &mut self.told;
        let told = if anonymous { nobody } else { named };
        if *told < Some(state) {
            *told = Some(state);
            let what = if anonymous { "anonymous login without TLS" } else { "USER and PASS without TLS" };
            seen.practice(Practice::FtpLogin { anonymous }, state, what);
        }
    }
}
