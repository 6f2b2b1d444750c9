//! DCE/RPC, connection oriented (C706 chapter 12, [MS-RPCE]): who calls whom and by which interface,
//! the names of both in what they authenticate with, and the ports that the endpoint mapper tells.

mod endpoint_map;
mod interface;
#[cfg(test)]
mod tests;

use crate::model::{Announcement, Capability, Observation, Pair, Purpose, Role, Transport};

use super::speaker::Speaker;
use super::{Analyzer, Opening, Probe, Seen, Session, Step, kerberos, ntlm};
use interface::Interface;

/// Bytes of the header that all packets share (C706 §12.6.3.1).
const HEADER: usize = 16;

/// Bytes of a bind or of its answer before what is listed (§12.6.4.3, §12.6.4.4).
const BIND_HEADER: usize = HEADER + 8;

/// Bytes of a call or of its answer before the arguments (§12.6.4.9, §12.6.4.10).
const CALL_HEADER: usize = HEADER + 8;

/// Interfaces of one connection that are remembered. Windows offers three syntaxes of one.
const CONTEXTS_MAX: usize = 16;

/// The operation of the endpoint mapper that tells ports (C706 appendix O).
const EPT_MAP: u16 = 3;

/// The operation by which directory data is replicated: IDL_DRSGetNCChanges ([MS-DRSR] §4.1.10).
const GET_CHANGES: u16 = 3;

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

/// What a fragment is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Bind, alter context.
    Bind,
    /// The server's answer to either, unless it refuses all of it.
    BindAnswer,
    Call,
    Answer,
    Other,
}

/// What a fragment's header says.
struct Fragment {
    sender: Role,
    kind: Kind,
    /// How its numbers are written.
    number: fn([u8; 2]) -> u16,
    /// Which call it belongs to.
    call: [u8; 4],
    /// Bind, alter context, their answers, and the third leg: what carries names.
    authenticates: bool,
    /// Bytes of the whole fragment.
    len: usize,
    /// Bytes of credentials at its end.
    credentials: usize,
}

impl Fragment {
    fn read(bytes: &[u8]) -> Option<Fragment> {
        let [5, 0 | 1, kind, _flags, order, reals, 0, 0, len0, len1, auth0, auth1, call @ ..] =
            bytes.first_chunk::<HEADER>()?
        else {
            return None;
        };
        let sender = match kind {
            0 | 11 | 14 | 16 | 18 | 19 => Role::Client,
            2 | 3 | 12 | 13 | 15 | 17 => Role::Server,
            _ => return None,
        };
        let number: fn([u8; 2]) -> u16 = match (order, reals) {
            (0x10, 0..=3) => u16::from_le_bytes,
            (0x00, 0..=3) => u16::from_be_bytes,
            _ => return None,
        };
        let len = usize::from(number([*len0, *len1]));
        let credentials = usize::from(number([*auth0, *auth1]));
        (len >= HEADER + credentials).then_some(Fragment {
            sender,
            kind: match kind {
                11 | 14 => Kind::Bind,
                12 | 15 => Kind::BindAnswer,
                0 => Kind::Call,
                2 => Kind::Answer,
                _ => Kind::Other,
            },
            number,
            call: *call,
            authenticates: matches!(kind, 11..=16),
            len,
            credentials,
        })
    }
}

/// An interface that the client asked for.
#[derive(Clone, Copy)]
struct Context {
    /// Its number in calls.
    id: u16,
    interface: Interface,
}

/// One connection.
#[derive(Default)]
struct DceRpcSession {
    in_step: Pair<bool>,
    /// Asked for, and not answered yet.
    asked: Vec<Context>,
    /// Granted.
    bound: Vec<Context>,
    /// The call whose answer will tell ports.
    mapping: Option<[u8; 4]>,
    told: Vec<Observation>,
    server_heard: bool,
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
        self.server_heard |= from == Role::Server;
        let wanted = match fragment.kind {
            Kind::Bind | Kind::BindAnswer => fragment.len,
            Kind::Call if !self.bound.is_empty() || !self.asked.is_empty() => CALL_HEADER,
            Kind::Answer if self.mapping == Some(fragment.call) => fragment.len,
            _ if fragment.authenticates && fragment.credentials > 0 => fragment.len,
            _ => return Step::Skip(fragment.len as u64),
        };
        let wanted = wanted.min(fragment.len);
        let Some(whole) = bytes.get(..wanted) else { return Step::Need(wanted) };
        match fragment.kind {
            Kind::Bind => self.on_bind(&fragment, whole),
            Kind::BindAnswer => self.on_bind_answer(&fragment, whole, seen),
            Kind::Call => self.on_call(&fragment, whole, seen),
            Kind::Answer => self.on_ports(whole, seen),
            Kind::Other => {}
        }
        if fragment.authenticates && fragment.credentials > 0 {
            let credentials = whole.get(fragment.len - fragment.credentials..).unwrap_or_default();
            ntlm::names(credentials, from, seen);
            kerberos::service_name(credentials, seen);
        }
        Step::Skip(fragment.len as u64)
    }

    fn on_gap(&mut self, from: Role, _: u64, _: &mut Seen) -> Step {
        self.in_step[from] = false;
        Step::Need(1)
    }

    fn on_end(&mut self, seen: &mut Seen) {
        // Where the server was never heard, what was asked for counts as granted.
        if !self.server_heard {
            for context in std::mem::take(&mut self.asked) {
                self.grant(context, seen);
            }
        }
    }
}

impl DceRpcSession {
    /// Interfaces, each with the transfer syntaxes it may be spoken in (§12.6.3.1).
    fn on_bind(&mut self, fragment: &Fragment, bind: &[u8]) {
        let Some((count, mut rest)) = bind.get(BIND_HEADER..).and_then(|rest| rest.split_at_checked(4))
        else {
            return;
        };
        self.asked.clear();
        for _ in 0..usize::from(count.first().copied().unwrap_or(0)).min(CONTEXTS_MAX) {
            let Some(([id0, id1, syntaxes, _], uuid)) = rest.split_first_chunk::<4>() else { return };
            let Some(uuid) = uuid.first_chunk() else { return };
            let interface = Interface::of(canonical(*uuid, fragment.number));
            self.asked.push(Context { id: (fragment.number)([*id0, *id1]), interface });
            let Some(next) = rest.get(4 + 20 * (1 + usize::from(*syntaxes))..) else { return };
            rest = next;
        }
    }

    /// The port once more in letters, then one result for each interface (§12.6.4.4).
    fn on_bind_answer(&mut self, fragment: &Fragment, answer: &[u8], seen: &mut Seen) {
        let Some([len0, len1]) = answer.get(BIND_HEADER..).and_then(|rest| rest.first_chunk::<2>()) else {
            return;
        };
        let port_len = usize::from((fragment.number)([*len0, *len1]));
        let results = (BIND_HEADER + 2 + port_len).next_multiple_of(4) + 4;
        let results = answer.get(results..).unwrap_or_default();
        let asked = std::mem::take(&mut self.asked);
        for (context, result) in asked.into_iter().zip(results.chunks_exact(24)) {
            if result.starts_with(&[0, 0]) {
                self.grant(context, seen);
            }
        }
    }

    fn grant(&mut self, context: Context, seen: &mut Seen) {
        if self.bound.len() < CONTEXTS_MAX {
            self.bound.push(context);
        }
        if let Some(purpose) = context.interface.purpose() {
            self.tell(Observation::Purpose(purpose), seen);
        }
        if let Some(capability) = context.interface.capability() {
            self.tell(Observation::Capability(capability), seen);
        }
    }

    fn on_call(&mut self, fragment: &Fragment, call: &[u8], seen: &mut Seen) {
        let Some([_, _, _, _, id0, id1, operation0, operation1]) = call.get(HEADER..CALL_HEADER) else {
            return;
        };
        let id = (fragment.number)([*id0, *id1]);
        let operation = (fragment.number)([*operation0, *operation1]);
        let context = self.bound.iter().find(|context| context.id == id);
        match context.map(|context| context.interface) {
            Some(Interface::EndpointMapper) if operation == EPT_MAP => self.mapping = Some(fragment.call),
            Some(Interface::Replication) if operation == GET_CHANGES => {
                // Between domain controllers this is what keeps them equal; anybody else takes every
                // secret of the domain with it.
                self.tell(Observation::Purpose(Purpose::Replication), seen);
                self.tell(Observation::Capability(Capability::ExecAdmin), seen);
            }
            _ => {}
        }
    }

    fn on_ports(&mut self, answer: &[u8], seen: &mut Seen) {
        self.mapping = None;
        for port in endpoint_map::ports(answer.get(CALL_HEADER..).unwrap_or_default()) {
            seen.push(Observation::Announced(Announcement {
                listener: Role::Server,
                address: None,
                port,
                peer_port: None,
                transport: Transport::Tcp,
                protocol: "dcerpc",
                practice: None,
            }));
        }
    }

    /// Tells something once.
    fn tell(&mut self, observation: Observation, seen: &mut Seen) {
        if !self.told.contains(&observation) {
            self.told.push(observation.clone());
            seen.push(observation);
        }
    }
}

/// A UUID as it is read aloud: its first three fields are numbers (C706 appendix A).
fn canonical(uuid: [u8; 16], number: fn([u8; 2]) -> u16) -> u128 {
    let [a, b, c, d, e, f, g, h, rest @ ..] = uuid;
    // Little-endian numbers of 32 bits are two of 16 in the other order.
    let little = number([1, 0]) == 1;
    let (high, low) = if little { ([c, d], [a, b]) } else { ([a, b], [c, d]) };
    let numbers = [high, low, [e, f], [g, h]];
    let front = numbers.iter().fold(0, |front, field| front << 16 | u128::from(number(*field)));
    front << 64 | u128::from(u64::from_be_bytes(rest))
}
