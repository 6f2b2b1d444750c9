//! SNMP version 2c (RFC 3416): polls of interface counters.

use crate::traffic::encode::{der, integer, sequence};
use crate::traffic::random::Random;
use crate::traffic::talk::{Script, Talk};

const GET_REQUEST: u8 = 0xa0;
const GET_RESPONSE: u8 = 0xa2;
const COUNTER64: u8 = 0x46;

/// A monitoring server and an agent.
pub struct Snmp {
    request_id: u32,
}

impl Snmp {
    /// Request ids start anywhere.
    pub fn new(random: &mut Random) -> Self {
        Snmp { request_id: random.next() as u32 >> 2 }
    }

    fn message(&self, kind: u8, bindings: &[Vec<u8>]) -> Vec<u8> {
        let body = [integer(self.request_id), integer(0), integer(0), sequence(bindings)].concat();
        sequence(&[integer(1), der(0x04, b"monitoring-ro"), der(kind, &body)])
    }
}

impl Script for Snmp {
    fn exchange(&mut self, talk: &mut Talk<'_>) {
        self.request_id += 1;
        // ifHCInOctets and ifHCOutOctets of a few interfaces (RFC 2863).
        let interfaces = talk.random.between(1, 12) as u8;
        let names = (1..=interfaces).flat_map(|interface| {
            [6, 10].map(|column| der(0x06, &[0x2b, 6, 1, 2, 1, 0x1f, 1, 1, 1, column, interface]))
        });
        let names: Vec<_> = names.collect();
        let asked: Vec<_> = names.iter().map(|name| sequence(&[name.clone(), der(0x05, &[])])).collect();
        talk.client(self.message(GET_REQUEST, &asked));
        let mut value = || der(COUNTER64, &[&[0x12], talk.random.bytes(5).as_slice()].concat());
        let answered: Vec<_> = names.into_iter().map(|name| sequence(&[name, value()])).collect();
        talk.server(self.message(GET_RESPONSE, &answered));
    }
}
