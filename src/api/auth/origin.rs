//! Whether a browser asks because our own page asked it to.
//!
//! A browser sends cookies, and reaches this machine, on behalf of any page. So whoever is let in by
//! what the browser adds by itself must also show that the page is ours (Fetch Metadata, `Origin`),
//! and on this machine that the name it used is this machine's: a page that rebinds its own name to
//! 127.0.0.1 otherwise reads everything.

use axum::http::{HeaderMap, Method, header};

/// Why a request is not ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Foreign {
    /// Another page made the browser ask.
    Page,
    /// The name it was asked by is not this machine's.
    Host,
    /// It came through a proxy, so that the address says nothing about who asks.
    Proxied,
}

/// Whether a method changes nothing (RFC 9110 section 9.2.1).
pub(super) fn is_safe(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS | Method::TRACE)
}

/// Checks a request that is let in by a cookie.
pub(super) fn check_cookie(method: &Method, headers: &HeaderMap) -> Result<(), Foreign> {
    if site(headers) == Site::Unsaid && !is_safe(method) && headers.get(header::ORIGIN).is_none() {
        // Every browser that has the page sends one of the two with what may change something.
        return Err(Foreign::Page);
    }
    check_page(method, headers)
}

/// Checks a request that is let in because it comes from this machine.
pub(super) fn check_local(method: &Method, headers: &HeaderMap, names: &[String]) -> Result<(), Foreign> {
    if ["forwarded", "x-forwarded-for", "x-real-ip", "via"].iter().any(|name| headers.contains_key(*name)) {
        return Err(Foreign::Proxied);
    }
    match host(headers) {
        Some(name) if is_this_machine(name) || names.iter().any(|own| own.eq_ignore_ascii_case(name)) => {
            check_page(method, headers)
        }
        _ => Err(Foreign::Host),
    }
}

/// Checks what no other page may make a browser do. Programs send neither header and pass.
pub(super) fn check_page(method: &Method, headers: &HeaderMap) -> Result<(), Foreign> {
    match site(headers) {
        Site::Ours => {}
        // A link to the page from elsewhere; the answer is shown and not handed to the other page.
        Site::Other if is_safe(method) && says(headers, "sec-fetch-mode", "navigate") => {}
        Site::Other => return Err(Foreign::Page),
        Site::Unsaid => {}
    }
    match headers.get(header::ORIGIN) {
        None => Ok(()),
        Some(origin) => {
            let origin = origin.to_str().ok().and_then(|origin| origin.split_once("://"));
            match (origin, authority(headers)) {
                (Some((_, origin)), Some(host)) if origin.eq_ignore_ascii_case(host) => Ok(()),
                _ => Err(Foreign::Page),
            }
        }
    }
}

#[derive(PartialEq, Eq)]
enum Site {
    Ours,
    Other,
    Unsaid,
}

/// Another port of this machine is `same-site` and still somebody else's page.
fn site(headers: &HeaderMap) -> Site {
    match headers.get("sec-fetch-site").map(|value| value.as_bytes()) {
        Some(b"same-origin" | b"none") => Site::Ours,
        Some(_) => Site::Other,
        None => Site::Unsaid,
    }
}

fn says(headers: &HeaderMap, name: &str, value: &str) -> bool {
    headers.get(name).is_some_and(|said| said.as_bytes() == value.as_bytes())
}

/// Host and port that were asked for. In HTTP/2 hyper puts the authority into the URI only; the layer
/// above copies it here.
fn authority(headers: &HeaderMap) -> Option<&str> {
    let mut all = headers.get_all(header::HOST).iter();
    let only = all.next()?;
    if all.next().is_some() {
        return None;
    }
    only.to_str().ok()
}

fn host(headers: &HeaderMap) -> Option<&str> {
    let authority = authority(headers)?;
    if let Some(rest) = authority.strip_prefix('[') {
        return rest.split_once(']').map(|(address, _)| address);
    }
    Some(authority.split_once(':').map_or(authority, |(name, _)| name))
}

fn is_this_machine(name: &str) -> bool {
    name.eq_ignore_ascii_case("localhost")
        || name.parse::<std::net::IpAddr>().is_ok_and(|address| address.to_canonical().is_loopback())
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderName, HeaderValue};

    use super::*;

    fn headers(said: &[(&str, &str)]) -> HeaderMap {
        let each = said.iter().map(|(name, value)| {
            (name.parse::<HeaderName>().unwrap(), HeaderValue::from_str(value).unwrap())
        });
        each.collect()
    }

    const HOST: (&str, &str) = ("host", "map.test:8443");

    #[test]
    fn our_own_page_may_change_things() {
        let ours = headers(&[HOST, ("sec-fetch-site", "same-origin"), ("origin", "https://map.test:8443")]);
        assert_eq!(check_cookie(&Method::POST, &ours), Ok(()));
        let older_browser = headers(&[HOST, ("origin", "https://map.test:8443")]);
        assert_eq!(check_cookie(&Method::DELETE, &older_browser), Ok(()));
    }

    #[test]
    fn other_pages_may_not() {
        for said in [
            &[HOST, ("sec-fetch-site", "cross-site")][..],
            &[HOST, ("sec-fetch-site", "same-site")],
            &[HOST, ("origin", "https://evil.test")],
            &[HOST, ("origin", "https://map.test:9000")],
            &[HOST, ("origin", "null")],
            &[HOST, ("sec-fetch-site", "same-origin"), ("origin", "https://evil.test")],
            &[("origin", "https://map.test:8443")],
            &[HOST],
        ] {
            assert_eq!(check_cookie(&Method::POST, &headers(said)), Err(Foreign::Page), "{said:?}");
        }
    }

    #[test]
    fn another_page_may_link_but_not_read() {
        let link = headers(&[HOST, ("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate")]);
        assert_eq!(check_cookie(&Method::GET, &link), Ok(()));
        assert_eq!(check_cookie(&Method::POST, &link), Err(Foreign::Page), "a form");
        let read = headers(&[HOST, ("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "no-cors")]);
        assert_eq!(check_cookie(&Method::GET, &read), Err(Foreign::Page));
    }

    #[test]
    fn this_machine_is_called_by_its_own_names() {
        for host in ["localhost:8080", "LOCALHOST", "127.0.0.1:1", "127.8.9.1", "[::1]:8080", "[::1]"] {
            assert_eq!(check_local(&Method::GET, &headers(&[("host", host)]), &[]), Ok(()), "{host}");
        }
        for host in
            ["evil.test", "evil.test:8080", "10.0.0.1", "localhost.evil.test", "127.0.0.1.evil.test", ""]
        {
            assert_eq!(
                check_local(&Method::GET, &headers(&[("host", host)]), &[]),
                Err(Foreign::Host),
                "{host}"
            );
        }
        assert_eq!(check_local(&Method::GET, &headers(&[]), &[]), Err(Foreign::Host));
        let twice = headers(&[("host", "localhost"), ("host", "evil.test")]);
        assert_eq!(check_local(&Method::GET, &twice, &[]), Err(Foreign::Host));
    }

    #[test]
    fn what_a_proxy_passes_on_is_not_from_this_machine() {
        let proxied = headers(&[("host", "localhost"), ("x-forwarded-for", "203.0.113.9")]);
        assert_eq!(check_local(&Method::GET, &proxied, &[]), Err(Foreign::Proxied));
    }

    #[test]
    fn programs_on_this_machine_need_no_browser_headers() {
        assert_eq!(check_local(&Method::POST, &headers(&[("host", "localhost:80")]), &[]), Ok(()));
        let page = headers(&[("host", "localhost:80"), ("origin", "http://evil.test")]);
        assert_eq!(check_local(&Method::POST, &page, &[]), Err(Foreign::Page));
    }
}
