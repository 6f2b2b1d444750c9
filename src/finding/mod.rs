//! What is wrong on the map: each [`Rule`] broken by somebody becomes one [`Finding`].
//!
//! ```text
//!  sightings ──> practices ──> grade ─┐
//!                                     ├──> drafts by (rule, party) ──> score ──> findings, worst first
//!  certificates ─────> certificate ───┘         importance of hosts ──┘
//! ```

mod administration;
mod catalogue;
mod certificate;
mod data_stores;
mod draft;
mod files;
mod fault;
mod files_mail_web;
mod grade;
mod handshake;
mod identity;
mod naming;
mod operational;
mod practices;
mod remote;
mod rule;
mod score;
mod session;
mod ssh;
mod surroundings;
#[cfg(test)]
mod tests;
mod tls;
mod windows;

use std::collections::BTreeMap;

use crate::graph::{Proof, Snapshot};
use crate::model::{HostKey, ServiceKey, Span, State, Timestamp};
use crate::query::{Importance, Knowledge};

pub use catalogue::{LATER, Later, Tier};
pub use certificate::{Judgement, Status, Urgency, Validity};
use draft::{Draft, Drafts, Party};
pub use rule::Rule;
pub use score::{Band, Factors, Score};

/// All rules, sorted by id.
pub const RULES: &[&Rule] = &[
    &remote::TELNET,
    &session::RLOGIN,
    &session::REMOTE_SHELL,
    &ssh::VERSION_1,
    &ssh::KEY_EXCHANGE,
    &ssh::CIPHER,
    &ssh::HOST_KEY,
    &ssh::TERRAPIN,
    &administration::RDP,
    &session::VNC,
    &administration::X11,
    &remote::SNMP,
    &remote::TFTP,
    &administration::RADIUS,
    &administration::TACACS,
    &certificate::EXPIRED,
    &certificate::EXPIRING,
    &certificate::NOT_YET_VALID,
    &certificate::SELF_SIGNED,
    &certificate::WEAK_KEY,
    &certificate::BROKEN_KEY,
    &certificate::WEAK_CURVE,
    &certificate::WEAK_HASH,
    &certificate::MISMATCH,
    &certificate::NO_NAMES,
    &certificate::COMMON_NAME,
    &certificate::TOO_LONG,
    &certificate::INCOMPLETE,
    &certificate::DISORDER,
    &certificate::AUTHORITY_EXPIRING,
    &certificate::BAD_USAGE,
    &certificate::PUBLIC_CLIENT,
    &certificate::SAME_SERIAL,
    &certificate::BAD_SERIAL,
    &certificate::SAME_KEY,
    &certificate::WILDCARD,
    &certificate::VENDOR_DEFAULT,
    &certificate::STAPLE,
    &certificate::ENDLESS,
    &certificate::NOT_LOGGED,
    &certificate::INCONSISTENT,
    &certificate::OTHER_ISSUER,
    &certificate::UNKNOWN_AUTHORITY,
    &certificate::DISTRUSTED,
    &certificate::QUANTUM,
    &certificate::UNREADABLE,
    &certificate::CLIENT_EXPIRING,
    &data_stores::REDIS,
    &data_stores::MEMCACHED,
    &data_stores::POSTGRESQL,
    &data_stores::CASSANDRA,
    &session::MQTT,
    &files::RSYNC,
    &files_mail_web::FTP_LOGIN,
    &files_mail_web::SMTP_AUTH,
    &files_mail_web::POP_LOGIN,
    &files_mail_web::IMAP_LOGIN,
    &naming::ZONE_TRANSFER,
    &naming::UNSIGNED_UPDATE,
    &files::NFS,
    &files::RPC_SERVICES,
    &operational::MODBUS,
    &operational::DNP3,
    &operational::S7,
    &operational::ENIP,
    &operational::IEC104,
    &operational::BACNET,
    &operational::OPC_UA,
    &tls::SSL2,
    &tls::SSL3,
    &tls::TLS10,
    &tls::TLS11,
    &handshake::OLD_CLIENT,
    &tls::NULL,
    &tls::EXPORT,
    &tls::ANONYMOUS,
    &tls::RC4,
    &tls::DES,
    &tls::TRIPLE_DES,
    &handshake::NO_FORWARD_SECRECY,
    &handshake::MAC_THEN_ENCRYPT,
    &handshake::SMALL_GROUP,
    &handshake::WEAK_CURVE,
    &handshake::COMPRESSION,
    &handshake::RENEGOTIATION,
    &handshake::HEARTBEAT,
    &handshake::MASTER_SECRET,
    &handshake::WEAK_SIGNATURE,
    &handshake::DOWNGRADE,
    &handshake::EARLY_DATA,
    &tls::DTLS10,
    &files_mail_web::HTTP_BASIC,
    &windows::SMB1,
    &identity::SMB_SIGNING,
    &identity::SMB_GUEST,
    &identity::NTLM_1,
    &identity::KERBEROS_RC4,
    &identity::KERBEROS_DES,
    &windows::LDAP_SIMPLE_BIND,
    &windows::LLMNR,
    &windows::NBNS,
];

/// The rule with this id (`ADM-01`).
pub fn rule(id: &str) -> Option<&'static Rule> {
    let place = RULES.binary_search_by_key(&id, |rule| rule.id).ok()?;
    RULES.get(place).copied()
}

/// A rule that somebody breaks.
#[derive(Clone, Debug)]
pub struct Finding {
    /// Which rule.
    pub rule: &'static Rule,
    /// 0 to 10, after context.
    pub severity: u8,
    /// 0 to 100, to a tenth.
    pub score: f64,
    /// The score in one word.
    pub band: Band,
    /// The furthest that it went.
    pub state: State,
    /// Who is at fault: the server, or the host that asks.
    pub host: HostKey,
    /// The service, where a server is at fault.
    pub service: Option<ServiceKey>,
    /// Who took part as client, sorted, at most 256.
    pub clients: Vec<HostKey>,
    /// How often it was seen to go so far; for certificates, each client counts once for each that it
    /// was shown.
    pub count: u64,
    /// From when to when it was seen to go so far.
    pub span: Span,
    /// At most five frames that show it, those of the highest state first.
    pub evidence: Vec<Proof>,
    /// Points lost from a hundred by each factor, in the order of the formula; they add up to what the
    /// score lacks, but for rounding.
    pub explanation: Vec<(&'static str, f64)>,
    /// What else a person should know: which certificate, which suites, with whom.
    pub detail: Option<String>,
    /// SHA-256 of the certificate in question, in hexadecimal.
    pub certificate: Option<String>,
}

impl Finding {
    /// A name that stays the same from run to run: `ADM-01/10.0.0.1:23/tcp`, `WIN-15/10.0.0.5`.
    pub fn id(&self) -> String {
        match self.service {
            Some(service) => format!("{}/{service}", self.rule.id),
            None => format!("{}/{}", self.rule.id, self.host),
        }
    }
}

/// Everything wrong on the map, the highest score first; of equals, in the order of rule and party.
/// Certificates are judged at `as_of`; where that is the last moment of the map, each as it stood
/// when it was last shown ([`Judgement`]).
pub fn find(snapshot: &Snapshot, as_of: Timestamp, knowledge: &Knowledge) -> Vec<Finding> {
    let importance = Importance::new(snapshot, knowledge);
    let mut drafts: BTreeMap<(&'static str, Party), Drafts> = BTreeMap::new();
    practices::draft(snapshot, &importance, &mut drafts);
    certificate::draft(snapshot, as_of, knowledge, &mut drafts);
    let mut findings: Vec<Finding> = drafts
        .into_values()
        .filter_map(|drafts| {
            let (rule, party) = (drafts.rule, drafts.party);
            Some(finding(rule, party, drafts.join()?, &importance))
        })
        .collect();
    // Stable: drafts come in the order of their keys.
    findings.sort_by(|one, other| other.score.total_cmp(&one.score));
    findings
}

fn finding(rule: &'static Rule, party: Party, draft: Draft, importance: &Importance<'_>) -> Finding {
    let host = party.host();
    let factors = Factors {
        confidence: draft.confidence,
        technical: f64::from(draft.severity) / 10.0,
        business: importance.worth(&host).value(),
        blast_radius: importance.blast_radius(&host),
    };
    let score = factors.score(draft.grants_access.then_some(score::ACCESS_SCORE_MIN));
    Finding {
        rule,
        severity: draft.severity,
        score: score.points,
        band: Band::of(score.points),
        state: draft.state,
        host,
        service: party.service(),
        clients: draft.clients.into_iter().collect(),
        count: draft.count,
        span: draft.span,
        evidence: draft.evidence,
        explanation: score.lost,
        detail: detail(&draft.notes),
        certificate: draft.certificate,
    }
}

/// Notes that are shown; the others are counted.
const NOTES_MAX: usize = 3;

fn detail(notes: &[String]) -> Option<String> {
    let (shown, more) = notes.split_at_checked(NOTES_MAX).unwrap_or((notes, &[]));
    if shown.is_empty() {
        return None;
    }
    let mut text = shown.join("; ");
    if !more.is_empty() {
        text.push_str(&format!("; and {} more", more.len()));
    }
    Some(text)
}
