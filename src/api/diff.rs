//! What is on one map and not on another: the server's own, an uploaded one, or what was between two
//! moments.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::app::{App, Served};
use super::error::{Kind, Problem, Refused, Unanswerable, Untaken};
use super::form::Form;
use super::map::missing;
use super::past::Past;
use super::question::{Put, Showing};
use super::reply;
use crate::model::Timestamp;
use crate::query::Listing;
use crate::question::diff::{Question, answer};
use crate::report::Paint;

/// The server's own map.
const MAIN: &str = "main";

/// Which two maps are compared.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::IntoParams, ToSchema)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Diff {
    /// The earlier map: `main`, the id of an uploaded one, or TIME/TIME of the server's own
    before: String,
    /// The later map
    after: String,
}

/// What is on one of two maps, as the document tells it.
#[derive(ToSchema)]
#[schema(as = Difference)]
#[expect(dead_code, reason = "what `report` writes, described")]
struct Document {
    /// The schema of the document.
    schema: String,
    /// The question.
    #[schema(value_type = Object)]
    question: serde_json::Value,
    /// What is new and what is gone, by kind.
    #[schema(value_type = Object)]
    result: serde_json::Value,
}

/// The routes of differences.
pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(diff, diff_asked))
}

/// What is on one map and not on another
#[utoipa::path(
    get, path = "/api/v1/diff", tag = "questions", params(Diff, Showing),
    responses(
        (status = 200, description = "The difference", content((Document = "application/json"), (String = "text/plain"))),
        Refused, Unanswerable,
    ),
)]
async fn diff(State(app): State<App>, put: Put, headers: HeaderMap) -> Result<Response, Problem> {
    let (wire, showing) = put.pairs::<Diff>()?;
    told(app, wire, showing, headers).await
}

/// What is on one map and not on another
#[utoipa::path(
    post, path = "/api/v1/diff", tag = "questions", params(Showing), request_body = Diff,
    responses(
        (status = 200, description = "The difference", content((Document = "application/json"), (String = "text/plain"))),
        Refused, Unanswerable, Untaken,
    ),
)]
async fn diff_asked(
    State(app): State<App>,
    put: Put,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let (wire, showing) = put.document::<Diff>(&headers, &body)?;
    told(app, wire, showing, headers).await
}

async fn told(app: App, wire: Diff, showing: Showing, headers: HeaderMap) -> Result<Response, Problem> {
    let form = Form::wanted(&headers, &[Form::Json, Form::Text])?;
    let (before, after) = (Side::of(&app, "before", &wire.before)?, Side::of(&app, "after", &wire.after)?);
    app.desk
        .work(move || {
            let (before, after) = (before.listing()?, after.listing()?);
            let question = Question { before: wire.before, after: wire.after };
            let told = answer(&question, &before, &after);
            let mut body = Vec::new();
            match form {
                Form::Text => {
                    let paint = Paint { colours: showing.colour };
                    body = told.text(paint, showing.width.map(usize::from)).into_bytes();
                }
                _ => told.json(&mut body).map_err(|error| Problem::new(Kind::Defect, error.to_string()))?,
            }
            Ok(reply::full(form, None, body))
        })
        .await
}

/// One side of a comparison.
enum Side {
    Map(Arc<Served>),
    Between(Arc<Served>, Timestamp, Timestamp),
}

impl Side {
    fn of(app: &App, parameter: &'static str, text: &str) -> Result<Side, Problem> {
        if text == MAIN {
            return Ok(Side::Map(Arc::clone(&app.main)));
        }
        if let Some((since, until)) = text.split_once('/') {
            let read = |word: &str| {
                word.parse::<Timestamp>()
                    .map_err(|error| Problem::parameter(parameter, text, error.to_string()))
            };
            let (since, until) = (read(since)?, read(until)?);
            if since >= until {
                let why = format!("`{text}`: the time ends before it begins");
                return Err(Problem::parameter(parameter, text, why));
            }
            return Ok(Side::Between(Arc::clone(&app.main), since, until));
        }
        let found = app.uploads().and_then(|uploads| uploads.find(text));
        found.map(|map| Side::Map(Arc::clone(&map.served))).ok_or_else(|| missing(text))
    }

    fn listing(&self) -> Result<Listing, Problem> {
        match self {
            Side::Map(served) => Ok(Listing::of(served.current()?.ground().report().snapshot)),
            Side::Between(served, since, until) => {
                let past = Past { since: Some(*since), until: Some(*until), as_of: None };
                Ok(Listing::of(served.read(&past)?.report().snapshot))
            }
        }
    }
}
