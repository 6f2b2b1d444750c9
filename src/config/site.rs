//! The site file: what an operator knows and packets do not tell, in one TOML file.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::Network;
use super::business::{ProtectedFlow, SegmentEntry, ServiceAddress, Subject, Tags};
use crate::model::Transport;

/// A commented example that says everything a site file can.
pub const EXAMPLE: &str = include_str!("site.example.toml");

/// What the operator knows. Every part may be left out.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Site {
    /// Networks that are the operator's own; none: the private ones.
    pub local_networks: Option<Vec<Network>>,
    /// Sources that scan with permission.
    pub scanners: Vec<Network>,
    /// Endpoints that are servers, whatever the packets leave open.
    pub servers: Vec<Server>,
    /// Labels by network.
    pub labels: BTreeMap<Network, Labels>,
    /// Names by address.
    pub names: BTreeMap<IpAddr, String>,
    /// Who must still reach a quarantined host: EDR, log collector, jump host.
    pub responders: Vec<Network>,
    /// Segments by name.
    pub segments: BTreeMap<String, SegmentEntry>,
    /// What hosts mean.
    pub criticality: BTreeMap<Subject, Tags>,
    /// Business services by name.
    pub business: BTreeMap<String, Vec<ServiceAddress>>,
    /// Flows that must not be cut.
    pub protected: Vec<ProtectedFlow>,
    /// Files of authorities that are trusted besides the public ones.
    pub authorities: Vec<PathBuf>,
    /// Files and directories of certificates that are known from elsewhere.
    pub certificates: Vec<PathBuf>,
}

/// An endpoint that is a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Server {
    /// Its address.
    pub address: IpAddr,
    /// Its port.
    pub port: u16,
    /// Its transport.
    #[serde(default)]
    transport: TransportWord,
}

impl Server {
    /// Its transport; TCP unless another is named.
    pub const fn transport(&self) -> Transport {
        match self.transport {
            TransportWord::Tcp => Transport::Tcp,
            TransportWord::Udp => Transport::Udp,
            TransportWord::Sctp => Transport::Sctp,
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum TransportWord {
    #[default]
    Tcp,
    Udp,
    Sctp,
}

/// One label or several.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Labels {
    /// One.
    One(String),
    /// Several.
    Several(Vec<String>),
}

impl Labels {
    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &String> {
        match self {
            Labels::One(label) => std::slice::from_ref(label).iter(),
            Labels::Several(labels) => labels.iter(),
        }
    }
}

/// Why a site file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SiteError {
    /// It cannot be read.
    #[error("site file `{}` cannot be read: {why}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        why: std::io::Error,
    },
    /// It says something that is not understood.
    #[error("site file `{}`, line {line}: {message}; `tapmap explain site` shows an example", path.display())]
    Wrong {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong there.
        message: String,
    },
}

impl Site {
    /// Reads a site file; its text comes with it.
    ///
    /// # Errors
    /// If it cannot be read, or has a mistake: the first one, with its line.
    pub fn read(path: &Path) -> Result<(Site, Vec<u8>), SiteError> {
        let text = std::fs::read_to_string(path)
            .map_err(|why| SiteError::Unreadable { path: path.to_path_buf(), why })?;
        match Site::parse(&text) {
            Ok(mut site) => {
                // What it names stands beside it.
                let folder = path.parent().unwrap_or(Path::new(""));
                for named in site.authorities.iter_mut().chain(&mut site.certificates) {
                    *named = folder.join(&*named);
                }
                Ok((site, text.into_bytes()))
            }
            Err((line, message)) => Err(SiteError::Wrong { path: path.to_path_buf(), line, message }),
        }
    }

    /// Reads the text of a site file; the first mistake comes with its line.
    fn parse(text: &str) -> Result<Site, (usize, String)> {
        toml::from_str(text).map_err(|error| {
            let start = error.span().map_or(0, |span| span.start);
            let message = error.message().trim().replace('\n', " ");
            let start = start + quoted_in(&message, text.get(start..).unwrap_or_default());
            let before = text.as_bytes().get(..start).unwrap_or_default();
            (before.iter().filter(|byte| **byte == b'\n').count() + 1, message)
        })
    }
}

/// Where the text that a message begins with stands; of a list, TOML's errors name only the beginning.
fn quoted_in(message: &str, text: &str) -> usize {
    let quoted = message.strip_prefix('`').and_then(|rest| rest.split_once('`'));
    quoted.and_then(|(quoted, _)| text.find(&format!("\"{quoted}\""))).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_says_everything_and_is_read() {
        let site = Site::parse(EXAMPLE).unwrap();
        assert_eq!(site.local_networks.as_ref().map(Vec::len), Some(3));
        assert_eq!(site.servers.len(), 2);
        assert_eq!(site.servers[1].transport(), Transport::Udp);
        assert!(!site.scanners.is_empty() && !site.names.is_empty());
        assert_eq!(site.labels.values().map(|labels| labels.iter().count()).max(), Some(2));
        assert!(!site.segments.is_empty() && !site.business.is_empty() && !site.protected.is_empty());
        assert_eq!((site.criticality.len(), site.responders.len()), (2, 2));
        assert_eq!(Site::parse("").unwrap(), Site::default());
    }

    #[test]
    fn files_stand_beside_the_one_that_names_them() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("site.toml");
        std::fs::write(&path, "authorities = [\"ca.pem\", \"/etc/ca.pem\"]\ncertificates = [\"all\"]\n")
            .unwrap();
        let (site, _) = Site::read(&path).unwrap();
        assert_eq!(site.authorities, [folder.path().join("ca.pem"), "/etc/ca.pem".into()]);
        assert_eq!(site.certificates, [folder.path().join("all")]);
    }

    #[test]
    fn mistakes_are_named_with_their_line() {
        for (text, line, says) in [
            ("\nlocal_network = []\n", 2, "unknown field `local_network`"),
            ("local_networks = [\n  \"10.0.0.0/8\",\n  \"10.0.0.0/99\",\n]\n", 3, "prefix of 99 bits"),
            ("[[servers]]\naddress = \"10.0.0.1\"\n", 1, "missing field `port`"),
            ("[[servers]]\naddress = \"10.0.0.1\"\nport = 70000\n", 3, "70000"),
            ("[names]\n\"10.0.0.300\" = \"x\"\n", 2, "IP address"),
            ("[labels]\n\"10.0.0.1/8\" = \"x\"\n", 2, "names a host inside a network"),
            ("names = \n", 1, ""),
        ] {
            let (at, message) = Site::parse(text).unwrap_err();
            assert!(message.contains(says), "{text}: {message}");
            assert_eq!(at, line, "{text}: {message}");
        }
    }
}
