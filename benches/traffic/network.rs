//! The enterprise: 200 servers and 3,000 clients, who offers what and who asks whom.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::frame::{End, Route};
use super::random::Random;
use super::script::Kind;

/// Desktops, spread over /24s of 230 each.
pub const CLIENTS: usize = 3000;

const CLIENTS_PER_SUBNET: usize = 230;

/// Where the router forwards from; the tap sees its address instead of a far host's.
const ROUTER_MAC: [u8; 6] = [0x00, 0x1c, 0x73, 0x00, 0x00, 0x01];

/// Who uses a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asker {
    Desktop,
    /// One of the application servers.
    Application,
    /// Any server of the data centre.
    Server,
    /// One of the two monitoring servers.
    Monitor,
}

/// Servers of one kind: `count` hosts in one /24 from `first` on.
struct Rack {
    name: &'static str,
    subnet: [u8; 3],
    vlan: u16,
    count: u8,
    domain: &'static str,
    services: &'static [(Kind, u16)],
}

/// 44 + 30 + 14 + 12 + 10 + 6 + 2 + 2 + 2 + 12 + 6 + 60 = 200 servers.
const RACKS: &[Rack] = &[
    rack(
        "web",
        [10, 10, 1],
        0,
        44,
        &[(Kind::Http, 80), (Kind::Tls, 443), (Kind::Ssh, 22), (Kind::Snmp, 161)],
    ),
    rack("app", [10, 10, 2], 0, 30, &[(Kind::Http, 8080), (Kind::Ssh, 22), (Kind::Snmp, 161)]),
    rack("pg", [10, 10, 3], 30, 14, &[(Kind::Postgres, 5432), (Kind::Ssh, 22)]),
    rack("my", [10, 10, 6], 30, 12, &[(Kind::Mysql, 3306), (Kind::Ssh, 22)]),
    rack("cache", [10, 10, 7], 30, 10, &[(Kind::Redis, 6379), (Kind::Ssh, 22)]),
    rack(
        "dc",
        [10, 10, 4],
        0,
        6,
        &[(Kind::Ldap, 389), (Kind::Kerberos, 88), (Kind::Dns, 53), (Kind::Ntp, 123), (Kind::Smb, 445)],
    ),
    rack("ns", [10, 10, 8], 0, 2, &[(Kind::Dns, 53), (Kind::Ntp, 123)]),
    rack("log", [10, 10, 9], 0, 2, &[(Kind::Syslog, 514), (Kind::Tls, 8443)]),
    rack("mon", [10, 10, 10], 0, 2, &[(Kind::Http, 9090)]),
    rack("file", [10, 10, 5], 50, 12, &[(Kind::Smb, 445)]),
    rack("mail", [10, 10, 11], 50, 6, &[(Kind::Smtp, 25), (Kind::Tls, 443)]),
    Rack { domain: "example.net", ..rack("shop", [203, 0, 113], 0, 60, &[(Kind::Tls, 443)]) },
];

const fn rack(
    name: &'static str,
    subnet: [u8; 3],
    vlan: u16,
    count: u8,
    services: &'static [(Kind, u16)],
) -> Rack {
    Rack { name, subnet, vlan, count, domain: "corp.example.com", services }
}

/// One machine.
#[derive(Clone, Debug)]
pub struct Host {
    /// Its name.
    pub name: String,
    v4: Ipv4Addr,
    v6: Ipv6Addr,
    vlan: u16,
    /// The tap is in the data centre: it sees these machines' own frames.
    near: bool,
    next_port: u16,
}

/// Something that can be asked.
#[derive(Clone, Debug)]
pub struct Service {
    /// Index of its host among the servers.
    pub host: usize,
    /// Its port.
    pub port: u16,
    /// What it speaks.
    pub kind: Kind,
}

/// All machines and what they offer.
#[derive(Clone, Debug)]
pub struct Network {
    /// The servers.
    pub servers: Vec<Host>,
    /// The desktops.
    pub clients: Vec<Host>,
    /// Everything on offer.
    pub services: Vec<Service>,
}

impl Network {
    /// Builds it; nothing is left to chance but the first port of each machine.
    pub fn new(random: &mut Random) -> Self {
        let mut servers = Vec::new();
        let mut services = Vec::new();
        for rack in RACKS {
            for number in 1..=rack.count {
                let offered = rack.services.iter().copied();
                services.extend(offered.map(|(kind, port)| Service { host: servers.len(), port, kind }));
                let [a, b, c] = rack.subnet;
                let name = format!("{}{number:02}.{}", rack.name, rack.domain);
                servers.push(host(name, [a, b, c, 10 + number], rack.vlan, a == 10, random));
            }
        }
        let clients = (0..CLIENTS).map(|number| {
            let last = (10 + number % CLIENTS_PER_SUBNET) as u8;
            let subnet = (number / CLIENTS_PER_SUBNET) as u8;
            host(format!("pc{number:04}.corp.example.com"), [10, 20, subnet, last], 0, false, random)
        });
        let clients = clients.collect();
        Network { servers, clients, services }
    }

    /// A service of this kind and the route of a new flow to it. Popular servers come first: half
    /// of the flows go to a quarter of them.
    pub fn route(&mut self, kind: Kind, random: &mut Random) -> (usize, Route) {
        let of_kind = |service: &&Service| service.kind == kind;
        let count = self.services.iter().filter(of_kind).count();
        let reach = if random.chance(1, 3) { count.div_ceil(4) } else { count };
        let chosen = random.below(reach);
        let service = self.services.iter().filter(of_kind).nth(chosen).cloned().unwrap();
        let v6 = random.chance(1, 20);
        let port = service.port;
        let route = match asker(kind, &self.servers[service.host], random) {
            Asker::Desktop => {
                let client = random.below(self.clients.len());
                self.clients[client].take_port();
                route(&self.clients[client], &self.servers[service.host], port, v6)
            }
            who => {
                let client = self.server_asking(who, service.host, random);
                self.servers[client].take_port();
                route(&self.servers[client], &self.servers[service.host], port, v6)
            }
        };
        (service.host, route)
    }

    fn server_asking(&self, who: Asker, asked: usize, random: &mut Random) -> usize {
        let prefix = match who {
            Asker::Application => "app",
            Asker::Monitor => "mon",
            _ => "",
        };
        let able = |&index: &usize| {
            let host = &self.servers[index];
            index != asked && host.near && host.name.starts_with(prefix)
        };
        let able: Vec<usize> = (0..self.servers.len()).filter(able).collect();
        *random.pick(&able)
    }
}

/// Who asks a service of this kind.
fn asker(kind: Kind, server: &Host, random: &mut Random) -> Asker {
    match kind {
        Kind::Postgres | Kind::Mysql | Kind::Redis => Asker::Application,
        Kind::Snmp => Asker::Monitor,
        Kind::Syslog => Asker::Server,
        // Machines talk to machines too, but only desktops browse the Internet.
        Kind::Tls if !server.near => Asker::Desktop,
        Kind::Http | Kind::Tls | Kind::Ldap | Kind::Dns | Kind::Ntp if random.chance(1, 4) => Asker::Server,
        _ => Asker::Desktop,
    }
}

fn host(name: String, v4: [u8; 4], vlan: u16, near: bool, random: &mut Random) -> Host {
    let [a, b, c, d] = v4.map(u16::from);
    // Unique local addresses inside (RFC 4193), the documentation prefix outside (RFC 3849).
    let v6 = match a {
        10 => Ipv6Addr::new(0xfd0a, b, c, 0, 0, 0, 0, d),
        _ => Ipv6Addr::new(0x2001, 0xdb8, b, c, 0, 0, 0, d),
    };
    let next_port = 32_768 + random.below(20_000) as u16;
    Host { name, v4: v4.into(), v6, vlan, near, next_port }
}

impl Host {
    /// Moves on to the next ephemeral port (32,768 to 60,999 on Linux): no two flows share five
    /// numbers until 28,000 flows of one machine.
    pub fn take_port(&mut self) {
        self.next_port = if self.next_port >= 60_999 { 32_768 } else { self.next_port + 1 };
    }

    /// Both its addresses.
    pub fn addresses(&self) -> (Ipv4Addr, Ipv6Addr) {
        (self.v4, self.v6)
    }

    fn end(&self, port: u16, v6: bool) -> End {
        let [_, b, c, d] = self.v4.octets();
        let mac = if self.near { [0x00, 0x50, 0x56, b, c, d] } else { ROUTER_MAC };
        let ttl = match (self.near, self.v4.octets()) {
            (true, _) => 64,
            (false, [10, ..]) => 126,
            (false, _) => 52,
        };
        let address = if v6 { IpAddr::V6(self.v6) } else { IpAddr::V4(self.v4) };
        End { address, port, mac, ttl }
    }
}

/// The route from a client's current port to a server's.
pub fn route(client: &Host, server: &Host, port: u16, v6: bool) -> Route {
    let mut route =
        Route { client: client.end(client.next_port, v6), server: server.end(port, v6), vlan: server.vlan };
    // A desktop on the way to the Internet is seen with its own address: one end is always near.
    if !client.near && !server.near {
        let number = u16::from_be_bytes([client.v4.octets()[2], client.v4.octets()[3]]);
        let [high, low] = number.to_be_bytes();
        route.client.mac = [0x00, 0x24, 0x9b, 0x20, high, low];
        route.client.ttl = 128;
    }
    route
}
