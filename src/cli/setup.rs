//! Flags and site file become what the other modules need, checked before anything is read.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::anyhow;

use super::args::ReadingArguments;
use super::bundle;
use super::failure::Failure;
use super::knowledge::knowledge;
use crate::capture;
use crate::config::{Network, PRIVATE_NETWORKS, Site, SiteError};
use crate::graph::Operator;
use crate::model::{HostKey, Realm, ServiceKey};
use crate::query::Knowledge;

/// Everything needed to read.
#[derive(Clone)]
pub struct Setup {
    /// What is read of the captures.
    pub options: capture::Options,
    /// What the operator knows.
    pub operator: Operator,
    /// What the operator knows, as far as questions need it.
    pub knowledge: Knowledge,
    /// Where the history is, if it is asked.
    pub data_dir: Option<PathBuf>,
    /// Threads.
    pub workers: usize,
    /// Drop the copies of packets.
    pub drop_duplicates: bool,
}

impl Setup {
    /// Checks the flags.
    ///
    /// # Errors
    /// If the filter, the time window or the site file is wrong.
    pub fn new(arguments: &ReadingArguments) -> Result<Setup, Failure> {
        let filter = arguments.expression();
        if let Some(filter) = &filter {
            capture::check_filter(filter).map_err(Failure::usage)?;
        }
        if let (Some(since), Some(until)) = (arguments.since, arguments.until)
            && since >= until
        {
            return Err(Failure::usage(anyhow!(
                "--since {since} is not before --until {until}: nothing is between"
            )));
        }
        let brought = Brought { authorities: &arguments.ca_bundle, certificates: &arguments.certificates };
        let (operator, knowledge) = known(&arguments.local_networks, arguments.site.as_deref(), brought)?;
        let cores = || std::thread::available_parallelism().map_or(1, usize::from);
        Ok(Setup {
            options: capture::Options {
                filter,
                since: arguments.since,
                until: arguments.until,
                hash: arguments.hash,
            },
            operator,
            knowledge,
            data_dir: arguments.data_dir.clone(),
            workers: arguments.workers.map_or_else(cores, usize::from),
            drop_duplicates: !arguments.no_dedup,
        })
    }
}

/// Files that were named besides the site file, and add to what it names.
#[derive(Clone, Copy, Default)]
pub struct Brought<'a> {
    /// Authorities that are trusted.
    pub authorities: &'a [PathBuf],
    /// Certificates that are known.
    pub certificates: &'a [PathBuf],
}

/// What the operator knows: networks and files that were named, and the site file.
///
/// # Errors
/// If the site file or one that it names is wrong.
pub fn known(
    networks: &[Network],
    path: Option<&Path>,
    brought: Brought<'_>,
) -> Result<(Operator, Knowledge), Failure> {
    let (site, text) = path.map(site).transpose()?.unwrap_or_default();
    let (mut operator, mut knowledge) = (operator(networks, &site), knowledge(&site, &text));
    let authorities = [site.authorities.as_slice(), brought.authorities].concat();
    if !authorities.is_empty() {
        knowledge.authorities = Arc::new(bundle::authorities(&authorities)?);
    }
    operator.certificates =
        bundle::inventory(&[site.certificates.as_slice(), brought.certificates].concat())?.into();
    Ok((operator, knowledge))
}

/// Reads a site file, and returns its text too. The system's own words for what is missing tell a user
/// nothing to do.
fn site(path: &Path) -> Result<(Site, Vec<u8>), Failure> {
    Site::read(path).map_err(|error| {
        let SiteError::Unreadable { path, why } = &error else { return Failure::usage(error) };
        let name = path.display();
        Failure::usage(match why.kind() {
            ErrorKind::NotFound => {
                anyhow!("site file `{name}` does not exist; `tapmap explain site` shows an example")
            }
            ErrorKind::PermissionDenied => {
                anyhow!("site file `{name}` cannot be read: permission denied")
            }
            ErrorKind::IsADirectory => anyhow!("site file `{name}` is a directory; name a file"),
            ErrorKind::InvalidData => anyhow!("site file `{name}` is no text in UTF-8"),
            _ => anyhow!(error),
        })
    })
}

/// What the map needs of what the operator knows. Networks named by flag go before those of the file.
fn operator(named: &[Network], site: &Site) -> Operator {
    let private = || PRIVATE_NETWORKS.iter().filter_map(|text| text.parse().ok()).collect();
    let local = match (named, &site.local_networks) {
        ([], None) => private(),
        ([], Some(networks)) => networks.iter().map(|network| network.0).collect(),
        (named, _) => named.iter().map(|network| network.0).collect(),
    };
    let labels = site
        .labels
        .iter()
        .flat_map(|(network, labels)| labels.iter().map(|label| (network.0, label.clone())));
    Operator {
        local,
        servers: site
            .servers
            .iter()
            .map(|server| ServiceKey {
                host: HostKey { realm: Realm::DEFAULT, address: server.address.into() },
                port: server.port,
                transport: server.transport(),
            })
            .collect(),
        labels: labels.collect(),
        names: site.names.iter().map(|(address, name)| ((*address).into(), name.clone())).collect(),
        scanners: site.scanners.iter().map(|network| network.0).collect(),
        ..Operator::default()
    }
}
