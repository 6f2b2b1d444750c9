//! The map for other programs: GraphML (Gephi, yEd, Cytoscape) and DOT (Graphviz).
//!
//! Nodes are hosts, edges are dependencies that somebody answered. Both are in the order of their
//! ids, so that equal maps give equal files.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::net::IpAddr;

use ipnet::IpNet;

use super::document::Report;
use super::text::clean;
use super::time;
use super::xml::xml;
use crate::graph::{Dependency, DependencyState, Host};

/// Attributes of nodes: name and type of GraphML.
const NODE_KEYS: [(&str, &str); 7] = [
    ("label", "string"),
    ("name", "string"),
    ("roles", "string"),
    ("labels", "string"),
    ("internal", "boolean"),
    ("services", "int"),
    ("last", "string"),
];

/// Attributes of edges.
const EDGE_KEYS: [(&str, &str); 13] = [
    ("label", "string"),
    ("protocol", "string"),
    ("port", "int"),
    ("transport", "string"),
    ("kind", "string"),
    ("state", "string"),
    ("decided", "boolean"),
    ("evidence", "string"),
    ("weight", "double"),
    ("flows", "long"),
    ("bytes", "long"),
    ("first", "string"),
    ("last", "string"),
];

fn edges<'a>(report: &'a Report<'_>) -> impl Iterator<Item = &'a Dependency> {
    report.snapshot.dependencies.iter().filter(|dependency| dependency.state > DependencyState::Attempt)
}

fn name(host: &Host) -> String {
    host.names.first().map(|name| clean(&name.name)).unwrap_or_default()
}

/// `http:8080`, and the transport where it is not TCP.
fn label(dependency: &Dependency) -> String {
    let key = &dependency.key.service;
    let protocol = dependency.protocol().unwrap_or("unknown");
    match key.transport {
        crate::model::Transport::Tcp => format!("{protocol}:{}", key.port),
        other => format!("{protocol}:{}/{}", key.port, other.name()),
    }
}

/// Writes the map as GraphML 1.0, attributes typed.
///
/// # Errors
/// If it cannot be written.
pub fn write_graphml(report: &Report<'_>, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, r#"<?xml version="1.0" encoding="UTF-8"?>"#)?;
    writeln!(
        out,
        r#"<graphml xmlns="http://graphml.graphdrawing.org/xmlns" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="http://graphml.graphdrawing.org/xmlns http://graphml.graphdrawing.org/xmlns/1.0/graphml.xsd">"#
    )?;
    for (of, keys) in [("node", NODE_KEYS.as_slice()), ("edge", EDGE_KEYS.as_slice())] {
        for (name, kind) in keys {
            writeln!(out, r#"  <key id="{of}_{name}" for="{of}" attr.name="{name}" attr.type="{kind}"/>"#)?;
        }
    }
    writeln!(out, r#"  <graph id="tapmap" edgedefault="directed">"#)?;
    let mut services: BTreeMap<_, usize> = BTreeMap::new();
    for service in &report.snapshot.services {
        *services.entry(service.key.host).or_default() += 1;
    }
    for host in &report.snapshot.hosts {
        let offered = services.get(&host.key).copied().unwrap_or_default();
        writeln!(out, r#"    <node id="{}">"#, xml(&host.key.to_string()))?;
        data(out, "node", &NODE_KEYS, &node_values(host, offered))?;
        writeln!(out, "    </node>")?;
    }
    for dependency in edges(report) {
        writeln!(
            out,
            r#"    <edge id="{}" source="{}" target="{}">"#,
            xml(&dependency.id()),
            xml(&dependency.key.client.to_string()),
            xml(&dependency.key.service.host.to_string())
        )?;
        data(out, "edge", &EDGE_KEYS, &edge_values(dependency))?;
        writeln!(out, "    </edge>")?;
    }
    writeln!(out, "  </graph>")?;
    writeln!(out, "</graphml>")
}

fn data(out: &mut impl Write, of: &str, keys: &[(&str, &str)], values: &[String]) -> io::Result<()> {
    for ((name, _), value) in keys.iter().zip(values).filter(|(_, value)| !value.is_empty()) {
        writeln!(out, r#"      <data key="{of}_{name}">{}</data>"#, xml(value))?;
    }
    Ok(())
}

/// In the order of [`NODE_KEYS`].
fn node_values(host: &Host, services: usize) -> [String; NODE_KEYS.len()] {
    let name = name(host);
    let label = if name.is_empty() { host.key.to_string() } else { name.clone() };
    let roles: Vec<&str> = host.roles.iter().copied().collect();
    [
        label,
        name,
        roles.join(" "),
        clean(&host.labels.join(" ")),
        host.internal.to_string(),
        services.to_string(),
        host.span.map(|span| time(span.last)).unwrap_or_default(),
    ]
}

/// In the order of [`EDGE_KEYS`].
fn edge_values(dependency: &Dependency) -> [String; EDGE_KEYS.len()] {
    let totals = &dependency.totals;
    [
        label(dependency),
        dependency.protocol().unwrap_or("unknown").to_owned(),
        dependency.key.service.port.to_string(),
        dependency.key.service.transport.name().to_owned(),
        dependency.kind.word().to_owned(),
        dependency.state.word().to_owned(),
        totals.decided.to_string(),
        totals.evidence.word().to_owned(),
        totals.flows.to_string(),
        totals.flows.to_string(),
        (totals.to_server.bytes + totals.to_client.bytes).to_string(),
        time(totals.span.first),
        time(totals.span.last),
    ]
}

/// Writes the map for Graphviz, hosts in clusters by label, else by network (/24, /64). Dashed edges
/// are guesses about who asked whom.
///
/// # Errors
/// If it cannot be written.
pub fn write_dot(report: &Report<'_>, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "digraph tapmap {{")?;
    writeln!(out, "  rankdir=LR;")?;
    writeln!(out, "  node [shape=box, style=rounded, fontname=\"sans-serif\"];")?;
    writeln!(out, "  edge [fontname=\"sans-serif\", fontsize=10];")?;
    let mut clusters: BTreeMap<String, Vec<&Host>> = BTreeMap::new();
    for host in &report.snapshot.hosts {
        clusters.entry(cluster(host)).or_default().push(host);
    }
    for (place, (title, hosts)) in clusters.iter().enumerate() {
        writeln!(out, "  subgraph cluster_{place} {{")?;
        writeln!(out, "    label={};", quoted(&[title]))?;
        for host in hosts {
            let (id, name) = (host.key.to_string(), name(host));
            let lines = if name.is_empty() { vec![id.as_str()] } else { vec![name.as_str(), id.as_str()] };
            writeln!(out, "    {} [label={}];", quoted(&[&id]), quoted(&lines))?;
        }
        writeln!(out, "  }}")?;
    }
    let mut between: BTreeMap<(String, String, bool), Vec<String>> = BTreeMap::new();
    for dependency in edges(report) {
        let ends = (dependency.key.client.to_string(), dependency.key.service.host.to_string());
        let labels = between.entry((ends.0, ends.1, dependency.totals.decided)).or_default();
        labels.push(label(dependency));
    }
    for ((client, server, decided), labels) in &between {
        let labels: Vec<&str> = labels.iter().map(String::as_str).collect();
        let style = if *decided { "" } else { ", style=dashed" };
        let (client, server) = (quoted(&[client]), quoted(&[server]));
        writeln!(out, "  {client} -> {server} [label={}{style}];", quoted(&labels))?;
    }
    writeln!(out, "}}")
}

/// What a host is drawn together with: its first label, else its network.
fn cluster(host: &Host) -> String {
    if let Some(label) = host.labels.first() {
        return clean(label);
    }
    let address = host.key.address.ip();
    let prefix = match address {
        IpAddr::V4(_) => 24,
        IpAddr::V6(_) => 64,
    };
    let network =
        IpNet::new(address, prefix).map_or_else(|_| address.to_string(), |net| net.trunc().to_string());
    match host.key.realm.name() {
        Some(realm) => format!("{realm}/{network}"),
        None => network,
    }
}

/// Lines as a quoted text of DOT.
fn quoted(lines: &[&str]) -> String {
    let escaped = |line: &&str| clean(line).replace('\\', r"\\").replace('"', r#"\""#);
    format!("\"{}\"", lines.iter().map(escaped).collect::<Vec<_>>().join(r"\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_names_stay_text() {
        assert_eq!(quoted(&["a\"];b\\", "c\nd"]), "\"a\\\"];b\\\\\\nc\u{fffd}d\"");
    }
}
