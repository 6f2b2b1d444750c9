//! Dialogues as seen on the wire, and what only looks like them.

use crate::model::{
    Address, Capability, Endpoint, NameSource, NamedThing, Observation, Pair, Practice, Purpose, Role, Side,
    State, Token, TokenKind, Transport,
};
use crate::protocol::testing::Line::{C, S};
use crate::protocol::testing::{Line, Outcome, hex, tcp};
use crate::protocol::{Conversation, Seen};

fn product(of: Role, text: &str) -> Observation {
    Observation::Product { of, text: text.into() }
}

fn host(name: &str) -> Observation {
    let of = NamedThing::Role(Role::Server);
    Observation::Name { of, name: name.into(), source: NameSource::HttpHost }
}

fn basic(state: State) -> Observation {
    Observation::Practice {
        practice: Practice::HttpBasic,
        state,
        at_fault: Role::Server,
        what: "Authorization: Basic".into(),
    }
}

/// The protocol is HTTP, the client the script's, and exactly this was told.
fn check(outcome: &Outcome, told: &[Observation]) {
    assert_eq!((outcome.protocol, outcome.client_right), (Some("http"), Some(true)));
    assert_eq!(outcome.observations, told);
}

#[test]
fn names_and_products_are_told_once() {
    let get = b"GET /index.html HTTP/1.1\r\nHost: Www.Example.com.:8080\r\nUser-Agent: Wget/1.21 (linux-gnu)\r\n\r\n";
    let answer = b"HTTP/1.1 200 OK\r\nServer: Apache/2.4.6 (Fedora)\r\nContent-Length: 5\r\n\r\nhello";
    let outcome = tcp(&[C(get), S(answer), C(get), S(answer)]);
    let told = [
        product(Role::Client, "Wget/1.21"),
        host("www.example.com"),
        product(Role::Server, "Apache/2.4.6 (Fedora)"),
    ];
    check(&outcome, &told);
}

#[test]
fn bodies_are_passed_over_to_the_next_head() {
    // What a body says of itself is nobody's header.
    let post = b"POST /a HTTP/1.1\r\nHost: one\r\nContent-Length: 33\r\n\r\nGET / HTTP/1.1\r\nHost: trap\r\n\r\n1234";
    let chunked = b"PUT /a HTTP/1.1\r\nHost: two\r\nTransfer-Encoding: chunked\r\n\r\n\
        5;name=value\r\nhello\r\n1c\r\nGET / HTTP/1.1\r\nHost: trap\r\n\r\n0\r\nTrailer: x\r\n\r\n";
    let last = b"DELETE /a HTTP/1.1\r\nHost: three\r\n\r\n";
    let no_content = b"HTTP/1.1 204 No Content\r\nContent-Length: 7\r\n\r\n";
    let text = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n26\r\nHTTP/1.1 200 OK\r\nServer: trap/1.0\r\n\r\n\r\n\r\n0\r\n\r\n";
    let ok = b"HTTP/1.1 200 OK\r\nServer: real\r\nContent-Length: 0\r\n\r\n";
    let outcome = tcp(&[C(post), C(chunked), C(last), S(no_content), S(text), S(ok)]);
    check(&outcome, &[host("one"), host("two"), host("three"), product(Role::Server, "real")]);
}

#[test]
fn the_answer_to_head_has_no_body() {
    let head = b"HEAD /big HTTP/1.1\r\nHost: 10.0.0.2\r\n\r\n";
    let length = b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n";
    let get = b"GET /big HTTP/1.1\r\nHost: [fe80::1]:80\r\n\r\n";
    let server = b"HTTP/1.1 404 Not Found\r\nServer: nginx\r\nContent-Length: 0\r\n\r\n";
    check(&tcp(&[C(head), S(length), C(get), S(server)]), &[product(Role::Server, "nginx")]);
    // The same when the questions were not captured.
    let outcome = tcp(&[S(length), S(server)]);
    check(&outcome, &[product(Role::Server, "nginx")]);
}

#[test]
fn a_body_held_back_may_never_come() {
    let put = b"PUT /a HTTP/1.1\r\nHost: one\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n";
    let sent = [
        C(put),
        S(b"HTTP/1.1 100 Continue\r\n\r\n"),
        C(b"GET "),
        S(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
        C(b"GET / HTTP/1.1\r\nHost: two\r\n\r\n"),
    ];
    check(&tcp(&sent), &[host("one"), host("two")]);
    let put = b"PUT /a HTTP/1.1\r\nHost: one\r\nExpect: 100-continue\r\nContent-Length: 4000\r\n\r\n";
    let refused = [
        C(put),
        S(b"HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n"),
        C(b"GET / HTTP/1.1\r\nHost: two\r\n\r\n"),
    ];
    check(&tcp(&refused), &[host("one"), host("two")]);
}

const WITH_BASIC: &[u8] = b"GET /secret HTTP/1.1\r\nAuthorization: Basic dGVzdDpmYWls\r\n\r\n";

#[test]
fn basic_authentication_accepted() {
    let outcome = tcp(&[C(WITH_BASIC), S(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"), C(WITH_BASIC)]);
    check(&outcome, &[basic(State::Attempted), basic(State::Used)]);
}

#[test]
fn basic_authentication_refused_or_unanswered() {
    let refused =
        b"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"x\"\r\nContent-Length: 0\r\n\r\n";
    check(&tcp(&[C(WITH_BASIC), S(refused)]), &[basic(State::Attempted)]);
    check(&tcp(&[C(WITH_BASIC)]), &[basic(State::Attempted)]);
}

#[test]
fn an_offer_of_basic_is_not_its_use() {
    let get = b"GET / HTTP/1.1\r\n\r\n";
    let offer =
        b"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic dGVzdDpmYWls\r\nContent-Length: 0\r\n\r\n";
    check(&tcp(&[C(get), S(offer)]), &[]);
    let bearer = b"GET / HTTP/1.1\r\nAuthorization: Bearer dGVzdDpmYWls\r\n\r\n";
    check(&tcp(&[C(bearer), S(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")]), &[]);
}

#[test]
fn the_answer_belongs_to_its_own_question() {
    // Pipelined: the second question carries credentials, and the second answer refuses them.
    let plain = b"GET / HTTP/1.1\r\n\r\n";
    let ok = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    let refused = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n";
    check(&tcp(&[C(plain), C(WITH_BASIC), S(ok), S(refused)]), &[basic(State::Attempted)]);
}

#[test]
fn a_proxy_is_not_called_by_the_name_it_is_asked_for() {
    let absolute = b"GET HTTP://example.org/ HTTP/1.1\r\nHost: example.org\r\n\r\n";
    let infra = Observation::Purpose(Purpose::Infra);
    check(&tcp(&[C(absolute)]), std::slice::from_ref(&infra));
    let connect = b"CONNECT example.org:443 HTTP/1.1\r\nHost: example.org:443\r\n\r\n";
    let tunnelled = b"GET / HTTP/1.1\r\nHost: example.org\r\n\r\n";
    check(
        &tcp(&[C(connect), S(b"HTTP/1.1 200 Connection established\r\n\r\n"), C(tunnelled)]),
        std::slice::from_ref(&infra),
    );
    check(&tcp(&[C(connect), C(tunnelled)]), std::slice::from_ref(&infra));
    // Asked for credentials, the client asks again.
    let refused = b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n";
    let again = b"CONNECT a:443 HTTP/1.1\r\nUser-Agent: curl/8.0\r\nProxy-Authorization: Basic YTpi\r\n\r\n";
    let outcome = tcp(&[C(connect), S(refused), C(again), S(b"HTTP/1.0 200 OK\r\n\r\n\x16\x03\x01")]);
    check(&outcome, &[infra, product(Role::Client, "curl/8.0"), basic(State::Attempted), basic(State::Used)]);
}

#[test]
fn after_an_upgrade_nothing_is_http() {
    let ask = b"GET /chat HTTP/1.1\r\nHost: chat\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n";
    let switch = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n";
    let trap = b"GET / HTTP/1.1\r\nHost: trap\r\n\r\n";
    check(&tcp(&[C(ask), S(switch), C(trap)]), &[host("chat")]);
}

#[test]
fn http2_by_either_side() {
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
    let settings = hex("00000c 04 00 00000000 0003 00000064 0004 0000ffff");
    let empty_settings = hex("000000 04 00 00000000 000000 04 01 00000000");
    for lines in [
        &[C(preface), S(&settings)][..],
        &[S(&settings), C(preface)],
        &[C(preface)],
        &[S(&settings)],
        &[S(&empty_settings)],
    ] {
        let outcome = tcp(lines);
        assert_eq!((outcome.protocol, outcome.client_right), (Some("http2"), Some(true)), "{lines:?}");
        assert_eq!(outcome.observations, []);
    }
}

#[test]
fn a_request_without_a_version_is_proven_by_its_answer() {
    let get = b"GET /\r\n\r\n";
    check(&tcp(&[C(get), S(b"<!DOCTYPE HTML PUBLIC \"-//W3C//DTD HTML 4.01//EN\">\n<HTML>")]), &[]);
    let refused = b"HTTP/1.1 400 Bad Request\r\nServer: nginx\r\nContent-Length: 0\r\n\r\n";
    check(&tcp(&[C(get), S(refused)]), &[product(Role::Server, "nginx")]);
    for lines in [&[C(get)][..], &[C(get), S(b"$2\r\nhi\r\n")], &[C(get), S(b"<?xml version=\"1.0\"?>")]] {
        assert_ne!(tcp(lines).protocol, Some("http"), "{lines:?}");
    }
}

#[test]
fn agents_without_a_version_keep_their_words() {
    let get = b"GET / HTTP/1.1\r\nUser-Agent: Microsoft WinRM Client\r\n\r\n";
    check(&tcp(&[C(get)]), &[product(Role::Client, "Microsoft WinRM Client")]);
}

#[test]
fn what_only_looks_like_http_is_not() {
    for lines in [
        &[C(b"OPTIONS rtsp://10.0.0.2/ RTSP/1.0\r\nCSeq: 1\r\n\r\n")][..],
        &[C(b"OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/TCP c\r\n\r\n")],
        &[S(b"RTSP/1.0 200 OK\r\n\r\n")],
        &[S(b"HTTP/1.1 2000 OK\r\n\r\n")],
        &[C(b"GET key\r\n")],
        &[C(b"HELLO / HTTP/1.1\r\n\r\n")],
        &[C(b"SSH-2.0-x\r\n")],
        // A scanner asked in HTTP whatever answers.
        &[C(b"GET / HTTP/1.0\r\n\r\n"), S(b"-ERR unknown command\r\n")],
        &[S(b"SSH-2.0-OpenSSH_9.2\r\n"), C(b"GET / HTTP/1.0\r\n\r\n")],
        // A frame that is no SETTINGS, settings nobody knows, and nine bytes that prove nothing.
        &[S(&hex("00000c 03 00 00000000 0003 00000064 0004 0000ffff"))],
        &[S(&hex("00000c 04 00 00000000 9003 00000064 0004 0000ffff"))],
        &[S(&hex("000000 04 00 00000000 11223344"))],
    ] {
        assert_ne!(tcp(lines).protocol, Some("http"), "{lines:?}");
    }
}

#[test]
fn a_long_request_line_is_enough() {
    let long = [b"GET /?".as_slice(), &[b'a'; 4000], b" HTTP/1.1\r\nHost: one\r\n\r\n"].concat();
    check(&tcp(&[C(&long)]), &[host("one")]);
    let binary = [b"GET /?".as_slice(), &[0; 4000], b" HTTP/1.1\r\nHost: one\r\n\r\n"].concat();
    assert_eq!(tcp(&[C(&binary)]).protocol, None);
}

fn late() -> Conversation {
    let endpoints = Pair::new(
        Endpoint { address: Address::from([10, 0, 0, 1]), port: 40_000 },
        Endpoint { address: Address::from([10, 0, 0, 2]), port: 23_456 },
    );
    Conversation::new(endpoints, Transport::Tcp, false, Side::B)
}

#[test]
fn heard_late_it_is_recognised_at_the_next_head() {
    let mut conversation = late();
    let mut seen = Seen::default();
    conversation.on_bytes(Side::B, b"the rest of a page</html>", &mut seen);
    assert_eq!(conversation.verdict(), None);
    conversation.on_bytes(Side::A, b"GET / HTTP/1.1\r\nHost: one\r\n\r\n", &mut seen);
    assert_eq!(conversation.verdict().and_then(|verdict| verdict.client), Some(Side::A));
    assert_eq!(seen.drain().collect::<Vec<_>>(), [host("one")]);
}

#[test]
fn after_a_gap_the_next_head_counts() {
    let mut conversation = late();
    let mut seen = Seen::default();
    conversation.on_bytes(Side::A, b"GET / HTTP/1.1\r\nHost: o", &mut seen);
    conversation.on_gap(Side::A, 100, &mut seen);
    conversation.on_bytes(Side::A, b"whatever\r\n\r\n", &mut seen);
    conversation.on_bytes(Side::A, b"GET / HTTP/1.1\r\nHost: two\r\n\r\n", &mut seen);
    assert_eq!(seen.drain().collect::<Vec<_>>(), [host("two")]);
    // A gap inside a body is no harm: its length is known.
    conversation.on_bytes(Side::A, b"POST / HTTP/1.1\r\nContent-Length: 1000\r\n\r\nabc", &mut seen);
    conversation.on_gap(Side::A, 990, &mut seen);
    conversation.on_bytes(Side::A, b"1234567GET / HTTP/1.1\r\nHost: three\r\n\r\n", &mut seen);
    assert_eq!(seen.drain().collect::<Vec<_>>(), [host("three")]);
}

#[test]
fn an_endless_head_is_given_up() {
    let mut conversation = late();
    let mut seen = Seen::default();
    conversation.on_bytes(Side::A, b"GET / HTTP/1.1\r\nX: ", &mut seen);
    for _ in 0..200 {
        conversation.on_bytes(Side::A, &[b'a'; 1000], &mut seen);
        assert!(conversation.pending_bytes() < 256 * 1024);
    }
    assert!(seen.is_empty());
}

#[test]
fn what_is_ordinary_is_said_only_beside_something_else() {
    let scrape = b"GET /metrics HTTP/1.1\r\n\r\n";
    let order = b"GET /orders HTTP/1.1\r\n\r\n";
    let [watched, ordinary] = [Purpose::Observability, Purpose::Ordinary].map(Observation::Purpose);
    check(&tcp(&[C(order), C(order)]), &[]);
    check(&tcp(&[C(scrape), C(scrape)]), std::slice::from_ref(&watched));
    check(&tcp(&[C(order), C(scrape)]), &[ordinary.clone(), watched.clone()]);
    check(&tcp(&[C(scrape), C(order), C(scrape)]), &[watched, ordinary]);
}

#[test]
fn what_a_request_lets_do_counts_once_it_was_done() {
    let start = b"POST /v1.41/exec/1f/start HTTP/1.1\r\nUpgrade: tcp\r\n\r\n";
    let exec = Observation::Capability(Capability::ExecApi);
    let upgraded = b"HTTP/1.1 101 UPGRADED\r\n\r\n";
    check(&tcp(&[C(start), S(upgraded)]), std::slice::from_ref(&exec));
    let answer = |status: &str| format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n").into_bytes();
    check(&tcp(&[C(start), S(&answer("200 OK")), C(start), S(&answer("200 OK"))]), &[exec]);
    check(&tcp(&[C(start), S(&answer("404 Not Found"))]), &[]);
    let wsman = b"POST /wsman HTTP/1.1\r\nContent-Length: 0\r\n\r\n";
    let managed = Observation::Purpose(Purpose::Management);
    let refused = answer("401 Unauthorized");
    check(&tcp(&[C(wsman), S(&refused)]), std::slice::from_ref(&managed));
    let admin = Observation::Capability(Capability::ExecAdmin);
    check(&tcp(&[C(wsman), S(&refused), C(wsman), S(&answer("200 OK"))]), &[managed, admin]);
}

#[test]
fn tokens_are_told_of_each_message_and_a_proxy_s_client_when_it_changes() {
    let id = "4bf92f3577b34da6a3ce929d0e0e4736";
    let ask = |client: &str| {
        format!(
            "GET / HTTP/1.1\r\nTraceparent: 00-{id}-00f067aa0ba902b7-01\r\nX-Request-ID: req-0001\r\n\
             X-Forwarded-For: {client}, 10.0.0.9\r\n\r\n"
        )
        .into_bytes()
    };
    let answer = b"HTTP/1.1 200 OK\r\nX-Request-Id: req-0001\r\nContent-Length: 0\r\n\r\n";
    let token = |kind, from, bytes: &str| Observation::Token(Token::of(kind, from, bytes.as_bytes()));
    let trace = token(TokenKind::TraceId, Role::Client, id);
    let asked = token(TokenKind::RequestId, Role::Client, "req-0001");
    let answered = token(TokenKind::RequestId, Role::Server, "req-0001");
    let forwarded = |last| Observation::Forwarded { origin: Address::from([192, 0, 2, last]) };
    let outcome = tcp(&[C(&ask("192.0.2.7")), S(answer), C(&ask("192.0.2.7")), C(&ask("192.0.2.8"))]);
    check(
        &outcome,
        &[
            forwarded(7),
            trace.clone(),
            asked.clone(),
            answered,
            trace.clone(),
            asked.clone(),
            forwarded(8),
            trace,
            asked,
        ],
    );
}

#[test]
fn a_login_by_ntlm_names_both_machines() {
    // A NEGOTIATE that names the workstation HTTPHOST, a CHALLENGE of SRVSFT.
    let ask = b"GET / HTTP/1.1\r\nAuthorization: NTLM TlRMTVNTUAABAAAAByAAAAAAAAAgAAAACAAIACAAAABIVFRQSE9TVA==\r\n\r\n";
    let answer = b"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"x\"\r\n\
        WWW-Authenticate: Negotiate TlRMTVNTUAACAAAAAAAAAAAAAAAFAokCAAAAAAAAAAAAAAAAAAAAABQAFAAwAAAAAQAMAFMAUgBWAFMARgBUAAAAAAA=\r\n\
        Content-Length: 0\r\n\r\n";
    let names: Vec<_> = tcp(&[C(ask), S(answer)])
        .observations
        .into_iter()
        .filter_map(|told| match told {
            Observation::Name { of, name, source: NameSource::Ntlm } => Some((of, name)),
            _ => None,
        })
        .collect();
    let of = NamedThing::Role;
    assert_eq!(names, [(of(Role::Client), "httphost".into()), (of(Role::Server), "srvsft".into())]);
}

#[test]
fn tls_behind_a_proxy_is_read() {
    let connect = b"CONNECT example.org:443 HTTP/1.1\r\nHost: example.org:443\r\n\r\n";
    let opened = b"HTTP/1.1 200 Connection established\r\n\r\n";
    let hello = hex(&format!("16030100 2f 0100002b 0303 {} 00 0004 1301 c02f 01 00", "5a".repeat(32)));
    let hellos = |lines: &[Line<'_>]| {
        let outcome = tcp(lines);
        assert_eq!(outcome.protocol, Some("http"));
        let hellos = outcome.observations.iter();
        hellos.filter(|told| matches!(told, Observation::ClientHello { .. })).count()
    };
    assert_eq!(hellos(&[C(connect), S(opened), C(&hello)]), 1);
    assert_eq!(hellos(&[C(connect), C(&hello)]), 1, "the answer was not captured");
    assert_eq!(hellos(&[C(connect), S(opened), C(b"SSH-2.0-x\r\n"), C(&hello)]), 0);
    assert_eq!(hellos(&[C(connect), S(b"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n"), C(&hello)]), 0);
}
