"""Two tenants with the same addresses inside VXLAN tunnels: realms must keep them apart."""

import pcap
from host import think
from network import inside, ip
from services import data, infra, web
from truth import Topology

PACKAGES = ["nginx-light", "redis-server", "redis-tools", "curl", "openssh-server", "openssh-client", "sshpass"]

README = """
Two hypervisors (10.78.0.1, 10.78.0.2) carry two tenants over real VXLAN devices (UDP 4789). Both tenants use
192.168.1.0/24: in VNI 100 192.168.1.20 is a web server (28080) and cache (6379), in VNI 200 the same address is another
web server (8080), an HTTPS server (28443, TLS 1.2) and an SSH server (22). The tap sees the outer packets. One
connection is not tunnelled: hypervisor 1 to hypervisor 2, HTTP 8090.

What it proves: inner packets are decoded, tenants with overlapping addresses are different hosts (`realm` `vxlan:100`
and `vxlan:200`), the outer hosts are there too and are not mixed up with the tenants.
"""

WEB = {
    100: '  server { listen 28080; location / { return 200 "tenant one hundred\\n"; } }\n',
    200: """  server { listen 8080; location / { return 200 "tenant two hundred\\n"; } }
  server { listen 28443 ssl; ssl_certificate /opt/lab/ca/two.pem; ssl_certificate_key /opt/lab/ca/two.key;
           ssl_protocols TLSv1.2; location / { return 200 "behind TLS\\n"; } }\n"""}
OUTER = '  server { listen 8090; location / { return 200 "{\\"vms\\": 2}\\n"; } }\n'


def tunnels(net) -> None:
    """On each hypervisor: a VXLAN device and a bridge per tenant, and the tenant's guest."""
    for number, peer in ((1, 2), (2, 1)):
        hypervisor = f"hyper{number}"
        net.host(hypervisor, "underlay", f"10.78.0.{number}/24", names=[hypervisor])
        for vni in (100, 200):
            net.bridge(f"br{vni}", hypervisor)
            ip("-n", hypervisor, "link", "add", f"vx{vni}", "type", "vxlan", "id", str(vni), "dstport", "4789",
               "local", f"10.78.0.{number}", "remote", f"10.78.0.{peer}", "dev", "eth0")
            inside(hypervisor, "ethtool", "-K", f"vx{vni}", "tx", "off", "gso", "off", "gro", "off")
            ip("-n", hypervisor, "link", "set", f"vx{vni}", "master", f"br{vni}", "up")
            net.host(f"guest{vni}{'ab'[number - 1]}", f"br{vni}", f"192.168.1.{number * 10}/24",
                     bridge_in=hypervisor, mtu=1450)


def traffic(hosts) -> None:
    quiet = ["curl", "-sSf", "-o", "/dev/null"]
    first, second = hosts["guest100a"], hosts["guest200a"]
    for turn in range(5):
        first.run([*quiet, f"http://192.168.1.20:28080/{turn}"])
        second.run([*quiet, f"http://192.168.1.20:8080/{turn}"])
        first.run(["redis-cli", "-h", "192.168.1.20", "incr", "visits"])
        second.run([*quiet, "--cacert", "/opt/lab/ca/ca.pem", "--resolve", "two.lab.test:28443:192.168.1.20",
                    "https://two.lab.test:28443/"])
        hosts["hyper1"].run([*quiet, "http://10.78.0.2:8090/status"])
        think(1)
    second.run(infra.ssh_command("192.168.1.20", 22, "uname -n"))


def declare(net) -> Topology:
    truth = Topology()
    truth.add_hosts(net)
    truth.names = {}
    truth.depends("hyper1", "hyper2", 8090, "http", connections=5)
    for one, other in (("hyper1", "hyper2"), ("hyper2", "hyper1")):
        truth.depends(one, other, 4789, "vxlan", transport="udp")
    for vni, port, protocol, tls in ((100, 28080, "http", False), (100, 6379, "redis", False),
                                     (200, 8080, "http", False), (200, 28443, "http", True)):
        truth.depends("192.168.1.10", "192.168.1.20", port, protocol, tls=tls, connections=5, realm=f"vxlan:{vni}")
    truth.depends("192.168.1.10", "192.168.1.20", 22, "ssh", connections=1, realm="vxlan:200")
    truth.notes["tunnels"] = [{"vni": vni, "ends": ["10.78.0.1", "10.78.0.2"]} for vni in (100, 200)]
    return truth


def run(lab) -> None:
    net = lab.network
    net.bridge("underlay")
    tunnels(net)
    net.boot()
    hosts = net.hosts
    lab.authority.issue("two", ["two.lab.test"], ends_in_days=120)
    web.nginx(hosts["guest100b"], WEB[100], [28080])
    web.nginx(hosts["guest200b"], WEB[200], [8080, 28443])
    web.nginx(hosts["hyper2"], OUTER, [8090])
    data.redis(hosts["guest100b"], 6379)
    infra.sshd(hosts["guest200b"], 22)
    tap = net.tap("underlay", "vxlan.pcap")
    traffic(hosts)
    lab.deliver("vxlan", pcap.read(tap.stop()), declare(net), README)
