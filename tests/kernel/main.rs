//! Rendered rules against the kernel itself: what the simulator says of a session is what happens to
//! it, for every session, and the rollback leaves nothing behind.
//!
//! The program runs itself again in namespaces that it makes: one network namespace is the gateway,
//! one more for each host of a lab capture. Every recorded session is opened again by real sockets.
//! No packet leaves the namespaces.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test that cannot go on has failed; its roles talk by standard output"
)]

mod network;
mod sockets;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::{Command, ExitCode};
use std::sync::Arc;

use network::Network;
use sockets::{Outcome, Try};
use tapmap::capture::{Frames, Options};
use tapmap::graph::{History, Operator, Snapshot};
use tapmap::model::{Address, Transport};
use tapmap::pipeline::{Settings, run};
use tapmap::policy::{self, Action, Plan, Session};
use tapmap::query::{
    Atlas, Classes, CutQuestion, Cutter, IsolateQuestion, Isolator, Mode, Observed, Requires, Segments,
};

/// Which part of the test a process plays; the program that `cargo test` starts has none.
pub const ROLE: &str = "TAPMAP_KERNEL_ROLE";

/// Captures whose sessions are replayed.
const CAPTURES: [&str; 2] = ["three-tier", "databases"];

const MODES: [Mode; 5] = [Mode::Full, Mode::Egress, Mode::Ingress, Mode::Lateral, Mode::Quarantine];

fn main() -> ExitCode {
    match std::env::var(ROLE).as_deref() {
        Ok("judge") => judge(),
        Ok("serve") => sockets::serve(),
        Ok("try") => sockets::try_all(),
        Ok("hold") => sockets::hold(),
        Ok(other) => panic!("no role `{other}`"),
        Err(_) => return start(),
    }
    ExitCode::SUCCESS
}

/// Runs the judge in namespaces of its own, and says what came of it as `cargo test` would.
fn start() -> ExitCode {
    for tool in ["unshare", "nsenter", "ip", "nft"] {
        if Command::new(tool).arg("--version").output().is_err()
            && !PathBuf::from("/usr/sbin").join(tool).exists()
        {
            println!(
                "`{tool}` is missing; on Debian or Ubuntu: sudo apt-get install iproute2 nftables util-linux"
            );
            return ExitCode::FAILURE;
        }
    }
    println!("\nrunning 1 test");
    let status = Command::new("unshare")
        .args(["--user", "--map-root-user", "--net", "--mount", "--fork", "--kill-child"])
        .arg(std::env::current_exe().unwrap())
        .env(ROLE, "judge")
        .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
        .status()
        .unwrap();
    let (passed, word) = if status.success() { (1, "ok") } else { (0, "FAILED") };
    println!("test kernel_and_simulator_agree ... {word}");
    println!("\ntest result: {word}. {passed} passed; {} failed; 0 ignored;\n", 1 - passed);
    if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Replays every capture under every mode.
fn judge() {
    let mut agreed = 0;
    for name in CAPTURES {
        let capture = Captured::read(name);
        capture.with_atlas(|atlas| agreed += replay(name, atlas));
    }
    println!("{agreed} verdicts of the kernel are those of the simulator");
    assert!(agreed > 300, "only {agreed} sessions were judged");
}

/// One capture's sessions, tried without rules, with the rules of each plan, and after each rollback.
fn replay(name: &str, atlas: &Atlas) -> usize {
    let sessions = sessions(atlas);
    let network = Network::new(&sessions);
    let before = network.try_all(&sessions);
    for (session, outcome) in sessions.iter().zip(&before) {
        assert_eq!(*outcome, Outcome::Passed, "{name}: without rules, {session:?}");
    }
    let mut agreed = 0;
    for (title, plan) in plans(atlas) {
        let rendered = policy::render(&plan.policy, "test", std::slice::from_ref(&title), 3_600);
        let untouched = network.ruleset();
        let held = held_session(&plan, &sessions).map(|session| (session, network.hold(&session)));
        network.load(&rendered.text);
        let outcomes = network.try_all(&sessions);
        for (session, outcome) in sessions.iter().zip(&outcomes) {
            let expected = match plan.policy.decide(session).0 {
                Action::Allow => Outcome::Passed,
                Action::Deny => Outcome::Blocked,
            };
            assert_eq!(*outcome, expected, "{name}, {title}: {session:?}\n{}", rendered.text);
            agreed += 1;
        }
        if let Some((session, held)) = held {
            assert_eq!(
                held.resume(),
                Outcome::Blocked,
                "{name}, {title}: open before the rules: {session:?}"
            );
            agreed += 1;
        }
        let denied = outcomes.contains(&Outcome::Blocked);
        assert_eq!(network.dropped() > 0, denied, "{name}, {title}: the kernel's own counters");
        network.load(&rendered.rollback);
        assert_eq!(network.ruleset(), untouched, "{name}, {title}: rollback");
    }
    let first = &sessions[..1];
    let (_, plan) = plans(atlas).remove(0);
    expires(&network, &plan, first);
    agreed
}

/// A plan whose time has run out lets everything pass again.
fn expires(network: &Network, plan: &Plan, sessions: &[Session]) {
    let rendered = policy::render(&plan.policy, "brief", &[], 1);
    network.load(&rendered.text);
    // Each try that is blocked takes a second of its own.
    let passed = (0..10).any(|_| network.try_all(sessions) == [Outcome::Passed]);
    assert!(passed, "the rules outlived their time:\n{}", network.ruleset());
    network.load(&rendered.rollback);
}

/// A session that is open when the rules come, and that they forbid.
fn held_session(plan: &Plan, sessions: &[Session]) -> Option<Session> {
    let denied = |session: &&Session| plan.policy.decide(session).0 == Action::Deny;
    sessions.iter().filter(|session| session.transport == Transport::Tcp).find(denied).copied()
}

/// Every server isolated in every mode, and every dependency cut by itself.
fn plans(atlas: &Atlas) -> Vec<(String, Plan)> {
    let dependencies = 0..u32::try_from(atlas.observed.snapshot.dependencies.len()).unwrap();
    let servers: BTreeSet<u32> = dependencies
        .clone()
        .filter_map(|place| atlas.service_of(place))
        .filter_map(|s| atlas.host_of(s))
        .collect();
    let mut plans = Vec::new();
    let (segments, requires) = (Segments::new(atlas), Requires::from_atlas(atlas));
    let mut isolator = Isolator::new(atlas, &segments, &requires);
    for (place, host) in servers.into_iter().enumerate() {
        let mode = MODES[place % MODES.len()];
        let mut question = IsolateQuestion { hosts: vec![host], mode, ..IsolateQuestion::default() };
        let isolation = isolator.isolate(&question);
        let name = atlas.host(host).unwrap().key;
        plans.push((format!("{mode} {name}"), policy::from_isolation(atlas, &question, &isolation)));
        // The first dependency that is cut is kept instead, so that exceptions are tried too.
        question.kept = isolation.cut_places().into_iter().take(1).collect();
        let isolation = isolator.isolate(&question);
        let title = format!("{mode} {name} with an exception");
        plans.push((title, policy::from_isolation(atlas, &question, &isolation)));
    }
    // A single port is cut off, and the rest of its host is not.
    let port = IsolateQuestion { services: vec![0], ..IsolateQuestion::default() };
    let isolation = isolator.isolate(&port);
    plans.push(("one port".to_owned(), policy::from_isolation(atlas, &port, &isolation)));
    plans.extend(cuts(atlas, &segments, &requires));
    plans
}

/// The least disruptive cut from every host to the one after it.
fn cuts(atlas: &Atlas, segments: &Segments, requires: &Requires) -> Vec<(String, Plan)> {
    let cutter = Cutter::new(atlas, segments, requires);
    let count = u32::try_from(atlas.observed.snapshot.hosts.len()).unwrap();
    let pairs = (0..count).map(|from| (from, (from + 1) % count));
    let cuts = pairs.filter_map(|(from, to)| {
        let (from, to) = (vec![from], vec![to]);
        let question = CutQuestion { from, to, classes: Classes::All, ..CutQuestion::default() };
        let answer = cutter.cut(&question);
        let plan = policy::from_cut(atlas, segments, &answer);
        (!plan.policy.rules.is_empty()).then(|| (format!("cut {:?} {:?}", question.from, question.to), plan))
    });
    cuts.step_by(3).collect()
}

/// Each session that was answered, once; and sessions that nobody was seen to open.
fn sessions(atlas: &Atlas) -> Vec<Session> {
    let contacts = atlas.observed.history.contacts().iter().filter(|contact| contact.answered);
    let seen = contacts.filter_map(|contact| {
        let dependency = atlas.dependency(contact.dependency)?;
        Some(policy::session(contact, dependency))
    });
    let mut sessions: BTreeSet<Session> =
        seen.filter(|session| session.transport != Transport::Sctp).collect();
    let hosts: BTreeSet<Address> =
        sessions.iter().flat_map(|session| [session.initiator, session.responder]).collect();
    for (place, one) in hosts.iter().enumerate() {
        let other = hosts.iter().nth((place + 1) % hosts.len()).unwrap();
        if one.is_v4() == other.is_v4() && one != other {
            let port = if place % 2 == 0 { 22 } else { 9_999 };
            sessions.insert(Session { initiator: *one, responder: *other, transport: Transport::Tcp, port });
        }
    }
    sessions.into_iter().collect()
}

/// A capture of the lab, read.
struct Captured {
    snapshot: Arc<Snapshot>,
    history: Arc<History>,
}

impl Captured {
    fn read(name: &str) -> Captured {
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("captures").join(name).join("capture.pcap");
        let mut frames = Frames::open(&[path], &Options::default()).unwrap();
        let settings = Settings { workers: 1, keep_records: true, ..Settings::default() };
        let outcome = run(&mut frames, &settings, &mut |_| {});
        let snapshot = Snapshot::new(outcome.map, &Operator::default());
        let history = History::new(&snapshot, &outcome.records);
        Captured { snapshot: Arc::new(snapshot), history: Arc::new(history) }
    }

    fn with_atlas(&self, judge: impl FnOnce(&Atlas)) {
        let observed = Observed {
            snapshot: Arc::clone(&self.snapshot),
            history: Arc::clone(&self.history),
            inferences: Arc::default(),
            knowledge: Arc::default(),
            watched: Arc::default(),
        };
        judge(&Atlas::new(observed));
    }
}

impl From<&Session> for Try {
    fn from(session: &Session) -> Try {
        let udp = session.transport == Transport::Udp;
        Try { address: session.responder.ip(), port: session.port, udp }
    }
}
