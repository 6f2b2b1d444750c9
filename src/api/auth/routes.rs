//! Logging in, asking who one is, logging out: `/api/v1/session`.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, FromRequest, Request};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Extension, Json, Router};
use serde::{Deserialize, Serialize};
use utoipa_axum::router::OpenApiRouter;

use super::Auth;
use super::audit::What;
use super::layer::{Told, address_of, cookie};
use super::origin::check_page;
use super::principal::{Principal, Way};
use super::problem::{Refusal, problem};
use super::role::Role;

/// A token has 54 letters; this leaves room for the JSON around it.
const LOGIN_BYTES_MAX: usize = 1_024;

/// Where sessions are.
pub const SESSION_PATH: &str = "/api/v1/session";

/// What a login says.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Login {
    /// The token, `tapmap_…`.
    token: String,
}

/// Who asks.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Identity {
    /// What the operator called the token; `local` for whoever is on this machine.
    name: String,
    /// viewer, responder or admin.
    #[schema(value_type = String)]
    role: Role,
    /// How that is known: token, session or local.
    way: &'static str,
}

impl Identity {
    fn of(principal: &Principal) -> Identity {
        let way = match principal.way {
            Way::Token(_) => "token",
            Way::Session(_) => "session",
            Way::Local => "local",
        };
        Identity { name: principal.name.to_string(), role: principal.role, way }
    }
}

/// Sessions. They take no role, and stand inside [`super::guard`] like everything else.
pub fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new()
        .route(SESSION_PATH, get(who).post(log_in).delete(log_out))
        .layer(DefaultBodyLimit::max(LOGIN_BYTES_MAX))
}

/// The same, described.
pub fn described_routes<S: Clone + Send + Sync + 'static>() -> OpenApiRouter<S> {
    OpenApiRouter::default()
        .routes(utoipa_axum::routes!(who, log_in, log_out))
        .layer(DefaultBodyLimit::max(LOGIN_BYTES_MAX))
}

/// Who asks, and what he may do
#[utoipa::path(get, path = SESSION_PATH, tag = "session", responses(
    (status = 200, body = Identity, description = "Who asks"), (status = 401, description = "Nobody who is known")
))]
pub async fn who(Extension(auth): Extension<Arc<Auth>>, request: Request) -> Response {
    match auth.identify(request.method(), request.headers(), address_of(&request)).await {
        Ok(identified) => {
            let mut response = no_store(Json(Identity::of(&identified.principal)).into_response());
            if let Some(cookie) = identified.renewed {
                auth.set_cookie(response.headers_mut(), &cookie);
            }
            response
        }
        Err(refusal) => refusal.into_response(),
    }
}

/// Logs in: a token for a cookie
#[utoipa::path(post, path = SESSION_PATH, tag = "session", request_body = Login, responses(
    (status = 201, body = Identity, description = "The cookie is set"),
    (status = 401, description = "The token is not valid"),
    (status = 403, description = "Another page asked"),
    (status = 429, description = "Too many tries from this address")
))]
pub async fn log_in(Extension(auth): Extension<Arc<Auth>>, request: Request) -> Response {
    // Another page must not log a browser in as somebody of its choice.
    if let Err(foreign) = check_page(request.method(), request.headers()) {
        return Refusal::from(foreign).into_response();
    }
    let address = address_of(&request);
    let login = match Json::<Login>::from_request(request, &()).await {
        Ok(Json(login)) => login,
        Err(rejection) => return problem(rejection.status(), &rejection.body_text()),
    };
    match auth.begin_session(&login.token, address).await {
        Ok((principal, new)) => {
            let mut response =
                no_store((StatusCode::CREATED, Json(Identity::of(&principal))).into_response());
            auth.set_cookie(response.headers_mut(), &new);
            told(response, What::Login, Some(principal))
        }
        Err(refusal) => refusal.into_response(),
    }
}

/// Logs out
#[utoipa::path(delete, path = SESSION_PATH, tag = "session", responses(
    (status = 204, description = "The session has ended"), (status = 403, description = "Another page asked")
))]
pub async fn log_out(Extension(auth): Extension<Arc<Auth>>, request: Request) -> Response {
    if let Err(foreign) = super::origin::check_cookie(request.method(), request.headers()) {
        return Refusal::from(foreign).into_response();
    }
    let ended = cookie(request.headers(), auth.cookie_name()).and_then(|value| auth.end_session(value));
    let mut response = no_store((StatusCode::NO_CONTENT, Bytes::new()).into_response());
    auth.clear_cookie(response.headers_mut());
    match ended {
        Some(principal) => told(response, What::Logout, Some(principal)),
        None => response,
    }
}

fn told(mut response: Response, what: What, principal: Option<Principal>) -> Response {
    response.extensions_mut().insert(Told { what: Some(what), principal });
    response
}

fn no_store(mut response: Response) -> Response {
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
