//! DNS over UDP (RFC 1035): one question, one answer; some names do not exist.

use std::net::Ipv4Addr;

use crate::traffic::encode::prefixed;
use crate::traffic::talk::{Script, Talk};

const TYPE_A: u16 = 1;
const TYPE_AAAA: u16 = 28;
const NAME_ERROR: u8 = 3;

/// A resolver of a desktop.
pub struct Dns;

impl Script for Dns {
    fn exchange(&mut self, talk: &mut Talk<'_>) {
        let servers = &talk.world.network.servers;
        let server = talk.random.pick(servers);
        let kind = if talk.random.chance(1, 3) { TYPE_AAAA } else { TYPE_A };
        let unknown = talk.random.chance(1, 12);
        let name = if unknown { format!("wpad.{}", server.name) } else { server.name.clone() };
        let (v4, v6) = server.addresses();
        let address = if kind == TYPE_A { v4.octets().to_vec() } else { v6.octets().to_vec() };
        let id = talk.random.next() as u16;
        let question = question(&name, kind);
        talk.client([header(id, 0x0100, 0), question.clone()].concat());
        if unknown {
            talk.server([header(id, 0x8180 | u16::from(NAME_ERROR), 0), question].concat());
            return;
        }
        // A pointer to the name in the question (§4.1.4), class IN, 300 seconds.
        let answer = |data: &[u8]| {
            [&[0xc0, 12], &kind.to_be_bytes()[..], &[0, 1, 0, 0, 1, 0x2c], &prefixed::<2>(data)].concat()
        };
        let second = Ipv4Addr::from_bits(v4.to_bits() + 100).octets();
        if kind == TYPE_A && talk.random.chance(1, 4) {
            talk.server([header(id, 0x8180, 2), question, answer(&address), answer(&second)].concat());
        } else {
            talk.server([header(id, 0x8180, 1), question, answer(&address)].concat());
        }
    }
}

fn header(id: u16, flags: u16, answers: u16) -> Vec<u8> {
    [id, flags, 1, answers, 0, 0].iter().flat_map(|word| word.to_be_bytes()).collect()
}

fn question(name: &str, kind: u16) -> Vec<u8> {
    let mut question: Vec<u8> = name.split('.').flat_map(|label| prefixed::<1>(label.as_bytes())).collect();
    question.push(0);
    question.extend(kind.to_be_bytes());
    question.extend([0, 1]);
    question
}
