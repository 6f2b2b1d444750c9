//! `--server URL`: the same question, put to a running server, with the same answer.

use std::io::{self, Read as _};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use serde::Deserialize;
use ureq::http::{Response, StatusCode};
use ureq::tls::{PemItem, RootCerts, TlsConfig, parse_pem};
use ureq::{Agent, Body};

use super::args::{AskArguments, Colour, Level, Output, TellingArguments};
use super::failure::{DONE, FOUND, Failure, NOTHING};
use super::output;
use crate::api::{NOTHING_FOUND, ROWS_MAX, Sent};
use crate::model::Timestamp;
use crate::report::List;

/// Where the API begins, if the URL does not say.
const ROOT: &str = "/api/v1";

/// The variable that holds a token.
const TOKEN: &str = "TAPMAP_TOKEN";

/// The variable that names a file of certificates (PEM) that servers' certificates are checked with.
const AUTHORITIES: &str = "TAPMAP_CA_FILE";

/// Certificates of the system, where no file is named.
const SYSTEM_AUTHORITIES: &str = "/etc/ssl/certs/ca-certificates.crt";

/// Until a server answers: a little more than it allows itself.
const PATIENCE: Duration = Duration::from_secs(60);

/// Bytes of a response at most: the report of a map of a million rows.
const RESPONSE_BYTES_MAX: u64 = 1 << 30;

/// A running server.
pub struct Server {
    root: String,
    agent: Agent,
    token: Option<String>,
}

/// What a server says when it refuses.
#[derive(Deserialize)]
struct Problem {
    detail: String,
}

impl Server {
    /// The server at a URL: `http://127.0.0.1:8080`, or that of an uploaded map,
    /// `http://127.0.0.1:8080/api/v1/maps/ID`.
    ///
    /// # Errors
    /// If it is no URL, or certificates cannot be read.
    pub fn new(url: &str) -> Result<Server, Failure> {
        let wrong = || Failure::usage(anyhow!("`{url}` is no server; write it like http://127.0.0.1:8080"));
        let (scheme, rest) = url.split_once("://").ok_or_else(wrong)?;
        let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
        if host.is_empty() || rest.contains(['?', '#', ' ']) {
            return Err(wrong());
        }
        let path = match path.trim_end_matches('/') {
            "" => ROOT.to_owned(),
            path => format!("/{path}"),
        };
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            // A sensor is asked directly: no proxy is to learn of the network that it watches.
            .proxy(None)
            .timeout_global(Some(PATIENCE));
        let config = match scheme {
            "http" => config,
            "https" => config.tls_config(TlsConfig::builder().root_certs(authorities()?).build()),
            _ => return Err(wrong()),
        };
        let token = std::env::var(TOKEN).ok().filter(|token| !token.is_empty());
        Ok(Server { root: format!("{scheme}://{host}{path}"), agent: config.build().into(), token })
    }

    /// Asks, and tells the answer.
    ///
    /// # Errors
    /// If the server cannot be asked, or refuses.
    pub fn ask<Q: Sent>(&self, question: &Q, arguments: &AskArguments) -> Result<ExitCode, Failure> {
        let shown = shown(arguments.output, arguments.color, arguments.no_names);
        let reading = &arguments.reading;
        let when = [("since", reading.since), ("until", reading.until), ("as_of", arguments.as_of)];
        let url = format!("{}{}{}", self.root, Q::ROUTE, with_times(shown, &when));
        let mut request = self.agent.post(&url).header("accept", media(arguments.output));
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let response = self.answered(request.send_json(question.wire()))?;
        let nothing = response.headers().contains_key(NOTHING_FOUND);
        tell(response)?;
        Ok(ExitCode::from(if nothing { NOTHING } else { DONE }))
    }

    /// Tells a list.
    ///
    /// # Errors
    /// If the server cannot be asked, or refuses.
    pub fn list(&self, list: List, telling: &TellingArguments) -> Result<ExitCode, Failure> {
        let path = format!("/{}", list.key());
        match telling.output {
            Output::Json => {
                let document = self.whole(list)?;
                output::write(|out| out.write_all(document.as_bytes()))?;
            }
            form => {
                let shown = shown(form, telling.color, telling.no_names);
                tell(self.get(&format!("{path}{shown}"), media(form))?)?;
            }
        }
        let found = match telling.fail_on {
            None => false,
            Some(level) => {
                let bands = match level {
                    Level::Low => "low,medium,high,critical",
                    Level::Medium => "medium,high,critical",
                    Level::High => "high,critical",
                    Level::Critical => "critical",
                };
                let found = self.get(&format!("/findings?limit=1&q=band:{bands}"), media(Output::Json))?;
                page_end(&text(found)?).is_some_and(|(total, _)| total > 0)
            }
        };
        Ok(ExitCode::from(if found { FOUND } else { DONE }))
    }

    /// All pages of a list as the one document that the command writes: rows are taken as they stand.
    fn whole(&self, list: List) -> Result<String, Failure> {
        let (begin, mut rows) = (format!("\n  \"{}\": [", list.key()), String::new());
        let mut head = None;
        let mut cursor = String::new();
        loop {
            let page = format!("/{}?limit={ROWS_MAX}{cursor}", list.key());
            let page = text(self.get(&page, media(Output::Json))?)?;
            let (Some(at), Some((_, next)), Some(end)) =
                (page.find(&begin), page_end(&page), page.rfind(",\n  \"total\":"))
            else {
                return Err(Failure::failed(anyhow!("the server's answer is no page of {}", list.key())));
            };
            let (before, from) = page.split_at(at + begin.len());
            let of_page = from.get(..end.saturating_sub(before.len())).unwrap_or_default();
            let of_page = of_page.strip_suffix("\n  ]").or_else(|| of_page.strip_suffix(']'));
            if !rows.is_empty() {
                rows.push(',');
            }
            rows.push_str(of_page.unwrap_or_default());
            head.get_or_insert_with(|| before.to_owned());
            match next {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        let close = if rows.is_empty() { "]\n}\n" } else { "\n  ]\n}\n" };
        Ok(format!("{}{rows}{close}", head.unwrap_or_default()))
    }

    fn get(&self, path: &str, accept: &str) -> Result<Response<Body>, Failure> {
        let mut request = self.agent.get(format!("{}{path}", self.root)).header("accept", accept);
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        self.answered(request.call())
    }

    /// The response, where it is an answer.
    fn answered(&self, response: Result<Response<Body>, ureq::Error>) -> Result<Response<Body>, Failure> {
        let response = response
            .with_context(|| format!("the server at {} cannot be asked", self.root))
            .map_err(Failure::Failed)?;
        let status = response.status();
        if status == StatusCode::OK {
            return Ok(response);
        }
        let said = text(response)?;
        let problem: Result<Problem, _> = serde_json::from_str(&said);
        let why = problem.map_or_else(|_| format!("the server answered {status}"), |problem| problem.detail);
        match status {
            StatusCode::BAD_REQUEST => Err(Failure::usage(anyhow!(why))),
            StatusCode::UNAUTHORIZED => {
                Err(Failure::failed(anyhow!("{why}; `{TOKEN}` is the variable that holds a token")))
            }
            _ => Err(Failure::failed(anyhow!(why))),
        }
    }
}

/// How many rows there are in all, and the cursor of the next page.
fn page_end(page: &str) -> Option<(u64, Option<String>)> {
    #[derive(Deserialize)]
    struct End {
        total: u64,
        next: Option<String>,
    }
    let end: End = serde_json::from_str(page).ok()?;
    Some((end.total, end.next))
}

fn text(mut response: Response<Body>) -> Result<String, Failure> {
    let body = response.body_mut().with_config().limit(RESPONSE_BYTES_MAX).read_to_string();
    body.context("the server's answer cannot be read").map_err(Failure::Failed)
}

/// Writes what the server says as it comes.
fn tell(mut response: Response<Body>) -> Result<(), Failure> {
    let mut body = response.body_mut().as_reader().take(RESPONSE_BYTES_MAX);
    output::write(|out| io::copy(&mut body, out).map(drop))
}

/// Certificates that servers' certificates are checked with.
fn authorities() -> Result<RootCerts, Failure> {
    // Another one was chosen already: then that one it is.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let path = std::env::var(AUTHORITIES).unwrap_or_else(|_| SYSTEM_AUTHORITIES.to_owned());
    let pem = std::fs::read(&path)
        .with_context(|| {
            format!("certificates in `{path}` cannot be read ({AUTHORITIES} names another file)")
        })
        .map_err(Failure::Failed)?;
    let found = parse_pem(&pem).filter_map(|item| match item {
        Ok(PemItem::Certificate(certificate)) => Some(certificate),
        _ => None,
    });
    let found: Vec<_> = found.collect();
    match found.is_empty() {
        true => Err(Failure::failed(anyhow!("`{path}` has no certificate in it"))),
        false => Ok(RootCerts::new_with_certs(&found)),
    }
}

const fn media(form: Output) -> &'static str {
    match form {
        Output::Table => "text/plain",
        Output::Json => "application/json",
        Output::Jsonl => "application/x-ndjson",
        Output::Csv => "text/csv",
    }
}

/// A query string with the times that a question is about. They are written without a letter that a query
/// string would have to escape.
fn with_times(mut query: String, when: &[(&str, Option<Timestamp>)]) -> String {
    for (name, at) in when {
        let Some(at) = at else { continue };
        query.push(if query.is_empty() { '?' } else { '&' });
        query.push_str(&format!("{name}={at}"));
    }
    query
}

/// How a page is to be shown, as the server takes it.
fn shown(form: Output, colour: Colour, no_names: bool) -> String {
    if form != Output::Table {
        return String::new();
    }
    let mut shown = format!("?colour={}&names={}", output::paint(colour).colours, !no_names);
    if let Some(width) = output::width() {
        shown.push_str(&format!("&width={}", width.clamp(20, 1_000)));
    }
    shown
}
