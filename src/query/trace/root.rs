//! From victims back in time: who can have infected them, by when at the latest, and who explains
//! most of them (`blast_radius.md` §3.4).

use super::likelihood::{Likeliest, likeliest};
use super::search::{Heading, Hop, Rules, Stops, earliest};
use crate::model::Timestamp;
use crate::query::contact::Contacts;

/// Probabilities that differ by less than this share count as equal, so that what is odd decides.
const GRAIN: f64 = 100.0;

/// Looks back from victims, each with the moment at which it was known to be infected.
#[derive(Debug)]
pub struct Root {
    /// The victims.
    pub victims: Vec<(u32, Timestamp)>,
    back: Vec<(Stops, Likeliest)>,
}

/// Who may have been first.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// Its place.
    pub host: u32,
    /// The latest moment at which it must have been infected to explain everything that it explains.
    pub at: Timestamp,
    /// The victims that it explains: their places in the list of victims. A victim does not explain
    /// itself: somebody infected it.
    pub explains: Vec<Explained>,
    /// The geometric mean over those victims of the product along the likeliest path.
    pub probability: f64,
    /// How many odd things stand on its paths; filled in by whoever knows what is odd.
    pub oddities: u8,
    /// It is a victim itself.
    pub victim: bool,
}

/// One victim that a candidate explains.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Explained {
    /// The place in the list of victims.
    pub victim: usize,
    /// The latest moment at which the candidate must have been infected for this one.
    pub at: Timestamp,
    /// The product along the likeliest path.
    pub probability: f64,
}

impl Candidate {
    fn rank(&self) -> (usize, u64, u8) {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to 100")]
        let grains = (self.probability * GRAIN).round() as u64;
        (self.explains.len(), grains, self.oddities)
    }

    /// The rank as one number: the victims explained, then a part of one for the probability, then a
    /// smaller one for what is odd. It orders candidates as they are ordered.
    pub fn score(&self) -> f64 {
        let (explains, grains, oddities) = self.rank();
        explains as f64 + 0.9 * grains as f64 / GRAIN + 0.002 * f64::from(oddities.min(4))
    }
}

impl Root {
    /// Searches back from each victim.
    pub fn of(contacts: &Contacts, victims: &[(u32, Timestamp)], rules: &Rules) -> Root {
        let back = |victim: &(u32, Timestamp)| {
            let from = [*victim];
            let stops = earliest(contacts, &from, rules, Heading::Back);
            (stops, likeliest(contacts, &from, rules, Heading::Back))
        };
        Root { back: victims.iter().map(back).collect(), victims: victims.to_vec() }
    }

    /// The latest moment at which a host must have been infected to explain a victim.
    pub fn latest(&self, host: u32, victim: usize) -> Option<Timestamp> {
        let (stops, _) = self.back.get(victim)?;
        stops.control(host)
    }

    /// The contacts from a candidate to a victim that leave it latest, each with the latest moment at
    /// which its actor must be infected.
    pub fn path(&self, contacts: &Contacts, host: u32, victim: usize) -> Vec<Hop> {
        self.back.get(victim).map(|(stops, _)| stops.path(contacts, host, false)).unwrap_or_default()
    }

    /// The likeliest path from a candidate to a victim.
    pub fn likely_path(&self, host: u32, victim: usize) -> Vec<Hop> {
        self.back.get(victim).map(|(_, likely)| likely.path(host, false)).unwrap_or_default()
    }

    /// Everybody who explains a victim, in the order of places.
    pub fn candidates(&self, contacts: &Contacts) -> Vec<Candidate> {
        let hosts = 0..u32::try_from(contacts.hosts()).unwrap_or(u32::MAX);
        hosts.filter_map(|host| self.candidate(host)).collect()
    }

    fn candidate(&self, host: u32) -> Option<Candidate> {
        let explains: Vec<Explained> = (self.victims.iter().zip(&self.back).enumerate())
            .filter(|(_, ((victim, _), _))| *victim != host)
            .filter_map(|(victim, (_, (stops, likely)))| {
                Some(Explained { victim, at: stops.control(host)?, probability: likely.control(host) })
            })
            .collect();
        let logs: f64 = explains.iter().map(|explained| explained.probability.ln()).sum();
        Some(Candidate {
            host,
            at: explains.iter().map(|explained| explained.at).min()?,
            probability: (logs / explains.len() as f64).exp(),
            explains,
            oddities: 0,
            victim: self.victims.iter().any(|(victim, _)| *victim == host),
        })
    }
}

/// Puts the best candidate first: who explains most victims, then by the likeliest paths, then by
/// what is oddest; of equals, who can have been infected latest.
pub fn rank(candidates: &mut [Candidate]) {
    candidates.sort_by(|one, other| {
        (other.rank(), other.at).cmp(&(one.rank(), one.at)).then(one.host.cmp(&other.host))
    });
}
