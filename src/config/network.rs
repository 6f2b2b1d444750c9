//! Networks as an operator writes them: `10.0.0.0/8`, or one address.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use ipnet::IpNet;
use serde::Deserialize;

/// Networks that are the operator's own when nothing else is said: private (RFC 1918), unique local
/// (RFC 4193), link-local (RFC 3927, RFC 4291 §2.5.6) and loopback.
pub const PRIVATE_NETWORKS: [&str; 8] = [
    "10.0.0.0/8",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "169.254.0.0/16",
    "127.0.0.0/8",
    "fc00::/7",
    "fe80::/10",
    "::1/128",
];

/// A network, or one address as the smallest network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(try_from = "String")]
pub struct Network(pub IpNet);

/// Why a text is no network.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum NetworkError {
    /// Neither a network nor an address.
    #[error("`{0}` is no network; write it like `10.2.0.0/16`, `fd00::/8` or `10.2.0.17`")]
    Unreadable(String),
    /// The prefix is longer than an address.
    #[error("`{text}` has a prefix of {prefix} bits; this kind of address has {max}")]
    TooLong {
        /// As it was written.
        text: String,
        /// The prefix that was asked for.
        prefix: u32,
        /// The bits of such an address.
        max: u32,
    },
    /// Bits are set behind the prefix: the address or the prefix is a slip.
    #[error(
        "`{text}` names a host inside a network; write `{network}` for the network or `{host}` for the host"
    )]
    HostBits {
        /// As it was written.
        text: String,
        /// The network around it.
        network: IpNet,
        /// The host alone.
        host: IpAddr,
    },
}

impl FromStr for Network {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, NetworkError> {
        let text = text.trim();
        if let Ok(address) = text.parse::<IpAddr>() {
            return Ok(Network(IpNet::from(address)));
        }
        match text.parse::<IpNet>() {
            Ok(network) if network.trunc() == network => Ok(Network(network)),
            Ok(network) => Err(NetworkError::HostBits {
                text: text.to_owned(),
                network: network.trunc(),
                host: network.addr(),
            }),
            Err(_) => Err(too_long(text).unwrap_or_else(|| NetworkError::Unreadable(text.to_owned()))),
        }
    }
}

fn too_long(text: &str) -> Option<NetworkError> {
    let (address, prefix) = text.split_once('/')?;
    let max = if address.parse::<IpAddr>().ok()?.is_ipv4() { 32 } else { 128 };
    let prefix = prefix.parse().ok().filter(|prefix| *prefix > max)?;
    Some(NetworkError::TooLong { text: text.to_owned(), prefix, max })
}

impl TryFrom<String> for Network {
    type Error = NetworkError;

    fn try_from(text: String) -> Result<Self, NetworkError> {
        text.parse()
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_and_single_addresses_are_read() {
        for (text, read) in [
            ("10.0.0.0/8", "10.0.0.0/8"),
            (" 10.2.0.17 ", "10.2.0.17/32"),
            ("fd00::/8", "fd00::/8"),
            ("::1", "::1/128"),
        ] {
            assert_eq!(text.parse::<Network>().unwrap().to_string(), read);
        }
        assert!(PRIVATE_NETWORKS.iter().all(|text| text.parse::<Network>().is_ok()));
    }

    #[test]
    fn slips_are_named_with_the_way_out() {
        for (text, says) in [
            ("10.0.0.0/33", "`10.0.0.0/33` has a prefix of 33 bits; this kind of address has 32"),
            ("fd00::/129", "`fd00::/129` has a prefix of 129 bits; this kind of address has 128"),
            (
                "10.2.0.17/24",
                "`10.2.0.17/24` names a host inside a network; write `10.2.0.0/24` for the network or \
                 `10.2.0.17` for the host",
            ),
            ("lan", "`lan` is no network; write it like `10.2.0.0/16`, `fd00::/8` or `10.2.0.17`"),
        ] {
            assert_eq!(text.parse::<Network>().unwrap_err().to_string(), says);
        }
    }
}
