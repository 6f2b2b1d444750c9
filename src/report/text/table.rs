//! Columns that fit the terminal: the least important go first, texts are shortened, numbers never.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::paint::{Paint, Tone};

/// Spaces between two columns.
const GAP: usize = 2;

/// The longest text that is never shortened: `255.255.255.255:65535/sctp`. Long IPv6 addresses are.
const CORE_MAX: usize = 26;

/// A column.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    title: &'static str,
    right: bool,
    /// The width below which a text is not shortened; none: never shortened.
    least: Option<usize>,
    /// Columns with the highest number go first; 0 stays.
    spare: u8,
}

impl Column {
    /// A column of texts that may be shortened to this width.
    pub const fn text(title: &'static str, least: usize) -> Column {
        Column { title, right: false, least: Some(least), spare: 0 }
    }

    /// A column of short words.
    pub const fn word(title: &'static str) -> Column {
        Column { title, right: false, least: None, spare: 0 }
    }

    /// A column of numbers.
    pub const fn number(title: &'static str) -> Column {
        Column { title, right: true, least: None, spare: 0 }
    }

    /// The same, left out where there is no room; the highest number first.
    pub const fn spare(self, spare: u8) -> Column {
        Column { spare, ..self }
    }
}

/// A cell.
#[derive(Clone, Debug, Default)]
pub struct Cell {
    text: String,
    tone: Tone,
    /// Columns of the terminal that its beginning needs, whatever the width: an address and a port.
    core: usize,
}

impl Cell {
    /// A text that is followed by another one, which goes first where there is no room.
    pub fn with(text: impl ToString, then: Option<String>) -> Cell {
        let text = text.to_string();
        let core = text.width().min(CORE_MAX);
        let text = then.map(|then| format!("{text} {then}")).unwrap_or(text);
        Cell { text, tone: Tone::Plain, core }
    }

    /// The same in a tone.
    pub fn tone(self, tone: Tone) -> Cell {
        Cell { tone, ..self }
    }
}

impl<T: ToString> From<T> for Cell {
    fn from(text: T) -> Cell {
        Cell { text: text.to_string(), tone: Tone::Plain, core: 0 }
    }
}

/// A table.
pub struct Table {
    columns: Vec<Column>,
    rows: Vec<Vec<Cell>>,
}

impl Table {
    /// An empty table.
    pub fn new(columns: &[Column]) -> Table {
        Table { columns: columns.to_vec(), rows: Vec::new() }
    }

    /// Adds a row: a cell for each column.
    pub fn row(&mut self, cells: Vec<Cell>) {
        self.rows.push(cells);
    }

    /// The table, every line indented and ended by a newline. Columns in which no cell says anything
    /// are left out.
    pub fn render(&self, width: Option<usize>, indent: usize, paint: Paint) -> String {
        let widths = self.widths(width.map(|width| width.saturating_sub(indent)));
        let titles: Vec<Cell> =
            self.columns.iter().map(|column| Cell::from(column.title).tone(Tone::Heading)).collect();
        let mut out = String::new();
        for row in std::iter::once(&titles).chain(&self.rows) {
            self.line(row, &widths, indent, paint, &mut out);
        }
        out
    }

    /// The same without the line of titles: for rows that read as sentences.
    pub fn render_rows(&self, width: Option<usize>, indent: usize, paint: Paint) -> String {
        let widths = self.widths(width.map(|width| width.saturating_sub(indent)));
        let mut out = String::new();
        self.rows.iter().for_each(|row| self.line(row, &widths, indent, paint, &mut out));
        out
    }

    fn line(&self, row: &[Cell], widths: &[Option<usize>], indent: usize, paint: Paint, out: &mut String) {
        // Spaces wait until something follows them, so that no line ends in spaces.
        let mut waiting = indent;
        for ((cell, column), width) in row.iter().zip(&self.columns).zip(widths) {
            let Some(width) = *width else { continue };
            let text = shortened(&cell.text, width);
            let room = width.saturating_sub(text.width());
            if column.right {
                waiting += room;
            }
            if !text.is_empty() {
                out.extend(std::iter::repeat_n(' ', std::mem::take(&mut waiting)));
                out.push_str(&paint.paint(cell.tone, &text));
            }
            waiting += GAP + if column.right { 0 } else { room };
        }
        out.push('\n');
    }

    /// The width of each column; none for those left out.
    fn widths(&self, room: Option<usize>) -> Vec<Option<usize>> {
        let natural: Vec<Option<usize>> = (0..self.columns.len()).map(|place| self.natural(place)).collect();
        let Some(room) = room else { return natural };
        let mut shown = natural;
        loop {
            if let Some(fitting) = self.shrunk(&shown, room) {
                return fitting;
            }
            let spare = (self.columns.iter().zip(&shown).enumerate())
                .filter(|(_, (column, width))| column.spare > 0 && width.is_some())
                .max_by_key(|(_, (column, _))| column.spare);
            let Some((place, _)) = spare else { return self.narrowest(shown) };
            if let Some(width) = shown.get_mut(place) {
                *width = None;
            }
        }
    }

    fn natural(&self, place: usize) -> Option<usize> {
        let widest = self.rows.iter().filter_map(|row| row.get(place)).map(|cell| cell.text.width()).max();
        let title = self.columns.get(place)?.title.width();
        widest.filter(|width| *width > 0).map(|width| width.max(title))
    }

    /// Texts shortened, the widest first, until everything fits; none if it cannot.
    fn shrunk(&self, natural: &[Option<usize>], room: usize) -> Option<Vec<Option<usize>>> {
        let mut widths = natural.to_vec();
        let least: Vec<Option<usize>> = (0..widths.len()).map(|place| self.least(place)).collect();
        loop {
            let over = total(&widths).saturating_sub(room);
            if over == 0 {
                return Some(widths);
            }
            let (width, least) = (least.iter().zip(&mut widths))
                .filter_map(|(least, width)| Some((width.as_mut()?, (*least)?)))
                .filter(|(width, least)| **width > *least)
                .max_by_key(|(width, _)| **width)?;
            // A column at a time, and little by little, so that equals are shortened alike.
            *width -= over.min(*width - least).min(4);
        }
    }

    /// How narrow a column may get while others can still go; none if it is never shortened.
    fn least(&self, place: usize) -> Option<usize> {
        let column = self.columns.get(place)?;
        let core = self.rows.iter().filter_map(|row| row.get(place)).map(|cell| cell.core).max();
        Some(column.least?.max(column.title.width()).max(core.unwrap_or_default()))
    }

    /// Nothing can go any more: as narrow as it gets, though wider than the terminal.
    fn narrowest(&self, widths: Vec<Option<usize>>) -> Vec<Option<usize>> {
        let narrowed = |(column, width): (&Column, Option<usize>)| {
            Some(width?.min(column.least.map_or(usize::MAX, |least| least.max(column.title.width()))))
        };
        self.columns.iter().zip(widths).map(narrowed).collect()
    }
}

fn total(widths: &[Option<usize>]) -> usize {
    let shown = widths.iter().flatten();
    shown.clone().sum::<usize>() + shown.count().saturating_sub(1) * GAP
}

/// The text in so many columns of the terminal, with `…` where something is missing.
pub fn shortened(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut used = 1;
    let mut short = String::new();
    for c in text.chars() {
        used += c.width().unwrap_or(0);
        if used > width {
            break;
        }
        short.push(c);
    }
    short.truncate(short.trim_end().len());
    short.push('…');
    short
}

/// Words filled into lines of a width, the first line and the others indented as told.
pub fn fill(text: &str, width: Option<usize>, first: &str, rest: &str) -> String {
    let mut out = String::from(first);
    let mut used = first.width();
    let mut begun = false;
    for word in text.split_whitespace() {
        let fits = width.is_none_or(|width| used + usize::from(begun) + word.width() <= width);
        if begun && !fits {
            out.push('\n');
            out.push_str(rest);
            used = rest.width();
        } else if begun {
            out.push(' ');
            used += 1;
        }
        out.push_str(word);
        used += word.width();
        begun = true;
    }
    out.push('\n');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: [Column; 4] = [
        Column::text("HOST", 8),
        Column::number("BYTES"),
        Column::word("STATE").spare(1),
        Column::text("NAMES", 6).spare(2),
    ];

    fn table() -> Table {
        let mut table = Table::new(&COLUMNS);
        table.row(vec![
            Cell::with("10.0.0.1", Some("database".into())),
            5.into(),
            "ok".into(),
            "database.example".into(),
        ]);
        table.row(vec!["10.0.0.200".into(), "1,234".into(), "".into(), "日本語のホスト".into()]);
        table
    }

    #[test]
    fn is_as_wide_as_it_needs() {
        let text = table().render(None, 2, Paint::default());
        assert_eq!(
            text,
            "  HOST               BYTES  STATE  NAMES\n  \
             10.0.0.1 database      5  ok     database.example\n  \
             10.0.0.200         1,234         日本語のホスト\n"
        );
    }

    #[test]
    fn fits_every_width_it_can() {
        for width in 15..60 {
            let text = table().render(Some(width), 0, Paint::default());
            let widest = text.lines().map(UnicodeWidthStr::width).max().unwrap();
            assert!(widest <= width, "{width}:\n{text}");
            assert!(text.contains("1,234"), "numbers stay whole:\n{text}");
        }
        let narrow = table().render(Some(24), 0, Paint::default());
        assert!(!narrow.contains("NAMES") && narrow.contains("STATE"), "{narrow}");
    }

    #[test]
    fn empty_columns_are_left_out_and_lines_end_without_spaces() {
        let mut table = Table::new(&COLUMNS);
        table.row(vec!["a".into(), 1.into(), "".into(), "".into()]);
        assert_eq!(table.render(None, 0, Paint::default()), "HOST  BYTES\na         1\n");
    }

    #[test]
    fn colours_do_not_move_columns() {
        let mut table = Table::new(&COLUMNS[..2]);
        table.row(vec![Cell::from("a").tone(Tone::Alarm), 1.into()]);
        let text = table.render(None, 0, Paint { colours: true });
        assert_eq!(anstream::adapter::strip_str(&text).to_string(), "HOST  BYTES\na         1\n");
        assert!(text.contains("\x1b["));
    }

    #[test]
    fn sentences_are_filled() {
        assert_eq!(fill("one two three", Some(9), "- ", "  "), "- one two\n  three\n");
        assert_eq!(fill("one two", None, "", ""), "one two\n");
    }
}
