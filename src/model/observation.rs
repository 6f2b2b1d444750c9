//! The one language that protocol analyzers speak.

use compact_str::CompactString;

use super::{Address, Capability, Mac, Practice, Purpose, Role, State, TlsVersion, Token, Transport};

/// Where a name was learnt; the words of the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NameSource {
    /// A DNS answer.
    Dns,
    /// A DHCP client's host name, or one the server gave it.
    Dhcp,
    /// A multicast DNS answer (RFC 6762).
    Mdns,
    /// An LLMNR answer (RFC 4795).
    Llmnr,
    /// A NetBIOS name registration or answer (RFC 1002).
    Nbns,
    /// The server name in a TLS ClientHello.
    Sni,
    /// A certificate that the host presented.
    Certificate,
    /// The Host header of HTTP.
    HttpHost,
    /// The names inside an NTLM challenge or authentication.
    Ntlm,
    /// A Kerberos principal.
    Kerberos,
    /// SMB's own fields: native LAN manager names, tree connects.
    Smb,
    /// LLDP (IEEE 802.1AB).
    Lldp,
    /// Cisco Discovery Protocol.
    Cdp,
}

impl NameSource {
    /// The word of the contract.
    pub const fn word(self) -> &'static str {
        match self {
            NameSource::Dns => "dns",
            NameSource::Dhcp => "dhcp",
            NameSource::Mdns => "mdns",
            NameSource::Llmnr => "llmnr",
            NameSource::Nbns => "nbns",
            NameSource::Sni => "sni",
            NameSource::Certificate => "certificate",
            NameSource::HttpHost => "http_host",
            NameSource::Ntlm => "ntlm",
            NameSource::Kerberos => "kerberos",
            NameSource::Smb => "smb",
            NameSource::Lldp => "lldp",
            NameSource::Cdp => "cdp",
        }
    }
}

/// Whose name it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NamedThing {
    /// One side of the flow that the name was seen in.
    Role(Role),
    /// An address that the message names.
    Address(Address),
    /// A machine that has no address yet (DHCP).
    Mac(Mac),
}

/// A port that a control protocol says will be used (`direction.md` §4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Announcement {
    /// Who will listen, when it is one side of the control flow. Takes precedence over `address`:
    /// behind NAT the address inside a `227` reply is not the one on the wire.
    pub listener: Role,
    /// The address the message named, if it named one.
    pub address: Option<Address>,
    /// The port that will be listened on.
    pub port: u16,
    /// When only the other side's port is fixed (TFTP answers from a new port to the client's
    /// old one), the port of the side that does not listen; then `port` is 0. Analyzers do not see
    /// ports: `Some(0)` stands for the port that the other side has in the control flow.
    pub peer_port: Option<u16>,
    /// The transport of the announced flow.
    pub transport: Transport,
    /// The protocol the announced flow will speak (`ftp-data`, `tftp`).
    pub protocol: &'static str,
    /// What becomes [`State::Used`] once payload passes on the announced flow, where only the
    /// control flow can tell (TFTP names its file in the request alone).
    pub practice: Option<Practice>,
}

/// What an analyzer saw. Roles are those of the flow the bytes came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Observation {
    /// The protocol has a more precise name than its analyzer's (`cldap` for LDAP over UDP).
    Protocol(&'static str),
    /// The analyzer began without knowing who is the client and has now seen proof: the side that
    /// it was told is the client really is (`true`), or is the server (`false`).
    ClientProven(bool),
    /// Software and version, as a banner or header gives it.
    Product {
        /// Whose software.
        of: Role,
        /// At most 120 characters of it, control characters removed.
        text: CompactString,
    },
    /// A name of a host.
    Name {
        /// Whose name.
        of: NamedThing,
        /// The name, lower case, without a trailing dot.
        name: CompactString,
        /// Where it was learnt.
        source: NameSource,
    },
    /// A DHCP lease: from now on this machine holds this address.
    Lease {
        /// The machine.
        mac: Mac,
        /// Its address.
        address: Address,
        /// The server that leased it, when the message names it.
        server: Option<Address>,
    },
    /// A TLS ClientHello.
    ClientHello {
        /// The server name asked for, lower case.
        sni: Option<CompactString>,
        /// Protocols offered, in the client's order.
        alpn: Vec<CompactString>,
        /// The JA4 fingerprint.
        ja4: CompactString,
        /// The highest version offered.
        version: TlsVersion,
        /// An encrypted ClientHello (RFC 9849) or its decoy was offered: the server name is the outer one.
        ech: bool,
    },
    /// A TLS ServerHello.
    ServerHello {
        /// The version negotiated.
        version: TlsVersion,
        /// The cipher suite negotiated (IANA number).
        suite: u16,
        /// The protocol negotiated, where it is readable (TLS ≤ 1.2).
        alpn: Option<CompactString>,
        /// The session was resumed, so no certificate will follow.
        resumed: bool,
    },
    /// An X.509 certificate.
    Certificate {
        /// Who presented it.
        of: Role,
        /// Its place in the chain, 0 for the leaf.
        position: u8,
        /// The server name that the client had asked for.
        sni: Option<CompactString>,
        /// The certificate, DER.
        der: Box<[u8]>,
    },
    /// What a server said of its own certificate beside it: a response of OCSP (RFC 6066 §8).
    Stapled {
        /// The server name that the client had asked for.
        sni: Option<CompactString>,
        /// The response, DER; none: the client had asked for one and got none.
        response: Option<Box<[u8]>>,
    },
    /// An insecure practice.
    Practice {
        /// What.
        practice: Practice,
        /// How far it went.
        state: State,
        /// Who is at fault.
        at_fault: Role,
        /// What a person should read in the evidence, without secrets. At most 120 characters.
        what: CompactString,
    },
    /// A port that this conversation says will be used.
    Announced(Announcement),
    /// The flow lets its client do more than the protocol's name says (`blast_radius.md` §3.1).
    Capability(Capability),
    /// What the flow is for, where that is more than the protocol's name says.
    Purpose(Purpose),
    /// Bytes that may turn up in another flow that this one caused, or was caused by.
    Token(Token),
    /// The client is a proxy and speaks for this client, the first of a list.
    Forwarded {
        /// Whom it speaks for, by its own account.
        origin: Address,
    },
    /// A name that the client asked for, told where somebody wants to know ([`IndicatorKind::Asked`]).
    ///
    /// [`IndicatorKind::Asked`]: super::IndicatorKind::Asked
    Asked {
        /// The name, lower case, without a trailing dot.
        name: CompactString,
        /// It was answered with records; `false` for the question itself.
        answered: bool,
    },
    /// Who the client says it is, told where somebody wants to know.
    User(CompactString),
    /// Something malformed or unexpected, by a fixed name; counted.
    Anomaly(&'static str),
}
