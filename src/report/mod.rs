//! What we say outside. The JSON of the contract has its one home here, for every program that
//! shows it; so have the tables and the story for people, and the exports for other tools.

mod answer;
mod certificate;
mod checkup;
mod community_id;
mod document;
mod finding;
mod flow;
mod graph;
mod json;
mod list;
mod picture;
mod text;
mod visibility;
mod xml;

pub use answer::{
    Answer, Asker, Backward, Between, BlastRadius, CutAsked, CutReport, EgressResult, ExposureResult,
    ForwardPage, HostResult, IsolateAnswer, IsolateAsked, Judged, Naming, PathQuestion, PathResult,
    PolicyAnswer, PolicyResult, Radius, RootResult, SeenResult, Sight, SpofResult, TargetAt, Teller,
    TimelineResult, TraceQuestion, TraceResult, egress_page, host_page, picture, seen_page, timeline_page,
    verdict, write_blast_radius, write_difference, write_difference_json, write_policy, write_spof,
};
pub use checkup::{
    Checkup, CheckupSubnet, CheckupTap, InterfaceRow, Interfaces, write_checkup, write_checkup_json,
    write_interfaces,
};
pub use community_id::community_id;
pub use document::{Counted, Report, Selection, SourceFacts, watched};
pub use flow::Flow;
pub use graph::{write_dot, write_graphml};
pub use json::{Document, write_head, write_json};
pub use list::{Format, List, Page, write_lines, write_list, write_page, write_row, write_some};
pub use picture::{Picture, PictureEdge, PictureNode, PictureTone, write_dot_picture, write_svg};
pub use text::{Paint, Tone, View, catalogue, clean, rule_page, rule_table, write_story, write_table};
pub use visibility::Visibility;

use crate::model::Timestamp;

/// The shapes of rows, for whoever describes them to programs.
pub mod row {
    pub use super::certificate::Certificate;
    pub use super::finding::FindingRow as Finding;
    pub use super::flow::FlowRow as Flow;
    pub use super::json::{Capture, Dependency, Generator, Head, Host, Ping, Scan, Service};
}

/// The schema of [`Document`].
pub const SCHEMA: &str = "tapmap/report/1";

/// A time as the contract writes it.
pub(crate) fn time(time: Timestamp) -> String {
    time.to_string()
}
