//! SSH 2 (RFC 4253): banners, key exchange in the clear, then noise.

use crate::traffic::encode::prefixed;
use crate::traffic::random::Random;
use crate::traffic::talk::{Script, Talk};

const KEXINIT: u8 = 20;
const NEWKEYS: u8 = 21;
const KEX_ECDH_INIT: u8 = 30;
const KEX_ECDH_REPLY: u8 = 31;

/// An administrator's terminal, or a copy.
pub struct Ssh;

impl Script for Ssh {
    fn open(&mut self, talk: &mut Talk<'_>) {
        talk.client("SSH-2.0-OpenSSH_9.9\r\n");
        talk.server("SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u5\r\n");
        let offer = key_exchange_init(talk.random);
        talk.client(offer);
        let offer = key_exchange_init(talk.random);
        talk.server(offer);
        let share = prefixed::<4>(&talk.random.bytes(32));
        let init = packet(KEX_ECDH_INIT, &share, talk.random);
        talk.client(init);
        let host_key = [prefixed::<4>(b"ssh-ed25519"), prefixed::<4>(&talk.random.bytes(32))].concat();
        let signature = [prefixed::<4>(b"ssh-ed25519"), prefixed::<4>(&talk.random.bytes(64))].concat();
        let share = prefixed::<4>(&talk.random.bytes(32));
        let reply = [prefixed::<4>(&host_key), share, prefixed::<4>(&signature)].concat();
        let reply = [packet(KEX_ECDH_REPLY, &reply, talk.random), packet(NEWKEYS, &[], talk.random)].concat();
        talk.server(reply);
        let new_keys = packet(NEWKEYS, &[], talk.random);
        talk.client(new_keys);
    }

    fn exchange(&mut self, talk: &mut Talk<'_>) {
        let typed = 36 + 8 * talk.random.below(5);
        let typed = talk.noise(typed);
        talk.client(typed);
        let shown = talk.body_len(44);
        let shown = talk.noise(shown);
        talk.server(shown);
    }
}

/// The lists of algorithms (§7.1).
fn key_exchange_init(random: &mut Random) -> Vec<u8> {
    let lists = [
        "sntrup761x25519-sha512@openssh.com,curve25519-sha256,ecdh-sha2-nistp256",
        "ssh-ed25519,rsa-sha2-512,rsa-sha2-256",
        "chacha20-poly1305@openssh.com,aes256-gcm@openssh.com",
        "chacha20-poly1305@openssh.com,aes256-gcm@openssh.com",
        "hmac-sha2-256-etm@openssh.com,hmac-sha2-512-etm@openssh.com",
        "hmac-sha2-256-etm@openssh.com,hmac-sha2-512-etm@openssh.com",
        "none,zlib@openssh.com",
        "none,zlib@openssh.com",
        "",
        "",
    ];
    let lists: Vec<u8> = lists.iter().flat_map(|list| prefixed::<4>(list.as_bytes())).collect();
    packet(KEXINIT, &[random.bytes(16), lists, vec![0; 5]].concat(), random)
}

/// A binary packet before encryption begins (§6): padded to a multiple of eight.
fn packet(kind: u8, payload: &[u8], random: &mut Random) -> Vec<u8> {
    let unpadded = 4 + 1 + 1 + payload.len();
    let padding = 4 + (8 - (unpadded + 4) % 8) % 8;
    prefixed::<4>(&[&[padding as u8, kind], payload, &random.bytes(padding)].concat())
}
