//! The pages for people, as they stand in `web/`. Nothing in them comes from another host, and no
//! script or style stands inside a page: the content security policy allows neither.

use axum::body::Body;
use axum::http::{HeaderValue, header};
use axum::response::Response;

/// A file of `web/`.
pub struct Asset<'a> {
    /// Its media type.
    pub media: &'static str,
    /// What stands in it.
    pub text: &'a str,
}

/// What is here.
pub const FRONT: Asset<'static> =
    Asset { media: "text/html; charset=utf-8", text: include_str!("../../web/front.html") };

/// How pages look.
pub const STYLE: Asset<'static> =
    Asset { media: "text/css; charset=utf-8", text: include_str!("../../web/page.css") };

/// The description of the API.
pub const DOCS: Asset<'static> =
    Asset { media: "text/html; charset=utf-8", text: include_str!("../../web/docs.html") };

/// What makes that page of the description.
pub const DOCS_SCRIPT: Asset<'static> =
    Asset { media: "text/javascript; charset=utf-8", text: include_str!("../../web/docs.js") };

impl Asset<'_> {
    /// The file as a response.
    pub fn response(&self) -> Response {
        let mut response = Response::new(Body::from(self.text.to_owned()));
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(self.media));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        response
    }
}
