//! DCE/RPC, connection oriented (C706 chapter 12, [MS-RPCE]): who calls whom, and the names of
//! both in what they authenticate with.

use crate::model::{Pair, Role, Transport};

use super::speaker::Speaker;
use super::{Analyzer, Opening, Probe, Seen, Session, Step, kerberos, ntlm};

/// Bytes of the header that all packets share (C706 §12.6.3.1).
const HEADER: usize = 16;

/// DCE/RPC.
pub struct DceRpc;

impl Analyzer for DceRpc {
    fn protocol(&self) -> &'static str {
        "dcerpc"
    }

    fn transports(&self) -> &'static [Transport] {
        &[Transport::Tcp]
    }

    fn probe(&self, opening: &Opening<'_>) -> Probe {
        opening.by_speaker(|bytes| match (bytes, Fragment::read(bytes)) {
            ([5], _) => Speaker::Unclear,
            ([5, 0 | 1, ..], None) if bytes.len() < HEADER => Speaker::Unclear,
            (_, Some(fragment)) => Speaker::Is(fragment.sender),
            (_, None) => Speaker::Stranger,
        })
    }

    fn begin(&self) -> Box<dyn Session> {
        Box::<DceRpcSession>::default()
    }
}

/// What a fragment's header says.
struct Fragment {
    sender: Role,
    /// Bind, alter context, their answers, and the third leg: what carries names.
    authenticates: bool,
    /// Bytes of the whole fragment.
    len: usize,
    /// Bytes of credentials at its end.
    credentials: usize,
}

impl Fragment {
    fn read(bytes: &[u8]) -> Option<Fragment> {
        let [5, 0 | 1, kind, _flags, order, reals, 0, 0, len0, len1, auth0, auth1, ..] =
            bytes.get(..HEADER)?
        else {
            return None;
        };
        let sender = match kind {
            0 | 11 | 14 | 16 | 18 | 19 => Role::Client,
            2 | 3 | 12 | 13 | 15 | 17 => Role::Server,
            _ => return None,
        };
        let number = match (order, reals) {
            (0x10, 0..=3) => u16::from_le_bytes,
            (0x00, 0..=3) => u16::from_be_bytes,
            _ => return None,
        };
        let len = usize::from(number([*len0, *len1]));
        let credentials = usize::from(number([*auth0, *auth1]));
        (len >= HEADER + credentials).then_some(Fragment {
            sender,
            authenticates: matches!(kind, 11..=16),
            len,
            credentials,
        })
    }
}

/// One connection.
#[derive(Default)]
struct DceRpcSession {
    in_step: Pair<bool>,
}

impl Session for DceRpcSession {
    fn on_bytes(&mut self, from: Role, bytes: &[u8], seen: &mut Seen) -> Step {
        if bytes.len() < HEADER && (self.in_step[from] || bytes.first() == Some(&5)) {
            return Step::Need(HEADER);
        }
        let Some(fragment) = Fragment::read(bytes) else {
            self.in_step[from] = false;
            return Step::Consumed(bytes.len());
        };
        self.in_step[from] = true;
        if !fragment.authenticates || fragment.credentials == 0 {
            return Step::Skip(fragment.len as u64);
        }
        let Some(whole) = bytes.get(..fragment.len) else { return Step::Need(fragment.len) };
        let credentials = whole.get(fragment.len - fragment.credentials..).unwrap_or_default();
        ntlm::names(credentials, from, seen);
        kerberos::service_name(credentials, seen);
        Step::Consumed(fragment.len)
    }

    fn on_gap(&mut self, from: Role, _: u64, _: &mut Seen) -> Step {
        self.in_step[from] = false;
        Step::Need(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{NameSource, NamedThing, Observation};
    use crate::protocol::testing::{Line, hex, tcp};
    use Line::{C, S};

    fn request() -> Vec<u8> {
        hex("05000003100000002800000002000000 1000000000000300 01000000010000000100000001000000")
    }

    /// An alter context answer, or what else the type says, with credentials at its end.
    fn fragment(kind: u8, credentials: &[u8]) -> Vec<u8> {
        let mut bytes = vec![5, 0, kind, 3, 0x10, 0, 0, 0];
        bytes.extend([16 + 8 + credentials.len() as u8, 0, credentials.len() as u8, 0, 2, 0, 0, 0]);
        bytes.extend(hex("0a02000001000000"));
        bytes.extend(credentials);
        bytes
    }

    #[test]
    fn each_packet_shows_its_sender() {
        for lines in [&[C(&request()), S(&fragment(2, b""))][..], &[S(&fragment(12, b""))]] {
            let outcome = tcp(lines);
            assert_eq!((outcome.protocol, outcome.client_right), (Some("dcerpc"), Some(true)));
        }
    }

    #[test]
    fn a_bind_names_its_sender_and_a_request_does_not() {
        let challenge =
            [b"NTLMSSP\0\x02\0\0\0".to_vec(), vec![0; 28], hex("0a000a00 30000000 0300 0600 640063003100")]
                .concat();
        let named = Observation::Name {
            of: NamedThing::Role(Role::Server),
            name: "dc1".into(),
            source: NameSource::Ntlm,
        };
        assert_eq!(tcp(&[C(&request()), S(&fragment(12, &challenge))]).observations, [named]);
        assert_eq!(tcp(&[C(&request()), S(&fragment(2, &challenge))]).observations, []);
    }

    #[test]
    fn what_is_nearly_dce_rpc_is_not() {
        // A SOCKS greeting, an unknown type, a byte order that is none, credentials longer than all.
        for bytes in [
            "050100",
            "05000103100000002800000002000000",
            "05000003200000002800000002000000",
            "05000003100000001800 10000200 0000",
        ] {
            assert_ne!(tcp(&[C(&hex(bytes))]).protocol, Some("dcerpc"), "{bytes}");
        }
    }
}
