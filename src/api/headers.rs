//! What every answer tells the browser: run only our own scripts, show the page in no other, guess no types.

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;

/// Content Security Policy, level 3. Nothing is allowed but what this server sends itself: no inline
/// script or style, no other host. `data:` images are what the browsable API description draws with.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
    font-src 'self'; connect-src 'self'; manifest-src 'self'; worker-src 'self'; form-action 'self'; \
    base-uri 'none'; frame-ancestors 'none'";

/// Names and values of all of them.
const ALWAYS: [(HeaderName, &str); 8] = [
    (header::CONTENT_SECURITY_POLICY, POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    // For browsers that do not know frame-ancestors.
    (header::X_FRAME_OPTIONS, "DENY"),
    // Addresses of hosts stand in the page's path.
    (header::REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (HeaderName::from_static("permissions-policy"), "camera=(), geolocation=(), microphone=(), usb=()"),
    (HeaderName::from_static("x-permitted-cross-domain-policies"), "none"),
];

/// A layer for `axum::middleware::from_fn`, around everything.
pub async fn secure_headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    put(response.headers_mut());
    response
}

fn put(headers: &mut HeaderMap) {
    for (name, value) in ALWAYS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    // The map is confidential: caches between may not keep it, and the browser asks before it shows it again.
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("private, no-cache"));
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::body::Body;
    use axum::middleware::from_fn;
    use axum::routing::get;
    use tower::ServiceExt;

    use super::*;

    async fn headers(path: &str) -> HeaderMap {
        let cached = ([(header::CACHE_CONTROL, "max-age=3600"), (header::X_FRAME_OPTIONS, "SAMEORIGIN")], "");
        let router = Router::new()
            .route("/", get(|| async { "map" }))
            .route("/asset", get(move || async move { cached }))
            .layer(from_fn(secure_headers));
        let request = Request::builder().uri(path).body(Body::empty()).unwrap();
        router.oneshot(request).await.unwrap().headers().clone()
    }

    #[tokio::test]
    async fn every_answer_has_all_of_them_also_where_nothing_is() {
        for path in ["/", "/asset", "/nothing"] {
            let headers = headers(path).await;
            for (name, value) in ALWAYS {
                assert_eq!(headers[&name], value, "{path} {name}");
            }
        }
    }

    #[tokio::test]
    async fn the_map_is_kept_by_nobody_and_what_says_otherwise_is() {
        assert_eq!(headers("/").await[header::CACHE_CONTROL], "private, no-cache");
        assert_eq!(headers("/asset").await[header::CACHE_CONTROL], "max-age=3600");
    }

    #[test]
    fn nothing_inline_and_no_other_host() {
        for word in ["unsafe", "http", "*", "data: script"] {
            assert!(!POLICY.contains(word), "{word}");
        }
        let sources = POLICY.split("; ").filter_map(|directive| directive.split_once(' '));
        let open: Vec<_> = sources.filter(|(_, from)| !matches!(*from, "'self'" | "'none'")).collect();
        assert_eq!(open, [("img-src", "'self' data:")]);
    }
}
