//! The network interfaces of this machine, and whether its kernel may send on them.
//!
//! Asked by netlink and /proc/sys/net, which both answer for the network namespace that asks; /sys
//! answers for the one in which it was mounted.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::net::IpAddr;

use nix::ifaddrs::{InterfaceAddress, getifaddrs};
use nix::net::if_::InterfaceFlags;

/// A network interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interface {
    /// Its name.
    pub name: String,
    /// It is up, and something is at the other end of the cable.
    pub running: bool,
    /// Somebody has brought it up.
    pub up: bool,
    /// The loopback.
    pub loopback: bool,
    /// It answers ARP.
    pub arp: bool,
    /// Its hardware address, where it has one.
    pub mac: Option<[u8; 6]>,
    /// Its addresses, sorted.
    pub addresses: Vec<IpAddr>,
    /// IPv6 is on.
    pub ipv6: bool,
}

impl Interface {
    /// All of them, sorted by name.
    ///
    /// # Errors
    /// If the kernel does not tell.
    pub fn list() -> io::Result<Vec<Interface>> {
        let mut found: BTreeMap<String, Interface> = BTreeMap::new();
        for told in getifaddrs()? {
            found.entry(told.interface_name.clone()).or_insert_with(|| Interface::new(&told)).add(&told);
        }
        let mut all: Vec<Interface> = found.into_values().collect();
        all.iter_mut().for_each(|interface| interface.addresses.sort_unstable());
        Ok(all)
    }

    fn new(told: &InterfaceAddress) -> Self {
        let has = |flag| told.flags.contains(flag);
        Interface {
            up: has(InterfaceFlags::IFF_UP),
            running: has(InterfaceFlags::IFF_UP) && has(InterfaceFlags::IFF_RUNNING),
            loopback: has(InterfaceFlags::IFF_LOOPBACK),
            arp: !has(InterfaceFlags::IFF_NOARP),
            mac: None,
            addresses: Vec::new(),
            ipv6: setting(&told.interface_name, "disable_ipv6").is_some_and(|off| off == "0"),
            name: told.interface_name.clone(),
        }
    }

    fn add(&mut self, told: &InterfaceAddress) {
        let Some(address) = &told.address else { return };
        if let Some(v4) = address.as_sockaddr_in() {
            self.addresses.push(v4.ip().into());
        } else if let Some(v6) = address.as_sockaddr_in6() {
            self.addresses.push(v6.ip().into());
        } else if let Some(link) = address.as_link_addr() {
            self.mac = link.addr();
        }
    }

    /// One sentence that says why the kernel may send on it, and the command that turns that off;
    /// `None` if it sends nothing by itself. A tap that talks can be found, and can do harm.
    pub fn may_transmit(&self) -> Option<String> {
        if self.loopback {
            return None;
        }
        let name = &self.name;
        let (mut reasons, mut commands) = (Vec::new(), Vec::new());
        if self.ipv6 {
            // Neighbour discovery, multicast listener reports and router solicitations come by themselves.
            reasons.push("IPv6 is on".to_owned());
            commands.push(format!("sysctl -w net/ipv6/conf/{name}/disable_ipv6=1"));
        }
        if self.arp {
            // Linux answers on every interface for every address that the machine has anywhere.
            reasons.push("it answers ARP".to_owned());
            commands.push(format!("ip link set dev {name} arp off"));
        }
        let own: Vec<String> =
            self.addresses.iter().filter(|address| address.is_ipv4()).map(ToString::to_string).collect();
        if !own.is_empty() {
            reasons.push(format!("it has the address {}", own.join(", ")));
            commands.push(format!("ip -4 address flush dev {name}"));
        }
        if reasons.is_empty() {
            return None;
        }
        let (reasons, commands) = (reasons.join(", "), commands.join(" && "));
        Some(format!("the kernel may transmit on `{name}`: {reasons}; turn it off with `{commands}`"))
    }
}

/// A setting of IPv6; `None` where the kernel has no IPv6 at all.
fn setting(interface: &str, name: &str) -> Option<String> {
    // Names of interfaces hold no slash; the kernel refuses them.
    let text = fs::read_to_string(format!("/proc/sys/net/ipv6/conf/{interface}/{name}")).ok()?;
    Some(text.trim().to_owned())
}

/// Frames that this machine has sent on an interface since it has it; `None` where nobody knows.
pub fn transmitted(interface: &str) -> Option<u64> {
    transmitted_in(&fs::read_to_string("/proc/self/net/dev").ok()?, interface)
}

/// The second column of what was sent: ` eth0: bytes packets … (8 columns received), bytes packets …`.
fn transmitted_in(table: &str, interface: &str) -> Option<u64> {
    const SENT_PACKETS: usize = 9;
    let columns =
        table.lines().find_map(|line| line.trim_start().strip_prefix(interface)?.strip_prefix(':'))?;
    columns.split_ascii_whitespace().nth(SENT_PACKETS)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interface() -> Interface {
        Interface {
            name: "eth1".to_owned(),
            running: true,
            up: true,
            loopback: false,
            arp: false,
            mac: None,
            addresses: Vec::new(),
            ipv6: false,
        }
    }

    #[test]
    fn says_why_the_kernel_may_send_and_what_turns_it_off() {
        assert_eq!(interface().may_transmit(), None);
        let v6 = Interface { ipv6: true, addresses: vec!["fe80::1".parse().unwrap()], ..interface() };
        assert_eq!(
            v6.may_transmit().unwrap(),
            "the kernel may transmit on `eth1`: IPv6 is on; turn it off with \
             `sysctl -w net/ipv6/conf/eth1/disable_ipv6=1`"
        );
        let all = Interface { arp: true, addresses: vec!["10.0.0.5".parse().unwrap()], ..v6 };
        let said = all.may_transmit().unwrap();
        for word in ["it answers ARP", "it has the address 10.0.0.5", "arp off && ip -4 address flush"] {
            assert!(said.contains(word), "{said}");
        }
        assert_eq!(Interface { loopback: true, ..all }.may_transmit(), None);
    }

    #[test]
    fn knows_the_loopback() {
        let all = Interface::list().unwrap();
        let lo = all.iter().find(|interface| interface.name == "lo").unwrap();
        assert!(lo.loopback);
    }

    #[test]
    fn counts_what_was_sent() {
        let table = "Inter-|   Receive   |  Transmit\n face |bytes packets errs\n\
             eth1.20: 1 2 0 0 0 0 0 0 3 4 0 0 0 0 0 0\n  eth1:10 20 0 0 0 0 0 0 30 40 0 0 0 0 0 0\n";
        assert_eq!(transmitted_in(table, "eth1"), Some(40));
        assert_eq!(transmitted_in(table, "eth1.20"), Some(4));
        assert_eq!(transmitted_in(table, "eth2"), None);
    }
}
