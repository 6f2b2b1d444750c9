//! The pages for people, as they stand in `web/`. Nothing in them comes from another host, and no
//! script or style stands inside a page: the content security policy allows neither.
//!
//! The page that shows the map is built from `web/src` into `web/dist`, which stands in the repository, so
//! that `cargo build` needs no Node; `make web-check` builds it again and fails on a difference.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::Response;
use rust_embed::{Embed, EmbeddedFile};

/// A file of `web/`.
pub struct Asset<'a> {
    /// Its media type.
    pub media: &'static str,
    /// What stands in it.
    pub text: &'a str,
}

/// How the page of the description looks.
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

/// The page that shows the map, as it was built.
#[derive(Embed)]
#[folder = "web/dist/"]
struct Built;

/// The file that begins the page.
const INDEX: &str = "index.html";

/// What the page itself shows below its own addresses: the first part of the path. A test of the page holds
/// this equal to what it can show.
const PAGES: &[&str] = &[
    "certificate",
    "certificates",
    "compare",
    "dependencies",
    "dependency",
    "egress",
    "finding",
    "findings",
    "health",
    "host",
    "hosts",
    "incident",
    "isolate",
    "map",
    "maps",
    "network",
    "path",
    "root",
    "seen",
    "segments",
    "service",
    "services",
    "spread",
    "timeline",
    "weak",
];

/// The page that shows the map.
pub fn front(headers: &HeaderMap) -> Response {
    match Built::get(INDEX) {
        Some(file) => sent(INDEX, file, headers),
        // Only a build of a work tree without the built page comes here.
        None => Asset { media: "text/plain; charset=utf-8", text: "the page was not built\n" }.response(),
    }
}

/// What a path means to the page: one of its files, or an address that it shows itself.
pub fn page(method: &Method, uri: &Uri, headers: &HeaderMap) -> Option<Response> {
    if *method != Method::GET && *method != Method::HEAD {
        return None;
    }
    let path = uri.path().strip_prefix('/')?;
    // The name of a file of the page says what is in it, so nobody needs to ask for it again.
    if path.starts_with("assets/") {
        return Built::get(path).map(|file| sent(path, file, headers));
    }
    let first = path.split('/').next().unwrap_or_default();
    PAGES.contains(&first).then(|| front(headers))
}

fn sent(path: &str, file: EmbeddedFile, headers: &HeaderMap) -> Response {
    let tag: String = file.metadata.sha256_hash().iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    // Weak: a compressed response has other bytes and the same meaning.
    let tag = format!("W/\"{tag}\"");
    let known = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    let known = known.flat_map(|value| value.split(',')).any(|one| one.trim() == tag);
    let mut response = match known {
        true => Response::new(Body::empty()),
        false => Response::new(Body::from(file.data)),
    };
    if known {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    }
    let caching = if path == INDEX { "no-cache" } else { "public, max-age=31536000, immutable" };
    let answer = response.headers_mut();
    answer.insert(header::CONTENT_TYPE, HeaderValue::from_static(media(path)));
    answer.insert(header::CACHE_CONTROL, HeaderValue::from_static(caching));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        answer.insert(header::ETAG, tag);
    }
    response
}

/// The media type of a file by the end of its name.
fn media(path: &str) -> &'static str {
    match path.rsplit_once('.').map_or("", |(_, end)| end) {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(path: &'static str, known: Option<&HeaderValue>) -> Option<Response> {
        let mut headers = HeaderMap::new();
        if let Some(known) = known {
            headers.insert(header::IF_NONE_MATCH, known.clone());
        }
        page(&Method::GET, &Uri::from_static(path), &headers)
    }

    #[test]
    fn addresses_of_the_page_give_the_page_and_others_do_not() {
        for path in ["/hosts", "/host/10.0.0.5", "/dependency/a%3Eb%3A443%2Ftcp?on=x", "/map"] {
            let response = asked(path, None).unwrap();
            assert_eq!(response.headers()[header::CONTENT_TYPE], "text/html; charset=utf-8", "{path}");
            assert_eq!(response.headers()[header::CACHE_CONTROL], "no-cache");
        }
        for path in
            ["/api/v1/nothing", "/api", "/hostile", "/assets/nothing.js", "/assets/../index.html", "/x"]
        {
            assert!(asked(path, None).is_none(), "{path}");
        }
        assert!(page(&Method::POST, &Uri::from_static("/hosts"), &HeaderMap::new()).is_none());
    }

    #[test]
    fn files_are_kept_for_ever_and_told_by_their_tag() {
        let script = Built::iter().find(|path| path.ends_with(".js")).unwrap();
        let path: &'static str = format!("/{script}").leak();
        let response = asked(path, None).unwrap();
        assert_eq!(response.headers()[header::CACHE_CONTROL], "public, max-age=31536000, immutable");
        let again = asked(path, response.headers().get(header::ETAG)).unwrap();
        assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
    }

    #[test]
    fn nothing_stands_inside_the_page_and_nothing_comes_from_elsewhere() {
        let index = Built::get(INDEX).unwrap();
        let text = std::str::from_utf8(&index.data).unwrap();
        for line in text.lines().filter(|line| line.contains("<script") || line.contains("<style")) {
            assert!(line.contains("src=\"/assets/") && line.ends_with("</script>"), "{line}");
        }
        assert!(!text.contains("://"));
    }
}
