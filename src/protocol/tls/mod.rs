//! TLS and SSL over TCP, DTLS and QUIC over UDP (RFC 8446, RFC 5246, RFC 6101, SSL 2.0, RFC 6347, RFC 9001): who asks
//! for which server, what was agreed, and every certificate that passes readable.
//!
//! ```text
//! probe, record, session    TLS: recognised, cut into records, followed
//! sslv2                     the hello messages of SSL 2.0
//! dtls                      the same over datagrams
//! quic                      the hello messages inside QUIC's first packets
//! message                   handshake messages, joined from records
//! handshake                 what they tell
//! hello, ja4                the two hello messages, and the client's fingerprint
//! reader                    numbers and vectors
//! ```

mod dtls;
mod handshake;
mod hello;
mod ja4;
mod message;
mod probe;
pub(in crate::protocol) mod quic;
mod reader;
mod record;
#[cfg(test)]
mod sample;
mod session;
mod sslv2;

pub use dtls::Dtls;
pub use quic::Quic;

use crate::model::Transport;

use super::{Analyzer, Opening, Probe, Session};

/// TLS on any port, and what follows STARTTLS in other protocols.
pub struct Tls;

impl Analyzer for Tls {
    fn protocol(&self) -> &'static str {
        "tls"
    }

    fn transports(&self) -> &'static [Transport] {
        &[Transport::Tcp]
    }

    fn probe(&self, opening: &Opening<'_>) -> Probe {
        probe::probe(opening)
    }

    fn begin(&self) -> Box<dyn Session> {
        Box::<session::TlsSession>::default()
    }
}
