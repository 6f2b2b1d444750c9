//! Why a request was not answered: RFC 9457 problem details, all made here.
//!
//! Every refusal of the API is one [`Problem`]: a kind that programs tell apart, a sentence for people,
//! and, where a word of the request is wrong, which parameter and where in it.

use std::collections::BTreeMap;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::openapi::{RefOr, Response as Description};
use utoipa::{IntoResponses, ToSchema};

/// The media type of problems.
pub const PROBLEM: &str = "application/problem+json";

/// Where the kinds are explained; the kind follows.
const EXPLAINED_AT: &str = "/api/v1/docs#problem-";

/// Kinds of problems, each with its status and a title that never changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A parameter, a word of the filter or a body is wrong.
    Malformed,
    /// Nobody has logged in, or no token came along.
    Unauthenticated,
    /// Somebody has, and may not do this.
    Forbidden,
    /// Nothing is there.
    NotFound,
    /// The path is right and the method is not.
    MethodNotAllowed,
    /// No form that was asked for can be had.
    NotAcceptable,
    /// The request did not arrive in time.
    TooSlow,
    /// The list was begun on a map that is no longer kept.
    Gone,
    /// More bytes than are taken.
    TooLarge,
    /// The body is of a type that is not read.
    UnsupportedMedia,
    /// Another host was asked for.
    Misdirected,
    /// Understood, and it cannot be done with this map or this file.
    Unprocessable,
    /// Too many requests of one caller.
    TooMany,
    /// A defect of this program.
    Defect,
    /// Too much to do at the moment, or the map is not read yet.
    Unavailable,
}

/// All kinds, in the order of their status.
pub const KINDS: &[Kind] = &[
    Kind::Malformed,
    Kind::Unauthenticated,
    Kind::Forbidden,
    Kind::NotFound,
    Kind::MethodNotAllowed,
    Kind::NotAcceptable,
    Kind::TooSlow,
    Kind::Gone,
    Kind::TooLarge,
    Kind::UnsupportedMedia,
    Kind::Misdirected,
    Kind::Unprocessable,
    Kind::TooMany,
    Kind::Defect,
    Kind::Unavailable,
];

impl Kind {
    /// The status of a response.
    pub const fn status(self) -> StatusCode {
        self.facts().0
    }

    /// Its name in `type`.
    pub const fn name(self) -> &'static str {
        self.facts().1
    }

    /// What it means, the same every time.
    pub const fn title(self) -> &'static str {
        self.facts().2
    }

    const fn facts(self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Kind::Malformed => (StatusCode::BAD_REQUEST, "malformed", "The request is written wrongly"),
            Kind::Unauthenticated => {
                (StatusCode::UNAUTHORIZED, "unauthenticated", "Nobody is logged in, and no token was sent")
            }
            Kind::Forbidden => (StatusCode::FORBIDDEN, "forbidden", "Your role may not do this"),
            Kind::NotFound => (StatusCode::NOT_FOUND, "not-found", "Nothing is there"),
            Kind::MethodNotAllowed => {
                (StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", "The path is right, the method is not")
            }
            Kind::NotAcceptable => {
                (StatusCode::NOT_ACCEPTABLE, "not-acceptable", "It cannot be had in that form")
            }
            Kind::TooSlow => (StatusCode::REQUEST_TIMEOUT, "too-slow", "The request did not arrive in time"),
            Kind::Gone => (StatusCode::GONE, "gone", "The map that this began on is no longer kept"),
            Kind::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "too-large", "That is more than is taken"),
            Kind::UnsupportedMedia => (
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "unsupported-media",
                "The body is of a type not read here",
            ),
            Kind::Misdirected => {
                (StatusCode::MISDIRECTED_REQUEST, "misdirected", "This server does not answer for that host")
            }
            Kind::Unprocessable => {
                (StatusCode::UNPROCESSABLE_ENTITY, "unprocessable", "It is understood and cannot be done")
            }
            Kind::TooMany => (StatusCode::TOO_MANY_REQUESTS, "too-many", "Too many requests"),
            Kind::Defect => (StatusCode::INTERNAL_SERVER_ERROR, "defect", "A defect of tapmap"),
            Kind::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, "unavailable", "Not at the moment"),
        }
    }
}

/// Why a request was not answered.
#[derive(Clone, Debug)]
pub struct Problem {
    /// Which kind.
    pub kind: Kind,
    /// One sentence: what is wrong and what to do.
    pub detail: String,
    /// The word of the request that is wrong.
    pub word: Option<Word>,
    /// Seconds after which asking again makes sense.
    pub retry_after: Option<u32>,
}

/// A word of a request that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// The parameter that it stands in.
    pub parameter: String,
    /// The word.
    pub text: String,
    /// Characters of the parameter's value before it.
    pub offset: usize,
}

/// A problem as programs read it (RFC 9457).
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
struct Document {
    /// What kind of problem; its last part is a name that never changes.
    r#type: String,
    /// What the kind means.
    title: &'static str,
    /// The status of the response.
    status: u16,
    /// What is wrong this time, and what to do.
    detail: String,
    /// The parameter in which a word is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    parameter: Option<String>,
    /// The word that is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    word: Option<String>,
    /// How many characters of the parameter stand before the word.
    #[serde(skip_serializing_if = "Option::is_none")]
    offset: Option<usize>,
}

impl Problem {
    /// A problem of some kind.
    pub fn new(kind: Kind, detail: impl Into<String>) -> Problem {
        Problem { kind, detail: detail.into(), word: None, retry_after: None }
    }

    /// A parameter whose value is wrong as a whole.
    pub fn parameter(parameter: &str, value: &str, why: impl Into<String>) -> Problem {
        Problem::word(Word { parameter: parameter.to_owned(), text: value.to_owned(), offset: 0 }, why)
    }

    /// A word of a parameter that is wrong.
    pub fn word(word: Word, why: impl Into<String>) -> Problem {
        Problem { word: Some(word), ..Problem::new(Kind::Malformed, why) }
    }

    /// Nothing is there.
    pub fn not_found(detail: impl Into<String>) -> Problem {
        Problem::new(Kind::NotFound, detail)
    }

    /// Not now; ask again after some seconds.
    pub fn later(detail: impl Into<String>, seconds: u32) -> Problem {
        Problem { retry_after: Some(seconds), ..Problem::new(Kind::Unavailable, detail) }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (parameter, word, offset) = match self.word {
            Some(word) => (Some(word.parameter), Some(word.text), Some(word.offset)),
            None => (None, None, None),
        };
        let document = Document {
            r#type: format!("{EXPLAINED_AT}{}", self.kind.name()),
            title: self.kind.title(),
            status: self.kind.status().as_u16(),
            detail: self.detail,
            parameter,
            word,
            offset,
        };
        let body = serde_json::to_vec_pretty(&document).unwrap_or_default();
        let mut response = (self.kind.status(), body).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(PROBLEM));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.kind == Kind::Unauthenticated {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"tapmap\""));
        }
        response
    }
}

fn described(kinds: &[Kind]) -> BTreeMap<String, RefOr<Description>> {
    let describe = |kind: &Kind| {
        let content = utoipa::openapi::ContentBuilder::new()
            .schema(Some(utoipa::openapi::Ref::from_schema_name("Problem")))
            .build();
        let mut description =
            utoipa::openapi::ResponseBuilder::new().description(kind.title()).content(PROBLEM, content);
        if matches!(kind, Kind::Unavailable | Kind::TooMany) {
            let mut seconds = utoipa::openapi::Header::default();
            seconds.description = Some("Seconds after which to ask again.".to_owned());
            description = description.header("Retry-After", seconds);
        }
        (kind.status().as_str().to_owned(), RefOr::T(description.build()))
    };
    kinds.iter().map(describe).collect()
}

/// What every route may answer.
pub struct Refused;

impl IntoResponses for Refused {
    fn responses() -> BTreeMap<String, RefOr<Description>> {
        described(&[
            Kind::Malformed,
            Kind::Unauthenticated,
            Kind::Forbidden,
            Kind::NotAcceptable,
            Kind::TooSlow,
            Kind::Misdirected,
            Kind::TooMany,
            Kind::Defect,
            Kind::Unavailable,
        ])
    }
}

/// What a route may answer besides that names something in its path.
pub struct Missing;

impl IntoResponses for Missing {
    fn responses() -> BTreeMap<String, RefOr<Description>> {
        described(&[Kind::NotFound])
    }
}

/// What a list may answer besides.
pub struct Outlived;

impl IntoResponses for Outlived {
    fn responses() -> BTreeMap<String, RefOr<Description>> {
        described(&[Kind::Gone])
    }
}

/// What a question may answer besides: a target that was never seen, or that is several hosts.
pub struct Unanswerable;

impl IntoResponses for Unanswerable {
    fn responses() -> BTreeMap<String, RefOr<Description>> {
        described(&[Kind::NotFound, Kind::Unprocessable])
    }
}

/// What a route with a body may answer besides.
pub struct Untaken;

impl IntoResponses for Untaken {
    fn responses() -> BTreeMap<String, RefOr<Description>> {
        described(&[Kind::TooLarge, Kind::UnsupportedMedia, Kind::Unprocessable])
    }
}

/// The schema of problems, for the components of the description.
pub fn schema() -> (String, RefOr<utoipa::openapi::Schema>) {
    (Document::name().into_owned(), <Document as utoipa::PartialSchema>::schema())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_problem_names_the_word_and_when_to_ask_again() {
        let word = Word { parameter: "q".into(), text: "prot:tls".into(), offset: 14 };
        let problem = Problem { retry_after: Some(3), ..Problem::word(word, "`prot` is no key") };
        let response = problem.into_response();
        assert_eq!(response.status(), StatusCode::BAD_REQUEST);
        assert_eq!(response.headers()[header::CONTENT_TYPE], PROBLEM);
        assert_eq!(response.headers()[header::RETRY_AFTER], "3");
        let body = axum::body::to_bytes(response.into_body(), 10_000).await.unwrap();
        let document: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(document["status"], 400);
        assert_eq!(document["type"], "/api/v1/docs#problem-malformed");
        assert_eq!((&document["parameter"], &document["offset"]), (&"q".into(), &14.into()));
    }

    #[test]
    fn kinds_are_sorted_by_status_and_each_has_its_own() {
        let statuses: Vec<u16> = KINDS.iter().map(|kind| kind.status().as_u16()).collect();
        assert!(statuses.is_sorted_by(|one, other| one < other), "{statuses:?}");
    }
}
