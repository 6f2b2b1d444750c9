//! Lists as programs read them: one document, one object a line, or comma-separated values.
//!
//! **CSV.** Columns are named by the path of the field in the JSON (`direction.evidence`). Where the
//! path leads through a list, the cell holds its items, separated by a space (by `; ` where items may
//! contain spaces). A *text* that begins with `=`, `+`, `-`, `@`, a tab or a line break gets an
//! apostrophe in front, so that no spreadsheet takes a name from the wire for a formula; numbers are
//! left as they are. Invisible and control characters are replaced, as in tables.

use std::io::{self, Write};

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use serde_json::Value;

use super::certificate::{Certificate, Certificates};
use super::document::Report;
use super::finding::FindingRow;
use super::flow::{Flow, FlowRow};
use super::json::{Dependency, Document, Host, Service};
use super::text::clean;
use super::visibility::Visibility;
use super::{SCHEMA, time};

/// A list of the report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum List {
    /// Who is there.
    Hosts,
    /// What is offered.
    Services,
    /// Who uses what.
    Dependencies,
    /// Certificates seen.
    Certificates,
    /// What is wrong.
    Findings,
    /// Every flow.
    Flows,
}

/// How programs want it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// One document.
    Json,
    /// One object a line.
    JsonLines,
    /// Comma-separated values with a header.
    Csv,
}

impl List {
    /// The name of the list in the document.
    pub const fn key(self) -> &'static str {
        match self {
            List::Hosts => "hosts",
            List::Services => "services",
            List::Dependencies => "dependencies",
            List::Certificates => "certificates",
            List::Findings => "findings",
            List::Flows => "flows",
        }
    }

    /// The columns of its CSV, separated by spaces: paths into a row.
    const fn columns(self) -> &'static str {
        match self {
            List::Hosts => {
                "id addresses realm vlans macs vendor names.name names.source roles labels internal first last"
            }
            List::Services => {
                "id host address port transport protocol protocol_evidence product tls.versions tls.sni \
                 tls.alpn tls.ja4 tls.certificate_visibility tls.certificates clients flows first last"
            }
            List::Dependencies => {
                "id client client_address service server_address server_port transport protocol kind state \
                 initiator one_sided direction.decided direction.evidence direction.confidence flows \
                 failed_flows packets_to_server packets_to_client bytes_to_server bytes_to_client first last"
            }
            List::Certificates => {
                "sha256 spki_sha256 serial subject issuer not_before not_after san key.algorithm key.bits \
                 signature_algorithm is_ca seen.service seen.role status days_left problem \
                 verification.outcome verification.why verification.anchor when_seen.status \
                 when_seen.days_left when_seen.outcome dependents.services dependents.clients imported \
                 expected"
            }
            List::Findings => {
                "id rule title severity score band state host service clients count first last detail \
                 evidence.source evidence.frame attack replacement"
            }
            List::Flows => {
                "first last duration_seconds client client_port server server_port transport protocol tls \
                 state direction.decided direction.evidence direction.confidence packets_to_server \
                 packets_to_client bytes_to_server bytes_to_client retransmitted acked_unseen_bytes vlans \
                 community_id source frame"
            }
        }
    }
}

/// Columns whose items may contain spaces.
const SPACED: &[&str] = &["names.name", "san", "labels", "evidence.source", "tls.sni"];

/// The rows of a list.
#[derive(Serialize)]
#[serde(untagged)]
enum Rows {
    Hosts(Vec<Host>),
    Services(Vec<Service>),
    Dependencies(Vec<Dependency>),
    Certificates(Vec<Certificate>),
    Findings(Vec<FindingRow>),
    Flows(Vec<FlowRow>),
}

/// The rows at some places of a list, or all of them.
fn picked<'a, T, R>(items: &'a [T], places: Option<&[usize]>, of: impl Fn(&'a T) -> R) -> Vec<R> {
    match places {
        None => items.iter().map(of).collect(),
        Some(places) => places.iter().filter_map(|place| items.get(*place)).map(of).collect(),
    }
}

impl Rows {
    fn of(list: List, report: &Report<'_>, places: Option<&[usize]>) -> Rows {
        let snapshot = report.snapshot;
        match list {
            List::Hosts => Rows::Hosts(picked(&snapshot.hosts, places, Host::of)),
            List::Services => Rows::Services(picked(&snapshot.services, places, Service::of)),
            List::Dependencies => Rows::Dependencies(picked(&snapshot.dependencies, places, Dependency::of)),
            List::Certificates => {
                let certificates = Certificates::new(report);
                Rows::Certificates(picked(&snapshot.certificates, places, |row| certificates.row(row)))
            }
            List::Findings => {
                Rows::Findings(picked(report.findings, places, |row| FindingRow::of(row, report)))
            }
            List::Flows => {
                let of = |record| FlowRow::of(&Flow::of(record, snapshot), report);
                Rows::Flows(picked(report.records, places, of))
            }
        }
    }

    /// Hands each row to a function, as a value whose fields can be looked up.
    fn each(&self, take: &mut dyn FnMut(Value) -> io::Result<()>) -> io::Result<()> {
        fn all<T: Serialize>(rows: &[T], take: &mut dyn FnMut(Value) -> io::Result<()>) -> io::Result<()> {
            rows.iter().try_for_each(|row| take(serde_json::to_value(row)?))
        }
        match self {
            Rows::Hosts(rows) => all(rows, take),
            Rows::Services(rows) => all(rows, take),
            Rows::Dependencies(rows) => all(rows, take),
            Rows::Certificates(rows) => all(rows, take),
            Rows::Findings(rows) => all(rows, take),
            Rows::Flows(rows) => all(rows, take),
        }
    }

    fn lines(&self, out: &mut impl Write) -> io::Result<()> {
        match self {
            Rows::Hosts(rows) => lines(None, rows, out),
            Rows::Services(rows) => lines(None, rows, out),
            Rows::Dependencies(rows) => lines(None, rows, out),
            Rows::Certificates(rows) => lines(None, rows, out),
            Rows::Findings(rows) => lines(None, rows, out),
            Rows::Flows(rows) => lines(None, rows, out),
        }
    }
}

/// One list with what its reader must know besides.
struct ListDocument {
    key: &'static str,
    as_of: Option<String>,
    visibility: Visibility,
    rows: Rows,
    /// Of a page: how many rows there are in all, and where the next page begins.
    page: Option<(usize, Option<String>)>,
}

impl Serialize for ListDocument {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("schema", SCHEMA)?;
        map.serialize_entry("as_of", &self.as_of)?;
        map.serialize_entry("visibility", &self.visibility)?;
        map.serialize_entry(self.key, &self.rows)?;
        if let Some((total, next)) = &self.page {
            map.serialize_entry("total", total)?;
            map.serialize_entry("next", next)?;
        }
        map.end()
    }
}

/// A row that says what it is, for lines of several kinds.
#[derive(Serialize)]
struct Typed<T> {
    #[serde(skip_serializing_if = "Option::is_none")]
    r#type: Option<&'static str>,
    #[serde(flatten)]
    row: T,
}

fn lines<T: Serialize>(
    kind: Option<&'static str>,
    rows: impl IntoIterator<Item = T>,
    out: &mut impl Write,
) -> io::Result<()> {
    for row in rows {
        serde_json::to_writer(&mut *out, &Typed { r#type: kind, row })?;
        writeln!(out)?;
    }
    Ok(())
}

/// Writes one list.
///
/// # Errors
/// If it cannot be written.
pub fn write_list(report: &Report<'_>, list: List, format: Format, out: &mut impl Write) -> io::Result<()> {
    let rows = Rows::of(list, report, None);
    match format {
        Format::Json => write_document(report, list, rows, None, out),
        Format::JsonLines => rows.lines(out),
        Format::Csv => write_csv(&rows, list, true, out),
    }
}

/// Some rows of a list, in the order in which their places are named.
pub struct Page<'a> {
    /// The places of the rows.
    pub places: &'a [usize],
    /// Rows that there are in all.
    pub total: usize,
    /// Where the next page begins; none: this is the last.
    pub next: Option<String>,
}

/// Writes one page of a list as a document: the same rows as [`write_list`] writes, then `total` and `next`.
///
/// # Errors
/// If it cannot be written.
pub fn write_page(report: &Report<'_>, list: List, page: Page<'_>, out: &mut impl Write) -> io::Result<()> {
    let rows = Rows::of(list, report, Some(page.places));
    write_document(report, list, rows, Some((page.total, page.next)), out)
}

/// Writes some rows of a list, one a line, or as comma-separated values with or without a header.
///
/// # Errors
/// If they cannot be written.
pub fn write_some(
    report: &Report<'_>,
    list: List,
    places: &[usize],
    header: Option<bool>,
    out: &mut impl Write,
) -> io::Result<()> {
    let rows = Rows::of(list, report, Some(places));
    match header {
        None => rows.lines(out),
        Some(header) => write_csv(&rows, list, header, out),
    }
}

/// Writes one row as a document of its own.
///
/// # Errors
/// If it cannot be written.
pub fn write_row(report: &Report<'_>, list: List, place: usize, out: &mut impl Write) -> io::Result<()> {
    fn first<T: Serialize>(rows: &[T], out: &mut impl Write) -> io::Result<()> {
        serde_json::to_writer_pretty(&mut *out, &rows.first())?;
        writeln!(out)
    }
    match Rows::of(list, report, Some(&[place])) {
        Rows::Hosts(rows) => first(&rows, out),
        Rows::Services(rows) => first(&rows, out),
        Rows::Dependencies(rows) => first(&rows, out),
        Rows::Certificates(rows) => first(&rows, out),
        Rows::Findings(rows) => first(&rows, out),
        Rows::Flows(rows) => first(&rows, out),
    }
}

fn write_document(
    report: &Report<'_>,
    list: List,
    rows: Rows,
    page: Option<(usize, Option<String>)>,
    out: &mut impl Write,
) -> io::Result<()> {
    let as_of = report.as_of.map(time);
    let visibility = Visibility::of(report);
    let document = ListDocument { key: list.key(), as_of, visibility, rows, page };
    serde_json::to_writer_pretty(&mut *out, &document)?;
    writeln!(out)
}

/// Writes the whole report, one object a line: first the capture, then every row with its `type`.
///
/// # Errors
/// If it cannot be written.
pub fn write_lines(report: &Report<'_>, out: &mut impl Write) -> io::Result<()> {
    #[derive(Serialize)]
    struct Head<'a> {
        schema: &'static str,
        as_of: &'a Option<String>,
        capture: &'a super::json::Capture,
        visibility: &'a Visibility,
    }
    let document = Document::of(report);
    let head = Head {
        schema: document.schema,
        as_of: &document.as_of,
        capture: &document.capture,
        visibility: &document.visibility,
    };
    lines(Some("report"), [head], out)?;
    lines(Some("host"), document.hosts.iter(), out)?;
    lines(Some("service"), document.services.iter(), out)?;
    lines(Some("dependency"), document.dependencies.iter(), out)?;
    lines(Some("certificate"), document.certificates.iter(), out)?;
    lines(Some("finding"), document.findings.iter(), out)?;
    lines(Some("scan"), document.scans.iter(), out)?;
    lines(Some("ping"), document.pings.iter(), out)
}

fn write_csv(rows: &Rows, list: List, header: bool, out: &mut impl Write) -> io::Result<()> {
    let columns: Vec<&str> = list.columns().split(' ').collect();
    let mut writer = csv::Writer::from_writer(out);
    if header {
        writer.write_record(&columns)?;
    }
    rows.each(&mut |row| Ok(writer.write_record(columns.iter().map(|column| cell(&row, column)))?))?;
    writer.flush()
}

/// Writes rows of an answer: one object a line, or comma-separated values with these columns.
///
/// # Errors
/// If they cannot be written.
pub fn write_rows<T: Serialize>(
    rows: &[T],
    columns: &[&str],
    csv: bool,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut out = out;
    if !csv {
        return lines(None, rows, &mut out);
    }
    let mut writer = csv::Writer::from_writer(out);
    writer.write_record(columns)?;
    for row in rows {
        let row = serde_json::to_value(row)?;
        writer.write_record(columns.iter().map(|column| cell(&row, column)))?;
    }
    writer.flush()
}

/// What a row says under a path; nothing where there is nothing.
fn cell(row: &Value, column: &str) -> String {
    let mut found = Vec::new();
    look(row, Some(column), &mut found);
    let separator = if SPACED.contains(&column) { "; " } else { " " };
    harmless(&found.join(separator), found.len() == 1 && is_number(row, column))
}

fn look(value: &Value, path: Option<&str>, found: &mut Vec<String>) {
    match (value, path) {
        (Value::Array(items), _) => items.iter().for_each(|item| look(item, path, found)),
        (Value::Object(fields), Some(path)) => {
            let (name, rest) = path.split_once('.').map_or((path, None), |(name, rest)| (name, Some(rest)));
            if let Some(value) = fields.get(name) {
                look(value, rest, found);
            }
        }
        (Value::Null, _) => {}
        (Value::String(text), _) => found.push(text.clone()),
        (other, _) => found.push(other.to_string()),
    }
}

fn is_number(row: &Value, column: &str) -> bool {
    column.split('.').try_fold(row, |value, name| value.get(name)).is_some_and(Value::is_number)
}

fn harmless(text: &str, number: bool) -> String {
    if !number && text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) {
        return format!("'{}", clean(text));
    }
    clean(text)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn cells_are_found_by_path() {
        let row = json!({
            "id": "10.0.0.1", "left": -25, "none": null, "tls": null,
            "names": [{"name": "db one"}, {"name": "db2"}], "roles": ["a", "b"], "key": {"bits": 2048}
        });
        let cells = ["id", "left", "none", "tls.versions", "names.name", "roles", "key.bits", "what"];
        assert_eq!(
            cells.map(|column| cell(&row, column)),
            ["10.0.0.1", "-25", "", "", "db one; db2", "a b", "2048", ""]
        );
    }

    #[test]
    fn no_text_is_a_formula() {
        for text in ["=1+1", "+1", "-cmd", "@x", "\tx"] {
            let row = json!({ "name": text });
            assert_eq!(cell(&row, "name"), format!("'{}", clean(text)));
        }
        assert_eq!(cell(&json!({"names": [{"name": "=1"}, {"name": "b"}]}), "names.name"), "'=1; b");
    }
}
