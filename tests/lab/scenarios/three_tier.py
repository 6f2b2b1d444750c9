"""A shop behind a load balancer, with its directory, cache, database and the network around it."""

import pcap
from host import think
from services import data, infra, web
from truth import Topology

PACKAGES = ["nginx-light", "haproxy", "postgresql", "postgresql-client", "redis-server", "slapd", "ldap-utils",
            "dnsmasq", "isc-dhcp-client", "chrony", "openssh-server", "openssh-client", "sshpass", "curl",
            "python3-psycopg2", "python3-redis", "python3-ldap"]

README = """
The reference capture: every dependency in it is declared, every declared one is in it.

Three clients outside (198.51.100.0/24, behind a router) and one DHCP client inside use a shop: HAProxy (plain 28080,
TLS 28443) spreads over two nginx (TLS 20443 and 443), these call an application server (HTTP 21080) that asks Redis
(6379, over IPv6), PostgreSQL (25432) and OpenLDAP (20389, simple bind in clear). Around it: DNS and DHCP by dnsmasq,
NTP by chrony, two SSH administration sessions (22 and 22022), LDAPS (636) from the administration host, HAProxy's
health checks.

What it proves: services on ports from 20000 to 32767 are servers all the same; fan-in; one request's causes (front,
web, app, cache, database, directory); a pooled connection (app to Redis) beside one per request (app to PostgreSQL);
TLS 1.2 with its certificate beside TLS 1.3 without; a certificate that ends ten days after the capture (web1; later
handshakes resume and do not show it), one that has ended (web2), a self-signed one (LDAPS); hosts seen through a
router.
"""

SCHEMA = """
create table product (id int primary key, name text, price numeric);
insert into product select n, 'thing ' || n, n * 1.5 from generate_series(1, 20) n;
create table visit (id serial primary key, who text);
"""

WEB = """
  upstream app {{ server app.lab.test:21080; {keep} }}
  server {{
    listen {port} ssl;
    server_name {name};
    ssl_certificate {cert}.pem;
    ssl_certificate_key {cert}.key;
    ssl_protocols TLSv1.2 TLSv1.3;
    ssl_session_cache {sessions};
    ssl_session_tickets off;
    location = /healthz {{ return 200 "ok\\n"; }}
    location / {{
      proxy_pass http://app;
      proxy_set_header Host $host;
      proxy_set_header X-Request-ID $request_id;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      {version}
    }}
  }}
"""

FRONT = """
frontend plain
  bind :28080
  default_backend web
frontend secure
  bind :28443 ssl crt /opt/lab/ca/front.full
  default_backend web
backend web
  balance roundrobin
  option httpchk GET /healthz
  default-server check inter 8s ssl verify none ssl-max-ver TLSv1.2
  server web1 web1.lab.test:20443 sni str(web1.lab.test)
  server web2 web2.lab.test:443 sni str(web2.lab.test)
"""

SHOP_ENVIRONMENT = {"DB_HOST": "db.lab.test", "DB_PORT": "25432", "CACHE_HOST": "cache.lab.test", "CACHE_PORT": "6379",
                    "LDAP_URL": "ldap://directory.lab.test:20389"}


# What a service's answers need: always, or for some requests (who asks for what is in `clients`).
NEEDS = [
    {"service": f"10.77.0.11:{port}", "needs": needs, "how": "one of web1 and web2, in turn"}
    for port in (28080, 28443) for needs in ("10.77.0.12:20443", "10.77.0.13:443")] + [
    {"service": "10.77.0.12:20443", "needs": "10.77.0.14:21080", "how": "always, but for health checks"},
    {"service": "10.77.0.13:443", "needs": "10.77.0.14:21080", "how": "always, but for health checks"},
    {"service": "10.77.0.14:21080", "needs": "[fd77::16]:6379", "how": "all but /login and /page"},
    {"service": "10.77.0.14:21080", "needs": "10.77.0.15:25432", "how": "/login, and /product/N on a miss"},
    {"service": "10.77.0.14:21080", "needs": "10.77.0.17:20389", "how": "/login"}]


def wires(net) -> None:
    net.bridge("inside")
    net.bridge("outside")
    net.router("gw", {"inside": "10.77.0.1/24", "outside": "198.51.100.1/24"})
    inside = ["front", "web1", "web2", "app", "db", "cache", "directory", "dns", "ntp", "ops"]
    for number, name in enumerate(inside, 11):
        both = [f"fd77::{number}/64"] if name in ("app", "cache") else []
        net.host(name, "inside", f"10.77.0.{number}/24", *both, names=[f"{name}.lab.test"], gateway="10.77.0.1")
    for number in (21, 22, 23):
        net.host(f"client{number - 20}", "outside", f"198.51.100.{number}/24", gateway="198.51.100.1")
    net.host("laptop", "inside")
    net.boot(resolver="10.77.0.18", without_resolver=("client1", "client2", "client3", "laptop"))


def certificates(ca) -> None:
    ca.issue("front", ["front.lab.test", "shop.lab.test"], ends_in_days=200, key="rsa")
    ca.issue("web1", ["web1.lab.test"], ends_in_days=10, began_days_ago=80)
    ca.issue("web2", ["web2.lab.test"], ends_in_days=-20, began_days_ago=110)
    ca.issue("directory", ["directory.lab.test"], ends_in_days=300, self_signed=True, key="rsa")


def back_ends(hosts) -> None:
    """Everything that waits for others; nothing here sends a packet by itself."""
    data.postgresql(hosts["db"], 25432, SCHEMA)
    data.redis(hosts["cache"], 6379)
    data.slapd(hosts["directory"], [20389], tls="/opt/lab/ca/directory", tls_port=636)
    infra.ntp_server(hosts["ntp"])
    infra.sshd(hosts["app"], 22)
    infra.sshd(hosts["db"], 22022)


def middle(hosts) -> list:
    """Servers that are clients too: started while the tap runs, so their look-ups are in the capture."""
    shop = web.shop(hosts["app"], 21080, SHOP_ENVIRONMENT)
    keep = dict(keep="keepalive 4;", sessions="shared:tls:1m",
                version='proxy_http_version 1.1; proxy_set_header Connection "";')
    close = dict(keep="", sessions="off", version="")
    nginx1 = web.nginx(hosts["web1"], WEB.format(port=20443, name="web1.lab.test", cert="/opt/lab/ca/web1", **keep),
                       [20443])
    nginx2 = web.nginx(hosts["web2"], WEB.format(port=443, name="web2.lab.test", cert="/opt/lab/ca/web2", **close),
                       [443])
    front = web.haproxy(hosts["front"], FRONT, [28080, 28443])
    times = [infra.ntp_client(hosts[name], "ntp.lab.test") for name in ("app", "db", "web1")]
    return [front, nginx1, nginx2, shop, *times]


def clients(hosts) -> None:
    """Four users; each curl is one connection to the front."""
    front = ["--resolve", "shop.lab.test:28443:10.77.0.11", "--cacert", "/opt/lab/ca/ca.pem", "-sSf", "-o", "/dev/null"]
    plain, secure = "http://10.77.0.11:28080", "https://shop.lab.test:28443"
    for turn in range(6):
        one, two, three = (hosts[f"client{n}"] for n in (1, 2, 3))
        one.run(["curl", *front, f"{plain}/product/{turn % 3 + 1}"])
        think(1.3)
        two.run(["curl", *front, "--tls-max", "1.2", f"{secure}/product/{turn + 4}"])
        think(0.7)
        three.run(["curl", *front, "--tlsv1.3", f"{secure}/stock"])
        think(1.9)
        three.run(["curl", *front, "-d", "user=alice", f"{secure}/login"])
        think(0.4)
        if turn % 2 == 0:
            hosts["laptop"].run(["curl", *front[2:], "http://shop.lab.test:28080/page"])
    # One keep-alive connection with several requests.
    hosts["client2"].run(["curl", *front[:4], "-sSf", f"{secure}/product/[1-6]", "-o", "/dev/null"])


def administration(hosts) -> None:
    ops = hosts["ops"]
    ops.run(infra.ssh_command("app.lab.test", 22, "uname -n; uptime; ls /"))
    ops.run(infra.ssh_command("db.lab.test", 22022, "uname -n; df /"))
    ops.run(["ldapsearch", "-x", "-H", "ldaps://directory.lab.test", "-D", "cn=admin,dc=lab,dc=test", "-w", "labpw",
             "-b", "dc=lab,dc=test", "-LLL"], env={
                 "LDAPTLS_REQCERT": "allow", "LDAPTLS_CIPHER_SUITE": "NORMAL:-VERS-TLS1.3"})


def declare(net) -> Topology:
    truth = Topology()
    truth.add_hosts(net)
    truth.names["shop.lab.test"] = ["10.77.0.11"]
    truth.depends("laptop", "dns", 67, "dhcp", transport="udp", mac=net.macs["laptop"])
    for client, port, tls, count in (("client1", 28080, False, 6), ("client2", 28443, True, 7),
                                     ("client3", 28443, True, 12), ("laptop", 28080, False, 3)):
        truth.depends(client, "front", port, "http", tls=tls, connections=count)
    truth.depends("front", "web1", 20443, "http", tls=True, note="requests and health checks every 8 s")
    truth.depends("front", "web2", 443, "http", tls=True, note="requests and health checks every 8 s")
    for server in ("web1", "web2"):
        truth.depends(server, "app", 21080, "http")
    truth.depends("fd77::14", "fd77::16", 6379, "redis", connections=1)
    truth.depends("app", "db", 25432, "postgresql")
    truth.depends("app", "directory", 20389, "ldap", connections=6)
    truth.depends("ops", "directory", 636, "ldap", tls=True, connections=1)
    truth.depends("ops", "app", 22, "ssh", connections=1)
    truth.depends("ops", "db", 22022, "ssh", connections=1)
    for asker in ("front", "web1", "web2", "app", "db", "ops", "laptop"):
        truth.depends(asker, "dns", 53, "dns", transport="udp")
    for client in ("app", "db", "web1"):
        truth.depends(client, "ntp", 123, "ntp", transport="udp")
    truth.finding("WIN-12", "directory", 20389)
    truth.finding("CERT-01", "web2", 443)
    truth.finding("CERT-02", "web1", 20443)
    truth.finding("CERT-04", "directory", 636)
    truth.finding("DB-01", "fd77::16", 6379)
    truth.notes["service_needs"] = NEEDS
    return truth


def run(lab) -> None:
    net = lab.network
    wires(net)
    certificates(lab.authority)
    hosts = net.hosts
    back_ends(hosts)
    shop = {**net.names, "shop.lab.test": ["10.77.0.11"]}
    infra.dnsmasq(hosts["dns"], shop, dhcp="10.77.0.200,10.77.0.210,255.255.255.0,1h",
                  more=["--dhcp-option=option:router,10.77.0.1"])
    tap = net.tap("inside", "three-tier.pcap")
    infra.dhclient(hosts["laptop"])
    daemons = middle(hosts)
    clients(hosts)
    administration(hosts)
    for daemon in daemons:
        daemon.stop()
    frames = pcap.read(tap.stop())
    truth = declare(net)
    truth.certificates = lab.authority.rows
    lab.deliver("three-tier", frames, truth, README)
