"""A mirror of one direction: only what one server sends is seen."""

import pcap
from host import think
from services import data, infra, web
from truth import Topology

PACKAGES = ["nginx-light", "postgresql", "postgresql-client", "redis-server", "slapd", "ldap-utils", "dnsmasq",
            "bind9-dnsutils", "openssh-server", "openssh-client", "sshpass", "curl", "redis-tools"]

README = """
The mirror port copies one direction of one switch port: every frame that `box` sends, and nothing else. `box` is a
server (HTTP 80, HTTPS 28443 with TLS 1.2, Redis 6379, PostgreSQL 25432, SSH 22, DNS 53) and a client (HTTP on
`partner`:28081, LDAP on `directory`:389, Redis on `partner`:26379), so both halves occur: answers without questions
and questions without answers.

What it proves: acknowledgements that advance show that data came; `one_sided` is said; direction from SYN-ACK alone,
from an answer's own words, from a question's own words; the tap is told to be one-way.
"""

SCHEMA = "create table product (id int primary key, name text);" \
         "insert into product select n, 'thing ' || n from generate_series(1, 20) n;"

WEB = """
  server { listen 80; location / { return 200 "a page of the box\\n"; } }
  server { listen 28443 ssl; ssl_certificate /opt/lab/ca/box.pem; ssl_certificate_key /opt/lab/ca/box.key;
           ssl_protocols TLSv1.2; location / { return 200 "a page behind TLS\\n"; } }
"""
PARTNER = """
  server { listen 28081; location / { return 200 "{\\"rate\\": 1.1}\\n"; } }
"""


def traffic(hosts) -> None:
    box = hosts["box"]
    sql = ["psql", "host=box port=25432 dbname=shop user=shop password=labpw sslmode=disable gssencmode=disable", "-At"]
    quiet = ["curl", "-sSf", "-o", "/dev/null"]
    for turn in range(4):
        for name in ("desk1", "desk2", "desk3"):
            hosts[name].run([*quiet, f"http://box/page/{turn}"])
        hosts["desk1"].run([*quiet, "--cacert", "/opt/lab/ca/ca.pem", "https://box.lab.test:28443/"])
        hosts["desk2"].run(["redis-cli", "-h", "box", "incr", "visits"])
        hosts["desk2"].run([*sql, "-c", f"select name from product where id = {turn + 1}"])
        hosts["desk3"].run(["dig", "+short", "+tries=1", "@10.77.2.20", "partner.lab.test"])
        box.run([*quiet, f"http://partner:28081/rates/{turn}"])
        box.run(["ldapsearch", "-x", "-H", "ldap://directory", "-D", "uid=alice,ou=people,dc=lab,dc=test",
                 "-w", "labpw", "-b", "ou=people,dc=lab,dc=test", "-LLL", "(uid=alice)", "cn"])
        box.run(["redis-cli", "-h", "partner", "-p", "26379", "lpush", "jobs", f"job {turn}"])
        think(2)
    hosts["desk3"].run(infra.ssh_command("box", 22, "uname -n; ls /"))


def declare(net) -> Topology:
    truth = Topology(one_sided=True)
    truth.add_hosts(net)
    for name in ("desk1", "desk2", "desk3"):
        truth.depends(name, "box", 80, "http", connections=4)
    truth.depends("desk1", "box", 28443, "http", tls=True, connections=4)
    truth.depends("desk2", "box", 6379, "redis", connections=4)
    truth.depends("desk2", "box", 25432, "postgresql", connections=4)
    truth.depends("desk3", "box", 53, "dns", transport="udp", connections=4)
    truth.depends("desk3", "box", 22, "ssh", connections=1)
    truth.depends("box", "partner", 28081, "http", connections=4)
    truth.depends("box", "partner", 26379, "redis", connections=4)
    truth.depends("box", "directory", 389, "ldap", connections=4)
    truth.notes["one_sided"] = True
    truth.notes["sender"] = "10.77.2.20"
    return truth


def run(lab) -> None:
    net = lab.network
    net.bridge("office")
    for number, name in ((11, "desk1"), (12, "desk2"), (13, "desk3"), (20, "box"), (21, "partner"), (22, "directory")):
        net.host(name, "office", f"10.77.2.{number}/24", names=[name, f"{name}.lab.test"])
    net.boot()
    hosts = net.hosts
    lab.authority.issue("box", ["box.lab.test"], ends_in_days=120)
    web.nginx(hosts["box"], WEB, [80, 28443])
    web.nginx(hosts["partner"], PARTNER, [28081])
    data.redis(hosts["box"], 6379)
    data.redis(hosts["partner"], 26379)
    data.postgresql(hosts["box"], 25432, SCHEMA)
    data.slapd(hosts["directory"], [389])
    infra.sshd(hosts["box"], 22)
    infra.dnsmasq(hosts["box"], net.names)
    tap = net.one_way_tap("box", "one-sided.pcap")
    traffic(hosts)
    lab.deliver("one-sided", pcap.read(tap.stop()), declare(net), README)
