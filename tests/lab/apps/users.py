"""Users, a monitor and a backup job of the outage lab: they ask all the time and note how it went.

usage: users.py PROGRAM TASK...     a task is KIND:SERVICE:HOST:PORT:PAUSE[:PATH[:PATH...]]
Kinds: http (a connection a request), keep (one connection), https (keep, inside TLS); for the monitor redis, smtp,
ldap, dns and ntp; for the backup copy. PAUSE is the mean in seconds; the pause is drawn between half of it and one and a half.
Paths are asked in turn; N in a path stands for a number; a path that begins with ! is posted.
`users.py dashboard PORT TASK...` serves what the monitor knows as well.
"""

import http.client
import itertools
import random
import socket
import ssl
import struct
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from journal import Journal

JOURNAL: Journal
PATIENCE = 2.0
ANONYMOUS_BIND = bytes.fromhex("300c020101600702010304008000")


class Web:
    """HTTP requests; a kept connection that failed is made anew by the next request."""

    def __init__(self, kind: str, host: str, port: int):
        self.kind, self.host, self.port = kind, host, port
        self.kept: http.client.HTTPConnection | None = None

    def connection(self) -> http.client.HTTPConnection:
        if self.kept:
            return self.kept
        address = JOURNAL.address_of(self.host)
        if self.kind == "https":
            return http.client.HTTPSConnection(address, self.port, timeout=PATIENCE,
                                               context=ssl._create_unverified_context())
        return http.client.HTTPConnection(address, self.port, timeout=PATIENCE)

    def ask(self, path: str) -> None:
        connection = self.connection()
        self.kept = None
        method = "POST" if path.startswith("!") else "GET"
        path = path.lstrip("!").replace("N", str(random.randint(1, 40)))
        try:
            connection.request(method, path, headers={"Host": f"{self.host}.lab.test"})
            answer = connection.getresponse()
            answer.read()
        except Exception:
            connection.close()
            raise
        if self.kind == "http":
            connection.close()
        else:
            self.kept = connection
        if answer.status != 200:
            raise OSError(f"status {answer.status}")


def talk(host: str, port: int, send: bytes, expect: bytes, farewell: bytes = b"") -> None:
    with socket.create_connection((JOURNAL.address_of(host), port), PATIENCE) as connection:
        if send:
            connection.sendall(send)
        if expect not in connection.recv(4096):
            raise OSError("another answer")
        if farewell:
            connection.sendall(farewell)
            connection.recv(4096)


def datagram(address: str, port: int, send: bytes) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.settimeout(PATIENCE)
        one.connect((address, port))
        one.send(send)
        one.recv(1500)


def name_query() -> bytes:
    labels = b"".join(bytes([len(part)]) + part for part in (b"lb", b"lab", b"test")) + b"\0"
    return struct.pack("!6H", random.randrange(65536), 0x0100, 1, 0, 0, 0) + labels + struct.pack("!HH", 1, 1)


def copy_tables(host: str) -> None:
    copies = [part for table in ("product", "orders") for part in ("-c", f"\\copy {table} to /tmp/{table}")]
    done = subprocess.run(["psql", "-q", "-h", JOURNAL.address_of(host), "-U", "shop", "-d", "shop", *copies],
                          env={"PGPASSWORD": "labpw", "PGSSLMODE": "disable", "PGGSSENCMODE": "disable",
                               "PATH": "/usr/bin:/bin"}, capture_output=True, timeout=10, check=False)
    if done.returncode != 0:
        raise OSError(done.stderr.decode())


def one_call(kind: str, host: str, port: int):
    """What a task does each time, given the path whose turn it is."""
    if kind in ("http", "keep", "https"):
        return Web(kind, host, port).ask
    return {
        "redis": lambda _: talk(host, port, b"*1\r\n$4\r\nPING\r\n", b"+PONG"),
        "ldap": lambda _: talk(host, port, ANONYMOUS_BIND, b"\x61\x07\x0a\x01\x00", b"0\x05\x02\x01\x02B\x00"),
        "smtp": lambda _: talk(host, port, b"", b"220 ", b"QUIT\r\n"),
        # Straight to this server: whose name server it is must not matter. HOST is an address here.
        "dns": lambda _: datagram(host, port, name_query()),
        "ntp": lambda _: datagram(host, port, b"\x23" + bytes(39) + struct.pack("!Q", random.getrandbits(64))),
        "copy": lambda _: copy_tables(host),
    }[kind]


def work(task: str) -> None:
    kind, service, host, port, pause, *paths = task.split(":")
    call = one_call(kind, host, int(port))
    for path in itertools.cycle(paths or [""]):
        time.sleep(float(pause) * random.uniform(0.5, 1.5))
        try:
            with JOURNAL.calling(service):
                call(path)
        except (OSError, http.client.HTTPException, subprocess.TimeoutExpired):
            pass            # noted; the next try comes all the same


class Dashboard(BaseHTTPRequestHandler):
    """Shows what was scraped last; needs nobody to do so."""
    def do_GET(self) -> None:
        JOURNAL.answered("dashboard", True)
        body = b"all scrapes of the last minute\n" * 20
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


def main() -> None:
    global JOURNAL
    program, *tasks = sys.argv[1:]
    JOURNAL = Journal(program)
    port = int(tasks.pop(0)) if program == "dashboard" else None
    random.seed(socket.gethostname() + program)
    for task in tasks:
        threading.Thread(target=work, args=(task,), daemon=True).start()
    if port:
        ThreadingHTTPServer(("0.0.0.0", port), Dashboard).serve_forever()
    threading.Event().wait()


if __name__ == "__main__":
    main()
