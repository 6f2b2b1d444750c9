//! Leaving a protocol of lines for TLS on the same connection (RFC 3207, RFC 2595, RFC 4217).

use crate::model::Role;

use super::tls::Tls;
use super::{Guess, Step};

/// Where a conversation stands between asking for TLS and speaking it.
#[derive(Default)]
pub(super) struct StartTls {
    asked: bool,
    server_heard: bool,
}

impl StartTls {
    /// The client has asked for TLS.
    pub(super) fn ask(&mut self) {
        self.asked = true;
    }

    /// The client has asked, and was not refused yet.
    pub(super) fn is_asked(&self) -> bool {
        self.asked
    }

    /// The server has refused.
    pub(super) fn refuse(&mut self) {
        self.asked = false;
    }

    /// To be asked before a side's bytes are read as lines.
    ///
    /// A client that has asked is not read further until the server has answered: what comes next
    /// belongs to one protocol or to the other. Where only one side was captured, or the answer was
    /// lost, the first record of TLS decides.
    pub(super) fn before_line(&mut self, from: Role, bytes: &[u8]) -> Option<Step> {
        self.server_heard |= from == Role::Server;
        let awaited = from == Role::Client && self.asked && self.server_heard;
        match is_record(bytes) {
            _ if awaited => Some(Step::Need(1)),
            Guess::Yes => Some(Step::Upgrade(0, &Tls)),
            Guess::More => Some(Step::Need(bytes.len() + 1)),
            Guess::No => None,
        }
    }

    /// Bytes are missing: if the answer was among them, TLS is what the client would not have
    /// begun without.
    pub(super) fn on_gap(&mut self, from: Role) -> Step {
        if self.asked && from == Role::Server { Step::Upgrade(0, &Tls) } else { Step::Need(0) }
    }
}

/// Do the bytes begin with a handshake record (RFC 8446 §5.1)?
pub(super) fn is_record(bytes: &[u8]) -> Guess {
    match bytes {
        [0x16, 3, 0..=4, ..] => Guess::Yes,
        [0x16] | [0x16, 3] => Guess::More,
        _ => Guess::No,
    }
}
