"""A balancer, two application servers, a database, a cache and a directory; an admin service on one of the servers."""

from scenarios.chains import TRUST, Variant
from services import data, infra, web

PACKAGES = ["haproxy", "postgresql", "postgresql-client", "redis-server", "slapd", "ldap-utils", "dnsmasq"]

README = """
Users ask HAProxy (28080), which asks one of two application servers (21080) in turn and checks the health of both.
An application server asks Redis (6379), PostgreSQL (25432) or OpenLDAP (20389) or nobody, as the request wants. app1
has an admin service (21090) too, in the same process and so on the same kept connections, that needs Redis alone.
Without kept connections each use of a backend asks DNS for its address first; with them DNS is asked at the start,
and by a job that looks for updates.
"""

NETWORK = "10.81.1"
HOSTS = {"client1": 11, "client2": 12, "client3": 13, "client4": 14, "ops": 15, "front": 20, "app1": 21, "app2": 22,
         "db": 31, "cache": 32, "directory": 33, "dns": 34}
RESOLVER, BY_FILE = "10.81.1.34", ("client1", "client2", "client3", "client4", "ops", "front")
SECONDS = {"x0.1": 185, "x1": 55, "x10": 8}

USES = """
client1 client2 client3 client4 > front:28080 http
ops > app1:21090 http
front > app1:21080 app2:21080 http
app1 app2 > cache:6379 redis
app1 app2 > db:25432 postgresql
app1 app2 > directory:20389 ldap
app1 app2 > dns:53 dns
"""
NEEDS = [
    ("front:28080", "app1:21080", 0.5), ("front:28080", "app2:21080", 0.5),
    *(need for app in ("app1:21080", "app2:21080") for need in (
        (app, "cache:6379", 0.65), (app, "db:25432", 0.4075), (app, "directory:20389", 0.25),
        (app, "dns:53", 0.9, "unpooled"))),
    ("app1:21090", "cache:6379", 1.0), ("app1:21090", "dns:53", 1.0, "unpooled")]
POOLS = [("front:28080", ["app1:21080", "app2:21080"], 1)]
WHY = {"db:25432": "21080 on this host needs it", "directory:20389": "21080 on this host needs it",
       "dns:53": "asked at the start and by a job"}

PATHS = {"/product": 0.45, "/stock": 0.2, "/login": 0.25, "/page": 0.1}
SHOP = {
    "/product": [["work", 1, 8], ["cached", "cache", "db", 0.35], ["work", 2, 16]],
    "/stock": [["work", 1, 8], ["ask", "cache", 1], ["work", 1, 8]],
    "/login": [["work", 1, 6], ["ask", "directory", 1], ["work", 1, 4], ["ask", "db", 1], ["work", 2, 14]],
    "/page": [["work", 2, 30]],
    "/healthz": []}
ADMIN = {"/keys": [["work", 1, 10], ["ask", "cache", 1], ["work", 2, 16]]}
SCHEMA = """
create table product (id int primary key, name text);
insert into product select n, 'thing ' || n from generate_series(1, 20) n;
"""
FRONT = """
  {keep}
frontend users
  bind :28080 {bind}
  default_backend apps
backend apps
  balance roundrobin
  option httpchk GET /healthz
  default-server check inter 5s {server}
  server app1 10.81.1.21:21080
  server app2 10.81.1.22:21080
"""


def back_ends(net, variant: Variant) -> None:
    hosts = net.hosts
    data.postgresql(hosts["db"], 25432, SCHEMA, hba=TRUST, tls=variant.tls)
    data.redis(hosts["cache"], 6379, tls=variant.tls)
    data.slapd(hosts["directory"], [] if variant.tls else [20389], tls=variant.tls,
               tls_port=20389 if variant.tls else None)
    infra.dnsmasq(hosts["dns"], {**net.names, "updates.lab.test": ["10.81.1.34"]})


def programs(variant: Variant) -> list[tuple[str, str, dict]]:
    def backend(kind: str, name: str, port: int) -> dict:
        return {"kind": kind, "host": f"{name}.lab.test", "name": name, "port": port}
    backends = {"cache": backend("redis", "cache", 6379), "db": backend("postgresql", "db", 25432),
                "directory": backend("ldap", "directory", 20389)}
    asks_names = {} if variant.keep else {"resolver": backend("dns", "dns", 53)}
    updates = {"jobs": [{"every": 4.0, "steps": [["lookup", "updates.lab.test"]]}]}
    return [("app1", "shop", {"services": {"21080": SHOP, "21090": ADMIN}, "backends": backends, **asks_names}),
            ("app2", "shop", {"services": {"21080": SHOP}, "backends": backends, **asks_names}),
            ("app1", "updates", updates), ("app2", "updates", updates)]


def fronts(net, variant: Variant) -> None:
    web.haproxy(net.hosts["front"], FRONT.format(
        keep="option http-keep-alive\n  http-reuse always" if variant.keep else "option httpclose",
        bind=f"ssl crt {variant.tls}.full" if variant.tls else "",
        server="ssl verify none" if variant.tls else ""), [28080], idle="60s")


def users(net) -> dict[str, dict]:
    shop = {"targets": {"shop": {"host": "10.81.1.20", "port": 28080, "paths": PATHS}},
            "visits": [{"weight": 1, "requests": [["shop", 0, 0]]}]}
    admin = {"targets": {"admin": {"host": "10.81.1.21", "port": 21090, "paths": {"/keys": 1}}},
             "visits": [{"weight": 1, "requests": [["admin", 0, 0]]}]}
    return {"client1": {**shop, "rate": 1.5, "style": "poisson"}, "client2": {**shop, "rate": 1.5, "style": "bursty"},
            "client3": {**shop, "rate": 1.5, "style": "bursty"}, "client4": {**shop, "rate": 1.5, "style": "poisson"},
            "ops": {**admin, "rate": 3.5, "style": "bursty"}}
