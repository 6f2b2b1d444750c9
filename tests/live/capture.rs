//! What is captured, what is lost, and what is never sent.

use std::collections::BTreeMap;

use tapmap::capture::live::{Arrival, Interface, Live, LiveOptions};
use tapmap::model::Timestamp;

use super::cable::{Cable, datagram, number_in, sh};

fn options(cables: &[&Cable]) -> LiveOptions {
    LiveOptions {
        interfaces: cables.iter().map(|cable| cable.tap.clone()).collect(),
        buffer_bytes: 4 << 20,
        ..LiveOptions::default()
    }
}

/// What was handed out.
struct Got {
    time: Timestamp,
    source: u32,
    number: u64,
    bytes: Vec<u8>,
}

/// Takes frames until there are so many.
fn take(live: &mut Live, count: usize) -> Vec<Got> {
    let mut all = Vec::new();
    while all.len() < count {
        match live.next() {
            Arrival::Frame(frame) => all.push(Got {
                time: frame.time,
                source: frame.source,
                number: frame.number,
                bytes: frame.bytes.to_vec(),
            }),
            Arrival::Idle => {}
            Arrival::Over => panic!("over after {} of {count} frames", all.len()),
        }
    }
    all
}

/// Takes what is left after a stop.
fn rest(live: &mut Live) -> usize {
    let mut count = 0;
    loop {
        match live.next() {
            Arrival::Frame(_) => count += 1,
            Arrival::Idle => {}
            Arrival::Over => return count,
        }
    }
}

fn numbers(got: &[Got]) -> Vec<u32> {
    got.iter().map(|got| number_in(&got.bytes)).collect()
}

pub fn a_frame_arrives() {
    let mut cable = Cable::new(0);
    let mut live = Live::open(&options(&[&cable])).unwrap();
    let frame = datagram(1_000, 7);
    cable.send(&frame);
    let got = take(&mut live, 1);
    assert_eq!(got[0].bytes, frame);
    assert_eq!((got[0].source, got[0].number), (0, 1));
    assert!(
        got[0].time.nanos() % 1_000 != 0 || take_finer(&mut cable, &mut live),
        "nanoseconds were asked for"
    );
    let health = live.health().remove(0);
    assert!(health.up && health.problem.is_none());
    assert_eq!((health.received, health.kernel_drops), (health.frames, 0));
}

/// One time in a thousand ends in three zeros by chance; twenty do not.
fn take_finer(cable: &mut Cable, live: &mut Live) -> bool {
    (0..20).for_each(|number| cable.send(&datagram(1, number)));
    take(live, 20).iter().any(|got| got.time.nanos() % 1_000 != 0)
}

pub fn every_lost_frame_is_counted() {
    const SENT: u64 = 20_000;
    let mut cable = Cable::new(0);
    // Nobody reads while they come, and they are three times as much as the ring holds.
    let small = LiveOptions { buffer_bytes: 512 * 1024, ..options(&[&cable]) };
    let mut live = Live::open(&small).unwrap();
    for number in 0..SENT {
        cable.send(&datagram(1_000, number as u32));
    }
    live.stopper().stop();
    let got = rest(&mut live) as u64;
    let health = live.health().remove(0);
    assert_eq!(health.received, SENT);
    assert_eq!(health.frames, got);
    assert_eq!(got + health.kernel_drops, SENT);
    assert!(health.kernel_drops > 0, "the ring was large enough for all");
    assert!((health.drop_share() - (SENT - got) as f64 / SENT as f64).abs() < 1e-9);
}

pub fn idle_is_stopped() {
    let cable = Cable::new(0);
    let mut live = Live::open(&options(&[&cable])).unwrap();
    assert!(matches!(live.next(), Arrival::Idle), "no packet comes, and it returns all the same");
    let stopper = live.stopper();
    std::thread::scope(|scope| {
        let reading = scope.spawn(|| rest(&mut live));
        stopper.stop();
        assert_eq!(reading.join().unwrap(), 0);
    });
    assert!(matches!(live.next(), Arrival::Over), "and it stays over");
}

pub fn stopped_to_the_end() {
    let mut cable = Cable::new(0);
    let mut live = Live::open(&options(&[&cable])).unwrap();
    (0..1_000).for_each(|number| cable.send(&datagram(1_000, number)));
    live.stopper().stop();
    assert_eq!(rest(&mut live), 1_000);
    let mut live = Live::open(&options(&[&cable])).unwrap();
    (0..1_000).for_each(|number| cable.send(&datagram(1_000, number)));
    let stopper = live.stopper();
    stopper.stop();
    stopper.stop();
    assert_eq!(rest(&mut live), 0, "asked twice, it waits for nothing");
}

pub fn down_and_up() {
    let mut cable = Cable::new(0);
    let mut live = Live::open(&options(&[&cable])).unwrap();
    cable.send(&datagram(1_000, 1));
    assert_eq!(numbers(&take(&mut live, 1)), [1]);
    cable.set("down");
    until(&mut live, |live| !live.health()[0].up);
    let health = live.health().remove(0);
    assert_eq!(health.interruptions, 1);
    assert!(health.problem.unwrap().contains("`tap0` is down"));
    cable.set("up");
    until(&mut live, |live| live.health()[0].up);
    cable.send(&datagram(1_000, 2));
    assert_eq!(numbers(&take(&mut live, 1)), [2]);
    let health = live.health().remove(0);
    assert_eq!((health.interruptions, health.frames, health.problem), (1, 2, None));
    live.stopper().stop();
    assert_eq!(rest(&mut live), 0);
}

pub fn goes_and_comes() {
    let mut cable = Cable::new(0);
    let mut live = Live::open(&options(&[&cable])).unwrap();
    cable.send(&datagram(1_000, 1));
    assert_eq!(numbers(&take(&mut live, 1)), [1]);
    cable.unplug();
    until(&mut live, |live| !live.health()[0].up);
    let mut cable = Cable::new(0);
    until(&mut live, |live| live.health()[0].up);
    cable.send(&datagram(1_000, 2));
    let got = take(&mut live, 1);
    assert_eq!((numbers(&got), got[0].number), (vec![2], 2));
    let health = live.health().remove(0);
    assert_eq!((health.interruptions, health.received), (1, 2));
}

/// Goes on reading until something is so; frames meanwhile are a failure.
fn until(live: &mut Live, mut so: impl FnMut(&mut Live) -> bool) {
    while !so(live) {
        assert!(matches!(live.next(), Arrival::Idle));
    }
}

pub fn merged() {
    let (mut one, mut other) = (Cable::new(0), Cable::new(1));
    let mut live = Live::open(&options(&[&one, &other])).unwrap();
    for number in 0..500 {
        let cable = if number % 3 == 0 { &mut other } else { &mut one };
        cable.send(&datagram(1_000, number));
    }
    let got = take(&mut live, 500);
    assert_eq!(numbers(&got), (0..500).collect::<Vec<_>>());
    assert!(got.is_sorted_by_key(|got| got.time));
    assert!(got.iter().enumerate().all(|(place, got)| got.source == u32::from(place % 3 == 0)));
    // One that is silent does not hold up the other.
    one.send(&datagram(1_000, 500));
    assert_eq!(numbers(&take(&mut live, 1)), [500]);
    let health = live.health();
    assert_eq!((health[0].frames, health[1].frames), (334, 167));
}

pub fn rings() {
    let mut cable = Cable::new(0);
    let shared = LiveOptions { rings: 4, ..options(&[&cable]) };
    let mut live = Live::open(&shared).unwrap();
    (0..2_000).for_each(|number| cable.send(&datagram(1_000 + number as u16 % 50, number)));
    live.stopper().stop();
    let mut seen = BTreeMap::new();
    let mut last = BTreeMap::new();
    loop {
        match live.next() {
            Arrival::Frame(frame) => {
                let number = number_in(frame.bytes);
                *seen.entry(number).or_insert(0) += 1;
                let before = last.insert(number % 50, number);
                assert!(before < Some(number), "packets of a flow stay in order");
            }
            Arrival::Idle => {}
            Arrival::Over => break,
        }
    }
    assert_eq!((seen.len(), seen.values().max()), (2_000, Some(&1)), "each comes once");
    assert_eq!(live.health()[0].received, 2_000);
    // One capture for each thread: all packets of a flow come to one of them.
    let mut several = Live::open_split(&options(&[&cable]), 3).unwrap();
    (0..600).for_each(|number| cable.send(&datagram(1_000 + number as u16 % 30, number)));
    several[0].stopper().stop();
    let mut owner = BTreeMap::new();
    let mut count = 0;
    for (place, live) in several.iter_mut().enumerate() {
        loop {
            match live.next() {
                Arrival::Frame(frame) => {
                    count += 1;
                    assert_eq!(*owner.entry(number_in(frame.bytes) % 30).or_insert(place), place);
                }
                Arrival::Idle => {}
                Arrival::Over => break,
            }
        }
    }
    assert_eq!((count, owner.len()), (600, 30));
}

pub fn filtered() {
    let mut cable = Cable::new(0);
    let only = LiveOptions { filter: Some("udp src port 2000".to_owned()), ..options(&[&cable]) };
    let mut live = Live::open(&only).unwrap();
    (0..100).for_each(|number| cable.send(&datagram(if number % 10 == 0 { 2_000 } else { 1_000 }, number)));
    live.stopper().stop();
    assert_eq!(rest(&mut live), 10);
    assert_eq!(live.health()[0].received, 10, "the kernel has handed over no other");
}

pub fn nothing_is_transmitted() {
    let mut cable = Cable::new(0);
    let mut live = Live::open(&options(&[&cable])).unwrap();
    for number in 0..100 {
        cable.send(&datagram(1_000, number));
        take(&mut live, 1);
    }
    live.stopper().stop();
    assert_eq!(rest(&mut live), 0);
    drop(live);
    assert_eq!(cable.heard(), 0);
    let tap = || Interface::list().unwrap().into_iter().find(|interface| interface.name == "tap0").unwrap();
    assert_eq!(tap().may_transmit(), None);
    sh(
        "ip link set dev tap0 arp on; sysctl -qw net/ipv6/conf/tap0/disable_ipv6=0; ip address add 192.0.2.7/24 dev tap0",
    );
    let said = tap().may_transmit().unwrap();
    for word in ["IPv6 is on", "it answers ARP", "192.0.2.7"] {
        assert!(said.contains(word), "{said}");
    }
    // The command that is named does what is said of it.
    let warned = Live::open(&options(&[&cable])).unwrap().warnings();
    assert_eq!(warned, [said.as_str()], "whoever opens it is told");
    sh(said.split('`').nth(3).unwrap());
    assert_eq!(tap().may_transmit(), None);
}

pub fn errors() {
    let cable = Cable::new(0);
    let open = |interface: &str, filter: Option<&str>| {
        let options = LiveOptions {
            interfaces: vec![interface.to_owned()],
            filter: filter.map(str::to_owned),
            ..options(&[])
        };
        Live::open(&options).err().unwrap().to_string()
    };
    assert_eq!(open("eth7", None), "cannot capture on `eth7`: no such interface (have `far0`, `lo`, `tap0`)");
    assert!(open("tap0", Some("tcp prot 80")).starts_with("bad filter `tcp prot 80`: "));
    assert!(open("tap0", Some("type mgt")).contains("cannot be used on link type EN10MB"));
    cable.set("down");
    assert!(open("tap0", None).contains("it is down; bring it up with `ip link set dev tap0 up`"));
    cable.set("up");
    // Without its capability, which is the last thing this process does.
    caps::clear(None, caps::CapSet::Effective).unwrap();
    let refused = open("tap0", None);
    assert!(refused.contains("CAP_NET_RAW") && refused.contains("setcap"), "{refused}");
}
