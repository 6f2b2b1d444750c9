//! A finding as the contract names its parts.

use serde::Serialize;
use utoipa::ToSchema;

use super::document::Report;
use super::json::rounded;
use super::time;
use crate::finding::Finding;

/// A finding of the contract.
#[derive(Serialize, ToSchema)]
#[schema(as = Finding)]
pub struct FindingRow {
    id: String,
    rule: &'static str,
    title: &'static str,
    severity: u8,
    score: f64,
    band: &'static str,
    state: &'static str,
    host: String,
    service: Option<String>,
    clients: Vec<String>,
    count: u64,
    first: String,
    last: String,
    detail: Option<String>,
    evidence: Vec<Evidence>,
    explanation: Vec<Factor>,
    attack: Vec<&'static str>,
    references: Vec<&'static str>,
    replacement: &'static str,
}

#[derive(Serialize, ToSchema)]
struct Evidence {
    source: String,
    frame: u64,
    time: String,
    what: String,
}

#[derive(Serialize, ToSchema)]
struct Factor {
    factor: &'static str,
    points: f64,
}

impl FindingRow {
    /// A row of the finding table.
    pub fn of(finding: &Finding, report: &Report<'_>) -> FindingRow {
        FindingRow {
            id: finding.id(),
            rule: finding.rule.id,
            title: finding.rule.title,
            severity: finding.severity,
            score: rounded(finding.score),
            band: finding.band.word(),
            state: finding.state.name(),
            host: finding.host.to_string(),
            service: finding.service.map(|service| service.to_string()),
            clients: finding.clients.iter().map(ToString::to_string).collect(),
            count: finding.count,
            first: time(finding.span.first),
            last: time(finding.span.last),
            detail: finding.detail.clone(),
            evidence: finding
                .evidence
                .iter()
                .map(|proof| Evidence {
                    source: report.source_path(proof.at.frame.source).to_owned(),
                    frame: proof.at.frame.number,
                    time: time(proof.at.time),
                    what: proof.what.to_string(),
                })
                .collect(),
            explanation: finding
                .explanation
                .iter()
                .map(|(factor, points)| Factor { factor, points: rounded(*points) })
                .collect(),
            attack: finding.rule.attack.to_vec(),
            references: finding.rule.references.to_vec(),
            replacement: finding.rule.replacement,
        }
    }
}
