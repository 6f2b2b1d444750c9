//! The report as a whole, what it was made from, and how far the server is.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Uri, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::app::{App, Asked, Served};
use super::error::{Kind, Problem, Refused};
use super::form::Form;
use super::reply::{self, Tag};
use super::source::Standing;
use crate::report::{Visibility, row, write_head, write_json, write_lines};

/// The whole report, as `tapmap analyze -o json` writes it.
#[derive(ToSchema)]
#[expect(dead_code, reason = "what `report` writes, described")]
struct Report {
    schema: String,
    generator: row::Generator,
    #[schema(required)]
    as_of: Option<String>,
    capture: row::Capture,
    visibility: Visibility,
    hosts: Vec<row::Host>,
    services: Vec<row::Service>,
    dependencies: Vec<row::Dependency>,
    certificates: Vec<row::Certificate>,
    findings: Vec<row::Finding>,
    scans: Vec<row::Scan>,
    pings: Vec<row::Ping>,
}

/// How far a map has come.
#[derive(Serialize, ToSchema)]
pub struct Status {
    /// `captures`, `sensor` or `store`.
    source: &'static str,
    /// `reading`, `ready` or `failed`.
    state: &'static str,
    /// Why it failed.
    #[schema(required)]
    problem: Option<String>,
    /// While captures are read: how far.
    #[schema(required)]
    progress: Option<Progress>,
    /// The state of the map that answers are made from.
    #[schema(required)]
    snapshot: Option<Snapshot>,
    /// The number of the newest event.
    newest_event: u64,
    /// The version of tapmap.
    version: &'static str,
}

/// How far reading has come.
#[derive(Serialize, ToSchema)]
pub struct Progress {
    /// Bytes read.
    bytes: u64,
    /// Of how many; null where nobody knows.
    #[schema(required)]
    total: Option<u64>,
    /// Packets read.
    packets: u64,
}

/// A state of the map.
#[derive(Serialize, ToSchema)]
pub struct Snapshot {
    /// Counts up with each state.
    number: u64,
    /// The time of the newest packet.
    #[schema(required)]
    as_of: Option<String>,
    /// Hosts on it.
    hosts: usize,
    /// Services on it.
    services: usize,
    /// Dependencies on it.
    dependencies: usize,
    /// Findings on it.
    findings: usize,
    /// Flows that are kept.
    flows: usize,
}

/// The routes of the report.
pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(report)).routes(routes!(capture)).routes(routes!(status))
}

/// The whole report: capture, visibility, all lists
#[utoipa::path(
    get, path = "/report", tag = "report",
    responses(
        (status = 200, description = "The report", content(
            (Report = "application/json"), (Object = "application/x-ndjson"),
        )),
        (status = 304, description = "Unchanged since the response with this ETag"),
        Refused,
    ),
)]
async fn report(
    State(app): State<App>,
    asked: Asked,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, Problem> {
    let form = Form::wanted(&headers, &[Form::Json, Form::Lines])?;
    let state = asked.0.current()?;
    let marked = state.clone();
    let tag = app.desk.work(move || Ok(Tag::of(&marked.mark().whole, &uri, form))).await?;
    if tag.is_known(&headers) {
        return Ok(reply::unchanged(&tag));
    }
    let body = app.desk.stream(move |mut out| {
        let report = state.ground().report();
        match form {
            Form::Lines => write_lines(&report, &mut out),
            _ => write_json(&report, &mut out),
        }
    })?;
    Ok(reply::full(form, Some(&tag), body))
}

/// What was read, what came of its packets, and what the tap could not see
#[utoipa::path(
    get, path = "/capture", tag = "report",
    responses(
        (status = 200, description = "What was read", body = row::Head),
        (status = 304, description = "Unchanged since the response with this ETag"),
        Refused,
    ),
)]
async fn capture(
    State(app): State<App>,
    asked: Asked,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, Problem> {
    let form = Form::wanted(&headers, &[Form::Json])?;
    let state = asked.0.current()?;
    app.desk
        .work(move || {
            let tag = Tag::of(&state.mark().whole, &uri, form);
            if tag.is_known(&headers) {
                return Ok(reply::unchanged(&tag));
            }
            let mut body = Vec::new();
            write_head(&state.ground().report(), &mut body)
                .map_err(|error| Problem::new(Kind::Defect, error.to_string()))?;
            Ok(reply::full(form, Some(&tag), body))
        })
        .await
}

/// How far the map is: reading, ready or failed
#[utoipa::path(
    get, path = "/status", tag = "report",
    responses((status = 200, description = "How far the map is", body = Status), Refused),
)]
async fn status(asked: Asked, headers: HeaderMap) -> Result<Response, Problem> {
    Form::wanted(&headers, &[Form::Json])?;
    let mut response = Json(Status::of(&asked.0)).into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

impl Status {
    /// How far a map has come.
    pub fn of(served: &Served) -> Status {
        let standing = served.source.standing();
        let (state, problem, progress) = match standing {
            Standing::Reading { bytes, total, packets } => {
                ("reading", None, Some(Progress { bytes, total, packets }))
            }
            Standing::Ready => ("ready", None, None),
            Standing::Failed(why) => ("failed", Some(why), None),
        };
        let snapshot = served.source.figures().map(|figures| Snapshot {
            number: figures.number,
            as_of: figures.as_of.map(|time| time.to_string()),
            hosts: figures.hosts,
            services: figures.services,
            dependencies: figures.dependencies,
            findings: figures.findings,
            flows: figures.flows,
        });
        Status {
            source: served.source.kind(),
            state,
            problem,
            progress,
            snapshot,
            newest_event: *served.source.newest().borrow(),
            version: env!("CARGO_PKG_VERSION"),
        }
    }
}
