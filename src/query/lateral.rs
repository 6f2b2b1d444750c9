//! Which services an intruder moves on by: those that run commands, and those that show passwords or
//! ask for none. By what was spoken; where nobody could tell, by the port, which is only a guess.

use crate::graph::{Dependency, Service};
use crate::model::{Capability, Transport};

/// What an intruder could do with a service that stands open, whatever others were seen to do with it:
/// who reads files over SMB today installs a service over it tomorrow.
pub fn offered(protocol: Option<&str>, port: u16, transport: Transport) -> Capability {
    match protocol {
        Some("smb" | "dcerpc" | "msrpc" | "epm") => Capability::ExecAdmin,
        // What is carried in HTTP says so only to those who can read it.
        Some("http" | "tls") | None => by_port(port, transport).max(Capability::of_protocol(protocol)),
        known => Capability::of_protocol(known),
    }
}

/// What is usually behind a port.
const fn by_port(port: u16, transport: Transport) -> Capability {
    match (transport, port) {
        (Transport::Tcp, 22) => Capability::ExecShell,
        (Transport::Tcp, 23 | 512..=514) => Capability::ExecShellClear,
        (Transport::Tcp, 135 | 139 | 445 | 5985 | 5986) => Capability::ExecAdmin,
        (Transport::Tcp, 3389 | 5900..=5909 | 6000..=6009) => Capability::ExecDesktop,
        (Transport::Tcp, 2375 | 2376 | 2379 | 10250) | (Transport::Udp, 623) => Capability::ExecApi,
        (Transport::Tcp, 1433) => Capability::DbExec,
        _ => Capability::Infra,
    }
}

/// An intruder moves on by this dependency, or could.
pub fn is_lateral(dependency: &Dependency) -> bool {
    could(dependency).is_exec()
}

/// The most that an intruder could do by a dependency.
pub fn could(dependency: &Dependency) -> Capability {
    let key = dependency.key.service;
    dependency.capability().max(offered(dependency.protocol(), key.port, key.transport))
}

/// The most that an intruder could do with a service, as far as its protocol and port tell.
pub fn could_with(service: &Service) -> Capability {
    offered(service.protocol, service.key.port, service.key.transport)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_protocol_tells_and_the_port_only_where_nothing_else_does() {
        let tcp = |protocol, port| offered(protocol, port, Transport::Tcp).is_exec();
        assert!(tcp(Some("ssh"), 2222) && tcp(Some("smb"), 445) && tcp(Some("telnet"), 2323));
        assert!(!tcp(Some("mysql"), 22), "a database on the port of SSH is a database");
        assert!(tcp(None, 22) && !tcp(None, 8080));
        assert!(tcp(Some("http"), 5985) && !tcp(Some("http"), 80));
        assert!(!tcp(Some("dns"), 53));
    }
}
