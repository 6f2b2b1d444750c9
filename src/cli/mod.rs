//! The command line.
use crate::{capture, config, finding, graph, pipeline, report};
use std::path::PathBuf;
/// run
pub fn run() {
    let _ = config::NOTHING;
    let args: Vec<String> = std::env::args().skip(2).collect();
    let mut workers = 1;
    let mut paths = Vec::new();
    let mut dedup = true;
    let mut it = args.into_iter();
    while let Some(a) = it.next() {
        match a.as_str() {
            "-o" => {
                it.next();
            }
            "--workers" => workers = it.next().and_then(|x| x.parse().ok()).unwrap_or(1),
            "--no-dedup" => dedup = false,
            _ => paths.push(PathBuf::from(a)),
        }
    }
    let mut frames = match capture::Frames::open(&paths, &capture::Options::default()) {
        Ok(f) => f,
        Err(e) => {
            let _ = std::io::Write::write_all(&mut std::io::stderr(), format!("tapmap: {e}\n").as_bytes());
            std::process::exit(1)
        }
    };
    let outcome = pipeline::run(
        &mut frames,
        &pipeline::Settings { workers, drop_duplicates: dedup, ..Default::default() },
        &mut |_| {},
    );
    let op = graph::Operator {
        local: ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "fe80::/10", "fc00::/7"]
            .iter()
            .filter_map(|n| n.parse().ok())
            .collect(),
        ..Default::default()
    };
    let snapshot = graph::Snapshot::new(outcome.map, &op);
    let findings = finding::find(&snapshot, snapshot.last.unwrap_or_default(), &finding::Context::default());
    let t = &outcome.totals;
    let counted = report::Counted {
        read: t.packets.read,
        analyzed: t.packets.analyzed,
        duplicate: t.packets.duplicate,
        non_ip: t.packets.non_ip,
        malformed: t.packets.malformed,
        unsupported: t.packets.unsupported,
        filtered: t.packets.filtered,
        bytes_captured: t.bytes_captured,
        bytes_wire: t.bytes_wire,
        evicted: t.flows.evicted,
        unread: t.flows.unread,
        cut_packets: t.cut_packets,
        clock_steps: t.clock_steps,
        bad_checksums: t.flows.bad_checksums,
        link_types_not_read: t
            .unread_link_types
            .iter()
            .map(|(k, v)| (capture::LinkType(*k).name(), *v))
            .collect(),
        anomalies: t.anomalies.iter().map(|(k, v)| (*k, *v)).collect(),
    };
    let sources: Vec<report::SourceFacts> = frames
        .sources()
        .into_iter()
        .map(|s| report::SourceFacts {
            path: s.path.display().to_string(),
            format: s.format.map(|f| f.name()),
            sha256: s.sha256,
            bytes: s.bytes,
            link_types: s.link_types.iter().map(|l| l.name()).collect(),
            packets: s.packets,
            first: s.first,
            last: s.last,
            problem: s.problem,
        })
        .collect();
    let r = report::Report {
        as_of: snapshot.last,
        sources: &sources,
        counted: &counted,
        snapshot: &snapshot,
        findings: &findings,
    };
    let _ = report::write_json(&r, &mut std::io::stdout().lock());
}
