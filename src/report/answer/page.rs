//! A page of text for people, as every answer lays it out: who is meant, the answer in sections, what
//! the tap could not see, what to ask next, and the id of the answer.

use unicode_width::UnicodeWidthStr;

use super::blindness;
use crate::graph::Host;
use crate::model::{HostKey, NameSource, ServiceKey};
use crate::query::Blindness;
use crate::report::document::{covered, watched};
use crate::report::text::{self, Table, Tone, View, count, length, moment};

/// Columns of a page where nobody says how wide it is.
const PAGE_WIDTH: usize = 100;

/// Columns of a page with wide tables, where nobody says how wide it is.
const WIDE_PAGE_WIDTH: usize = 110;

/// Spaces before everything inside a section.
const INDENT: usize = 2;

/// A page under way.
pub struct Page<'a> {
    view: &'a View<'a>,
    width: usize,
    out: String,
}

impl<'a> Page<'a> {
    /// An empty page.
    pub fn new(view: &'a View<'a>) -> Page<'a> {
        Page { view, width: view.width.unwrap_or(PAGE_WIDTH), out: String::new() }
    }

    /// An empty page for wide tables.
    pub fn wide(view: &'a View<'a>) -> Page<'a> {
        Page { width: view.width.unwrap_or(WIDE_PAGE_WIDTH), ..Page::new(view) }
    }

    /// The page, ended by a newline.
    pub fn finish(self) -> String {
        self.out
    }

    /// How it is shown.
    pub const fn view(&self) -> &'a View<'a> {
        self.view
    }

    /// Columns of the page.
    pub const fn width(&self) -> usize {
        self.width
    }

    /// One line, wrapped where it is too long; what follows is indented by two more.
    pub fn line(&mut self, indent: usize, tone: Tone, text: &str) {
        let (first, rest) = (" ".repeat(indent), " ".repeat(indent + 2));
        for line in text::fill(text, Some(self.width()), &first, &rest).lines() {
            self.out.push_str(&self.view.paint.paint(tone, line));
            self.out.push('\n');
        }
    }

    /// A heading, after an empty line unless it begins the page.
    pub fn heading(&mut self, text: &str) {
        self.headed(Tone::Heading, text);
    }

    /// A heading that is the answer itself: in the tone of what it says.
    pub fn headed(&mut self, tone: Tone, text: &str) {
        if !self.out.is_empty() {
            self.out.push('\n');
        }
        self.line(0, tone, text);
    }

    /// A sentence inside a section.
    pub fn say(&mut self, text: &str) {
        self.line(INDENT, Tone::Plain, text);
    }

    /// A text behind a lead that keeps its spaces; what follows stands below the text.
    pub fn behind(&mut self, lead: &str, tone: Tone, text: &str) {
        let (first, rest) =
            (format!("{}{lead}", " ".repeat(INDENT)), " ".repeat(INDENT + lead.chars().count()));
        for line in text::fill(text, Some(self.width()), &first, &rest).lines() {
            self.out.push_str(&self.view.paint.paint(tone, line));
            self.out.push('\n');
        }
    }

    /// A sentence that warns.
    pub fn warn(&mut self, text: &str) {
        self.line(INDENT, Tone::Warning, &format!("! {text}"));
    }

    /// A line of a list inside a section: what stands first keeps its column, the rest is wrapped
    /// behind it. Words that are wider than the page are shortened.
    pub fn item(&mut self, first: &str, tone: Tone, text: &str) {
        let hang = INDENT + first.width() + 2;
        let room = self.width().saturating_sub(hang).max(20);
        let words: Vec<String> = text.split_whitespace().map(|word| text::shortened(word, room)).collect();
        let (begin, rest) = (format!("{}{first}  ", " ".repeat(INDENT)), " ".repeat(hang));
        for line in text::fill(&words.join(" "), Some(self.width()), &begin, &rest).lines() {
            self.out.push_str(&self.view.paint.paint(tone, line));
            self.out.push('\n');
        }
    }

    /// A table inside a section.
    pub fn table(&mut self, table: &Table) {
        self.out.push_str(&table.render(Some(self.width()), INDENT, self.view.paint));
    }

    /// Rows inside a section that need no titles.
    pub fn rows(&mut self, table: &Table) {
        self.out.push_str(&table.render_rows(Some(self.width()), INDENT, self.view.paint));
    }

    /// Who is meant, and what the answer is made from:
    /// `10.2.0.17 = erp-app01 (kerberos, dhcp)  VLAN 20` / `as of … · 6 d 22 h watched`.
    pub fn about(&mut self, hosts: &[&Host], what: &str) {
        self.named(hosts, what);
        self.time();
    }

    /// Who is meant.
    pub fn named(&mut self, hosts: &[&Host], what: &str) {
        let text = match hosts {
            [host] => self.identity(host, what),
            hosts => format!("{what} = {}", count(hosts.len(), "host", "hosts")),
        };
        self.line(0, Tone::Heading, &text);
    }

    /// The moment that the answer is about, and how long was watched.
    pub fn time(&mut self) {
        let report = self.view.report;
        let as_of =
            report.as_of.map_or_else(|| "no packet seen".to_owned(), |at| format!("as of {}", moment(at)));
        let watched = match covered(&watched(report.sources)) {
            0 => String::new(),
            nanos => format!(" · {} watched", length(nanos)),
        };
        let sources = count(report.sources.len(), "capture", "captures");
        self.line(0, Tone::Faint, &format!("{as_of}{watched} · {sources}"));
    }

    /// `10.2.0.17 = erp-app01 (kerberos, dhcp)  VLAN 20  web-server`.
    fn identity(&self, host: &Host, what: &str) -> String {
        let mut text = what.to_owned();
        let address = host.key.to_string();
        if address != what && !what.starts_with(&address) {
            text = format!("{text} = {address}");
        }
        if let Some(name) = host.names.first().filter(|_| self.view.names) {
            let sources: Vec<&str> = host
                .names
                .iter()
                .filter(|other| other.name == name.name)
                .map(|other| other.source.map_or("site file", NameSource::word))
                .collect();
            text = format!("{text} = {} ({})", text::clean(&name.name), sources.join(", "));
        }
        for vlan in &host.vlans {
            text = format!("{text}  VLAN {vlan}");
        }
        if !host.roles.is_empty() {
            let roles: Vec<&str> = host.roles.iter().copied().collect();
            text = format!("{text}  {}", roles.join(", "));
        }
        text
    }

    /// A host by address and name.
    pub fn host(&self, host: &HostKey) -> String {
        self.view.host(host)
    }

    /// A service by the name of its host and its id.
    pub fn service(&self, service: &ServiceKey) -> String {
        match self.view.name(&service.host) {
            Some(name) => format!("{name} {service}"),
            None => service.to_string(),
        }
    }

    /// What the tap could not see of these hosts, and what to ask next; then the answer's id.
    pub fn end(mut self, blindness: &Blindness, next: &[String], answer_id: &str) -> String {
        let sentences = blindness::sentences(blindness, self.view.report.snapshot);
        self.heading("WHAT THIS TAP CANNOT SEE HERE");
        sentences.iter().for_each(|sentence| self.warn(sentence));
        if sentences.is_empty() {
            self.say("Both directions and the own segment were seen, without a gap and without loss.");
        }
        if let nanos @ 1.. = covered(&watched(self.view.report.sources)) {
            let often = length(nanos);
            self.warn(&format!("Jobs that run less often than every {often} cannot be known from this."));
        }
        if !next.is_empty() {
            self.heading("NEXT");
            next.iter().for_each(|command| self.say(command));
        }
        let short = answer_id.get(..12).unwrap_or(answer_id);
        self.line(0, Tone::Faint, &format!("answer {short}"));
        self.out
    }
}
