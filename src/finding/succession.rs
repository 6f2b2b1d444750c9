//! Which certificates were renewed while we watched.

use std::collections::BTreeMap;

use crate::graph::{Certificate, CertificateSeen, Snapshot};
use crate::model::{HostKey, Role, ServiceKey, Timestamp};

/// What a renewal keeps: where the certificate is presented, by whom, under which name, at which
/// place in the chain, and the kind of key (a server may hold an RSA and an ECDSA certificate at once).
type Seat<'a> = (ServiceKey, Role, Option<HostKey>, Option<&'a str>, u8, &'a str);

/// Who followed whom. A certificate that was renewed while we watched is no longer anybody's trouble.
pub struct Successions<'a> {
    /// First seen, and the latest start of validity of all that were first seen then or later.
    seats: BTreeMap<Seat<'a>, Vec<(Timestamp, Timestamp)>>,
}

impl<'a> Successions<'a> {
    /// Learns from all certificates of a map.
    pub fn new(snapshot: &'a Snapshot) -> Self {
        let mut seats: BTreeMap<Seat<'a>, Vec<(Timestamp, Timestamp)>> = BTreeMap::new();
        for certificate in &snapshot.certificates {
            for seen in &certificate.seen {
                let since = (seen.seen.span.first, certificate.facts.not_before);
                seats.entry(seat(certificate, seen)).or_default().push(since);
            }
        }
        for since in seats.values_mut() {
            since.sort_unstable();
            let mut latest = Timestamp::MIN;
            for (_, not_before) in since.iter_mut().rev() {
                latest = latest.max(*not_before);
                *not_before = latest;
            }
        }
        Successions { seats }
    }

    /// True if a younger certificate took its place and it was not seen there again.
    pub fn replaced(&self, certificate: &Certificate, seen: &CertificateSeen) -> bool {
        let since = self.seats.get(&seat(certificate, seen)).map_or(&[][..], Vec::as_slice);
        let later = since.partition_point(|(first, _)| *first <= seen.seen.span.last);
        since.get(later).is_some_and(|(_, not_before)| *not_before > certificate.facts.not_before)
    }
}

fn seat<'a>(certificate: &'a Certificate, seen: &'a CertificateSeen) -> Seat<'a> {
    let place = &seen.place;
    let algorithm = certificate.facts.key_algorithm.as_str();
    (place.service, place.role, place.client, place.sni.as_deref(), place.position, algorithm)
}
