//! How a sensor does, in one line.

use crate::model::Nanos;
use crate::pipeline::live::{Learning, Published, Trouble};

const SECOND: Nanos = 1_000_000_000;

/// What is on the map, what was lost, how young it is, what is wrong.
pub fn summary(published: &Published) -> String {
    let Published { snapshot, totals, health, learning, findings, .. } = published;
    let mut line = format!(
        "{} hosts, {} services, {} dependencies, {} findings, {} packets",
        snapshot.hosts.len(),
        snapshot.services.len(),
        snapshot.dependencies.len(),
        findings.len(),
        totals.packets.read,
    );
    if health.dropped > 0 {
        line.push_str(&format!(
            ", {} lost ({:.2} % of the last minute)",
            health.dropped,
            health.loss * 100.0
        ));
    }
    line.push_str(&format!("; {}", learnt(learning)));
    for trouble in &health.troubles {
        line.push_str(&match trouble {
            Trouble::Loss => "; LOSES PACKETS".to_owned(),
            Trouble::Silence => "; HEARS NOTHING".to_owned(),
            Trouble::Down(name) => format!("; {name} IS DOWN"),
            Trouble::Store => "; CANNOT STORE".to_owned(),
        });
    }
    line
}

fn learnt(learning: &Learning) -> String {
    let seconds = learning.watched / SECOND;
    let time = match seconds {
        ..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} d", seconds / 86_400),
    };
    format!("learning for {time}, {:.0} % of this hour is new", learning.share() * 100.0)
}
