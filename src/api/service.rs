//! What others ask of a service rather than of a map: is it alive, is it ready, what did it count; its
//! own description, and the pages for people.

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::app::App;
use super::asset::{self, Asset};
use super::error::{Problem, Refused};
use super::form::Form;
use super::meter::MEDIA;

/// The routes that anybody may ask.
pub fn open() -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .routes(routes!(alive))
        .routes(routes!(ready))
        .routes(routes!(front))
        .routes(routes!(style))
}

/// The routes that a viewer may ask.
pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .routes(routes!(metrics))
        .routes(routes!(docs))
        .routes(routes!(description))
        .routes(routes!(docs_script))
}

/// The server runs
#[utoipa::path(get, path = "/healthz", tag = "service", responses((status = 200, description = "It runs", body = String, content_type = "text/plain"), Refused))]
async fn alive(headers: HeaderMap) -> Result<Response, Problem> {
    plain(&headers, "alive\n")
}

/// The map can be asked
#[utoipa::path(get, path = "/readyz", tag = "service", responses((status = 200, description = "The map can be asked", body = String, content_type = "text/plain"), Refused))]
async fn ready(State(app): State<App>, headers: HeaderMap) -> Result<Response, Problem> {
    app.main.current()?;
    plain(&headers, "ready\n")
}

fn plain(headers: &HeaderMap, text: &'static str) -> Result<Response, Problem> {
    Form::wanted(headers, &[Form::Text])?;
    let mut response = text.into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// What the server counted, for Prometheus
#[utoipa::path(get, path = "/metrics", tag = "service", responses((status = 200, description = "Counts in the text format of OpenMetrics", body = String, content_type = "application/openmetrics-text"), Refused))]
async fn metrics(State(app): State<App>) -> Response {
    let media = HeaderValue::from_static(MEDIA);
    let mut response = app.meter.tell(&app.main).into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, media);
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// The page that shows the map
#[utoipa::path(get, path = "/", tag = "service", responses((status = 200, description = "A page", body = String, content_type = "text/html"), Refused))]
async fn front(headers: HeaderMap) -> Response {
    asset::front(&headers)
}

/// How the pages look
#[utoipa::path(get, path = "/assets/page.css", tag = "service", responses((status = 200, description = "A style sheet", body = String, content_type = "text/css"), Refused))]
async fn style() -> Response {
    asset::STYLE.response()
}

/// The description of this API as a page
#[utoipa::path(get, path = "/api/v1/docs", tag = "service", responses((status = 200, description = "A page", body = String, content_type = "text/html"), Refused))]
async fn docs() -> Response {
    asset::DOCS.response()
}

/// What makes that page of the description
#[utoipa::path(get, path = "/assets/docs.js", tag = "service", responses((status = 200, description = "A script", body = String, content_type = "text/javascript"), Refused))]
async fn docs_script() -> Response {
    asset::DOCS_SCRIPT.response()
}

/// The description of this API
#[utoipa::path(get, path = "/api/v1/openapi.json", tag = "service", responses((status = 200, description = "An OpenAPI document", body = Object, content_type = "application/json"), Refused))]
async fn description(State(app): State<App>) -> Response {
    Asset { media: "application/json", text: app.description() }.response()
}
