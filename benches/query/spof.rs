//! The full ranking of single points of failure.

use tapmap::query::{Worths, spof};

use crate::figure::Figure;
use crate::network::Network;
use crate::timing::time;

/// Seconds of a full ranking.
const SECONDS_MAX: f64 = 10.0;

/// Every host, service and pool of a network is failed.
pub fn measure(network: &Network) -> Figure {
    let worths = Worths::new((0..network.requires.nodes()).map(|node| 1.0 + f64::from(node % 5)).collect());
    let (took, found) = time(|| spof(&network.requires, &worths, 20, false));
    let name = format!("all single points of failure ({}), {}", found.count, network.name());
    Figure::at_most(&name, took.as_secs_f64(), SECONDS_MAX, " s")
}
