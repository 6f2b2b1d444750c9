//! A running sensor answers while packets come: lists, questions, events, other times; confined.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

use super::command::capture;

/// A running sensor that reads a stream.
struct Sensor {
    child: Child,
    stream: Option<ChildStdin>,
    url: String,
}

impl Sensor {
    /// Starts and waits until it says where it answers.
    fn start(arguments: &[&str]) -> Sensor {
        let words = ["sensor", "--stdin", "--listen", "127.0.0.1:0", "--tick", "50 ms"];
        let mut child = Command::new(env!("CARGO_BIN_EXE_tapmap"))
            .args(words)
            .args(arguments)
            .env_remove("NOTIFY_SOCKET")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let mut said = String::new();
        let url = loop {
            let from = said.len();
            assert!(stderr.read_line(&mut said).unwrap() > 0, "it ended without answering: {said}");
            if let Some((_, url)) = said[from..].split_once("answers at ") {
                break url.trim().trim_end_matches('/').to_owned();
            }
        };
        // What it says later must not fill the pipe and stop it.
        std::thread::spawn(move || std::io::copy(&mut stderr, &mut std::io::sink()));
        let stream = child.stdin.take();
        Sensor { child, stream, url }
    }

    fn send(&mut self, bytes: &[u8]) {
        let stream = self.stream.as_mut().unwrap();
        stream.write_all(bytes).unwrap();
        stream.flush().unwrap();
    }

    /// Waits until an event tells of something.
    fn wait_for(&self, what: &str) -> Value {
        let request =
            ureq::get(format!("{}/api/v1/events", self.url)).header("accept", "application/x-ndjson");
        let response = request.call().unwrap();
        let lines = BufReader::new(response.into_body().into_reader()).lines();
        let events = lines.map(|line| serde_json::from_str::<Value>(&line.unwrap()).unwrap());
        let mut found = events.filter(|event| event["event"] == what);
        found.next().unwrap_or_else(|| panic!("the events ended without `{what}`"))
    }

    fn get(&self, path: &str) -> Value {
        let mut response = ureq::get(format!("{}{path}", self.url)).call().unwrap();
        serde_json::from_str(&response.body_mut().read_to_string().unwrap()).unwrap()
    }

    fn stop(mut self, signal: Signal) -> Option<i32> {
        kill(Pid::from_raw(self.child.id().try_into().unwrap()), signal).unwrap();
        self.child.wait().unwrap().code()
    }
}

impl Drop for Sensor {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The packets of a capture file that a stream brings before and after a break, which is between two of
/// its packets.
fn halves(bytes: &[u8]) -> (&[u8], &[u8]) {
    let mut place = 24;
    while place < bytes.len() / 2 {
        let length = bytes[place + 8..place + 12].try_into().unwrap();
        place += 16 + u32::from_le_bytes(length) as usize;
    }
    bytes.split_at(place)
}

fn dependencies(document: &Value) -> Vec<String> {
    let rows = document["dependencies"].as_array().unwrap().iter();
    rows.map(|row| row["id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn it_answers_while_packets_come_and_of_the_past() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let bytes = fs::read(capture("three-tier")).unwrap();
    let (first, rest) = halves(&bytes);
    let mut sensor = Sensor::start(&["--data-dir", data.to_str().unwrap()]);
    sensor.send(first);
    sensor.wait_for("new-dependency");
    let young = dependencies(&sensor.get("/api/v1/dependencies?limit=1000"));
    assert!(!young.is_empty());
    sensor.send(rest);
    let host = sensor.get("/api/v1/hosts?limit=1")["hosts"][0]["addresses"][0].as_str().unwrap().to_owned();
    let radius = sensor.get(&format!("/api/v1/blast-radius?target={host}"));
    assert_eq!(radius["question"]["target"], Value::from(host));
    assert_eq!(sensor.stop(Signal::SIGTERM), Some(0));
    // The same directory again: what was known is on the map, and its past can be asked.
    let again = Sensor::start(&["--data-dir", data.to_str().unwrap()]);
    let known = dependencies(&again.get("/api/v1/dependencies?limit=1000"));
    assert!(young.iter().all(|row| known.contains(row)), "{young:?} {known:?}");
    let since = "1999-01-01T00:00:00Z";
    let all = again.get(&format!("/api/v1/timeline?since={since}"));
    let none = again.get(&format!("/api/v1/timeline?until={since}"));
    assert!(all["result"].to_string().len() > none["result"].to_string().len());
    assert_eq!(none["window"]["first"], Value::Null, "nothing was seen before");
    let leftovers = || fs::read_dir(data.join("uploads")).map(Iterator::count);
    assert_eq!(leftovers().unwrap(), 0);
    assert_eq!(again.stop(Signal::SIGTERM), Some(0));
    assert!(leftovers().is_err(), "the folder of uploads is gone with the sensor");
}

#[test]
fn a_capture_that_is_sent_is_a_map_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let sensor = Sensor::start(&["--data-dir", folder.path().to_str().unwrap()]);
    let bytes = fs::read(capture("databases")).unwrap();
    let sent = ureq::post(format!("{}/api/v1/captures?name=databases", sensor.url)).send(&bytes[..]);
    let map: Value = serde_json::from_str(&sent.unwrap().body_mut().read_to_string().unwrap()).unwrap();
    let id = map["id"].as_str().unwrap_or_else(|| panic!("{map}"));
    assert!(!dependencies(&sensor.get(&format!("/api/v1/maps/{id}/dependencies"))).is_empty());
    assert!(dependencies(&sensor.get("/api/v1/dependencies")).is_empty(), "the sensor's own map is another");
}

#[test]
fn the_past_of_a_sensor_without_history_is_refused_with_the_way_out() {
    let sensor = Sensor::start(&[]);
    let asked = format!("{}/api/v1/timeline?since=2026-01-01T00:00:00Z", sensor.url);
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
    let mut refused = agent.get(&asked).call().unwrap();
    assert_eq!(refused.status(), 422);
    let problem: Value = serde_json::from_str(&refused.body_mut().read_to_string().unwrap()).unwrap();
    assert!(problem["detail"].as_str().unwrap().contains("data directory"), "{problem}");
}

#[test]
fn an_address_that_is_taken_is_named() {
    let sensor = Sensor::start(&[]);
    let address = sensor.url.trim_start_matches("http://");
    let output = Command::new(env!("CARGO_BIN_EXE_tapmap"))
        .args(["sensor", "--stdin", "--listen", address])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(said.contains(&format!("cannot listen on {address}")), "{said}");
}
