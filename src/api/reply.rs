//! How a response is put together: its form, its tag, and whether the caller has it already.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::Response;
use sha2::{Digest as _, Sha256};

use super::form::Form;

/// The tag of a response: of what it is made, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tag(String);

impl Tag {
    /// A tag for what is made of this by this request in this form. It is a weak one: a compressed
    /// response has other bytes and the same meaning.
    pub fn of(made_of: &[u8], uri: &Uri, form: Form) -> Tag {
        let mut hash = Sha256::new();
        for part in [made_of, uri.to_string().as_bytes(), form.media().as_bytes()] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        let hex: String = hash.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        Tag(format!("W/\"{hex}\""))
    }

    /// The caller has just this (RFC 9110 §13.1.2).
    pub fn is_known(&self, headers: &HeaderMap) -> bool {
        let known = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
        let strong = self.0.trim_start_matches("W/");
        known.flat_map(|value| value.split(',')).any(|tag| {
            let tag = tag.trim();
            tag == "*" || tag.trim_start_matches("W/") == strong
        })
    }
}

/// A response with a body.
pub fn full(form: Form, tag: Option<&Tag>, body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(form.content_type()));
    mark(headers, tag);
    response
}

/// The caller has it already.
pub fn unchanged(tag: &Tag) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NOT_MODIFIED;
    mark(response.headers_mut(), Some(tag));
    response
}

fn mark(headers: &mut HeaderMap, tag: Option<&Tag>) {
    headers.insert(header::VARY, HeaderValue::from_static("accept"));
    // May be kept, and must be asked for again: the map goes on.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    if let Some(value) = tag.and_then(|tag| HeaderValue::from_str(&tag.0).ok()) {
        headers.insert(header::ETAG, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_known_by_any_of_its_spellings() {
        let uri = Uri::from_static("/api/v1/hosts?limit=3");
        let tag = Tag::of(b"map", &uri, Form::Json);
        assert_ne!(tag, Tag::of(b"map", &uri, Form::Lines));
        assert_ne!(tag, Tag::of(b"map2", &uri, Form::Json));
        let known = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::IF_NONE_MATCH, value.parse().unwrap());
            tag.is_known(&headers)
        };
        assert!(known(&tag.0) && known(tag.0.trim_start_matches("W/")) && known("*"));
        assert!(known(&format!("\"other\", {}", tag.0)));
        assert!(!known("\"other\""));
    }
}
