//! A picture as SVG 1.1: no script, no font and no image from elsewhere; readable on light and dark
//! ground.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, Write};

use super::layout::{COLUMN_GAP, FOOT, HEAD, Layout, MARGIN, NODE_HEIGHT, NODE_WIDTH, layout};
use super::{Picture, PictureEdge, PictureNode, PictureTone};
use crate::report::text::{clean, shortened};
use crate::report::xml::xml;

/// Columns of a terminal's font that fit into a node: 13 pixels of a sans-serif font are about 8 wide.
const LABEL_COLUMNS: usize = 24;

/// The same for the smaller second line.
const DETAIL_COLUMNS: usize = 32;

/// The same for the label of an edge, between two columns.
const EDGE_COLUMNS: usize = 16;

/// Pixels before a node along which edges run straight, so that their labels stand on them.
const STRAIGHT: f64 = 92.0;

/// Labels beside one node. With more edges they stand on each other; each edge tells its own when it is
/// pointed at.
const LABELS_MAX: usize = 3;

/// Writes a picture as SVG.
///
/// # Errors
/// If it cannot be written.
pub fn write_svg(picture: &Picture, out: &mut dyn Write) -> io::Result<()> {
    out.write_all(svg(picture).as_bytes())
}

fn svg(picture: &Picture) -> String {
    let layout = layout(picture);
    let (width, height) = (layout.width.max(legend_width(picture)), layout.height);
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" \
         width=\"{width:.0}\" height=\"{height:.0}\" role=\"img\">\n<title>{}</title>\n<style>\n{}</style>\n\
         <rect class=\"ground\" width=\"100%\" height=\"100%\"/>\n",
        xml(&picture.title),
        style()
    );
    let mut draw = Drawing { out: &mut text, layout: &layout, picture };
    draw.head(width);
    draw.edges();
    picture.nodes.iter().zip(&layout.nodes).for_each(|(node, at)| draw.node(node, *at));
    draw.labels();
    draw.legend();
    text.push_str("</svg>\n");
    text
}

/// Colours by tone, on light ground and on dark.
fn style() -> String {
    let mut text = String::from(
        "text { font-family: ui-sans-serif, system-ui, 'DejaVu Sans', sans-serif; fill: #111827; }\n\
         .ground { fill: #ffffff; } .box { fill: #f9fafb; stroke-width: 1.6; }\n\
         .soft { fill: #4b5563; } .line { fill: none; stroke-width: 1.6; }\n\
         .start, .must, .infected { stroke-width: 2.4; }\n",
    );
    for tone in PictureTone::ALL {
        let (light, _) = tone.colours();
        let class = tone.class();
        let dashes = tone.dashes().map(|dashes| format!(" stroke-dasharray: {dashes};")).unwrap_or_default();
        let _ = writeln!(
            text,
            ".{class} {{ stroke: {light};{dashes} }} .tip.{class} {{ fill: {light}; stroke: none; }}"
        );
    }
    text.push_str("@media (prefers-color-scheme: dark) {\n");
    text.push_str(
        "text { fill: #f3f4f6; } .ground { fill: #0b0f17; } .box { fill: #1f2937; }\n\
         .soft { fill: #cbd5e1; }\n",
    );
    for tone in PictureTone::ALL {
        let (_, dark) = tone.colours();
        let class = tone.class();
        let _ = writeln!(text, ".{class} {{ stroke: {dark}; }} .tip.{class} {{ fill: {dark}; }}");
    }
    text.push_str("}\n");
    text
}

fn legend_width(picture: &Picture) -> f64 {
    2.0 * MARGIN + picture.tones().len() as f64 * LEGEND_STEP
}

/// Room for one word of the legend.
const LEGEND_STEP: f64 = 150.0;

struct Drawing<'a> {
    out: &'a mut String,
    layout: &'a Layout,
    picture: &'a Picture,
}

/// Where an edge begins and ends.
struct Ends {
    from: (f64, f64),
    to: (f64, f64),
    /// It goes to the right, as most do; else around the right side of both.
    onward: bool,
}

impl Drawing<'_> {
    fn put(&mut self, line: &str) {
        self.out.push_str(line);
        self.out.push('\n');
    }

    fn head(&mut self, width: f64) {
        let room = ((width - 2.0 * MARGIN) / 9.0) as usize;
        let title = xml(&shortened(&clean(&self.picture.title), room.max(20)));
        self.put(&format!(
            "<text x=\"{MARGIN}\" y=\"32\" font-size=\"17\" font-weight=\"600\">{title}</text>"
        ));
        let columns: Vec<(String, f64)> = self
            .layout
            .columns
            .iter()
            .filter_map(|(column, left)| Some((self.picture.columns.get(*column)?.clone(), *left)))
            .collect();
        for (heading, left) in columns {
            let y = HEAD - 14.0;
            let heading = xml(&shortened(&clean(&heading), LABEL_COLUMNS + 14));
            self.put(&format!(
                "<text class=\"soft\" x=\"{left}\" y=\"{y}\" font-size=\"12\">{heading}</text>"
            ));
        }
    }

    fn node(&mut self, node: &PictureNode, (x, y): (f64, f64)) {
        let class = node.tone.class();
        let round = if node.service { 4.0 } else { NODE_HEIGHT / 2.0 };
        let inset = if node.service { 10.0 } else { 18.0 };
        let (label, detail) = (clean(&node.label), clean(&node.detail));
        let columns = if node.service { LABEL_COLUMNS } else { LABEL_COLUMNS - 3 };
        let short = xml(&shortened(&label, columns));
        let second = xml(&shortened(&detail, DETAIL_COLUMNS - 2));
        let full = xml(&format!("{label} {detail} ({})", node.tone.word()));
        self.put(&format!(
            "<g><title>{full}</title><rect class=\"box {class}\" x=\"{x:.1}\" y=\"{y:.1}\" \
             width=\"{NODE_WIDTH}\" height=\"{NODE_HEIGHT}\" rx=\"{round}\"/>"
        ));
        let left = x + inset;
        self.put(&format!(
            "<text x=\"{left:.1}\" y=\"{:.1}\" font-size=\"13\" font-weight=\"600\">{short}</text>",
            y + 19.0
        ));
        self.put(&format!(
            "<text class=\"soft\" x=\"{left:.1}\" y=\"{:.1}\" font-size=\"11\">{second}</text></g>",
            y + 36.0
        ));
    }

    /// Edges with where they begin and end: spread over the side of each box, in the order of what
    /// stands at the other end, so that few cross before they arrive.
    fn ends(&self) -> Vec<(&PictureEdge, Ends)> {
        let at = |place: usize| self.layout.nodes.get(place).copied().unwrap_or_default();
        let mut ports: BTreeMap<(usize, bool), Vec<(f64, usize)>> = BTreeMap::new();
        let edges: Vec<&PictureEdge> = self.picture.edges().collect();
        let onward = |edge: &PictureEdge| at(edge.to).0 > at(edge.from).0;
        for (number, edge) in edges.iter().enumerate() {
            ports.entry((edge.from, true)).or_default().push((at(edge.to).1, number));
            ports.entry((edge.to, !onward(edge))).or_default().push((at(edge.from).1, number));
        }
        for list in ports.values_mut() {
            list.sort_by(|one, other| one.0.total_cmp(&other.0).then(one.1.cmp(&other.1)));
        }
        let port = |node: usize, right: bool, number: usize| {
            let list = ports.get(&(node, right)).map(Vec::as_slice).unwrap_or_default();
            let place = list.iter().position(|(_, edge)| *edge == number).unwrap_or_default();
            let (x, y) = at(node);
            let down = (place as f64 + 1.0) / (list.len() as f64 + 1.0) * NODE_HEIGHT;
            (if right { x + NODE_WIDTH } else { x }, y + down)
        };
        let ends = |(number, edge): (usize, &&PictureEdge)| Ends {
            from: port(edge.from, true, number),
            to: port(edge.to, !onward(edge), number),
            onward: onward(edge),
        };
        edges.iter().enumerate().map(|row| (*row.1, ends(row))).collect()
    }

    fn edges(&mut self) {
        let lines: Vec<String> = self.ends().into_iter().map(|(edge, ends)| line(edge, &ends)).collect();
        lines.iter().for_each(|line| self.put(line));
    }

    /// Labels of edges, above their ends, where a node has few of them.
    fn labels(&mut self) {
        let mut arriving: BTreeMap<usize, usize> = BTreeMap::new();
        for edge in self.picture.edges().filter(|edge| !edge.label.is_empty()) {
            *arriving.entry(edge.to).or_default() += 1;
        }
        let few = |edge: &PictureEdge| arriving.get(&edge.to).is_some_and(|count| *count <= LABELS_MAX);
        let mut lines = Vec::new();
        for (edge, ends) in self.ends() {
            if !few(edge) || edge.label.is_empty() {
                continue;
            }
            let label = xml(&shortened(&clean(&edge.label), EDGE_COLUMNS));
            let (anchor, x) =
                if ends.onward { ("end", ends.to.0 - 12.0) } else { ("start", ends.to.0 + 12.0) };
            let y = ends.to.1 - 3.0;
            lines.push(format!(
                "<text class=\"soft\" x=\"{x:.1}\" y=\"{y:.1}\" font-size=\"10\" text-anchor=\"{anchor}\">\
                 {label}</text>"
            ));
        }
        lines.iter().for_each(|line| self.put(line));
    }

    fn legend(&mut self) {
        let y = self.layout.height - FOOT / 2.0;
        for (place, tone) in self.picture.tones().into_iter().enumerate() {
            let x = MARGIN + place as f64 * LEGEND_STEP;
            let (class, word) = (tone.class(), tone.word());
            self.put(&format!(
                "<line class=\"line {class}\" x1=\"{x}\" y1=\"{:.1}\" x2=\"{}\" y2=\"{:.1}\"/>\
                 <text x=\"{}\" y=\"{y:.1}\" font-size=\"12\">{word}</text>",
                y - 4.0,
                x + 28.0,
                y - 4.0,
                x + 36.0
            ));
        }
        let id = xml(&clean(&self.picture.answer_id));
        let shapes = "square: service · round: host · point at anything for its full name";
        let below = y + 20.0;
        self.put(&format!(
            "<text class=\"soft\" x=\"{MARGIN}\" y=\"{below:.1}\" font-size=\"10\">answer {id} · {shapes}</text>"
        ));
    }
}

/// The line of an edge, with its arrow's tip.
fn line(edge: &PictureEdge, ends: &Ends) -> String {
    let (class, title) = (edge.tone.class(), xml(&clean(&edge.label)));
    let ((x0, y0), (x1, y1)) = (ends.from, ends.to);
    let (path, tip) = match ends.onward {
        true => {
            let (turn, end) = (x1 - STRAIGHT, x1 - 8.0);
            let bend = (turn - x0) / 2.0;
            (
                format!(
                    "M{x0:.1} {y0:.1}C{:.1} {y0:.1} {:.1} {y1:.1} {turn:.1} {y1:.1}H{end:.1}",
                    x0 + bend,
                    turn - bend
                ),
                format!("M{x1:.1} {y1:.1}l-9 -4v8z"),
            )
        }
        false => {
            let far = x0.max(x1) + COLUMN_GAP * 0.4;
            let end = x1 + 8.0;
            (
                format!("M{x0:.1} {y0:.1}C{far:.1} {y0:.1} {far:.1} {y1:.1} {end:.1} {y1:.1}"),
                format!("M{x1:.1} {y1:.1}l9 -4v8z"),
            )
        }
    };
    format!(
        "<g><title>{title}</title><path class=\"line {class}\" d=\"{path}\"/>\
         <path class=\"tip {class}\" d=\"{tip}\"/></g>"
    )
}

#[cfg(test)]
mod tests {
    use super::super::testing::{edge, node};
    use super::*;

    #[test]
    fn names_from_the_wire_stay_text() {
        let hostile = "</text><script>alert(1)</script>\x1b[2J\u{202e}\u{ffff}\"'&";
        let long = "x".repeat(5_000);
        let picture = Picture {
            title: hostile.to_owned(),
            answer_id: hostile.to_owned(),
            columns: vec![hostile.to_owned()],
            nodes: vec![node(0, hostile, PictureTone::Start), node(1, &long, PictureTone::May)],
            edges: vec![PictureEdge { label: hostile.to_owned(), ..edge(0, 1) }],
        };
        let text = svg(&picture);
        assert!(!text.contains("<script") && !text.contains('\x1b') && !text.contains('\u{ffff}'), "{text}");
        let opened = text.matches("<text").count();
        assert_eq!(opened, text.matches("</text>").count());
        assert!(text.contains("x…"), "a long name is shortened");
    }

    #[test]
    fn only_tones_that_occur_are_in_the_legend() {
        let picture = Picture {
            nodes: vec![node(0, "db", PictureTone::Start), node(1, "web", PictureTone::Must)],
            edges: vec![edge(0, 1)],
            ..Picture::default()
        };
        let text = svg(&picture);
        assert!(text.contains(">begins here<") && text.contains(">fails<"));
        assert!(!text.contains(">may fail<") && !text.contains(">unaffected<"));
    }

    #[test]
    fn a_node_with_many_edges_shows_no_labels_and_keeps_them_for_pointing() {
        let mut picture = Picture::default();
        picture.nodes.push(node(1, "db", PictureTone::Start));
        for client in 0..8 {
            picture.nodes.push(node(0, &format!("c{client}"), PictureTone::Must));
            picture.edges.push(edge(client + 1, 0));
        }
        let text = svg(&picture);
        assert_eq!(text.matches("http 97 %").count(), 8, "in titles only");
    }
}
