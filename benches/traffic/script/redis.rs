//! Redis (RESP 2): reads and writes of a cache.

use crate::traffic::talk::{Script, Talk};

/// An application and its cache.
pub struct Redis;

impl Script for Redis {
    fn open(&mut self, talk: &mut Talk<'_>) {
        talk.client(command(&[b"SELECT", b"0"]));
        talk.server("+OK\r\n");
    }

    fn exchange(&mut self, talk: &mut Talk<'_>) {
        let key = format!("session:{:08x}", talk.random.next() as u32);
        let len = talk.body_len(60).min(16_000);
        let value = talk.text(len);
        if talk.random.chance(1, 4) {
            talk.client(command(&[b"SET", key.as_bytes(), &value, b"EX", b"3600"]));
            talk.server("+OK\r\n");
            return;
        }
        talk.client(command(&[b"GET", key.as_bytes()]));
        let missed = talk.random.chance(1, 10);
        talk.server(if missed { b"$-1\r\n".to_vec() } else { bulk(&value) });
    }
}

fn bulk(value: &[u8]) -> Vec<u8> {
    [format!("${}\r\n", value.len()).as_bytes(), value, b"\r\n"].concat()
}

fn command(words: &[&[u8]]) -> Vec<u8> {
    let mut command = format!("*{}\r\n", words.len()).into_bytes();
    command.extend(words.iter().flat_map(|word| bulk(word)));
    command
}
