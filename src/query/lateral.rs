//! Which services an intruder moves on by: those that run commands, and those that show passwords or
//! ask for none. By what was spoken; where nobody could tell, by the port, which is only a guess.

use std::ops::RangeInclusive;

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

/// What usually runs commands behind a port: SSH; telnet, rexec, rlogin and rsh; MS-RPC, NetBIOS, SMB
/// and WinRM; RDP, VNC and X11; Docker, etcd, kubelet and IPMI; SQL Server.
const PORTS: [(Transport, RangeInclusive<u16>, Capability); 15] = [
    (Transport::Tcp, 22..=22, Capability::ExecShell),
    (Transport::Tcp, 23..=23, Capability::ExecShellClear),
    (Transport::Tcp, 512..=514, Capability::ExecShellClear),
    (Transport::Tcp, 135..=135, Capability::ExecAdmin),
    (Transport::Tcp, 139..=139, Capability::ExecAdmin),
    (Transport::Tcp, 445..=445, Capability::ExecAdmin),
    (Transport::Tcp, 5985..=5986, Capability::ExecAdmin),
    (Transport::Tcp, 3389..=3389, Capability::ExecDesktop),
    (Transport::Tcp, 5900..=5909, Capability::ExecDesktop),
    (Transport::Tcp, 6000..=6009, Capability::ExecDesktop),
    (Transport::Tcp, 2375..=2376, Capability::ExecApi),
    (Transport::Tcp, 2379..=2379, Capability::ExecApi),
    (Transport::Tcp, 10250..=10250, Capability::ExecApi),
    (Transport::Udp, 623..=623, Capability::ExecApi),
    (Transport::Tcp, 1433..=1433, Capability::DbExec),
];

/// The ports behind which there is usually something that runs commands.
pub fn lateral_ports() -> impl Iterator<Item = (Transport, RangeInclusive<u16>)> {
    PORTS.into_iter().map(|(transport, range, _)| (transport, range))
}

/// There is usually something behind a port that runs commands.
pub fn is_lateral_port(transport: Transport, port: u16) -> bool {
    by_port(port, transport).is_exec()
}

/// What is usually behind a port.
fn by_port(port: u16, transport: Transport) -> Capability {
    let mut usual = PORTS.iter().filter(|(of, range, _)| *of == transport && range.contains(&port));
    usual.next().map_or(Capability::Infra, |(_, _, capability)| *capability)
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
