//! From a severity to a score that says where its points went.

use std::fmt;

/// The least that a factor can be: no factor alone wipes out the others.
const FACTOR_MIN: f64 = 0.05;

/// A finding that hands out access is never told below this, however small the asset.
pub const ACCESS_SCORE_MIN: f64 = 40.0;

/// How urgent, in five steps; the order is that of urgency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Band {
    /// Good to know.
    Info,
    /// From 20 points.
    Low,
    /// From 40 points.
    Medium,
    /// From 60 points.
    High,
    /// From 80 points.
    Critical,
}

impl Band {
    /// All bands, the least urgent first.
    pub const ALL: [Band; 5] = [Band::Info, Band::Low, Band::Medium, Band::High, Band::Critical];

    /// The band of a score.
    pub fn of(score: f64) -> Band {
        match score {
            score if score >= 80.0 => Band::Critical,
            score if score >= 60.0 => Band::High,
            score if score >= 40.0 => Band::Medium,
            score if score >= 20.0 => Band::Low,
            _ => Band::Info,
        }
    }

    /// The word of the contract.
    pub const fn word(self) -> &'static str {
        match self {
            Band::Info => "info",
            Band::Low => "low",
            Band::Medium => "medium",
            Band::High => "high",
            Band::Critical => "critical",
        }
    }

    /// The band with this word.
    pub fn from_word(word: &str) -> Option<Band> {
        Band::ALL.into_iter().find(|band| band.word() == word)
    }
}

impl fmt::Display for Band {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// What a score is made of, each from 0 to 1: `100 · conf · e^0.4 · k^0.3 · b^0.3`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Factors {
    /// How sure it is that it happened, and between whom.
    pub confidence: f64,
    /// Severity after context, as a share of ten.
    pub technical: f64,
    /// What the asset is worth to the business.
    pub business: f64,
    /// How much else fails or falls with it.
    pub blast_radius: f64,
}

/// A score and the points that were lost on the way down from a hundred.
#[derive(Clone, Debug, PartialEq)]
pub struct Score {
    /// 0 to 100, to a tenth of a point.
    pub points: f64,
    /// What each factor cost, in the order of the formula. A floor gives points back.
    pub lost: Vec<(&'static str, f64)>,
}

impl Factors {
    /// The score, not below `floor`. The points lost add up to what is missing to a hundred, but for
    /// rounding to tenths.
    pub fn score(&self, floor: Option<f64>) -> Score {
        let factors = [
            ("confidence", self.confidence, 1.0),
            ("technical", self.technical, 0.4),
            ("business", self.business, 0.3),
            ("blast_radius", self.blast_radius, 0.3),
        ];
        let mut points = 100.0;
        let mut lost = Vec::with_capacity(factors.len() + 1);
        for (name, factor, weight) in factors {
            let next = points * factor.clamp(FACTOR_MIN, 1.0).powf(weight);
            lost.push((name, tenths(points - next)));
            points = next;
        }
        if let Some(floor) = floor
            && points < floor
        {
            lost.push(("floor", tenths(points - floor)));
            points = floor;
        }
        Score { points: tenths(points), lost }
    }
}

fn tenths(points: f64) -> f64 {
    // Adding zero makes −0 a plain 0.
    (points * 10.0).round() / 10.0 + 0.0
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scores the factors and insists on points, band, and that the explanation adds up.
    fn check(confidence: f64, technical: f64, business: f64, blast_radius: f64, points: f64, band: Band) {
        let score = Factors { confidence, technical, business, blast_radius }.score(None);
        assert!((score.points - points).abs() < 0.051, "{score:?}, not {points}");
        assert_eq!(Band::of(score.points), band);
        let sum: f64 = score.lost.iter().map(|(_, lost)| lost).sum();
        assert!((sum - (100.0 - score.points)).abs() < 1.0, "{score:?}");
    }

    #[test]
    fn worked_examples() {
        check(0.95, 0.9, 0.8933, 0.6, 75.5, Band::High);
        check(0.95, 0.9, 0.0733, 0.02, 16.9, Band::Info);
        check(0.99, 0.6, 0.8667, 0.55, 64.6, Band::High);
        check(1.0, 0.8, 0.8667, 0.55, 73.2, Band::High);
    }

    #[test]
    fn points_lost_are_told_in_order() {
        let factors = Factors { confidence: 0.95, technical: 0.9, business: 0.8933, blast_radius: 0.6 };
        let lost = factors.score(None).lost;
        let expected = [("confidence", 5.0), ("technical", 3.9), ("business", 3.0), ("blast_radius", 12.5)];
        assert_eq!(lost, expected);
    }

    #[test]
    fn a_floor_gives_points_back() {
        let factors = Factors { confidence: 0.95, technical: 0.9, business: 0.05, blast_radius: 0.05 };
        let score = factors.score(Some(ACCESS_SCORE_MIN));
        assert_eq!((score.points, Band::of(score.points)), (40.0, Band::Medium));
        let sum: f64 = score.lost.iter().map(|(_, lost)| lost).sum();
        assert!((sum - 60.0).abs() < 1.0, "{score:?}");
        assert_eq!(score.lost.len(), 5);
        let high = Factors { business: 1.0, blast_radius: 1.0, ..factors }.score(Some(ACCESS_SCORE_MIN));
        assert_eq!(high.lost.len(), 4, "no floor where none is needed");
    }

    #[test]
    fn more_of_any_factor_never_lowers_the_score() {
        let steps = (0..=20).map(|step| f64::from(step) / 20.0);
        let at = |place: usize, value: f64| {
            let mut parts = [0.5; 4];
            parts[place] = value;
            let [confidence, technical, business, blast_radius] = parts;
            Factors { confidence, technical, business, blast_radius }.score(None).points
        };
        for place in 0..4 {
            let points: Vec<f64> = steps.clone().map(|value| at(place, value)).collect();
            assert!(points.is_sorted() && points.first() < points.last(), "{points:?}");
        }
    }

    #[test]
    fn bands_are_ordered_and_named() {
        assert!(Band::ALL.is_sorted());
        for band in Band::ALL {
            assert_eq!(Band::from_word(band.word()), Some(band));
        }
        assert_eq!(Band::from_word("severe"), None);
        assert_eq!([79.9, 80.0, 59.9, 39.9, 19.9].map(Band::of), {
            [Band::High, Band::Critical, Band::Medium, Band::Low, Band::Info]
        });
    }
}
