//! Telnet (RFC 854): recognised by its option negotiation, or by a prompt for a name or password.

#[cfg(test)]
mod tests;

use crate::model::{Observation, Pair, Practice, Role, Side, State, Transport};

use super::{Analyzer, Guess, Opening, Probe, Seen, Session, Step};

/// Telnet.
pub struct Telnet;

/// "Interpret as command": what follows is no text (RFC 854).
const IAC: u8 = 0xff;
/// Subnegotiation begins, ends.
const SB: u8 = 0xfa;
const SE: u8 = 0xf0;
const WILL: u8 = 0xfb;
const WONT: u8 = 0xfc;
const DO: u8 = 0xfd;
const DONT: u8 = 0xfe;

/// Options that IANA has given out lie below this. An MP3 frame begins like a negotiation too, but
/// its third byte is mostly above.
const OPTION_MAX: u8 = 49;

/// So much text behind one negotiation is no chance: of arbitrary bytes, one in 2100 has it
/// (98 of 256 values, to the eighth power).
const TEXT_BYTES: usize = 8;

/// Things that only a terminal has: its type, size, speed, flow control, X display, environment
/// (RFC 1091, 1073, 1079, 1372, 1096, 1408, 1572). The client offers them and the server asks.
const TERMINAL_OPTIONS: &[u8] = &[24, 31, 32, 33, 35, 36, 39];

impl Analyzer for Telnet {
    fn protocol(&self) -> &'static str {
        "telnet"
    }

    fn transports(&self) -> &'static [Transport] {
        &[Transport::Tcp]
    }

    fn probe(&self, opening: &Opening<'_>) -> Probe {
        let opened = Pair::new(negotiations(opening.of(Side::A)), negotiations(opening.of(Side::B)));
        let both = opening.from_start && opened.iter().all(|opened| opened.count > 0);
        let enough = |side: Side| {
            let Negotiations { count, then_text, .. } = opened[side];
            let clear = count > 1 || then_text || opening.last_chance;
            count > 1 || (count == 1 && opening.from_start && clear)
        };
        if both || enough(Side::A) || enough(Side::B) {
            let by = |side: Side| {
                opened[side].by.map(|role| if role == Role::Client { side } else { side.other() })
            };
            return Probe::Match { client: by(Side::A).or(by(Side::B)) };
        }
        if !opening.from_start {
            return Probe::NoMatch;
        }
        let unfinished = [Side::A, Side::B].into_iter().any(|side| opened[side].unfinished);
        match opening.either_way(by_prompt) {
            Probe::NoMatch if unfinished && !opening.last_chance => Probe::NeedMore,
            probe => probe,
        }
    }

    fn begin(&self) -> Box<dyn Session> {
        Box::new(TelnetSession::default())
    }
}

/// The negotiations that bytes begin with.
#[derive(Default)]
struct Negotiations {
    count: usize,
    /// Text follows them.
    then_text: bool,
    /// More bytes may complete the first or bring a second.
    unfinished: bool,
    /// Who alone would say this.
    by: Option<Role>,
}

fn negotiations(bytes: &[u8]) -> Negotiations {
    let mut found = Negotiations::default();
    let mut rest = bytes;
    loop {
        match rest {
            [IAC, verb @ WILL..=DONT, option @ ..=OPTION_MAX, after @ ..] => {
                found.count += 1;
                found.by = found.by.or(sender(*verb, *option));
                rest = after;
            }
            [] | [IAC] | [IAC, WILL..=DONT] => {
                found.unfinished = !bytes.is_empty();
                return found;
            }
            [IAC, SB, ..] => return found,
            // Two negotiations and then anything is telnet; after one, only text is.
            _ if found.count > 1 => return found,
            _ => {
                let near = rest.get(..TEXT_BYTES).unwrap_or(rest);
                let text = near.iter().all(|byte| matches!(byte, b' '..=b'~' | b'\r' | b'\n' | 0x1b));
                found.then_text = text && near.len() == TEXT_BYTES;
                found.unfinished = text && !found.then_text;
                if !text {
                    found.count = 0;
                }
                return found;
            }
        }
    }
}

/// Which side would negotiate this. Echoing and the like are asked for by both.
fn sender(verb: u8, option: u8) -> Option<Role> {
    match verb {
        _ if !TERMINAL_OPTIONS.contains(&option) => None,
        WILL | WONT => Some(Role::Client),
        DO => Some(Role::Server),
        _ => None,
    }
}

/// Has the server asked who is there, and the client begun to type?
fn by_prompt(client: &[u8], server: &[u8]) -> Guess {
    let shown =
        |byte: &u8| matches!(byte, b' '..=b'~' | 0x80.. | b'\r' | b'\n' | b'\t' | 0 | 0x07 | 0x08 | 0x1b);
    if server.is_empty()
        || !server.iter().all(shown)
        || !client.iter().all(|byte| shown(byte) || *byte == 0x7f)
    {
        return Guess::No;
    }
    let asked =
        [&b"ogin:"[..], b"sername:", b"assword:"].iter().any(|end| server.trim_ascii_end().ends_with(end));
    // A prompt stands at the end of its line: a line that is over is an answer in another protocol.
    let open = !matches!(server.last(), Some(b'\n'));
    match (asked && open, client) {
        (true, []) => Guess::More,
        (true, _) => Guess::Yes,
        (false, []) => Guess::More,
        (false, _) => Guess::No,
    }
}

/// What is known of one side.
#[derive(Clone, Copy, Default)]
struct Heard {
    /// A subnegotiation is open.
    inside: bool,
    /// It negotiated or said something.
    spoke: bool,
    /// It said something.
    typed: bool,
}

#[derive(Default)]
struct TelnetSession {
    heard: Pair<Heard>,
    proven: bool,
    told: Option<State>,
}

impl Session for TelnetSession {
    fn on_bytes(&mut self, from: Role, bytes: &[u8], seen: &mut Seen) -> Step {
        let mut rest = bytes;
        let mut from = from;
        loop {
            let heard = &mut self.heard[from];
            let used = match rest {
                [IAC, IAC, ..] if heard.inside => 2,
                [IAC, SE, ..] if heard.inside => {
                    heard.inside = false;
                    2
                }
                [IAC, _, ..] | [_, ..] if heard.inside && !matches!(rest, [IAC]) => 1,
                [] | [IAC] | [IAC, WILL..=DONT] => break,
                [IAC, verb @ WILL..=DONT, option, ..] => {
                    heard.spoke = true;
                    from = self.prove(from, sender(*verb, *option), seen);
                    3
                }
                [IAC, SB, ..] => {
                    heard.inside = true;
                    2
                }
                [IAC, command, ..] if *command != IAC => 2,
                _ => {
                    heard.spoke = true;
                    heard.typed = true;
                    1
                }
            };
            rest = rest.get(used..).unwrap_or_default();
            if self.tell(seen) == Some(State::Used) {
                return Step::Done;
            }
        }
        match bytes.len() - rest.len() {
            0 => Step::Need(bytes.len() + 1),
            used => Step::Consumed(used),
        }
    }

    fn on_gap(&mut self, from: Role, _len: u64, _seen: &mut Seen) -> Step {
        self.heard[from].inside = false;
        Step::Need(0)
    }
}

impl TelnetSession {
    /// Takes note of who would say such a thing. Returns the role that the speaker really has.
    fn prove(&mut self, from: Role, really: Option<Role>, seen: &mut Seen) -> Role {
        let Some(really) = really.filter(|_| !self.proven) else { return from };
        self.proven = true;
        seen.push(Observation::ClientProven(really == from));
        if really != from {
            std::mem::swap(&mut self.heard.first, &mut self.heard.second);
        }
        really
    }

    fn tell(&mut self, seen: &mut Seen) -> Option<State> {
        let state = match (self.heard[Role::Server].spoke, self.heard[Role::Client]) {
            (true, Heard { typed: true, .. }) => State::Used,
            (true, _) => State::Negotiated,
            (false, Heard { spoke: true, .. }) => State::Attempted,
            (false, _) => return self.told,
        };
        if self.told < Some(state) {
            self.told = Some(state);
            seen.practice(Practice::Telnet, state, "telnet session");
        }
        self.told
    }
}
