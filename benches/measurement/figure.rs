//! The table of figures: what was measured beside what was promised.

use comfy_table::{CellAlignment, Table, presets};

/// One row of the table.
#[derive(Debug)]
pub struct Figure {
    name: String,
    measured: String,
    target: String,
    met: Option<bool>,
}

impl Figure {
    /// A figure that must not be above `most`; both are written with `unit`.
    pub fn at_most(name: &str, measured: f64, most: f64, unit: &str) -> Self {
        let digits = if most < 10.0 { 2 } else { 0 };
        Figure {
            name: name.to_owned(),
            measured: format!("{measured:.digits$}{unit}"),
            target: format!("<= {most}{unit}"),
            met: Some(measured <= most),
        }
    }

    /// A count that must be complete.
    pub fn all_of(name: &str, found: usize, expected: usize) -> Self {
        Figure {
            name: name.to_owned(),
            measured: found.to_string(),
            target: format!("= {expected}"),
            met: Some(found == expected),
        }
    }

    /// A figure without a target.
    pub fn only(name: &str, measured: String) -> Self {
        Figure { name: name.to_owned(), measured, target: String::new(), met: None }
    }

    /// True if its target was missed.
    pub fn is_missed(&self) -> bool {
        self.met == Some(false)
    }
}

/// All figures as a table of Markdown, so that it can be kept in a file as it is.
pub fn table(figures: &[Figure]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::ASCII_MARKDOWN).set_header(["figure", "measured", "target", ""]);
    for figure in figures {
        let met = match figure.met {
            Some(true) => "met",
            Some(false) => "NOT MET",
            None => "",
        };
        table.add_row([&figure.name, &figure.measured, &figure.target, met]);
    }
    for column in 1..=2 {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}
