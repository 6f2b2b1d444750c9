//! RDP ([MS-RDPBCGR]) from its connection request on: followed into TLS where the server chooses
//! it, else searched for the certificate that the older security shows. Other protocols open with
//! the same X.224 request (S7comm, MMS), so only what RDP puts inside counts.

use crate::model::{Fault, Observation, Role, State, Transport};

use super::speaker::Speaker;
use super::tls::Tls;
use super::{Analyzer, Opening, Probe, Seen, Session, Step};

/// Bytes before the variable part of an X.224 connection request or confirm: TPKT, a length, the
/// kind, two references, the class.
const CONNECT_HEAD: usize = 11;

const CONNECTION_REQUEST: u8 = 0xe0;
const CONNECTION_CONFIRM: u8 = 0xd0;

/// The object identifier of T.124 as conference requests carry it ([MS-RDPBCGR] §2.2.1.3.1).
const CONFERENCE: &[u8] = &[0x00, 0x05, 0x00, 0x14, 0x7c, 0x00, 0x01];

/// Bytes of a conference request within which its identifier stands; it is at about 110.
const CONFERENCE_BYTES_MAX: usize = 256;

/// Blocks of server data that are walked: core, security, network, message channel, multitransport.
const BLOCKS_MAX: usize = 8;

/// Certificates of a chain that are told. Windows sends two.
const CERTIFICATES_MAX: usize = 8;

/// RDP.
pub struct Rdp;

impl Analyzer for Rdp {
    fn protocol(&self) -> &'static str {
        "rdp"
    }

    fn transports(&self) -> &'static [Transport] {
        &[Transport::Tcp]
    }

    fn probe(&self, opening: &Opening<'_>) -> Probe {
        opening.by_speaker(speaker)
    }

    fn begin(&self) -> Box<dyn Session> {
        Box::new(RdpSession)
    }
}

/// Length of a TPKT packet (RFC 1006 §6), the kind of what it carries, and what is there of it.
fn packet(bytes: &[u8]) -> Option<(usize, u8, &[u8])> {
    let [3, 0, high, low, _, kind, ..] = bytes else { return None };
    let len = usize::from(u16::from_be_bytes([*high, *low]));
    (len >= 7).then(|| (len, *kind, bytes.get(..len).unwrap_or(bytes)))
}

fn speaker(bytes: &[u8]) -> Speaker {
    let mut rest = bytes;
    // Old clients ask and old servers confirm without a word of RDP: then the next packet tells.
    for _ in 0..2 {
        let Some((len, kind, whole)) = packet(rest) else {
            let short = rest.len() < 6 && [3, 0].starts_with(rest.get(..2).unwrap_or(rest));
            return if short { Speaker::Unclear } else { Speaker::Stranger };
        };
        let variable = whole.get(CONNECT_HEAD..).unwrap_or_default();
        match kind {
            CONNECTION_REQUEST if len > CONNECT_HEAD => return request_speaker(variable),
            CONNECTION_CONFIRM if len > CONNECT_HEAD => {
                return match variable {
                    [2 | 3, _, 8, 0, ..] if len == CONNECT_HEAD + 8 => Speaker::Is(Role::Server),
                    [] | [2 | 3] | [2 | 3, _] | [2 | 3, _, 8] => Speaker::Unclear,
                    _ => Speaker::Stranger,
                };
            }
            CONNECTION_REQUEST | CONNECTION_CONFIRM if len == CONNECT_HEAD => {
                rest = rest.get(len..).unwrap_or_default();
            }
            0xf0 => return conference_speaker(whole, whole.len() == len),
            _ => return Speaker::Stranger,
        }
    }
    Speaker::Stranger
}

/// A cookie or a routing token, or a negotiation request ([MS-RDPBCGR] §2.2.1.1).
fn request_speaker(variable: &[u8]) -> Speaker {
    match variable {
        [1, _, 8, 0, ..] => Speaker::Is(Role::Client),
        [1] | [1, _] | [1, _, 8] => Speaker::Unclear,
        _ if variable.starts_with(b"Cookie: ") || variable.starts_with(b"tsv://") => {
            Speaker::Is(Role::Client)
        }
        _ if b"Cookie: ".starts_with(variable) || b"tsv://".starts_with(variable) => Speaker::Unclear,
        _ => Speaker::Stranger,
    }
}

/// The conference that RDP creates (T.125 Connect-Initial and Connect-Response).
fn conference_speaker(packet: &[u8], arrived: bool) -> Speaker {
    let role = match packet.get(7..9) {
        Some([0x7f, 0x65]) => Role::Client,
        Some([0x7f, 0x66]) => Role::Server,
        None => return Speaker::Unclear,
        Some(_) => return Speaker::Stranger,
    };
    let head = packet.get(..CONFERENCE_BYTES_MAX).unwrap_or(packet);
    if head.windows(CONFERENCE.len()).any(|window| window == CONFERENCE) {
        Speaker::Is(role)
    } else if arrived || head.len() == CONFERENCE_BYTES_MAX {
        Speaker::Stranger
    } else {
        Speaker::Unclear
    }
}

/// One connection, until it is encrypted.
struct RdpSession;

impl Session for RdpSession {
    fn on_bytes(&mut self, from: Role, bytes: &[u8], seen: &mut Seen) -> Step {
        match bytes {
            // The server's choice was not seen.
            [0x16, 3, ..] => return Step::Upgrade(0, &Tls),
            [3, 0] | [3 | 0x16] => return Step::Need(2.max(bytes.len() + 1)),
            [3, 0, ..] if bytes.len() < 6 => return Step::Need(6),
            _ => {}
        }
        let Some((len, kind, whole)) = packet(bytes) else { return Step::Done };
        match (from, kind) {
            (Role::Server, CONNECTION_CONFIRM) => {
                if whole.len() < len {
                    return Step::Need(len);
                }
                match whole.get(CONNECT_HEAD..) {
                    // TLS, CredSSP, RDSTLS: all begin with TLS (§2.2.1.2.1). 0 is RDP's own security.
                    Some([2, _, 8, 0, chosen, ..]) if *chosen != 0 => {
                        // CredSSP asks for the user before anything else is spoken.
                        if *chosen == 1 {
                            seen.fault(
                                Fault::RdpTlsAlone,
                                State::Negotiated,
                                "RDP chose TLS without CredSSP",
                            );
                        }
                        Step::Upgrade(len, &Tls)
                    }
                    // A refusal decides nothing.
                    Some([3, ..]) => Step::Consumed(len),
                    _ => {
                        let what = "RDP chose its own security, without CredSSP";
                        seen.fault(Fault::RdpOwnSecurity, State::Negotiated, what);
                        Step::Consumed(len)
                    }
                }
            }
            (Role::Server, 0xf0) => {
                if whole.len() < len {
                    return Step::Need(len);
                }
                certificates(whole, seen);
                Step::Done
            }
            _ => Step::Skip(len as u64),
        }
    }

    fn on_gap(&mut self, _: Role, _: u64, _: &mut Seen) -> Step {
        Step::Done
    }
}

/// Tells the X.509 chain in the server's security data, if there is one (§2.2.1.4.3). Most servers
/// show a format of Microsoft's own instead.
fn certificates(response: &[u8], seen: &mut Seen) {
    let Some(certificate) = security_data(response).and_then(certificate) else { return };
    let Some((version, rest)) = number(certificate) else { return };
    // The highest bit says that the certificate was not issued for this server alone.
    if version & 0x7fff_ffff != 2 {
        return;
    }
    let Some((count, mut rest)) = number(rest) else { return };
    let mut chain = Vec::new();
    for _ in 0..count.min(CERTIFICATES_MAX as u32) {
        let Some((len, next)) = number(rest) else { break };
        let Some((der, next)) = next.split_at_checked(usize::try_from(len).unwrap_or(usize::MAX)) else {
            break;
        };
        chain.push(der);
        rest = next;
    }
    // The issuer comes first, the server itself last ([MS-RDPELE] §2.2.1.4.2).
    for (position, der) in chain.into_iter().rev().enumerate() {
        let position = u8::try_from(position).unwrap_or(u8::MAX);
        seen.push(Observation::Certificate { of: Role::Server, position, sni: None, der: der.into() });
    }
}

/// The security block among the server's data blocks (§2.2.1.4.1).
fn security_data(response: &[u8]) -> Option<&[u8]> {
    const KEY: &[u8] = b"McDn";
    const SC_SECURITY: u16 = 0x0c02;
    let head = response.get(..CONFERENCE_BYTES_MAX).unwrap_or(response);
    let key = head.windows(KEY.len()).position(|window| window == KEY)?;
    // A length of one octet, or of two if the highest bit is set (X.691 §11.9).
    let mut blocks = match response.get(key + KEY.len()..)? {
        [0x80..=0xff, _, blocks @ ..] | [_, blocks @ ..] => blocks,
        [] => return None,
    };
    for _ in 0..BLOCKS_MAX {
        let [kind0, kind1, len0, len1, ..] = blocks else { return None };
        let len = usize::from(u16::from_le_bytes([*len0, *len1]));
        let (block, rest) = blocks.split_at_checked(len)?;
        let data = block.get(4..)?;
        if u16::from_le_bytes([*kind0, *kind1]) == SC_SECURITY {
            return Some(data);
        }
        blocks = rest;
    }
    None
}

/// The server's certificate: after method and level of encryption, two lengths, and a random.
fn certificate(security: &[u8]) -> Option<&[u8]> {
    let (random_len, rest) = number(security.get(8..)?)?;
    let (len, rest) = number(rest)?;
    rest.get(usize::try_from(random_len).ok()?..)?.get(..usize::try_from(len).ok()?)
}

fn number(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let (number, rest) = bytes.split_first_chunk()?;
    Some((u32::from_le_bytes(*number), rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::testing::{Line, Outcome, faults, hex, tcp};
    use Line::{C, S};

    fn request() -> Vec<u8> {
        hex("0300002f2ae00000000000436f6f6b69653a206d737473686173683d4157414b45434f44490d0a0100080003000000")
    }

    fn confirm(chosen: u8) -> Vec<u8> {
        [&hex("030000130ed0000012340002010800")[..], &[chosen, 0, 0, 0]].concat()
    }

    fn tpkt(contents: &[u8]) -> Vec<u8> {
        [&[3, 0][..], &(contents.len() as u16 + 4).to_be_bytes(), contents].concat()
    }

    fn block(kind: u16, data: &[u8]) -> Vec<u8> {
        [&kind.to_le_bytes()[..], &(data.len() as u16 + 4).to_le_bytes(), data].concat()
    }

    /// A Connect-Response with a certificate of this version in its security data.
    fn response(version: u32, certificates: &[&[u8]]) -> Vec<u8> {
        let mut chain = [version.to_le_bytes(), (certificates.len() as u32).to_le_bytes()].concat();
        for der in certificates {
            chain.extend((der.len() as u32).to_le_bytes());
            chain.extend_from_slice(der);
        }
        let security = [hex("0200000002000000 02000000"), (chain.len() as u32).to_le_bytes().to_vec()];
        let security = [security.concat(), vec![0xaa, 0xbb], chain].concat();
        let blocks = [
            block(0x0c01, &hex("0400080000000000")),
            block(0x0c03, &hex("eb030000")),
            block(0x0c02, &security),
        ];
        let blocks = blocks.concat();
        let len = [0x80 | (blocks.len() >> 8) as u8, blocks.len() as u8];
        let conference = hex("000500147c00012a14760a01010001c0004d63446e");
        let user_data = [conference, len.to_vec(), blocks].concat();
        tpkt(&[&hex("02f0807f66820571 0a0100 020100 3003020122 0482054b")[..], &user_data].concat())
    }

    fn initial() -> Vec<u8> {
        tpkt(&hex(
            "02f0807f658201b2 0401010401010101ff 0482 0151 000500147c0001 8148000800100001c00044756361",
        ))
    }

    fn check(lines: &[Line<'_>], certificates: &[&[u8]]) {
        let told = |(position, der): (usize, &&[u8])| Observation::Certificate {
            of: Role::Server,
            position: position as u8,
            sni: None,
            der: (*der).into(),
        };
        let expected = Outcome {
            protocol: Some("rdp"),
            client_right: Some(true),
            observations: certificates.iter().enumerate().map(told).collect(),
        };
        let mut outcome = tcp(lines);
        outcome.observations.retain(|told| matches!(told, Observation::Certificate { .. }));
        assert_eq!(outcome, expected);
    }

    #[test]
    fn a_choice_of_tls_hands_over_to_tls() {
        let mut seen = Seen::default();
        for chosen in [1, 2, 8] {
            let step = Rdp.begin().on_bytes(Role::Server, &confirm(chosen), &mut seen);
            assert!(matches!(step, Step::Upgrade(19, to) if to.protocol() == "tls"), "{step:?}");
        }
        let step = Rdp.begin().on_bytes(Role::Server, &confirm(0), &mut seen);
        assert!(matches!(step, Step::Consumed(19)), "{step:?}");
        // The server's choice was not seen.
        let step = Rdp.begin().on_bytes(Role::Client, &[0x16, 3, 1, 0, 0x74], &mut seen);
        assert!(matches!(step, Step::Upgrade(0, to) if to.protocol() == "tls"), "{step:?}");
        check(&[C(&request()), S(&confirm(1))], &[]);
    }

    #[test]
    fn the_older_security_shows_its_chain_with_the_server_last() {
        let talk =
            [C(&request()), S(&confirm(0)), C(&initial()), S(&response(0x8000_0002, &[b"ca", b"leaf"]))];
        check(&talk, &[b"leaf", b"ca"]);
    }

    #[test]
    fn a_logon_screen_before_a_password_is_a_fault() {
        let faults = |confirm: &[u8]| faults(&tcp(&[C(&request()), S(confirm)]));
        assert_eq!(faults(&confirm(0)), [(Fault::RdpOwnSecurity, State::Negotiated)]);
        assert_eq!(faults(&hex("0300000b06d00000123400")), [(Fault::RdpOwnSecurity, State::Negotiated)]);
        assert_eq!(faults(&confirm(1)), [(Fault::RdpTlsAlone, State::Negotiated)]);
        assert_eq!(faults(&confirm(2)), [], "CredSSP");
        assert_eq!(faults(&hex("030000130ed00000123400 0300 0800 05000000")), [], "a refusal");
    }

    #[test]
    fn a_proprietary_certificate_is_none() {
        check(&[C(&request()), S(&confirm(0)), C(&initial()), S(&response(1, &[b"ca", b"leaf"]))], &[]);
    }

    #[test]
    fn lengths_that_point_outside_give_no_certificate() {
        let mut response = response(2, &[b"ca", b"leaf"]);
        let place = response.len() - 8;
        response[place] = 0xff;
        check(&[C(&request()), S(&confirm(0)), C(&initial()), S(&response)], &[b"ca"]);
    }

    #[test]
    fn each_side_alone_is_enough() {
        check(&[C(&request())], &[]);
        check(&[S(&confirm(1))], &[]);
        check(&[C(&initial())], &[]);
        check(&[S(&response(2, &[b"leaf"]))], &[b"leaf"]);
    }

    #[test]
    fn an_old_client_is_known_by_its_conference() {
        let bare = hex("0300000b06e00000000000");
        let confirm = hex("0300000b06d00000123400");
        check(&[C(&bare), S(&confirm), C(&initial())], &[]);
        assert_ne!(tcp(&[C(&bare), S(&confirm)]).protocol, Some("rdp"));
    }

    #[test]
    fn controllers_that_open_alike_are_not_rdp() {
        // S7comm's request, confirm and first job; an empty TPKT; something else altogether.
        let request = hex("0300001611e00000000100c0010ac1020100c2020101");
        let confirm = hex("0300001611d00001000100c0010ac1020100c2020101");
        let job = hex("0300001902f08032010000000000080000f0000001000101e0");
        assert_ne!(tcp(&[C(&request), S(&confirm), C(&job)]).protocol, Some("rdp"));
        assert_ne!(tcp(&[C(&job)]).protocol, Some("rdp"));
        assert_ne!(tcp(&[C(&hex("030000040000"))]).protocol, Some("rdp"));
    }
}
