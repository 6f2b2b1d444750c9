//! Where the nodes of a picture stand: columns by hop, each sorted so that few edges cross.

use std::collections::BTreeMap;

use super::Picture;

/// A node's box, in pixels.
pub const NODE_WIDTH: f64 = 212.0;
/// See [`NODE_WIDTH`].
pub const NODE_HEIGHT: f64 = 46.0;
/// Room between two columns, for the labels of edges.
pub const COLUMN_GAP: f64 = 176.0;
/// Room between two nodes of a column.
const ROW_GAP: f64 = 16.0;
/// Room around everything.
pub const MARGIN: f64 = 24.0;
/// Room for the title and the headings of the columns.
pub const HEAD: f64 = 76.0;
/// Room for the legend.
pub const FOOT: f64 = 64.0;

/// Sweeps from left to right and back. Few crossings go after the third.
const SWEEPS: usize = 6;

/// A node in a column that takes more rows than this goes on in another column beside it.
const ROWS_MAX: usize = 24;

/// Where everything stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Layout {
    /// The upper left corner of each node.
    pub nodes: Vec<(f64, f64)>,
    /// The left side of each column that was asked for; the first of those that it takes.
    pub columns: Vec<(usize, f64)>,
    /// The width of the picture.
    pub width: f64,
    /// The height of the picture.
    pub height: f64,
}

/// Lays a picture out. The same picture is laid out alike always.
pub fn layout(picture: &Picture) -> Layout {
    let mut columns: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (place, node) in picture.nodes.iter().enumerate() {
        columns.entry(node.column).or_default().push(place);
    }
    untangle(picture, &mut columns);
    let mut lanes: Vec<&[usize]> = Vec::new();
    let mut heads: Vec<(usize, usize)> = Vec::new();
    for (column, nodes) in &columns {
        heads.push((*column, lanes.len()));
        lanes.extend(nodes.chunks(ROWS_MAX));
    }
    let rows = lanes.iter().map(|lane| lane.len()).max().unwrap_or(1);
    let tall = |rows: usize| rows as f64 * (NODE_HEIGHT + ROW_GAP) - ROW_GAP;
    let left = |lane: usize| MARGIN + lane as f64 * (NODE_WIDTH + COLUMN_GAP);
    let mut nodes = vec![(0.0, 0.0); picture.nodes.len()];
    for (lane, places) in lanes.iter().enumerate() {
        let top = HEAD + (tall(rows) - tall(places.len())) / 2.0;
        for (row, place) in places.iter().enumerate() {
            if let Some(node) = nodes.get_mut(*place) {
                *node = (left(lane), top + row as f64 * (NODE_HEIGHT + ROW_GAP));
            }
        }
    }
    let left_of = |place: usize| nodes.get(place).map(|node: &(f64, f64)| node.0).unwrap_or_default();
    let back = picture.edges().any(|edge| left_of(edge.to) <= left_of(edge.from));
    let width = left(lanes.len().max(2)) - COLUMN_GAP + MARGIN + if back { COLUMN_GAP * 0.4 } else { 0.0 };
    Layout {
        nodes,
        columns: heads.into_iter().map(|(column, lane)| (column, left(lane))).collect(),
        width,
        height: HEAD + tall(rows) + FOOT,
    }
}

/// Sorts each column by where its nodes' neighbours stand on the side that was sorted before
/// (the barycentre heuristic of Sugiyama, Tagawa and Toda, 1981).
fn untangle(picture: &Picture, columns: &mut BTreeMap<usize, Vec<usize>>) {
    let mut neighbours: Vec<Vec<usize>> = vec![Vec::new(); picture.nodes.len()];
    for edge in picture.edges() {
        for (one, other) in [(edge.from, edge.to), (edge.to, edge.from)] {
            if let Some(list) = neighbours.get_mut(one) {
                list.push(other);
            }
        }
    }
    let column_of = |place: usize| picture.nodes.get(place).map(|node| node.column);
    let mut heights: Vec<f64> = vec![0.0; picture.nodes.len()];
    let settle = |nodes: &[usize], heights: &mut Vec<f64>| {
        for (row, place) in nodes.iter().enumerate() {
            if let Some(height) = heights.get_mut(*place) {
                *height = (row as f64 + 0.5) / nodes.len() as f64;
            }
        }
    };
    columns.values().for_each(|nodes| settle(nodes, &mut heights));
    for sweep in 0..SWEEPS {
        let forward = sweep % 2 == 0;
        let mut order: Vec<usize> = columns.keys().copied().collect();
        if !forward {
            order.reverse();
        }
        for column in order {
            let Some(nodes) = columns.get_mut(&column) else { continue };
            let wish = |place: &usize| {
                let all = neighbours.get(*place).into_iter().flatten();
                let before = all.filter(|other| match column_of(**other) {
                    Some(there) => there != column && (there < column) == forward,
                    None => false,
                });
                let there: Vec<f64> = before.filter_map(|other| heights.get(*other).copied()).collect();
                match there.is_empty() {
                    true => heights.get(*place).copied().unwrap_or_default(),
                    false => there.iter().sum::<f64>() / there.len() as f64,
                }
            };
            let mut wished: Vec<(f64, usize)> = nodes.iter().map(|place| (wish(place), *place)).collect();
            // Stable: equals stay as they were.
            wished.sort_by(|(one, _), (other, _)| one.total_cmp(other));
            *nodes = wished.into_iter().map(|(_, place)| place).collect();
            settle(nodes, &mut heights);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{edge, node};
    use super::super::{Picture, PictureTone};
    use super::*;

    #[test]
    fn nodes_stand_beside_their_neighbours_and_not_on_each_other() {
        let mut picture = Picture::default();
        for row in 0..10 {
            picture.nodes.push(node(0, &format!("a{row}"), PictureTone::Plain));
        }
        for row in 0..10 {
            picture.nodes.push(node(1, &format!("b{row}"), PictureTone::Plain));
            picture.edges.push(edge(row, 10 + 9 - row));
        }
        let layout = layout(&picture);
        for edge in picture.edges() {
            let (from, to) = (layout.nodes[edge.from], layout.nodes[edge.to]);
            assert!((from.1 - to.1).abs() < 1.0, "no two of these edges need to cross");
        }
        for (place, one) in layout.nodes.iter().enumerate() {
            assert!(one.0 + NODE_WIDTH <= layout.width && one.1 + NODE_HEIGHT <= layout.height);
            for other in &layout.nodes[..place] {
                let apart = (one.0 - other.0).abs() >= NODE_WIDTH || (one.1 - other.1).abs() >= NODE_HEIGHT;
                assert!(apart, "{one:?} {other:?}");
            }
        }
    }

    #[test]
    fn a_column_that_is_too_long_takes_two() {
        let nodes = (0..60).map(|row| node(1, &row.to_string(), PictureTone::May)).collect();
        let layout = layout(&Picture { nodes, ..Picture::default() });
        let lanes: std::collections::BTreeSet<u64> = layout.nodes.iter().map(|node| node.0 as u64).collect();
        assert_eq!((lanes.len(), layout.columns.len()), (3, 1));
    }

    #[test]
    fn nothing_makes_an_empty_picture() {
        assert!(layout(&Picture::default()).width > 0.0);
    }
}
