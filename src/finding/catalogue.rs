//! The rows of the catalogue of practices that have no rule yet, each with the reason. With [`RULES`] they
//! are the whole catalogue.
//!
//! [`RULES`]: super::RULES

/// When a row is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tier {
    /// Its severity can reach 6: it is missed.
    First,
    /// It can wait.
    Later,
}

/// A row without a rule.
#[derive(Debug)]
pub struct Later {
    /// Its id (`ADM-15`).
    pub id: &'static str,
    /// When it is due.
    pub tier: Tier,
    /// The highest severity that it can have, before context.
    pub severity_max: u8,
    /// Why there is no rule.
    pub reason: &'static str,
}

/// All rows without a rule, sorted by id.
pub const LATER: &[Later] = &[
    row(Tier::First, "ADM-10", 7, "the security data is read for its certificate only"),
    row(Tier::First, "ADM-13", 9, "WS-Management is recognised, its login is told as WEB-01"),
    row(Tier::First, "ADM-14", 6, "the level of the verifier is not read yet"),
    row(Tier::First, "ADM-15", 10, "no analyzer of IPMI yet"),
    row(Tier::First, "ADM-17", 6, "the flags of version 3 are not judged yet"),
    row(Tier::First, "ADM-19", 9, "no analyzer of Smart Install yet"),
    row(Tier::Later, "ADM-20", 4, "amplifiers of little use to anybody inside"),
    row(Tier::First, "ADM-21", 6, "private messages of NTP are recognised, not judged"),
    row(Tier::Later, "ADM-22", 3, "hygiene; the protocol is told with the service"),
    row(Tier::First, "ADM-25", 7, "EAP inside RADIUS is not read yet"),
    row(Tier::First, "ADM-26", 8, "no analyzer of PPTP yet"),
    row(Tier::First, "ADM-27", 6, "no analyzer of L2TP yet"),
    row(Tier::First, "ADM-28", 8, "no analyzer of IKE yet"),
    row(Tier::First, "ADM-29", 6, "no analyzer of IKE yet"),
    row(Tier::First, "ADM-30", 7, "routing protocols besides BGP are not followed yet"),
    row(Tier::Later, "ADM-31", 5, "the decoder hands over no frames without IP"),
    row(Tier::Later, "ADM-32", 5, "wanted in many networks: needs the operator to say where"),
    row(Tier::First, "ADM-33", 8, "the actions of UPnP are not read yet"),
    row(Tier::Later, "ADM-34", 3, "needs segments; tunnels are opened and told"),
    row(Tier::First, "CRD-01", 10, "accepted passwords are not compared yet"),
    row(Tier::First, "CRD-02", 7, "needs a keyed hash of passwords, and a key that outlives a run"),
    row(Tier::Later, "CRD-03", 2, "no finding of its own: two steps more for clients from public addresses"),
    row(Tier::First, "DB-02", 9, "commands of MongoDB are not read yet"),
    row(Tier::First, "DB-04", 8, "searches are not told from other requests of HTTP yet"),
    row(Tier::First, "DB-05", 9, "the login plugin is not read yet"),
    row(Tier::First, "DB-07", 8, "the encryption option is not read yet"),
    row(Tier::Later, "DB-08", 4, "below the first tier"),
    row(Tier::First, "DB-10", 8, "the handshake of SASL is not read yet"),
    row(Tier::First, "DB-11", 9, "the login of AMQP is not read yet"),
    row(Tier::Later, "DB-13", 5, "below the first tier"),
    row(Tier::First, "FIL-02", 7, "no analyzer of iSCSI yet"),
    row(Tier::Later, "FIL-03", 2, "hygiene"),
    row(Tier::First, "FTP-02", 7, "needs the address of the client, which analyzers do not see"),
    row(Tier::First, "MAIL-04", 8, "needs the memory of earlier sessions"),
    row(Tier::First, "MAIL-05", 7, "what stands behind STARTTLS is not looked at yet"),
    row(Tier::First, "MAIL-06", 6, "IRC and NNTP logins are not read yet"),
    row(Tier::First, "NAM-03", 6, "needs the segment of the client"),
    row(Tier::Later, "NAM-04", 3, "needs the resolvers of the site"),
    row(Tier::First, "NAM-05", 6, "needs all servers of a segment at once"),
    row(Tier::First, "OT-08", 6, "no analyzers of these yet"),
    row(Tier::First, "OT-09", 6, "no analyzers of DICOM and HL7 yet"),
    row(Tier::Later, "TLS-24", 1, "hygiene; the server name is told with the service"),
    row(Tier::Later, "TLS-25", 1, "an inventory, not a fault"),
    row(Tier::Later, "VOIP-01", 5, "below the first tier"),
    row(Tier::Later, "WEB-02", 5, "below the first tier"),
    row(Tier::First, "WEB-03", 7, "tokens and cookies are not read yet"),
    row(Tier::First, "WEB-04", 8, "bodies are not read yet"),
    row(Tier::First, "WEB-05", 7, "paths of cloud metadata are not judged yet"),
    row(Tier::First, "WEB-06", 10, "the engine is recognised as a capability, not as a finding"),
    row(Tier::First, "WEB-07", 9, "kubelets are recognised as a capability, not as a finding"),
    row(Tier::First, "WEB-08", 8, "paths of control interfaces are not judged yet"),
    row(Tier::Later, "WIN-04", 2, "hygiene"),
    row(Tier::Later, "WIN-05", 4, "the session says nothing that SMB does not"),
    row(Tier::Later, "WIN-07", 3, "true of nearly every network"),
    row(Tier::Later, "WIN-08", 5, "below the first tier"),
    row(Tier::First, "WIN-11", 7, "question and answer of the KDC are not paired yet"),
    row(Tier::First, "WIN-13", 6, "binds without a password are not told yet"),
    row(Tier::First, "WIN-14", 6, "what follows a SASL bind is not looked at yet"),
    row(Tier::First, "WIN-17", 7, "the name is not looked for yet"),
    row(Tier::Later, "WIN-18", 3, "needs segments"),
];

const fn row(tier: Tier, id: &'static str, severity_max: u8, reason: &'static str) -> Later {
    Later { id, tier, severity_max, reason }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::finding::RULES;

    /// The families of the catalogue and how many rows each has.
    const FAMILIES: &[(&str, usize)] = &[
        ("TLS", 25),
        ("ADM", 34),
        ("WIN", 18),
        ("NAM", 5),
        ("FTP", 2),
        ("MAIL", 6),
        ("VOIP", 1),
        ("NFS", 2),
        ("FIL", 3),
        ("WEB", 8),
        ("DB", 13),
        ("OT", 9),
        ("CRD", 3),
    ];

    #[test]
    fn every_row_has_a_rule_or_a_reason() {
        let rows: BTreeSet<String> = FAMILIES
            .iter()
            .flat_map(|(family, count)| (1..=*count).map(move |row| format!("{family}-{row:02}")))
            .collect();
        assert_eq!(rows.len(), 129);
        let rules = RULES.iter().map(|rule| rule.id).filter(|id| !id.starts_with("CERT-"));
        let told: Vec<&str> = rules.chain(LATER.iter().map(|later| later.id)).collect();
        let distinct: BTreeSet<String> = told.iter().map(|id| (*id).to_owned()).collect();
        assert_eq!(distinct, rows);
        assert_eq!(told.len(), rows.len(), "a row has both");
        assert!(LATER.is_sorted_by(|one, next| one.id < next.id));
    }

    #[test]
    fn what_is_due_later_is_below_the_first_tier() {
        for later in LATER {
            assert_eq!(later.severity_max >= 6, later.tier == Tier::First, "{}", later.id);
        }
    }
}
