"""A service that asks its cache always and its database on a miss, a queue, a worker that sends mail, a batch job."""

from scenarios.chains import TRUST, Variant
from services import data, mail, web

PACKAGES = ["nginx-light", "postgresql", "postgresql-client", "redis-server", "postfix", "dovecot-imapd",
            "dovecot-pop3d"]

README = """
The catalogue (20080) asks its Redis (26379) for every request, PostgreSQL (25432) on a miss (30 % of the pages) and
puts a job into a queue (another Redis, 26380) for a quarter of them. On the same host media (20090) asks an object
store (nginx, 28080) alone, and a batch job reads the database and the cache in bursts, for nobody's request.

On the worker's host a process waits for the queue's jobs and sends mail for them (Postfix, 25): work that follows the
catalogue's requests and that no answer waits for. Beside it receipts (20070) needs the database alone. The mail server
has one connection per mail in every variant; in TLS after STARTTLS.
"""

NETWORK = "10.81.3"
HOSTS = {"client1": 11, "client2": 12, "client3": 13, "client4": 14, "web": 20, "worker": 21,
         "db": 31, "cache": 32, "queue": 33, "store": 34, "mail": 35}
SECONDS = {"x0.1": 180, "x1": 45, "x10": 8}

USES = """
client1 client2 client3 client4 > web:20080 web:20090 http
client3 client4 > worker:20070 http
web > db:25432 postgresql
web > cache:26379 redis
web > queue:26380 redis
web > store:28080 http
worker > queue:26380 redis
worker > db:25432 postgresql
worker > mail:25 smtp
"""
NEEDS = [("web:20080", "cache:26379", 1.0), ("web:20080", "db:25432", 0.225), ("web:20080", "queue:26380", 0.25),
         ("web:20090", "store:28080", 1.0), ("worker:20070", "db:25432", 1.0)]
POOLS: list = []
WHY = {"cache:26379": "20080 needs it; a batch job", "db:25432": "20080 needs it; a batch job",
       "queue:26380": "20080 puts jobs into it; on the worker's host a process waits for them",
       "mail:25": "only a process that works off the queue asks it"}

CATALOGUE = {
    "/page": [["work", 1, 5], ["cached", "cache", "db", 0.3], ["work", 2, 12]],
    "/order": [["work", 1, 5], ["ask", "cache", 1], ["work", 1, 5], ["put", "queue"], ["work", 1, 10]]}
MEDIA = {"/image": [["work", 1, 4], ["ask", "store", 1], ["work", 2, 16]]}
RECEIPTS = {"/receipt": [["work", 1, 6], ["ask", "db", 1], ["work", 2, 14]]}
SCHEMA = """
create table product (id int primary key, name text);
insert into product select n, 'thing ' || n from generate_series(1, 20) n;
"""
STORE = '  server {{ listen 28080 {tls}; location / {{ return 200 "an image"; }} }}\n'
TLS = "ssl; ssl_certificate {0}.pem; ssl_certificate_key {0}.key"


def back_ends(net, variant: Variant) -> None:
    hosts = net.hosts
    data.postgresql(hosts["db"], 25432, SCHEMA, hba=TRUST, tls=variant.tls)
    data.redis(hosts["cache"], 26379, tls=variant.tls)
    data.redis(hosts["queue"], 26380, tls=variant.tls)
    web.nginx(hosts["store"], STORE.format(tls=TLS.format(variant.tls) if variant.tls else ""), [28080],
              keepalive=300)
    mail.dovecot(hosts["mail"], "/opt/lab/ca/lab", for_postfix=True)
    mail.postfix(hosts["mail"], "/opt/lab/ca/lab")


def programs(variant: Variant) -> list[tuple[str, str, dict]]:
    def backends(*names: str) -> dict:
        rows = {"db": ("postgresql", 25432), "cache": ("redis", 26379), "queue": ("redis", 26380),
                "store": ("http", 28080), "mail": ("smtp", 25)}
        return {name: {"kind": kind, "host": f"{name}.lab.test", "name": name, "port": port, "keep": name != "mail"}
                for name, (kind, port) in rows.items() if name in names}
    batch = [{"every": 5.0, "steps": 4 * [["ask", "db", 1], ["work", 1, 4], ["ask", "cache", 1]]}]
    return [("web", "catalogue", {"services": {"20080": CATALOGUE}, "backends": backends("db", "cache", "queue")}),
            ("web", "media", {"services": {"20090": MEDIA}, "backends": backends("store")}),
            ("web", "batch", {"jobs": batch, "pool": 2, "backends": backends("db", "cache")}),
            ("worker", "receipts", {"services": {"20070": RECEIPTS}, "backends": backends("db")}),
            ("worker", "mailer", {"jobs": [{"steps": [["take", "queue"], ["work", 1, 6], ["ask", "mail", 1]]}],
                                  "pool": 2, "backends": backends("queue", "mail")})]


def fronts(net, variant: Variant) -> None:
    """The services are the front."""


def users(net) -> dict[str, dict]:
    targets = {"catalogue": {"host": "10.81.3.20", "port": 20080, "paths": {"/page": 3, "/order": 1}},
               "media": {"host": "10.81.3.20", "port": 20090, "paths": {"/image": 1}},
               "receipts": {"host": "10.81.3.21", "port": 20070, "paths": {"/receipt": 1}}}
    pages = [{"weight": 2, "requests": [["catalogue", 0, 0], ["media", 5, 60]]},
             {"weight": 2, "requests": [["catalogue", 0, 0]]}, {"weight": 1, "requests": [["media", 0, 0]]}]
    office = [*pages, {"weight": 8, "requests": [["receipts", 0, 0]]}]
    visits = {"client1": (pages, 2.0), "client2": (pages, 2.0), "client3": (office, 3.5), "client4": (office, 3.5)}
    return {host: {"targets": targets, "visits": rows, "rate": rate, "style": "bursty" if number % 2 else "poisson"}
            for number, (host, (rows, rate)) in enumerate(visits.items())}
