"""How a service of the chains speaks with its backends: one connection per use, or kept ones that threads share."""

import queue
import smtplib
import socket
import ssl
import struct
import threading

TRUST = ssl.create_default_context(cafile="/opt/lab/ca/ca.pem")
TRUST.check_hostname = False        # hosts are addresses here; one certificate serves all


class Connection:
    """A socket to one backend."""

    def __init__(self, backend: dict, address: str, tls: bool):
        self.socket = socket.create_connection((address, backend["port"]), 10)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if tls:
            self.socket = TRUST.wrap_socket(self.socket)
        self.file = self.socket.makefile("rb")

    def close(self) -> None:
        self.file.close()
        self.socket.close()


class Redis(Connection):
    def ask(self, *words: str) -> bytes | None:
        """One command, GET of a known key without words; the answer's text or None."""
        words = words or ("GET", "known")
        self.socket.sendall(b"*%d\r\n" % len(words) + b"".join(
            b"$%d\r\n%s\r\n" % (len(word), word.encode()) for word in words))
        return self._answer()

    def _answer(self) -> bytes | None:
        line = self.file.readline()
        kind, rest = line[:1], line[1:-2]
        if kind == b"$" and int(rest) >= 0:
            return self.file.read(int(rest) + 2)[:-2]
        if kind == b"*" and int(rest) >= 0:
            return b" ".join([self._answer() or b"" for _ in range(int(rest))])
        if kind not in b"+:$*" or not line:
            raise ConnectionError(f"Redis said {line!r}")
        return rest if kind in b"+:" else None


class Http(Connection):
    keep = True

    def ask(self) -> bytes:
        close = b"" if self.keep else b"Connection: close\r\n"
        self.socket.sendall(b"GET /item HTTP/1.1\r\nHost: inner\r\n%s\r\n" % close)
        if b" 200 " not in self.file.readline():
            raise ConnectionError("an HTTP backend did not answer with 200")
        length = 0
        while (line := self.file.readline().strip()):
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        return self.file.read(length)


class Record(Connection):
    """A binary protocol that no one knows: length, number, value; answered in the same way."""

    def ask(self) -> bytes:
        self.socket.sendall(struct.pack("!HIQ", 12, threading.get_native_id(), 7919))
        answer = self.file.read(14)
        if len(answer) < 14:
            raise ConnectionError("a record was not answered")
        return answer


class Postgresql:
    def __init__(self, backend: dict, address: str, tls: bool):
        import psycopg2     # only where it is used: the other kinds run without the package
        self.session = psycopg2.connect(
            f"host={backend['host']} hostaddr={address} port={backend['port']} dbname=shop user=shop password=labpw "
            f"gssencmode=disable sslmode={'require' if tls else 'disable'}")
        self.session.autocommit = True

    def ask(self) -> list:
        with self.session.cursor() as cursor:
            cursor.execute("select name from product where id = 1 + (random() * 18)::int")
            return cursor.fetchall()

    def close(self) -> None:
        self.session.close()


class Ldap:
    def __init__(self, backend: dict, address: str, tls: bool):
        import ldap
        ldap.set_option(ldap.OPT_X_TLS_REQUIRE_CERT, ldap.OPT_X_TLS_NEVER)
        self.session = ldap.initialize(f"{'ldaps' if tls else 'ldap'}://{address}:{backend['port']}")
        self.session.set_option(ldap.OPT_NETWORK_TIMEOUT, 5)

    def ask(self) -> list:
        people = "ou=people,dc=lab,dc=test"
        self.session.simple_bind_s(f"uid=alice,{people}", "labpw")
        return self.session.search_s(people, 2, "(uid=alice)", ["cn"])

    def close(self) -> None:
        self.session.unbind_s()


class Smtp:
    def __init__(self, backend: dict, address: str, tls: bool):
        self.session = smtplib.SMTP(address, backend["port"], local_hostname="app.lab.test", timeout=10)
        if tls:
            self.session.starttls(context=TRUST)

    def ask(self) -> None:
        self.session.sendmail("shop@lab.test", ["alice@lab.test"], "Subject: your order\r\n\r\nThank you.\r\n")

    def close(self) -> None:
        self.session.quit()


KINDS = {"redis": Redis, "http": Http, "record": Record, "postgresql": Postgresql, "ldap": Ldap, "smtp": Smtp}


class Pool:
    """The connections to one backend; a thread has one of them for itself while it asks."""

    def __init__(self, backend: dict, keep: bool, most: int, tls: bool):
        self.backend, self.keep, self.tls = backend, keep and backend.get("keep", True), tls
        self.address = socket.gethostbyname(backend["host"]) if self.keep else None
        self.idle: queue.LifoQueue = queue.LifoQueue()
        if self.keep:
            # Half of them stand from the start; the others come when they are needed.
            for number in range(most):
                self.idle.put(None if number < most // 2 else self._open())

    def _open(self):
        connection = KINDS[self.backend["kind"]](
            self.backend, self.address or socket.gethostbyname(self.backend["host"]), self.tls)
        if isinstance(connection, Http):
            connection.keep = self.keep
        return connection

    def ask(self, *words: str) -> object:
        connection = self.idle.get() if self.keep else None
        try:
            if connection is not None:
                try:
                    return connection.ask(*words)
                except OSError:         # servers close what was idle for long; clients then try a new one
                    connection.close()
                    connection = None
            connection = self._open()
            return connection.ask(*words)
        finally:
            if self.keep:
                self.idle.put(connection)
            elif connection is not None:
                connection.close()
