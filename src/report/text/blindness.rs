//! What this tap could not see, in sentences: "never seen" must not look like "not there".

use super::View;
use super::safe::clean;
use super::words::{bytes, count, length, number, share, verb};
use crate::graph::DependencyState;
use crate::model::Span;
use crate::report::visibility::Visibility;

/// The sentences, the gravest first.
pub fn sentences(view: &View<'_>, span: Option<Span>) -> Vec<String> {
    let visibility = Visibility::of(view.report);
    let mut all = Vec::new();
    sources(view, &mut all);
    packets(view, &visibility, &mut all);
    reading(view, &visibility, &mut all);
    limits(view, &visibility, &mut all);
    if let Some(span) = span {
        all.push(format!(
            "Everything here comes from {}: what happens less often may be missing, and so is whatever did \
             not pass this tap, such as traffic inside one segment.",
            length(span.last - span.first)
        ));
    }
    all
}

fn sources(view: &View<'_>, all: &mut Vec<String>) {
    let broken = view.report.sources.iter().filter(|source| source.problem.is_some()).count();
    if broken > 0 {
        let many = count(broken, "source was", "sources were");
        all.push(format!("{many} not read to the end; what stood behind the break is missing."));
    }
    let filtered = view.report.counted.filtered;
    if filtered > 0 {
        all.push(format!(
            "{} of {} packets ({}) were left out by the filter or the time window.",
            number(filtered),
            number(view.report.counted.read),
            share(filtered, view.report.counted.read)
        ));
    }
}

fn packets(view: &View<'_>, visibility: &Visibility, all: &mut Vec<String>) {
    let counted = view.report.counted;
    let (one_sided, pairs) = (visibility.one_sided_pairs, visibility.pairs);
    if one_sided > 0 {
        all.push(format!(
            "{one_sided} of {} that exchanged data over TCP ({}) {} heard in one direction only; what the other \
             side said is missing.",
            count(pairs, "pair", "pairs"),
            share(one_sided as u64, pairs as u64),
            verb(one_sided, "was", "were"),
        ));
    }
    if visibility.acked_unseen_bytes > 0 {
        all.push(format!(
            "{} {} acknowledged by the receiver and never seen here: packets were lost before they reached \
             the capture.",
            bytes(visibility.acked_unseen_bytes),
            verb(usize::try_from(visibility.acked_unseen_bytes).unwrap_or(usize::MAX), "was", "were"),
        ));
    }
    if visibility.cut_packets > 0 {
        all.push(format!(
            "{} of {} packets ({}) were cut short by the capture's snap length; what stood behind the cut is \
             missing.",
            number(visibility.cut_packets),
            number(counted.read),
            share(visibility.cut_packets, counted.read)
        ));
    }
    for not_read in &visibility.link_types_not_read {
        all.push(format!(
            "{} of link type {} {} not read.",
            packets_of(not_read.frames),
            clean(&not_read.link_type),
            if not_read.frames == 1 { "is" } else { "are" },
        ));
    }
    if counted.malformed > 0 {
        let what: Vec<String> = visibility
            .anomalies
            .iter()
            .take(4)
            .map(|(name, times)| format!("{} {}", clean(&name.replace(['_', '-'], " ")), number(*times)))
            .collect();
        let what = if what.is_empty() { String::new() } else { format!(": {}", what.join(", ")) };
        let many = match counted.malformed {
            1 => "1 packet is malformed and was".to_owned(),
            many => format!("{} packets are malformed and were", number(many)),
        };
        all.push(format!("{many} not read{what}."));
    }
    if visibility.clock_steps > 0 {
        all.push(format!(
            "The clock of a source went back {}; what came first may be told in the wrong order.",
            count(usize::try_from(visibility.clock_steps).unwrap_or(usize::MAX), "time", "times")
        ));
    }
}

fn packets_of(many: u64) -> String {
    count(usize::try_from(many).unwrap_or(usize::MAX), "packet", "packets")
}

fn reading(view: &View<'_>, visibility: &Visibility, all: &mut Vec<String>) {
    let snapshot = view.report.snapshot;
    let (total, seen) = (visibility.tls_endpoints_total, visibility.tls_endpoints_with_certificate);
    if total > seen {
        let services = snapshot.services.iter().filter_map(|service| service.tls.as_ref());
        let hidden = services.filter(|tls| tls.visibility.starts_with("hidden")).count();
        let why = match hidden {
            0 => String::new(),
            hidden => format!("; {hidden} of them by TLS 1.3, which hides it"),
        };
        all.push(format!(
            "{} of {} showed no certificate{why}. Their expiry dates are unknown.",
            total - seen,
            count(total, "TLS service", "TLS services"),
        ));
    }
    // Attempts are not listed, so that their arrows are not missed.
    let answered = snapshot.dependencies.iter().filter(|row| row.state > DependencyState::Attempt);
    let undetermined = answered.clone().filter(|row| !row.totals.decided).count();
    if undetermined > 0 {
        all.push(format!(
            "{undetermined} of {} {} undetermined: nothing shows who asked whom.",
            count(answered.count(), "arrow", "arrows"),
            verb(undetermined, "is", "are"),
        ));
    }
    let mentioned = visibility.hosts_known_only_by_mention;
    if mentioned > 0 {
        all.push(format!(
            "{} {} known only because others named {} (in DNS answers and the like): no packet from or to {}.",
            count(mentioned, "address", "addresses"),
            verb(mentioned, "is", "are"),
            verb(mentioned, "it", "them"),
            verb(mentioned, "it", "them"),
        ));
    }
}

fn limits(view: &View<'_>, visibility: &Visibility, all: &mut Vec<String>) {
    let dropped = &visibility.dropped;
    let hit: Vec<String> = [
        (view.report.counted.evicted, "flows ended early"),
        (visibility.flows_not_read, "flows counted without being read"),
        (dropped.hosts, "hosts left out"),
        (dropped.flows, "flows left out"),
        (dropped.names, "names left out"),
        (dropped.facts, "other facts left out"),
    ]
    .into_iter()
    .filter(|(many, _)| *many > 0)
    .map(|(many, what)| format!("{} {what}", number(many)))
    .collect();
    if !hit.is_empty() {
        all.push(format!("Limits were hit: {}.", hit.join(", ")));
    }
    if view.report.snapshot.summarised > 0 {
        all.push(format!(
            "{} attempts of scans and floods are summarised by source, not listed.",
            number(view.report.snapshot.summarised)
        ));
    }
}
