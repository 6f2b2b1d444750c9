//! LDAP version 3 (RFC 4511): bind, searches, unbind.

use crate::traffic::encode::{der, integer, sequence};
use crate::traffic::talk::{Script, Talk};

const BASE: &[u8] = b"dc=corp,dc=example,dc=com";

/// A program that looks people up in a directory.
#[derive(Default)]
pub struct Ldap {
    message_id: u32,
}

impl Ldap {
    fn message(&self, operation: Vec<u8>) -> Vec<u8> {
        sequence(&[integer(self.message_id), operation])
    }

    /// An LDAPResult (§4.1.9) that says success.
    fn success(&self, tag: u8) -> Vec<u8> {
        self.message(der(tag, &[der(0x0a, &[0]), der(0x04, b""), der(0x04, b"")].concat()))
    }
}

impl Script for Ldap {
    fn open(&mut self, talk: &mut Talk<'_>) {
        self.message_id = 1;
        let who = b"cn=lookup,ou=services,dc=corp,dc=example,dc=com";
        let bind = [integer(3), der(0x04, who), der(0x80, b"not-a-real-password")].concat();
        talk.client(self.message(der(0x60, &bind)));
        talk.server(self.success(0x61));
    }

    fn exchange(&mut self, talk: &mut Talk<'_>) {
        self.message_id += 1;
        let user = format!("user{:04}", talk.random.below(3000));
        let filter = der(0xa3, &[der(0x04, b"uid"), der(0x04, user.as_bytes())].concat());
        let wanted = sequence(&[der(0x04, b"cn"), der(0x04, b"mail"), der(0x04, b"memberOf")]);
        let search = [
            der(0x04, BASE),
            der(0x0a, &[2]),
            der(0x0a, &[0]),
            integer(0),
            integer(30),
            der(0x01, &[0]),
            filter,
            wanted,
        ];
        talk.client(self.message(der(0x63, &search.concat())));
        let entries = talk.random.heavy(1, 12);
        let mut answer = Vec::new();
        for _ in 0..entries {
            let name = format!("uid={user},ou=people,dc=corp,dc=example,dc=com");
            let mail = format!("{user}@corp.example.com");
            let attribute =
                |kind: &[u8], value: &[u8]| sequence(&[der(0x04, kind), der(0x31, &der(0x04, value))]);
            let attributes = sequence(&[
                attribute(b"cn", user.as_bytes()),
                attribute(b"mail", mail.as_bytes()),
                attribute(b"memberOf", b"cn=staff,ou=groups,dc=corp,dc=example,dc=com"),
            ]);
            answer.extend(self.message(der(0x64, &[der(0x04, name.as_bytes()), attributes].concat())));
        }
        answer.extend(self.success(0x65));
        talk.server(answer);
    }

    fn close(&mut self, talk: &mut Talk<'_>) {
        self.message_id += 1;
        talk.client(self.message(der(0x42, &[])));
    }
}
