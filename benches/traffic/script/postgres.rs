//! PostgreSQL protocol 3.0: SCRAM login, simple queries, rows.

use crate::traffic::talk::{Script, Talk};

const QUERIES: &[&str] = &[
    "SELECT id, customer, total FROM orders WHERE customer = 4711 ORDER BY id DESC LIMIT 50",
    "SELECT id, name, price FROM product WHERE id IN (17, 21, 40, 99)",
    "SELECT id, state, changed FROM shipment WHERE state = 'open'",
];

/// An application and its database.
pub struct Postgres;

impl Script for Postgres {
    fn open(&mut self, talk: &mut Talk<'_>) {
        let startup =
            b"\0\x03\0\0user\0shop\0database\0shop\0application_name\0orders\0client_encoding\0UTF8\0\0";
        talk.client([&(startup.len() as u32 + 4).to_be_bytes(), &startup[..]].concat());
        talk.server(message(b'R', b"\0\0\0\x0aSCRAM-SHA-256\0\0"));
        let first = b"n,,n=,r=fyko+d2lbbFgONRv9qkxdawL";
        let initial = [&b"SCRAM-SHA-256\0"[..], &(first.len() as u32).to_be_bytes(), first].concat();
        talk.client(message(b'p', &initial));
        let challenge = b"\0\0\0\x0br=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096";
        talk.server(message(b'R', challenge));
        let proof = b"c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=";
        talk.client(message(b'p', proof));
        let mut ready = message(b'R', b"\0\0\0\x0cv=rmF9pqV8S7suAoZWja4dJRkFsKQ=");
        ready.extend(message(b'R', &[0; 4]));
        ready.extend(message(b'S', b"server_version\x0017.2 (Debian 17.2-1)\0"));
        ready.extend(message(b'S', b"TimeZone\0UTC\0"));
        ready.extend(message(b'K', &talk.random.bytes(8)));
        ready.extend(message(b'Z', b"I"));
        talk.server(ready);
    }

    fn exchange(&mut self, talk: &mut Talk<'_>) {
        let query = *talk.random.pick(QUERIES);
        talk.client(message(b'Q', format!("{query}\0").as_bytes()));
        let len = talk.body_len(300);
        let rows = len.div_ceil(120);
        let mut answer = message(b'T', &row_description());
        for number in 0..rows {
            let id = number.to_string();
            let name = talk.text(80);
            let columns = [id.as_bytes(), &name, b"1299.00"];
            let columns = columns.map(|one| [&(one.len() as u32).to_be_bytes(), one].concat()).concat();
            answer.extend(message(b'D', &[&[0, 3], columns.as_slice()].concat()));
        }
        answer.extend(message(b'C', format!("SELECT {rows}\0").as_bytes()));
        answer.extend(message(b'Z', b"I"));
        talk.server(answer);
    }

    fn close(&mut self, talk: &mut Talk<'_>) {
        talk.client(message(b'X', &[]));
    }
}

/// Three columns: int4, text, numeric.
fn row_description() -> Vec<u8> {
    let mut body = vec![0, 3];
    for (name, kind, size) in [("id", 23u32, 4u16), ("name", 25, 0xffff), ("total", 1700, 0xffff)] {
        body.extend(name.as_bytes());
        body.extend([0, 0, 0, 0x40, 1, 0, 1]);
        body.extend(kind.to_be_bytes());
        body.extend(size.to_be_bytes());
        body.extend([0xff, 0xff, 0xff, 0xff, 0, 0]);
    }
    body
}

fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    [&[kind], &(body.len() as u32 + 4).to_be_bytes()[..], body].concat()
}
