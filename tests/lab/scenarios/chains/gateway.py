"""A host with three services that each ask other fast backends, and with jobs and a scraper that ask for nobody."""

from scenarios.chains import Variant
from services import data, web

PACKAGES = ["nginx-light", "redis-server"]

README = """
One host answers for orders (20100), accounts (20200) and search (20300), three processes. Orders ask for prices (nginx,
30101) and the stock (Redis, 30102) at the same time; accounts ask for the profile (nginx, 30103) and, for 60 %, the
stock; search asks the index (30104, a binary protocol that no one knows). All of them answer in less than a
millisecond. A visitor often asks for orders and accounts at once.

For nobody's request: a job on the same host asks the profiles and a fifth backend (reports, 30105), the host checks
the health of all four backends, and a scraper asks the host for its metrics (9100).
"""

NETWORK = "10.81.2"
HOSTS = {"client1": 11, "client2": 12, "client3": 13, "client4": 14, "metrics": 15, "gateway": 20,
         "prices": 31, "stock": 32, "profiles": 33, "index": 34, "reports": 35}
SECONDS = {"x0.1": 180, "x1": 45, "x10": 8}

USES = """
client1 client2 client3 client4 > gateway:20100 gateway:20200 gateway:20300 http
metrics > gateway:9100 http
gateway > prices:30101 profiles:30103 reports:30105 http
gateway > stock:30102 redis
gateway > index:30104 unknown
"""
NEEDS = [("gateway:20100", "prices:30101", 1.0), ("gateway:20100", "stock:30102", 1.0),
         ("gateway:20200", "profiles:30103", 1.0), ("gateway:20200", "stock:30102", 0.6),
         ("gateway:20300", "index:30104", 1.0)]
POOLS: list = []
WHY = {"prices:30101": "20100 needs it; health checks", "stock:30102": "20100 and 20200 need it; health checks",
       "profiles:30103": "20200 needs it; a job and health checks", "index:30104": "20300 needs it; health checks",
       "reports:30105": "only a job asks it"}

SERVICES = {
    "orders": {"20100": {"/orders": [["work", 1, 8], ["together", "prices", "stock"], ["work", 1, 12]]}},
    "accounts": {"20200": {"/account": [["work", 1, 5], ["ask", "profiles", 1], ["work", 0, 2], ["ask", "stock", 0.6],
                                        ["work", 1, 10]]}},
    "search": {"20300": {"/search": [["work", 1, 6], ["ask", "index", 1], ["work", 5, 25]]}},
    "exporter": {"9100": {"/metrics": [["work", 2, 20]]}}}
BACKENDS = {"prices": ("http", "prices", 30101), "stock": ("redis", "stock", 30102),
            "profiles": ("http", "profiles", 30103), "index": ("record", "index", 30104),
            "reports": ("http", "reports", 30105)}
WEB = '  server {{ listen {port} {tls}; location / {{ return 200 "an answer of {name}\\n"; }} }}\n'
TLS = "ssl; ssl_certificate {0}.pem; ssl_certificate_key {0}.key"


def back_ends(net, variant: Variant) -> None:
    tls = TLS.format(variant.tls) if variant.tls else ""
    for name, port in (("prices", 30101), ("profiles", 30103), ("reports", 30105)):
        web.nginx(net.hosts[name], WEB.format(name=name, port=port, tls=tls), [port], keepalive=300)
    data.redis(net.hosts["stock"], 30102, tls=variant.tls)


def programs(variant: Variant) -> list[tuple[str, str, dict]]:
    def backends(*names: str) -> dict:
        rows = {name: BACKENDS[name] for name in names}
        return {name: {"kind": kind, "host": f"{host}.lab.test", "name": host, "port": port}
                for name, (kind, host, port) in rows.items()}
    asks = {"orders": ["prices", "stock"], "accounts": ["profiles", "stock"], "search": ["index"], "exporter": []}
    health = [{"every": 3.0, "steps": [["ask", name, 1]]} for name in ("prices", "stock", "profiles", "index")]
    report = [{"every": 1.5, "steps": [["ask", "profiles", 1], ["work", 1, 10], ["ask", "reports", 1]]}]
    return [("index", "index", {"records": [30104]}),
            *(("gateway", name, {"services": services, "backends": backends(*asks[name])})
              for name, services in SERVICES.items()),
            ("gateway", "health", {"jobs": health, "pool": 2,
                                   "backends": backends("prices", "stock", "profiles", "index")}),
            ("gateway", "report", {"jobs": report, "pool": 2, "backends": backends("profiles", "reports")})]


def fronts(net, variant: Variant) -> None:
    """The services are the front."""


def users(net) -> dict[str, dict]:
    ports = {"orders": (20100, "/orders"), "accounts": (20200, "/account"), "search": (20300, "/search")}
    targets = {name: {"host": "10.81.2.20", "port": port, "paths": {path: 1}} for name, (port, path) in ports.items()}
    visits = {"targets": targets, "visits": [
        {"weight": 2, "requests": [["orders", 0, 3], ["accounts", 0, 3]]},
        {"weight": 2, "requests": [["orders", 0, 0]]}, {"weight": 2, "requests": [["accounts", 0, 0]]},
        {"weight": 3, "requests": [["search", 0, 0]]},
        {"weight": 1, "requests": [["accounts", 0, 3], ["search", 0, 3]]}]}
    scraper = {"targets": {"metrics": {"host": "10.81.2.20", "port": 9100, "paths": {"/metrics": 1}}},
               "visits": [{"weight": 1, "requests": [["metrics", 0, 0]]}], "rate": 2.0, "style": "regular"}
    return {**{f"client{number}": {**visits, "rate": 2.5, "style": "bursty" if number % 2 else "poisson"}
               for number in (1, 2, 3, 4)}, "metrics": scraper}
