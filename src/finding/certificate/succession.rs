//! Which certificates were renewed while we watched, and how early that is usually done.

use std::collections::BTreeMap;

use crate::graph::{Certificate, CertificateSeen, Snapshot};
use crate::model::{HostKey, Nanos, Role, ServiceKey, Timestamp};

const DAY: Nanos = 86_400_000_000_000;

/// Renewals from which a habit is learnt.
const RENEWALS_MIN: usize = 2;

/// What a renewal keeps: where the certificate is presented, by whom, under which name, at which
/// place in the chain, and the kind of key (a server may hold an RSA and an ECDSA certificate at once).
type Seat<'a> = (ServiceKey, Role, Option<HostKey>, Option<&'a str>, u8, &'a str);

/// Who followed whom. A certificate that was renewed while we watched is no longer anybody's trouble.
pub struct Successions<'a> {
    /// First seen, and the latest start of validity of all that were first seen then or later.
    seats: BTreeMap<Seat<'a>, Vec<(Timestamp, Timestamp)>>,
    /// First seen, and the end of validity, in order of time.
    lives: BTreeMap<Seat<'a>, Vec<(Timestamp, Timestamp)>>,
}

impl<'a> Successions<'a> {
    /// Learns from all certificates of a map.
    pub fn new(snapshot: &'a Snapshot) -> Self {
        let mut seats: BTreeMap<Seat<'a>, Vec<(Timestamp, Timestamp)>> = BTreeMap::new();
        let mut lives: BTreeMap<Seat<'a>, Vec<(Timestamp, Timestamp)>> = BTreeMap::new();
        for certificate in &snapshot.certificates {
            for seen in &certificate.seen {
                let since = (seen.seen.span.first, certificate.facts.not_before);
                seats.entry(seat(certificate, seen)).or_default().push(since);
                let life = (seen.seen.span.first, certificate.facts.not_after);
                lives.entry(seat(certificate, seen)).or_default().push(life);
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
        lives.values_mut().for_each(|lives| lives.sort_unstable());
        Successions { seats, lives }
    }

    /// Days that a certificate has left and those that others had left when they were renewed at its place, if
    /// it has less than half of the latter (their median): whoever renews it has stopped.
    pub fn overdue(&self, of: &Certificate, seen: &CertificateSeen, at: Timestamp) -> Option<(i64, i64)> {
        let lives = self.lives.get(&seat(of, seen))?;
        let mut left: Vec<Nanos> = lives
            .windows(2)
            .filter_map(|pair| match pair {
                [(_, end), (next, _)] if end > next => Some(*end - *next),
                _ => None,
            })
            .collect();
        if left.len() < RENEWALS_MIN {
            return None;
        }
        left.sort_unstable();
        let usual = *left.get(left.len() / 2)?;
        let now = of.facts.not_after - at;
        (now < usual / 2).then_some((now.div_euclid(DAY), usual.div_euclid(DAY)))
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
