//! What a site file says of the business: segments, what hosts mean, what must not be cut.

use std::net::{IpAddr, SocketAddr};

use serde::Deserialize;

use super::Network;
use crate::model::Transport;

/// A network that one gateway stands before.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SegmentEntry {
    /// Its networks.
    pub networks: Vec<Network>,
    /// The address of its gateway.
    pub gateway: Option<IpAddr>,
}

/// How much a host means, by six tags from 0 to 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Tags {
    /// Customers notice.
    pub customer_impact: Share,
    /// What is stored there is secret.
    pub data_sensitivity: Share,
    /// Money is lost.
    pub revenue: Share,
    /// People are in danger.
    pub safety: Share,
    /// The law asks for it.
    pub regulatory: Share,
    /// The board watches it.
    pub executive_visibility: Share,
}

/// A number from 0 to 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
#[serde(try_from = "f64")]
pub struct Share(pub f64);

impl TryFrom<f64> for Share {
    type Error = String;

    fn try_from(value: f64) -> Result<Self, String> {
        match value {
            0.0..=1.0 => Ok(Share(value)),
            _ => Err(format!("`{value}` is no share; write a number from 0 to 1")),
        }
    }
}

/// Whom tags belong to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub enum Subject {
    /// A network or an address.
    Network(Network),
    /// All hosts with a label: `label:crown`.
    Label(String),
}

impl TryFrom<String> for Subject {
    type Error = super::NetworkError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        match text.strip_prefix("label:") {
            Some(label) => Ok(Subject::Label(label.to_owned())),
            None => text.parse().map(Subject::Network),
        }
    }
}

/// A service as an operator writes it: `10.3.0.9:5432`, `[fd00::1]:53/udp`; TCP unless another is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct ServiceAddress {
    /// Its address and port.
    pub socket: SocketAddr,
    /// Its transport.
    pub transport: Transport,
}

impl TryFrom<String> for ServiceAddress {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let (socket, transport) = text.split_once('/').unwrap_or((&text, "tcp"));
        let transport = match transport {
            "tcp" => Transport::Tcp,
            "udp" => Transport::Udp,
            "sctp" => Transport::Sctp,
            other => return Err(format!("`{other}` is no transport; write tcp, udp or sctp")),
        };
        let socket = socket.parse().map_err(|_| {
            format!(
                "`{text}` is no service; write it like `10.3.0.9:5432`, `[fd00::1]:443` or `10.1.0.5:53/udp`"
            )
        })?;
        Ok(ServiceAddress { socket, transport })
    }
}

/// A flow that must not be cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProtectedFlow {
    /// Whose flow.
    pub from: Network,
    /// To which service.
    pub to: ServiceAddress,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_are_read_as_people_write_them() {
        let read = |text: &str| ServiceAddress::try_from(text.to_owned());
        assert_eq!(read("10.3.0.9:5432").unwrap().transport, Transport::Tcp);
        assert_eq!(read("[fd00::1]:53/udp").unwrap().socket.port(), 53);
        assert!(read("10.3.0.9").unwrap_err().contains("is no service"));
        assert!(read("10.3.0.9:1/icmp").unwrap_err().contains("is no transport"));
    }

    #[test]
    fn a_share_is_between_nothing_and_all() {
        assert!(Share::try_from(1.0).is_ok());
        assert!(Share::try_from(1.1).unwrap_err().contains("from 0 to 1"));
        assert!(Share::try_from(f64::NAN).is_err());
    }
}
