//! Where a data connection will be: `PORT` and `227` (RFC 959 §4.1.2, §4.2), `EPRT` and `229` (RFC 2428).

use crate::model::{Address, Announcement, Endpoint, Observation, Role, Transport};
use crate::protocol::Seen;

/// A port, at an address if one was named.
pub(super) type Place = (Option<Address>, u16);

/// Tells what was announced, if anything was.
pub(super) fn push(listener: Role, place: Option<Place>, seen: &mut Seen) {
    if let Some((address, port)) = place {
        let transport = Transport::Tcp;
        let announced = Announcement {
            listener,
            address,
            port,
            peer_port: None,
            transport,
            protocol: "ftp-data",
            practice: None,
        };
        seen.push(Observation::Announced(announced));
    }
}

/// `h1,h2,h3,h4,p1,p2`.
pub(super) fn of_port(argument: &[u8]) -> Option<Place> {
    let mut numbers = [0u8; 6];
    let mut given = argument.trim_ascii().split(|&byte| byte == b',');
    for number in &mut numbers {
        *number = decimal(given.next()?)?;
    }
    let [h1, h2, h3, h4, p1, p2] = numbers;
    let port = u16::from_be_bytes([p1, p2]);
    (given.next().is_none() && port != 0).then(|| (Some(Address::from([h1, h2, h3, h4])), port))
}

/// The same six numbers somewhere in the text of a `227`; servers differ about the brackets.
pub(super) fn of_pasv(text: &[u8]) -> Option<Place> {
    text.split(|byte| !byte.is_ascii_digit() && *byte != b',').find_map(of_port)
}

/// `|1|192.0.2.1|6446|` or `|2|2001:db8::1|6446|`, with any character in place of the bar.
pub(super) fn of_eprt(argument: &[u8]) -> Option<Place> {
    let argument = argument.trim_ascii();
    let bar = argument.first()?;
    let mut fields = argument.split(|byte| byte == bar);
    let (b"", _family, address, port) = (fields.next()?, fields.next()?, fields.next()?, fields.next()?)
    else {
        return None;
    };
    let address: std::net::IpAddr = std::str::from_utf8(address).ok()?.parse().ok()?;
    let place = Endpoint { address: address.into(), port: decimal(port)? };
    (place.port != 0).then_some((Some(place.address), place.port))
}

/// `(|||6446|)` somewhere in the text of a `229`.
pub(super) fn of_epsv(text: &[u8]) -> Option<Place> {
    let open = text.iter().position(|&byte| byte == b'(')?;
    let [_, a, b, c, rest @ ..] = text.get(open..)? else { return None };
    let (a, b, c) = (*a, *b, *c);
    let port = rest.split(|&byte| byte == c).next()?;
    let port: u16 = decimal(port)?;
    (a == b && b == c && port != 0).then_some((None, port))
}

fn decimal<T: std::str::FromStr>(digits: &[u8]) -> Option<T> {
    let digits = digits.trim_ascii();
    if !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(digits).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(address: [u8; 4], port: u16) -> Option<Place> {
        Some((Some(Address::from(address)), port))
    }

    #[test]
    fn six_numbers_are_an_address_and_a_port() {
        assert_eq!(of_port(b"192,168,150,90,195,149"), at([192, 168, 150, 90], 50_069));
        assert_eq!(
            of_pasv(b"Entering Passive Mode (199,233,217,249,221,90)"),
            at([199, 233, 217, 249], 56_666)
        );
        assert_eq!(of_pasv(b"Entering Passive Mode. 10,0,0,1,0,21"), at([10, 0, 0, 1], 21));
        for wrong in ["1,2,3,4,5", "1,2,3,4,5,6,7", "1,2,3,4,256,6", "1,2,3,4,0,0", "1,2,3,4,,6", ""] {
            assert_eq!(of_port(wrong.as_bytes()), None, "{wrong}");
        }
    }

    #[test]
    fn extended_announcements() {
        let v6: std::net::IpAddr = "2001:db8::1".parse().unwrap();
        assert_eq!(of_eprt(b"|1|132.235.1.2|6275|"), at([132, 235, 1, 2], 6275));
        assert_eq!(of_eprt(b"!2!2001:db8::1!5282!"), Some((Some(v6.into()), 5282)));
        assert_eq!(of_epsv(b"Entering Extended Passive Mode (|||6446|)"), Some((None, 6446)));
        for wrong in ["|1|132.235.1.2|", "|1|host|21|", "|1|132.235.1.2|0|", ""] {
            assert_eq!(of_eprt(wrong.as_bytes()), None, "{wrong}");
        }
        for wrong in ["(|||65536|)", "(||6446|)", "(|||x|)", "(", ""] {
            assert_eq!(of_epsv(wrong.as_bytes()), None, "{wrong}");
        }
    }
}
