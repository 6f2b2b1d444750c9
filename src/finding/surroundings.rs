//! What the two ends of a practice say about its severity (`insecure_protocols.md` §0).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::graph::Snapshot;
use crate::model::{Address, HostKey};
use crate::query::Importance;

/// Operator's criticality from which a server is a special target: 4 of 5 on the scale `1 + 4·value`.
const CRITICAL_SERVER: f64 = 0.75;

/// What is added to a severity, or taken from it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Modifier {
    /// Steps of severity.
    pub steps: i8,
    /// Both ends are one machine: nobody is in between.
    pub same_host: bool,
}

impl Modifier {
    /// For clients of a server, or of one of its services. Without clients nothing is known.
    ///
    /// Crossing a segment and running inside a tunnel would count too; the map does not know either.
    pub fn of<'a>(
        snapshot: &Snapshot,
        importance: &Importance<'_>,
        server: &HostKey,
        clients: impl Iterator<Item = &'a HostKey> + Clone,
    ) -> Modifier {
        let internal = |host: &HostKey| snapshot.host(host).is_some_and(|host| host.internal);
        let any = clients.clone().next().is_some();
        let same_host =
            any && clients.clone().all(|client| client == server || client.address.ip().is_loopback());
        let mut steps = 0;
        if internal(server) && clients.clone().any(|client| !internal(client) && is_public(client.address)) {
            steps += 2;
        }
        if importance.operator_value(server).is_some_and(|value| value >= CRITICAL_SERVER) {
            steps += 1;
        }
        if same_host {
            steps -= 2;
        } else if any && is_link_local(server.address) && clients.clone().all(|c| is_link_local(c.address)) {
            steps -= 1;
        }
        Modifier { steps, same_host }
    }

    /// The severity after it, 0 to 10.
    pub fn apply(self, severity: u8) -> u8 {
        severity.saturating_add_signed(self.steps).min(10)
    }
}

fn is_link_local(address: Address) -> bool {
    match address.ip() {
        IpAddr::V4(v4) => v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_unicast_link_local(),
    }
}

/// True for addresses that the internet routes (IANA's registries of special-purpose addresses).
fn is_public(address: Address) -> bool {
    match address.ip() {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => is_public_v6(v6),
    }
}

fn is_public_v4(v4: Ipv4Addr) -> bool {
    let special = match v4.octets() {
        // This network; shared with carriers (RFC 6598); protocol assignments; benchmarks (RFC 2544);
        // multicast, reserved, broadcast.
        [0, ..] | [192, 0, 0, _] | [198, 18..=19, ..] | [224..=255, ..] => true,
        [100, second, ..] => (64..128).contains(&second),
        _ => false,
    };
    !special && !v4.is_private() && !v4.is_loopback() && !v4.is_link_local() && !v4.is_documentation()
}

fn is_public_v6(v6: Ipv6Addr) -> bool {
    // All global unicast addresses so far are in 2000::/3; 2001:db8::/32 is for documentation.
    match v6.segments() {
        [0x2001, 0x0db8, ..] => false,
        [first, ..] => first & 0xe000 == 0x2000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn public_addresses() {
        let public = |text: &str| is_public(text.parse::<IpAddr>().unwrap().into());
        for text in ["8.8.8.8", "100.63.0.1", "100.128.0.1", "2606:4700::1", "::ffff:1.1.1.1"] {
            assert!(public(text), "{text}");
        }
        for text in [
            "10.0.0.1",
            "100.64.0.1",
            "169.254.1.1",
            "127.0.0.1",
            "192.0.2.1",
            "198.18.0.1",
            "240.0.0.1",
            "224.0.0.1",
            "fe80::1",
            "fd00::1",
            "::1",
            "2001:db8::1",
        ] {
            assert!(!public(text), "{text}");
        }
    }

    #[test]
    fn severities_stay_between_0_and_10() {
        let with = |steps| Modifier { steps, same_host: false };
        assert_eq!([with(3).apply(9), with(-2).apply(1), with(-2).apply(9)], [10, 0, 7]);
    }
}
