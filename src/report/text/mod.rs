//! Text for people: tables, the story of a capture, and what makes both readable.

mod blindness;
mod certificates;
mod names;
mod paint;
mod rules;
mod safe;
mod story;
mod table;
mod tables;
pub(super) mod words;

pub use paint::{Paint, Tone};
pub use rules::{catalogue, rule_page, rule_table};
pub use safe::clean;
pub use story::write_story;
pub(super) use table::{Cell, Column, Table, fill, shortened};
pub(super) use tables::when;
pub use tables::write_table;
pub(super) use words::{bytes, clock, count, length, moment, number, share, some, verb};

use super::Report;
use crate::model::HostKey;

/// A report and how it is to be shown.
pub struct View<'a> {
    /// What is shown.
    pub report: &'a Report<'a>,
    /// Colours, or none.
    pub paint: Paint,
    /// Columns of the terminal; none: as wide as the text is.
    pub width: Option<usize>,
    /// Show names beside addresses.
    pub names: bool,
    /// The arguments that make other commands read the same captures: `-r office.pcap`.
    pub again: String,
}

impl View<'_> {
    /// The most telling name of a host.
    pub(super) fn name(&self, host: &HostKey) -> Option<String> {
        if self.names { names::name_of(self.report.snapshot, host) } else { None }
    }

    /// A host by address and name: `10.0.0.1 db1`.
    pub(super) fn host(&self, host: &HostKey) -> String {
        names::beside(host.to_string(), self.name(host))
    }
}
