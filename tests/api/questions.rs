//! Questions: the same bytes as the commands, by GET, by POST and by `--server`; kept by their ids.

use super::loopback::{Server, tapmap};
use super::*;

const WORM: &str = "captures/worm/capture.pcap";

/// Each question: the command's words, the route, its query string, and its body.
const QUESTIONS: &[(&[&str], &str, &str, &str)] = &[
    (&["blast-radius", "HOST"], "blast-radius", "target=HOST", r#"{"target":"HOST"}"#),
    (
        &["blast-radius", "HOST", "--expand"],
        "blast-radius",
        "target=HOST&expand",
        r#"{"target":"HOST","expand":true}"#,
    ),
    (
        &["trace", "HOST", "--forward", "--at", "2026-01-01T00:00:00Z"],
        "trace/forward",
        "targets=HOST&at=2026-01-01T00:00:00Z",
        r#"{"targets":["HOST"],"at":"2026-01-01T00:00:00Z"}"#,
    ),
    (
        &[
            "trace",
            "HOST",
            "OTHER",
            "--back",
            "--at",
            "2030-01-01T00:00:00Z",
            "--classes",
            "all",
            "--dwell",
            "1",
        ],
        "trace/back",
        "targets=HOST&targets=OTHER&at=2030-01-01T00:00:00Z&classes=all&dwell=1",
        r#"{"targets":["HOST","OTHER"],"at":"2030-01-01T00:00:00Z","classes":"all","dwell":1}"#,
    ),
    (
        &["path", "HOST", "OTHER", "--classes", "all"],
        "path",
        "from=HOST&to=OTHER&classes=all",
        r#"{"from":"HOST","to":"OTHER","classes":"all"}"#,
    ),
    (&["spof"], "spof", "", "{}"),
    (&["spof", "--top", "3", "--pairs"], "spof", "top=3&pairs=true", r#"{"top":3,"pairs":true}"#),
    (&["isolate", "HOST"], "isolate", "targets=HOST", r#"{"targets":["HOST"]}"#),
    (
        &["isolate", "HOST", "OTHER", "--mode", "quarantine"],
        "isolate",
        "targets=HOST&targets=OTHER&mode=quarantine",
        r#"{"targets":["HOST","OTHER"],"mode":"quarantine"}"#,
    ),
    (
        &[
            "cut",
            "--from",
            "HOST",
            "--to",
            "OTHER",
            "--tier",
            "observed",
            "--classes",
            "all",
            "--by",
            "mixed",
        ],
        "cut",
        "from=HOST&to=OTHER&tier=observed&classes=all&by=mixed",
        r#"{"from":["HOST"],"to":["OTHER"],"tier":"observed","classes":"all","by":"mixed"}"#,
    ),
    (&["policy", "HOST"], "policy", "targets=HOST", r#"{"targets":["HOST"]}"#),
    (
        &["policy", "--from", "HOST", "--to", "OTHER", "--expires", "8"],
        "policy",
        "from=HOST&to=OTHER&expires=8",
        r#"{"from":["HOST"],"to":["OTHER"],"expires":8}"#,
    ),
    (&["host", "HOST"], "host", "target=HOST", r#"{"target":"HOST"}"#),
    (&["seen", "HOST"], "seen", "indicator=HOST", r#"{"indicator":"HOST"}"#),
    (&["timeline"], "timeline", "", "{}"),
    (&["timeline", "HOST"], "timeline", "targets=HOST", r#"{"targets":["HOST"]}"#),
    (&["egress", "HOST"], "egress", "target=HOST", r#"{"target":"HOST"}"#),
];

/// Two hosts that one can ask about.
fn hosts(server: &Server) -> (String, String) {
    let page: Value =
        serde_json::from_str(&server.get("/api/v1/dependencies?q=state:observed", "*/*")).unwrap();
    let row = &page["dependencies"][0];
    (row["client"].as_str().unwrap().to_owned(), row["server_address"].as_str().unwrap().to_owned())
}

/// Standard output, standard error and the status of a command.
fn run(arguments: &[&str]) -> (String, String, Option<i32>) {
    let output = tapmap(arguments).env_remove("COLUMNS").output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (text(output.stdout), text(output.stderr), output.status.code())
}

#[test]
fn answers_are_what_the_commands_write() {
    let server = Server::start(&[WORM]);
    let (host, other) = hosts(&server);
    let named = |text: &str| text.replace("HOST", &host).replace("OTHER", &other);
    for (words, route, query, body) in QUESTIONS {
        let words: Vec<String> = words.iter().map(|word| named(word)).collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let (told, stderr, status) = run(&[words.as_slice(), &["-q", "-o", "json", "-r", WORM]].concat());
        let remote = run(&[words.as_slice(), &["-o", "json", "--server", &server.url]].concat());
        assert_eq!(remote, (told.clone(), stderr.clone(), status), "{words:?} asked of a server");
        if status != Some(0) {
            // Two hosts that have nothing between them cannot be cut from each other.
            assert!(!stderr.is_empty(), "{words:?}");
            continue;
        }
        let path = format!("/api/v1/{route}");
        let got = server.get(&format!("{path}?{}", named(query)), "application/json");
        assert_eq!(got, told, "GET {path}");
        assert_eq!(server.post(&path, &named(body)), told, "POST {path}");
        let answer: Value = serde_json::from_str(&told).unwrap();
        let id = answer["answer_id"].as_str().unwrap();
        assert_eq!(server.get(&format!("/api/v1/answers/{id}"), "*/*"), told, "{id}");
        // Pages for people differ in the words that ask again.
        let (page, ..) = run(&[words.as_slice(), &["-q", "-r", WORM]].concat());
        let (shown, _, status) = run(&[words.as_slice(), &["--server", &server.url]].concat());
        let asks = |text: &str| {
            text.replace(&format!("-r {WORM}"), "WHERE").replace(&format!("--server {}", server.url), "WHERE")
        };
        assert_eq!((squeezed(&asks(&shown)), status), (squeezed(&asks(&page)), Some(0)), "{words:?}");
    }
}

/// Without the breaks of lines, which come elsewhere where a word has another length.
fn squeezed(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn lists_asked_of_a_server_are_those_of_the_captures() {
    let server = Server::start(&[WORM]);
    for command in ["hosts", "services", "deps", "certs", "findings", "flows"] {
        for form in ["json", "jsonl", "csv", "table"] {
            let (told, _, status) = run(&[command, "-q", "-r", WORM, "-o", form]);
            let (shown, stderr, remote) = run(&[command, "--server", &server.url, "-o", form]);
            let told = squeezed(&told.replace(&format!("-r {WORM}"), "WHERE"));
            let shown = squeezed(&shown.replace(&format!("--server {}", server.url), "WHERE"));
            assert_eq!((shown, remote), (told, status), "{command} {form}: {stderr}");
        }
    }
    for (server_url, status, says) in [
        ("127.0.0.1:1", 2, "is no server"),
        ("http://127.0.0.1:1", 1, "cannot be asked"),
        (&*format!("{}/api/v1/maps/none", server.url), 1, "there is no map `none`"),
    ] {
        let (_, stderr, code) = run(&["hosts", "--server", server_url]);
        assert_eq!(code, Some(status), "{stderr}");
        assert!(stderr.contains(says), "{stderr}");
    }
    let (_, stderr, code) = run(&["hosts", "--server", &server.url, "--since", "2026-01-01T00:00:00Z"]);
    assert_eq!(code, Some(2), "{stderr}");
    let (told, local, remote) = (
        run(&["host", "nobody.example", "-q", "-r", WORM]),
        run(&["seen", "198.51.100.7", "-q", "-r", WORM, "-o", "json"]),
        run(&["seen", "198.51.100.7", "--server", &server.url, "-o", "json"]),
    );
    assert_eq!(run(&["host", "nobody.example", "--server", &server.url]), told);
    assert_eq!(local, remote, "seen by nobody: status {:?}", local.2);
}

#[tokio::test]
async fn a_question_that_is_asked_wrongly_says_how_to_ask() {
    for (path, status, says) in [
        ("/api/v1/blast-radius", 400, "`target`: it is missing"),
        ("/api/v1/blast-radius?target=", 400, "is empty"),
        ("/api/v1/blast-radius?target=10.3.0.7/24", 400, "write `10.3.0.0/24`"),
        ("/api/v1/blast-radius?target=192.0.2.1", 404, "was never seen"),
        ("/api/v1/blast-radius?target=192.0.2.1&width=1", 404, "was never seen"),
        ("/api/v1/blast-radius?tarjet=x", 400, "no parameter here: target, expand, width"),
        ("/api/v1/host?target=10.0.0.0/8", 422, "hosts, and a card is one's"),
        ("/api/v1/trace/forward?targets=10.0.0.1", 400, "is missing"),
        ("/api/v1/trace/forward?targets=10.0.0.1&at=2026-03-14T10:04:00", 400, "has no time zone"),
        ("/api/v1/spof?top=1000000", 400, "more than 10000"),
        ("/api/v1/isolate", 400, "`targets`: it names nobody"),
        ("/api/v1/isolate?targets=10.0.0.1&mode=half", 400, "unknown variant `half`"),
        ("/api/v1/policy?targets=a&from=b&to=c", 400, "either they are isolated"),
        ("/api/v1/answers/0123", 404, "no answer `0123` is kept"),
    ] {
        let told = get(path).await;
        assert_eq!(told.status.as_u16(), status, "{path}: {}", told.text());
        let detail = told.json()["detail"].as_str().unwrap().to_owned();
        assert!(detail.contains(says), "{path}: {detail}");
    }
}

#[tokio::test]
async fn bodies_are_read_with_care() {
    let post = |media: &'static str, body: &str| {
        let mut request = request("POST", "/api/v1/spof", &[("content-type", media)]);
        *request.body_mut() = Body::from(body.to_owned());
        sent(app(), request)
    };
    for (media, body, status) in [
        ("application/json; charset=utf-8", "{}".to_owned(), 200),
        ("text/plain", "{}".to_owned(), 415),
        ("application/json", "{".to_owned(), 400),
        ("application/json", "[1,2,3]".to_owned(), 400),
        ("application/json", r#"{"tops":1}"#.to_owned(), 400),
        ("application/json", "[".repeat(60_000), 400),
        ("application/json", " ".repeat(70_000), 413),
    ] {
        let told = post(media, &body).await;
        assert_eq!(told.status.as_u16(), status, "{media} {:.20}: {}", body, told.text());
        if status >= 400 {
            assert_eq!(told.header("content-type"), "application/problem+json");
        }
    }
}

#[tokio::test]
async fn who_has_an_answer_already_is_told_so() {
    let first = get("/api/v1/spof").await;
    let again = get_with("/api/v1/spof", &[("if-none-match", first.header("etag"))]).await;
    assert_eq!(again.status, StatusCode::NOT_MODIFIED);
    assert_eq!(get("/api/v1/spof").await.body, first.body, "the same question, the same bytes");
}
