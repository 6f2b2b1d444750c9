//! The table of figures: what was measured beside what was promised.

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
pub fn table(figures: &[Figure]) -> String {
    let rows = figures.iter().map(|figure| {
        let met = match figure.met {
            Some(true) => "met",
            Some(false) => "NOT MET",
            None => "",
        };
        [figure.name.as_str(), &figure.measured, &figure.target, met]
    });
    let rows: Vec<_> = std::iter::once(["figure", "measured", "target", ""]).chain(rows).collect();
    let [name, measured, target, met] =
        std::array::from_fn(|column| rows.iter().map(|row| row[column].len()).max().unwrap_or_default());
    let mut lines: Vec<String> = rows
        .iter()
        .map(|row| {
            let [a, b, c, d] = row;
            format!("| {a:name$} | {b:>measured$} | {c:>target$} | {d:met$} |")
        })
        .collect();
    let dashes = |width: usize| "-".repeat(width + 1);
    let rule = format!("|{}-|{}:|{}:|{}-|", dashes(name), dashes(measured), dashes(target), dashes(met));
    lines.insert(1, rule);
    lines.join("\n")
}
