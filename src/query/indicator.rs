//! What somebody who looks for an intruder writes: an address, a name, a fingerprint, a certificate, a
//! user.

use std::net::IpAddr;
use std::str::FromStr;

use ipnet::IpNet;

/// Hexadecimal digits that stand for a certificate; fewer would be many.
const HEX_DIGITS_MIN: usize = 8;

/// One thing that a text may mean.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Indicated {
    /// An address, or all of a network.
    Network(IpNet),
    /// A name and everything below it, in lower case.
    Name(String),
    /// A JA4 fingerprint.
    Ja4(String),
    /// The beginning of a certificate's SHA-256, or its serial number: lower-case hexadecimal.
    Certificate(String),
    /// A user, in lower case.
    User(String),
}

/// Why a text is none.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum IndicatorError {
    /// Nothing was said.
    #[error("the indicator is empty; name an address, name, JA4, certificate or user")]
    Empty,
    /// Too short for a certificate.
    #[error("`{0}` is too short for a certificate; write at least 8 digits of its SHA-256, or its serial")]
    Short(String),
    /// It looks like a network and is none.
    #[error("`{0}` is no network; write one such as 203.0.113.0/24")]
    Network(String),
}

/// Everything that a text may mean; where a kind is written before it (`user:`), that alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Indicators(pub Vec<Indicated>);

impl FromStr for Indicators {
    type Err = IndicatorError;

    fn from_str(text: &str) -> Result<Indicators, IndicatorError> {
        let text = text.trim();
        let lower = text.to_lowercase();
        let (kind, rest) = match lower.split_once(':') {
            Some((kind @ ("name" | "user" | "ja4" | "cert"), rest)) => (Some(kind), rest),
            _ => (None, lower.as_str()),
        };
        if rest.is_empty() {
            return Err(IndicatorError::Empty);
        }
        let name = rest.trim_start_matches("*.").trim_end_matches('.').to_owned();
        let hex: String = rest.chars().filter(|c| *c != ':').collect();
        let is_hex = hex.bytes().all(|byte| byte.is_ascii_hexdigit());
        let certificate = || Indicated::Certificate(hex.trim_start_matches('0').to_owned());
        Ok(Indicators(match kind {
            Some("name") => vec![Indicated::Name(name)],
            Some("user") => vec![Indicated::User(rest.to_owned())],
            Some("ja4") => vec![Indicated::Ja4(rest.to_owned())],
            Some(_) if !is_hex || hex.is_empty() => return Err(IndicatorError::Short(rest.to_owned())),
            Some(_) => vec![Indicated::Certificate(hex)],
            None => {
                if let Ok(address) = rest.parse::<IpAddr>() {
                    return Ok(Indicators(vec![Indicated::Network(address.to_canonical().into())]));
                }
                if let Some((address, _)) = rest.split_once('/')
                    && address.parse::<IpAddr>().is_ok()
                {
                    let network: IpNet =
                        rest.parse().map_err(|_| IndicatorError::Network(text.to_owned()))?;
                    return Ok(Indicators(vec![Indicated::Network(network.trunc())]));
                }
                let mut meant = Vec::new();
                if is_ja4(rest) {
                    meant.push(Indicated::Ja4(rest.to_owned()));
                } else if is_hex && hex.len() >= HEX_DIGITS_MIN {
                    meant.push(Indicated::Certificate(hex.clone()));
                    if certificate() != Indicated::Certificate(hex.clone()) {
                        meant.push(certificate());
                    }
                }
                if rest.contains(['@', '\\', '/']) {
                    meant.push(Indicated::User(rest.to_owned()));
                } else if !rest.contains(':') && meant.is_empty() || is_hex && !rest.contains(':') {
                    meant.push(Indicated::Name(name));
                    if !rest.contains('.') {
                        meant.push(Indicated::User(rest.to_owned()));
                    }
                }
                if meant.is_empty() {
                    meant.push(Indicated::User(rest.to_owned()));
                }
                meant
            }
        }))
    }
}

/// Whether a text is written like a JA4 fingerprint: `t13d1516h2_8daaf6152771_02713d6af862`.
fn is_ja4(text: &str) -> bool {
    let mut parts = text.split('_');
    let (first, ciphers, extensions) = (parts.next(), parts.next(), parts.next());
    let first = first.is_some_and(|first| {
        first.len() == 10
            && first.starts_with(['t', 'q', 'd'])
            && first.bytes().all(|it| it.is_ascii_alphanumeric())
    });
    let hash = |part: Option<&str>| {
        part.is_some_and(|part| part.len() == 12 && part.bytes().all(|byte| byte.is_ascii_hexdigit()))
    };
    first && hash(ciphers) && hash(extensions) && parts.next().is_none()
}

impl Indicated {
    /// What it is taken for, in words.
    pub const fn word(&self) -> &'static str {
        match self {
            Indicated::Network(_) => "address",
            Indicated::Name(_) => "name",
            Indicated::Ja4(_) => "ja4",
            Indicated::Certificate(_) => "certificate",
            Indicated::User(_) => "user",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meant(text: &str) -> Vec<Indicated> {
        text.parse::<Indicators>().unwrap().0
    }

    fn words(text: &str) -> String {
        meant(text).iter().map(Indicated::word).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn texts_are_taken_for_what_they_look_like() {
        assert_eq!(meant("203.0.113.9"), [Indicated::Network("203.0.113.9/32".parse().unwrap())]);
        assert_eq!(meant("203.0.113.9/24"), [Indicated::Network("203.0.113.0/24".parse().unwrap())]);
        assert_eq!(meant("*.Bad.Example."), [Indicated::Name("bad.example".to_owned())]);
        assert_eq!(words("t13d1516h2_8daaf6152771_02713d6af862"), "ja4");
        assert_eq!(words("AB:CD:EF:01:23"), "certificate");
        assert_eq!(words("abcdef0123"), "certificate name user");
        assert_eq!(words("alice"), "name user");
        assert_eq!(words("alice@corp.example"), "user");
        assert_eq!(words("CORP\\alice"), "user");
        assert_eq!(words("fd00::1"), "address");
    }

    #[test]
    fn a_kind_before_it_decides() {
        assert_eq!(words("name:abcdef0123"), "name");
        assert_eq!(meant("cert:0A:0B"), [Indicated::Certificate("0a0b".to_owned())]);
        assert_eq!(words("user:alice"), "user");
        assert_eq!("user:".parse::<Indicators>(), Err(IndicatorError::Empty));
        assert_eq!("cert:xyz".parse::<Indicators>(), Err(IndicatorError::Short("xyz".to_owned())));
        assert!("10.0.0.0/99".parse::<Indicators>().unwrap_err().to_string().contains("is no network"));
    }
}
