//! A list of the map as it is: hosts, services, dependencies, certificates, findings, flows.

use std::io::{self, Write};

use super::ask::{Ask, Told};
use super::ground::Ground;
use super::refusal::Refusal;
use crate::report::{Format, List, View, write_list, write_table};

/// The question.
#[derive(Clone, Copy, Debug)]
pub struct Question {
    /// Which.
    pub list: List,
}

struct Answer<'a> {
    ground: &'a Ground,
    list: List,
}

impl Ask for Question {
    const ROWS: bool = true;

    fn check(&self) -> Result<(), Refusal> {
        Ok(())
    }

    fn answer<'a>(&'a self, ground: &'a Ground) -> Result<Box<dyn Told + 'a>, Refusal> {
        Ok(Box::new(Answer { ground, list: self.list }))
    }
}

impl Told for Answer<'_> {
    fn json(&self, mut out: &mut dyn Write) -> io::Result<()> {
        write_list(&self.ground.report(), self.list, Format::Json, &mut out)
    }

    fn text(&self, view: &View<'_>) -> String {
        write_table(view, self.list)
    }

    fn rows(&self, csv: bool, mut out: &mut dyn Write) -> io::Result<()> {
        let format = if csv { Format::Csv } else { Format::JsonLines };
        write_list(&self.ground.report(), self.list, format, &mut out)
    }
}
