//! Hosts whose questions for names the tap cannot read: who looked up a name may be more than those
//! who were seen to.

use std::collections::BTreeSet;

use super::atlas::Atlas;
use crate::graph::DependencyState;
use crate::model::{IndicatorKind, Mac};

/// Public resolvers over HTTPS, by the names that their clients send in TLS. A name stands for
/// everything below it.
const RESOLVERS: &[&str] = &[
    "chrome.cloudflare-dns.com",
    "cloudflare-dns.com",
    "dns.adguard-dns.com",
    "dns.alidns.com",
    "dns.google",
    "dns.nextdns.io",
    "dns.opendns.com",
    "dns.quad9.net",
    "dns0.eu",
    "doh.cleanbrowsing.org",
    "doh.dns.sb",
    "doh.opendns.com",
    "doh.pub",
    "doh.xfinity.com",
    "dns10.quad9.net",
    "dns11.quad9.net",
    "dns9.quad9.net",
    "mask-api.icloud.com",
    "mask.icloud.com",
    "mozilla.cloudflare-dns.com",
    "one.one.one.one",
    "private.canadianshield.cira.ca",
];

/// The application protocols of DNS inside TLS (RFC 7858 §8.1 has none; RFC 9250 §4.1.1; IANA).
const PROTOCOLS: &[&str] = &["doq", "dot"];

/// The port of DNS over TLS and QUIC (RFC 7858 §3.1, RFC 9250 §4.1.1).
const PORT: u16 = 853;

/// Local hosts whose questions may go unseen, by why: places, ascending.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hidden {
    /// They ask over TLS or HTTPS.
    pub encrypted: BTreeSet<u32>,
    /// They go through a proxy, which asks in their place.
    pub proxied: BTreeSet<u32>,
    /// They used services, and no question of theirs was seen.
    pub silent: BTreeSet<u32>,
}

impl Hidden {
    /// All of them.
    pub fn all(&self) -> BTreeSet<u32> {
        self.encrypted.iter().chain(&self.proxied).chain(&self.silent).copied().collect()
    }

    /// Who may have asked unseen.
    pub fn of(atlas: &Atlas) -> Hidden {
        let mut hidden = Hidden::default();
        for row in &atlas.observed.history.indications {
            if row.indicator.kind == IndicatorKind::Sni && is_resolver(&row.indicator.text) {
                hidden.encrypted.extend(atlas.host_place(&row.client));
            }
        }
        let mut asking: BTreeSet<Mac> = BTreeSet::new();
        for (place, host) in (0u32..).zip(&atlas.observed.snapshot.hosts) {
            if !host.internal {
                hidden.encrypted.remove(&place);
                continue;
            }
            let mut uses = false;
            let mut asks = host.roles.contains("dns-server");
            for dependency in atlas.uses(place) {
                let Some(row) = atlas.dependency(*dependency) else { continue };
                if row.state < DependencyState::Answered {
                    continue;
                }
                uses = true;
                asks |= row.protocol() == Some("dns");
                if atlas.service_of(*dependency).is_some_and(|service| is_encrypted(atlas, service)) {
                    hidden.encrypted.insert(place);
                }
                if atlas.server_of(*dependency).is_some_and(|server| is_proxy(atlas, server)) {
                    hidden.proxied.insert(place);
                }
            }
            if asks {
                asking.extend(&host.macs);
            } else if uses {
                hidden.silent.insert(place);
            }
        }
        // A machine asks from one of its addresses for all of them.
        hidden.silent.retain(|place| atlas.host(*place).is_some_and(|host| host.macs.is_disjoint(&asking)));
        hidden
    }
}

fn is_resolver(name: &str) -> bool {
    RESOLVERS.iter().any(|known| is_or_is_below(name, known))
}

/// TLS at the port of DNS over TLS, or TLS that names a protocol of DNS.
fn is_encrypted(atlas: &Atlas, service: u32) -> bool {
    let Some(row) = atlas.service(service) else { return false };
    let Some(tls) = &row.tls else { return false };
    row.key.port == PORT
        || PROTOCOLS.iter().any(|protocol| tls.seen.alpn.iter().any(|offered| offered == protocol))
}

/// A host that is a proxy, as the map or the operator says.
fn is_proxy(atlas: &Atlas, host: u32) -> bool {
    let proxy = |host: &crate::graph::Host| {
        host.roles.contains("proxy") || host.labels.iter().any(|label| label == "proxy")
    };
    atlas.host(host).is_some_and(proxy)
}

/// A name is another one, or stands below it: `a.bad.example` below `bad.example`.
pub(super) fn is_or_is_below(name: &str, above: &str) -> bool {
    let Some(cut) = name.len().checked_sub(above.len()) else { return false };
    let (Some(start), Some(end)) = (name.get(..cut), name.get(cut..)) else { return false };
    end.eq_ignore_ascii_case(above) && (start.is_empty() || start.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_below_a_name_belong_to_it() {
        assert!(is_or_is_below("bad.example", "bad.example"));
        assert!(is_or_is_below("a.b.Bad.example", "bad.example"));
        for other in ["notbad.example", "example", "bad.example.org", ""] {
            assert!(!is_or_is_below(other, "bad.example"), "{other}");
        }
        assert!(!is_or_is_below("ümlaut", "laut2"), "cut inside a character");
    }

    #[test]
    fn resolvers_are_known_with_their_subdomains() {
        assert!(is_resolver("dns.google"));
        assert!(is_resolver("abc123.dns.nextdns.io"));
        assert!(!is_resolver("www.google.com"));
    }
}
