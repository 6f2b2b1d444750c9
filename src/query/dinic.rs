//! Maximum flow by Dinic's algorithm (Soviet Mathematics Doklady 11, 1970), and the two extreme minimum
//! cuts that it leaves: the one nearest to the source and the one nearest to the sink.
//!
//! Arcs stand in one array, sorted by the node that they leave; each has a twin that takes flow back.
//! Nothing recurses, so a path may be as long as there are nodes.

/// What cannot be cut. Finite capacities are at most [`CAPACITY_MAX`], and 2³² of them add up to less:
/// 2²² · 2³² = 2⁵⁴ < 2⁵⁶. Twice this, on an arc and its twin, still fits into 63 bits.
pub(super) const INFINITE: i64 = 1 << 56;

/// The largest finite capacity: a cost of 41,943.04.
pub(super) const CAPACITY_MAX: i64 = 1 << 22;

/// Stands for a node that was not reached.
const UNREACHED: u32 = u32::MAX;

/// One way of a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pipe {
    /// Where it begins.
    pub from: u32,
    /// Where it ends.
    pub to: u32,
    /// What fits through; [`INFINITE`] if it must not be cut.
    pub capacity: i64,
}

/// A network, and the flow that was pushed through it.
#[derive(Clone)]
pub(super) struct Network {
    /// Where the arcs of each node begin; one more than there are nodes.
    starts: Vec<u32>,
    arcs: Vec<Arc>,
}

#[derive(Clone, Copy, Default)]
struct Arc {
    to: u32,
    twin: u32,
    /// What still fits through.
    room: i64,
}

impl Network {
    /// A network without flow. Pipes that name no node are left out.
    pub(super) fn new(nodes: u32, pipes: &[Pipe]) -> Network {
        let pipes = pipes.iter().filter(|pipe| pipe.from < nodes && pipe.to < nodes && pipe.from != pipe.to);
        let mut starts = vec![0u32; nodes as usize + 1];
        for node in pipes.clone().flat_map(|pipe| [pipe.from, pipe.to]) {
            if let Some(start) = starts.get_mut(node as usize + 1) {
                *start += 1;
            }
        }
        let mut sum = 0;
        for start in &mut starts {
            sum += *start;
            *start = sum;
        }
        let mut free = starts.clone();
        let mut take = |node: u32| {
            let place = free.get_mut(node as usize).map(|free| {
                *free += 1;
                *free - 1
            });
            place.unwrap_or_default()
        };
        let mut arcs = vec![Arc::default(); sum as usize];
        for pipe in pipes {
            let (there, back) = (take(pipe.from), take(pipe.to));
            let capacity = if pipe.capacity >= INFINITE { INFINITE } else { pipe.capacity.min(CAPACITY_MAX) };
            if let Some(arc) = arcs.get_mut(there as usize) {
                *arc = Arc { to: pipe.to, twin: back, room: capacity.max(0) };
            }
            if let Some(arc) = arcs.get_mut(back as usize) {
                *arc = Arc { to: pipe.from, twin: there, room: 0 };
            }
        }
        Network { starts, arcs }
    }

    fn nodes(&self) -> usize {
        self.starts.len().saturating_sub(1)
    }

    fn start(&self, node: u32) -> u32 {
        self.starts.get(node as usize).copied().unwrap_or_default()
    }

    fn arcs_of(&self, node: u32) -> &[Arc] {
        let (start, end) = (self.start(node) as usize, self.start(node.saturating_add(1)) as usize);
        self.arcs.get(start..end).unwrap_or_default()
    }

    /// Pushes as much as fits from the source to the sink, and tells how much. What is infinite is told
    /// as [`INFINITE`], and then the flow is not the largest.
    pub(super) fn push(&mut self, source: u32, sink: u32) -> i64 {
        let mut flow = 0;
        if source == sink {
            return INFINITE;
        }
        while flow < INFINITE
            && let Some(levels) = self.levels(source, sink)
        {
            flow += self.block(source, sink, &levels);
        }
        flow.min(INFINITE)
    }

    /// How far every node is from the source where there is room; none if the sink cannot be reached.
    fn levels(&self, source: u32, sink: u32) -> Option<Vec<u32>> {
        let mut levels = vec![UNREACHED; self.nodes()];
        *levels.get_mut(source as usize)? = 0;
        let mut queue = vec![source];
        let mut next = 0;
        while let Some(node) = queue.get(next).copied() {
            next += 1;
            let level = levels.get(node as usize).copied().unwrap_or(UNREACHED);
            if node == sink {
                return Some(levels);
            }
            for arc in self.arcs_of(node) {
                if arc.room > 0
                    && let Some(of) = levels.get_mut(arc.to as usize)
                    && *of == UNREACHED
                {
                    *of = level + 1;
                    queue.push(arc.to);
                }
            }
        }
        None
    }

    /// Pushes along shortest paths until each of them is full somewhere.
    fn block(&mut self, source: u32, sink: u32, levels: &[u32]) -> i64 {
        // The arc that each node tries next: those before it are full or lead nowhere.
        let mut tried: Vec<u32> = self.starts.clone();
        let mut path: Vec<u32> = Vec::new();
        let mut pushed = 0;
        let mut node = source;
        let level = |node: u32| levels.get(node as usize).copied().unwrap_or(UNREACHED);
        loop {
            if node == sink {
                pushed += self.fill(&path);
                if pushed >= INFINITE {
                    return pushed;
                }
                // Back to the first node of the path whose arc is full now.
                let full = path.iter().position(|arc| self.room(*arc) == 0).unwrap_or_default();
                node = path.get(full).map_or(source, |arc| self.tail(*arc));
                path.truncate(full);
                continue;
            }
            let (place, end) = (tried.get(node as usize).copied().unwrap_or_default(), self.start(node + 1));
            let open = (place..end).find(|arc| {
                let arc = self.arcs.get(*arc as usize).copied().unwrap_or_default();
                arc.room > 0 && level(arc.to) == level(node).saturating_add(1)
            });
            if let Some(slot) = tried.get_mut(node as usize) {
                *slot = open.unwrap_or(end);
            }
            match open {
                Some(arc) => {
                    path.push(arc);
                    node = self.arcs.get(arc as usize).map_or(sink, |arc| arc.to);
                }
                // A dead end: step back and never come again by that arc.
                None => {
                    let Some(arc) = path.pop() else { return pushed };
                    node = self.tail(arc);
                    if let Some(slot) = tried.get_mut(node as usize) {
                        *slot += 1;
                    }
                }
            }
        }
    }

    fn room(&self, arc: u32) -> i64 {
        self.arcs.get(arc as usize).map_or(0, |arc| arc.room)
    }

    /// Where an arc begins: where its twin ends.
    fn tail(&self, arc: u32) -> u32 {
        let twin = self.arcs.get(arc as usize).map_or(0, |arc| arc.twin);
        self.arcs.get(twin as usize).map_or(0, |twin| twin.to)
    }

    /// Pushes through a path what its narrowest arc lets through.
    fn fill(&mut self, path: &[u32]) -> i64 {
        let narrowest = path.iter().map(|arc| self.room(*arc)).min().unwrap_or_default();
        for place in path {
            let Some(arc) = self.arcs.get_mut(*place as usize) else { continue };
            arc.room -= narrowest;
            let twin = arc.twin;
            if let Some(twin) = self.arcs.get_mut(twin as usize) {
                twin.room += narrowest;
            }
        }
        narrowest
    }

    /// The nodes on the source's side of the minimum cut nearest to it: what it still reaches. Asked
    /// after [`Network::push`].
    pub(super) fn near_side(&self, source: u32) -> Vec<bool> {
        self.spread(source, |arc| arc.room > 0)
    }

    /// The nodes on the source's side of the minimum cut nearest to the sink: what no longer reaches
    /// the sink.
    pub(super) fn far_side(&self, sink: u32) -> Vec<bool> {
        let twin = |arc: &Arc| self.arcs.get(arc.twin as usize).copied().unwrap_or_default();
        let mut side = self.spread(sink, |arc| twin(arc).room > 0);
        side.iter_mut().for_each(|reaches| *reaches = !*reaches);
        side
    }

    fn spread(&self, start: u32, open: impl Fn(&Arc) -> bool) -> Vec<bool> {
        let mut seen = vec![false; self.nodes()];
        let mut stack = vec![start];
        if let Some(seen) = seen.get_mut(start as usize) {
            *seen = true;
        }
        while let Some(node) = stack.pop() {
            for arc in self.arcs_of(node) {
                if open(arc)
                    && let Some(seen) = seen.get_mut(arc.to as usize)
                    && !std::mem::replace(seen, true)
                {
                    stack.push(arc.to);
                }
            }
        }
        seen
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NODES: u32 = 9;

    fn networks() -> impl Strategy<Value = Vec<Pipe>> {
        let pipe = (0..NODES, 0..NODES, prop_oneof![9 => 0..20i64, 1 => Just(INFINITE)]);
        let pipe = pipe.prop_map(|(from, to, capacity)| Pipe { from, to, capacity });
        proptest::collection::vec(pipe, 0..40)
    }

    /// What the pipes out of a set of nodes let through.
    fn out_of(pipes: &[Pipe], side: impl Fn(u32) -> bool) -> i64 {
        let leaving = pipes.iter().filter(|pipe| side(pipe.from) && !side(pipe.to));
        leaving.map(|pipe| pipe.capacity).sum::<i64>().min(INFINITE)
    }

    proptest! {
        #[test]
        fn the_flow_is_the_cheapest_of_all_cuts_and_both_extremes_are_extreme(pipes in networks()) {
            let (source, sink) = (0, NODES - 1);
            let sides = (0..1u32 << NODES).filter(|side| side & 1 == 1 && side >> sink & 1 == 0);
            let cuts: Vec<(u32, i64)> =
                sides.map(|side| (side, out_of(&pipes, |node| side >> node & 1 == 1))).collect();
            let cheapest = cuts.iter().map(|(_, cost)| *cost).min().unwrap();
            let mut network = Network::new(NODES, &pipes);
            prop_assert_eq!(network.push(source, sink), cheapest);
            if cheapest < INFINITE {
                let (near, far) = (network.near_side(source), network.far_side(sink));
                prop_assert_eq!(out_of(&pipes, |node| near[node as usize]), cheapest);
                prop_assert_eq!(out_of(&pipes, |node| far[node as usize]), cheapest);
                for (side, _) in cuts.iter().filter(|(_, cost)| *cost == cheapest) {
                    for node in 0..NODES {
                        let inside = side >> node & 1 == 1;
                        prop_assert!(inside || !near[node as usize], "the near side is in every other");
                        prop_assert!(!inside || far[node as usize], "every other is in the far side");
                    }
                }
            }
        }
    }

    #[test]
    fn a_long_chain_needs_no_stack() {
        let nodes = 200_000;
        let pipes: Vec<Pipe> =
            (1..nodes).map(|to| Pipe { from: to - 1, to, capacity: 5 + i64::from(to % 7) }).collect();
        let mut network = Network::new(nodes, &pipes);
        assert_eq!(network.push(0, nodes - 1), 5);
        assert_eq!(network.near_side(0).iter().filter(|near| **near).count(), 7, "the first pipe of 5");
    }

    #[test]
    fn what_is_too_large_is_dear_and_not_infinite() {
        let pipe = Pipe { from: 0, to: 1, capacity: INFINITE - 1 };
        assert_eq!(Network::new(2, &[pipe]).push(0, 1), CAPACITY_MAX);
        assert_eq!(Network::new(1, &[pipe]).push(0, 0), INFINITE);
    }
}
