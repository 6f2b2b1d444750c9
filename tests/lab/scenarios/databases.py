"""Databases and caches, each in clear and protected, and a cache that replicates."""

import pcap
from host import think, wait_for
from services import data
from truth import Topology

PACKAGES = ["mariadb-server", "mariadb-client", "postgresql", "postgresql-client", "redis-server", "redis-tools",
            "memcached"]

README = """
app1 speaks in clear, app2 inside TLS 1.2 (so certificates are seen) with the same servers: MariaDB (23306), PostgreSQL
(25432; app1 also as a role with a cleartext password), Redis with a password (6379) and by TLS (26380), memcached
(11211, app1 only). Another Redis (cache2) is a replica of cache1 without a password (16379).

What it proves: protocols and products from payload on unusual ports; `tls` with the inner name where the start is in
clear (MariaDB, PostgreSQL); replication told from use; findings for clear credentials and open stores, none for app2's.
"""

MYSQL = """
create database shop;
create user 'shop'@'%' identified by 'labpw';
grant all on shop.* to 'shop'@'%';
create table shop.product (id int primary key, name varchar(40));
insert into shop.product values (1, 'a thing'), (2, 'another');
"""
POSTGRES = """
create table product (id int primary key, name text);
insert into product values (1, 'a thing'), (2, 'another');
create role legacy login password 'labpw';
"""
HBA = """host all legacy 0.0.0.0/0 password
host all all 0.0.0.0/0 scram-sha-256"""
MEMCACHE = """exec 3<>/dev/tcp/memory/11211
printf 'set colour 0 60 5\\r\\ngreen\\r\\n' >&3; read -r line <&3
printf 'get colour\\r\\n' >&3; for i in 1 2 3; do read -r line <&3; done
printf 'quit\\r\\n' >&3; cat <&3 >/dev/null"""


def postgres(mode: str, role: str = "shop") -> list[str]:
    return ["psql", f"host=pg.lab.test port=25432 dbname=shop user={role} password=labpw sslmode={mode} "
            "gssencmode=disable ssl_max_protocol_version=TLSv1.2 sslrootcert=/opt/lab/ca/ca.pem", "-At", "-c"]


def traffic(app1, app2) -> None:
    maria = ["mariadb", "-h", "maria.lab.test", "-P", "23306", "-u", "shop", "-plabpw", "shop"]
    for turn in (1, 2, 1):
        sql = f"select name from product where id = {turn}"
        app1.run([*maria, "--skip-ssl", "-e", sql])
        app2.run([*maria, "--ssl", "--tls-version=TLSv1.2", "-e", sql])
        app1.run([*postgres("disable"), sql])
        app2.run([*postgres("verify-full"), sql])
        app1.run(["redis-cli", "-h", "cache1", "-a", "labpw", "--no-auth-warning", "incr", "visits"])
        app2.run(["redis-cli", "-h", "cache1.lab.test", "-p", "26380", "--tls", "--cacert", "/opt/lab/ca/ca.pem",
                  "-a", "labpw", "--no-auth-warning", "incr", "visits"])
        app1.shell(MEMCACHE)
        think(1.5)
    app1.run([*postgres("disable", "legacy"), "select 1"])
    app1.run(["redis-cli", "-h", "cache1", "-p", "16379", "set", "shared", "yes"])


def replicate(hosts) -> None:
    """cache2 follows cache1's open instance; ready when it says that the link is up."""
    hosts["cache2"].start("replica", ["redis-server", "--bind", "*", "--protected-mode", "no", "--save", "",
                                      "--dir", "/tmp", "--port", "16379", "--replicaof", "10.77.6.22", "16379",
                                      "--repl-diskless-sync-delay", "0"], tcp=[16379])
    wait_for("the replica's link", lambda: "master_link_status:up" in hosts["cache2"].run(
        ["redis-cli", "-p", "16379", "info", "replication"]), 20)


def declare(net) -> Topology:
    truth = Topology()
    truth.add_hosts(net)
    for client, tls in (("app1", False), ("app2", True)):
        truth.depends(client, "maria", 23306, "mysql", tls=tls, connections=3)
        truth.depends(client, "pg", 25432, "postgresql", tls=tls, connections=3 if tls else 4)
    truth.depends("app1", "cache1", 6379, "redis", connections=3)
    truth.depends("app2", "cache1", 26380, "redis", tls=True, connections=3)
    truth.depends("app1", "cache1", 16379, "redis", connections=1)
    truth.depends("cache2", "cache1", 16379, "redis", connections=1, kind="replication")
    truth.depends("app1", "memory", 11211, "memcached", connections=3)
    for rule, server, port in (("DB-05", "maria", 23306), ("DB-06", "pg", 25432), ("DB-01", "cache1", 6379),
                               ("DB-01", "cache1", 16379), ("DB-03", "memory", 11211),
                               # MariaDB and Redis send the root along with their certificate.
                               ("CERT-14", "maria", 23306), ("CERT-14", "cache1", 26380)):
        truth.finding(rule, server, port)
    return truth


def run(lab) -> None:
    net = lab.network
    net.bridge("floor")
    for number, name in ((11, "app1"), (12, "app2"), (20, "maria"), (21, "pg"), (22, "cache1"), (23, "cache2"),
                         (24, "memory")):
        net.host(name, "floor", f"10.77.6.{number}/24", names=[f"{name}.lab.test", name])
    net.boot()
    hosts = net.hosts
    for name in ("maria", "pg", "cache1"):
        lab.authority.issue(name, [f"{name}.lab.test"], ends_in_days=120)
    data.mariadb(hosts["maria"], 23306, MYSQL, "/opt/lab/ca/maria")
    data.postgresql(hosts["pg"], 25432, POSTGRES, hba=HBA, tls="/opt/lab/ca/pg")
    data.redis(hosts["cache1"], 6379, password="labpw")
    data.redis(hosts["cache1"], 26380, password="labpw", tls="/opt/lab/ca/cache1", tls_max="TLSv1.2")
    data.redis(hosts["cache1"], 16379)
    data.memcached(hosts["memory"])
    tap = net.tap("floor", "databases.pcap")
    replicate(hosts)
    traffic(hosts["app1"], hosts["app2"])
    lab.deliver("databases", pcap.read(tap.stop()), declare(net), README)
