//! A gateway and hosts around it: one network namespace each, joined by veth pairs.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use tapmap::model::Address;
use tapmap::policy::Session;

use super::ROLE;
use super::sockets::{Outcome, Try};

/// The gateway's address on every one of its links.
const GATEWAY: (&str, &str) = ("100.64.0.1", "fd64::1");

/// IPv6 addresses that are used at once, without looking for others who have them.
const AT_ONCE: &str = "net.ipv6.conf.default.accept_dad=0 net.ipv6.conf.default.dad_transmits=0";

/// Hosts around a gateway, and servers that listen wherever a session goes.
pub struct Network {
    names: BTreeMap<Address, String>,
    servers: Vec<Child>,
}

/// A session that was opened and waits.
pub struct Held {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Network {
    /// Makes the namespaces and starts the servers.
    pub fn new(sessions: &[Session]) -> Network {
        // What is mounted here is seen in this mount namespace only.
        sh("mountpoint -q /run/netns || { mount -t tmpfs tmpfs /run && mkdir /run/netns; }");
        sh(&format!(
            "sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 {AT_ONCE}; ip link set lo up"
        ));
        let addresses: BTreeSet<Address> =
            sessions.iter().flat_map(|session| [session.initiator, session.responder]).collect();
        let names: BTreeMap<Address, String> = addresses
            .into_iter()
            .enumerate()
            .map(|(place, address)| (address, format!("h{place}")))
            .collect();
        let mut script = String::from("set -e\n");
        for (address, name) in &names {
            plug(*address, name, &mut script);
        }
        sh(&script);
        let mut network = Network { names, servers: Vec::new() };
        for (address, name) in &network.names {
            let own = sessions.iter().filter(|session| session.responder == *address).map(Try::from);
            let own: BTreeSet<Try> = own.collect();
            let (child, mut output) = network.start(name, "serve", own.iter());
            assert_eq!(line(&mut output), "ready", "{name}");
            network.servers.push(child);
        }
        network
    }

    /// Opens all sessions at once, and tells what became of each.
    pub fn try_all(&self, sessions: &[Session]) -> Vec<Outcome> {
        let mut outcomes = vec![Outcome::Blocked; sessions.len()];
        let mut running = Vec::new();
        for (address, name) in &self.names {
            let own: Vec<usize> =
                (0..sessions.len()).filter(|place| sessions[*place].initiator == *address).collect();
            if !own.is_empty() {
                let tries: Vec<Try> = own.iter().map(|place| Try::from(&sessions[*place])).collect();
                running.push((own, self.start(name, "try", tries.iter())));
            }
        }
        for (own, (mut child, mut output)) in running {
            for place in own {
                outcomes[place] = line(&mut output).parse().unwrap();
            }
            assert!(child.wait().unwrap().success());
        }
        outcomes
    }

    /// Opens a session and leaves it open.
    pub fn hold(&self, session: &Session) -> Held {
        let (mut child, mut output) =
            self.start(&self.names[&session.initiator], "hold", [Try::from(session)].iter());
        assert_eq!(line(&mut output), "open");
        Held { input: child.stdin.take().unwrap(), child, output }
    }

    /// Loads rules at the gateway.
    pub fn load(&self, rules: &str) {
        let mut nft = Command::new("nft").args(["-f", "-"]).stdin(Stdio::piped()).spawn().unwrap();
        nft.stdin.take().unwrap().write_all(rules.as_bytes()).unwrap();
        assert!(nft.wait().unwrap().success(), "nft refuses:\n{rules}");
    }

    /// All rules at the gateway.
    pub fn ruleset(&self) -> String {
        let output = Command::new("nft").args(["list", "ruleset"]).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    }

    /// Packets that rules have dropped.
    pub fn dropped(&self) -> u64 {
        let rules = self.ruleset();
        let drops = rules.lines().filter(|line| line.contains(" drop"));
        let packets =
            drops.filter_map(|line| line.split("packets ").nth(1)?.split(' ').next()?.parse::<u64>().ok());
        packets.sum()
    }

    /// Starts this program in a host, and hands it its work.
    fn start<'a>(
        &self,
        name: &str,
        role: &str,
        tries: impl Iterator<Item = &'a Try>,
    ) -> (Child, BufReader<ChildStdout>) {
        let mut child = Command::new("nsenter")
            .arg(format!("--net=/run/netns/{name}"))
            .arg(std::env::current_exe().unwrap())
            .env(ROLE, role)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let input = child.stdin.as_mut().unwrap();
        tries.for_each(|each| writeln!(input, "{each}").unwrap());
        writeln!(input).unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        (child, output)
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        for server in &mut self.servers {
            let _ = server.kill();
            let _ = server.wait();
        }
        let mut script = String::new();
        self.names
            .values()
            .for_each(|name| writeln!(script, "ip netns del {name}; ip link del {name}").unwrap());
        // Deleting a namespace takes its end of the pair with it, and so the other end, sooner or later.
        let _ = Command::new("sh").args(["-c", &script]).stderr(Stdio::null()).status();
    }
}

impl Held {
    /// Says something on the session that was opened before.
    pub fn resume(mut self) -> Outcome {
        writeln!(self.input, "go on").unwrap();
        let outcome = line(&mut self.output).parse().unwrap();
        assert!(self.child.wait().unwrap().success());
        outcome
    }
}

fn plug(address: Address, name: &str, script: &mut String) {
    let (family, gateway, bits) = match address.is_v4() {
        true => ("-4", GATEWAY.0, 32),
        false => ("-6", GATEWAY.1, 128),
    };
    let nodad = if address.is_v4() { "" } else { "nodad" };
    writeln!(
        script,
        "ip netns add {name}
         nsenter --net=/run/netns/{name} sysctl -qw {AT_ONCE}
         ip link add {name} type veth peer name eth0 netns {name}
         ip {family} addr add {gateway}/{bits} dev {name} {nodad}
         ip link set {name} up
         ip -n {name} link set lo up
         ip -n {name} {family} addr add {address}/{bits} dev eth0 {nodad}
         ip -n {name} link set eth0 up
         ip -n {name} {family} route add {gateway} dev eth0
         ip -n {name} {family} route add default via {gateway} dev eth0
         ip {family} route add {address}/{bits} dev {name}"
    )
    .unwrap();
}

fn sh(script: &str) {
    let status = Command::new("sh").args(["-c", script]).status().unwrap();
    assert!(status.success(), "{script}");
}

fn line(output: &mut impl BufRead) -> String {
    let mut line = String::new();
    output.read_line(&mut line).unwrap();
    line.trim_end().to_owned()
}
