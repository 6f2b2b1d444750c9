//! Who is the server, when the tap missed how it began. The captures of the lab are their own truth:
//! they show every handshake. Beginnings, one direction or all payload are taken away, and what the
//! map then says is compared with who had sent the SYN.
//!
//! What is counted: TCP flows with SYN and SYN-ACK in the whole capture (truth: who sent the SYN,
//! but for active FTP, where the declared topology says that the server opens), and UDP flows of a
//! declared dependency (truth: the declaration). A flow is counted in a variant if a packet of it is
//! left that is no bare reset: a lone RST belongs to no flow, the map shows nothing for it, and such
//! flows are counted apart, and so are a scanner's flows of which no answer is left: those are summed up
//! by their source. A flow of which a byte of payload is left counts as one with payload.
//!
//! `cargo test --test midstream -- --nocapture` prints the figures; with `SHOW=1` also which flows
//! are not right, and what they were judged by.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "what a test helper cannot read, the test cannot judge; its figures are for people"
)]

mod wire;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fmt;

use tapmap::capture::{Frames, Options};
use tapmap::graph::{EdgeKey, Operator, Snapshot};
use tapmap::model::{FlowKey, HostKey, Side, Transport};
use tapmap::pipeline::{Settings, run};

use wire::{ACK, Packet, RST, Record, SYN};

/// What is taken away from a capture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Loss {
    /// The first packets of every flow.
    First(usize),
    /// Everything that clients sent.
    Clients,
    /// Everything that servers sent.
    Servers,
    /// The first half of the file.
    Half,
}

const LOSSES: [Loss; 6] =
    [Loss::First(1), Loss::First(3), Loss::First(10), Loss::Clients, Loss::Servers, Loss::Half];

/// Dynamic ports (RFC 6335 §6) that no host of the lab uses by itself.
const HIDDEN_PORTS: std::ops::Range<u16> = 61_000..65_000;

/// The client's side of every flow whose truth is known.
type Truth = HashMap<FlowKey, Side>;

/// A frame with what it carries.
type Line = (Record, Option<Packet>);

fn load(name: &str) -> Vec<Line> {
    let lines = wire::read(name).into_iter();
    lines
        .map(|record| (wire::dissect(&record.bytes), record))
        .map(|(packet, record)| (record, packet))
        .collect()
}

/// What was declared: client, server, transport, the server's ports, and whether the server opens.
struct Declared {
    edges: Vec<(String, String, String, Vec<u16>, bool)>,
}

impl Declared {
    fn of(name: &str) -> Self {
        let topology = wire::topology(name);
        let port = |value: &serde_json::Value| u16::try_from(value.as_u64().unwrap()).unwrap();
        let edge = |row: &serde_json::Value| {
            let text = |key: &str| row[key].as_str().unwrap_or_default().to_owned();
            let more = row["answered_from"].as_array().into_iter().flatten().map(port);
            let ports = std::iter::once(port(&row["port"])).chain(more).collect();
            (text("client"), text("server"), text("transport"), ports, row["initiator"] == "server")
        };
        Declared { edges: topology["dependencies"].as_array().unwrap().iter().map(edge).collect() }
    }

    /// The declared client of a flow, and whether it is the server that opens.
    fn client(&self, key: &FlowKey) -> Option<(Side, bool)> {
        [Side::A, Side::B].into_iter().find_map(|client| {
            let server = key.endpoint(client.other());
            let [from, to] = [key.address(client), server.address].map(|address| address.to_string());
            let row = self.edges.iter().find(|(client, of, transport, ports, _)| {
                (client, of) == (&from, &to)
                    && transport == key.transport.name()
                    && ports.contains(&server.port)
            })?;
            Some((client, row.4))
        })
    }
}

fn truth(name: &str, lines: &[Line]) -> Truth {
    let declared = Declared::of(name);
    let (mut opened, mut accepted, mut truth) = (HashMap::new(), HashSet::new(), Truth::new());
    for packet in lines.iter().filter_map(|(_, packet)| packet.as_ref()) {
        if packet.has(SYN | ACK) {
            accepted.insert((packet.key, packet.side));
        } else if packet.has(SYN) {
            opened.insert(packet.key, packet.side);
        } else if packet.key.transport == Transport::Udp
            && let Some((client, _)) = declared.client(&packet.key)
        {
            truth.insert(packet.key, client);
        }
    }
    for (key, opener) in opened {
        if accepted.contains(&(key, opener.other())) {
            let server_opens = declared.client(&key).is_some_and(|(_, server_opens)| server_opens);
            truth.insert(key, if server_opens { opener.other() } else { opener });
        }
    }
    truth
}

/// What is left. The copies that a mirror makes of a packet are that packet.
fn lose(lines: &[Line], truth: &Truth, loss: Loss) -> Vec<Line> {
    let mut before: HashMap<FlowKey, HashSet<(Side, u16, Vec<u8>)>> = HashMap::new();
    let mut stays = |(place, (record, packet)): (usize, &Line)| {
        let Some(packet) = packet else { return loss != Loss::Half || place >= lines.len() / 2 };
        match loss {
            Loss::Half => place >= lines.len() / 2,
            Loss::Clients => truth.get(&packet.key) != Some(&packet.side),
            Loss::Servers => truth.get(&packet.key) != Some(&packet.side.other()),
            Loss::First(count) => {
                let lost = before.entry(packet.key).or_default();
                // A router changes nothing behind the IP header; what is told apart there begins with
                // the sequence number, and a packet that is sent again has another identification.
                let begin = packet.payload.0.saturating_sub(20);
                let name = (packet.side, packet.ip_id, record.bytes[begin..packet.payload.1].to_vec());
                if lost.contains(&name) {
                    return false;
                }
                let full = lost.len() >= count;
                if !full {
                    lost.insert(name);
                }
                full
            }
        }
    };
    lines.iter().enumerate().filter(|line| stays(*line)).map(|(_, line)| line.clone()).collect()
}

/// Cuts every packet behind its last header, as a sensor that stores headers only does.
fn cut(lines: &mut [Line]) {
    for (record, packet) in lines {
        if let Some(packet) = packet {
            record.bytes.truncate(packet.payload.0);
            packet.payload.1 = packet.payload.0;
        }
    }
}

/// Gives every server a port out of the dynamic range, which is as good as a client's.
fn hide_ports(lines: &mut [Line], truth: &Truth) -> Truth {
    let servers: BTreeSet<(HostKey, Transport, u16)> = truth
        .iter()
        .map(|(key, client)| key.service(client.other()))
        .map(|service| (service.host, service.transport, service.port))
        .collect();
    let hidden: HashMap<_, u16> = servers.into_iter().zip(HIDDEN_PORTS).collect();
    let mut renamed = Truth::new();
    for (record, packet) in lines {
        let Some(old) = *packet else { continue };
        for (side, offset) in [(old.side, 0), (old.side.other(), 2)] {
            let service = old.key.service(side);
            if let Some(port) = hidden.get(&(service.host, service.transport, service.port)) {
                let at = old.header + offset;
                record.bytes[at..at + 2].copy_from_slice(&port.to_be_bytes());
            }
        }
        let new = wire::dissect(&record.bytes).unwrap();
        *packet = Some(new);
        if let Some(client) = truth.get(&old.key) {
            renamed.insert(new.key, if *client == old.side { new.side } else { new.side.other() });
        }
    }
    renamed
}

fn map_of(lines: &[Line]) -> Snapshot {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("left.pcap");
    let records: Vec<Record> = lines.iter().map(|(record, _)| record.clone()).collect();
    std::fs::write(&path, wire::pcap(&records)).unwrap();
    let mut frames = Frames::open(&[path], &Options::default()).unwrap();
    let outcome = run(&mut frames, &Settings::default(), &mut |_| {});
    Snapshot::new(outcome.map, &Operator::default())
}

/// What the map says of the flows of one kind.
#[derive(Clone, Copy, Debug, Default)]
struct Score {
    flows: usize,
    right: usize,
    wrong: usize,
    undetermined: usize,
    /// The map shows nothing for them.
    missing: usize,
}

impl Score {
    fn add(&mut self, other: Score) {
        self.flows += other.flows;
        self.right += other.right;
        self.wrong += other.wrong;
        self.undetermined += other.undetermined;
        self.missing += other.missing;
    }

    fn share(&self, count: usize) -> f64 {
        if self.flows == 0 { 0.0 } else { 100.0 * count as f64 / self.flows as f64 }
    }
}

impl fmt::Display for Score {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:5} flows {:5} right ({:6.2} %) {:3} wrong ({:4.2} %) {:3} undetermined {:2} missing",
            self.flows,
            self.right,
            self.share(self.right),
            self.wrong,
            self.share(self.wrong),
            self.undetermined,
            self.missing
        )
    }
}

/// With payload, header-only, and flows of which only resets are left.
#[derive(Clone, Copy, Debug, Default)]
struct Scores {
    payload: Score,
    headers: Score,
    resets: usize,
    /// Flows of a scanner of which nothing is left that somebody answered: its attempts are summed up by
    /// source, and no edge stands for one of them.
    scanned: usize,
}

impl Scores {
    fn add(&mut self, other: Scores) {
        self.payload.add(other.payload);
        self.headers.add(other.headers);
        self.resets += other.resets;
        self.scanned += other.scanned;
    }
}

/// The dependency of a flow if this side is its client.
fn edge(key: &FlowKey, client: Side) -> EdgeKey {
    EdgeKey { client: key.host(client), service: key.service(client.other()) }
}

/// TFTP goes on from another port of the server to the same port of the client, and the map shows it
/// at the port that was asked, where it can.
fn asked(truth: &Truth, key: &FlowKey, client: Side) -> Option<EdgeKey> {
    let same_asker = |(other, of): &(&FlowKey, &Side)| {
        key.transport == Transport::Udp
            && *other != key
            && other.service(**of) == key.service(client)
            && other.host(of.other()) == key.host(client.other())
    };
    truth.iter().find(same_asker).map(|(other, of)| edge(other, *of))
}

/// With `SHOW` set, says why a flow is not right.
fn explain(map: &Snapshot, key: &FlowKey, client: Side, what: &str) {
    let edges = [edge(key, client), edge(key, client.other())];
    if std::env::var_os("SHOW").is_some()
        && let Some(row) = map.dependencies.iter().find(|row| edges.contains(&row.key))
    {
        let totals = &row.totals;
        println!(
            "{what}: {} to {}/{} shown as {}, {} {:.2}, {:?}",
            key.endpoint(client),
            key.endpoint(client.other()),
            key.transport.name(),
            row.id(),
            totals.evidence.word(),
            totals.confidence,
            row.protocol()
        );
    }
}

fn judge(truth: &Truth, left: &[Line], what: &str) -> Scores {
    let map = map_of(left);
    let decided: BTreeMap<EdgeKey, bool> =
        map.dependencies.iter().map(|dependency| (dependency.key, dependency.totals.decided)).collect();
    let mut flows: BTreeMap<FlowKey, (bool, bool)> = BTreeMap::new();
    for packet in left.iter().filter_map(|(_, packet)| packet.as_ref()) {
        if truth.contains_key(&packet.key) {
            let (live, payload) = flows.entry(packet.key).or_default();
            *live |= !packet.has(RST);
            *payload |= packet.payload_len() > 0;
        }
    }
    let mut scores = Scores::default();
    for (key, (live, payload)) in flows {
        if !live {
            scores.resets += 1;
            continue;
        }
        let client = truth[&key];
        let right = decided.get(&edge(&key, client)).or_else(|| decided.get(&asked(truth, &key, client)?));
        let wrong = decided.get(&edge(&key, client.other()));
        let scanner = map.scans.iter().any(|scan| scan.source == Some(key.host(client)));
        if (right, wrong, scanner) == (None, None, true) {
            scores.scanned += 1;
            continue;
        }
        let score = if payload { &mut scores.payload } else { &mut scores.headers };
        score.flows += 1;
        let said = match (right, wrong) {
            (_, Some(true)) => &mut score.wrong,
            (Some(true), _) => &mut score.right,
            (Some(false), _) | (_, Some(false)) => &mut score.undetermined,
            (None, None) => &mut score.missing,
        };
        *said += 1;
        if (right, wrong) != (Some(&true), None) {
            explain(&map, &key, client, what);
        }
    }
    scores
}

/// Scores by what was lost and whether payload was cut.
type Table = BTreeMap<(Loss, bool), Scores>;

fn total(table: &Table) -> Scores {
    table.values().fold(Scores::default(), |mut sum, scores| {
        sum.add(*scores);
        sum
    })
}

fn print(table: &Table) {
    for ((loss, headers), scores) in table {
        println!("{loss:?}{}", if *headers { ", headers only" } else { "" });
        println!("   with payload {}", scores.payload);
        println!(
            "   header-only  {}, {} of resets alone, {} of a scanner's",
            scores.headers, scores.resets, scores.scanned
        );
    }
    println!("all\n   with payload {}\n   header-only  {}", total(table).payload, total(table).headers);
}

/// Scores all captures; with ports hidden, no port tells anything.
fn score(hidden: bool) -> Table {
    let mut table = Table::new();
    let mut population = 0;
    for name in wire::names() {
        let mut lines = load(&name);
        let mut truth = truth(&name, &lines);
        if hidden {
            truth = hide_ports(&mut lines, &truth);
        }
        population += truth.len();
        for loss in LOSSES {
            let mut left = lose(&lines, &truth, loss);
            let what = format!("{name} {loss:?} hidden={hidden}");
            table.entry((loss, false)).or_default().add(judge(&truth, &left, &what));
            cut(&mut left);
            table.entry((loss, true)).or_default().add(judge(&truth, &left, &format!("{what} cut")));
        }
    }
    println!("\n{population} flows whose truth is known, ports hidden: {hidden}");
    print(&table);
    table
}

/// At least this share right and at most that one wrong, in percent; the map shows every flow.
fn gate(table: &Table, what: &str, of: impl Fn(&Scores) -> Score, right_min: f64, wrong_max: f64) {
    for (loss, scores) in table {
        let score = of(scores);
        let passed = score.flows == 0
            || score.share(score.right) >= right_min && score.share(score.wrong) <= wrong_max;
        assert!(passed, "{loss:?}, {what}: {score}");
        assert_eq!(score.missing, 0, "{loss:?}, {what}: {score}");
    }
    assert!(of(&total(table)).flows > 1_000, "{what}: too few flows to speak of percents");
}

#[test]
fn the_server_is_found_when_the_beginning_is_missing() {
    let table = score(false);
    gate(&table, "with payload", |scores| scores.payload, 99.0, 0.5);
    gate(&table, "header-only", |scores| scores.headers, 95.0, 1.0);
}

/// The lab's servers mostly stand on ports that clients do not use. Here they do not, so that only
/// payload, handshakes and other flows can tell; where they cannot, that must be said.
#[test]
fn nothing_is_guessed_where_no_port_tells() {
    let table = score(true);
    let Scores { payload, headers, .. } = total(&table);
    assert!(payload.share(payload.right) >= 95.0 && payload.share(payload.wrong) <= 0.5, "{payload}");
    assert!(headers.share(headers.right) >= 90.0 && headers.share(headers.wrong) <= 1.0, "{headers}");
    assert_eq!(payload.missing + headers.missing, 0);
}
