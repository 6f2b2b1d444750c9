//! A picture as DOT, the language of Graphviz.

use std::io::{self, Write};

use super::{Picture, PictureTone};
use crate::report::text::clean;

/// Writes a picture as DOT.
///
/// # Errors
/// If it cannot be written.
pub fn write_dot_picture(picture: &Picture, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "digraph tapmap {{")?;
    writeln!(
        out,
        "  rankdir=LR; node [fontname=\"sans-serif\"]; edge [fontname=\"sans-serif\", fontsize=10];"
    )?;
    let label = format!("{}\nanswer {}", picture.title, picture.answer_id);
    writeln!(out, "  label={}; labelloc=t;", quoted(&label))?;
    for (place, node) in picture.nodes.iter().enumerate() {
        let shape = if node.service { "box" } else { "ellipse" };
        let label = format!("{}\n{}\n{}", node.label, node.detail, node.tone.word());
        let (colour, style) = line(node.tone);
        writeln!(
            out,
            "  n{place} [shape={shape}, label={}, color=\"{colour}\", style=\"{style}\"];",
            quoted(&label)
        )?;
    }
    let mut columns: Vec<usize> = picture.nodes.iter().map(|node| node.column).collect();
    columns.sort_unstable();
    columns.dedup();
    for column in columns {
        write!(out, "  {{ rank=same;")?;
        for (place, _) in picture.nodes.iter().enumerate().filter(|(_, node)| node.column == column) {
            write!(out, " n{place};")?;
        }
        writeln!(out, " }}")?;
    }
    for edge in picture.edges() {
        let (colour, style) = line(edge.tone);
        writeln!(
            out,
            "  n{} -> n{} [label={}, color=\"{colour}\", style=\"{style}\"];",
            edge.from,
            edge.to,
            quoted(&edge.label)
        )?;
    }
    writeln!(out, "}}")
}

const fn line(tone: PictureTone) -> (&'static str, &'static str) {
    let style = match tone {
        PictureTone::May | PictureTone::Cut => "dashed",
        PictureTone::Exposed => "dotted",
        PictureTone::Start | PictureTone::Must | PictureTone::Infected => "bold",
        PictureTone::Plain => "solid",
    };
    (tone.colours().0, style)
}

/// A text in quotes: backslashes, which begin commands of Graphviz, doubled; each line for itself.
fn quoted(text: &str) -> String {
    let lines = text.split('\n').filter(|line| !line.is_empty());
    let lines: Vec<String> =
        lines.map(|line| clean(line).replace('\\', "\\\\").replace('"', "\\\"")).collect();
    format!("\"{}\"", lines.join("\\n"))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{edge, node};
    use super::*;

    #[test]
    fn texts_stay_inside_their_quotes() {
        assert_eq!(quoted("a\"];b\\N\x1b[2J"), "\"a\\\"];b\\\\N\u{fffd}[2J\"");
        assert_eq!(quoted("one\ntwo"), "\"one\\ntwo\"");
    }

    #[test]
    fn nodes_of_a_column_share_a_rank() {
        let nodes = vec![
            node(0, "db", PictureTone::Start),
            node(1, "web1", PictureTone::Must),
            node(1, "web2", PictureTone::May),
        ];
        let picture =
            Picture { nodes, edges: vec![edge(0, 1), edge(0, 2), edge(0, 9)], ..Picture::default() };
        let mut out = Vec::new();
        write_dot_picture(&picture, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(text.contains("{ rank=same; n1; n2; }"), "{text}");
        assert!(text.contains("n0 -> n1") && !text.contains("n9"), "{text}");
        assert!(text.contains("style=\"dashed\"") && text.ends_with("}\n"), "{text}");
    }
}
