//! The lists of the report, page by page or as a stream, filtered; and their rows by id.

use std::io;
use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::app::{App, Asked};
use super::desk::Pieces;
use super::error::{Kind, Missing, Outlived, Problem, Refused};
use super::filter::Filter;
use super::form::Form;
use super::page::{self, Cursor, ROWS, ROWS_MAX};
use super::question::{Showing, again};
use super::reply::{self, Tag};
use super::source::Current;
use super::words::{Named, Parameters};
use crate::report::{List, Page, Visibility, row, write_page, write_row, write_some, write_table};

/// Rows that are made up at a time while a stream is written.
const ROWS_AT_ONCE: usize = 1_000;

/// Which rows of a list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ListParameters {
    /// Only rows that a filter lets through: `host:10.0.0.5 port:443 proto:tls name:~db since:1h`
    #[param(max_length = 2048, example = "since:1h")]
    q: Option<String>,
    /// Rows of a page of JSON, by default 100; of other forms all that come, where it is not given
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u16>,
    /// Where the page begins: `next` of the page before
    #[param(max_length = 64)]
    cursor: Option<String>,
    /// Columns of a table for people
    #[param(minimum = 20, maximum = 1000)]
    width: Option<u16>,
    /// Colours in a table for people, as terminals take them
    #[serde(default)]
    #[param(required = false)]
    colour: bool,
    /// Names beside addresses in a table for people [default: true]
    names: Option<bool>,
}

/// What names a row.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
struct RowPath {
    /// The id of the row, as lists give it, percent-encoded
    id: String,
}

/// The routes of lists and rows.
pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .routes(routes!(hosts))
        .routes(routes!(host_row))
        .routes(routes!(services))
        .routes(routes!(service_row))
        .routes(routes!(dependencies))
        .routes(routes!(dependency_row))
        .routes(routes!(certificates))
        .routes(routes!(certificate_row))
        .routes(routes!(findings))
        .routes(routes!(finding_row))
        .routes(routes!(flows))
}

/// A list as it is asked for.
struct Wanted {
    list: List,
    parameters: ListParameters,
    form: Form,
    state: Arc<Current>,
    cursor: Option<Cursor>,
}

impl Wanted {
    fn of(
        list: List,
        parameters: ListParameters,
        headers: &HeaderMap,
        asked: &Asked,
    ) -> Result<Wanted, Problem> {
        let form = Form::wanted(headers, &[Form::Json, Form::Lines, Form::Csv, Form::Text])?;
        let whole = parameters.q.is_none() && parameters.limit.is_none() && parameters.cursor.is_none();
        if form == Form::Text && !whole {
            let why =
                "a table for people has all rows; leave out `q`, `limit` and `cursor`, or take another form";
            return Err(Problem::new(Kind::Malformed, why));
        }
        if let Some(limit) = parameters.limit.filter(|limit| !(1..=ROWS_MAX).contains(limit)) {
            let why = format!("a page has from 1 to {ROWS_MAX} rows");
            return Err(Problem::parameter("limit", &limit.to_string(), why));
        }
        let current = asked.0.current()?;
        let Some(text) = &parameters.cursor else {
            return Ok(Wanted { list, parameters, form, state: current, cursor: None });
        };
        let wrong = |why: &str| Problem::parameter("cursor", text, why);
        let cursor = Cursor::read(text)
            .ok_or_else(|| wrong("this is no cursor; take `next` of the page before as it is"))?;
        if cursor.question != page::question(list.key(), parameters.q.as_deref().unwrap_or_default()) {
            return Err(wrong("this cursor belongs to another list or filter"));
        }
        let state = asked.0.kept.find(&cursor)?;
        Ok(Wanted { list, parameters, form, state, cursor: Some(cursor) })
    }

    /// The places of all rows that are let through.
    fn places(&self) -> Result<Vec<usize>, Problem> {
        let report = self.state.ground().report();
        let text = self.parameters.q.as_deref().unwrap_or_default();
        let filter = Filter::read(self.list, text, report.as_of.unwrap_or_default())
            .map_err(|misread| Problem::word(misread.of_parameter("q"), misread.why.clone()))?;
        Ok(filter.places(self.list, &report))
    }

    fn offset(&self) -> usize {
        self.cursor.map_or(0, |cursor| cursor.offset)
    }

    /// One page as a document, and whether another follows.
    fn page(&self) -> Result<(Vec<u8>, bool), Problem> {
        let places = self.places()?;
        let limit = usize::from(self.parameters.limit.unwrap_or(ROWS));
        let begin = self.offset().min(places.len());
        let end = (begin + limit).min(places.len());
        let next = (end < places.len()).then(|| {
            let cursor = Cursor {
                number: self.state.number,
                digest: page::short(&self.state.mark().digest),
                question: page::question(self.list.key(), self.parameters.q.as_deref().unwrap_or_default()),
                offset: end,
            };
            cursor.to_string()
        });
        let more = next.is_some();
        let page = Page { places: places.get(begin..end).unwrap_or_default(), total: places.len(), next };
        let mut body = Vec::new();
        write_page(&self.state.ground().report(), self.list, page, &mut body).map_err(defect)?;
        Ok((body, more))
    }

    /// The table for people.
    fn table(&self, again: String) -> Result<String, Problem> {
        let report = self.state.ground().report();
        let ListParameters { width, colour, names, .. } = self.parameters;
        Ok(write_table(&Showing { width, colour, names }.view(&report, again)?, self.list))
    }

    /// All rows from the cursor on, as many as are wanted.
    fn write(&self, places: &[usize], out: &mut Pieces) -> io::Result<()> {
        let report = self.state.ground().report();
        let limit = self.parameters.limit.map_or(usize::MAX, usize::from);
        let places: Vec<usize> = places.iter().copied().skip(self.offset()).take(limit).collect();
        let csv = self.form == Form::Csv;
        if places.is_empty() && csv {
            return write_some(&report, self.list, &[], Some(true), out);
        }
        for (turn, places) in places.chunks(ROWS_AT_ONCE).enumerate() {
            write_some(&report, self.list, places, csv.then_some(turn == 0), out)?;
        }
        Ok(())
    }
}

fn defect(error: io::Error) -> Problem {
    Problem::new(Kind::Defect, format!("the answer cannot be written: {error}"))
}

async fn list(
    app: App,
    asked: Asked,
    (list, parameters): (List, ListParameters),
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, Problem> {
    let wanted = Wanted::of(list, parameters, &headers, &asked)?;
    let form = wanted.form;
    if form == Form::Text {
        let again = again(&headers, app.options.tls);
        let table = app.desk.work(move || wanted.table(again)).await?;
        return Ok(reply::full(form, None, table));
    }
    if form != Form::Json {
        let (wanted, tag, places) = app
            .desk
            .work(move || {
                let tag = Tag::of(&wanted.state.mark().whole, &uri, form);
                let places = wanted.places()?;
                Ok((wanted, tag, places))
            })
            .await?;
        if tag.is_known(&headers) {
            return Ok(reply::unchanged(&tag));
        }
        let body = app.desk.stream(move |out| wanted.write(&places, out))?;
        return Ok(reply::full(form, Some(&tag), body));
    }
    app.desk
        .work(move || {
            let tag = Tag::of(&wanted.state.mark().whole, &uri, form);
            // What is written wrongly is said also to whoever has an answer to it.
            let (body, more) = wanted.page()?;
            if more {
                asked.0.kept.keep(&wanted.state);
            }
            Ok(if tag.is_known(&headers) {
                reply::unchanged(&tag)
            } else {
                reply::full(form, Some(&tag), body)
            })
        })
        .await
}

async fn one(
    app: App,
    asked: Asked,
    (list, id): (List, String),
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, Problem> {
    let form = Form::wanted(&headers, &[Form::Json])?;
    let state = asked.0.current()?;
    app.desk
        .work(move || {
            let report = state.ground().report();
            let place = Filter::place_of(list, &report, &id).ok_or_else(|| {
                let one = list.key();
                Problem::not_found(format!(
                    "`{id}` is not among the {one} of this map; /api/v1/{one} lists them"
                ))
            })?;
            let tag = Tag::of(&state.mark().whole, &uri, form);
            if tag.is_known(&headers) {
                return Ok(reply::unchanged(&tag));
            }
            let mut body = Vec::new();
            write_row(&report, list, place, &mut body).map_err(defect)?;
            Ok(reply::full(form, Some(&tag), body))
        })
        .await
}

/// Describes a page, for the description of the API.
macro_rules! pages {
    ($($(#[$doc:meta])* $page:ident $list:ident $row:ty;)*) => {$(
        $(#[$doc])*
        #[derive(ToSchema)]
        #[expect(dead_code, reason = "what `report` writes, described")]
        struct $page {
            /// The schema of the document.
            schema: String,
            /// The moment that status and days left of certificates are told for.
            #[schema(required)]
            as_of: Option<String>,
            /// What the tap could not see.
            visibility: Visibility,
            /// The rows.
            $list: Vec<$row>,
            /// Rows of all pages.
            total: u64,
            /// The cursor of the next page; null on the last.
            #[schema(required)]
            next: Option<String>,
        }
    )*};
}

pages! {
    /// A page of hosts.
    HostPage hosts row::Host;
    /// A page of services.
    ServicePage services row::Service;
    /// A page of dependencies.
    DependencyPage dependencies row::Dependency;
    /// A page of certificates.
    CertificatePage certificates row::Certificate;
    /// A page of findings.
    FindingPage findings row::Finding;
    /// A page of flows.
    FlowPage flows row::Flow;
}

/// A route for a list: everything that lists have in common is said once.
macro_rules! list_routes {
    ($($(#[$doc:meta])* $name:ident $path:literal $which:ident $page:ty, $row:ty;)*) => {$(
        $(#[$doc])*
        #[utoipa::path(
            get, path = $path, tag = "lists", params(ListParameters),
            responses(
                (status = 200, description = "The rows", content(
                    ($page = "application/json"), ($row = "application/x-ndjson"), (String = "text/csv"),
                    (String = "text/plain"),
                )),
                (status = 304, description = "Unchanged since the response with this ETag"),
                Refused, Outlived,
            ),
        )]
        async fn $name(
            State(app): State<App>,
            asked: Asked,
            Parameters(parameters): Parameters<ListParameters>,
            headers: HeaderMap,
            uri: Uri,
        ) -> Result<Response, Problem> {
            list(app, asked, (List::$which, parameters), headers, uri).await
        }
    )*};
}

/// A route for a row by its id.
macro_rules! row_routes {
    ($($(#[$doc:meta])* $name:ident $path:literal $which:ident $row:ty;)*) => {$(
        $(#[$doc])*
        #[utoipa::path(
            get, path = $path, tag = "lists", params(RowPath),
            responses(
                (status = 200, description = "The row", body = $row),
                (status = 304, description = "Unchanged since the response with this ETag"),
                Refused, Missing,
            ),
        )]
        async fn $name(
            State(app): State<App>,
            asked: Asked,
            Named(path): Named<RowPath>,
            headers: HeaderMap,
            uri: Uri,
        ) -> Result<Response, Problem> {
            one(app, asked, (List::$which, path.id), headers, uri).await
        }
    )*};
}

list_routes! {
    /// Hosts: addresses, names, roles
    hosts "/hosts" Hosts HostPage, row::Host;
    /// Services: who offers what, with TLS and software
    services "/services" Services ServicePage, row::Service;
    /// Dependencies: who uses what, and why the arrow points that way
    dependencies "/dependencies" Dependencies DependencyPage, row::Dependency;
    /// Certificates: status, days left, where they were seen
    certificates "/certificates" Certificates CertificatePage, row::Certificate;
    /// Findings: insecure practices and certificates, the worst first
    findings "/findings" Findings FindingPage, row::Finding;
    /// Flows, with Community ID
    flows "/flows" Flows FlowPage, row::Flow;
}

row_routes! {
    /// One host, such as `10.0.0.5`
    host_row "/hosts/{id}" Hosts row::Host;
    /// One service, such as `10.0.0.5:443/tcp`
    service_row "/services/{id}" Services row::Service;
    /// One dependency, such as `10.0.0.9>10.0.0.5:443/tcp`
    dependency_row "/dependencies/{id}" Dependencies row::Dependency;
    /// One certificate, by its SHA-256
    certificate_row "/certificates/{id}" Certificates row::Certificate;
    /// One finding, such as `ADM-01/10.0.0.1:23/tcp`
    finding_row "/findings/{id}" Findings row::Finding;
}
