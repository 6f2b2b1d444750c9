//! VNC's remote framebuffer protocol (RFC 6143), up to the answer to the question whether a password
//! was asked for. Both sides greet alike; the server greets first.

use crate::model::{Capability, Observation, Pair, Practice, Role, Side, State, Transport};

use super::{Analyzer, Opening, Probe, Seen, Session, Step};

/// Bytes of a greeting: `RFB 003.008` and a line feed (§7.1.1).
const GREETING: usize = 12;

/// Security types: no authentication, and a password of eight characters (§7.2.1, §7.2.2). Both leave
/// everything after them in clear.
const NONE: u8 = 1;
const PASSWORD: u8 = 2;

/// VNC.
pub struct Vnc;

impl Analyzer for Vnc {
    fn protocol(&self) -> &'static str {
        "vnc"
    }

    fn transports(&self) -> &'static [Transport] {
        &[Transport::Tcp]
    }

    fn probe(&self, opening: &Opening<'_>) -> Probe {
        let said = [Side::A, Side::B].map(|side| opening.of(side));
        let mut greetings = said.into_iter().filter(|said| !said.is_empty());
        let begins = greetings.clone().all(is_greeting);
        match (begins, greetings.any(|said| said.len() >= GREETING)) {
            (true, true) => Probe::Match { client: None },
            (true, false) if !opening.last_chance => Probe::NeedMore,
            _ => Probe::NoMatch,
        }
    }

    fn begin(&self) -> Box<dyn Session> {
        Box::<VncSession>::default()
    }
}

/// True as long as the bytes may begin with a greeting.
fn is_greeting(bytes: &[u8]) -> bool {
    let fits = |(place, byte): (usize, &u8)| match place {
        0..8 => b"RFB 003.".get(place) == Some(byte),
        8..11 => byte.is_ascii_digit(),
        _ => *byte == b'\n',
    };
    bytes.iter().take(GREETING).enumerate().all(fits)
}

/// The three versions that there are; what others claim is one of them (§7.1.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Version {
    Three,
    Seven,
    Eight,
}

fn version(greeting: &[u8]) -> Version {
    match greeting.get(8..11) {
        Some(b"007") => Version::Seven,
        Some(minor) if minor > b"007".as_slice() => Version::Eight,
        _ => Version::Three,
    }
}

/// What is waited for.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Stage {
    /// The server's security types.
    #[default]
    Offer,
    /// The client's choice among them.
    Choice,
    /// How it went.
    Result,
}

/// One connection.
#[derive(Default)]
struct VncSession {
    versions: Pair<Option<Version>>,
    /// Who greeted first: the server.
    first: Option<Role>,
    stage: Stage,
}

impl Session for VncSession {
    fn on_bytes(&mut self, from: Role, bytes: &[u8], seen: &mut Seen) -> Step {
        if self.versions[from].is_none() {
            return self.on_greeting(from, bytes);
        }
        let (Some(ours), Some(theirs)) = (self.versions.first, self.versions.second) else {
            return Step::Need(bytes.len());
        };
        let server = self.first.unwrap_or(Role::Server);
        match (self.stage, from == server) {
            (Stage::Offer, true) => self.on_offer(from, ours.min(theirs), bytes, seen),
            (Stage::Choice, false) => self.on_choice(ours.min(theirs), bytes, seen),
            (Stage::Result, true) => match bytes.first_chunk::<4>() {
                Some([0, 0, 0, 0]) => open(seen),
                Some(_) => Step::Done,
                None => Step::Need(4),
            },
            // Said too early: the other side's part is still under way.
            _ => Step::Need(bytes.len()),
        }
    }

    fn on_gap(&mut self, _: Role, _: u64, _: &mut Seen) -> Step {
        Step::Done
    }
}

impl VncSession {
    fn on_greeting(&mut self, from: Role, bytes: &[u8]) -> Step {
        let Some(greeting) = bytes.get(..GREETING) else { return Step::Need(GREETING) };
        if !is_greeting(greeting) {
            return Step::Foreign;
        }
        self.versions[from] = Some(version(greeting));
        self.first.get_or_insert(from);
        Step::Consumed(GREETING)
    }

    /// The security types: the server decides in version 3.3, and lets choose since (§7.1.2).
    fn on_offer(&mut self, from: Role, version: Version, bytes: &[u8], seen: &mut Seen) -> Step {
        let (used, decided) = match (version, bytes) {
            (Version::Three, _) => match bytes.first_chunk::<4>() {
                Some([0, 0, 0, decided]) => (4, Some(*decided)),
                Some(_) => return Step::Foreign,
                None => return Step::Need(4),
            },
            // None offered: the server gives its reasons.
            (_, [0, ..] | []) => return Step::Done,
            (_, [count, ..]) => {
                let used = 1 + usize::from(*count);
                if bytes.len() < used {
                    return Step::Need(used);
                }
                (used, None)
            }
        };
        seen.push(Observation::ClientProven(from == Role::Server));
        match decided {
            Some(NONE) => open(seen),
            Some(PASSWORD) => with_password(seen),
            // Who is who was wrong until here: the sides change names with the next call.
            Some(_) => Step::Done,
            None if from == Role::Client => Step::Done,
            None => {
                self.stage = Stage::Choice;
                Step::Consumed(used)
            }
        }
    }

    fn on_choice(&mut self, version: Version, bytes: &[u8], seen: &mut Seen) -> Step {
        match (bytes, version) {
            // Before version 3.8 nothing follows.
            ([NONE, ..], Version::Seven) => open(seen),
            ([NONE, ..], _) => {
                self.stage = Stage::Result;
                Step::Consumed(1)
            }
            ([PASSWORD, ..], _) => with_password(seen),
            _ => Step::Done,
        }
    }
}

/// A password is asked for, and nothing more.
fn with_password(seen: &mut Seen) -> Step {
    let practice = Practice::Vnc { password: true };
    seen.practice(practice, State::Negotiated, "security type 2 (VNC authentication)");
    Step::Done
}

/// Nobody asked for a password.
fn open(seen: &mut Seen) -> Step {
    seen.push(Observation::Capability(Capability::ExecDesktopOpen));
    seen.practice(Practice::Vnc { password: false }, State::Used, "security type 1 (None)");
    Step::Done
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::testing::{Line, late, tcp};
    use Line::{C, S};

    const V3: &[u8] = b"RFB 003.003\n";
    const V7: &[u8] = b"RFB 003.007\n";
    const V8: &[u8] = b"RFB 003.008\n";

    /// `password` is whether one was asked for, where that was seen.
    fn check(lines: &[Line<'_>], client_right: Option<bool>, password: Option<bool>) {
        let outcome = tcp(lines);
        assert_eq!((outcome.protocol, outcome.client_right), (Some("vnc"), client_right));
        let expected = match password {
            Some(false) => {
                vec![Some(Capability::ExecDesktopOpen), None]
            }
            Some(true) => vec![None],
            None => vec![],
        };
        let told: Vec<_> = outcome
            .observations
            .iter()
            .map(|told| match told {
                Observation::Capability(capability) => Some(*capability),
                Observation::Practice { practice, .. } => {
                    assert_eq!(Some(*practice), password.map(|password| Practice::Vnc { password }));
                    None
                }
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(told, expected);
    }

    #[test]
    fn a_desktop_without_a_password_is_open() {
        let yes = Some(true);
        check(&[S(V8), C(V8), S(&[1, 1]), C(&[1]), S(&[0, 0, 0, 0]), C(&[0])], yes, Some(false));
        check(&[S(V8), C(V7), S(&[2, 1, 2]), C(&[1, 0])], yes, Some(false));
        check(&[S(V8), C(V3), S(&[0, 0, 0, 1])], yes, Some(false));
    }

    #[test]
    fn a_desktop_that_asks_or_refuses_is_not() {
        let yes = Some(true);
        check(&[S(V8), C(V8), S(&[1, 2]), C(&[2]), S(&[7; 16])], yes, Some(true));
        check(&[S(V8), C(V8), S(&[2, 1, 2]), C(&[1]), S(&[0, 0, 0, 1])], yes, None);
        check(&[S(V8), C(V3), S(&[0, 0, 0, 2]), S(&[7; 16])], yes, Some(true));
        check(&[S(V8), C(V8), S(&[0, 0, 0, 0, 4]), S(b"no!!")], None, None);
    }

    #[test]
    fn a_server_that_connects_to_a_listening_viewer_is_the_server() {
        check(&[C(V8), S(V8), C(&[1, 2]), S(&[2])], Some(false), None);
    }

    #[test]
    fn one_side_alone_tells_nothing_of_the_other() {
        check(&[S(V8), S(&[1, 1])], None, None);
        check(&[C(V3)], None, None);
        assert_eq!(late(&[(Side::B, V8)]), (Some("vnc"), None));
    }

    #[test]
    fn what_is_nearly_a_greeting_is_not() {
        for bytes in [&b"RFB 003.00\n\n"[..], b"RFB 004.008\n", b"RFB"] {
            assert_ne!(tcp(&[S(bytes)]).protocol, Some("vnc"), "{bytes:?}");
        }
        assert_ne!(tcp(&[S(V8), C(b"GET / HTTP/1.0\r\n")]).protocol, Some("vnc"));
    }
}
