//! Every question of the command line over HTTP: GET with query parameters, or POST with JSON; and the
//! answers that were given lately, by their ids.

mod asked;
mod kept;
mod wire;
mod word;

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Uri, header};
use axum::response::Response;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::app::{App, Asked};
use super::error::{Kind, Missing, Problem, Refused, Unanswerable, Untaken};
use super::form::Form;
use super::past::When;
use super::reply::{self, Tag};
use super::source::Current;
use super::words::Named;
use crate::question::{
    Ask, Refusal, Why, blast_radius, cut, egress, host, isolate, path, policy, seen, spof, timeline,
};
pub use asked::{Put, Showing};
use kept::Answer;
pub use kept::Answers;
pub use wire::{Back, Forward, Moment, Sent};

/// Says that an answer tells of nothing: the command ends with another status then.
pub const NOTHING_FOUND: HeaderName = HeaderName::from_static("tapmap-nothing-found");

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Problem {
        let kind = match refusal.why {
            Why::Words => Kind::Malformed,
            Why::NeverSeen => Kind::NotFound,
            Why::Ambiguous | Why::Infeasible => Kind::Unprocessable,
        };
        Problem::new(kind, refusal.sentence)
    }
}

/// A request for an answer, apart from the question.
struct Request {
    app: App,
    asked: Asked,
    showing: Showing,
    when: When,
    headers: HeaderMap,
    /// None where the question came in a body: nothing names the answer then.
    uri: Option<Uri>,
}

async fn answer<Q: Sent>(request: Request, question: Q) -> Result<Response, Problem> {
    let forms: &[Form] = match Q::ROWS {
        true => &[Form::Json, Form::Text, Form::Lines, Form::Csv],
        false => &[Form::Json, Form::Text],
    };
    let form = Form::wanted(&request.headers, forms)?;
    question.check()?;
    let Request { app, asked, showing, when, headers, uri } = request;
    let state = match when.past()? {
        None => asked.0.current()?,
        Some(past) => asked.0.past(&app, past).await?,
    };
    let whole = marked(&app, &state).await?;
    let tag = uri.map(|uri| Tag::of(&whole, &uri, form));
    if let Some(tag) = tag.as_ref().filter(|tag| tag.is_known(&headers)) {
        return Ok(reply::unchanged(tag));
    }
    let answer = match form {
        Form::Json => {
            let mut key = Sha256::new();
            key.update(Q::ROUTE);
            key.update(serde_json::to_vec(&question.wire()).unwrap_or_default());
            key.update(whole);
            let work = || app.desk.work(move || document(&state, &question));
            asked.0.answers.answer(key.finalize().into(), work).await?
        }
        form => {
            let again = again(&headers, app.options.tls);
            app.desk.work(move || shown(&state, &question, form, &showing, again)).await?
        }
    };
    let mut response = reply::full(form, tag.as_ref(), answer.body);
    if answer.empty {
        response.headers_mut().insert(NOTHING_FOUND, HeaderValue::from_static("true"));
    }
    Ok(response)
}

/// The mark of a state, taken where work is done if nobody has taken it yet.
async fn marked(app: &App, state: &Arc<Current>) -> Result<[u8; 32], Problem> {
    if let Some(mark) = state.known_mark() {
        return Ok(mark.whole);
    }
    let state = Arc::clone(state);
    app.desk.work(move || Ok(state.mark().whole)).await
}

fn document<Q: Ask>(state: &Current, question: &Q) -> Result<Answer, Problem> {
    #[derive(Deserialize)]
    struct Envelope {
        answer_id: String,
    }
    let told = question.answer(state.ground())?;
    let mut body = Vec::new();
    told.json(&mut body).map_err(defect)?;
    let envelope: Envelope = serde_json::from_slice(&body).map_err(|error| defect(error.into()))?;
    Ok(Answer { id: envelope.answer_id, body: body.into(), empty: told.is_empty() })
}

fn shown<Q: Ask>(
    state: &Current,
    question: &Q,
    form: Form,
    showing: &Showing,
    again: String,
) -> Result<Answer, Problem> {
    let told = question.answer(state.ground())?;
    let mut body = Vec::new();
    match form {
        Form::Lines | Form::Csv => told.rows(form == Form::Csv, &mut body).map_err(defect)?,
        _ => {
            let report = state.ground().report();
            body.extend(told.text(&showing.view(&report, again)?).into_bytes());
        }
    }
    Ok(Answer { id: String::new(), body: body.into(), empty: told.is_empty() })
}

/// The arguments that make another command ask this server.
pub fn again(headers: &HeaderMap, tls: bool) -> String {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost");
    format!("--server {}://{host}", if tls { "https" } else { "http" })
}

fn defect(error: std::io::Error) -> Problem {
    Problem::new(Kind::Defect, format!("the answer cannot be written: {error}"))
}

/// What every answer carries.
#[derive(ToSchema)]
#[schema(as = Answer)]
#[expect(dead_code, reason = "what `report` writes, described")]
struct Document {
    /// The schema of the document.
    schema: String,
    /// The question, as it was understood.
    #[schema(value_type = Object)]
    question: serde_json::Value,
    /// The SHA-256 of question, map and site file: the same question to the same map has the same.
    answer_id: String,
    /// Which map.
    snapshot: Which,
    /// The time that was watched.
    window: Window,
    /// What the tap could not see of whom the answer is about.
    #[schema(value_type = Object)]
    visibility: serde_json::Value,
    /// The answer; its shape is that of the command's `-o json`.
    #[schema(value_type = Object)]
    result: serde_json::Value,
}

/// Which map an answer is about.
#[derive(ToSchema)]
#[expect(dead_code, reason = "what `report` writes, described")]
struct Which {
    /// Its number.
    number: u64,
    /// Its digest.
    digest: String,
}

/// The time that was watched.
#[derive(ToSchema)]
#[expect(dead_code, reason = "what `report` writes, described")]
struct Window {
    /// Its first moment.
    #[schema(required)]
    first: Option<String>,
    /// Its last moment.
    #[schema(required)]
    last: Option<String>,
    /// The moment that the answer is about.
    #[schema(required)]
    as_of: Option<String>,
    /// Seconds of it in which somebody watched.
    watched_seconds: f64,
}

/// What names an answer.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Path)]
struct AnswerPath {
    /// The `answer_id` of an answer that was given lately
    answer_id: String,
}

/// An answer that was given lately, byte for byte
#[utoipa::path(
    get, path = "/answers/{answer_id}", tag = "questions", params(AnswerPath),
    responses((status = 200, description = "The answer", body = Document), Refused, Missing),
)]
async fn given(
    asked: Asked,
    Named(path): Named<AnswerPath>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let form = Form::wanted(&headers, &[Form::Json])?;
    let answer = asked.0.answers.find(&path.answer_id).ok_or_else(|| {
        let id = &path.answer_id;
        Problem::not_found(format!("no answer `{id}` is kept; ask again, the same question has the same id"))
    })?;
    Ok(reply::full(form, None, answer.body))
}

/// Routes for a question: GET and POST.
macro_rules! question_routes {
    ($($(#[$doc:meta])* $get:ident $post:ident $path:literal $question:ty, $wire:path $(, $rows:literal)?;)*) => {
        $(
            $(#[$doc])*
            #[utoipa::path(
                get, path = $path, tag = "questions", params($wire, When, Showing),
                responses(
                    (status = 200, description = "The answer", content(
                        (Document = "application/json"), (String = "text/plain"),
                        $((String = $rows), (String = "text/csv"),)?
                    ), headers(("Tapmap-Nothing-Found" = Option<String>, description = "Given where nothing was found."))),
                    (status = 304, description = "Unchanged since the response with this ETag"),
                    Refused, Unanswerable,
                ),
            )]
            async fn $get(
                State(app): State<App>,
                asked: Asked,
                put: Put,
                headers: HeaderMap,
                uri: Uri,
            ) -> Result<Response, Problem> {
                let (question, when, showing) = put.parameters::<$question>()?;
                answer(Request { app, asked, showing, when, headers, uri: Some(uri) }, question).await
            }

            $(#[$doc])*
            #[utoipa::path(
                post, path = $path, tag = "questions", params(When, Showing), request_body = $wire,
                responses(
                    (status = 200, description = "The answer", content(
                        (Document = "application/json"), (String = "text/plain"),
                        $((String = $rows), (String = "text/csv"),)?
                    ), headers(("Tapmap-Nothing-Found" = Option<String>, description = "Given where nothing was found."))),
                    Refused, Unanswerable, Untaken,
                ),
            )]
            async fn $post(
                State(app): State<App>,
                asked: Asked,
                put: Put,
                headers: HeaderMap,
                body: Bytes,
            ) -> Result<Response, Problem> {
                let (question, when, showing) = put.body::<$question>(&headers, &body)?;
                answer(Request { app, asked, showing, when, headers, uri: None }, question).await
            }
        )*

        /// The routes of questions.
        pub fn router() -> OpenApiRouter<App> {
            OpenApiRouter::default().routes(routes!(given))$(.routes(routes!($get, $post)))*
        }
    };
}

question_routes! {
    /// Who stops with a target, and what it can reach
    blast_radius blast_radius_asked "/blast-radius" blast_radius::Question, wire::BlastRadius;
    /// Whom an infected host can have reached
    trace_forward trace_forward_asked "/trace/forward" Forward, wire::Trace;
    /// Who can have infected the victims
    trace_back trace_back_asked "/trace/back" Back, wire::Trace;
    /// How somebody can have come from one host to another, in time
    path path_asked "/path" path::Question, wire::Path;
    /// Single points of failure, the worst first
    spof spof_asked "/spof" spof::Question, wire::Spof;
    /// What breaks if something is cut off, what that leaves open, where it can be enforced
    isolate isolate_asked "/isolate" isolate::Question, wire::Isolate;
    /// The least disruptive cut between two sets of hosts
    cut cut_asked "/cut" cut::Question, wire::Cut;
    /// Firewall rules for an isolation or a cut, with rollback and rehearsal; nothing is applied
    policy policy_asked "/policy" policy::Question, wire::Policy;
    /// One card of a host: identity over time, roles, services, what it uses, open sessions, findings
    host host_asked "/host" host::Question, wire::Host;
    /// Who asked for and who touched an address, name, JA4, certificate or user
    seen seen_asked "/seen" seen::Question, wire::Seen;
    /// One ordered story: first flows, sessions, findings, names, certificates, scans
    timeline timeline_asked "/timeline" timeline::Question, wire::Timeline, "application/x-ndjson";
    /// Bytes that leave the local networks, by destination, with how many others use it
    egress egress_asked "/egress" egress::Question, wire::Egress, "application/x-ndjson";
}
