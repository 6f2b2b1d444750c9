//! MySQL protocol 10: greeting, login, text queries and their rows.

use crate::traffic::talk::{Script, Talk};

const QUERIES: &[&str] = &[
    "SELECT id, title, stock FROM articles WHERE shelf = 12",
    "SELECT id, mail, created FROM users WHERE id = 90210",
];

const VARCHAR: u8 = 0xfd;

/// An application and its database.
pub struct Mysql;

impl Script for Mysql {
    fn open(&mut self, talk: &mut Talk<'_>) {
        let thread = talk.random.next() as u32 >> 8;
        let salt = b"q8Jd02kLmZ1x\0";
        let greeting = [
            b"\x0a8.0.41\0",
            &thread.to_le_bytes()[..],
            b"Ab3dEf7h\0",
            // Capabilities, low half: long password, protocol 4.1, secure connection and more.
            &[0xff, 0xf7, 0xff, 0x02, 0x00, 0x0f, 0x80, 21],
            &[0; 10],
            salt,
            b"mysql_native_password\0",
        ];
        talk.server(packet(0, &greeting.concat()));
        let login = [
            // Protocol 4.1, secure connection, connect with database, authentication by plugin.
            &[0x0d, 0xa2, 0x08, 0x00, 0, 0, 0, 1, 0x2d][..],
            &[0; 23],
            b"shop\0\x14",
            &talk.random.bytes(20),
            b"shop\0mysql_native_password\0",
        ];
        talk.client(packet(1, &login.concat()));
        talk.server(packet(2, &[0, 0, 0, 2, 0, 0, 0]));
    }

    fn exchange(&mut self, talk: &mut Talk<'_>) {
        let query = *talk.random.pick(QUERIES);
        talk.client(packet(0, &[&[3], query.as_bytes()].concat()));
        let len = talk.body_len(300).min(60_000);
        let mut number = 1u8;
        let mut answer = packet(number, &[3]);
        let mut add = |body: &[u8]| {
            number = number.wrapping_add(1);
            answer.extend(packet(number, body));
        };
        for name in ["id", "title", "stock"] {
            add(&column(name));
        }
        // End of columns (§ EOF_Packet): no warnings, autocommit.
        add(&[0xfe, 0, 0, 2, 0]);
        for row in 0..len.div_ceil(110) {
            let (id, title) = (row.to_string(), talk.text(90));
            add(&[text(id.as_bytes()), text(&title), text(b"42")].concat());
        }
        add(&[0xfe, 0, 0, 2, 0]);
        talk.server(answer);
    }

    fn close(&mut self, talk: &mut Talk<'_>) {
        talk.client(packet(0, &[1]));
    }
}

/// A column definition of protocol 4.1.
fn column(name: &str) -> Vec<u8> {
    let strings =
        ["def", "shop", "articles", "articles", name, name].map(|one| text(one.as_bytes())).concat();
    [strings, vec![0x0c, 0x2d, 0, 0xff, 0, 0, 0, VARCHAR, 0, 0, 0, 0, 0]].concat()
}

/// A length-encoded string below 251 bytes.
fn text(bytes: &[u8]) -> Vec<u8> {
    [&[bytes.len() as u8], bytes].concat()
}

fn packet(number: u8, body: &[u8]) -> Vec<u8> {
    let len = (body.len() as u32).to_le_bytes();
    [&len[..3], &[number], body].concat()
}
