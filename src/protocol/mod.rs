//! Protocols, recognised by content on any port. One file each and one line in [`ANALYZERS`].
//!
//! An analyzer sees bytes in order, which side sent them, and where bytes are missing. It pushes
//! [`Observation`]s and keeps no more state than its protocol needs. A port is never proof.

mod amqp;
mod bacnet;
mod base64;
mod conversation;
mod ber;
mod bgp;
mod cassandra;
mod datagram;
mod dcerpc;
mod dhcp;
mod dnp3;
mod dns;
mod enip;
mod ftp;
mod greeting;
mod http;
mod iec104;
mod imap;
mod irc;
mod kafka;
mod kerberos;
mod ldap;
mod line;
mod llmnr;
mod mdns;
mod memcached;
mod modbus;
mod mongodb;
mod mqtt;
mod mssql;
mod mysql;
mod nats;
mod nbdgm;
mod nbns;
mod ntlm;
mod ntp;
mod onc_rpc;
mod opcua;
mod oracle;
mod pop3;
mod postgresql;
mod proxy_protocol;
mod radius;
mod rdp;
mod recognised;
mod redis;
mod remote_shell;
mod rsync;
mod s7comm;
mod sip;
mod smb;
mod smtp;
mod snmp;
mod socks;
mod speaker;
mod ssdp;
mod ssh;
mod starttls;
mod syslog;
mod tacacs;
mod telnet;
mod tftp;
mod tls;
mod vnc;
mod wording;
mod x11;
mod xmpp;

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

use crate::model::{Announcement, Endpoint, Observation, Pair, Practice, Role, Side, Transport};

pub use conversation::{Conversation, Verdict};

/// Every protocol that is recognised. Order is probe order: strict signatures first, so that a
/// protocol with a weak one is asked only when the others have declined.
pub const ANALYZERS: &[&dyn Analyzer] = &[
    // A fixed beginning: magic numbers, versions, words that nobody else says.
    &tls::Tls,
    &tls::Dtls,
    &tls::Quic,
    &http::Http,
    &proxy_protocol::ProxyProtocol,
    &ssdp::Ssdp,
    &ssh::Ssh,
    &vnc::Vnc,
    &x11::X11,
    &xmpp::Xmpp,
    &rsync::Rsync,
    &amqp::Amqp,
    &mqtt::Mqtt,
    &nats::Nats,
    &smb::Smb,
    &rdp::Rdp,
    &bgp::Bgp,
    &iec104::Iec104,
    &opcua::OpcUa,
    &dnp3::Dnp3,
    &s7comm::S7comm,
    &sip::Sip,
    &syslog::Syslog,
    // Lengths and types that must add up over a whole message.
    &postgresql::PostgreSql,
    &mysql::MySql,
    &kerberos::Kerberos,
    &ldap::Ldap,
    &dcerpc::DceRpc,
    &mssql::Mssql,
    &mssql::Browser,
    &snmp::Snmp,
    &mongodb::MongoDb,
    &cassandra::Cassandra,
    &bacnet::Bacnet,
    &radius::Radius,
    &oracle::Oracle,
    &onc_rpc::PortMapper,
    &onc_rpc::Nfs,
    &onc_rpc::OncRpc,
    &enip::EtherNetIp,
    &tacacs::Tacacs,
    &kafka::Kafka,
    &dhcp::Dhcp,
    &dhcp::DhcpV6,
    // One message format for four: who narrows it by flags, names or ports is asked before DNS.
    &nbns::Nbns,
    &mdns::Mdns,
    &llmnr::Llmnr,
    &dns::Dns,
    // Lines of text, which resemble each other: one word proves them, and often only both sides do.
    &smtp::Smtp,
    &ftp::Ftp,
    &imap::Imap,
    &pop3::Pop3,
    &redis::Redis,
    &irc::Irc,
    &memcached::Memcached,
    &remote_shell::Rlogin,
    &remote_shell::Rsh,
    &remote_shell::Rexec,
    // Few fixed bits: asked when everybody else has declined.
    &modbus::Modbus,
    &socks::Socks,
    &telnet::Telnet,
    &tftp::Tftp,
    &ntp::Ntp,
    &nbdgm::Nbdgm,
];

/// Who follows a flow that another one announced, if it has anything to tell: to be given to
/// [`Conversation::following`].
pub fn announced(announcement: &Announcement) -> Option<&'static dyn Analyzer> {
    match announcement.practice {
        Some(Practice::Tftp { configuration }) => Some(tftp::transfer(configuration)),
        _ => None,
    }
}

/// What both sides have said so far, for a probe.
#[derive(Clone, Copy, Debug)]
pub struct Opening<'a> {
    /// TCP: all bytes of a side so far, without gaps. UDP: the newest datagram of a side.
    pub(crate) bytes: Pair<&'a [u8]>,
    pub(crate) endpoints: Pair<Endpoint>,
    /// The transport.
    pub transport: Transport,
    /// The bytes begin where the connection began. When false, the tap started late or lost
    /// packets, and the bytes may begin in the middle of a message.
    pub from_start: bool,
    /// No more bytes will come for this probe: decide, or say no.
    pub last_chance: bool,
}

impl<'a> Opening<'a> {
    /// What a side has said so far.
    pub fn of(&self, side: Side) -> &'a [u8] {
        self.bytes[side]
    }

    /// Where a side is. Good for telling apart protocols that share a format and differ only by
    /// group address (DNS, mDNS, LLMNR), never as proof by itself.
    pub fn endpoint(&self, side: Side) -> Endpoint {
        self.endpoints[side]
    }

    /// True if either side uses this port. No proof, like every port: it tells apart protocols that
    /// share a format.
    pub(crate) fn uses_port(&self, port: u16) -> bool {
        self.endpoints.iter().any(|endpoint| endpoint.port == port)
    }

    /// Asks `test(client bytes, server bytes)` with either side as the client. The first side for
    /// which it answers [`Guess::Yes`] is the client.
    pub fn either_way(&self, test: impl Fn(&[u8], &[u8]) -> Guess) -> Probe {
        let mut more = false;
        for client in [Side::A, Side::B] {
            match test(self.of(client), self.of(client.other())) {
                Guess::Yes => return Probe::Match { client: Some(client) },
                Guess::More => more = true,
                Guess::No => {}
            }
        }
        if more && !self.last_chance { Probe::NeedMore } else { Probe::NoMatch }
    }

    /// Asks `by_client` about one side and `by_server` about the other, either way. One side may be
    /// silent. What one says must not contradict the other, unless the tap started late: then one
    /// side's bytes may begin in the middle of a message.
    pub fn dialogue(&self, by_client: impl Fn(&[u8]) -> Guess, by_server: impl Fn(&[u8]) -> Guess) -> Probe {
        self.either_way(|client, server| {
            let by_client = if client.is_empty() { Guess::More } else { by_client(client) };
            let by_server = if server.is_empty() { Guess::More } else { by_server(server) };
            match (by_client, by_server) {
                (Guess::Yes, Guess::No) | (Guess::No, Guess::Yes) if !self.from_start => Guess::Yes,
                (Guess::No, _) | (_, Guess::No) => Guess::No,
                (Guess::Yes, _) | (_, Guess::Yes) => Guess::Yes,
                (Guess::More, Guess::More) => Guess::More,
            }
        })
    }
}

/// An answer to "is this the client and that the server?".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guess {
    /// It is.
    Yes,
    /// It cannot be.
    No,
    /// It could be; too little was said.
    More,
}

/// An answer to "is this your protocol?".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Probe {
    /// It is.
    Match {
        /// The client's side, if the bytes prove it. `None` where both sides open alike (SSH).
        client: Option<Side>,
    },
    /// It is not.
    NoMatch,
    /// Too little was said.
    NeedMore,
}

/// What a session did with the bytes it was given.
#[derive(Clone, Copy)]
pub enum Step {
    /// It is finished with this many of them, and is to be called again with the rest and whatever
    /// comes next. Must be more than 0.
    Consumed(usize),
    /// It needs this many bytes, counted from the first of those given; or, when that many are
    /// there already, it waits for the other side to speak. Nothing was consumed.
    Need(usize),
    /// This many bytes, from the first of those given, are of no interest, whether or not they
    /// have arrived yet. They will not be delivered or stored.
    Skip(u64),
    /// This many bytes were consumed; everything after them, on both sides, is another protocol:
    /// TLS after STARTTLS. The flow keeps this analyzer's protocol name.
    Upgrade(usize, &'static dyn Analyzer),
    /// This many bytes were an envelope around another talk (PROXY protocol): what follows, on both
    /// sides, is recognised anew. More than 0.
    Envelope(usize),
    /// Nothing of interest will follow on this flow.
    Done,
    /// This was not the protocol after all.
    Foreign,
}

impl std::fmt::Debug for Step {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Step::Consumed(n) => write!(f, "Consumed({n})"),
            Step::Need(n) => write!(f, "Need({n})"),
            Step::Skip(n) => write!(f, "Skip({n})"),
            Step::Upgrade(n, to) => write!(f, "Upgrade({n}, {})", to.protocol()),
            Step::Envelope(n) => write!(f, "Envelope({n})"),
            Step::Done => f.write_str("Done"),
            Step::Foreign => f.write_str("Foreign"),
        }
    }
}

/// A protocol: how to recognise it and how to begin following it.
pub trait Analyzer: Sync {
    /// The contract's name of the protocol, lower case.
    fn protocol(&self) -> &'static str;

    /// Which transports it runs over.
    fn transports(&self) -> &'static [Transport];

    /// Is this the protocol? Called again whenever more was said, until some analyzer matches.
    fn probe(&self, opening: &Opening<'_>) -> Probe;

    /// Begins to follow one flow; it will be given everything from the first byte of the opening.
    fn begin(&self) -> Box<dyn Session>;

    /// The same for a flow that may have begun before the capture did: what was said before the opening is
    /// not known.
    fn begin_late(&self) -> Box<dyn Session> {
        self.begin()
    }
}

/// One flow of a protocol being followed.
///
/// Law (held by a property test): however a stream is split into calls, the observations are the
/// same. So consume whole messages only, and ask for more otherwise.
pub trait Session: Send {
    /// Bytes of a TCP stream, in order, beginning with those not yet consumed.
    fn on_bytes(&mut self, from: Role, bytes: &[u8], seen: &mut Seen) -> Step;

    /// This many bytes are missing here; what was not yet consumed before the gap is gone.
    fn on_gap(&mut self, from: Role, len: u64, seen: &mut Seen) -> Step;

    /// One datagram. [`Step::Done`], [`Step::Foreign`] and [`Step::Consumed`] mean what they say.
    fn on_datagram(&mut self, from: Role, datagram: &[u8], seen: &mut Seen) -> Step {
        let _ = (from, datagram, seen);
        Step::Foreign
    }

    /// The flow is over: say what only the end could tell.
    fn on_end(&mut self, seen: &mut Seen) {
        let _ = seen;
    }
}

/// Where observations go.
#[derive(Debug, Default)]
pub struct Seen {
    observations: Vec<Observation>,
    curious: bool,
}

impl Seen {
    /// For somebody who also wants to know which names clients ask for, and as whom they log in.
    pub fn curious() -> Seen {
        Seen { observations: Vec::new(), curious: true }
    }

    /// Questions and users are wanted too. They are many, and maps need none of them.
    pub const fn is_curious(&self) -> bool {
        self.curious
    }

    /// Tells one observation.
    pub fn push(&mut self, observation: Observation) {
        self.observations.push(observation);
    }

    /// Takes everything told so far.
    pub fn drain(&mut self) -> std::vec::Drain<'_, Observation> {
        self.observations.drain(..)
    }

    /// True if nothing was told since the last drain.
    pub fn is_empty(&self) -> bool {
        self.observations.is_empty()
    }
}
