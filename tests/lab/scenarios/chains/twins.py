"""Services on one host that the same users ask at the same time: only one needs the backend, and both do."""

from scenarios.chains import TRUST, Variant
from services import data

PACKAGES = ["postgresql", "postgresql-client", "redis-server"]

README = """
Two hosts with two services each, asked by the same users in bursts. On `site` pages (20080) need an API (20300) on
another host, which needs PostgreSQL (25432); assets (20081) need nothing, take about as long, and are asked for with
the page and again when it has come. On `trade` the basket (20180) needs a ledger (Redis, 26379), prices (20181) need it
for half of their requests: both do, and they are asked for together. The ledger's host is asked by nobody else; the
API's host compacts its database for nobody's request.
"""

NETWORK = "10.81.4"
HOSTS = {"client1": 11, "client2": 12, "client3": 13, "client4": 14, "site": 20, "trade": 21, "api": 22,
         "db": 31, "ledger": 32}
SECONDS = {"x0.1": 200, "x1": 40, "x10": 7}

USES = """
client1 client2 client3 client4 > site:20080 site:20081 trade:20180 trade:20181 http
site > api:20300 http
api > db:25432 postgresql
trade > ledger:26379 redis
"""
NEEDS = [("site:20080", "api:20300", 1.0), ("api:20300", "db:25432", 0.7),
         ("trade:20180", "ledger:26379", 1.0), ("trade:20181", "ledger:26379", 0.5)]
POOLS: list = []
WHY = {"api:20300": "20080 needs it, which the same users ask at the same time"}

SITE = {"pages": {"20080": {"/page": [["work", 1, 6], ["ask", "api", 1], ["work", 2, 12]]}},
        "assets": {"20081": {"/asset": [["work", 5, 30]]}}}
TRADE = {"basket": {"20180": {"/basket": [["work", 1, 8], ["ask", "ledger", 1], ["work", 2, 12]]}},
         "prices": {"20181": {"/prices": [["work", 1, 6], ["ask", "ledger", 0.5], ["work", 3, 18]]}}}
API = {"20300": {"/item": [["work", 1, 3], ["ask", "db", 0.7], ["work", 1, 4]]}}
SCHEMA = """
create table product (id int primary key, name text);
insert into product select n, 'thing ' || n from generate_series(1, 20) n;
"""


def back_ends(net, variant: Variant) -> None:
    data.postgresql(net.hosts["db"], 25432, SCHEMA, hba=TRUST, tls=variant.tls)
    data.redis(net.hosts["ledger"], 26379, tls=variant.tls)


def programs(variant: Variant) -> list[tuple[str, str, dict]]:
    def backend(name: str, kind: str, port: int) -> dict:
        return {name: {"kind": kind, "host": f"{name}.lab.test", "name": name, "port": port}}
    api, ledger = backend("api", "http", 20300), backend("ledger", "redis", 26379)
    database = backend("db", "postgresql", 25432)
    compacting = [{"every": 3.0, "steps": 3 * [["ask", "db", 1], ["work", 1, 6]]}]
    return [("api", "api", {"services": API, "backends": database}),
            ("api", "compacting", {"jobs": compacting, "pool": 2, "backends": database}),
            ("site", "pages", {"services": SITE["pages"], "backends": api}),
            ("site", "assets", {"services": SITE["assets"]}),
            *(("trade", name, {"services": services, "backends": ledger}) for name, services in TRADE.items())]


def fronts(net, variant: Variant) -> None:
    """The services are the front."""


def users(net) -> dict[str, dict]:
    ports = {"pages": ("10.81.4.20", 20080, "/page"), "assets": ("10.81.4.20", 20081, "/asset"),
             "basket": ("10.81.4.21", 20180, "/basket"), "prices": ("10.81.4.21", 20181, "/prices")}
    targets = {name: {"host": host, "port": port, "paths": {path: 1}} for name, (host, port, path) in ports.items()}
    visits = [
        {"weight": 6, "requests": [["pages", 0, 2], ["assets", 0, 3], ["assets", 25, 60]]},     # a first visit
        {"weight": 1, "requests": [["pages", 0, 0]]}, {"weight": 1, "requests": [["assets", 0, 0]]},
        {"weight": 5, "requests": [["basket", 0, 2], ["prices", 0, 3]]},
        {"weight": 1, "requests": [["basket", 0, 0]]}, {"weight": 2, "requests": [["prices", 0, 0]]}]
    return {f"client{number}": {"targets": targets, "visits": visits, "rate": 2.0,
                                "style": "poisson" if number == 1 else "bursty"} for number in (1, 2, 3, 4)}
