//! The SQL Server browser ([MC-SQLR]): asked for an instance, it tells the port.

use crate::model::{Announcement, Observation, Role, Transport};
use crate::protocol::datagram::each_datagram;
use crate::protocol::speaker::Speaker;
use crate::protocol::{Analyzer, Opening, Probe, Seen, Session};

/// Bytes of an answer before its text: a type, and the length of the text (§2.2.5).
const HEADER: usize = 3;

/// Ports of one answer that are announced; a server with more instances than this is rare.
const PORTS_MAX: usize = 16;

/// The browser service.
pub struct Browser;

impl Analyzer for Browser {
    fn protocol(&self) -> &'static str {
        "mssql-browser"
    }

    fn transports(&self) -> &'static [Transport] {
        &[Transport::Udp]
    }

    fn probe(&self, opening: &Opening<'_>) -> Probe {
        opening.by_speaker(speaker)
    }

    fn begin(&self) -> Box<dyn Session> {
        each_datagram(|from, datagram, seen| {
            if from == Role::Server {
                tell(datagram, seen);
            }
        })
    }
}

/// Questions are one byte, or one and an instance's name: too little to prove anything. The answer does.
fn speaker(datagram: &[u8]) -> Speaker {
    match datagram {
        [2 | 3] | [4 | 0x0f, ..] => Speaker::Unclear,
        _ if text(datagram).is_some_and(|text| text.starts_with("ServerName;")) => Speaker::Is(Role::Server),
        _ => Speaker::Stranger,
    }
}

/// The text of an answer.
fn text(datagram: &[u8]) -> Option<&str> {
    let ([5, low, high], text) = datagram.split_first_chunk::<HEADER>()? else { return None };
    let len = usize::from(u16::from_le_bytes([*low, *high]));
    (text.len() == len).then_some(text)?;
    // Everything that is read is ASCII; instances may be called anything.
    let readable = text.iter().position(|byte| !byte.is_ascii()).unwrap_or(text.len());
    std::str::from_utf8(text.get(..readable)?).ok()
}

/// Words in pairs: `ServerName;SQL1;InstanceName;ERP;...;Version;15.0.2000.5;tcp;49172;;` for each
/// instance (§2.2.5).
fn tell(datagram: &[u8], seen: &mut Seen) {
    let Some(text) = text(datagram) else { return };
    let mut words = text.split(';');
    let mut ports = 0;
    let mut version_told = false;
    while let Some(word) = words.next() {
        match word {
            "Version" if !version_told => {
                if let Some(version) = words.next() {
                    seen.product(Role::Server, format!("Microsoft SQL Server {version}"));
                    version_told = true;
                }
            }
            "tcp" if ports < PORTS_MAX => {
                let port = words.next().and_then(|port| port.parse::<u16>().ok());
                if let Some(port) = port.filter(|port| *port > 0) {
                    ports += 1;
                    seen.push(Observation::Announced(Announcement {
                        listener: Role::Server,
                        address: None,
                        port,
                        peer_port: None,
                        transport: Transport::Tcp,
                        protocol: "mssql",
                        practice: None,
                    }));
                }
            }
            // The words come in pairs, and an empty one ends an instance.
            "" => {}
            _ => {
                words.next();
            }
        }
    }
}
