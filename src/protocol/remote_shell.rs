//! rsh, rexec and rlogin (RFC 1282 for the last; the others are what 4.2BSD's `rshd` and `rexecd`
//! do): a few texts that each end in a zero, then a shell in clear. Users, passwords and commands pass
//! by unread.

use crate::model::{Announcement, Observation, Practice, Role, Side, State, Transport};

use super::{Analyzer, Guess, Opening, Probe, Seen, Session, Step};

/// Bytes of one text; user names have up to 32, commands may be long.
const TEXT_BYTES_MAX: usize = 1_024;

/// rsh trusts ports that only the system's administrator may use.
const RESERVED_PORT_MAX: u16 = 1_023;

/// rsh: a command, by whoever comes from a reserved port.
pub struct Rsh;

/// rexec: a command, with a password in clear.
pub struct Rexec;

/// rlogin: a session.
pub struct Rlogin;

impl Analyzer for Rsh {
    fn protocol(&self) -> &'static str {
        "rsh"
    }

    fn transports(&self) -> &'static [Transport] {
        &[Transport::Tcp]
    }

    fn probe(&self, opening: &Opening<'_>) -> Probe {
        command(opening, true)
    }

    fn begin(&self) -> Box<dyn Session> {
        Box::new(CommandSession { protocol: "rsh", asked: false })
    }
}

impl Analyzer for Rexec {
    fn protocol(&self) -> &'static str {
        "rexec"
    }

    fn transports(&self) -> &'static [Transport] {
        &[Transport::Tcp]
    }

    fn probe(&self, opening: &Opening<'_>) -> Probe {
        command(opening, false)
    }

    fn begin(&self) -> Box<dyn Session> {
        Box::new(CommandSession { protocol: "rexec", asked: false })
    }
}

impl Analyzer for Rlogin {
    fn protocol(&self) -> &'static str {
        "rlogin"
    }

    fn transports(&self) -> &'static [Transport] {
        &[Transport::Tcp]
    }

    fn probe(&self, opening: &Opening<'_>) -> Probe {
        if !opening.from_start {
            return Probe::NoMatch;
        }
        opening.either_way(login)
    }

    fn begin(&self) -> Box<dyn Session> {
        Box::new(LoginSession)
    }
}

/// Texts that end in zeros: those that have come whole, whether what follows is one so far.
fn texts<const N: usize>(bytes: &[u8]) -> Option<(usize, [&[u8]; N])> {
    let mut found = [&[][..]; N];
    let mut rest = bytes;
    for (place, text) in found.iter_mut().enumerate() {
        let near = rest.get(..TEXT_BYTES_MAX).unwrap_or(rest);
        let readable = |text: &[u8]| text.iter().all(|byte| matches!(byte, b' '..=b'~' | b'\t' | 0x80..));
        let Some(end) = near.iter().position(|&byte| byte == 0) else {
            return (readable(near) && near.len() < TEXT_BYTES_MAX).then_some((place, found));
        };
        *text = near.get(..end).filter(|text| readable(text))?;
        rest = rest.get(end + 1..).unwrap_or_default();
    }
    Some((N, found))
}

/// A command of a client whose port is reserved, or is not. The messages are the same: rsh trusts the
/// port, rexec asks for a password.
fn command(opening: &Opening<'_>, reserved: bool) -> Probe {
    let mut more = false;
    for client in [Side::A, Side::B] {
        if opening.from_start && (opening.endpoint(client).port <= RESERVED_PORT_MAX) == reserved {
            match is_command(opening.of(client), opening.of(client.other())) {
                Guess::Yes => return Probe::Match { client: Some(client) },
                Guess::More => more = true,
                Guess::No => {}
            }
        }
    }
    if more && !opening.last_chance { Probe::NeedMore } else { Probe::NoMatch }
}

/// The port for errors (or none), two users (or a user and a password), a command; answered by a
/// zero, or by a one and a complaint.
fn is_command(client: &[u8], server: &[u8]) -> Guess {
    let Some((count, [port, user, second, command])) = texts::<4>(client) else { return Guess::No };
    let digits = |text: &[u8]| text.len() <= 5 && text.iter().all(u8::is_ascii_digit);
    let begun = client.get(..client.len().min(5)).unwrap_or_default();
    let port_fits = if count == 0 { digits(begun) && client.len() <= 5 } else { digits(port) };
    let filled = [user, second, command].into_iter().take(count.saturating_sub(1)).all(|it| !it.is_empty());
    match server {
        _ if client.is_empty() || !port_fits || !filled => Guess::No,
        // A login says the same, and its terminal besides.
        [0 | 1, ..] if count == 4 && login(client, server) == Guess::Yes => Guess::No,
        [0 | 1, ..] if count == 4 => Guess::Yes,
        [] | [0 | 1, ..] => Guess::More,
        _ => Guess::No,
    }
}

/// An empty text, two users, and the terminal with its speed: `vt100/9600` (RFC 1282 §2). The server
/// sends a zero when it agrees.
fn login(client: &[u8], server: &[u8]) -> Guess {
    let Some((count, [first, own, other, terminal])) = texts::<4>(client) else { return Guess::No };
    let filled = [own, other].into_iter().take(count.saturating_sub(1)).all(|text| !text.is_empty());
    if count == 0 || !first.is_empty() || !filled || !matches!(server, [] | [0 | 1, ..]) {
        return Guess::No;
    }
    if count < 4 {
        return Guess::More;
    }
    let speed = terminal.iter().position(|&byte| byte == b'/').map(|place| terminal.split_at(place));
    match speed {
        Some(([_, ..], [_, digits @ ..])) if !digits.is_empty() && digits.iter().all(u8::is_ascii_digit) => {
            Guess::Yes
        }
        _ => Guess::No,
    }
}

/// What a server makes of what it was asked: a zero begins the session, everything else is a complaint.
fn answer(practice: Practice, bytes: &[u8], seen: &mut Seen) -> Step {
    let state = if bytes.first() == Some(&0) { State::Used } else { State::Attempted };
    seen.practice(practice, state, if state == State::Used { "accepted" } else { "refused" });
    Step::Done
}

/// A session of rlogin: what the client says is in clear, and none of our business.
struct LoginSession;

impl Session for LoginSession {
    fn on_bytes(&mut self, from: Role, bytes: &[u8], seen: &mut Seen) -> Step {
        match from {
            Role::Client => Step::Skip(u64::MAX),
            Role::Server => answer(Practice::Rlogin, bytes, seen),
        }
    }

    fn on_gap(&mut self, _: Role, _: u64, _: &mut Seen) -> Step {
        Step::Done
    }
}

/// A command's connection: of what the client says, the first text is all that matters.
struct CommandSession {
    protocol: &'static str,
    /// The first text was read.
    asked: bool,
}

impl Session for CommandSession {
    fn on_bytes(&mut self, from: Role, bytes: &[u8], seen: &mut Seen) -> Step {
        if from == Role::Server {
            let practice = Practice::RemoteShell;
            return if self.asked { answer(practice, bytes, seen) } else { Step::Need(bytes.len()) };
        }
        let Some((1.., [port])) = texts::<1>(bytes) else { return Step::Need(bytes.len() + 1) };
        let port = std::str::from_utf8(port).ok().and_then(|port| port.parse::<u16>().ok());
        if let Some(port) = port.filter(|port| *port > 0) {
            // The server connects back to it with what goes wrong.
            seen.push(Observation::Announced(Announcement {
                listener: Role::Client,
                address: None,
                port,
                peer_port: None,
                transport: Transport::Tcp,
                protocol: self.protocol,
                practice: None,
            }));
        }
        self.asked = true;
        Step::Skip(u64::MAX)
    }

    fn on_gap(&mut self, _: Role, _: u64, _: &mut Seen) -> Step {
        Step::Done
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Address, Endpoint, Pair};
    use crate::protocol::testing::{Line, late, tcp};
    use crate::protocol::{Conversation, Verdict};
    use Line::{C, S};

    /// What is recognised when a client on this port says this to port 514, and the answer is `server`.
    fn rsh(port: u16, client: &[&[u8]], server: &[u8]) -> (Option<Verdict>, Vec<Observation>) {
        let endpoint = |last, port| Endpoint { address: Address::from([10, 0, 0, last]), port };
        let endpoints = Pair::new(endpoint(1, port), endpoint(2, 514));
        let mut conversation = Conversation::new(endpoints, Transport::Tcp, true, Side::A);
        let mut seen = Seen::default();
        for bytes in client {
            conversation.on_bytes(Side::A, bytes, &mut seen);
        }
        conversation.on_bytes(Side::B, server, &mut seen);
        (conversation.verdict(), seen.drain().collect())
    }

    #[test]
    fn rsh_is_a_command_from_a_reserved_port_and_announces_where_errors_go() {
        let said: [&[u8]; 2] = [b"1020\0", b"lns\0root\0mkdir testdir\0"];
        let (verdict, told) = rsh(1021, &said, b"\x01Login incorrect.\n");
        assert_eq!(verdict, Some(Verdict { protocol: "rsh", client: Some(Side::A) }));
        let [Observation::Announced(announced), refused] = told.as_slice() else { panic!("{told:?}") };
        assert!(matches!(refused, Observation::Practice { state: State::Attempted, .. }));
        assert_eq!((announced.listener, announced.port), (Role::Client, 1020));
        let (verdict, told) = rsh(1021, &[b"\0lns\0root\0date\0"], b"\0");
        assert_eq!((verdict.map(|verdict| verdict.protocol), told.len()), (Some("rsh"), 1));
        assert_eq!(rsh(40_000, &said, b"\0").0.map(|verdict| verdict.protocol), Some("rexec"));
    }

    #[test]
    fn rexec_is_a_command_with_a_password_from_anywhere_and_tells_no_word_of_it() {
        let outcome = tcp(&[C(b"0\0alice\0secret\0uname -a\0"), S(b"\0Linux\n")]);
        assert_eq!((outcome.protocol, outcome.client_right), (Some("rexec"), Some(true)));
        let [Observation::Practice { practice: Practice::RemoteShell, state: State::Used, at_fault, what }] =
            outcome.observations.as_slice()
        else {
            panic!("{outcome:?}")
        };
        assert_eq!((*at_fault, what.as_str()), (Role::Server, "accepted"));
    }

    #[test]
    fn rlogin_names_its_terminal() {
        let outcome = tcp(&[C(b"\0alice\0root\0vt100/9600\0"), S(b"\0"), S(b"Password: ")]);
        assert_eq!((outcome.protocol, outcome.client_right), (Some("rlogin"), Some(true)));
        assert!(matches!(
            outcome.observations.as_slice(),
            [Observation::Practice { practice: Practice::Rlogin, state: State::Used, .. }]
        ));
    }

    #[test]
    fn what_is_nearly_one_of_them_is_not() {
        for (client, server) in [
            // A port that is none, no user, no answer, an answer that is none, an unreadable text.
            (&b"123456\0alice\0secret\0date\0"[..], &b"\0"[..]),
            (b"0\0\0secret\0date\0", b"\0"),
            (b"0\0alice\0secret\0date\0", b""),
            (b"0\0alice\0secret\0date\0", b"HTTP/1.1 400"),
            (b"0\0al\x07ice\0secret\0date\0", b"\0"),
            (b"\0alice\0root\0vt100\0", b""),
        ] {
            assert_eq!(tcp(&[C(client), S(server)]).protocol, None, "{client:?}");
        }
        assert_eq!(late(&[(Side::A, b"0\0alice\0secret\0date\0"), (Side::B, b"\0")]).0, None);
    }
}
