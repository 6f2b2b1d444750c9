//! Uploaded maps over HTTP: send a capture, see which maps there are, forget one.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::app::App;
use super::error::{Kind, Missing, Problem, Refused, Untaken};
use super::form::Form;
use super::report::Status;
use super::upload::{Taken, Uploaded, Uploads};
use super::words::{Named, Parameters};

/// Characters of a name that a sender may give.
const NAME_MAX: usize = 255;

/// What a capture is called.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct NameParameter {
    /// What the capture is called in reports [default: upload]
    #[param(max_length = 255)]
    name: Option<String>,
}

/// What names a map.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Path)]
struct MapPath {
    /// The id of an uploaded map
    map: String,
}

/// An uploaded map.
#[derive(Serialize, ToSchema)]
struct Map {
    /// Its id; everything about it is below `/api/v1/maps/{id}`.
    id: String,
    /// What its sender called it.
    name: String,
    /// Bytes of its capture.
    bytes: u64,
    /// How far it is.
    status: Status,
}

/// All uploaded maps.
#[derive(Serialize, ToSchema)]
struct Maps {
    /// The newest first.
    maps: Vec<Map>,
}

/// Routes that a viewer may ask.
pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(maps)).routes(routes!(map))
}

/// Routes for responders.
pub fn acting() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(upload)).routes(routes!(forget))
}

impl Map {
    fn of(map: &Uploaded) -> Map {
        let status = Status::of(&map.served);
        Map { id: map.id.clone(), name: map.name.clone(), bytes: map.bytes, status }
    }
}

fn uploads(app: &App) -> Result<&Uploads, Problem> {
    app.uploads().ok_or_else(|| Problem::new(Kind::Forbidden, "this server takes no captures"))
}

fn told(status: StatusCode, body: &impl Serialize) -> Response {
    let mut response = (status, Json(body)).into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Open a capture as a map of its own
#[utoipa::path(
    post, path = "/api/v1/captures", tag = "maps", params(NameParameter),
    request_body(content = inline(Vec<u8>), content_type = "application/octet-stream", description = "The capture as it is: pcap or pcapng, also compressed with gzip, zstd or xz"),
    responses(
        (status = 200, description = "This capture is a map already", body = Map),
        (status = 201, description = "The map can be asked", body = Map, headers(("Location" = String, description = "Where it is."))),
        (status = 202, description = "The capture is being read", body = Map, headers(("Location" = String, description = "Where it will be."))),
        Refused, Untaken,
    ),
)]
async fn upload(
    State(app): State<App>,
    Parameters(parameters): Parameters<NameParameter>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    Form::wanted(&headers, &[Form::Json])?;
    let uploads = uploads(&app)?;
    let name = named(parameters.name)?;
    let length = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    let (status, map) = match uploads.take(name, length, body).await? {
        Taken::Known(map) => (StatusCode::OK, map),
        Taken::Ready(map) => (StatusCode::CREATED, map),
        Taken::Reading(map) => (StatusCode::ACCEPTED, map),
    };
    let mut response = told(status, &Map::of(&map));
    if let Ok(place) = HeaderValue::from_str(&format!("/api/v1/maps/{}", map.id)) {
        response.headers_mut().insert(header::LOCATION, place);
    }
    Ok(response)
}

/// The name without folders, which are its sender's business.
fn named(name: Option<String>) -> Result<String, Problem> {
    let name = name.unwrap_or_default();
    if name.chars().count() > NAME_MAX {
        return Err(Problem::parameter("name", "", format!("`name` has at most {NAME_MAX} characters")));
    }
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default().trim();
    Ok(if last.is_empty() { "upload".to_owned() } else { crate::report::clean(last) })
}

/// All uploaded maps
#[utoipa::path(get, path = "/api/v1/maps", tag = "maps", responses((status = 200, description = "The maps", body = Maps), Refused))]
async fn maps(State(app): State<App>, headers: HeaderMap) -> Result<Response, Problem> {
    Form::wanted(&headers, &[Form::Json])?;
    let all = app.uploads().map(Uploads::all).unwrap_or_default();
    Ok(told(StatusCode::OK, &Maps { maps: all.iter().map(|map| Map::of(map)).collect() }))
}

/// One uploaded map
#[utoipa::path(get, path = "/api/v1/maps/{map}", tag = "maps", params(MapPath), responses((status = 200, description = "The map", body = Map), Refused, Missing))]
async fn map(
    State(app): State<App>,
    Named(path): Named<MapPath>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    Form::wanted(&headers, &[Form::Json])?;
    let map = app.uploads().and_then(|uploads| uploads.find(&path.map)).ok_or_else(|| missing(&path.map))?;
    Ok(told(StatusCode::OK, &Map::of(&map)))
}

/// Forget an uploaded map
#[utoipa::path(delete, path = "/api/v1/maps/{map}", tag = "maps", params(MapPath), responses((status = 204, description = "It is forgotten"), Refused, Missing))]
async fn forget(State(app): State<App>, Named(path): Named<MapPath>) -> Result<StatusCode, Problem> {
    match app.uploads().is_some_and(|uploads| uploads.forget(&path.map)) {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(missing(&path.map)),
    }
}

/// There is no such map.
pub fn missing(id: &str) -> Problem {
    Problem::not_found(format!("there is no map `{id}`; /api/v1/maps lists those that were uploaded"))
}
