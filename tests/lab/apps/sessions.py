"""Clients with long sessions: opened before the tap starts, used while it runs.

usage: sessions.py KIND HOST PORT [ROUNDS [PAUSE]]
Opens a session, creates /opt/lab/open-NAME, waits for /opt/lab/go, then works in ROUNDS with a pause between.
"""

import imaplib
import os
import socket
import ssl
import struct
import sys
import time
from pathlib import Path

SHARED = Path("/opt/lab")


def opened() -> None:
    """Tells the lab that the session stands, and waits for the tap."""
    name = "-".join([socket.gethostname(), *sys.argv[1:4]])
    (SHARED / f"open-{name}").touch()
    while not (SHARED / "go").exists():
        time.sleep(0.05)


def rounds() -> range:
    return range(int(sys.argv[4]) if len(sys.argv) > 4 else 5)


def pause() -> None:
    time.sleep(float(sys.argv[5]) if len(sys.argv) > 5 else 1.0)


def http(connection: socket.socket) -> None:
    def ask(path: str) -> None:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: web.lab.test\r\nUser-Agent: sessions/1\r\n\r\n".encode())
        connection.recv(65536)
    ask("/first")
    opened()
    for number in rounds():
        ask(f"/later/{number}")
        pause()


def https(connection: socket.socket) -> None:
    context = ssl.create_default_context(cafile="/opt/lab/ca/ca.pem")
    http(context.wrap_socket(connection, server_hostname="web.lab.test"))


def redis(connection: socket.socket) -> None:
    def pipeline(count: int) -> None:
        connection.sendall(b"*2\r\n$4\r\nINCR\r\n$5\r\ncount\r\n" * count)
        while count:
            count -= connection.recv(65536).count(b"\r\n")
    pipeline(3)
    opened()
    for _ in rounds():
        pipeline(20)
        pause()


def postgresql(_: None) -> None:
    import psycopg2     # only where it is used: the other kinds run without the package
    session = psycopg2.connect(f"host={sys.argv[2]} port={sys.argv[3]} dbname=shop user=shop password=labpw "
                               "sslmode=disable gssencmode=disable")
    session.autocommit = True
    cursor = session.cursor()
    cursor.execute("select 1")
    opened()
    for number in rounds():
        cursor.execute("select name from product where id = %s", (number + 1,))
        pause()


def imap(_: None) -> None:
    session = imaplib.IMAP4(sys.argv[2], int(sys.argv[3]))
    session.login("alice", "labpw")
    session.select("INBOX")
    session.send(b"a1 IDLE\r\n")
    session.readline()
    opened()
    for _ in rounds():          # the server says "Still here"; the client says nothing
        pause()
    session.send(b"DONE\r\n")
    session.readline()


def meter(connection: socket.socket) -> None:
    """A binary protocol that no one knows: length, number, value; answered by the number."""
    def send(number: int) -> None:
        connection.sendall(struct.pack("!HIQ", 12, number, number * 7919))
        connection.recv(64)
    send(0)
    opened()
    for number in rounds():
        send(number + 1)
        pause()


def serve_meter(port: int) -> None:
    """The other end of `meter`."""
    import socketserver

    class Collector(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            while record := self.request.recv(14):
                self.request.sendall(record[2:6])
    socketserver.ThreadingTCPServer.allow_reuse_address = True
    socketserver.ThreadingTCPServer(("0.0.0.0", port), Collector).serve_forever()


def main() -> None:
    kind, host, port = sys.argv[1], sys.argv[2], int(sys.argv[3])
    if kind == "serve-meter":
        serve_meter(port)
    own = kind in ("postgresql", "imap")
    connection = None if own else socket.create_connection((host, port), 10)
    if connection:
        connection.settimeout(30)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    globals()[kind](connection)
    # Sessions end without a farewell when KEEP is set: a capture's end is rarely a connection's.
    while os.environ.get("KEEP"):
        time.sleep(1)


if __name__ == "__main__":
    main()
