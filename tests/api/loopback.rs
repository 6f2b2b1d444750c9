//! The program itself: serves captures over loopback, answers byte for byte what the commands write, and
//! stops when it is told to.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use super::*;

/// A running server.
pub struct Server {
    child: Child,
    /// Where it is.
    pub url: String,
}

/// The program, run from the project's root.
pub fn tapmap(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tapmap"));
    command.current_dir(env!("CARGO_MANIFEST_DIR")).args(arguments);
    command
}

impl Server {
    /// Starts and waits until the map is there.
    pub fn start(captures: &[&str]) -> Server {
        let mut arguments = vec!["serve", "--listen", "127.0.0.1:0"];
        arguments.extend(captures);
        let mut child = tapmap(&arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let mut server = Server { child, url: line.trim().trim_end_matches('/').to_owned() };
        // It says when the map is there, so that nobody has to ask again and again.
        let stderr = BufReader::new(server.child.stderr.take().unwrap());
        let ready = stderr.lines().map(Result::unwrap).any(|line| line.contains("the map is ready"));
        assert!(ready, "{} never became ready", server.url);
        server
    }

    /// What a path says.
    pub fn get(&self, path: &str, accept: &str) -> String {
        let mut response = ureq::get(format!("{}{path}", self.url)).header("accept", accept).call().unwrap();
        response.body_mut().with_config().limit(64 << 20).read_to_string().unwrap()
    }

    /// What a path says to a body.
    pub fn post(&self, path: &str, body: &str) -> String {
        let request = ureq::post(format!("{}{path}", self.url)).header("content-type", "application/json");
        let mut response = request.send(body).unwrap();
        response.body_mut().with_config().limit(64 << 20).read_to_string().unwrap()
    }

    /// Sends a signal and waits for the end.
    fn stop(mut self, signal: nix::sys::signal::Signal) -> Option<i32> {
        let process = nix::unistd::Pid::from_raw(self.child.id().try_into().unwrap());
        nix::sys::signal::kill(process, signal).unwrap();
        self.child.wait().unwrap().code()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn told(arguments: &[&str]) -> String {
    let output = tapmap(arguments).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Where the rows of a list stand in its document: everything else differs only by what pages add.
fn without_page(document: &str) -> String {
    let total = document.rfind(",\n  \"total\":").expect("a page says how many rows there are");
    format!("{}\n}}\n", &document[..total])
}

#[test]
fn lists_and_report_are_what_the_commands_write() {
    const MAIL: &str = "captures/mail-and-files/capture.pcap";
    let server = Server::start(&[MAIL]);
    for (command, list) in [
        ("hosts", "hosts"),
        ("services", "services"),
        ("deps", "dependencies"),
        ("certs", "certificates"),
        ("findings", "findings"),
        ("flows", "flows"),
    ] {
        let path = format!("/api/v1/{list}");
        let page = server.get(&format!("{path}?limit=1000"), "application/json");
        assert_eq!(without_page(&page), told(&[command, "-r", MAIL, "-o", "json"]), "{command}");
        for (form, media) in [("jsonl", "application/x-ndjson"), ("csv", "text/csv")] {
            assert_eq!(
                server.get(&path, media),
                told(&[command, "-r", MAIL, "-o", form]),
                "{command} {form}"
            );
        }
    }
    for (form, media) in [("json", "application/json"), ("jsonl", "application/x-ndjson")] {
        assert_eq!(server.get("/api/v1/report", media), told(&["analyze", MAIL, "-o", form]));
    }
    let head: Value = serde_json::from_str(&server.get("/api/v1/capture", "*/*")).unwrap();
    let report: Value = serde_json::from_str(&server.get("/api/v1/report", "*/*")).unwrap();
    assert_eq!(head["capture"], report["capture"]);
    let counts = server.get("/metrics", "*/*");
    assert!(
        counts
            .contains("tapmap_http_requests_total{method=\"GET\",route=\"/api/v1/hosts\",status=\"200\"} 3")
    );
    assert!(counts.contains("tapmap_map_ready 1") && counts.ends_with("# EOF\n"), "{counts}");
}

#[test]
fn a_signal_ends_it_also_while_somebody_listens() {
    use nix::sys::signal::Signal;
    for signal in [Signal::SIGINT, Signal::SIGTERM] {
        let server = Server::start(&[THREE_TIER]);
        let response = ureq::get(format!("{}/api/v1/events", server.url)).call().unwrap();
        let mut lines = BufReader::new(response.into_body().into_reader()).lines();
        assert_eq!(lines.next().unwrap().unwrap(), "event: ready");
        assert_eq!(server.stop(signal), Some(0), "{signal}");
        assert!(lines.all(|line| line.is_ok()), "the stream ends as streams do");
    }
}

#[test]
fn what_cannot_be_served_is_said_at_once() {
    for (arguments, status, says) in [
        (&["serve", "captures/none.pcap"][..], 1, "does not exist"),
        (&["serve", "Cargo.toml", "--listen", "127.0.0.1:0"], 1, "Cargo.toml"),
        (&["serve", THREE_TIER, "--listen", "0.0.0.0:0"], 2, "can be reached from other machines"),
        (&["serve"], 2, "FILE|DIR"),
    ] {
        let output = tapmap(arguments).output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(status), "{stderr}");
        assert!(stderr.contains(says), "{stderr}");
    }
}
