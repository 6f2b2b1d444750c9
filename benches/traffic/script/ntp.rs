//! NTP version 4 in client and server mode (RFC 5905 §7.3).

use crate::traffic::pcap::EPOCH_SECONDS;
use crate::traffic::talk::{Script, Talk};

/// Seconds from 1900, where NTP counts from, to 1970.
const ERA_OFFSET: u64 = 2_208_988_800;

/// A clock and its source.
pub struct Ntp;

impl Script for Ntp {
    fn exchange(&mut self, talk: &mut Talk<'_>) {
        let now = |fraction: u64| {
            let seconds = (EPOCH_SECONDS + ERA_OFFSET) as u32;
            [seconds.to_be_bytes(), (fraction as u32).to_be_bytes()].concat()
        };
        let sent = now(talk.random.next());
        let request = [&[0x23, 0, 6, 0xec], &[0; 36][..], &sent].concat();
        talk.client(request);
        let (reference, received) = (now(1), now(talk.random.next()));
        let head = [0x24, 2, 6, 0xe9, 0, 0, 0x02, 0x10, 0, 0, 0x01, 0x30, 192, 0, 2, 7];
        talk.server([&head, &reference[..], &sent, &received, &received].concat());
    }
}
