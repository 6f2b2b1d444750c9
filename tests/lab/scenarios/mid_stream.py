"""Connections that were open before the tap was: no SYN tells who the server is."""

import pcap
from host import think, wait_for
from sandbox import LabError
from services import data, infra, mail, web
from truth import Topology

PACKAGES = ["nginx-light", "postgresql", "postgresql-client", "redis-server", "openssh-server",
            "openssh-client", "sshpass", "dovecot-imapd", "dovecot-pop3d", "python3-psycopg2"]

README = """
The tap starts late: thirteen connections are open already, all long-lived. HTTP keep-alive (8080), HTTPS (28443),
Redis pipelines (6379), a PostgreSQL session (25432), SSH (2222), an IMAP session that idles (143), and a binary
protocol that nobody knows (39000, so both ports are ephemeral) with four clients. Two services get a new connection
later (Redis, HTTP), whose SYN re-labels the earlier ones; HTTPS, PostgreSQL, SSH and IMAP never do.

What it proves: direction from the protocol's own words, from fan-in and from services learnt later; nothing decided
by the first packet seen. Some sessions end with a FIN, some are open at the end.
"""

SCHEMA = "create table product (id int primary key, name text);" \
         "insert into product select n, 'thing ' || n from generate_series(1, 20) n;"

WEB = """
  server { listen 8080; location / { return 200 "a page of the old intranet\\n"; } }
  server { listen 28443 ssl; ssl_certificate /opt/lab/ca/web.pem; ssl_certificate_key /opt/lab/ca/web.key;
           location / { return 200 "a page behind TLS\\n"; } }
"""

# client, kind, server, port, rounds, pause, stays open
SESSIONS = [
    ("desk1", "http", "web", 8080, 8, 1.1, False), ("desk2", "http", "web", 8080, 5, 1.7, True),
    ("desk1", "https", "web", 28443, 7, 1.2, False), ("desk3", "https", "web", 28443, 4, 2.2, True),
    ("app", "redis", "cache", 6379, 10, 0.9, True), ("desk2", "redis", "cache", 6379, 3, 2.8, False),
    ("app", "postgresql", "db", 25432, 9, 1.0, True), ("desk3", "imap", "mail", 143, 7, 1.5, False),
    ("desk1", "meter", "collector", 39000, 9, 1.0, True), ("desk2", "meter", "collector", 39000, 9, 1.05, True),
    ("desk3", "meter", "collector", 39000, 9, 1.1, True), ("app", "meter", "collector", 39000, 9, 0.95, True),
]
PROTOCOLS = {"https": "http", "meter": "unknown"}
LATER = {("app", "cache", 6379): 2}


def session(host, kind: str, server: str, port: int, rounds: int, pause: float, stays: bool):
    command = ["env", *(["KEEP=1"] if stays else []), "/usr/bin/python3", "/opt/lab/apps/sessions.py", kind,
               server, str(port), str(rounds), str(pause)]
    return host.start(f"{kind}-{server}", command)


def declare(net) -> Topology:
    truth = Topology()
    truth.add_hosts(net)
    for client, kind, server, port, *_ in SESSIONS:
        count = 1 + LATER.get((client, server, port), 0)
        truth.depends(client, server, port, PROTOCOLS.get(kind, kind), tls=kind == "https", connections=count,
                      open_before=1)
    truth.depends("desk3", "web", 8080, "http", connections=1, open_before=0)
    truth.depends("desk1", "db", 2222, "ssh", connections=1, open_before=1)
    truth.finding("DB-01", "cache", 6379)
    return truth


def run(lab) -> None:
    net = lab.network
    net.bridge("office")
    for number, name in enumerate(["desk1", "desk2", "desk3", "app", "web", "cache", "db", "mail", "collector"], 11):
        net.host(name, "office", f"10.77.1.{number}/24", names=[name, f"{name}.lab.test"])
    net.boot()
    hosts = net.hosts
    lab.authority.issue("web", ["web.lab.test"], ends_in_days=120)
    lab.authority.issue("mail", ["mail.lab.test"], ends_in_days=120)
    web.nginx(hosts["web"], WEB, [8080, 28443])
    data.redis(hosts["cache"], 6379)
    data.postgresql(hosts["db"], 25432, SCHEMA)
    infra.sshd(hosts["db"], 2222)
    mail.dovecot(hosts["mail"], "/opt/lab/ca/mail")
    hosts["collector"].start("meter", ["/usr/bin/python3", "/opt/lab/apps/sessions.py", "serve-meter", "-", "39000"],
                             tcp=[39000])
    running = [session(hosts[client], kind, *rest) for client, kind, *rest in SESSIONS]
    shell = "touch /opt/lab/open-ssh; until [ -e /opt/lab/go ]; do sleep .1; done; " \
            "for i in 1 2 3 4 5 6; do echo tick $i; sleep 1; done"
    running.append(hosts["desk1"].start("ssh", infra.ssh_command("db", 2222, shell)))
    try:
        wait_for("every session to stand", lambda: len(list(lab.scratch.glob("open-*"))) == len(running))
    except LabError as error:
        said = [f"{one.name} on {one.host.name}: {one.log.read_text()[-300:]}" for one in running]
        raise LabError("\n".join([str(error), *said])) from error

    tap = net.tap("office", "mid-stream.pcap")
    (lab.scratch / "go").touch()
    think(3)
    cache = ["redis-cli", "-h", "cache", "-p", "6379"]
    hosts["app"].run([*cache, "set", "colour", "green"])
    think(2)
    hosts["desk3"].run(["curl", "-sSf", "-o", "/dev/null", "http://web.lab.test:8080/new"])
    hosts["app"].run([*cache, "get", "colour"])
    ended = [one for one, row in zip(running, SESSIONS) if not row[-1]] + running[-1:]
    for one in ended:
        wait_for(f"the end of {one.name}", lambda: one.process.poll() is not None, 40)
    frames = pcap.read(tap.stop())
    lab.deliver("mid-stream", frames, declare(net), README)
