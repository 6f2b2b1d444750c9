//! Redis' protocol RESP, versions 2 and 3 (redis.io/docs/latest/develop/reference/protocol-spec).
//!
//! Clients and servers both send arrays of strings: a command is known by its first word, and what
//! a server pushes to subscribers by its own.

mod resp;
mod session;
#[cfg(test)]
mod tests;

use crate::model::{Role, Transport};

use super::{Analyzer, Guess, Opening, Probe, Session};
use resp::{Read, Value, read, whole_string};

/// Redis and what speaks like it (Valkey, KeyDB, Dragonfly).
pub struct Redis;

impl Analyzer for Redis {
    fn protocol(&self) -> &'static str {
        "redis"
    }

    fn transports(&self) -> &'static [Transport] {
        &[Transport::Tcp]
    }

    fn probe(&self, opening: &Opening<'_>) -> Probe {
        let from_start = opening.from_start;
        let typed = if from_start { opening.either_way(is_typed) } else { Probe::NoMatch };
        match typed {
            Probe::NoMatch => {
                opening.dialogue(|it| by_client(it, from_start), |it| by_server(it, from_start))
            }
            probe => probe,
        }
    }

    fn begin(&self) -> Box<dyn Session> {
        Box::new(session::RedisSession::whole())
    }

    fn begin_late(&self) -> Box<dyn Session> {
        Box::new(session::RedisSession::default())
    }
}

/// The longest command name, `ZREMRANGEBYSCORE`, has 16 bytes; modules' names (`FT.AGGREGATE`) too
/// are shorter than this.
const COMMAND_BYTES_MAX: u64 = 24;

/// Commands that clients begin with or live on. One whose first word is none of these is still
/// recognised by a later one.
const COMMANDS: &str = "
    AUTH HELLO PING SELECT INFO COMMAND CONFIG CLIENT CLUSTER READONLY QUIT ECHO TIME ROLE REPLCONF
    PSYNC SYNC SLAVEOF REPLICAOF MONITOR SENTINEL MODULE ACL DEBUG DBSIZE FLUSHDB FLUSHALL SAVE BGSAVE
    LASTSAVE SLOWLOG LATENCY MEMORY GET SET SETEX SETNX PSETEX GETSET GETDEL GETEX MGET MSET APPEND
    STRLEN INCR INCRBY DECR DECRBY DEL UNLINK EXISTS EXPIRE EXPIREAT PEXPIRE TTL PTTL PERSIST TYPE KEYS
    SCAN RENAME DUMP RESTORE HGET HSET HMGET HMSET HGETALL HDEL HEXISTS HINCRBY HKEYS HVALS HLEN HSCAN
    HSETNX LPUSH RPUSH LPOP RPOP LRANGE LLEN LREM LTRIM LINDEX BLPOP BRPOP BRPOPLPUSH RPOPLPUSH LMOVE
    BLMOVE SADD SREM SMEMBERS SISMEMBER SCARD SPOP SUNION SINTER SDIFF SSCAN ZADD ZREM ZRANGE ZREVRANGE
    ZRANGEBYSCORE ZREVRANGEBYSCORE ZREMRANGEBYSCORE ZREMRANGEBYRANK ZSCORE ZCARD ZCOUNT ZRANK ZINCRBY
    ZPOPMIN BZPOPMIN ZSCAN XADD XREAD XREADGROUP XGROUP XACK XLEN XRANGE XINFO XPENDING XCLAIM
    XAUTOCLAIM XTRIM PUBLISH SPUBLISH PUBSUB SUBSCRIBE PSUBSCRIBE SSUBSCRIBE UNSUBSCRIBE PUNSUBSCRIBE
    MULTI EXEC DISCARD WATCH UNWATCH EVAL EVALSHA SCRIPT FCALL PFADD PFCOUNT GEOADD SETBIT GETBIT
    BITFIELD OBJECT WAIT ASKING MIGRATE
";

/// What a server sends to subscribers, as arrays of strings like a command, and how many elements
/// each has.
const PUSHED: &[(&[u8], &[u8])] = &[(b"message", b"3"), (b"smessage", b"3"), (b"pmessage", b"4")];

/// What a server answers to subscribers: the third of three elements is a number.
const CONFIRMED: &[&[u8]] =
    &[b"subscribe", b"psubscribe", b"ssubscribe", b"unsubscribe", b"punsubscribe", b"sunsubscribe"];

/// Who would send the array that the bytes begin with.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sender {
    Known(Role),
    Unknown,
    More,
    Foreign,
}

/// Reads an array's first element for what only one side would send.
fn sender(bytes: &[u8]) -> Sender {
    let array = match read(bytes) {
        Read::Value(value) if matches!(value.kind, b'*' | b'>') => value,
        Read::Value(_) => return Sender::Unknown,
        Read::More => return Sender::More,
        Read::Foreign => return Sender::Foreign,
    };
    let rest = bytes.get(array.line..).unwrap_or_default();
    let first = match read(rest) {
        Read::Value(value) if value.kind == b'$' && value.payload <= COMMAND_BYTES_MAX + 2 => value,
        Read::Value(_) => return Sender::Unknown,
        Read::More => return Sender::More,
        Read::Foreign => return if array.text == b"0" { Sender::Unknown } else { Sender::Foreign },
    };
    let Some((word, used)) = whole_string(&first, rest) else {
        let come = rest.len() as u64 >= first.line as u64 + first.payload;
        return if come { Sender::Foreign } else { Sender::More };
    };
    if PUSHED.contains(&(word, array.text)) {
        return Sender::Known(Role::Server);
    }
    if CONFIRMED.contains(&word) && array.text == b"3" {
        return confirmed(rest.get(used..).unwrap_or_default());
    }
    let known = |command: &str| word.eq_ignore_ascii_case(command.as_bytes());
    if COMMANDS.split_ascii_whitespace().any(known) { Sender::Known(Role::Client) } else { Sender::Unknown }
}

/// The second and third elements of an array that names a subscription: a number comes from the
/// server, another channel from the client.
fn confirmed(rest: &[u8]) -> Sender {
    let Read::Value(channel) = read(rest) else { return Sender::More };
    let after = usize::try_from(channel.payload).ok().and_then(|payload| rest.get(channel.line + payload..));
    match after.and_then(|after| after.first()) {
        Some(b':') => Sender::Known(Role::Server),
        Some(_) => Sender::Known(Role::Client),
        None => Sender::More,
    }
}

/// Is this what a Redis client says?
fn by_client(bytes: &[u8], from_start: bool) -> Guess {
    if bytes.first() == Some(&b'*') {
        return match sender(bytes) {
            Sender::Known(Role::Client) => Guess::Yes,
            Sender::Known(Role::Server) | Sender::Foreign => Guess::No,
            Sender::More => Guess::More,
            // An unknown command, or an answer of strings: the other side tells.
            Sender::Unknown => Guess::More,
        };
    }
    // Typed by hand: only the answer can prove it.
    let typed = bytes.iter().all(|byte| matches!(byte, b' '..=b'~' | b'\r' | b'\n'));
    let word = bytes.split(|byte| byte.is_ascii_whitespace()).next().unwrap_or_default();
    let begins = |command: &str| {
        let beginning = command.as_bytes().get(..word.len());
        beginning.is_some_and(|beginning| beginning.eq_ignore_ascii_case(word))
    };
    let possible = from_start && typed && COMMANDS.split_ascii_whitespace().any(begins);
    if possible { Guess::More } else { Guess::No }
}

/// Has the client typed a line that begins with a command's name, and the server answered it?
fn is_typed(client: &[u8], server: &[u8]) -> Guess {
    let line = client.split(|&byte| byte == b'\n').next().unwrap_or_default();
    let word = line.split(|byte| byte.is_ascii_whitespace()).next().unwrap_or_default();
    let is = |command: &str| word.eq_ignore_ascii_case(command.as_bytes());
    let typed = line.len() < client.len() && COMMANDS.split_ascii_whitespace().any(is);
    let answered = match read(server) {
        Read::Value(value) => match value.kind {
            b':' | b'$' | b'*' | b'%' | b'_' => true,
            // POP3 says so too, to these two of the commands.
            b'+' => value.text == b"OK" && !is("AUTH") && !is("QUIT"),
            _ => false,
        },
        Read::More | Read::Foreign => false,
    };
    if typed && answered { Guess::Yes } else { Guess::No }
}

/// Is this what a Redis server says?
fn by_server(bytes: &[u8], from_start: bool) -> Guess {
    match sender(bytes) {
        Sender::Known(Role::Server) => return Guess::Yes,
        Sender::Known(Role::Client) | Sender::Foreign => return Guess::No,
        Sender::Unknown => {}
        Sender::More => return Guess::More,
    }
    let mut rest = bytes;
    let mut strings = 0;
    let mut values = 0;
    loop {
        let value = match read(rest) {
            Read::Value(value) => value,
            Read::More => return Guess::More,
            Read::Foreign => return Guess::No,
        };
        if is_answer(&value) {
            return Guess::Yes;
        }
        values += 1;
        strings += usize::from(value.payload > 0);
        // Several values in a row, one of them a string that ended where it had to.
        let enough = from_start && values > 2 && strings > 0;
        if value.payload == 0 {
            rest = rest.get(value.line..).unwrap_or_default();
        } else if let Some((string, used)) = whole_string(&value, rest) {
            if string.starts_with(b"# Server\r\n") {
                return Guess::Yes;
            }
            rest = rest.get(used..).unwrap_or_default();
        } else {
            let come = rest.len() as u64 >= value.payload.saturating_add(value.line as u64);
            return if come { Guess::No } else { Guess::More };
        }
        if enough {
            return Guess::Yes;
        }
    }
}

/// Lines that only a Redis server answers with.
fn is_answer(value: &Value<'_>) -> bool {
    const ERRORS: &[&[u8]] = &[
        b"NOAUTH ",
        b"WRONGPASS ",
        b"NOPERM ",
        b"WRONGTYPE ",
        b"MOVED ",
        b"DENIED Redis",
        b"LOADING Redis",
        b"READONLY You",
        b"ERR unknown command",
        b"ERR wrong number of arguments",
        b"ERR AUTH",
        b"ERR invalid password",
    ];
    match value.kind {
        b'+' => matches!(value.text, b"PONG" | b"QUEUED"),
        b'-' => ERRORS.iter().any(|error| value.text.starts_with(error)),
        _ => false,
    }
}
