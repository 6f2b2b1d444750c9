//! Kerberos version 5 over TCP (RFC 4120): a ticket-granting ticket, then a service's.

use crate::traffic::encode::{der, integer, prefixed, sequence, tagged};
use crate::traffic::talk::{Script, Talk};

const REALM: &[u8] = b"CORP.EXAMPLE.COM";
const AES256: u32 = 18;
const AES128: u32 = 17;

/// A user who logs in. One connection carries one request and one answer, as Windows does it.
#[derive(Default)]
pub struct Kerberos {
    asked: bool,
}

impl Script for Kerberos {
    fn exchange(&mut self, talk: &mut Talk<'_>) {
        if std::mem::replace(&mut self.asked, true) {
            return;
        }
        let user = format!("user{:04}", talk.random.below(3000));
        let ticket_granting = talk.random.chance(1, 2);
        let service: &[&str] = if ticket_granting {
            &["krbtgt", "CORP.EXAMPLE.COM"]
        } else {
            &["cifs", "file03.corp.example.com"]
        };
        let body = request_body(ticket_granting.then_some(user.as_str()), service, talk);
        let (request_type, request_data) = if ticket_granting {
            let stamp = der(0x04, &encrypted(56, talk));
            (10u8, sequence(&[tagged(1, &integer(2)), tagged(2, &stamp)]))
        } else {
            let ticket = ticket(&["krbtgt", "CORP.EXAMPLE.COM"], talk);
            let parts = [
                tagged(0, &integer(5)),
                tagged(1, &integer(14)),
                tagged(2, &der(0x03, &[0, 0, 0, 0, 0])),
                tagged(3, &ticket),
                tagged(4, &encrypted(180, talk)),
            ];
            let request = der(0x6e, &sequence(&parts));
            (12, sequence(&[tagged(1, &integer(1)), tagged(2, &der(0x04, &request))]))
        };
        let request = sequence(&[
            tagged(1, &integer(5)),
            tagged(2, &integer(u32::from(request_type))),
            tagged(3, &sequence(&[request_data])),
            tagged(4, &body),
        ]);
        talk.client(prefixed::<4>(&der(0x60 | request_type, &request)));
        let reply_type = request_type + 1;
        let reply = sequence(&[
            tagged(0, &integer(5)),
            tagged(1, &integer(u32::from(reply_type))),
            tagged(3, &der(0x1b, REALM)),
            tagged(4, &principal(1, &[&user])),
            tagged(5, &ticket(service, talk)),
            tagged(6, &encrypted(290, talk)),
        ]);
        talk.server(prefixed::<4>(&der(0x60 | reply_type, &reply)));
    }
}

/// KDC-REQ-BODY (§5.4.1).
fn request_body(user: Option<&str>, service: &[&str], talk: &mut Talk<'_>) -> Vec<u8> {
    let nonce = talk.random.next() as u32 >> 1;
    let mut body = vec![tagged(0, &der(0x03, &[0, 0x40, 0x81, 0, 0x10]))];
    body.extend(user.map(|user| tagged(1, &principal(1, &[user]))));
    body.extend([
        tagged(2, &der(0x1b, REALM)),
        tagged(3, &principal(2, service)),
        tagged(5, &der(0x18, b"20370913024805Z")),
        tagged(7, &integer(nonce)),
        tagged(8, &sequence(&[integer(AES256), integer(AES128)])),
    ]);
    sequence(&body)
}

fn principal(kind: u32, parts: &[&str]) -> Vec<u8> {
    let parts: Vec<_> = parts.iter().map(|part| der(0x1b, part.as_bytes())).collect();
    sequence(&[tagged(0, &integer(kind)), tagged(1, &sequence(&parts))])
}

fn ticket(service: &[&str], talk: &mut Talk<'_>) -> Vec<u8> {
    let parts = [
        tagged(0, &integer(5)),
        tagged(1, &der(0x1b, REALM)),
        tagged(2, &principal(2, service)),
        tagged(3, &encrypted(1080, talk)),
    ];
    der(0x61, &sequence(&parts))
}

/// EncryptedData (§5.2.9) of this many bytes.
fn encrypted(len: usize, talk: &mut Talk<'_>) -> Vec<u8> {
    let cipher = talk.noise(len);
    sequence(&[tagged(0, &integer(AES256)), tagged(2, &der(0x04, &cipher))])
}
