//! How sure it is that a client uses a service, from what was counted (`direction.md` §5).

use crate::graph::{Dependency, EdgeTotals};

/// Days of the client's own activity without the edge after which half of the confidence is gone.
const HALF_LIFE_DAYS: f64 = 14.0;

/// More hours than these make nothing surer.
const HOURS_MAX: usize = 10;

/// What is known of a client from all that it uses: the days on which it did anything.
pub struct Activity {
    days: Vec<i32>,
    scans: bool,
}

impl Activity {
    /// Of a client that has these dependencies. `scans` tells whether it was taken for a scanner.
    pub fn new<'a>(dependencies: impl Iterator<Item = &'a Dependency>, scans: bool) -> Activity {
        let mut days: Vec<i32> = Vec::new();
        for dependency in dependencies {
            days.extend(dependency.totals.hours.iter().map(|hour| hour.div_euclid(24)));
            // Most clients are active on one day only, and most lists are as short as this.
            if days.len() > 1_024 {
                days.sort_unstable();
                days.dedup();
            }
        }
        days.sort_unstable();
        days.dedup();
        Activity { days, scans }
    }

    /// How sure it is that the client uses any of some services that stand in for each other, 0 to 1.
    pub fn confidence(&self, edges: &[&Dependency]) -> f64 {
        let sessions: f64 = edges.iter().map(|edge| f64::from(edge.totals.observed)).sum();
        let parsed = edges.iter().any(|edge| edge.totals.recognised > 0);
        let direction = edges.iter().map(|edge| f64::from(edge.totals.confidence)).fold(0.0, f64::max);
        let hours = match edges {
            [edge] => edge.totals.hours.len(),
            edges => {
                let mut hours: Vec<i32> = edges.iter().flat_map(|edge| &edge.totals.hours).copied().collect();
                hours.sort_unstable();
                hours.dedup();
                hours.len()
            }
        };
        let certain = edges.iter().any(|edge| edge.state >= crate::graph::DependencyState::Dependency);
        let scan = if self.scans && !certain { SCANNER } else { 0.0 };
        let idle = edges.iter().map(|edge| self.idle_days(&edge.totals)).min().unwrap_or(0);
        direction * (1.0 - scan) * evidence(sessions, hours, parsed) * decay(idle)
    }

    /// Days on which the client was active after it last used the service.
    fn idle_days(&self, totals: &EdgeTotals) -> usize {
        let Some(last) = totals.hours.last() else { return 0 };
        self.days.len() - self.days.partition_point(|day| *day <= last.div_euclid(24))
    }
}

/// A source that was taken for a scanner is one with this probability: β of the random walk that tells
/// (Jung et al. 2004). What it uses often or for long is no scan all the same.
const SCANNER: f64 = 0.99;

fn evidence(sessions: f64, hours: usize, parsed: bool) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "at most ten")]
    let hours = hours.min(HOURS_MAX) as f64;
    let parsed = if parsed { 1.0 } else { 0.0 };
    1.0 - (-(0.5 * sessions.ln_1p() + 0.35 * hours + parsed)).exp()
}

fn decay(idle_days: usize) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "days")]
    let idle = idle_days as f64;
    (-idle / HALF_LIFE_DAYS).exp2()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_session_that_nobody_recognised_is_not_enough() {
        let near = |value: f64, expected: f64| assert!((value - expected).abs() < 5e-3, "{value} {expected}");
        near(evidence(1.0, 1, false), 0.50);
        near(evidence(1.0, 1, true), 0.82);
        near(evidence(3.0, 2, false), 0.75);
        near(evidence(1e9, 10, true), 1.0);
        near(evidence(1.0, 500, false), evidence(1.0, 10, false));
    }

    #[test]
    fn two_weeks_of_activity_without_it_halve_it() {
        assert_eq!((decay(0), decay(14), decay(28)), (1.0, 0.5, 0.25));
    }
}
