//! SSDP, the discovery of UPnP (UPnP Device Architecture 2.0 §1): HTTP's heads in UDP datagrams.

use crate::model::{Pair, Side, Transport};

use super::datagram::each_datagram;
use super::{Analyzer, Opening, Probe, Session};

/// SSDP.
pub struct Ssdp;

/// A search, sent to the group or to one device.
const SEARCH: &[u8] = b"M-SEARCH * HTTP/1.1\r\n";
/// A device announcing itself to the group.
const NOTIFY: &[u8] = b"NOTIFY * HTTP/1.1\r\n";
/// A device answering a search.
const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\n";

impl Analyzer for Ssdp {
    fn protocol(&self) -> &'static str {
        "ssdp"
    }

    fn transports(&self) -> &'static [Transport] {
        &[Transport::Udp]
    }

    fn probe(&self, opening: &Opening<'_>) -> Probe {
        for side in [Side::A, Side::B] {
            let datagram = opening.of(side);
            if datagram.starts_with(SEARCH) {
                return Probe::Match { client: Some(side) };
            }
            // Other protocols answer searches in HTTP's words too; these two headers are SSDP's.
            let by_device = header(datagram, b"USN").is_some() || header(datagram, b"ST").is_some();
            if datagram.starts_with(ANSWER) && by_device {
                return Probe::Match { client: Some(side.other()) };
            }
            // Nobody asked for this, so nobody is its client.
            if datagram.starts_with(NOTIFY) {
                return Probe::Match { client: None };
            }
        }
        Probe::NoMatch
    }

    fn begin(&self) -> Box<dyn Session> {
        // Who has told its software.
        let mut told = Pair::new(false, false);
        each_datagram(move |from, datagram, seen| {
            let name: &[u8] = if datagram.starts_with(SEARCH) { b"USER-AGENT" } else { b"SERVER" };
            if let Some(words) = header(datagram, name).filter(|_| !told[from]) {
                seen.product(from, words);
                told[from] = true;
            }
        })
    }
}

/// The value of a header.
fn header<'a>(datagram: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    datagram.split(|&byte| byte == b'\n').skip(1).find_map(|line| {
        let (found, rest) = line.split_at_checked(name.len())?;
        let value = rest.trim_ascii_start().strip_prefix(b":")?;
        found.eq_ignore_ascii_case(name).then(|| value.trim_ascii())
    })
}

#[cfg(test)]
mod tests {
    use crate::model::Observation;
    use crate::model::Role;
    use crate::protocol::testing::{Line, udp};

    fn product(of: Role, text: &str) -> Observation {
        Observation::Product { of, text: text.into() }
    }

    const A_SEARCH: &[u8] = b"M-SEARCH * HTTP/1.1\r\nHost: 239.255.255.250:1900\r\nMan: \"ssdp:discover\"\r\nST: ssdp:all\r\nMX: 3\r\nUser-Agent: Kodi/19.0\r\n\r\n";
    const AN_ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nCACHE-CONTROL: max-age=120\r\nST: upnp:rootdevice\r\nUSN: uuid:1::upnp:rootdevice\r\nEXT:\r\nSERVER: Linux/3.14 UPnP/1.1 MiniUPnPd/2.1\r\n\r\n";
    const A_NOTICE: &[u8] = b"NOTIFY * HTTP/1.1\r\nHost:[FF02::C]:1900\r\nNT:upnp:rootdevice\r\nNTS:ssdp:alive\r\nServer:Microsoft-Windows-NT/5.1 UPnP/1.0 UPnP-Device-Host/1.0\r\n\r\n";

    #[test]
    fn a_search_and_its_answer() {
        let outcome = udp(4000, &[Line::C(A_SEARCH), Line::S(AN_ANSWER), Line::S(AN_ANSWER)]);
        assert_eq!(outcome.protocol, Some("ssdp"));
        assert_eq!(outcome.client_right, Some(true));
        let told =
            [product(Role::Client, "Kodi/19.0"), product(Role::Server, "Linux/3.14 UPnP/1.1 MiniUPnPd/2.1")];
        assert_eq!(outcome.observations, told);
    }

    #[test]
    fn an_answer_alone_proves_who_was_asked() {
        let outcome = udp(4000, &[Line::C(AN_ANSWER)]);
        assert_eq!((outcome.protocol, outcome.client_right), (Some("ssdp"), Some(false)));
    }

    #[test]
    fn a_notice_is_the_senders_own() {
        let outcome = udp(1900, &[Line::C(A_NOTICE)]);
        assert_eq!((outcome.protocol, outcome.client_right), (Some("ssdp"), None));
        let words = "Microsoft-Windows-NT/5.1 UPnP/1.0 UPnP-Device-Host/1.0";
        assert_eq!(outcome.observations, [product(Role::Client, words)]);
    }

    #[test]
    fn other_talk_in_the_words_of_http_is_not_it() {
        for other in [
            &b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"[..],
            b"NOTIFY sip:a@b SIP/2.0\r\n\r\n",
            b"GET / HTTP/1.1\r\n\r\n",
        ] {
            assert_ne!(udp(1900, &[Line::C(other)]).protocol, Some("ssdp"));
        }
    }
}
