//! Nodes and edges for tests.

use super::{PictureEdge, PictureNode, PictureTone};

/// A service in a column.
pub fn node(column: usize, label: &str, tone: PictureTone) -> PictureNode {
    PictureNode { column, label: label.to_owned(), detail: "10.0.0.1:80/tcp".to_owned(), service: true, tone }
}

/// An edge that fails.
pub fn edge(from: usize, to: usize) -> PictureEdge {
    PictureEdge { from, to, label: "http 97 %".to_owned(), tone: PictureTone::Must }
}
