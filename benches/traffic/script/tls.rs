//! TLS 1.2 (RFC 5246), full and resumed, and TLS 1.3 (RFC 8446), with HTTPS-like records inside.

use crate::traffic::encode::prefixed;
use crate::traffic::random::Random;
use crate::traffic::talk::{Script, Talk};

const HANDSHAKE: u8 = 22;
const CHANGE_CIPHER_SPEC: &[u8] = &[20, 3, 3, 0, 1, 1];

/// The most plain bytes of one record (RFC 8446 §5.1).
const RECORD_LEN_MAX: usize = 16_384;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Version {
    Tls12,
    Tls12Resumed,
    Tls13,
}

/// A browser and a web server.
pub struct Tls {
    name: String,
    chain: usize,
    version: Version,
}

impl Tls {
    /// For the server of this name, which shows this chain of certificates.
    pub fn new(name: &str, chain: usize, random: &mut Random) -> Self {
        let version = match random.below(10) {
            0..4 => Version::Tls12,
            4 => Version::Tls12Resumed,
            _ => Version::Tls13,
        };
        Tls { name: name.to_owned(), chain, version }
    }

    fn client_hello(&self, session: &[u8], talk: &mut Talk<'_>) -> Vec<u8> {
        let suites: &[u16] = match self.version {
            Version::Tls13 => &[0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8],
            _ => &[0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, 0xc013, 0xc014, 0x009c, 0x009d, 0x002f],
        };
        let name = [&[0], prefixed::<2>(self.name.as_bytes()).as_slice()].concat();
        let mut extensions = vec![
            extension(0, &prefixed::<2>(&name)),
            extension(23, &[]),
            extension(0xff01, &[0]),
            extension(10, &prefixed::<2>(&[0, 0x1d, 0, 0x17, 0, 0x18])),
            extension(11, &[1, 0]),
            extension(35, &[]),
            extension(16, &prefixed::<2>(b"\x08http/1.1")),
            extension(5, &[1, 0, 0, 0, 0]),
            extension(13, &prefixed::<2>(&[4, 3, 8, 4, 4, 1, 5, 3, 8, 5, 5, 1, 8, 6, 6, 1])),
        ];
        if self.version == Version::Tls13 {
            let key = [&[0, 0x1d], prefixed::<2>(&talk.noise(32)).as_slice()].concat();
            extensions.push(extension(43, &[4, 3, 4, 3, 3]));
            extensions.push(extension(45, &[1, 1]));
            extensions.push(extension(51, &prefixed::<2>(&key)));
        }
        let suites: Vec<u8> = suites.iter().flat_map(|suite| suite.to_be_bytes()).collect();
        let body = [
            vec![3, 3],
            talk.random.bytes(32),
            prefixed::<1>(session),
            prefixed::<2>(&suites),
            vec![1, 0],
            prefixed::<2>(&extensions.concat()),
        ];
        // The first record says TLS 1.0, for old servers' sake (RFC 8446 §5.1).
        let mut hello = record(HANDSHAKE, &message(1, &body.concat()));
        hello[2] = 1;
        hello
    }

    fn server_hello(&self, session: &[u8], talk: &mut Talk<'_>) -> Vec<u8> {
        let (suite, extensions) = match self.version {
            Version::Tls13 => {
                let key = [&[0, 0x1d], prefixed::<2>(&talk.noise(32)).as_slice()].concat();
                ([0x13, 0x02], [extension(43, &[3, 4]), extension(51, &key)].concat())
            }
            _ => {
                let protocol = extension(16, &prefixed::<2>(b"\x08http/1.1"));
                ([0xc0, 0x2f], [extension(0xff01, &[0]), extension(23, &[]), protocol].concat())
            }
        };
        let body = [
            vec![3, 3],
            talk.random.bytes(32),
            prefixed::<1>(session),
            suite.to_vec(),
            vec![0],
            prefixed::<2>(&extensions),
        ];
        message(2, &body.concat())
    }

    fn open_tls12(&self, talk: &mut Talk<'_>) {
        let hello = self.client_hello(&[], talk);
        talk.client(hello);
        let session = talk.random.bytes(32);
        let chain = talk.world.chains[self.chain].clone();
        let share = [&[3, 0, 0x1d], prefixed::<1>(&talk.noise(32)).as_slice()].concat();
        let key_exchange = [share, vec![8, 4], prefixed::<2>(&talk.noise(256))].concat();
        let flight = [
            self.server_hello(&session, talk),
            message(11, &chain),
            message(12, &key_exchange),
            message(14, &[]),
        ];
        let flight = flight.map(|one| record(HANDSHAKE, &one)).concat();
        talk.server(flight);
        let client_key = message(16, &prefixed::<1>(&talk.noise(32)));
        let finished = record(HANDSHAKE, &talk.noise(40));
        talk.client([record(HANDSHAKE, &client_key), CHANGE_CIPHER_SPEC.to_vec(), finished].concat());
        let ticket = [vec![0, 0, 1, 0x2c], prefixed::<2>(&talk.noise(192))].concat();
        let finished = record(HANDSHAKE, &talk.noise(40));
        talk.server(
            [record(HANDSHAKE, &message(4, &ticket)), CHANGE_CIPHER_SPEC.to_vec(), finished].concat(),
        );
    }

    fn open_tls12_resumed(&self, talk: &mut Talk<'_>) {
        let session = talk.random.bytes(32);
        let hello = self.client_hello(&session, talk);
        talk.client(hello);
        let hello = record(HANDSHAKE, &self.server_hello(&session, talk));
        let finished = record(HANDSHAKE, &talk.noise(40));
        talk.server([hello, CHANGE_CIPHER_SPEC.to_vec(), finished].concat());
        let finished = record(HANDSHAKE, &talk.noise(40));
        talk.client([CHANGE_CIPHER_SPEC.to_vec(), finished].concat());
    }

    fn open_tls13(&self, talk: &mut Talk<'_>) {
        let session = talk.random.bytes(32);
        let hello = self.client_hello(&session, talk);
        talk.client(hello);
        let hello = record(HANDSHAKE, &self.server_hello(&session, talk));
        let hidden = encrypted(talk.world.chains[self.chain].len() + 420, talk);
        talk.server([hello, CHANGE_CIPHER_SPEC.to_vec(), hidden].concat());
        let finished = encrypted(53, talk);
        talk.client([CHANGE_CIPHER_SPEC.to_vec(), finished].concat());
        let tickets = [encrypted(260, talk), encrypted(260, talk)].concat();
        talk.server(tickets);
    }
}

impl Script for Tls {
    fn open(&mut self, talk: &mut Talk<'_>) {
        match self.version {
            Version::Tls12 => self.open_tls12(talk),
            Version::Tls12Resumed => self.open_tls12_resumed(talk),
            Version::Tls13 => self.open_tls13(talk),
        }
    }

    fn exchange(&mut self, talk: &mut Talk<'_>) {
        let len = talk.random.between(300, 1200);
        let request = encrypted(len, talk);
        talk.client(request);
        let len = talk.body_len(1200);
        let response = encrypted(len, talk);
        talk.server(response);
    }

    fn close(&mut self, talk: &mut Talk<'_>) {
        // An encrypted close_notify: an alert in TLS 1.2, application data in TLS 1.3.
        let kind = if self.version == Version::Tls13 { 23 } else { 21 };
        let alert = talk.noise(26);
        talk.client(record(kind, &alert));
    }
}

/// Application data in as many records as it takes.
fn encrypted(len: usize, talk: &mut Talk<'_>) -> Vec<u8> {
    let noise = talk.noise(len);
    noise.chunks(RECORD_LEN_MAX).flat_map(|chunk| record(23, chunk)).collect()
}

fn record(kind: u8, bytes: &[u8]) -> Vec<u8> {
    [vec![kind, 3, 3], prefixed::<2>(bytes)].concat()
}

fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    [vec![kind], prefixed::<3>(body)].concat()
}

fn extension(number: u16, body: &[u8]) -> Vec<u8> {
    [number.to_be_bytes().to_vec(), prefixed::<2>(body)].concat()
}
