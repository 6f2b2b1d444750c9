//! What can keep a live capture from starting.

use std::path::PathBuf;

use super::super::error::{FilterError, Refusal};

/// Why nothing can be captured. What goes wrong later stands in
/// [`InterfaceHealth::problem`](super::InterfaceHealth).
#[derive(Debug, thiserror::Error)]
pub enum LiveError {
    /// Nothing was named.
    #[error("nothing to watch; name an interface, a directory of captures or standard input")]
    NothingNamed,
    /// Files have no common clock with interfaces.
    #[error("interfaces, a directory and standard input are watched by a sensor each; name one kind")]
    SeveralKinds,
    /// One interface named twice would count every packet twice.
    #[error("interface `{0}` is named twice")]
    Twice(String),
    /// No interface of this name.
    #[error("cannot capture on `{name}`: no such interface (have {})", listed(have))]
    NoSuchInterface {
        /// As it was named.
        name: String,
        /// Those that there are.
        have: Vec<String>,
    },
    /// The interface is down.
    #[error("cannot capture on `{0}`: it is down; bring it up with `ip link set dev {0} up`")]
    Down(String),
    /// Capturing needs a capability that this process has not.
    #[error(
        "cannot capture on `{0}`: that takes the capability CAP_NET_RAW; run as root, or give it to the \
         program once with `sudo setcap cap_net_raw+ep $(command -v tapmap)`"
    )]
    NotPermitted(String),
    /// Whatever else libpcap or the system says.
    #[error("cannot capture on `{name}`: {why}")]
    Interface {
        /// The interface.
        name: String,
        /// In the system's words.
        why: String,
    },
    /// The interfaces cannot be listed, or there is no file descriptor left.
    #[error("the system refuses: {0}")]
    System(#[from] std::io::Error),
    /// The filter.
    #[error(transparent)]
    Filter(#[from] FilterError),
    /// The directory.
    #[error("cannot watch `{}`: it {why}", directory.display())]
    Directory {
        /// As it was named.
        directory: PathBuf,
        /// What is wrong with it.
        why: Refusal,
    },
    /// Standard input.
    #[error("standard input {0}")]
    Stream(Refusal),
}

fn listed(names: &[String]) -> String {
    if names.is_empty() {
        return "none".to_owned();
    }
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    quoted.join(", ")
}
