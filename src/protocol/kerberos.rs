//! Kerberos 5 (RFC 4120) over UDP and TCP: who is the KDC, and the names of machines in what
//! passes in clear; who asks, where somebody wants to know. Keys are not read; of tickets only whom they
//! are for, and a hash to know them again by.

use crate::model::{Fault, NameSource, Observation, Role, State, Token, TokenKind, Transport};

use super::ber::tag::{GENERAL_STRING, INTEGER, OCTET_STRING, SEQUENCE};
use super::ber::{Elements, Unread, header, unsigned};
use super::speaker::Speaker;
use super::{Analyzer, Opening, Probe, Seen, Session, Step};

/// The longest message that is read. Windows allows 64 KiB of ticket (MaxTokenSize 65,535), and a
/// request carries one; over TCP the length has 31 bits (§7.2.2).
const MESSAGE_BYTES_MAX: usize = 72 * 1024;

/// Bytes of the length before each message over TCP.
const FRAMING: usize = 4;

const AS_REQ: u8 = 10;
const AS_REP: u8 = 11;
const TGS_REQ: u8 = 12;
const TGS_REP: u8 = 13;
const AP_REQ: u8 = 14;

/// Components of a principal, and addresses of a client, that are looked at. Principals have one
/// to three; Windows sends one address.
const ELEMENTS_MAX: usize = 8;

/// Services whose second component is no host: a realm, an operation, and the directory
/// replication's globally unique id of a domain controller ([MS-DRSR] §2.2.4.2).
const NOT_ON_HOSTS: &[&str] = &["krbtgt", "kadmin", "E3514235-4B06-11D1-AB04-00C04FC2DCD2"];

/// Kerberos.
pub struct Kerberos;

impl Analyzer for Kerberos {
    fn protocol(&self) -> &'static str {
        "kerberos"
    }

    fn transports(&self) -> &'static [Transport] {
        &[Transport::Tcp, Transport::Udp]
    }

    fn probe(&self, opening: &Opening<'_>) -> Probe {
        match opening.transport {
            Transport::Tcp => opening.by_speaker(|bytes| match bytes.split_first_chunk::<FRAMING>() {
                None if matches!(bytes, [] | [0, ..]) => Speaker::Unclear,
                None => Speaker::Stranger,
                Some((len, rest)) => speaker(rest, u32::from_be_bytes(*len)),
            }),
            _ => opening
                .by_speaker(|datagram| speaker(datagram, u32::try_from(datagram.len()).unwrap_or(u32::MAX))),
        }
    }

    fn begin(&self) -> Box<dyn Session> {
        Box::<KerberosSession>::default()
    }
}

/// `[APPLICATION n]`, constructed.
const fn application(number: u8) -> u8 {
    0x60 | number
}

/// `[n]`, constructed.
const fn context(number: u8) -> u8 {
    0xa0 | number
}

/// Who sent a message of this length that begins so? Its type stands at two places that must
/// agree, and the protocol's version between them (§5.4.1, §5.4.2, §5.5.1, §5.9.1).
fn speaker(bytes: &[u8], len: u32) -> Speaker {
    let Ok(len) = usize::try_from(len) else { return Speaker::Stranger };
    let unread = |unread| match unread {
        Unread::Short => Speaker::Unclear,
        Unread::Refused => Speaker::Stranger,
    };
    let message = match header(bytes) {
        Ok(message) => message,
        Err(why) => return unread(why),
    };
    let kind = message.tag & 0x1f;
    let (role, first) = match (message.tag & 0xe0, kind) {
        (0x60, 10 | 12) => (Role::Client, 1),
        (0x60, 14) => (Role::Client, 0),
        (0x60, 11 | 13 | 15 | 30) => (Role::Server, 0),
        _ => return Speaker::Stranger,
    };
    if message.len + message.body_len != len {
        return Speaker::Stranger;
    }
    let inside = bytes.get(message.len..).unwrap_or_default();
    let sequence = match header(inside) {
        Ok(sequence) => sequence,
        Err(why) => return unread(why),
    };
    let fields = inside.get(sequence.len..).unwrap_or_default();
    let expected = [context(first), 3, INTEGER, 1, 5, context(first + 1), 3, INTEGER, 1, kind];
    match fields.get(..expected.len()) {
        _ if sequence.tag != SEQUENCE => Speaker::Stranger,
        Some(fields) if fields == expected => Speaker::Is(role),
        None if expected.starts_with(fields) => Speaker::Unclear,
        _ => Speaker::Stranger,
    }
}

/// One exchange, or several one after the other.
#[derive(Default)]
struct KerberosSession;

impl Session for KerberosSession {
    fn on_bytes(&mut self, from: Role, bytes: &[u8], seen: &mut Seen) -> Step {
        let Some((len, rest)) = bytes.split_first_chunk::<FRAMING>() else { return Step::Need(FRAMING) };
        let Ok(len) = usize::try_from(u32::from_be_bytes(*len)) else { return Step::Done };
        if len == 0 || len > MESSAGE_BYTES_MAX {
            return Step::Done;
        }
        let Some(message) = rest.get(..len) else { return Step::Need(FRAMING + len) };
        names(message, from, seen);
        Step::Consumed(FRAMING + len)
    }

    fn on_gap(&mut self, _: Role, _: u64, _: &mut Seen) -> Step {
        // A connection carries one question and one answer: nothing more to expect.
        Step::Done
    }

    fn on_datagram(&mut self, from: Role, datagram: &[u8], seen: &mut Seen) -> Step {
        names(datagram, from, seen);
        Step::Consumed(datagram.len())
    }
}

/// Tells the client's machine: it asks in its own name, or gives its address as a NetBIOS name.
fn names(message: &[u8], from: Role, seen: &mut Seen) {
    let Some(element) = Elements::of(message).next() else { return };
    let Some(fields) = Elements::of(element.body).tagged(SEQUENCE) else { return };
    if element.tag == application(TGS_REQ) {
        // What the client got by its logon, it shows for more.
        tell_ticket(ticket_request(message).and_then(ticket), from, seen);
    }
    match (element.tag, from) {
        (tag, Role::Client) if tag == application(AS_REQ) => {
            let body = field(fields, 4).and_then(|body| Elements::of(body).tagged(SEQUENCE));
            let Some(body) = body else { return };
            if let Some(name) = field(body, 1) {
                machine(name, seen);
            }
            if let Some(addresses) = field(body, 9) {
                netbios_address(addresses, seen);
            }
        }
        (tag, Role::Server) if tag == application(AS_REP) || tag == application(TGS_REP) => {
            if let Some(name) = field(fields, 4) {
                machine(name, seen);
            }
            let ticket = field(fields, 5).and_then(ticket_fields);
            tell_cipher(ticket, seen);
            tell_ticket(ticket, from, seen);
        }
        _ => {}
    }
}

/// Tells the server's name, if a security blob (SPNEGO, GSS-API, or bare as in DCE/RPC) holds a
/// ticket for a service on it: `cifs/files.example.com`. The ticket says who is being asked.
pub(super) fn service_name(blob: &[u8], seen: &mut Seen) {
    let Some(request) = ticket_request(blob) else { return };
    let ticket = ticket(request);
    tell_ticket(ticket, Role::Client, seen);
    let Some(components) = ticket.and_then(|fields| field(fields, 2)).and_then(components) else { return };
    // A user-to-user ticket has one component: a user's name.
    let (Some(service), Some(host)) = (text(components), text_after(components)) else { return };
    if !NOT_ON_HOSTS.iter().any(|other| service.eq_ignore_ascii_case(other)) {
        // Some services add their port: `MSSQLSvc/sql1.example.com:1433`.
        seen.host_name(Role::Server, host.split(':').next().unwrap_or(host), NameSource::Kerberos);
    }
}

/// The fields of the ticket in an AP-REQ's contents (§5.5.1).
fn ticket(request: &[u8]) -> Option<&[u8]> {
    ticket_fields(field(Elements::of(request).tagged(SEQUENCE)?, 3)?)
}

/// The fields of a ticket (§5.3).
fn ticket_fields(ticket: &[u8]) -> Option<&[u8]> {
    Elements::of(Elements::of(ticket).tagged(application(1))?).tagged(SEQUENCE)
}

/// Tells a ticket that is sealed by an old cipher (RFC 3961, RFC 4757; IANA, Kerberos Encryption Types).
fn tell_cipher(ticket: Option<&[u8]>, seen: &mut Seen) {
    let sealed = ticket.and_then(|fields| field(fields, 3)).and_then(|it| Elements::of(it).tagged(SEQUENCE));
    let cipher = sealed.and_then(|fields| field(fields, 0)).and_then(|it| Elements::of(it).tagged(INTEGER));
    let (fault, what) = match cipher.and_then(unsigned) {
        Some(1..=3) => (Fault::KerberosDes, "Kerberos ticket sealed by DES"),
        Some(16) => (Fault::KerberosTripleDes, "Kerberos ticket sealed by Triple DES"),
        Some(23 | 24) => (Fault::KerberosRc4, "Kerberos ticket sealed by RC4"),
        _ => return,
    };
    seen.fault(fault, State::Used, what);
}

/// Tells a ticket by what of it only the service can read: the same bytes from the KDC and to the
/// service.
fn tell_ticket(ticket: Option<&[u8]>, from: Role, seen: &mut Seen) {
    let sealed = ticket.and_then(|fields| field(fields, 3)).and_then(|it| Elements::of(it).tagged(SEQUENCE));
    let cipher =
        sealed.and_then(|fields| field(fields, 2)).and_then(|it| Elements::of(it).tagged(OCTET_STRING));
    if let Some(cipher) = cipher.filter(|cipher| !cipher.is_empty()) {
        seen.push(Observation::Token(Token::of(TokenKind::KerberosTicket, from, cipher)));
    }
}

/// The contents of the AP-REQ somewhere in these bytes. A ticket makes it longer than 255 octets, so
/// that its two headers have four octets each; then come the version and the type (§5.5.1).
fn ticket_request(blob: &[u8]) -> Option<&[u8]> {
    const FIELDS: &[u8] = &[context(0), 3, INTEGER, 1, 5, context(1), 3, INTEGER, 1, AP_REQ];
    let fields = blob.windows(FIELDS.len()).position(|window| window == FIELDS)?;
    Elements::of(blob.get(fields.checked_sub(8)?..)?).tagged(application(AP_REQ))
}

/// A field of a sequence, by its number.
fn field(fields: &[u8], number: u8) -> Option<&[u8]> {
    // No sequence read here has more than 12 fields; each is looked at once.
    Elements::of(fields).take(16).find(|element| element.tag == context(number)).map(|element| element.body)
}

/// The components of a principal (§5.2.2).
fn components(principal: &[u8]) -> Option<Elements<'_>> {
    let fields = Elements::of(principal).tagged(SEQUENCE)?;
    Some(Elements::of(Elements::of(field(fields, 1)?).tagged(SEQUENCE)?))
}

fn text(mut components: Elements<'_>) -> Option<&str> {
    std::str::from_utf8(components.tagged(GENERAL_STRING)?).ok()
}

fn text_after(mut components: Elements<'_>) -> Option<&str> {
    components.next()?;
    text(components)
}

/// A principal is a machine if it is `NAME$` (a machine's account) or `host/name` (its keytab), else
/// a user (`alice`, `alice/admin`).
fn machine(principal: &[u8], seen: &mut Seen) {
    let Some(components) = components(principal) else { return };
    let Some(first) = text(components) else { return };
    let name = match (first.strip_suffix('$'), text_after(components)) {
        (Some(account), None) => account,
        (None, Some(host)) if first.eq_ignore_ascii_case("host") => host,
        (None, instance) => return seen.user(first, instance),
        _ => return,
    };
    seen.host_name(Role::Client, name, NameSource::Kerberos);
}

/// An address of type 20 is a NetBIOS name of 15 octets and a type (§7.5.3).
fn netbios_address(addresses: &[u8], seen: &mut Seen) {
    const NETBIOS: u32 = 20;
    let Some(addresses) = Elements::of(addresses).tagged(SEQUENCE) else { return };
    for address in Elements::of(addresses).take(ELEMENTS_MAX) {
        let kind = field(address.body, 0).and_then(|kind| Elements::of(kind).tagged(INTEGER));
        let name = field(address.body, 1).and_then(|name| Elements::of(name).tagged(OCTET_STRING));
        if kind.and_then(unsigned) == Some(NETBIOS)
            && let Some(name) = name.and_then(|name| std::str::from_utf8(name.get(..15)?).ok())
        {
            seen.host_name(Role::Client, name, NameSource::Kerberos);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{NamedThing, Observation};
    use crate::protocol::testing::{Line, Outcome, faults, hex, tcp, udp};
    use Line::{C, S};

    fn tlv(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
        let body = parts.concat();
        [&[tag, 0x82], &(body.len() as u16).to_be_bytes()[..], &body].concat()
    }

    fn principal(number: u8, components: &[&str]) -> Vec<u8> {
        let texts: Vec<u8> =
            components.iter().flat_map(|text| tlv(GENERAL_STRING, &[text.as_bytes()])).collect();
        let list = tlv(context(1), &[&tlv(SEQUENCE, &[&texts])]);
        tlv(context(number), &[&tlv(SEQUENCE, &[&hex("a003020101"), &list])])
    }

    fn as_req(components: &[&str], addresses: &[u8]) -> Vec<u8> {
        let server = principal(3, &["krbtgt", "EXAMPLE.COM"]);
        let body =
            tlv(SEQUENCE, &[&hex("a00703050040810010"), &principal(1, components), &server, addresses]);
        tlv(0x6a, &[&tlv(SEQUENCE, &[&hex("a103020105a20302010a"), &tlv(context(4), &[&body])])])
    }

    fn tgs_rep(components: &[&str]) -> Vec<u8> {
        let realm = hex("a30d1b0b4558414d504c452e434f4d");
        let fields = [hex("a003020105a10302010d"), realm, principal(4, components)].concat();
        tlv(0x6d, &[&tlv(SEQUENCE, &[&fields])])
    }

    fn framed(message: &[u8]) -> Vec<u8> {
        [&(message.len() as u32).to_be_bytes()[..], message].concat()
    }

    fn client(name: &str) -> Observation {
        Observation::Name {
            of: NamedThing::Role(Role::Client),
            name: name.into(),
            source: NameSource::Kerberos,
        }
    }

    fn check(outcome: &Outcome, names: &[Observation]) {
        assert_eq!(outcome.protocol, Some("kerberos"));
        assert_eq!(outcome.client_right, Some(true));
        assert_eq!(outcome.observations, names);
    }

    #[test]
    fn a_machine_that_asks_for_itself_is_named() {
        check(&tcp(&[C(&framed(&as_req(&["WS7$"], &[])))]), &[client("ws7")]);
        check(&udp(88, &[C(&as_req(&["host", "www.example.com"], &[]))]), &[client("www.example.com")]);
        check(&tcp(&[S(&framed(&tgs_rep(&["WS7$"])))]), &[client("ws7")]);
        check(&udp(88, &[C(&as_req(&["alice"], &[])), S(&tgs_rep(&["alice"]))]), &[]);
        check(&udp(88, &[C(&as_req(&["alice", "admin"], &[]))]), &[]);
    }

    #[test]
    fn the_cipher_of_a_ticket_is_judged() {
        let sealed = |cipher: &str| {
            let part = tlv(context(3), &[&tlv(SEQUENCE, &[&hex(&format!("a0030201{cipher}a2030401aa"))])]);
            let ticket = tlv(application(1), &[&tlv(SEQUENCE, &[&hex("a003020105"), &part])]);
            let fields = [hex("a003020105a10302010d"), tlv(context(5), &[&ticket])].concat();
            faults(&tcp(&[S(&framed(&tlv(0x6d, &[&tlv(SEQUENCE, &[&fields])])))]))
        };
        assert_eq!(sealed("17"), [(Fault::KerberosRc4, State::Used)]);
        assert_eq!(sealed("10"), [(Fault::KerberosTripleDes, State::Used)]);
        assert_eq!(sealed("03"), [(Fault::KerberosDes, State::Used)]);
        assert_eq!(sealed("12"), [], "AES-256");
    }

    #[test]
    fn a_netbios_address_names_the_client() {
        let address =
            |kind: &str| hex(&format!("a91d301b3019a0030201{kind}a1120410 57533720202020202020202020202020"));
        check(&udp(88, &[C(&as_req(&["alice"], &address("14")))]), &[client("ws7")]);
        check(&udp(88, &[C(&as_req(&["alice"], &address("02")))]), &[]);
    }

    #[test]
    fn an_error_comes_from_the_server() {
        let error = hex("7e423040a003020105a10302011ea603020106a90d1b0b4558414d504c452e434f4daa20301e
             a003020102a11730151b066b72627467741b0b4558414d504c452e434f4d");
        check(&udp(88, &[S(&error)]), &[]);
    }

    #[test]
    fn a_ticket_names_the_server_it_is_for() {
        let blob = |components: &[&str]| {
            let realm = hex("a10d1b0b4558414d504c452e434f4d");
            let ticket =
                tlv(0x61, &[&tlv(SEQUENCE, &[&hex("a003020105"), &realm, &principal(2, components)])]);
            let fields =
                [hex("a003020105a10302010ea20703050020000000"), tlv(context(3), &[&ticket])].concat();
            let request = tlv(0x6e, &[&tlv(SEQUENCE, &[&fields])]);
            [hex("6082ffff 06092a864886f712010202 0100"), request].concat()
        };
        for (components, name) in [
            (&["cifs", "files.example.com"][..], Some("files.example.com")),
            (&["ldap", "DC1.example.com", "example.com"], Some("dc1.example.com")),
            (&["MSSQLSvc", "sql1.example.com:1433"], Some("sql1.example.com")),
            (&["krbtgt", "EXAMPLE.COM"], None),
            (&["kadmin", "changepw"], None),
            (&["alice"], None),
        ] {
            let mut seen = Seen::default();
            service_name(&blob(components), &mut seen);
            let told: Vec<_> = seen.drain().collect();
            let expected = name.map(|name| Observation::Name {
                of: NamedThing::Role(Role::Server),
                name: name.into(),
                source: NameSource::Kerberos,
            });
            assert_eq!(told, Vec::from_iter(expected), "{components:?}");
        }
    }

    #[test]
    fn a_ticket_is_known_again_where_it_is_shown() {
        let sealed =
            tlv(SEQUENCE, &[&hex("a003020112"), &tlv(context(2), &[&tlv(OCTET_STRING, &[b"sealed"])])]);
        let realm = hex("a10d1b0b4558414d504c452e434f4d");
        let name = principal(2, &["krbtgt", "EXAMPLE.COM"]);
        let fields = tlv(SEQUENCE, &[&hex("a003020105"), &realm, &name, &tlv(context(3), &[&sealed])]);
        let sealed_ticket = tlv(0x61, &[&fields]);
        let token = |role| Observation::Token(Token::of(TokenKind::KerberosTicket, role, b"sealed"));

        let head = hex("a003020105a10302010ba3020500");
        let answer = tlv(SEQUENCE, &[&head, &tlv(context(5), &[&sealed_ticket])]);
        let mut seen = Seen::default();
        names(&tlv(application(AS_REP), &[&answer]), Role::Server, &mut seen);
        assert_eq!(seen.drain().collect::<Vec<_>>(), [token(Role::Server)]);

        let options = hex("a003020105a10302010ea20703050020000000");
        let padding = tlv(context(4), &[&[0; 200]]);
        let shown = tlv(SEQUENCE, &[&options, &tlv(context(3), &[&sealed_ticket]), &padding]);
        service_name(&tlv(application(AP_REQ), &[&shown]), &mut seen);
        assert_eq!(seen.drain().collect::<Vec<_>>(), [token(Role::Client)]);
    }

    #[test]
    fn what_is_nearly_kerberos_is_not() {
        let good = as_req(&["WS7$"], &[]);
        let place = good.windows(4).position(|window| window == [2, 1, 5, 0xa2]).unwrap();
        let mut version4 = good.clone();
        version4[place + 2] = 4;
        let mut other_type = good.clone();
        other_type[place + 7] = 12;
        let longer = [good.as_slice(), b"x"].concat();
        for message in [version4, other_type, longer] {
            assert_ne!(udp(88, &[C(&message)]).protocol, Some("kerberos"));
        }
        // An LDAP delete response has the tag of an AS-REP inside, not at the start.
        assert_ne!(tcp(&[C(&hex("0000000e 300c0201026b070a010004000400"))]).protocol, Some("kerberos"));
        assert_ne!(tcp(&[C(&hex("00000105 6a81"))]).protocol, Some("kerberos"));
    }
}
