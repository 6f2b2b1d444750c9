//! How much of a service hangs on another: a share of its requests, told carefully.

use super::nesting::Nesting;

/// Two-sided 95 %.
const Z95: f64 = 1.959_963_985;

/// How often a service needs another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Usage {
    /// For four requests of five, at least.
    Always,
    /// For three of ten, at least.
    Usually,
    /// For fewer (an answer that is cached, a name that is known).
    Sometimes,
}

impl Usage {
    /// The label of a strength.
    pub fn of(strength: f64) -> Self {
        match strength {
            strength if strength >= 0.8 => Usage::Always,
            strength if strength >= 0.3 => Usage::Usually,
            _ => Usage::Sometimes,
        }
    }

    /// Its word.
    pub const fn word(self) -> &'static str {
        match self {
            Usage::Always => "always",
            Usage::Usually => "usually",
            Usage::Sometimes => "sometimes",
        }
    }
}

/// The lower end of Wilson's 95 % interval for `share` of `of` trials (Wilson 1927).
pub fn wilson_lower(share: f64, of: f64) -> f64 {
    if of <= 0.0 {
        return 0.0;
    }
    let square = Z95 * Z95;
    let centre = share + square / (2.0 * of);
    let half = Z95 * (share * (1.0 - share) / of + square / (4.0 * of * of)).sqrt();
    ((centre - half) / (1.0 + square / of)).clamp(0.0, 1.0)
}

/// The strength of a link: Wilson's lower bound of the share of requests that need the other service.
///
/// Of n₁₂/n₁ in quiet times. Where requests overlap, chance alone nests some, and a service that is
/// needed by one request of ten would look needed by nearly all of them; so chance is taken out of both
/// numbers, and the same service has the same strength by day and by night.
#[expect(clippy::cast_precision_loss, reason = "counts of exchanges stay far below 2^53")]
pub fn strength(nesting: &Nesting) -> f64 {
    let free = nesting.requests as f64 - nesting.expected;
    nesting.share().map_or(0.0, |share| wilson_lower(share, free))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_requests_are_no_certainty() {
        // Brown, Cai, DasGupta 2001: 0.8 of 10 gives 0.490, all of 10 gives 0.722.
        assert!((wilson_lower(0.8, 10.0) - 0.490).abs() < 0.001);
        assert!((wilson_lower(1.0, 10.0) - 0.722).abs() < 0.001);
        assert!(wilson_lower(1.0, 1000.0) > 0.99);
        assert_eq!(wilson_lower(0.0, 0.0), 0.0);
    }

    #[test]
    fn chance_is_taken_out_of_a_share() {
        let quiet = Nesting { requests: 1000, nested: 400, expected: 0.0, spread: 0.0 };
        let busy = Nesting { requests: 1000, nested: 700, expected: 500.0, spread: 15.0 };
        assert!((strength(&quiet) - strength(&busy)).abs() < 0.02);
        assert_eq!(Usage::of(strength(&busy)), Usage::Usually);
    }
}
