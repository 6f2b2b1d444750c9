//! What is on one map and not on another.

use std::io::{self, Write};

use crate::query::{Difference, Listing, diff};
use crate::report::{Paint, write_difference, write_difference_json};

/// The question: which two maps, by their names.
#[derive(Clone, Debug)]
pub struct Question {
    /// The earlier one.
    pub before: String,
    /// The later one.
    pub after: String,
}

/// The answer. It is about two maps, so that it has no one envelope and no one view.
pub struct Told<'a> {
    question: &'a Question,
    difference: Difference,
}

/// Answers.
pub fn answer<'a>(question: &'a Question, before: &Listing, after: &Listing) -> Told<'a> {
    Told { question, difference: diff(before, after) }
}

impl Told<'_> {
    /// Writes one JSON document, for programs.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn json(&self, out: &mut dyn Write) -> io::Result<()> {
        write_difference_json(&self.difference, &self.question.before, &self.question.after, out)
    }

    /// The page for people.
    pub fn text(&self, paint: Paint, width: Option<usize>) -> String {
        write_difference(&self.difference, &self.question.before, &self.question.after, paint, width)
    }
}
