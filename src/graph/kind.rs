//! What a dependency is about (`direction.md` §3): from what was spoken, and from what the flows
//! themselves have shown to be for.

use super::edge::EdgeTotals;
use crate::model::Purpose;

/// What a dependency is about (`direction.md` §3). The order is what counts where one edge is about
/// several things: what the client stands or falls with comes last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Somebody watches the server.
    Observability,
    /// Files are copied away.
    Backup,
    /// Sound or pictures that a control connection negotiated.
    Media,
    /// People or tools that administer the server.
    Management,
    /// The client needs the service to work.
    Functional,
    /// Names, time, addresses, logon.
    Infra,
    /// A message broker.
    Broker,
    /// A replica follows its primary.
    Replication,
    /// The client scans.
    Scan,
    /// The application contradicts the handshake in most of the flows that were answered.
    Conflict,
}

impl Kind {
    /// The word of the contract.
    pub const fn word(self) -> &'static str {
        match self {
            Kind::Observability => "observability",
            Kind::Backup => "backup",
            Kind::Media => "media",
            Kind::Management => "management",
            Kind::Functional => "functional",
            Kind::Infra => "infra",
            Kind::Broker => "broker",
            Kind::Replication => "replication",
            Kind::Scan => "scan",
            Kind::Conflict => "conflict",
        }
    }

    /// What an edge is about.
    pub(super) fn of(protocol: Option<&str>, totals: &EdgeTotals) -> Kind {
        // One odd flow of many is a curiosity; a service that most flows contradict is not what it seems.
        if totals.conflicts > totals.answered / 2 {
            return Kind::Conflict;
        }
        let shown = totals.purposes.iter().map(|purpose| Kind::of_purpose(purpose, protocol)).max();
        shown.unwrap_or_else(|| Kind::of_protocol(protocol))
    }

    fn of_purpose(purpose: Purpose, protocol: Option<&str>) -> Kind {
        match purpose {
            Purpose::Ordinary => Kind::of_protocol(protocol),
            Purpose::Infra => Kind::Infra,
            Purpose::Management => Kind::Management,
            Purpose::Observability => Kind::Observability,
            Purpose::Backup => Kind::Backup,
            Purpose::Replication => Kind::Replication,
            Purpose::Broker => Kind::Broker,
            Purpose::Media => Kind::Media,
        }
    }

    fn of_protocol(protocol: Option<&str>) -> Kind {
        match protocol.unwrap_or_default() {
            "dns" | "mdns" | "llmnr" | "nbns" | "dhcp" | "dhcpv6" | "ntp" | "kerberos" | "ldap" | "cldap"
            | "mssql-browser" => Kind::Infra,
            "ssh" | "telnet" | "rdp" | "vnc" | "x11" | "rlogin" | "rsh" | "rexec" | "ipmi" => {
                Kind::Management
            }
            "snmp" | "syslog" => Kind::Observability,
            "kafka" | "amqp" | "mqtt" | "nats" => Kind::Broker,
            "rsync" => Kind::Backup,
            "rtp" | "rtcp" => Kind::Media,
            _ => Kind::Functional,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::testing::{endpoint, served};
    use crate::model::Purposes;

    /// The kind of an edge of one flow that speaks this and shows these purposes.
    fn kind(protocol: &'static str, purposes: &[Purpose]) -> Kind {
        let mut record = served(endpoint(1, 40_000), endpoint(2, 5_000), 100);
        record.protocol = Some(protocol);
        for purpose in purposes {
            record.purposes.insert(*purpose);
        }
        let totals = EdgeTotals::of(&record, &record.ledger.decide_alone(&record.key));
        Kind::of(totals.protocol(), &totals)
    }

    #[test]
    fn the_protocol_tells_where_the_flow_shows_nothing() {
        assert_eq!(kind("http", &[]), Kind::Functional);
        assert_eq!(kind("dns", &[]), Kind::Infra);
        assert_eq!(kind("rsync", &[]), Kind::Backup);
        assert_eq!(kind("rlogin", &[]), Kind::Management);
    }

    #[test]
    fn what_a_flow_shows_counts_more_and_what_the_client_needs_most() {
        use Purpose::{Broker, Management, Observability, Ordinary, Replication};
        assert_eq!(kind("http", &[Observability]), Kind::Observability);
        assert_eq!(kind("http", &[Observability, Ordinary]), Kind::Functional);
        assert_eq!(kind("snmp", &[Management]), Kind::Management);
        assert_eq!(kind("snmp", &[Management, Ordinary]), Kind::Management);
        assert_eq!(kind("mysql", &[Replication, Ordinary]), Kind::Replication);
        assert_eq!(kind("redis", &[Broker]), Kind::Broker);
    }

    #[test]
    fn flows_of_an_edge_add_up() {
        let mut record = served(endpoint(1, 40_000), endpoint(2, 5_000), 100);
        record.protocol = Some("http");
        record.purposes = Purposes::from(Purpose::Observability);
        let decision = record.ledger.decide_alone(&record.key);
        let mut totals = EdgeTotals::of(&record, &decision);
        assert_eq!(Kind::of(Some("http"), &totals), Kind::Observability);
        record.purposes = Purposes::default();
        totals.join(&EdgeTotals::of(&record, &decision));
        assert_eq!(Kind::of(Some("http"), &totals), Kind::Functional, "one flow was for something else");
    }
}
