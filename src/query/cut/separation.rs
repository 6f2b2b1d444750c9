//! The least costly way to part two sets of nodes: ways, nodes or both are cut, and what must not be
//! cut stays. Knows nothing of hosts.

use crate::query::dinic::{INFINITE, Network, Pipe};

/// What may be cut.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Means {
    /// Single ways: a client's use of a service.
    #[default]
    Ways,
    /// Whole hosts.
    Hosts,
    /// Whatever is cheaper.
    Both,
}

/// Whether a way may be cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hold {
    /// It may.
    Free,
    /// It must stay.
    Protected,
    /// There is nothing to be cut: it is part of how the network is written down.
    Structure,
}

/// A way from one node to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Way {
    /// Where it begins.
    pub from: u32,
    /// Where it ends.
    pub to: u32,
    /// What its loss costs, in hundredths.
    pub cost: i64,
    /// Whether it may be cut.
    pub hold: Hold,
}

/// Two sets of nodes, and what is between them.
pub struct Separation<'a> {
    /// The ways.
    pub ways: &'a [Way],
    /// What the loss of each node costs, in hundredths; none where it must stay. Their number is the
    /// number of nodes.
    pub nodes: &'a [Option<i64>],
    /// Where an intruder is.
    pub from: &'a [u32],
    /// Where the intruder must not get.
    pub to: &'a [u32],
    /// What may be cut.
    pub means: Means,
}

/// A set whose removal leaves no way from one side to the other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CutSet {
    /// Places of ways, ascending.
    pub ways: Vec<u32>,
    /// Nodes, ascending.
    pub nodes: Vec<u32>,
}

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Parted {
    /// It can be done.
    Cut {
        /// What it costs, in hundredths: the same for both.
        cost: i64,
        /// The cut nearest to the intruder.
        near: CutSet,
        /// The cut nearest to what is to be kept safe.
        far: CutSet,
    },
    /// Only what must stay joins the two sides.
    Impossible {
        /// The shortest way through what must stay: places of ways, in order.
        witness: Vec<u32>,
        /// The cheapest set where protected ways may be given up at what they cost; none if even that
        /// does not part the two sides.
        concession: Option<Concession>,
    },
}

/// What it takes when protected ways may be given up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Concession {
    /// What everything costs, in hundredths.
    pub cost: i64,
    /// Everything cut, nearest to the intruder.
    pub cut: CutSet,
    /// Of these, the protected ones: places of ways, ascending.
    pub given_up: Vec<u32>,
}

impl Separation<'_> {
    /// Parts the two sets at the least cost.
    pub fn part(&self) -> Parted {
        if let Some((cost, near, far)) = self.cut(false) {
            return Parted::Cut { cost, near, far };
        }
        let concession = self.cut(true).map(|(cost, cut, _)| {
            let protected = |way: &u32| self.way(*way).is_some_and(|way| way.hold == Hold::Protected);
            Concession { cost, given_up: cut.ways.iter().copied().filter(protected).collect(), cut }
        });
        Parted::Impossible { witness: self.witness(), concession }
    }

    fn way(&self, place: u32) -> Option<&Way> {
        self.ways.get(place as usize)
    }

    fn count(&self) -> u32 {
        u32::try_from(self.nodes.len()).unwrap_or(u32::MAX / 4)
    }

    /// Where ways leave a node: nodes that can be cut are written as two, with a pipe between.
    fn leaving(&self, node: u32) -> u32 {
        match self.means {
            Means::Ways => node,
            Means::Hosts | Means::Both => self.count() + node,
        }
    }

    fn cut(&self, concede: bool) -> Option<(i64, CutSet, CutSet)> {
        let doubled = if self.means == Means::Ways { self.count() } else { 2 * self.count() };
        let (source, sink) = (doubled, doubled + 1);
        let mut network = Network::new(doubled + 2, &self.pipes(source, sink, concede));
        let cost = network.push(source, sink);
        (cost < INFINITE).then(|| {
            let (near, far) = (network.near_side(source), network.far_side(sink));
            (cost, self.crossing(&near), self.crossing(&far))
        })
    }

    fn pipes(&self, source: u32, sink: u32, concede: bool) -> Vec<Pipe> {
        let ways = self.ways.iter().map(|way| {
            let capacity = match way.hold {
                Hold::Protected if concede => way.cost,
                Hold::Free if self.means != Means::Hosts || concede => way.cost,
                Hold::Free | Hold::Protected | Hold::Structure => INFINITE,
            };
            Pipe { from: self.leaving(way.from), to: way.to, capacity }
        });
        let ends = self.from.iter().map(|node| Pipe { from: source, to: *node, capacity: INFINITE });
        let goals =
            self.to.iter().map(|node| Pipe { from: self.leaving(*node), to: sink, capacity: INFINITE });
        let mut pipes: Vec<Pipe> = ways.chain(ends).chain(goals).collect();
        if self.means != Means::Ways {
            pipes.extend((0u32..).zip(self.nodes).map(|(node, cost)| Pipe {
                from: node,
                to: self.leaving(node),
                capacity: cost.unwrap_or(INFINITE),
            }));
        }
        pipes
    }

    /// What leads from one side to the other.
    fn crossing(&self, side: &[bool]) -> CutSet {
        let on = |node: u32| side.get(node as usize).copied().unwrap_or_default();
        let ways = (0u32..).zip(self.ways);
        let ways = ways.filter(|(_, way)| on(self.leaving(way.from)) && !on(way.to)).map(|(place, _)| place);
        let nodes = (0..self.count()).filter(|node| on(*node) && !on(self.leaving(*node)));
        CutSet { ways: ways.collect(), nodes: nodes.collect() }
    }

    /// The shortest way from one side to the other through what cannot be cut.
    fn witness(&self) -> Vec<u32> {
        let stays = |way: &Way| way.hold != Hold::Free || self.means == Means::Hosts;
        let node_stays = |node: u32| {
            self.means == Means::Ways || self.nodes.get(node as usize).is_some_and(Option::is_none)
        };
        shortest(self.ways, self.nodes.len(), self.from, self.to, |way| {
            stays(way) && node_stays(way.to) && node_stays(way.from)
        })
    }
}

/// The way with the fewest steps from one set to another along some of the ways; empty if there is
/// none, or if the sets have a node in common.
pub fn shortest(
    ways: &[Way],
    nodes: usize,
    from: &[u32],
    to: &[u32],
    usable: impl Fn(&Way) -> bool,
) -> Vec<u32> {
    let mut leaving: Vec<Vec<u32>> = vec![Vec::new(); nodes];
    for (place, way) in (0u32..).zip(ways).filter(|(_, way)| usable(way)) {
        if let Some(list) = leaving.get_mut(way.from as usize) {
            list.push(place);
        }
    }
    let (origin, goal) = (members(nodes, from), members(nodes, to));
    let is = |set: &[bool], node: u32| set.get(node as usize).copied().unwrap_or_default();
    let mut by: Vec<Option<u32>> = vec![None; nodes];
    let mut queue: Vec<u32> = from.to_vec();
    let mut next = 0;
    while let Some(node) = queue.get(next).copied() {
        next += 1;
        if is(&goal, node) {
            return back(ways, &by, node);
        }
        for place in leaving.get(node as usize).into_iter().flatten() {
            let Some(way) = ways.get(*place as usize) else { continue };
            if !is(&origin, way.to)
                && let Some(slot @ None) = by.get_mut(way.to as usize)
            {
                *slot = Some(*place);
                queue.push(way.to);
            }
        }
    }
    Vec::new()
}

fn members(nodes: usize, some: &[u32]) -> Vec<bool> {
    let mut set = vec![false; nodes];
    for node in some {
        if let Some(member) = set.get_mut(*node as usize) {
            *member = true;
        }
    }
    set
}

/// The steps back from a node to where nothing led to.
fn back(ways: &[Way], by: &[Option<u32>], end: u32) -> Vec<u32> {
    let mut path = Vec::new();
    let mut node = end;
    while let Some(place) = by.get(node as usize).copied().flatten()
        && let Some(way) = ways.get(place as usize)
    {
        path.push(place);
        node = way.from;
    }
    path.reverse();
    path
}

#[cfg(test)]
mod tests;
