//! What was seen of TLS at one service, and of the certificates it and its clients presented.

use compact_str::CompactString;

use super::certificate::Staple;
use super::set::Set;
use crate::model::{HostKey, Moment, Role, ServiceKey, Span, TlsVersion};

/// Server names, fingerprints and protocols remembered for one service: a CDN's address has more
/// names than anybody reads.
pub const WORDS_MAX: usize = 256;

/// Certificates remembered for one service.
const CERTIFICATES_MAX: usize = 64;

/// Places remembered for one certificate.
const PLACES_MAX: usize = 64;

/// Clients remembered for one place. One certificate's places hold 64 × 64 × 32 B = 128 KiB of them at
/// most, and that takes 4,096 handshakes: all certificates together hold one client for each handshake
/// seen.
const CLIENTS_MAX: usize = 64;

/// TLS at one service.
#[derive(Clone, Debug, Default)]
pub struct TlsSeen {
    /// Versions negotiated.
    pub versions: Set<TlsVersion, 16>,
    /// Server names asked for.
    pub sni: Set<CompactString>,
    /// Protocols negotiated, or offered where the choice is hidden.
    pub alpn: Set<CompactString>,
    /// Client fingerprints.
    pub ja4: Set<CompactString>,
    /// SHA-256 of the certificates presented, in binary.
    pub certificates: Set<[u8; 32]>,
    /// A session was resumed, so that its certificate was not sent again.
    pub resumed: bool,
    /// An encrypted ClientHello was offered.
    pub ech: bool,
}

impl TlsSeen {
    /// Adds what was seen elsewhere.
    pub fn join(&mut self, other: TlsSeen) {
        self.versions.join(WORDS_MAX, other.versions);
        self.sni.join(WORDS_MAX, other.sni);
        self.alpn.join(WORDS_MAX, other.alpn);
        self.ja4.join(WORDS_MAX, other.ja4);
        self.certificates.join(CERTIFICATES_MAX, other.certificates);
        self.resumed |= other.resumed;
        self.ech |= other.ech;
    }

    /// Adds a certificate while there is room.
    pub fn add_certificate(&mut self, sha256: [u8; 32]) {
        self.certificates.add(CERTIFICATES_MAX, sha256);
    }
}

/// Where a certificate was seen.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The service it was presented at.
    pub service: ServiceKey,
    /// Who presented it: the service, or a client of it.
    pub role: Role,
    /// The client; only named where it is the one who presented it.
    pub client: Option<HostKey>,
    /// The name the client had asked for.
    pub sni: Option<CompactString>,
    /// Its place in the chain, 0 for the leaf.
    pub position: u8,
}

/// When it was seen there.
#[derive(Clone, Debug)]
pub struct PlaceSeen {
    /// From when to when.
    pub span: Span,
    /// The first frame that shows it.
    pub at: Moment,
    /// Who was shown it, at most 64.
    pub clients: Set<HostKey>,
    /// What the server stapled to it last, as far as a client asked for that.
    pub staple: Option<Staple>,
}

impl PlaceSeen {
    /// Adds what was seen elsewhere.
    pub fn join(&mut self, other: PlaceSeen) {
        self.span.join(other.span);
        if (other.at.time, other.at) < (self.at.time, self.at) {
            self.at = other.at;
        }
        self.clients.join(CLIENTS_MAX, other.clients);
        self.staple = self.staple.max(other.staple);
    }
}

/// Where one certificate was seen, sorted.
pub type Places = Vec<(Place, PlaceSeen)>;

/// Adds a place, or what else was seen at it.
pub fn add_place(places: &mut Places, place: Place, seen: PlaceSeen) {
    match places.binary_search_by(|(known, _)| known.cmp(&place)) {
        Ok(known) => {
            if let Some((_, known)) = places.get_mut(known) {
                known.join(seen);
            }
        }
        Err(free) if free < PLACES_MAX => {
            places.reserve_exact(1);
            places.insert(free, (place, seen));
            places.truncate(PLACES_MAX);
        }
        Err(_) => {}
    }
}

/// What was seen at a place, to be changed.
pub fn seen_at<'a>(places: &'a mut Places, place: &Place) -> Option<&'a mut PlaceSeen> {
    let known = places.binary_search_by(|(known, _)| known.cmp(place)).ok()?;
    places.get_mut(known).map(|(_, seen)| seen)
}

#[cfg(test)]
mod tests {
    use super::super::testing::endpoint;
    use super::*;
    use crate::model::{Realm, Timestamp, Transport};

    #[test]
    fn places_and_their_clients_are_bounded() {
        let host = |last| HostKey { realm: Realm::DEFAULT, address: endpoint(last, 0).address };
        let mut places = Places::new();
        for port in 0..200 {
            for last in 0..200 {
                let service = ServiceKey { host: host(1), port, transport: Transport::Tcp };
                let place = Place { service, role: Role::Server, client: None, sni: None, position: 0 };
                let (span, at) = (Span::at(Timestamp::default()), Moment::default());
                add_place(
                    &mut places,
                    place,
                    PlaceSeen { span, at, clients: Some(host(last)).into(), staple: None },
                );
            }
        }
        assert_eq!(places.len(), 64);
        assert!(places.iter().all(|(_, seen)| seen.clients.len() == 64));
    }
}
