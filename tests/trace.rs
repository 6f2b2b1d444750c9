//! Traces from packets to answer: captures of random sessions are written, read by the library and
//! traced, and the answer is compared with a plain simulation of the sessions that were written.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on has failed")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use tapmap::capture::{Frames, Options};
use tapmap::graph::{History, Operator, Snapshot};
use tapmap::model::{Address, Timestamp};
use tapmap::pipeline::{Settings, run};
use tapmap::query::contact::{Contacts, Ways};
use tapmap::query::exposure;
use tapmap::query::trace::{Root, Rules, trace};
use tapmap::query::{Atlas, Observed};

/// Seconds since 1970 at which the captures begin.
const START: i64 = 1_773_482_400;

/// Hosts 10.0.0.1 to 10.0.0.10.
const HOSTS: u64 = 10;

/// Somebody's session with somebody.
#[derive(Clone, Copy, Debug)]
struct Session {
    client: u8,
    server: u8,
    /// SSH; else HTTP, which lets nobody run a command.
    shell: bool,
    /// Seconds from the start of the capture.
    first: i64,
    last: i64,
    /// It is ended in order; else its end was not seen.
    ended: bool,
}

/// SplitMix64 (Steele, Lea and Flood 2014).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    fn sessions(&mut self) -> Vec<Session> {
        let mut sessions = Vec::new();
        for _ in 0..10 + self.below(20) {
            let client = self.below(HOSTS);
            let server = (client + 1 + self.below(HOSTS - 1)) % HOSTS;
            let first = i64::try_from(self.below(60)).unwrap();
            // Some are open for long, so that many hold more than one infection.
            let most = if self.below(3) == 0 { 40 } else { 5 };
            sessions.push(Session {
                client: u8::try_from(client + 1).unwrap(),
                server: u8::try_from(server + 1).unwrap(),
                shell: self.below(3) > 0,
                first,
                last: first + 1 + i64::try_from(self.below(most)).unwrap(),
                ended: self.below(4) > 0,
            });
        }
        sessions
    }
}

const FIN: u8 = 0x11;
const SYN: u8 = 0x02;
const SYN_ACK: u8 = 0x12;
const ACK: u8 = 0x10;
const PUSH: u8 = 0x18;

/// One side of a connection.
#[derive(Clone, Copy)]
struct Side {
    host: u8,
    port: u16,
    sequence: u32,
}

/// The sum of 16-bit words that IP and TCP use (RFC 1071).
fn checksum(parts: &[&[u8]]) -> u16 {
    let bytes: Vec<u8> = parts.concat();
    let words = bytes.chunks(2).map(|pair| u32::from(pair[0]) << 8 | u32::from(*pair.get(1).unwrap_or(&0)));
    let mut sum: u32 = words.sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !u16::try_from(sum).unwrap()
}

/// An Ethernet frame with a TCP segment.
fn frame(from: Side, to: Side, flags: u8, payload: &[u8]) -> Vec<u8> {
    let acknowledged = if flags == SYN { 0 } else { to.sequence };
    let mut tcp = Vec::new();
    tcp.extend(from.port.to_be_bytes());
    tcp.extend(to.port.to_be_bytes());
    tcp.extend(from.sequence.to_be_bytes());
    tcp.extend(acknowledged.to_be_bytes());
    tcp.extend([0x50, flags, 0x40, 0, 0, 0, 0, 0]);
    tcp.extend(payload);
    let (source, destination) = ([10, 0, 0, from.host], [10, 0, 0, to.host]);
    let length = u16::try_from(tcp.len()).unwrap();
    let sum = checksum(&[&source, &destination, &[0, 6], &length.to_be_bytes(), &tcp]);
    tcp[16..18].copy_from_slice(&sum.to_be_bytes());
    let mut ip = vec![0x45, 0];
    ip.extend((length + 20).to_be_bytes());
    ip.extend([0, 0, 0x40, 0, 64, 6, 0, 0]);
    ip.extend(source);
    ip.extend(destination);
    let sum = checksum(&[&ip]);
    ip[10..12].copy_from_slice(&sum.to_be_bytes());
    let mut frame = vec![2, 0, 0, 0, 0, to.host, 2, 0, 0, 0, 0, from.host, 8, 0];
    frame.extend(ip);
    frame.extend(tcp);
    frame
}

/// The frames of a session, each with its second: handshake and greetings, a word at the end.
fn frames(session: &Session, client_port: u16) -> Vec<(i64, Vec<u8>)> {
    let server_port = if session.shell { 22 } else { 80 };
    let mut client = Side { host: session.client, port: client_port, sequence: 1_000 };
    let mut server = Side { host: session.server, port: server_port, sequence: 9_000 };
    let mut frames = vec![(session.first, frame(client, server, SYN, &[]))];
    client.sequence += 1;
    frames.push((session.first, frame(server, client, SYN_ACK, &[])));
    server.sequence += 1;
    frames.push((session.first, frame(client, server, ACK, &[])));
    let (hello, answer, word): (&[u8], &[u8], &[u8]) = match session.shell {
        true => (b"SSH-2.0-OpenSSH_9.6\r\n", b"SSH-2.0-OpenSSH_9.7\r\n", &[0, 0, 0, 12, 10, 20, 1, 2, 3, 4]),
        false => (
            b"GET / HTTP/1.1\r\nHost: intranet\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
            b"GET /more HTTP/1.1\r\nHost: intranet\r\n\r\n",
        ),
    };
    let mut say = |at: i64, from_client: bool, flags: u8, words: &[u8]| {
        let (from, to) = if from_client { (client, server) } else { (server, client) };
        frames.push((at, frame(from, to, flags, words)));
        let moved = u32::try_from(words.len()).unwrap() + u32::from(flags == FIN);
        if from_client { client.sequence += moved } else { server.sequence += moved }
    };
    say(session.first, true, PUSH, hello);
    say(session.first, false, PUSH, answer);
    say(session.last, true, PUSH, word);
    if session.ended {
        say(session.last, true, FIN, &[]);
        say(session.last, false, FIN, &[]);
        say(session.last, true, ACK, &[]);
    }
    frames
}

/// A capture file of sessions, in the order of time.
fn write(path: &Path, sessions: &[Session]) {
    let mut all: Vec<(i64, Vec<u8>)> = Vec::new();
    for (port, session) in (40_000..).zip(sessions) {
        all.extend(frames(session, port));
    }
    all.sort_by_key(|(second, _)| *second);
    let mut out = Vec::new();
    for word in [0xa1b2_c3d4u32, 0x0004_0002, 0, 0, 262_144, 1] {
        out.extend(word.to_le_bytes());
    }
    for (second, bytes) in all {
        let length = u32::try_from(bytes.len()).unwrap();
        for word in [u32::try_from(START + second).unwrap(), 0, length, length] {
            out.extend(word.to_le_bytes());
        }
        out.extend(bytes);
    }
    std::fs::write(path, out).unwrap();
}

/// Seconds at which hosts are controlled, and at which data is first asked of them.
type Moments = BTreeMap<u8, i64>;

/// Second by second: whoever is infected acts on everybody whom a session is open with.
fn simulated(sessions: &[Session], zero: u8, start: i64) -> (Moments, Moments) {
    let mut infected = Moments::from([(zero, start)]);
    let mut touched = Moments::new();
    for second in start..130 {
        loop {
            let before = infected.len() + touched.len();
            for session in sessions.iter().filter(|session| (session.first..=session.last).contains(&second))
            {
                if infected.contains_key(&session.client) {
                    let book = if session.shell { &mut infected } else { &mut touched };
                    book.entry(session.server).or_insert(second);
                }
            }
            if before == infected.len() + touched.len() {
                break;
            }
        }
    }
    (infected, touched)
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_seconds(START + second, 0)
}

/// What was read of a capture.
struct World {
    snapshot: Arc<Snapshot>,
    history: Arc<History>,
}

impl World {
    fn read(path: &Path, workers: usize) -> World {
        let mut frames = Frames::open(&[path.to_path_buf()], &Options::default()).unwrap();
        let settings = Settings { workers, keep_records: true, ..Settings::default() };
        let outcome = run(&mut frames, &settings, &mut |_| {});
        let operator = Operator { local: vec!["10.0.0.0/8".parse().unwrap()], ..Operator::default() };
        let snapshot = Snapshot::new(outcome.map, &operator);
        let history = History::new(&snapshot, &outcome.records);
        World { snapshot: Arc::new(snapshot), history: Arc::new(history) }
    }

    fn atlas(&self) -> Atlas {
        Atlas::new(Observed {
            snapshot: Arc::clone(&self.snapshot),
            history: Arc::clone(&self.history),
            inferences: Arc::default(),
            knowledge: Arc::default(),
            watched: Arc::default(),
        })
    }
}

/// The place of a host; none if it was in no session.
fn place(world: &World, host: u8) -> Option<u32> {
    let address = Address::from([10, 0, 0, host]);
    let place = world.snapshot.hosts.iter().position(|known| known.key.address == address)?;
    u32::try_from(place).ok()
}

#[test]
fn traces_of_captures_are_those_of_their_sessions() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("capture.pcap");
    let mut random = Random(4);
    let mut hops = 0;
    for round in 0..60 {
        let sessions = random.sessions();
        write(&path, &sessions);
        let world = World::read(&path, 1 + round % 3);
        let atlas = world.atlas();
        let contacts = Contacts::of(&atlas, Ways::default());
        assert_eq!(contacts.ways().len(), sessions.len(), "round {round}: {sessions:?}");
        let start = i64::try_from(random.below(30)).unwrap();
        let zero = sessions[0].client;
        let found = trace(&contacts, &[(place(&world, zero).unwrap(), at(start))], &Rules::default());
        let (infected, touched) = simulated(&sessions, zero, start);
        let told = |controlled: bool| -> BTreeMap<u32, Timestamp> {
            let rows = found.reached.iter().filter(|row| row.controlled == controlled);
            rows.map(|row| (row.host, row.at)).collect()
        };
        let expected = |moments: &Moments, not: &Moments| -> BTreeMap<u32, Timestamp> {
            let rows = moments.iter().filter(|(host, _)| **host != zero && !not.contains_key(host));
            rows.map(|(host, second)| (place(&world, *host).unwrap(), at(*second))).collect()
        };
        assert_eq!(told(true), expected(&infected, &Moments::new()), "round {round}: {sessions:?}");
        assert_eq!(told(false), expected(&touched, &infected), "round {round}: {sessions:?}");
        hops = hops.max(found.reached.iter().map(|row| row.path.len()).max().unwrap_or_default());
        // Back from whoever was infected last, its first host is found again.
        let last = infected.iter().max_by_key(|(host, second)| (**second, **host)).unwrap();
        if *last.0 != zero {
            let victim = (place(&world, *last.0).unwrap(), at(*last.1));
            let root = Root::of(&contacts, &[victim], &Rules::default());
            let latest = root.latest(place(&world, zero).unwrap(), 0);
            assert!(latest.is_some_and(|latest| latest >= at(start)), "round {round}");
        }
    }
    assert!(hops >= 4, "the longest path has {hops} contacts: too easy to prove anything");
}

#[test]
fn what_is_seen_is_open_and_what_is_open_can_be_routed_to() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("capture.pcap");
    let mut random = Random(7);
    for _ in 0..20 {
        let sessions = random.sessions();
        write(&path, &sessions);
        let world = World::read(&path, 1);
        let atlas = world.atlas();
        let client = sessions[0].client;
        let found = exposure::of(&atlas, &[place(&world, client).unwrap()], None);
        let own = sessions.iter().filter(|session| session.client == client);
        let direct: BTreeSet<u32> = own.map(|session| place(&world, session.server).unwrap()).collect();
        let told: BTreeSet<u32> = found.direct.iter().map(|row| row.host).collect();
        assert_eq!(told, direct);
        // All of them are in one /24: everything that anybody offers is open to it.
        let others = sessions.iter().filter(|session| session.server != client);
        let open: BTreeSet<(u8, bool)> = others.map(|session| (session.server, session.shell)).collect();
        assert_eq!(found.potential.services, open.len());
        let used = sessions.iter().filter(|session| session.client == client);
        let used: BTreeSet<(u8, bool)> = used.map(|session| (session.server, session.shell)).collect();
        assert_eq!(found.potential.unused.len(), open.difference(&used).count());
        let hosts: BTreeSet<u8> = open.iter().map(|(host, _)| *host).collect();
        assert_eq!(found.potential.hosts, hosts.len());
        assert_eq!(found.theoretical, world.snapshot.hosts.len() - 1);
        let shells: BTreeSet<u8> = open.iter().filter(|(_, shell)| *shell).map(|(host, _)| *host).collect();
        assert_eq!(found.potential.onward, shells.len(), "one segment: every shell is one step away");
        // Onward: whoever a search without time would control, beyond the first step.
        let always: Vec<Session> =
            sessions.iter().map(|session| Session { first: 0, last: 120, ..*session }).collect();
        let (infected, _) = simulated(&always, client, 0);
        let shells = sessions.iter().filter(|session| session.client == client && session.shell);
        let near: BTreeSet<u8> = shells.map(|session| session.server).collect();
        let beyond: BTreeSet<u32> = infected
            .keys()
            .filter(|host| **host != client && !near.contains(host))
            .map(|host| place(&world, *host).unwrap())
            .collect();
        let told: BTreeSet<u32> = found.onward.iter().map(|row| row.host).collect();
        assert_eq!(told, beyond);
        assert!(direct.len() <= found.potential.hosts && found.potential.hosts <= found.theoretical);
        for row in &found.direct {
            let open = sessions.iter().filter(|session| {
                session.client == client && !session.ended && place(&world, session.server) == Some(row.host)
            });
            assert_eq!(row.open.len(), open.count());
        }
    }
}
