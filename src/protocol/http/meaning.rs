//! What a request is for, what its success lets the client do, and what of it turns up in other
//! flows.

use std::net::{IpAddr, SocketAddr};

use crate::model::{Address, Capability, Purpose, Role, Token, TokenKind};

use super::head::{RequestHead, ResponseHead};

/// Bytes of a request's identifier: below this it is a counter, which every server has; beyond it
/// nobody makes one up.
const IDENTIFIER_BYTES: std::ops::RangeInclusive<usize> = 8..=256;

/// Paths that only watchers ask for. Those of Kubernetes, Prometheus, Spring, nginx and Apache, and the
/// names that everybody else gives them.
const WATCHED: &[&str] = &[
    "/metrics",
    "/federate",
    "/health",
    "/healthz",
    "/livez",
    "/readyz",
    "/healthcheck",
    "/health-check",
    "/-/healthy",
    "/-/ready",
    "/actuator/health",
    "/actuator/health/liveness",
    "/actuator/health/readiness",
    "/actuator/prometheus",
    "/nginx_status",
    "/stub_status",
    "/server-status",
];

/// How those who only watch introduce themselves.
const WATCHERS: &[&[u8]] = &[
    b"kube-probe/",
    b"Prometheus/",
    b"ELB-HealthChecker/",
    b"GoogleHC/",
    b"Amazon-Route53-Health-Check-Service",
    b"Consul Health Check",
    b"Blackbox Exporter",
    b"Blackbox-Exporter/",
    b"vmagent",
    b"check_http/",
    b"Zabbix",
    b"HAProxy",
];

/// What Docker's engine has under `/v1.NN/`.
const DOCKER: &[&str] = &[
    "containers",
    "images",
    "exec",
    "build",
    "volumes",
    "networks",
    "info",
    "version",
    "events",
    "system",
    "swarm",
    "services",
    "nodes",
    "tasks",
    "secrets",
    "configs",
    "plugins",
    "auth",
    "commit",
    "session",
    "_ping",
];

/// What a request is for.
pub(super) fn purpose(head: &RequestHead<'_>) -> Purpose {
    let path = path(head.target);
    let watcher = |agent: &[u8]| WATCHERS.iter().any(|watcher| agent.starts_with(watcher));
    // HAProxy's check, unless it is told to ask otherwise.
    let bare = head.method == "OPTIONS" && head.host.is_none() && head.agent.is_none();
    if is_proxied(head) {
        Purpose::Infra
    } else if is_wsman(path) {
        Purpose::Management
    } else if WATCHED.contains(&path) || bare || head.agent.is_some_and(watcher) {
        Purpose::Observability
    } else {
        Purpose::Ordinary
    }
}

/// A proxy is asked for somebody else's page (RFC 9112 §3.2.2, §3.2.3).
fn is_proxied(head: &RequestHead<'_>) -> bool {
    let scheme = head.target.split("://").next().unwrap_or_default();
    let absolute = scheme.len() < head.target.len()
        && ["http", "https", "ftp"].iter().any(|known| scheme.eq_ignore_ascii_case(known));
    absolute || head.method == "CONNECT"
}

fn path(target: &str) -> &str {
    target.split('?').next().unwrap_or_default()
}

/// Windows Remote Management ([MS-WSMV]).
fn is_wsman(path: &str) -> bool {
    path.get(..6).is_some_and(|front| front.eq_ignore_ascii_case("/wsman"))
}

/// What the client can do if the server does as it is asked.
pub(super) fn asked_for(head: &RequestHead<'_>) -> Option<Capability> {
    if is_proxied(head) {
        return None;
    }
    let path = path(head.target);
    let api = is_docker(path) || is_kubelet(head.target) || is_yarn(head.method, path);
    match (is_wsman(path), api) {
        (true, _) => Some(Capability::ExecAdmin),
        (false, true) => Some(Capability::ExecApi),
        (false, false) => None,
    }
}

/// `/v1.41/containers/json` and its kin.
fn is_docker(path: &str) -> bool {
    let mut parts = path.split('/').skip(1);
    let (version, resource) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let minor = version.strip_prefix("v1.").unwrap_or_default();
    let versioned = (1..=3).contains(&minor.len()) && minor.bytes().all(|byte| byte.is_ascii_digit());
    versioned && DOCKER.contains(&resource)
}

/// Running something in a container, and the list that only a kubelet keeps under this name.
fn is_kubelet(target: &str) -> bool {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut parts = path.split('/').skip(1);
    let verb = parts.next().unwrap_or_default();
    let container = parts.filter(|part| !part.is_empty()).count() == 3;
    let command = query.split('&').any(|word| word.starts_with("command=") || word.starts_with("cmd="));
    verb == "runningpods" || container && command && matches!(verb, "exec" | "run" | "attach")
}

/// An application is handed to YARN, which runs it.
fn is_yarn(method: &str, path: &str) -> bool {
    method == "POST" && path.starts_with("/ws/v1/cluster/apps")
}

/// What the client can do by what the server says of itself: Docker's engine and etcd have headers
/// that nobody else sends.
pub(super) fn offered(head: &ResponseHead<'_>) -> Option<Capability> {
    let docker = head.server.is_some_and(|server| server.starts_with(b"Docker/"));
    (docker || head.runs_things).then_some(Capability::ExecApi)
}

/// The trace-id of a `traceparent` (W3C Trace Context §3.2.2): a version, 16 bytes that are not all
/// zero, and more.
pub(super) fn trace(value: &[u8]) -> Option<Token> {
    let [_, _, b'-', rest @ ..] = value.trim_ascii() else { return None };
    let (trace, rest) = rest.split_first_chunk::<32>()?;
    let written = trace.iter().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'));
    let real = trace.iter().any(|digit| *digit != b'0');
    (written && real && rest.first() == Some(&b'-'))
        .then(|| Token::of(TokenKind::TraceId, Role::Client, trace))
}

/// A request's identifier.
pub(super) fn identifier(value: &[u8], from: Role) -> Option<Token> {
    let value = value.trim_ascii();
    let fits = IDENTIFIER_BYTES.contains(&value.len()) && value.iter().all(u8::is_ascii_graphic);
    fits.then(|| Token::of(TokenKind::RequestId, from, value))
}

/// The first client of an `X-Forwarded-For`, or of a `Forwarded` header (RFC 7239 §4).
pub(super) fn origin(value: &[u8]) -> Option<Address> {
    let first = std::str::from_utf8(value.split(|&byte| byte == b',').next()?).ok()?;
    let named = first.split(';').find_map(|pair| {
        let (name, value) = pair.trim().split_once('=')?;
        name.eq_ignore_ascii_case("for").then_some(value)
    });
    let text = named.unwrap_or(first).trim().trim_matches('"');
    let inside = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    let address = inside.parse::<IpAddr>().or_else(|_| text.parse::<SocketAddr>().map(|socket| socket.ip()));
    address.ok().map(Address::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(line: &str, agent: &str) -> (Purpose, Option<Capability>) {
        let text = format!("{line} HTTP/1.1\r\nHost: 10.0.0.2\r\nUser-Agent: {agent}\r\n\r\n");
        let head = RequestHead::read(text.as_bytes()).unwrap();
        (purpose(&head), asked_for(&head))
    }

    #[test]
    fn watchers_are_known_by_what_they_ask_for_or_by_name() {
        for (line, agent) in [
            ("GET /metrics", "curl/8"),
            ("GET /healthz?verbose", "Go-http-client/1.1"),
            ("GET /shop", "kube-probe/1.29"),
            ("GET /", "ELB-HealthChecker/2.0"),
        ] {
            assert_eq!(request(line, agent).0, Purpose::Observability, "{line}");
        }
        for line in ["GET /metrics/1", "GET /healthy-food", "POST /", "OPTIONS /"] {
            assert_eq!(request(line, "curl/8").0, Purpose::Ordinary, "{line}");
        }
        let check = RequestHead::read(b"OPTIONS / HTTP/1.0\r\n\r\n").map(|head| purpose(&head));
        assert_eq!(check, Some(Purpose::Observability));
    }

    #[test]
    fn a_proxy_is_asked_for_somebody_else_s_page() {
        assert_eq!(request("CONNECT www.example.com:443", "x").0, Purpose::Infra);
        assert_eq!(request("GET http://www.example.com/metrics", "x").0, Purpose::Infra);
        assert_eq!(request("GET /?next=http://www.example.com/", "x").0, Purpose::Ordinary);
        assert_eq!(request("POST http://docker/v1.41/exec/1/start", "x").1, None);
    }

    #[test]
    fn interfaces_that_run_things_are_known_by_their_paths() {
        let asked = |line: &str| request(line, "x").1;
        for line in [
            "GET /v1.41/containers/json?all=1",
            "POST /exec/default/web-1/app?command=id&output=1",
            "POST /run/default/web-1/app?cmd=id",
            "GET /runningpods/",
            "POST /ws/v1/cluster/apps/new-application",
        ] {
            assert_eq!(asked(line), Some(Capability::ExecApi), "{line}");
        }
        for line in ["POST /wsman", "POST /wsman?PSVersion=5.1"] {
            assert_eq!(request(line, "x"), (Purpose::Management, Some(Capability::ExecAdmin)), "{line}");
        }
        for line in [
            "GET /v1/containers",
            "GET /v1.4a/containers",
            "GET /v1.41/orders",
            "POST /exec/a/b/c",
            "GET /run/a?cmd=x",
            "GET /ws/v1/cluster/apps",
        ] {
            assert_eq!(asked(line), None, "{line}");
        }
    }

    #[test]
    fn servers_that_run_things_say_who_they_are() {
        let offered = |header: &str| {
            let text = format!("HTTP/1.1 200 OK\r\n{header}\r\n\r\n");
            offered(&ResponseHead::read(text.as_bytes()).unwrap())
        };
        assert_eq!(offered("Server: Docker/24.0.7 (linux)"), Some(Capability::ExecApi));
        assert_eq!(offered("Docker-Experimental: false"), Some(Capability::ExecApi));
        assert_eq!(offered("X-Etcd-Cluster-Id: 7e27652122e8b2ae"), Some(Capability::ExecApi));
        assert_eq!(offered("Docker-Distribution-Api-Version: registry/2.0"), None);
        assert_eq!(offered("Server: nginx"), None);
    }

    #[test]
    fn a_trace_is_the_same_whoever_calls_on() {
        let id = "4bf92f3577b34da6a3ce929d0e0e4736";
        let one = trace(format!("00-{id}-00f067aa0ba902b7-01").as_bytes());
        assert!(one.is_some());
        assert_eq!(one, trace(format!(" 00-{id}-b7ad6b7169203331-00").as_bytes()));
        for value in ["00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01", "00-4bf92f35-01", ""] {
            assert_eq!(trace(value.as_bytes()), None, "{value}");
        }
        assert_eq!(trace(format!("00-{}-00f067aa0ba902b7-01", "0".repeat(32)).as_bytes()), None);
    }

    #[test]
    fn an_identifier_is_neither_a_counter_nor_a_text() {
        assert!(identifier(b"7f0c1e8a-1", Role::Server).is_some());
        for value in [&b"12345"[..], b"two words here", &[b'x'; 257]] {
            assert_eq!(identifier(value, Role::Client), None);
        }
    }

    #[test]
    fn the_first_of_a_list_is_the_client() {
        let named = Some(Address::from([192, 0, 2, 7]));
        for value in [
            "192.0.2.7",
            "192.0.2.7, 10.0.0.1",
            "192.0.2.7:4711",
            "for=192.0.2.7;proto=http;by=203.0.113.43",
            "By=203.0.113.43; For=\"192.0.2.7:4711\", for=10.0.0.1",
        ] {
            assert_eq!(origin(value.as_bytes()), named, "{value}");
        }
        let six = "2001:db8::7".parse::<IpAddr>().ok().map(Address::from);
        for value in ["2001:db8::7", "for=\"[2001:db8::7]:4711\"", "for=\"[2001:db8::7]\""] {
            assert_eq!(origin(value.as_bytes()), six, "{value}");
        }
        for value in ["unknown", "for=_hidden", "", "proto=https"] {
            assert_eq!(origin(value.as_bytes()), None, "{value}");
        }
    }
}
