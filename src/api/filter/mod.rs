//! The small language in which lists are filtered: `host:10.0.0.5 port:443 proto:tls name:~db since:1h`.
//!
//! ```text
//! filter       = [ term *( spaces term ) ]          all terms must hold
//! term         = [ "-" ] ( key ":" alternatives / word )    "-" turns it round
//! alternatives = alternative *( "," alternative )   one of them must hold
//! alternative  = text                   is equal to it, whatever the case
//!              / "~" text               contains it
//!              / address / network      host, client, server: is it, or lies in it
//!              / number [ "-" number ]  is it, or lies between
//!              / ( ">" / ">=" / "<" / "<=" ) number     number may end in k, M or G
//!              / time / number unit     since, until: RFC 3339 with a zone, or that long ago;
//!                                       unit = "s" / "m" / "h" / "d" / "w"
//!              / "yes" / "no"           internal, one_sided, decided, tls
//! text         = characters but spaces, quotes and commas / quoted
//! quoted       = DQUOTE any characters, \" and \\ for those two DQUOTE
//! word         = an address or network: as host:word; else as name:~word
//! ```
//!
//! Which keys a list has stands in [`key::KEYS`]. `since:1h` is reckoned back from the newest packet, as
//! every moment here is; no clock is asked.

pub mod key;
mod row;
mod test;

use crate::api::error::Word;
use crate::graph::Snapshot;
use crate::model::Timestamp;
use crate::report::{List, Report};

use key::Key;
use row::Row;
use test::Test;

/// Characters of the longest filter: room for a few dozen addresses.
pub const CHARACTERS_MAX: usize = 2_048;

/// Terms of the longest filter. Each is looked at for each row.
const TERMS_MAX: usize = 32;

/// Alternatives of one term.
const ALTERNATIVES_MAX: usize = 64;

/// What a list must show.
#[derive(Debug, Default)]
pub struct Filter {
    terms: Vec<Term>,
}

#[derive(Debug)]
struct Term {
    key: &'static Key,
    turned: bool,
    tests: Vec<Test>,
}

/// A word that cannot be read, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misread {
    /// The word.
    pub word: String,
    /// Characters of the filter before it.
    pub offset: usize,
    /// One sentence: what is wrong with it and what may be written.
    pub why: String,
}

impl Misread {
    /// The word as it stands in a parameter.
    pub fn of_parameter(&self, parameter: &str) -> Word {
        Word { parameter: parameter.to_owned(), text: self.word.clone(), offset: self.offset }
    }
}

impl Filter {
    /// Reads a filter for a list. `now` is the moment that times are reckoned back from.
    ///
    /// # Errors
    /// If a word cannot be read: which, where, and why.
    pub fn read(list: List, text: &str, now: Timestamp) -> Result<Filter, Misread> {
        let count = text.chars().count();
        if count > CHARACTERS_MAX {
            let why = format!("the filter has {count} characters, and at most {CHARACTERS_MAX} are read");
            return Err(Misread { word: String::new(), offset: CHARACTERS_MAX, why });
        }
        let words = words(text)?;
        if let Some(word) = words.get(TERMS_MAX) {
            return Err(word.misread(format!("a filter has at most {TERMS_MAX} terms")));
        }
        let terms = words.iter().map(|word| Term::read(list, word, now));
        Ok(Filter { terms: terms.collect::<Result<_, _>>()? })
    }

    /// The places of a list's rows that it lets through, in their order.
    pub fn places(&self, list: List, report: &Report<'_>) -> Vec<usize> {
        let count = Row::count(list, report);
        if self.terms.is_empty() {
            return (0..count).collect();
        }
        let holds = |place: &usize| {
            Row::at(list, report, *place).is_some_and(|row| self.holds(&row, report.snapshot))
        };
        (0..count).filter(holds).collect()
    }

    /// The place of the row with an id; flows have none.
    pub fn place_of(list: List, report: &Report<'_>, id: &str) -> Option<usize> {
        let is_it = |place: &usize| {
            Row::at(list, report, *place).and_then(|row| row.id()).is_some_and(|own| own == id)
        };
        (0..Row::count(list, report)).find(is_it)
    }

    fn holds(&self, row: &Row<'_>, snapshot: &Snapshot) -> bool {
        self.terms.iter().all(|term| term.holds(row, snapshot))
    }
}

impl Term {
    fn read(list: List, word: &Piece, now: Timestamp) -> Result<Term, Misread> {
        let (turned, text) = match word.text.strip_prefix('-') {
            Some(rest) if !rest.is_empty() => (true, rest),
            _ => (false, word.text.as_str()),
        };
        let misread = |why: String| word.misread(why);
        // An address of IPv6 has colons and no key.
        let (name, value) = match text.split_once(':') {
            Some((name, value)) if !word.quoted && test::network(text).is_none() => (name, value),
            _ if test::network(text).is_some() => ("host", text),
            _ => {
                let key = key::find(list, "name").or_else(|| key::find(list, "id"));
                let key = key.ok_or_else(|| misread("this list has no names".to_owned()))?;
                return Ok(Term { key, turned, tests: vec![Test::containing(text)] });
            }
        };
        let key = key::find(list, name).ok_or_else(|| misread(key::unknown(list, name)))?;
        let alternatives = alternatives(value);
        if alternatives.len() > ALTERNATIVES_MAX {
            return Err(misread(format!("`{name}` has more than {ALTERNATIVES_MAX} alternatives")));
        }
        let tests = alternatives.iter().map(|text| Test::read(key, text, now));
        Ok(Term { key, turned, tests: tests.collect::<Result<_, _>>().map_err(misread)? })
    }

    fn holds(&self, row: &Row<'_>, snapshot: &Snapshot) -> bool {
        let mut found = false;
        row.look(self.key.name, snapshot, &mut |cell| {
            found = found || self.tests.iter().any(|test| test.holds(&cell));
        });
        found != self.turned
    }
}

/// A word of a filter with its quotes undone; commas inside quotes are marked, so that they part nothing.
struct Piece {
    text: String,
    raw: String,
    offset: usize,
    /// It begins with a quote: no key stands before it.
    quoted: bool,
}

/// Stands for a comma inside quotes until alternatives are parted. No filter has it: it is a control
/// character, and those are refused.
const QUOTED_COMMA: char = '\u{1}';

impl Piece {
    fn misread(&self, why: String) -> Misread {
        Misread { word: self.raw.clone(), offset: self.offset, why }
    }
}

fn words(text: &str) -> Result<Vec<Piece>, Misread> {
    let mut words = Vec::new();
    let mut characters = text.chars().enumerate().peekable();
    while let Some((offset, first)) = characters.next_if(|_| true) {
        if first.is_whitespace() {
            continue;
        }
        let mut piece = Piece { text: String::new(), raw: String::new(), offset, quoted: first == '"' };
        let (mut inside, mut escaped) = (false, false);
        let mut next = Some((offset, first));
        while let Some((_, character)) = next {
            piece.raw.push(character);
            match character {
                _ if character.is_control() => {
                    return Err(piece.misread("a control character cannot be looked for".to_owned()));
                }
                _ if escaped => {
                    piece.text.push(character);
                    escaped = false;
                }
                '\\' if inside => escaped = true,
                '"' => inside = !inside,
                ',' if inside => piece.text.push(QUOTED_COMMA),
                _ => piece.text.push(character),
            }
            next = characters.next_if(|(_, character)| inside || !character.is_whitespace());
        }
        if inside {
            return Err(piece.misread("a quote is opened and not closed; add `\"`".to_owned()));
        }
        words.push(piece);
    }
    Ok(words)
}

fn alternatives(value: &str) -> Vec<String> {
    value.split(',').map(|text| text.replace(QUOTED_COMMA, ",")).collect()
}

#[cfg(test)]
mod tests;
