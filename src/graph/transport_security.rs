//! What was seen of TLS at one service, and of the certificates it and its clients presented.

use std::collections::{BTreeMap, BTreeSet};

use compact_str::CompactString;

use crate::model::{HostKey, Moment, Role, ServiceKey, Span, TlsVersion};

/// Server names, fingerprints and protocols remembered for one service: a CDN's address has more
/// names than anybody reads.
const WORDS_MAX: usize = 256;

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
    pub versions: BTreeSet<TlsVersion>,
    /// Server names asked for.
    pub sni: BTreeSet<CompactString>,
    /// Protocols negotiated, or offered where the choice is hidden.
    pub alpn: BTreeSet<CompactString>,
    /// Client fingerprints.
    pub ja4: BTreeSet<CompactString>,
    /// SHA-256 of the certificates presented, in binary.
    pub certificates: BTreeSet<[u8; 32]>,
    /// A session was resumed, so that its certificate was not sent again.
    pub resumed: bool,
    /// An encrypted ClientHello was offered.
    pub ech: bool,
}

/// Adds a word while there is room. The smallest stay, so that the order of joining is no matter.
pub fn add_word<T: Ord>(words: &mut BTreeSet<T>, word: T) {
    words.insert(word);
    if words.len() > WORDS_MAX {
        words.pop_last();
    }
}

impl TlsSeen {
    /// Adds what was seen elsewhere.
    pub fn join(&mut self, other: TlsSeen) {
        self.versions.extend(other.versions);
        for (mine, theirs) in
            [(&mut self.sni, other.sni), (&mut self.alpn, other.alpn), (&mut self.ja4, other.ja4)]
        {
            for word in theirs {
                add_word(mine, word);
            }
        }
        for certificate in other.certificates {
            self.add_certificate(certificate);
        }
        self.resumed |= other.resumed;
        self.ech |= other.ech;
    }

    /// Adds a certificate while there is room.
    pub fn add_certificate(&mut self, sha256: [u8; 32]) {
        self.certificates.insert(sha256);
        if self.certificates.len() > CERTIFICATES_MAX {
            self.certificates.pop_last();
        }
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
    pub clients: BTreeSet<HostKey>,
}

/// Where one certificate was seen.
pub type Places = BTreeMap<Place, PlaceSeen>;

/// Adds a place, or what else was seen at it.
pub fn add_place(places: &mut Places, place: Place, seen: PlaceSeen) {
    if let Some(known) = places.get_mut(&place) {
        known.span.join(seen.span);
        if (seen.at.time, seen.at) < (known.at.time, known.at) {
            known.at = seen.at;
        }
        for client in seen.clients {
            known.clients.insert(client);
            if known.clients.len() > CLIENTS_MAX {
                known.clients.pop_last();
            }
        }
        return;
    }
    places.insert(place, seen);
    if places.len() > PLACES_MAX {
        places.pop_last();
    }
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
                add_place(&mut places, place, PlaceSeen { span, at, clients: [host(last)].into() });
            }
        }
        assert_eq!(places.len(), 64);
        assert!(places.values().all(|seen| seen.clients.len() == 64));
    }
}
