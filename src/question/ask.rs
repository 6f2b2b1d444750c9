//! What all questions have in common, and all answers.

use std::io::{self, ErrorKind, Write};

use super::ground::Ground;
use super::refusal::Refusal;
use crate::report::{Picture, View};

/// A question: plain data, made of words.
pub trait Ask {
    /// Its answer is also a list, for [`Told::rows`].
    const ROWS: bool = false;

    /// Says what is wrong with its words, as far as that can be told before anything is read.
    ///
    /// # Errors
    /// If something is.
    fn check(&self) -> Result<(), Refusal>;

    /// Answers.
    ///
    /// # Errors
    /// If its words are wrong, or mean nothing here.
    fn answer<'a>(&'a self, ground: &'a Ground) -> Result<Box<dyn Told + 'a>, Refusal>;
}

/// An answer, ready to be told.
pub trait Told {
    /// Writes one JSON document, for programs.
    ///
    /// # Errors
    /// If it cannot be written.
    fn json(&self, out: &mut dyn Write) -> io::Result<()>;

    /// The page for people.
    fn text(&self, view: &View<'_>) -> String;

    /// Writes its rows, for programs: comma-separated values, or one JSON object a line.
    ///
    /// # Errors
    /// If they cannot be written, or it is no list (see [`Ask::ROWS`]).
    fn rows(&self, _csv: bool, _out: &mut dyn Write) -> io::Result<()> {
        Err(io::Error::new(ErrorKind::Unsupported, "an answer is one document"))
    }

    /// It says that nothing was found.
    fn is_empty(&self) -> bool {
        false
    }

    /// The same, drawn.
    fn picture(&self) -> Option<Picture> {
        None
    }
}
