//! What is wrong on the map. (stand-in)
pub mod suites;
use crate::graph::{CertificateFacts, Proof, Snapshot};
use crate::model::{HostKey, ServiceKey, Span, State, Timestamp};
/// rule
#[derive(Debug)]
pub struct Rule {
    /// id
    pub id: &'static str,
    /// title
    pub title: &'static str,
    /// attack
    pub attack: &'static [&'static str],
    /// refs
    pub references: &'static [&'static str],
    /// replacement
    pub replacement: &'static str,
}
/// band
#[derive(Clone, Copy, Debug)]
pub enum Band {
    /// info
    Info,
}
impl Band {
    /// w
    pub fn word(self) -> &'static str {
        "info"
    }
}
/// finding
pub struct Finding {
    /// .
    pub rule: &'static Rule,
    /// .
    pub severity: u8,
    /// .
    pub score: f64,
    /// .
    pub band: Band,
    /// .
    pub state: State,
    /// .
    pub host: HostKey,
    /// .
    pub service: Option<ServiceKey>,
    /// .
    pub clients: Vec<HostKey>,
    /// .
    pub count: u64,
    /// .
    pub span: Span,
    /// .
    pub evidence: Vec<Proof>,
    /// .
    pub explanation: Vec<(&'static str, f64)>,
    /// .
    pub detail: Option<String>,
}
impl Finding {
    /// id
    pub fn id(&self) -> String {
        String::new()
    }
}
/// find
pub fn find(_s: &Snapshot, _as_of: Timestamp) -> Vec<Finding> {
    Vec::new()
}
/// status
pub fn certificate_status(_f: &CertificateFacts, _as_of: Timestamp) -> (&'static str, Option<i64>) {
    ("valid", None)
}
