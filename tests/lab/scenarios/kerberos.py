"""A Kerberos realm found through DNS: logins with and without pre-authentication, service tickets."""

import pcap
from host import think
from services import infra, web
from truth import Topology

PACKAGES = ["krb5-kdc", "krb5-admin-server", "krb5-user", "dnsmasq", "nginx-light", "curl"]

README = """
The realm LAB.TEST: clients find the KDC by DNS SRV, bob logs in with pre-authentication (the KDC asks for it), alice
without (her principal does not require it), both take service tickets (`kvno`); one login goes by TCP. Then they use
the web service (28080) that the ticket is for.

What it proves: Kerberos on UDP and TCP 88, users and service names from requests, WIN-11 for the login without
pre-authentication, the order DNS, KDC, service.
"""

KRB5 = """[libdefaults]
  default_realm = LAB.TEST
  dns_lookup_kdc = true
  dns_lookup_realm = false
  rdns = false
  dns_canonicalize_hostname = false
  udp_preference_limit = {limit}
  default_ccache_name = FILE:/tmp/ticket-%{{uid}}
[realms]
"""
KDC = """[kdcdefaults]
  kdc_ports = 88
  kdc_tcp_ports = 88
[realms]
LAB.TEST = {
  database_name = /tmp/kdc/principal
  key_stash_file = /tmp/kdc/stash
  acl_file = /tmp/kdc/acl
  max_life = 8h
}
"""
WEB = '  server { listen 28080; location / { return 200 "a page\\n"; } }\n'


def start_kdc(host) -> None:
    host.write("kdc.conf", KDC)
    host.write("krb5.conf", KRB5.format(limit=1465) + "LAB.TEST = {\n kdc = 127.0.0.1\n}\n")
    environment = ["env", f"KRB5_CONFIG=/opt/lab/{host.name}/krb5.conf",
                   f"KRB5_KDC_PROFILE=/opt/lab/{host.name}/kdc.conf"]
    host.shell("mkdir -p /tmp/kdc")
    host.run([*environment, "kdb5_util", "create", "-s", "-P", "master", "-r", "LAB.TEST"])
    for principal in ("-requires_preauth -pw labpw alice", "+requires_preauth -pw labpw bob",
                      "-randkey HTTP/web.lab.test"):
        host.run([*environment, "kadmin.local", "-q", f"addprinc {principal}"])
    host.start("krb5kdc", [*environment, "krb5kdc", "-n"], tcp=[88], udp=[88])


def login(host, user: str) -> None:
    environment = {"KRB5_CONFIG": f"/opt/lab/{host.name}/krb5.conf"}
    host.run(["kinit", f"{user}@LAB.TEST"], stdin="labpw\n", env=environment)
    host.run(["kvno", "HTTP/web.lab.test@LAB.TEST"], env=environment)
    host.run(["curl", "-sSf", "-o", "/dev/null", "http://web.lab.test:28080/"])
    think(1)


def declare(net) -> Topology:
    truth = Topology()
    truth.add_hosts(net)
    for desk in ("desk1", "desk2", "desk3"):
        truth.depends(desk, "dns", 53, "dns", transport="udp")
        truth.depends(desk, "kdc", 88, "kerberos", transport="tcp" if desk == "desk3" else "udp")
        truth.depends(desk, "web", 28080, "http", connections=1)
    truth.finding("WIN-11", "kdc", 88)
    return truth


def run(lab) -> None:
    net = lab.network
    net.bridge("floor")
    for number, name in ((11, "desk1"), (12, "desk2"), (13, "desk3"), (20, "kdc"), (21, "web"), (22, "dns")):
        net.host(name, "floor", f"10.77.7.{number}/24", names=[f"{name}.lab.test"])
    net.boot(resolver="10.77.7.22")
    hosts = net.hosts
    for name, limit in (("desk1", 1465), ("desk2", 1465), ("desk3", 1)):    # 1: TCP for everything
        hosts[name].write("krb5.conf", KRB5.format(limit=limit))
    start_kdc(hosts["kdc"])
    web.nginx(hosts["web"], WEB, [28080])
    infra.dnsmasq(hosts["dns"], net.names, more=[
        "--srv-host=_kerberos._udp.LAB.TEST,kdc.lab.test,88", "--srv-host=_kerberos._tcp.LAB.TEST,kdc.lab.test,88"])
    tap = net.tap("floor", "kerberos.pcap")
    login(hosts["desk1"], "alice")
    login(hosts["desk2"], "bob")
    login(hosts["desk3"], "bob")
    lab.deliver("kerberos", pcap.read(tap.stop()), declare(net), README)
