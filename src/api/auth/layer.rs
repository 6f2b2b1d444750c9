//! Authentication as layers: [`guard`] once around everything, [`require`] around each group of routes.
//!
//! ```ignore
//! Router::new()
//!     .merge(viewer_routes.route_layer(require(Role::Viewer)))
//!     .merge(admin_routes.route_layer(require(Role::Admin)))
//!     .merge(auth::routes())
//!     .layer(guard(auth))
//! ```

use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;

use axum::body::{Body, HttpBody};
use axum::extract::connect_info::MockConnectInfo;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::{FromFnLayer, Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use tokio_stream::StreamExt;

use super::Auth;
use super::audit::{Deed, What};
use super::origin::is_safe;
use super::principal::Principal;
use super::problem::Refusal;
use super::role::Role;

type Answer = Pin<Box<dyn Future<Output = Response> + Send>>;

/// A layer made of one of the functions below.
pub type Guard<S> = FromFnLayer<fn(State<S>, Request, Next) -> Answer, S, (State<S>, Request)>;

/// Goes around the whole router: knows who guards it, and writes down who did what.
pub fn guard(auth: Arc<Auth>) -> Guard<Arc<Auth>> {
    from_fn_with_state(auth, |state, request, next| Box::pin(watch(state, request, next)))
}

/// Goes around routes that take a role. What changes something takes at least [`Role::Responder`]: that
/// is what the audit goes by.
pub fn require(role: Role) -> Guard<Role> {
    from_fn_with_state(role, |state, request, next| Box::pin(admit(state, request, next)))
}

/// What a response tells the audit, beside its status. Handlers of logins set it themselves.
#[derive(Clone)]
pub(super) struct Told {
    pub(super) what: Option<What>,
    pub(super) principal: Option<Principal>,
}

/// From where a request comes, as far as that is known.
pub(super) fn address_of(request: &Request) -> Option<IpAddr> {
    let extensions = request.extensions();
    let real = extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0);
    let address = real.or_else(|| extensions.get::<MockConnectInfo<SocketAddr>>().map(|info| info.0));
    address.map(|address| address.ip().to_canonical())
}

async fn watch(State(auth): State<Arc<Auth>>, mut request: Request, next: Next) -> Response {
    // HTTP/2 has no Host header; what is said in its place is checked in the same way.
    if !request.headers().contains_key(header::HOST)
        && let Some(authority) = request.uri().authority()
        && let Ok(host) = HeaderValue::from_str(authority.as_str())
    {
        request.headers_mut().insert(header::HOST, host);
    }
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let address = address_of(&request);
    request.extensions_mut().insert(Arc::clone(&auth));
    let response = next.run(request).await;
    let told = response.extensions().get::<Told>();
    let status = response.status();
    if let Some(what) = worth_a_line(told, status) {
        let principal = told.and_then(|told| told.principal.clone());
        let deed = Deed { what, principal, address, method, path, status };
        // The disk may take its time; whoever asked waits for it, and nobody else does.
        let written = tokio::task::spawn_blocking(move || auth.audit().record(&deed)).await;
        if written.is_err() {
            tracing::error!("the audit ended in a panic");
        }
    }
    response
}

fn worth_a_line(told: Option<&Told>, status: StatusCode) -> Option<What> {
    let refused =
        matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::TOO_MANY_REQUESTS);
    if refused { Some(What::Refusal) } else { told.and_then(|told| told.what) }
}

async fn admit(State(needed): State<Role>, mut request: Request, next: Next) -> Response {
    let Some(auth) = request.extensions().get::<Arc<Auth>>().cloned() else {
        tracing::error!("a route takes a role and has no guard around it");
        return Refusal::Unguarded.into_response();
    };
    let identified = match auth.identify(request.method(), request.headers(), address_of(&request)).await {
        Ok(identified) => identified,
        Err(refusal) => return refusal.into_response(),
    };
    let principal = identified.principal;
    let what = changes(needed, request.method()).then_some(What::Change);
    let told = Told { what, principal: Some(principal.clone()) };
    let mut response = if principal.role < needed {
        Refusal::Role { needed, held: principal.role }.into_response()
    } else {
        request.extensions_mut().insert(principal.clone());
        cut_when_revoked(next.run(request).await, &auth, &principal)
    };
    response.extensions_mut().insert(told);
    if let Some(cookie) = identified.renewed {
        auth.set_cookie(response.headers_mut(), &cookie);
    }
    response
}

/// Questions may be put by POST, and change nothing: what changes something takes more than a viewer.
fn changes(needed: Role, method: &Method) -> bool {
    needed > Role::Viewer && !is_safe(method)
}

/// An answer without an end, such as the stream of events, ends when its reader is no longer let in.
fn cut_when_revoked(response: Response, auth: &Arc<Auth>, principal: &Principal) -> Response {
    if response.body().size_hint().exact().is_some() {
        return response;
    }
    let (auth, principal) = (Arc::clone(auth), principal.clone());
    response
        .map(|body| Body::from_stream(body.into_data_stream().take_while(move |_| auth.holds(&principal))))
}

/// The only value of a cookie. A second one of the same name was set by somebody else.
pub(super) fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let pairs = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut values = pairs.flat_map(|pairs| pairs.split(';')).filter_map(|pair| {
        let (said, value) = pair.trim().split_once('=')?;
        (said == name).then_some(value)
    });
    let only = values.next()?;
    values.next().is_none().then_some(only)
}
