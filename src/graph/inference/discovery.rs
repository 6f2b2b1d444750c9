//! Many pairs are tested, and few of those believed may be believed by chance.

/// The largest p-value to believe, so that of all that is believed at most the share `q` is expected to
/// be chance (Benjamini and Hochberg 1995). Zero where nothing is to be believed.
pub fn threshold(p_values: &[f64], q: f64) -> f64 {
    let mut sorted = p_values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    #[expect(clippy::cast_precision_loss, reason = "a number of pairs")]
    let allowed = |place: usize| (place + 1) as f64 * q / sorted.len() as f64;
    sorted.iter().enumerate().rev().find(|(place, p)| **p <= allowed(*place)).map_or(0.0, |(_, p)| *p)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_authors_gives_their_four() {
        // Benjamini and Hochberg 1995, section 3.1: of 15 p-values, q = 0.05 keeps the four smallest.
        let p_values = [
            0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719,
            0.6528, 0.7590, 1.0000,
        ];
        assert_eq!(threshold(&p_values, 0.05), 0.0095);
        assert_eq!(threshold(&[0.5, 0.9], 0.01), 0.0);
        assert_eq!(threshold(&[], 0.01), 0.0);
    }
}
