//! Dialogues as seen on the wire, and what only looks like them.

use crate::model::{Fault, Observation, Purpose, Role, Side, State};
use crate::protocol::testing::Line::{C, S};
use crate::protocol::testing::{Line, faults, late, tcp};
use crate::protocol::{Analyzer as _, Seen};

/// The protocol is Redis, the client the script's, and exactly these products of the server were told.
fn check(lines: &[Line<'_>], products: &[&str]) {
    let outcome = tcp(lines);
    assert_eq!((outcome.protocol, outcome.client_right), (Some("redis"), Some(true)), "{lines:?}");
    let product = |text: &&str| Observation::Product { of: Role::Server, text: (*text).into() };
    let told: Vec<_> =
        outcome.observations.into_iter().filter(|it| matches!(it, Observation::Product { .. })).collect();
    assert_eq!(told, products.iter().map(product).collect::<Vec<_>>(), "{lines:?}");
}

const INFO: Line<'static> = C(b"*1\r\n$4\r\nINFO\r\n");

#[test]
fn commands_and_answers() {
    let set = C(b"*3\r\n$3\r\nSET\r\n$3\r\nkey\r\n$5\r\n*1\r\n$\r\n");
    check(&[set, S(b"+OK\r\n"), C(b"*2\r\n$3\r\nGET\r\n$3\r\nkey\r\n"), S(b"$-1\r\n")], &[]);
    check(&[C(b"*2\r\n$4\r\nauth\r\n$6\r\nsecret\r\n")], &[]);
}

#[test]
fn the_version_from_info() {
    let long = "x".repeat(3000);
    let text = format!("# Server\r\nredis_version:7.2.4\r\nredis_git_sha1:00000000\r\n{long}");
    let answer = format!("${}\r\n{text}\r\n", text.len());
    check(&[INFO, S(answer.as_bytes()), INFO, S(answer.as_bytes())], &["redis 7.2.4"]);
    let valkey = "# Server\r\nredis_version:7.2.4\r\nserver_name:valkey\r\nvalkey_version:8.0.1\r\n";
    let answer = format!("${}\r\n{valkey}\r\n", valkey.len());
    check(&[C(b"INFO\r\n"), S(answer.as_bytes())], &["valkey 8.0.1"]);
}

#[test]
fn the_version_from_hello() {
    let hello = C(b"*2\r\n$5\r\nHELLO\r\n$1\r\n3\r\n");
    let answer =
        b"%7\r\n$6\r\nserver\r\n$5\r\nredis\r\n$7\r\nversion\r\n$5\r\n7.0.5\r\n$5\r\nproto\r\n:3\r\n";
    check(&[hello, S(answer)], &["redis 7.0.5"]);
    // A key of that name is no answer to HELLO.
    let value = S(b"*2\r\n$7\r\nversion\r\n$5\r\n7.0.5\r\n");
    check(&[C(b"*2\r\n$4\r\nKEYS\r\n$1\r\n*\r\n"), value], &[]);
}

#[test]
fn what_is_pushed_comes_from_the_server() {
    let message = S(b"*3\r\n$7\r\nmessage\r\n$3\r\nFoo\r\n$11\r\nHi there :)\r\n");
    check(&[message], &[]);
    check(&[S(b"*4\r\n$8\r\npmessage\r\n$2\r\nF*\r\n$3\r\nFoo\r\n$2\r\nHi\r\n")], &[]);
    check(&[S(b"*3\r\n$9\r\nsubscribe\r\n$3\r\nFoo\r\n:1\r\n")], &[]);
    check(&[C(b"*3\r\n$9\r\nsubscribe\r\n$3\r\nFoo\r\n$3\r\nBar\r\n")], &[]);
}

#[test]
fn typed_commands_and_lone_answers() {
    check(&[C(b"PING\r\n"), S(b"+PONG\r\n")], &[]);
    check(&[C(b"PUBLISH Foo \"Hi there :)\"\r\n"), S(b":2\r\n")], &[]);
    check(&[C(b"CONFIG SET dir /tmp\r\n"), S(b"+OK\r\n")], &[]);
    check(&[C(b"get x\r\n"), S(b"-NOAUTH Authentication required.\r\n")], &[]);
    check(&[S(b"+OK\r\n$5\r\nhello\r\n:1\r\n")], &[]);
    check(&[S(b"-ERR unknown command 'x'\r\n")], &[]);
}

#[test]
fn others_are_not_it() {
    for lines in [
        &[C(b"*1\r\n$4\r\nNONE\r\n")][..],
        &[C(b"*1\r\n$4\r\nPI"), S(b"HTTP/1.1 400 Bad Request\r\n\r\n")],
        &[C(b"*x\r\n$4\r\nPING\r\n")],
        &[C(b"*1\r\n$4\r\nPINGPING")],
        &[C(b"GET / HTTP/1.1\r\n\r\n"), S(b"HTTP/1.1 200 OK\r\n\r\n")],
        &[C(b"get x\r\n"), S(b"END\r\n")],
        &[C(b"get x\r\n")],
        &[C(b"AUTH x\r\n"), S(b"+OK\r\n")],
        &[C(b"QUIT :bye\r\n"), S(b":a!b@c QUIT :bye\r\n")],
        &[S(b"+OK\r\n")],
        &[S(b"+OK POP3 ready\r\n"), C(b"QUIT\r\n")],
        &[S(b"* OK IMAP4rev1 ready\r\n")],
        &[S(b"$GPGGA,123519,4807.038,N\r\n")],
        &[S(b":irc.example.org NOTICE AUTH :*** hello\r\n")],
    ] {
        assert_ne!(tcp(lines).protocol, Some("redis"), "{lines:?}");
    }
}

#[test]
fn heard_late_it_is_recognised_by_a_command() {
    assert_eq!(late(&[(Side::B, b"*1\r\n$4\r\nPING\r\n")]), (Some("redis"), Some(Side::B)));
    assert_eq!(late(&[(Side::A, b"some value\r\n"), (Side::B, b"*1\r\n$4\r\nPING\r\n")]).1, Some(Side::B));
    assert_eq!(late(&[(Side::B, b"PING\r\n")]), (None, None));
}

#[test]
fn lengths_are_not_believed() {
    check(&[INFO, S(b"$9223372036854775807\r\n# Serv")], &[]);
    check(&[INFO, S(b"*9223372036854775807\r\n"), INFO, S(b"$-2\r\n")], &[]);
}

#[test]
fn replicas_and_subscribers_are_known_by_their_commands() {
    let told = |lines: &[Line<'_>]| {
        let all = tcp(lines).observations.into_iter();
        all.filter(|told| matches!(told, Observation::Purpose(_))).collect::<Vec<_>>()
    };
    let psync = C(b"*3\r\n$5\r\nPSYNC\r\n$1\r\n?\r\n$2\r\n-1\r\n");
    let ping = C(b"*1\r\n$4\r\nPING\r\n");
    assert_eq!(told(&[ping.clone(), S(b"+PONG\r\n"), psync]), [Observation::Purpose(Purpose::Replication)]);
    let subscribe = C(b"*2\r\n$9\r\nsubscribe\r\n$4\r\nnews\r\n");
    let broker = [Observation::Purpose(Purpose::Broker)];
    assert_eq!(told(&[subscribe.clone(), subscribe]), broker);
    assert_eq!(told(&[C(b"*3\r\n$7\r\nPUBLISH\r\n$4\r\nnews\r\n$2\r\nHi\r\n")]), broker);
    // A value of that name is no command.
    assert_eq!(told(&[ping, C(b"*2\r\n$3\r\nGET\r\n$7\r\nPUBLISH\r\n")]), []);
}

#[test]
fn a_password_in_clear_or_none_is_a_fault_once_it_was_answered() {
    let auth = b"*2\r\n$4\r\nauth\r\n$6\r\nsecret\r\n";
    let name = b"*3\r\n$6\r\nCLIENT\r\n$7\r\nSETNAME\r\n$3\r\nweb\r\n";
    let talk = |asks: &[u8], tells: &[u8]| faults(&tcp(&[C(asks), S(tells)]));
    assert_eq!(talk(auth, b"+OK\r\n"), [(Fault::RedisClear, State::Used)]);
    assert_eq!(talk(auth, b"-WRONGPASS invalid\r\n"), []);
    assert_eq!(talk(name, b"+OK\r\n"), [(Fault::RedisOpen, State::Used)]);
    assert_eq!(talk(name, b"-NOAUTH Authentication required.\r\n"), []);
    let get: &[u8] = b"*2\r\n$3\r\nGET\r\n$3\r\nkey\r\n";
    assert_eq!(talk(get, b"$-1\r\n"), [(Fault::RedisOpen, State::Used)]);
    assert_eq!(talk(get, b"-NOAUTH Authentication required.\r\n"), []);
    let mut session = super::Redis.begin_late();
    let mut seen = Seen::default();
    for (from, bytes) in [(Role::Client, get), (Role::Server, b"$-1\r\n")] {
        session.on_bytes(from, bytes, &mut seen);
    }
    let told = seen.drain().any(|told| matches!(told, Observation::Practice { .. }));
    assert!(!told, "a password may have come before");
}
