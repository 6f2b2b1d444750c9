//! What happens to the map while one listens: server-sent events, or one object a line.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::sse::{self, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream::{self, Stream, StreamExt as _};
use serde::Deserialize;
use tokio::sync::watch;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::app::{App, Asked, Served};
use super::error::{Problem, Refused};
use super::form::Form;
use super::journal::Event;
use super::meter::Listening;
use super::words::Parameters;

/// Something is sent so often, or proxies take the connection for dead.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// From where on one listens.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct EventParameters {
    /// Only events after the one with this number; `Last-Event-ID` says the same, and goes before [default: all that are kept]
    after: Option<u64>,
    /// Send what is kept, and end instead of waiting for more
    #[serde(default)]
    #[param(required = false)]
    once: bool,
}

/// Where one was before one came back.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "describes a header, which browsers send by themselves")]
struct LastEvent {
    /// The last event that was read
    #[param(rename = "Last-Event-ID")]
    last_event_id: Option<u64>,
}

/// The route of events.
pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(events))
}

/// What happens to the map, from now on or from an event on
#[utoipa::path(
    get, path = "/events", tag = "events",
    params(EventParameters, LastEvent),
    responses(
        (status = 200, description = "Events, one after the other; `lost` says how many are kept no longer", content(
            (String = "text/event-stream"), (Event = "application/x-ndjson"),
        )),
        Refused,
    ),
)]
async fn events(
    State(app): State<App>,
    asked: Asked,
    Parameters(parameters): Parameters<EventParameters>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let form = Form::wanted(&headers, &[Form::Events, Form::Lines])?;
    let last = match headers.get("last-event-id").map(|value| value.to_str().unwrap_or_default()) {
        None | Some("") => parameters.after.unwrap_or_default(),
        Some(text) => text.parse().map_err(|_| {
            Problem::parameter("Last-Event-ID", text, format!("`{text}` is no event's number"))
        })?,
    };
    let listening = app
        .meter
        .listen(app.options.limits.listeners)
        .ok_or_else(|| Problem::later("too many listen already; ask again when somebody has gone", 10))?;
    let listener = Listener {
        newest: asked.0.source.newest(),
        stopping: app.stopping(),
        served: asked.0,
        last,
        ready: VecDeque::new(),
        once: parameters.once,
        _listening: listening,
    };
    let events = stream::unfold(listener, |mut listener| async move {
        let event = listener.next().await?;
        Some((event, listener))
    });
    let mut response = match form {
        Form::Lines => lines(events),
        _ => Sse::new(events.map(|event| Ok::<_, Infallible>(sent(&event))))
            .keep_alive(KeepAlive::new().interval(KEEP_ALIVE))
            .into_response(),
    };
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

fn lines(events: impl Stream<Item = Arc<Event>> + Send + 'static) -> Response {
    let lines = events.map(|event| {
        let mut line = serde_json::to_vec(&*event).unwrap_or_default();
        line.push(b'\n');
        Ok::<_, Infallible>(Bytes::from(line))
    });
    let mut response = Response::new(Body::from_stream(lines));
    let media = HeaderValue::from_static(Form::Lines.media());
    response.headers_mut().insert(header::CONTENT_TYPE, media);
    response
}

fn sent(event: &Event) -> sse::Event {
    let told =
        sse::Event::default().event(event.event).data(serde_json::to_string(event).unwrap_or_default());
    // What is lost is no event of its own: whoever comes back asks after the last real one.
    if event.event == LOST { told } else { told.id(event.number.to_string()) }
}

/// Says that events were forgotten before they were read.
const LOST: &str = "lost";

/// Somebody who listens.
struct Listener {
    served: Arc<Served>,
    newest: watch::Receiver<u64>,
    stopping: watch::Receiver<bool>,
    last: u64,
    ready: VecDeque<Arc<Event>>,
    once: bool,
    _listening: Listening,
}

impl Listener {
    async fn next(&mut self) -> Option<Arc<Event>> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                self.last = event.number;
                return Some(event);
            }
            if *self.stopping.borrow() {
                return None;
            }
            // Marked as seen before it is read: what comes in between wakes at once.
            self.newest.mark_unchanged();
            let passed = self.served.source.events_after(self.last);
            if passed.forgotten > 0 {
                let data = serde_json::json!({ "forgotten": passed.forgotten });
                let number =
                    passed.events.first().map_or(passed.last, |event| event.number.saturating_sub(1));
                self.ready.push_back(Arc::new(Event { number, event: LOST, time: None, data }));
            }
            self.ready.extend(passed.events);
            if self.ready.is_empty() {
                if self.once {
                    return None;
                }
                tokio::select! {
                    changed = self.newest.changed() => changed.ok()?,
                    stopped = self.stopping.changed() => stopped.ok()?,
                }
            }
        }
    }
}
