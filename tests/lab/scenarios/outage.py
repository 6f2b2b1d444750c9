"""A business network in which one service after another is stopped, and what broke each time."""

import breakage
import pcap
from breakage import Entry, Journals
from host import think
from sandbox import LabError
from services import data, infra, mail, web
from truth import Topology

PACKAGES = ["nginx-light", "haproxy", "postgresql", "postgresql-client", "redis-server", "slapd", "dnsmasq", "chrony",
            "postfix", "python3-psycopg2", "python3-redis", "python3-ldap"]
LIMIT = 480     # seconds: 85 healthy ones, then twelve stops of about twenty
HEALTHY = 85.0
SNAPLEN = 256

README = """
Users ask all the time, several requests a second of every service; for the first {healthy:.0f} s all is well
(`healthy_until`). Then {count} services are stopped for real, one after another, watched for {observed:.0f} s, started
and given time to recover.

- shop: users → HAProxy (80) → web1, web2 (nginx, 8080; web1 keeps its connections) → shop (8000) → PostgreSQL (a new
  connection each request, never without) and Redis (kept connections; does without it). An order also leaves a mail
  that a thread takes to postfix when it can.
- account (8001, same host as shop) → slapd, a login each request. admin (9100, same host) needs nothing.
- billing (8443, HTTPS) → the same PostgreSQL over one kept connection; statement (8088) → billing over one kept one.
- Two name servers. All use both in turn but user3, who knows dns1 only. shop and account ask them for each request.
- NTP for three servers, a backup job (COPY of the tables), a monitor that scrapes all and has a dashboard (3000).

`outages.json`, one row a stop: `failed_*`, `unaffected_*`, and `unasked_*` (fewer than {fewest} requests in the window,
so nobody can say). The stopped service itself is in none of the service lists.

How it was measured: every app notes each answer it gives and each call it makes, good or bad (nginx, HAProxy and chrony
in their own logs). The window is from {grace:.0f} s after the stop to the new start. A service failed if half of its
answers or more were errors, or if it was asked and gave none; daemons without a journal are judged by those who asked
them. A client of a service failed if half of its requests or more went wrong, whatever the reason (so a user without a
name server fails for every service). Where a client has several providers for one need (`pools`), a request that any of
them answered is good for all. All but the backup job (every 3 s), the monitor and chrony (every 2 s) ask at least once
a second, so 60 s of waiting would show no more than these {observed:.0f}.

What it proves: predicted breakage against what really broke; a pool member that nobody misses; a cache and a mail relay
that are asked each time and not needed; services on one host with different needs; chains over pooled and unpooled
connections, in clear and inside TLS.

Frames are cut to {snaplen} bytes (`snaplen`) and the capture is compressed (Wireshark wants it unpacked: `xz -dk`). It
ends at the stop of {kept_until}, so that it stays small; the rows from there on are measured all the same.
"""

HOSTS = {"lb": 11, "web1": 12, "web2": 13, "app": 14, "db": 15, "cache": 16, "directory": 17, "billing": 18,
         "relay": 19, "statement": 20, "dns1": 21, "dns2": 22, "ntp": 23, "monitor": 24, "backup": 25}
USERS = ["user1", "user2", "user3", "user4", "user5", "user6", "ops"]
# name: host, port, transport, protocol
SERVICES = {
    "lb": ("lb", 80, "tcp", "http"), "web1": ("web1", 8080, "tcp", "http"), "web2": ("web2", 8080, "tcp", "http"),
    "shop": ("app", 8000, "tcp", "http"), "account": ("app", 8001, "tcp", "http"),
    "admin": ("app", 9100, "tcp", "http"), "db": ("db", 5432, "tcp", "postgresql"),
    "cache": ("cache", 6379, "tcp", "redis"), "directory": ("directory", 389, "tcp", "ldap"),
    "billing": ("billing", 8443, "tcp", "http"), "statement": ("statement", 8088, "tcp", "http"),
    "relay": ("relay", 25, "tcp", "smtp"), "dns1": ("dns1", 53, "udp", "dns"), "dns2": ("dns2", 53, "udp", "dns"),
    "ntp": ("ntp", 123, "udp", "ntp"), "dashboard": ("monitor", 3000, "tcp", "http")}
# Stopped in this order, and the services that the design says fail with it; the measurement must agree.
SHOP = ["lb", "web1", "web2"]
STOPS = {
    "web1": [], "cache": [], "directory": ["account"], "shop": SHOP, "relay": [], "dns1": [],
    "db": [*SHOP, "shop", "billing", "statement"], "admin": [], "billing": ["statement"], "lb": [], "ntp": [],
    "account": []}
KEPT_UNTIL = "lb"   # frames from this stop on are measured, but not kept: the capture shall stay below 3 MB
NEEDS = [   # service, what it needs, how
    ("lb", "web1", "one of web1 and web2"), ("lb", "web2", "one of web1 and web2"), ("web1", "shop", "always"),
    ("web2", "shop", "always"), ("shop", "db", "always"), ("shop", "cache", "asked always, not needed"),
    ("shop", "relay", "some requests, later, not needed"), ("shop", "dns1", "one of dns1 and dns2"),
    ("shop", "dns2", "one of dns1 and dns2"), ("account", "directory", "always"),
    ("account", "dns1", "one of dns1 and dns2"), ("account", "dns2", "one of dns1 and dns2"),
    ("billing", "db", "always"), ("statement", "billing", "always")]
NTP_CLIENTS = ["app", "db", "billing"]

SCHEMA = """
create table product (id int primary key, name text, price numeric);
insert into product select n, 'thing ' || n, n * 1.5 from generate_series(1, 40) n;
create table orders (id serial primary key, thing int);
"""
FRONT = """
  retries 2
  option redispatch 1
  log stdout format raw local0
frontend shop
  bind :80
  monitor-uri /alive
  log global
  log-format "%Ts.%ms %ST"
  default_backend web
backend web
  balance roundrobin
  option httpchk GET /metrics
  default-server check inter 3s fall 2 rise 1
  server web1 {web1}:8080
  server web2 {web2}:8080
"""
WEB = """
  log_format journal '$msec $status $upstream_addr';
  upstream shop {{ server {app}:8000; {keep} }}
  server {{
    listen 8080;
    access_log /opt/lab/journal/{host}.nginx journal;
    location = /metrics {{ return 200 "requests 1\\n"; }}
    location / {{ proxy_pass http://shop; {version} }}
  }}
"""
KEEP = ("keepalive 4;", 'proxy_http_version 1.1; proxy_set_header Connection "";')
RELAY = "smtpd_sasl_auth_enable = no\nmynetworks = 10.90.0.0/16\nsmtpd_tls_security_level = none\n" \
        "local_transport = discard:\n"


def address(name: str) -> str:
    return f"10.90.0.{HOSTS[name]}"


# Who asks for what: program and tasks of each host (apps/users.py). Pauses are means.
def tasks() -> dict[str, list[str]]:
    shop = "http:lb:lb:80:0.63:/thing/N:/thing/N:/thing/N:!/order/N"
    scrape = [f"http:{name}:{SERVICES[name][0]}:{SERVICES[name][1]}:2:/metrics"
              for name in ("web1", "web2", "shop", "account", "admin", "statement")]
    probes = [f"dns:{name}:{address(name)}:53:2" for name in ("dns1", "dns2")] + [
        f"ntp:ntp:{address('ntp')}:123:2", "redis:cache:cache:6379:2", "smtp:relay:relay:25:2",
        "ldap:directory:directory:389:2", "https:billing:billing:8443:2:/metrics", "http:lb:lb:80:2:/alive"]
    return {
        "user1": [shop], "user2": [shop], "user3": [shop],
        "user4": ["http:account:app:8001:0.45:/login", "http:lb:lb:80:0.66:/thing/N"],
        "user5": ["https:billing:billing:8443:0.4:/invoice/N"],
        "user6": ["http:statement:statement:8088:0.5:/statement/N"],
        "ops": ["keep:admin:app:9100:0.6:/threads", "http:dashboard:monitor:3000:0.66:/"],
        "monitor": ["3000", *scrape, *probes], "backup": ["copy:db:db:5432:3"]}


def wires(net) -> None:
    net.bridge("inside")
    net.bridge("outside")
    net.router("gw", {"inside": "10.90.0.1/24", "outside": "10.90.8.1/24"})
    for name in HOSTS:
        net.host(name, "inside", f"{address(name)}/24", names=[f"{name}.lab.test"], gateway="10.90.0.1")
    for number, name in enumerate(USERS, 11):
        net.host(name, "outside", f"10.90.8.{number}/24", gateway="10.90.8.1")
    both = [address("dns1"), address("dns2")]
    net.boot(resolvers={**{name: both for name in net.hosts}, "user3": both[:1]})


def business(host, name: str, port: int):
    return host.start(name, ["/usr/bin/python3", "/opt/lab/apps/business.py", name, str(port)], tcp=[port])


def servers(hosts, names) -> dict[str, object]:
    """Starts every service, back ends first."""
    def nginx(name: str, keep: str = "", version: str = ""):
        return web.nginx(hosts[name], WEB.format(app=address("app"), host=name, keep=keep, version=version), [8080])
    relay = mail.postfix(hosts["relay"], "/opt/lab/ca/relay", RELAY)
    return {
        "dns1": infra.dnsmasq(hosts["dns1"], names), "dns2": infra.dnsmasq(hosts["dns2"], names),
        "db": data.postgresql(hosts["db"], 5432, SCHEMA), "cache": data.redis(hosts["cache"], 6379),
        "directory": data.slapd(hosts["directory"], [389]), "relay": relay, "ntp": infra.ntp_server(hosts["ntp"]),
        "shop": business(hosts["app"], "shop", 8000), "account": business(hosts["app"], "account", 8001),
        "admin": business(hosts["app"], "admin", 9100), "billing": business(hosts["billing"], "billing", 8443),
        "statement": business(hosts["statement"], "statement", 8088),
        "web1": nginx("web1", *KEEP), "web2": nginx("web2"),
        "lb": web.haproxy(hosts["lb"], FRONT.format(web1=address("web1"), web2=address("web2")), [80])}


# ---- what daemons log themselves -----------------------------------------------------------------

def nginx_line(host: str, line: str) -> list[Entry]:
    moment, status, upstream = line.split(" ", 2)
    good = int(status) < 500
    entries = [Entry(float(moment), host, "answer", host, good, True)]
    return entries + ([] if upstream == "-" else [Entry(float(moment), host, "call", "shop", good, True)])


def haproxy_line(host: str, line: str) -> list[Entry]:
    parts = line.split()
    if len(parts) != 2 or not parts[1].lstrip("-").isdigit():
        return []       # "Server web/web1 is DOWN" and the like
    moment, good = float(parts[0]), 0 < int(parts[1]) < 500
    return [Entry(moment, host, "answer", "lb", good, True), Entry(moment, host, "call", "web", good, True)]


def chrony_line(host: str, line: str) -> list[Entry]:
    """A line of measurements.log is an answer that came; there is none for an answer that did not.

    Its time has whole seconds: the end of the second, so that no answer seems older than it is.
    """
    parts = line.split()
    if len(parts) < 4 or parts[2] != address("ntp"):
        return []
    return [Entry(breakage.moment_of(f"{parts[0]}T{parts[1]}") + 1, host, "call", "ntp", True, True)]


def journals_of(lab) -> Journals:
    directory = lab.scratch / "journal"
    directory.mkdir()
    directory.chmod(0o1777)
    names = {name: f"10.90.0.{HOSTS[host]}:{port}/{transport}" for name, (host, port, transport, _) in SERVICES.items()}
    everyone = {host: ["dns1", "dns2"] for host in lab.network.hosts}
    journals = Journals(directory, names, {"dns": {**everyone, "user3": ["dns1"]}, "web": {"lb": ["web1", "web2"]}})
    journals.foreign = [(directory / f"{host}.nginx", host, nginx_line) for host in ("web1", "web2")]
    journals.foreign.append((lab.scratch / "lb" / "haproxy.log", "lb", haproxy_line))
    journals.foreign += [(lab.scratch / "journal" / f"{host}.chrony" / "measurements.log", host, chrony_line)
                         for host in NTP_CLIENTS]
    journals.steady = {(host, "ntp") for host in NTP_CLIENTS}
    return journals


# ---- truth ---------------------------------------------------------------------------------------

def declare(net, stops: list[tuple[str, float, float]]) -> Topology:
    truth = Topology(snaplen=SNAPLEN)
    truth.add_hosts(net)

    def uses(client: str, name: str, **more: object) -> None:
        host, port, transport, protocol = SERVICES[name]
        truth.depends(client, host, port, protocol, transport=transport, tls=name == "billing", **more)
    asked = {(client, task.split(":")[1]) for client, rows in tasks().items() for task in rows if ":" in task}
    asked |= {("lb", "web1"), ("lb", "web2"), ("web1", "shop"), ("web2", "shop"), ("app", "db"), ("app", "cache"),
              ("app", "relay"), ("app", "directory"), ("billing", "db"), ("statement", "billing")}
    asked |= {(client, "ntp") for client in NTP_CLIENTS}
    asked |= {(client, dns) for client in ("user1", "user2", "user4", "user5", "user6", "ops", "app", "billing",
                                           "statement", "monitor", "backup") for dns in ("dns1", "dns2")}
    asked.add(("user3", "dns1"))
    for client, name in sorted(asked):
        uses(client, name)
    clients = sorted({client for client, _ in asked})
    ports = sorted({SERVICES[name][1] for name, _, _ in stops})
    for client in clients:
        truth.attempted(client, None, "while a service was stopped",
                        sorted({address(SERVICES[name][0]) for name, _, _ in stops}), ports)
    truth.finding("WIN-12", "directory", 389)
    truth.finding("DB-01", "cache", 6379)
    rows = {name: f"{address(host)}:{port}" for name, (host, port, _, _) in SERVICES.items()}
    truth.notes["service_needs"] = [{"service": rows[one], "needs": rows[other], "how": how}
                                    for one, other, how in NEEDS]
    return truth


def pools(hosts, journals: Journals) -> list[dict]:
    """Whose need any of several providers meets, of those who asked at all."""
    askers = {(entry.host, entry.service) for entry in journals.entries() if entry.kind == "call"}
    return [{"clients": sorted(hosts[client].address for client, members in users.items()
                               if len(members) > 1 and (client, pool) in askers),
             "members": [journals.services[member] for member in next(iter(users.values()))]}
            for pool, users in journals.pools.items()]


def compare_with_design(rows: list[dict], journals: Journals) -> None:
    for row in rows:
        expected = sorted(journals.services[name] for name in STOPS[row["name"]])
        if row["failed_services"] != expected or row["unasked_services"]:
            raise LabError(f"the stop of {row['name']} was designed to break {expected}, it broke "
                           f"{row['failed_services']}, unasked {row['unasked_services']}")


def run(lab) -> None:
    net = lab.network
    wires(net)
    hosts = net.hosts
    for name in ("billing", "relay"):
        lab.authority.issue(name, [f"{name}.lab.test"], ends_in_days=200)
    journals = journals_of(lab)
    daemons = servers(hosts, net.names)
    for name in NTP_CLIENTS:
        (journals.directory / f"{name}.chrony").mkdir()
    tap = net.tap("inside", "outage.pcap")
    asking = [infra.ntp_client(hosts[name], address("ntp"), f"/opt/lab/journal/{name}.chrony") for name in NTP_CLIENTS]
    for name, rows in tasks().items():
        program = "dashboard" if name == "monitor" else "users"
        asking.append(hosts[name].start(program, ["/usr/bin/python3", "/opt/lab/apps/users.py", program, *rows]))
    think(HEALTHY)
    healthy_until = breakage.now()
    early = sorted({(entry.host, entry.service) for entry in journals.entries() if not entry.good})
    if early:
        raise LabError(f"something failed before anything was stopped: {early}")
    stops = [breakage.stop_and_watch(journals, name, daemons[name], "INT" if name == "db" else "TERM")
             for name in STOPS]
    for daemon in [*asking, daemons["lb"]]:
        daemon.stop()
    end = next(at for name, at, _ in stops if name == KEPT_UNTIL) * 1e6
    frames = [frame for frame in pcap.read(tap.stop()) if frame.time < end]
    rows = breakage.outages(journals, stops, {name: host.address for name, host in hosts.items()})
    compare_with_design(rows, journals)
    outages = {"healthy_until": breakage.stamp(healthy_until), "grace_seconds": breakage.GRACE,
               "failed_share": breakage.FAILED_SHARE,
               "pools": pools(hosts, journals), "outages": rows}
    lab.deliver("outage", frames, declare(net, stops), README.format(
        healthy=HEALTHY, count=len(stops), observed=breakage.OBSERVED, fewest=breakage.FEWEST, grace=breakage.GRACE,
        snaplen=SNAPLEN, kept_until=KEPT_UNTIL), {"outages.json": outages})
