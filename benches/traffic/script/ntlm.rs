//! The NTLM login inside SMB's session setup (MS-NLMP §2.2.1), wrapped in SPNEGO (RFC 4178).

use crate::traffic::encode::{der, sequence, tagged};
use crate::traffic::random::Random;

const SIGNATURE: &[u8] = b"NTLMSSP\0";
const FLAGS: u32 = 0xe288_8215;

/// The version field: Windows 10, build 19041, NTLM revision 15.
const VERSION: [u8; 8] = [10, 0, 0x61, 0x4a, 0, 0, 0, 15];

/// 1.3.6.1.5.5.2
const SPNEGO: &[u8] = &[0x2b, 6, 1, 5, 5, 2];

/// 1.3.6.1.4.1.311.2.2.10
const NTLM: &[u8] = &[0x2b, 6, 1, 4, 1, 0x82, 0x37, 2, 2, 10];

/// What the server offers in its answer to the negotiation.
pub fn offer() -> Vec<u8> {
    initial(&[tagged(0, &sequence(&[der(0x06, NTLM)]))])
}

/// NEGOTIATE_MESSAGE.
pub fn negotiate() -> Vec<u8> {
    let message = [SIGNATURE, &1u32.to_le_bytes(), &FLAGS.to_le_bytes(), &[0; 16], &VERSION].concat();
    initial(&[tagged(0, &sequence(&[der(0x06, NTLM)])), tagged(2, &der(0x04, &message))])
}

/// CHALLENGE_MESSAGE.
pub fn challenge(server: &str, random: &mut Random) -> Vec<u8> {
    let computer = server.split('.').next().unwrap_or(server).to_uppercase();
    let domain = utf16("CORP");
    let pair = |number: u16, value: &[u8]| {
        [&number.to_le_bytes()[..], &(value.len() as u16).to_le_bytes(), value].concat()
    };
    let info = [pair(2, &domain), pair(1, &utf16(&computer)), pair(3, &utf16(server)), pair(0, &[])].concat();
    let domain_field = field(&domain, 56);
    let info_field = field(&info, 56 + domain.len());
    let random = random.bytes(8);
    let message = [
        SIGNATURE,
        &2u32.to_le_bytes(),
        &domain_field,
        &FLAGS.to_le_bytes(),
        &random,
        &[0; 8],
        &info_field,
        &VERSION,
        &domain,
        &info,
    ];
    // accept-incomplete
    response(&[
        tagged(0, &der(0x0a, &[1])),
        tagged(1, &der(0x06, NTLM)),
        tagged(2, &der(0x04, &message.concat())),
    ])
}

/// AUTHENTICATE_MESSAGE; the proof is noise.
pub fn authenticate(user: &str, workstation: &str, random: &mut Random) -> Vec<u8> {
    // An NTLMv2 response (§2.2.2.8): proof, then a blob that ends its list of pairs.
    let proof =
        [&random.bytes(16)[..], &[1, 1, 0, 0, 0, 0, 0, 0], &[0; 8], &random.bytes(8), &[0; 12]].concat();
    let payload = [vec![0; 24], proof, utf16("CORP"), utf16(user), utf16(workstation), random.bytes(16)];
    let mut offset = 88;
    let mut fields = Vec::new();
    for part in &payload {
        fields.extend(field(part, offset));
        offset += part.len();
    }
    let head = [SIGNATURE, &3u32.to_le_bytes(), &fields, &FLAGS.to_le_bytes(), &VERSION, &random.bytes(16)];
    let message = [head.concat(), payload.concat()].concat();
    response(&[tagged(0, &der(0x0a, &[1])), tagged(2, &der(0x04, &message))])
}

/// Text as Windows sends it.
pub fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// Length, allocated length and offset of a part of the payload.
fn field(part: &[u8], offset: usize) -> Vec<u8> {
    let len = (part.len() as u16).to_le_bytes();
    [&len[..], &len, &(offset as u32).to_le_bytes()].concat()
}

/// NegTokenInit.
fn initial(parts: &[Vec<u8>]) -> Vec<u8> {
    der(0x60, &[der(0x06, SPNEGO), tagged(0, &sequence(parts))].concat())
}

/// NegTokenResp.
fn response(parts: &[Vec<u8>]) -> Vec<u8> {
    tagged(1, &sequence(parts))
}
