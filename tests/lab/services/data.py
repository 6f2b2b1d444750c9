"""Databases, caches and the directory."""

from glob import glob

from host import Daemon, Host, wait_for

PASSWORD = "labpw"
POSTGRES_BIN = next(iter(sorted(glob("/usr/lib/postgresql/*/bin"), reverse=True)), "")


def postgresql(host: Host, port: int, schema: str, hba: str = "host all all 0.0.0.0/0 scram-sha-256",
               tls: str | None = None) -> Daemon:
    """A fresh cluster with the role and database `shop`; `tls` is a certificate's path without suffix."""
    host.write("pgpass", PASSWORD)
    hba_path = host.write("pg_hba.conf", f"local all all trust\n{hba}\n")
    host.run([f"{POSTGRES_BIN}/initdb", "-D", "/tmp/pg", "-A", "scram-sha-256", "-E", "UTF8", "--no-sync",
              f"--pwfile=/opt/lab/{host.name}/pgpass"], limit=60, user="postgres")
    command = [f"{POSTGRES_BIN}/postgres", "-D", "/tmp/pg", "-c", f"port={port}", "-c", "listen_addresses=0.0.0.0",
               "-c", "unix_socket_directories=/tmp", "-c", "fsync=off", "-c", f"hba_file={hba_path}"]
    if tls:
        # The server wants its key unreadable for others, so it gets copies of its own.
        host.shell(f"install -o postgres -m600 {tls}.key /tmp/pg.key; install -o postgres -m644 {tls}.pem /tmp/pg.pem")
        command += ["-c", "ssl=on", "-c", "ssl_cert_file=/tmp/pg.pem", "-c", "ssl_key_file=/tmp/pg.key"]
    daemon = host.start("postgres", command, user="postgres", tcp=[port])
    local = ["psql", "-h", "/tmp", "-p", str(port), "-U", "postgres", "-v", "ON_ERROR_STOP=1", "-q"]
    wait_for(f"PostgreSQL on {host.name}",
             lambda: "1" in host.run([*local, "-Atc", "select 1"], check=False))
    host.run([*local, "-c", f"create role shop login password '{PASSWORD}'", "-c", "create database shop owner shop"])
    host.run([*local, "-d", "shop"], stdin=schema + "\ngrant all on all tables in schema public to shop;"
             "grant all on all sequences in schema public to shop;")
    return daemon


def redis(host: Host, port: int, password: str | None = None, tls: str | None = None,
          tls_max: str = "TLSv1.3") -> Daemon:
    command = ["redis-server", "--bind", "* -::*", "--protected-mode", "no", "--save", "", "--dir", "/tmp"]
    if tls:
        command += ["--port", "0", "--tls-port", str(port), "--tls-cert-file", f"{tls}.pem", "--tls-key-file",
                    f"{tls}.key", "--tls-ca-cert-file", "/opt/lab/ca/ca.pem", "--tls-auth-clients", "no",
                    "--tls-protocols", "TLSv1.2" if tls_max == "TLSv1.2" else "TLSv1.2 TLSv1.3"]
    else:
        command += ["--port", str(port)]
    if password:
        command += ["--requirepass", password]
    return host.start(f"redis-{port}", command, tcp=[port])


SLAPD = """\
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
pidfile /tmp/slapd.pid
modulepath /usr/lib/ldap
moduleload back_mdb
{tls}
database mdb
maxsize 10485760
suffix "dc=lab,dc=test"
rootdn "cn=admin,dc=lab,dc=test"
rootpw labpw
directory /tmp/ldap
"""

DIRECTORY = """\
dn: dc=lab,dc=test
objectClass: dcObject
objectClass: organization
dc: lab
o: Lab

dn: ou=people,dc=lab,dc=test
objectClass: organizationalUnit
ou: people

dn: uid=alice,ou=people,dc=lab,dc=test
objectClass: inetOrgPerson
uid: alice
cn: Alice
sn: Example
userPassword: labpw
"""


def slapd(host: Host, ports: list[int], tls: str | None = None, tls_port: int | None = None) -> Daemon:
    """OpenLDAP with one person, uid=alice; filled before it listens on the wire."""
    lines = f"TLSCACertificateFile /opt/lab/ca/ca.pem\nTLSCertificateFile {tls}.pem\n" \
            f"TLSCertificateKeyFile {tls}.key" if tls else ""
    config = host.write("slapd.conf", SLAPD.format(tls=lines))
    data = host.write("directory.ldif", DIRECTORY)
    host.shell(f"mkdir -p /tmp/ldap && slapadd -f {config} -l {data}")
    urls = [f"ldap://0.0.0.0:{port}/" for port in ports] + ([f"ldaps://0.0.0.0:{tls_port}/"] if tls_port else [])
    return host.start("slapd", ["slapd", "-d", "0", "-f", config, "-h", " ".join(urls)],
                      tcp=ports + ([tls_port] if tls_port else []))


def memcached(host: Host, port: int = 11211) -> Daemon:
    return host.start("memcached", ["memcached", "-u", "memcache", "-l", "0.0.0.0", "-p", str(port)], tcp=[port])


def mariadb(host: Host, port: int, sql: str, tls: str) -> Daemon:
    """A fresh MariaDB; `sql` runs as root over the local socket before anything connects."""
    config = host.write("my.cnf", f"""\
[mysqld]
datadir = /tmp/mysql
socket = /tmp/mysql.sock
pid-file = /tmp/mysql.pid
port = {port}
bind-address = 0.0.0.0
skip-name-resolve
user = mysql
innodb_flush_log_at_trx_commit = 0
ssl-ca = /opt/lab/ca/ca.pem
ssl-cert = {tls}.pem
ssl-key = {tls}.key
""")
    host.run(["mariadb-install-db", f"--defaults-file={config}", "--user=mysql",
              "--auth-root-authentication-method=normal", "--skip-test-db"], limit=60)
    daemon = host.start("mariadb", ["mariadbd", f"--defaults-file={config}"], tcp=[port], limit=40)
    wait_for(f"MariaDB on {host.name}",
             lambda: "1" in host.run(["mariadb", "-S", "/tmp/mysql.sock", "-Ne", "select 1"], check=False))
    host.run(["mariadb", "-S", "/tmp/mysql.sock"], stdin=sql)
    return daemon
