//! Responses of OCSP that a server staples to its certificate (RFC 6066 §8).

use crate::model::Observation;
use crate::protocol::Seen;

use super::super::reader::Reader;
use super::Handshake;

/// The extension of a ClientHello that asks for one.
const STATUS_REQUEST: u16 = 5;

/// The kind of status that is a response of OCSP.
const OCSP: u8 = 1;

/// Whether a server was asked for a response, and gave one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Staple {
    /// Nobody asked.
    #[default]
    Unasked,
    /// The client asked for one.
    Asked,
    /// It was given, or it is known that it was not.
    Told,
}

impl Staple {
    /// What the extensions of a ClientHello ask for.
    pub(super) fn asked(extensions: &[u16]) -> Staple {
        if extensions.contains(&STATUS_REQUEST) { Staple::Asked } else { Staple::Unasked }
    }
}

impl Handshake {
    /// A CertificateStatus message.
    pub(super) fn on_staple(&mut self, body: &[u8], seen: &mut Seen) {
        let mut reader = Reader::new(body);
        if self.staple == Staple::Told || reader.u8() != Some(OCSP) {
            return;
        }
        if let Some(response) = reader.vector24() {
            self.tell_staple(Some(response), seen);
        }
    }

    /// The server has said all that it says before the client answers.
    pub(super) fn on_server_done(&mut self, certified: bool, seen: &mut Seen) {
        if self.staple == Staple::Asked && certified {
            self.tell_staple(None, seen);
        }
    }

    fn tell_staple(&mut self, response: Option<&[u8]>, seen: &mut Seen) {
        self.staple = Staple::Told;
        let sni = self.server_name.clone();
        seen.push(Observation::Stapled { sni, response: response.map(Into::into) });
    }
}
