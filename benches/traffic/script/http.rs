//! HTTP/1.1 with keep-alive (RFC 9112): pages, calls, uploads, some answers chunked.

use crate::traffic::talk::{Script, Talk};

const PATHS: &[&str] =
    &["/", "/index.html", "/api/v1/orders", "/static/app.js", "/img/logo.png", "/search?q=pump", "/cart"];
const TYPES: &[&str] =
    &["text/html; charset=utf-8", "application/json", "text/css", "application/javascript"];
const AGENT: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";

/// A browser, or a program that calls an API.
pub struct Http {
    host: String,
}

impl Http {
    /// For the server of this name.
    pub fn new(host: &str) -> Self {
        Http { host: host.to_owned() }
    }

    fn request(&self, talk: &mut Talk<'_>) -> Vec<u8> {
        let path = *talk.random.pick(PATHS);
        let host = &self.host;
        let shared = format!("Host: {host}\r\nUser-Agent: {AGENT}\r\nAccept: */*\r\n");
        if talk.random.chance(1, 6) {
            let body_len = talk.random.between(40, 1800);
            let mut request = format!(
                "POST {path} HTTP/1.1\r\n{shared}Content-Type: application/json\r\nContent-Length: {body_len}\r\n\r\n"
            )
            .into_bytes();
            request.extend(talk.text(body_len));
            return request;
        }
        let session = talk.random.next();
        format!(
            "GET {path} HTTP/1.1\r\n{shared}Accept-Encoding: identity\r\nCookie: session={session:016x}\r\nConnection: keep-alive\r\n\r\n"
        )
        .into_bytes()
    }

    fn response(talk: &mut Talk<'_>) -> Vec<u8> {
        let kind = *talk.random.pick(TYPES);
        let head = format!("HTTP/1.1 200 OK\r\nServer: nginx/1.26.2\r\nContent-Type: {kind}\r\n");
        if talk.random.chance(1, 12) {
            return b"HTTP/1.1 304 Not Modified\r\nServer: nginx/1.26.2\r\nETag: \"5f2c\"\r\n\r\n".to_vec();
        }
        let len = talk.body_len(900);
        let body = talk.text(len);
        if !talk.random.chance(1, 8) {
            let head = format!("{head}Content-Length: {len}\r\nConnection: keep-alive\r\n\r\n");
            return [head.as_bytes(), &body].concat();
        }
        let mut response = format!("{head}Transfer-Encoding: chunked\r\n\r\n").into_bytes();
        for chunk in body.chunks(8192) {
            response.extend(format!("{:x}\r\n", chunk.len()).into_bytes());
            response.extend_from_slice(chunk);
            response.extend(b"\r\n");
        }
        response.extend(b"0\r\n\r\n");
        response
    }
}

impl Script for Http {
    fn exchange(&mut self, talk: &mut Talk<'_>) {
        let request = self.request(talk);
        talk.client(request);
        let response = Self::response(talk);
        talk.server(response);
    }
}
