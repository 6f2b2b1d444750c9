"""One host scans, others work: attempts must not become dependencies."""

import pcap
from host import think
from services import data, infra, web
from truth import Topology

PACKAGES = ["nginx-light", "redis-server", "redis-tools", "curl", "openssh-server", "openssh-client", "sshpass", "nmap"]

README = """
10.79.1.66 scans the servers behind the router: a SYN scan of three hosts (nmap -sS), a connect scan of two (-sT), and
a sweep of port 445 over a /24 in which almost no address exists (the router answers some with ICMP unreachable, the
others stay silent). Two desks use HTTP (28080), Redis (6379) and SSH (22) meanwhile; desk1 also tries a closed port
twice, which is a mistake and no scan. The tap is on the desks' side.

What it proves: refused and unanswered attempts are no dependencies and no services; ports that answered the scanner
with SYN-ACK are `answered` with kind `scan`, and carry no impact; the desks' dependencies stand unharmed; the sweep
does not make 250 hosts that "depend" on something.
"""

SWEPT = "10.79.2.0/24"
SCANNED = list(range(1, 151)) + [443, 3306, 6379, 8080, 28080]
WEB = '  server { listen 28080; location / { return 200 "a page\\n"; } }\n'
OPEN = {"web": [22, 28080], "cache": [6379], "box": []}


def desks(hosts, turn: int) -> None:
    quiet = ["curl", "-sS", "-o", "/dev/null"]
    for name in ("desk1", "desk2"):
        hosts[name].run([*quiet, f"http://web:28080/{turn}"])
    hosts["desk2"].run(["redis-cli", "-h", "cache", "incr", "visits"])
    if turn < 2:
        hosts["desk1"].run([*quiet, "http://box:8081/"], check=False)
    think(0.5)


def scans(hosts) -> None:
    """nmap asks the ports only: no name look-ups, no host discovery, no second tries."""
    nmap = ["nmap", "-n", "-Pn", "--max-retries", "0", "-T4"]
    ports = ",".join(str(port) for port in SCANNED)
    runs = [[*nmap, "-sS", "-p", ports, "10.79.2.11", "10.79.2.12", "10.79.2.13"],
            [*nmap, "-sT", "-p", "20-60,443,6379,28080", "10.79.2.11", "10.79.2.12"],
            [*nmap, "-sS", "-p", "445", SWEPT]]
    for turn, command in enumerate(runs):
        desks(hosts, turn)
        hosts["scanner"].run(command, limit=60)
    think(3.5)      # the router gives up on absent addresses after three seconds and says so
    desks(hosts, 3)
    hosts["desk1"].run(infra.ssh_command("web", 22, "uname -n"))


def declare(net) -> Topology:
    truth = Topology()
    truth.add_hosts(net)
    truth.depends("desk1", "web", 28080, "http", connections=4)
    truth.depends("desk2", "web", 28080, "http", connections=4)
    truth.depends("desk2", "cache", 6379, "redis", connections=4)
    truth.depends("desk1", "web", 22, "ssh", connections=1)
    for server, ports in OPEN.items():
        for port in ports:
            truth.depends("scanner", server, port, "unknown", kind="scan", state="answered", connections=2)
    truth.attempted("scanner", None, "SYN scan, connect scan, refused or silent",
                    ["10.79.2.11", "10.79.2.12", "10.79.2.13"], SCANNED)
    truth.attempted("scanner", None, "sweep", [SWEPT], [445])
    truth.attempted("desk1", 2, "a closed port, by mistake", ["10.79.2.13"], [8081])
    return truth


def run(lab) -> None:
    net = lab.network
    net.bridge("desks")
    net.bridge("servers")
    net.router("gw", {"desks": "10.79.1.1/24", "servers": "10.79.2.1/24"})
    for address, name in ((11, "desk1"), (12, "desk2"), (66, "scanner")):
        net.host(name, "desks", f"10.79.1.{address}/24", gateway="10.79.1.1", names=[name])
    for address, name in ((11, "web"), (12, "cache"), (13, "box")):
        net.host(name, "servers", f"10.79.2.{address}/24", gateway="10.79.2.1", names=[name])
    net.boot()
    hosts = net.hosts
    web.nginx(hosts["web"], WEB, [28080])
    infra.sshd(hosts["web"], 22)
    data.redis(hosts["cache"], 6379)
    tap = net.tap("desks", "scan.pcap")
    scans(hosts)
    lab.deliver("scan", pcap.read(tap.stop()), declare(net), README)
