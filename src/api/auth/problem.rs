//! Refusals, as RFC 9457 problems.

use std::time::Duration;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::origin::Foreign;
use super::role::Role;
use crate::api::error::{KINDS, Problem};

/// Why somebody is not let in, or not let do it. What it says is the same for a token that never was
/// and one that is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// He shows nothing, and something is needed.
    Anonymous,
    /// What he shows opens nothing.
    Wrong,
    /// He may not do that.
    Role {
        /// What it takes.
        needed: Role,
        /// What he has.
        held: Role,
    },
    /// Another page, another name or a proxy stands between.
    Foreign(&'static str),
    /// Too many tries from this address.
    TooMany(Duration),
    /// Too many tries from everywhere.
    Busy,
    /// The file of tokens cannot be read.
    Broken,
    /// The program is put together wrongly. Nobody gets through.
    Unguarded,
}

impl From<Foreign> for Refusal {
    fn from(foreign: Foreign) -> Refusal {
        Refusal::Foreign(match foreign {
            Foreign::Page => "another page made your browser ask this; open the map itself",
            Foreign::Host => {
                "without tokens this machine answers to its own name only; ask for localhost or 127.0.0.1, or make a token (`tapmap token add`)"
            }
            Foreign::Proxied => {
                "this came through a proxy; make a token (`tapmap token add`) for whoever is behind it"
            }
        })
    }
}

impl Refusal {
    fn status(self) -> StatusCode {
        match self {
            Refusal::Anonymous | Refusal::Wrong => StatusCode::UNAUTHORIZED,
            Refusal::Role { .. } | Refusal::Foreign(_) => StatusCode::FORBIDDEN,
            Refusal::TooMany(_) => StatusCode::TOO_MANY_REQUESTS,
            Refusal::Busy | Refusal::Broken => StatusCode::SERVICE_UNAVAILABLE,
            Refusal::Unguarded => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn detail(self) -> String {
        match self {
            Refusal::Anonymous => {
                "send a token as `Authorization: Bearer tapmap_…`, or log in on the page".to_owned()
            }
            Refusal::Wrong => "this token or session is not valid (any more)".to_owned(),
            Refusal::Role { needed, held } => format!("this takes the role {needed}; yours is {held}"),
            Refusal::Foreign(why) => why.to_owned(),
            Refusal::TooMany(wait) => {
                format!("too many tries from your address; try again in {} s", seconds(wait))
            }
            Refusal::Busy => "too many logins at the same time; try again".to_owned(),
            Refusal::Broken => "the sensor cannot read its tokens; its log says why".to_owned(),
            Refusal::Unguarded => "this route has no guard, so that nobody gets through".to_owned(),
        }
    }
}

fn seconds(wait: Duration) -> u64 {
    wait.as_secs().saturating_add(1)
}

/// A problem of any status, with one sentence for people.
pub(super) fn problem(status: StatusCode, detail: &str) -> Response {
    if let Some(kind) = KINDS.iter().copied().find(|kind| kind.status() == status) {
        return Problem::new(kind, detail).into_response();
    }
    let body = serde_json::json!({
        "type": "about:blank",
        "title": status.canonical_reason(),
        "status": status.as_u16(),
        "detail": detail,
    });
    let kind = [(header::CONTENT_TYPE, "application/problem+json"), (header::CACHE_CONTROL, "no-store")];
    (status, kind, body.to_string()).into_response()
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = self.status();
        let mut response = problem(status, &self.detail());
        let headers = response.headers_mut();
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"tapmap\""));
        }
        if let Refusal::TooMany(wait) = self {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds(wait)));
        }
        response
    }
}
