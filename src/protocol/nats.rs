//! NATS (docs.nats.io, "Client Protocol"): recognised by the server's INFO and the client's CONNECT.

use crate::model::{Role, Transport};

use super::{Analyzer, Guess, Opening, Probe, Seen, Session, Step};

/// Bytes of an INFO line that is read for the version; servers send up to a few hundred, and the URLs
/// of their cluster.
const INFO_BYTES_MAX: usize = 8_192;

/// NATS.
pub struct Nats;

impl Analyzer for Nats {
    fn protocol(&self) -> &'static str {
        "nats"
    }

    fn transports(&self) -> &'static [Transport] {
        &[Transport::Tcp]
    }

    fn probe(&self, opening: &Opening<'_>) -> Probe {
        // A cluster's servers send INFO both ways; who does so alone is a server.
        opening.dialogue(|bytes| begins(bytes, b"CONNECT {"), |bytes| begins(bytes, b"INFO {\""))
    }

    fn begin(&self) -> Box<dyn Session> {
        Box::new(NatsSession)
    }
}

fn begins(bytes: &[u8], word: &[u8]) -> Guess {
    if bytes.starts_with(word) {
        Guess::Yes
    } else if word.starts_with(bytes) {
        Guess::More
    } else {
        Guess::No
    }
}

/// Only the server's first line is of interest.
struct NatsSession;

impl Session for NatsSession {
    fn on_bytes(&mut self, from: Role, bytes: &[u8], seen: &mut Seen) -> Step {
        if from == Role::Client {
            return Step::Skip(u64::MAX);
        }
        let near = bytes.get(..INFO_BYTES_MAX).unwrap_or(bytes);
        let Some(end) = near.iter().position(|&byte| byte == b'\n') else {
            return if near.len() < INFO_BYTES_MAX { Step::Need(bytes.len() + 1) } else { Step::Done };
        };
        if let Some(version) = version(near.get(..end).unwrap_or_default()) {
            seen.product(Role::Server, format!("nats-server {version}"));
        }
        Step::Done
    }

    fn on_gap(&mut self, _: Role, _: u64, _: &mut Seen) -> Step {
        Step::Done
    }
}

/// The value of `version`, which is a text without escapes.
fn version(line: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(line.strip_prefix(b"INFO ")?).ok()?;
    let (_, rest) = text.split_once("\"version\":")?;
    rest.trim_start().strip_prefix('"')?.split('"').next()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Observation;
    use crate::protocol::testing::{Line, tcp};
    use Line::{C, S};

    const INFO: &[u8] = b"INFO {\"server_id\":\"NDQ\",\"version\":\"2.10.4\",\"port\":4222}\r\n";

    #[test]
    fn server_and_client_are_known_by_their_first_words() {
        let told = [Observation::Product { of: Role::Server, text: "nats-server 2.10.4".into() }];
        let outcome = tcp(&[S(INFO), C(b"CONNECT {\"verbose\":false}\r\nPING\r\n"), S(b"PONG\r\n")]);
        assert_eq!((outcome.protocol, outcome.client_right), (Some("nats"), Some(true)));
        assert_eq!(outcome.observations, told);
        assert_eq!(tcp(&[C(b"CONNECT {\"verbose\":false}\r\n")]).client_right, Some(true));
    }

    #[test]
    fn what_is_nearly_nats_is_not() {
        for lines in [
            &[C(b"CONNECT www.example.com:443 HTTP/1.1\r\n\r\n")][..],
            &[C(b"INFO\r\n")],
            &[S(b"INFO { }\r\n")],
        ] {
            assert_ne!(tcp(lines).protocol, Some("nats"), "{lines:?}");
        }
    }
}
