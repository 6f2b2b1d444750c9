//! A morning in an enterprise: which flows begin, when, and how large they become.

use std::io;
use std::path::Path;

use super::frame::Route;
use super::network::Network;
use super::pcap::Pcap;
use super::random::Random;
use super::schedule::{Flow, Schedule};
use super::script::{self, HABITS, Habit};
use super::talk::{Dialogue, MILLISECOND};
use super::tcp::{Attempt, Connection};
use super::udp::Datagrams;
use super::{Dependency, Expected, World, Written};

const SEED: u64 = 0x7461_706d_6170;

/// Mean time between the beginnings of two flows, nanoseconds: 30,000 flows begin within five minutes.
const BETWEEN_FLOWS: u64 = 10 * MILLISECOND;

/// A flow that is going to begin.
struct Plan {
    start: u64,
    /// What it speaks; `None` for an attempt that fails.
    habit: Option<&'static Habit>,
    /// Its share of all packets before scaling.
    weight: usize,
}

/// Writes about `packets` packets in exactly `flows` flows.
pub fn mixture(path: &Path, packets: usize, flows: usize) -> io::Result<Written> {
    let mut random = Random::new(SEED);
    let world = World::new(&mut random).map_err(io::Error::other)?;
    let mut network = world.network.clone();
    let mut pcap = Pcap::create(path)?;
    let mut schedule = Schedule::default();
    let mut written = Written { flows: flows as u64, ..Written::default() };
    let plans = plan(flows, &mut random);
    let mut weight_left: usize = plans.iter().map(|plan| plan.weight).sum();
    for plan in plans {
        schedule.run_until(plan.start, &world, &mut pcap)?;
        // What the earlier flows have not taken is shared among this one and the later ones.
        let packets_left = packets.saturating_sub(schedule.committed);
        let share = plan.weight as u64 * packets_left as u64 / weight_left.max(1) as u64;
        weight_left -= plan.weight;
        let flow = match plan.habit {
            Some(habit) => {
                let budget = if habit.udp { plan.weight } else { (share as usize).max(habit.packets.0) };
                let (server, route) = network.route(habit.kind, &mut random);
                let expected = written.dependencies.entry(dependency(&route, habit.udp)).or_default();
                *expected = Expected { flows: expected.flows + 1, protocol: habit.protocol };
                talking(habit, &world, server, route, budget, plan.start, random.fork())
            }
            None => failing(&mut network, plan.start, &mut random),
        };
        schedule.start(flow, &world);
    }
    schedule.run_until(u64::MAX, &world, &mut pcap)?;
    (written.packets, written.bytes, written.open_max) = (pcap.packets, pcap.bytes, schedule.open_max);
    pcap.finish()?;
    Ok(written)
}

/// Draws all flows in order of their beginning.
fn plan(flows: usize, random: &mut Random) -> Vec<Plan> {
    let mut plans: Vec<Plan> = (0..flows)
        .map(|_| {
            let mut ticket = random.below(1000);
            let habit = HABITS.iter().find(|habit| {
                let chosen = ticket < habit.share;
                ticket = ticket.saturating_sub(habit.share);
                chosen
            });
            let weight = habit.map_or(3, |habit| random.heavy(habit.packets.0, habit.packets.1));
            let mut start = random.below(flows) as u64 * BETWEEN_FLOWS + random.wait(BETWEEN_FLOWS);
            // The few huge flows begin early, or they would stretch the capture by themselves.
            if weight > 1000 {
                start /= 2;
            }
            Plan { start, habit, weight }
        })
        .collect();
    plans.sort_by_key(|plan| plan.start);
    plans
}

/// A flow that comes about.
fn talking(
    habit: &Habit,
    world: &World,
    server: usize,
    route: Route,
    budget: usize,
    start: u64,
    mut random: Random,
) -> Box<dyn Flow> {
    let name = &world.network.servers[server].name;
    let script = script::script(habit.kind, name, server % world.chains.len(), &mut random);
    // A large flow is a busy one: it thinks less, or it would last for hours.
    let think = habit.think * 40 / budget.max(40) as u64;
    let dialogue = Dialogue::new(script, budget, think, random.fork());
    if habit.udp {
        Box::new(Datagrams::new(route, dialogue, start, random))
    } else {
        Box::new(Connection::new(route, dialogue, start, random))
    }
}

/// An attempt on a port that nothing listens on, or behind a firewall.
fn failing(network: &mut Network, start: u64, random: &mut Random) -> Box<dyn Flow> {
    let (_, mut route) = network.route(script::Kind::Ssh, random);
    route.server.port = *random.pick(&[21, 23, 139, 1433, 3389, 5900, 8081]);
    let refused = random.chance(2, 5);
    Box::new(Attempt::new(route, start, refused, random.fork()))
}

/// How the report words a route.
pub fn dependency(route: &Route, udp: bool) -> Dependency {
    let transport = if udp { "udp" } else { "tcp" };
    (route.client.address.to_string(), route.server.address.to_string(), route.server.port, transport)
}
