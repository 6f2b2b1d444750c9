"""One run, mirrored well (mirror-once) and carelessly (mirror-twice): the map must be the same."""

import mirror
import pcap
from host import think
from services import data, infra, web
from truth import Topology

PACKAGES = ["nginx-light", "redis-server", "dnsmasq", "bind9-dnsutils", "openssh-server", "openssh-client", "sshpass",
            "curl", "redis-tools", "iputils-ping"]

COMMON = """
Two subnets (VLAN 10: 10.80.1.0/24, VLAN 20: 10.80.2.0/24) with a router between them: HTTP 28080, HTTPS 443 (TLS 1.2),
Redis 26379, DNS 53, SSH 22 and pings across it; Redis 6379 inside VLAN 10. `mirror-once` and `mirror-twice` are written
from the same run: one sensor sees each packet once, the other sees copies.
"""
ONCE = COMMON + """
Here each packet is there once, as its sender put it on the wire: clients' packets are in VLAN 10 with the router's
address as destination MAC, servers' in VLAN 20.

What it proves: the two directions of one connection in different VLANs are one flow; the reference for mirror-twice.
"""
TWICE = COMMON + """
Here each packet of mirror-once comes a second time within a millisecond (both switch ports are mirrored), and, where it
was routed, a third time after 1.5 ms: other MAC addresses, the other VLAN, TTL one lower, header checksum to match.

What it proves: duplicates are recognised, told apart (port copies, routed copies) and counted, and the report is that
of mirror-once: same dependencies, same flows, same packets and bytes per direction, no retransmissions made up.
"""

WEB = """
  server { listen 28080; location / { return 200 "a page\\n"; } }
  server { listen 443 ssl; ssl_certificate /opt/lab/ca/web.pem; ssl_certificate_key /opt/lab/ca/web.key;
           ssl_protocols TLSv1.2; location / { return 200 "a page behind TLS\\n"; } }
"""


def traffic(hosts) -> None:
    quiet = ["curl", "-sSf", "-o", "/dev/null"]
    for turn in range(5):
        for name in ("desk1", "desk2"):
            hosts[name].run([*quiet, f"http://web.lab.test:28080/page/{turn}"])
        hosts["desk1"].run([*quiet, "--cacert", "/opt/lab/ca/ca.pem", "https://web.lab.test/"])
        hosts["desk2"].run(["redis-cli", "-h", "10.80.2.12", "-p", "26379", "incr", "visits"])
        hosts["desk2"].run(["redis-cli", "-h", "10.80.1.13", "-p", "6379", "incr", "near"])
        think(0.8)
    hosts["desk1"].run(["ping", "-n", "-c", "3", "-i", "0.3", "10.80.2.11"])
    hosts["desk1"].run(infra.ssh_command("web.lab.test", 22, "uname -n"))


def declare(net) -> Topology:
    truth = Topology()
    truth.add_hosts(net)
    for name in ("desk1", "desk2"):
        truth.depends(name, "web", 28080, "http", connections=5)
        truth.depends(name, "dns", 53, "dns", transport="udp")
    truth.depends("desk1", "web", 443, "http", tls=True, connections=5)
    truth.depends("desk1", "web", 22, "ssh", connections=1)
    truth.depends("desk1", "web", 0, "ping", transport="icmp")
    truth.depends("desk2", "cache", 26379, "redis", connections=5)
    truth.depends("desk2", "near", 6379, "redis", connections=5)
    truth.notes["vlans"] = {"10": "10.80.1.0/24", "20": "10.80.2.0/24"}
    truth.finding("DB-01", "cache", 26379)
    truth.finding("DB-01", "near", 6379)
    return truth


def run(lab) -> None:
    net = lab.network
    net.bridge("ten")
    net.bridge("twenty")
    net.router("gw", {"ten": "10.80.1.1/24", "twenty": "10.80.2.1/24"})
    for address, name in ((11, "desk1"), (12, "desk2"), (13, "near")):
        net.host(name, "ten", f"10.80.1.{address}/24", gateway="10.80.1.1", names=[f"{name}.lab.test"])
    for address, name in ((11, "web"), (12, "cache"), (13, "dns")):
        net.host(name, "twenty", f"10.80.2.{address}/24", gateway="10.80.2.1", names=[f"{name}.lab.test"])
    net.boot(resolver="10.80.2.13")
    hosts = net.hosts
    lab.authority.issue("web", ["web.lab.test"], ends_in_days=120)
    web.nginx(hosts["web"], WEB, [28080, 443])
    infra.sshd(hosts["web"], 22)
    data.redis(hosts["cache"], 26379)
    data.redis(hosts["near"], 6379)
    infra.dnsmasq(hosts["dns"], net.names)
    taps = {10: net.tap("ten", "ten.pcap"), 20: net.tap("twenty", "twenty.pcap")}
    traffic(hosts)
    once, pairs = mirror.split({vlan: pcap.read(tap.stop()) for vlan, tap in taps.items()})
    twice = mirror.twice(pairs)
    routed = sum(1 for _, copy in pairs if copy)
    truth = declare(net)
    truth.notes["copies"] = {"port": 0, "routed": 0}
    lab.deliver("mirror-once", once, truth, ONCE)
    truth.notes["copies"] = {"port": len(once), "routed": routed}
    lab.deliver("mirror-twice", twice, truth, TWICE)
