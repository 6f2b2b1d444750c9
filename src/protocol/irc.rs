//! IRC (RFC 2812): recognised by what a client registers with, or by a server's notices.

use crate::model::Transport;

use super::recognised::Recognised;
use super::{Analyzer, Guess, Opening, Probe, Session};

/// The longest line (RFC 2812 §2.3), with room for tags (IRCv3).
const LINE_BYTES_MAX: usize = 1_024;

/// IRC.
pub struct Irc;

impl Analyzer for Irc {
    fn protocol(&self) -> &'static str {
        "irc"
    }

    fn transports(&self) -> &'static [Transport] {
        &[Transport::Tcp]
    }

    fn probe(&self, opening: &Opening<'_>) -> Probe {
        opening.dialogue(client, server)
    }

    fn begin(&self) -> Box<dyn Session> {
        Box::new(Recognised)
    }
}

/// A nickname proves a client; what may come before it (a password, a user as FTP has it too, a
/// question for capabilities) only does not speak against it.
fn client(bytes: &[u8]) -> Guess {
    let mut lines = bytes
        .get(..bytes.len().min(4 * LINE_BYTES_MAX))
        .unwrap_or(bytes)
        .split_inclusive(|byte| *byte == b'\n');
    loop {
        let Some(line) = lines.next() else { return Guess::More };
        let known: [&[u8]; 4] = [b"NICK ", b"PASS ", b"CAP ", b"USER "];
        if !line.ends_with(b"\n") {
            let begun = line.len() < LINE_BYTES_MAX
                && known.iter().any(|word| word.starts_with(line.get(..word.len()).unwrap_or(line)));
            return if begun { Guess::More } else { Guess::No };
        }
        match line {
            [b'N', b'I', b'C', b'K', b' ', name @ ..] => {
                let name = name.trim_ascii();
                let printable = name.iter().all(|byte| byte.is_ascii_graphic() || *byte >= 0x80);
                return if (1..=64).contains(&name.len()) && printable { Guess::Yes } else { Guess::No };
            }
            // Four words, the last a name in clear: FTP's has one.
            [b'U', b'S', b'E', b'R', b' ', rest @ ..] if rest.windows(2).any(|two| two == b" :") => {
                return Guess::Yes;
            }
            _ if known.iter().any(|word| line.starts_with(word)) => {}
            _ => return Guess::No,
        }
    }
}

/// `:server NOTICE target :text`, or a number of three digits in its place; before registration the
/// server's name may be missing.
fn server(bytes: &[u8]) -> Guess {
    let end = bytes.iter().take(LINE_BYTES_MAX).position(|byte| *byte == b'\n');
    let Some(line) = end.and_then(|end| bytes.get(..end)) else {
        let begun = bytes.len() < LINE_BYTES_MAX
            && (bytes.first() == Some(&b':') || b"NOTICE ".starts_with(bytes.get(..7).unwrap_or(bytes)));
        return if begun { Guess::More } else { Guess::No };
    };
    let mut words = line.split(|byte| *byte == b' ').filter(|word| !word.is_empty());
    let (first, second) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let said = match first {
        [b':', name @ ..] if !name.is_empty() => second,
        _ => first,
    };
    let numbered = matches!(said, [b'0'..=b'9', b'0'..=b'9', b'0'..=b'9']) && first != said;
    let known: [&[u8]; 8] = [b"NOTICE", b"PRIVMSG", b"JOIN", b"MODE", b"CAP", b"PART", b"QUIT", b"KICK"];
    let notice = said == b"NOTICE" && line.windows(2).any(|two| two == b" :");
    match (numbered || notice || first != said && known.contains(&said), words.next()) {
        (true, Some(_)) => Guess::Yes,
        _ => Guess::No,
    }
}

#[cfg(test)]
mod tests {
    use crate::protocol::testing::{Line, tcp};

    fn talk(client: &str, server: &str) -> (Option<&'static str>, Option<bool>) {
        let outcome = tcp(&[Line::C(client.as_bytes()), Line::S(server.as_bytes())]);
        (outcome.protocol, outcome.client_right)
    }

    #[test]
    fn registration_shows_the_client() {
        for (client, server) in [
            ("NICK somebody\r\nJOIN #test\r\n", ""),
            ("CAP LS 302\r\nNICK somebody\r\n", ":irc.example NOTICE * :looking up\r\n"),
            ("PASS x\r\nUSER some 0 * :Some Body\r\n", ":irc.example 001 some :Welcome\r\n"),
        ] {
            assert_eq!(talk(client, server), (Some("irc"), Some(true)), "{client}");
        }
    }

    #[test]
    fn a_server_that_speaks_first_is_recognised() {
        let outcome = tcp(&[Line::S(b":irc NOTICE AUTH :***\r\n"), Line::C(b"NICK nobody\r\n")]);
        assert_eq!((outcome.protocol, outcome.client_right), (Some("irc"), Some(true)));
    }

    #[test]
    fn logins_of_others_are_not() {
        for (client, server) in [
            ("USER alice\r\nPASS secret\r\n", "220 ftp ready\r\n"),
            ("NICK \r\n", ""),
            ("HELO x\r\n", ":irc 001 x :hi\r\n"),
        ] {
            assert_ne!(talk(client, server).0, Some("irc"), "{client}");
        }
    }
}
