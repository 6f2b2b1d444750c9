//! rsync's daemon (`rsyncd`, the greeting of its protocol): recognised. Both sides greet alike; the
//! server greets first, and speaks so again before it agrees. rsync over SSH is SSH.

use crate::model::{Fault, Observation, Pair, Role, Side, State, Transport};

use super::{Analyzer, Opening, Probe, Seen, Session, Step};

/// How every line of the daemon's begins.
const GREETING: &[u8] = b"@RSYNCD: ";

/// Bytes of a line: newer versions list digests behind their number.
const LINE_BYTES_MAX: usize = 256;

/// rsync.
pub struct Rsync;

impl Analyzer for Rsync {
    fn protocol(&self) -> &'static str {
        "rsync"
    }

    fn transports(&self) -> &'static [Transport] {
        &[Transport::Tcp]
    }

    fn probe(&self, opening: &Opening<'_>) -> Probe {
        let mut said =
            [Side::A, Side::B].map(|side| opening.of(side)).into_iter().filter(|it| !it.is_empty());
        let greets = said.clone().all(|said| said.starts_with(GREETING) || GREETING.starts_with(said));
        match (greets, said.any(|said| said.get(GREETING.len()).is_some_and(u8::is_ascii_digit))) {
            (true, true) => Probe::Match { client: None },
            (true, false) if !opening.last_chance => Probe::NeedMore,
            _ => Probe::NoMatch,
        }
    }

    fn begin(&self) -> Box<dyn Session> {
        Box::<RsyncSession>::default()
    }
}

/// One connection, until it is known who serves, and whom.
#[derive(Default)]
struct RsyncSession {
    greeted: Pair<bool>,
    proven: bool,
    /// A password was asked for.
    password: bool,
}

impl Session for RsyncSession {
    fn on_bytes(&mut self, from: Role, bytes: &[u8], seen: &mut Seen) -> Step {
        let near = bytes.get(..LINE_BYTES_MAX).unwrap_or(bytes);
        let Some(end) = near.iter().position(|&byte| byte == b'\n') else {
            return if near.len() < LINE_BYTES_MAX { Step::Need(bytes.len() + 1) } else { Step::Done };
        };
        if !std::mem::replace(&mut self.greeted[from], true) {
            return Step::Consumed(end + 1);
        }
        // The client names a module; the server asks for a password, or agrees.
        let serves = if near.starts_with(GREETING) { from } else { from.other() };
        if !std::mem::replace(&mut self.proven, true) {
            seen.push(Observation::ClientProven(serves == Role::Server));
        }
        let said = near.get(..end).and_then(|line| line.strip_prefix(GREETING));
        match said {
            Some([b'A', b'U', b'T', b'H', b'R', b'E', b'Q', b'D', ..]) => self.password = true,
            Some(b"OK") => {
                let (fault, what) = match self.password {
                    true => (Fault::RsyncDaemon, "rsync module opened by a password, in clear"),
                    false => (Fault::RsyncOpen, "rsync module opened without a password"),
                };
                seen.fault(fault, State::Used, what);
                return Step::Done;
            }
            Some(_) => return Step::Done,
            None => {}
        }
        Step::Consumed(end + 1)
    }

    fn on_gap(&mut self, _: Role, _: u64, _: &mut Seen) -> Step {
        Step::Done
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::testing::{Line, faults, tcp};
    use Line::{C, S};

    const HELLO: &[u8] = b"@RSYNCD: 31.0 sha512 sha256\n";

    #[test]
    fn a_daemon_is_known_by_its_greeting_and_the_client_by_the_module_it_names() {
        let outcome = tcp(&[S(HELLO), C(HELLO), C(b"backup\n"), S(b"@RSYNCD: OK\n")]);
        assert_eq!((outcome.protocol, outcome.client_right), (Some("rsync"), Some(true)));
        let outcome = tcp(&[S(HELLO), S(b"@RSYNCD: AUTHREQD x\n")]);
        assert_eq!((outcome.protocol, outcome.client_right), (Some("rsync"), Some(true)));
        assert_eq!(tcp(&[S(HELLO), C(HELLO)]).client_right, None);
    }

    #[test]
    fn a_module_without_a_password_is_worse() {
        let talk = |lines: &[&'static [u8]]| {
            let mut said = vec![S(HELLO), C(HELLO), C(b"backup\n")];
            said.extend(lines.iter().map(|line| S(line)));
            faults(&tcp(&said))
        };
        assert_eq!(talk(&[b"@RSYNCD: OK\n"]), [(Fault::RsyncOpen, State::Used)]);
        assert_eq!(talk(&[b"welcome\n", b"@RSYNCD: OK\n"]), [(Fault::RsyncOpen, State::Used)]);
        let asked = [b"@RSYNCD: AUTHREQD x\n".as_slice(), b"@RSYNCD: OK\n"];
        assert_eq!(talk(&asked), [(Fault::RsyncDaemon, State::Used)]);
        assert_eq!(talk(&[b"@RSYNCD: AUTHREQD x\n", b"@ERROR: auth failed\n"]), []);
        assert_eq!(talk(&[b"@RSYNCD: EXIT\n"]), [], "a list of modules");
    }

    #[test]
    fn what_is_nearly_rsync_is_not() {
        for bytes in [&b"@RSYNCD:31.0\n"[..], b"@RSYNCD: OK\n", b"@ERROR: no\n", b"@RSYNCD: "] {
            assert_eq!(tcp(&[S(bytes)]).protocol, None, "{bytes:?}");
        }
        assert_eq!(
            tcp(&[S(HELLO), C(b"GET / HTTP/1.1\r\n")]).protocol,
            Some("rsync"),
            "the server proved it"
        );
    }
}
