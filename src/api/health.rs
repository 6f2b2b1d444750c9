//! How whoever keeps the map does, in lines that an operator reads and programs tell apart.

use axum::Json;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::app::{App, Asked};
use super::error::{Problem, Refused};
use super::form::Form;
use super::source::Standing;

/// How something is, the best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// As it should be.
    Ok,
    /// Still young: much is new.
    Learning,
    /// Not there yet.
    Starting,
    /// Something is not heard, kept or read.
    Degraded,
    /// Nothing comes of it.
    Failed,
}

/// One thing that is not as it should be.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = HealthLine)]
pub struct Line {
    /// What.
    pub what: String,
    /// How it is.
    pub state: State,
    /// One sentence.
    pub sentence: String,
}

/// How whoever keeps the map does.
#[derive(Clone, Debug, Default)]
pub struct Health {
    /// What is not as it should be.
    pub lines: Vec<Line>,
    /// What a sensor knows of itself, in numbers.
    pub sensor: Option<Value>,
}

/// The health of the server and its map.
#[derive(Serialize, ToSchema)]
#[schema(as = Health)]
struct Document {
    /// The worst of the lines; `ok` where there are none.
    state: State,
    /// What is not as it should be.
    lines: Vec<Line>,
    /// Interfaces, losses, delays and how much is new, of a sensor.
    #[schema(required, value_type = Option<Object>)]
    sensor: Option<Value>,
}

/// The route of health.
pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(health))
}

/// What is not as it should be
#[utoipa::path(get, path = "/health", tag = "report", responses((status = 200, description = "How it is", body = Document), Refused))]
async fn health(asked: Asked, headers: HeaderMap) -> Result<Response, Problem> {
    Form::wanted(&headers, &[Form::Json])?;
    let source = &asked.0.source;
    let mut health = source.health();
    match source.standing() {
        Standing::Ready => {}
        Standing::Reading { .. } => health.lines.push(Line {
            what: "captures".to_owned(),
            state: State::Starting,
            sentence: "the captures are being read".to_owned(),
        }),
        Standing::Failed(sentence) => {
            health.lines.push(Line { what: "captures".to_owned(), state: State::Failed, sentence });
        }
    }
    let state = health.lines.iter().map(|line| line.state).max().unwrap_or(State::Ok);
    let document = Document { state, lines: health.lines, sensor: health.sensor };
    let mut response = Json(document).into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}
