//! Names that are handed out or taken over (NAM).

use super::rule::Rule;

/// DNS zone transfer.
pub const ZONE_TRANSFER: Rule = Rule {
    id: "NAM-01",
    title: "DNS zone transfer",
    severity_base: 7,
    attack: &["T1590.002"],
    references: &["RFC 5936 §5", "CIS Controls 4"],
    replacement: "transfers to known secondaries only, signed (TSIG)",
    why: "One question gives the list of all machines and what they are for.",
};

/// DNS update without a signature.
pub const UNSIGNED_UPDATE: Rule = Rule {
    id: "NAM-02",
    title: "DNS update without a signature",
    severity_base: 7,
    attack: &["T1557"],
    references: &["RFC 3007", "RFC 2136 §8"],
    replacement: "secure dynamic updates (GSS-TSIG)",
    why: "Anybody can point a name of the zone to his own machine.",
};
