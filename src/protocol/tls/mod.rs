//! TLS and SSL over TCP (RFC 8446, RFC 5246, RFC 6101, SSL 2.0): who asks for which server, what
//! was agreed, and every certificate that passes readable.
//!
//! ```text
//! probe    is this TLS?                   record   a stream's records
//! session  one connection, both sides     message  handshake messages, joined from records
//! hello    the two hello messages         sslv2    the old hello messages
//! ja4      the client's fingerprint       reader   numbers and vectors
//! ```

mod hello;
mod ja4;
mod message;
mod probe;
mod reader;
mod record;
#[cfg(test)]
mod sample;
mod session;
mod sslv2;

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
