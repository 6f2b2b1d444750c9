//! A flood of spoofed SYNs with a few honest flows in its midst.

use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;

use super::frame::{self, Party, Segment};
use super::mixture::dependency;
use super::network::{self, Network};
use super::pcap::Pcap;
use super::random::Random;
use super::schedule::Schedule;
use super::script::{self, Kind};
use super::talk::{Dialogue, MILLISECOND};
use super::tcp::Connection;
use super::{Expected, World, Written};

const SEED: u64 = 0x0066_6c6f_6f64;

/// Time between two SYNs: 100,000 a second, nanoseconds.
const BETWEEN_SYNS: u64 = 10_000;

/// Servers under attack: the first web servers.
const TARGETS: usize = 2;

/// Mean time between two requests of an honest client, nanoseconds: with sixteen requests or so it
/// stays long enough to be pushed out by the flood.
const THINK: u64 = 200 * MILLISECOND;

/// Writes `syns` SYNs from random sources, never answered, and `honest` complete HTTP flows of as
/// many clients; half of them with the servers under attack.
pub fn flood(path: &Path, syns: usize, honest: usize) -> io::Result<Written> {
    let mut random = Random::new(SEED);
    let world = World::new(&mut random).map_err(io::Error::other)?;
    let mut pcap = Pcap::create(path)?;
    let mut schedule = Schedule::default();
    let mut written = Written { flows: (syns + honest) as u64, ..Written::default() };
    // Spread over the first three quarters, so that the flood goes on until the last one is over.
    let apart = (syns * 3 / 4 / honest.max(1)).max(1);
    for number in 0..syns {
        let time = number as u64 * BETWEEN_SYNS;
        schedule.run_until(time, &world, &mut pcap)?;
        if number % apart == 0 && number / apart < honest {
            let connection = honest_flow(number / apart, &world.network, time, &mut random, &mut written);
            schedule.start(Box::new(connection), &world);
        }
        pcap.write(time, &spoofed_syn(&world.network, &mut random))?;
    }
    schedule.run_until(u64::MAX, &world, &mut pcap)?;
    (written.packets, written.bytes, written.open_max) = (pcap.packets, pcap.bytes, schedule.open_max);
    pcap.finish()?;
    Ok(written)
}

/// The flow of one client that no other flow shares.
fn honest_flow(
    number: usize,
    network: &Network,
    start: u64,
    random: &mut Random,
    written: &mut Written,
) -> Connection {
    let web = network.services.iter().filter(|service| service.kind == Kind::Http && service.port == 80);
    let choice = if number.is_multiple_of(2) { number / 2 % TARGETS } else { TARGETS + number / 2 % 40 };
    let service = web.clone().nth(choice).unwrap();
    let server = &network.servers[service.host];
    let route = network::route(&network.clients[number], server, service.port, false);
    written.dependencies.insert(dependency(&route, false), Expected { flows: 1, protocol: "http" });
    let script = script::script(Kind::Http, &server.name, 0, random);
    let dialogue = Dialogue::new(script, 100, THINK, random.fork());
    Connection::new(route, dialogue, start, random.fork()).ending_with_fin()
}

/// One SYN to a server under attack from an address that does not exist.
fn spoofed_syn(network: &Network, random: &mut Random) -> Vec<u8> {
    let target = &network.servers[random.below(TARGETS)];
    let mut route = network::route(&network.clients[0], target, 80, false);
    let drawn = random.next();
    route.client.address = IpAddr::V4(source(random));
    route.client.port = (drawn >> 48) as u16 | 1024;
    route.client.ttl = 40 + (drawn >> 40) as u8 % 24;
    let syn = Segment {
        flags: 0x02,
        sequence: drawn as u32,
        acknowledgement: 0,
        window: 64_240,
        options: &[2, 4, 5, 0xb4],
        payload: &[],
    };
    frame::tcp(&route, Party::Client, (drawn >> 32) as u16, &syn)
}

/// A unicast address outside the enterprise.
fn source(random: &mut Random) -> Ipv4Addr {
    loop {
        let address = Ipv4Addr::from_bits(random.next() as u32);
        if !matches!(address.octets()[0], 0 | 10 | 127 | 224..) {
            return address;
        }
    }
}
