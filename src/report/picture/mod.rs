//! Pictures of a blast radius or of paths: nodes in columns by hop, edges from left to right. As SVG
//! that needs no other program, and as DOT for Graphviz.

mod dot;
mod layout;
mod svg;
#[cfg(test)]
mod testing;

pub use dot::write_dot_picture;
pub use svg::write_svg;

/// A picture.
#[derive(Clone, Debug, Default)]
pub struct Picture {
    /// What it shows, in one line.
    pub title: String,
    /// The id of the answer that it shows.
    pub answer_id: String,
    /// What stands above each column; those without a heading may be left out.
    pub columns: Vec<String>,
    /// Nodes, in the order in which equals are drawn.
    pub nodes: Vec<PictureNode>,
    /// Edges. Those whose ends are no nodes are left out.
    pub edges: Vec<PictureEdge>,
}

/// A host or service.
#[derive(Clone, Debug)]
pub struct PictureNode {
    /// The column, from 0: as a rule the hop.
    pub column: usize,
    /// Its name, or its address where it has none.
    pub label: String,
    /// A second line: address, port, when it was reached.
    pub detail: String,
    /// It is a service; else a host.
    pub service: bool,
    /// What becomes of it.
    pub tone: PictureTone,
}

/// An edge.
#[derive(Clone, Debug)]
pub struct PictureEdge {
    /// The place of the node that it leaves.
    pub from: usize,
    /// The place of the node that it reaches.
    pub to: usize,
    /// Protocol, time, strength.
    pub label: String,
    /// What becomes of it.
    pub tone: PictureTone,
}

/// What becomes of a node, or goes along an edge.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PictureTone {
    /// Where it begins: what fails, or who is infected first.
    Start,
    /// It fails for sure.
    Must,
    /// It may fail.
    May,
    /// An intruder gets there.
    Infected,
    /// An intruder could get there; nobody was seen to.
    Exposed,
    /// It is cut, or stops an intruder.
    Cut,
    /// Nothing happens to it.
    #[default]
    Plain,
}

impl PictureTone {
    /// All, in the order of the legend.
    pub const ALL: [PictureTone; 7] = [
        PictureTone::Start,
        PictureTone::Must,
        PictureTone::May,
        PictureTone::Infected,
        PictureTone::Exposed,
        PictureTone::Cut,
        PictureTone::Plain,
    ];

    /// Its name in the code of a picture.
    const fn class(self) -> &'static str {
        match self {
            PictureTone::Start => "start",
            PictureTone::Must => "must",
            PictureTone::May => "may",
            PictureTone::Infected => "infected",
            PictureTone::Exposed => "exposed",
            PictureTone::Cut => "cut",
            PictureTone::Plain => "plain",
        }
    }

    /// Its word in the legend.
    const fn word(self) -> &'static str {
        match self {
            PictureTone::Start => "begins here",
            PictureTone::Must => "fails",
            PictureTone::May => "may fail",
            PictureTone::Infected => "reached",
            PictureTone::Exposed => "could be reached",
            PictureTone::Cut => "cut",
            PictureTone::Plain => "unaffected",
        }
    }

    /// Its colours on light and on dark ground. Lines of `may`, `exposed` and `cut` are broken too, so
    /// that nobody needs to tell red from orange.
    const fn colours(self) -> (&'static str, &'static str) {
        match self {
            PictureTone::Start => ("#111827", "#f9fafb"),
            PictureTone::Must => ("#b91c1c", "#f87171"),
            PictureTone::May => ("#b45309", "#fbbf24"),
            PictureTone::Infected => ("#7e22ce", "#c084fc"),
            PictureTone::Exposed => ("#0e7490", "#22d3ee"),
            PictureTone::Cut => ("#15803d", "#4ade80"),
            PictureTone::Plain => ("#6b7280", "#9ca3af"),
        }
    }

    /// How its lines are broken, as SVG writes it.
    const fn dashes(self) -> Option<&'static str> {
        match self {
            PictureTone::May => Some("6 4"),
            PictureTone::Exposed => Some("2 4"),
            PictureTone::Cut => Some("10 4 2 4"),
            PictureTone::Start | PictureTone::Must | PictureTone::Infected | PictureTone::Plain => None,
        }
    }
}

impl Picture {
    /// The tones that occur, in the order of the legend.
    fn tones(&self) -> Vec<PictureTone> {
        let used = |tone: &PictureTone| {
            self.nodes.iter().any(|node| node.tone == *tone) || self.edges().any(|edge| edge.tone == *tone)
        };
        PictureTone::ALL.into_iter().filter(used).collect()
    }

    /// The edges between nodes that there are.
    fn edges(&self) -> impl Iterator<Item = &PictureEdge> {
        self.edges.iter().filter(|edge| edge.from.max(edge.to) < self.nodes.len() && edge.from != edge.to)
    }
}
