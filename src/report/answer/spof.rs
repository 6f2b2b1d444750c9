//! Single points of failure: the `result` of `spof`, and its page.

use serde::Serialize;

use super::affected::{Naming, rounded};
use super::page::Page;
use crate::query::{Blindness, ImpactNode, Single, Spof, Spofs};
use crate::report::text::{self, Cell, Column, Table, Tone, View, count, verb};

/// Names of what falls that are shown in one row.
const NAMES_MAX: usize = 3;

/// The `result` of `spof`.
#[derive(Serialize)]
pub struct SpofResult {
    nodes: Vec<Row>,
    count: usize,
}

#[derive(Serialize)]
struct Row {
    node: String,
    kind: &'static str,
    name: Option<String>,
    members: Vec<String>,
    impact: f64,
    must: Vec<String>,
    services: usize,
    clients: usize,
    with_host: bool,
}

impl SpofResult {
    /// By the names of the contract.
    pub fn of(naming: Naming<'_>, spofs: &Spofs) -> SpofResult {
        let row = |spof: &Spof| {
            let nodes = nodes(naming, spof);
            let members: Vec<String> = nodes.iter().map(|node| naming.id(*node)).collect();
            let (services, clients) = fallen(naming, spof);
            Row {
                node: members.join(" + "),
                kind: spof.kind.word(),
                name: nodes.first().filter(|_| nodes.len() == 1).and_then(|node| naming.name(*node)),
                members,
                impact: rounded(spof.impact),
                must: spof.must.iter().map(|node| naming.id(*node)).collect(),
                services: services.len(),
                clients,
                with_host: spof.with_host,
            }
        };
        SpofResult { nodes: spofs.rows.iter().map(row).collect(), count: spofs.count }
    }
}

/// The nodes that fail themselves.
fn nodes(naming: Naming<'_>, spof: &Spof) -> Vec<u32> {
    let hosts = spof.failure.hosts.iter().map(|host| naming.requires.host_node(*host));
    hosts.chain(spof.failure.services.iter().copied()).collect()
}

/// The services that fall, and how many hosts lose something.
fn fallen(naming: Naming<'_>, spof: &Spof) -> (Vec<u32>, usize) {
    let is_service = |node: &&u32| matches!(naming.requires.node(**node), ImpactNode::Service(_));
    let services: Vec<u32> = spof.must.iter().filter(is_service).copied().collect();
    let clients = spof.must.len() - services.len();
    (services, clients)
}

/// The answer as a page.
pub fn write_spof(
    view: &View<'_>,
    naming: Naming<'_>,
    spofs: &Spofs,
    blindness: &Blindness,
    answer_id: &str,
) -> String {
    let mut page = Page::new(view);
    page.time();
    let rows: Vec<&Spof> = spofs.rows.iter().filter(|row| !row.with_host).collect();
    page.headed(
        if rows.is_empty() { Tone::Heading } else { Tone::Warning },
        &match spofs.count {
            0 => "SINGLE POINTS OF FAILURE: none was seen".to_owned(),
            all if all == rows.len() => format!("SINGLE POINTS OF FAILURE: {all}, the worst first"),
            all => format!("SINGLE POINTS OF FAILURE: the worst {} of {all}", rows.len()),
        },
    );
    let mut table = Table::new(&[
        Column::text("NODE", 12),
        Column::text("NAME", 8).spare(1),
        Column::word("KIND"),
        Column::number("IMPACT"),
        Column::number("CLIENTS"),
        Column::text("SERVICES THAT FAIL", 12).spare(2),
    ]);
    for spof in &rows {
        let nodes = nodes(naming, spof);
        let ids: Vec<String> = nodes.iter().map(|node| naming.id(*node)).collect();
        let name =
            nodes.first().filter(|_| nodes.len() == 1 && view.names).and_then(|node| naming.name(*node));
        let (services, clients) = fallen(naming, spof);
        let services: Vec<String> = services.iter().map(|service| naming.id(*service)).collect();
        table.row(vec![
            Cell::from(ids.join(" + ")),
            Cell::from(name.map(|name| text::clean(&name)).unwrap_or_default()),
            Cell::from(spof.kind.word()),
            Cell::from(format!("{:.1} %", 100.0 * spof.impact)),
            Cell::from(text::number(clients as u64)),
            Cell::from(text::some(services, NAMES_MAX)),
        ]);
    }
    if !rows.is_empty() {
        page.table(&table);
    }
    explain(&mut page, &rows);
    let first = rows.iter().find(|row| row.kind == Single::Host).and_then(|row| row.failure.hosts.first());
    let next: Vec<String> = first
        .and_then(|host| naming.atlas.host(*host))
        .map(|host| format!("tapmap blast-radius {} {}", host.key, view.again))
        .into_iter()
        .collect();
    page.end(blindness, &next, answer_id)
}

fn explain(page: &mut Page<'_>, rows: &[&Spof]) {
    if rows.is_empty() {
        page.say("Nothing takes anything else down for certain when it fails alone.");
        return;
    }
    page.say("IMPACT is the share of everything that means something which is lost, by its criticality.");
    let pools = rows.iter().filter(|row| matches!(row.kind, Single::Pool | Single::Pair)).count();
    if pools > 0 {
        page.say(&format!(
            "{} {} fails only if all of it fails at once.",
            count(pools, "row", "rows"),
            verb(pools, "is a pool or pair that", "are pools or pairs, each of which")
        ));
    }
}
