"""The services of the outage lab. usage: business.py SERVICE PORT

    shop       every request reads PostgreSQL (a new connection each) and Redis (pooled; does without it);
               POST /order also leaves a mail, which a thread of its own takes to the relay
    account    every request binds to the directory (a new connection each)
    billing    every request reads PostgreSQL (one connection, kept); HTTPS
    statement  every request asks billing (one connection, kept)
    admin      needs nothing
Each answers GET /metrics by itself, for the monitor.
"""

import http.client
import queue
import random
import smtplib
import ssl
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import ldap
import psycopg2
import redis
from journal import Journal

NAME, PORT = sys.argv[1], int(sys.argv[2])
JOURNAL = Journal(NAME)
LOCK = threading.Lock()     # one user of a kept connection at a time
MAIL: queue.Queue = queue.Queue()
PATIENCE = 2.0              # seconds for a call; a service that does not answer in time has failed


def database() -> psycopg2.extensions.connection:
    return psycopg2.connect(host=JOURNAL.address_of("db"), dbname="shop", user="shop", password="labpw",
                            connect_timeout=2, sslmode="disable", gssencmode="disable", application_name=NAME)


def one_row(connection: psycopg2.extensions.connection, sql: str) -> str:
    with connection, connection.cursor() as cursor:
        cursor.execute(sql)
        return str(cursor.fetchone()[0])


class Shop:
    def __init__(self) -> None:
        self.cache: redis.Redis | None = None
        threading.Thread(target=self.send_mail, daemon=True).start()

    def remembered(self, key: str) -> str | None:
        """The cache is a help: without it the request goes on."""
        try:
            with JOURNAL.calling("cache"):
                if self.cache is None:
                    self.cache = redis.Redis(host=JOURNAL.address_of("cache"), socket_timeout=1,
                                             socket_connect_timeout=1)
                text = self.cache.get(key)
                if text is None:
                    self.cache.set(key, f"about {key}", ex=5)
                return text
        except (redis.RedisError, OSError):
            return None

    def work(self, path: str) -> str:
        number = int(path.rsplit("/", 1)[1])
        text = self.remembered(f"thing:{number}")
        with JOURNAL.calling("db"):
            connection = database()
            try:
                if path.startswith("/order/"):
                    row = one_row(connection, f"insert into orders (thing) values ({number}) returning id")
                    MAIL.put(f"Subject: order {row}\n\nThank you.\n")
                else:
                    row = one_row(connection, f"select price from product where id = {number}")
            finally:
                connection.close()
        return f"{text}: {row}"

    def send_mail(self) -> None:
        """A letter that the relay does not take stays and is tried again; nobody waits for it."""
        while letter := MAIL.get():
            while True:
                try:
                    with JOURNAL.calling("relay"), smtplib.SMTP(JOURNAL.address_of("relay"), 25, "shop.lab.test",
                                                                PATIENCE) as relay:
                        relay.sendmail("shop@lab.test", ["orders@lab.test"], letter)
                    break
                except (OSError, smtplib.SMTPException):
                    time.sleep(0.7)


class Account:
    def work(self, _: str) -> str:
        with JOURNAL.calling("directory"):
            directory = ldap.initialize(f"ldap://{JOURNAL.address_of('directory')}")
            directory.set_option(ldap.OPT_NETWORK_TIMEOUT, PATIENCE)
            directory.set_option(ldap.OPT_TIMEOUT, PATIENCE)
            directory.simple_bind_s("uid=alice,ou=people,dc=lab,dc=test", "labpw")
            found = directory.search_s("ou=people,dc=lab,dc=test", ldap.SCOPE_SUBTREE, "(uid=alice)", ["cn"])
            directory.unbind_s()
        return f"welcome {found[0][1]['cn'][0].decode()}"


class Billing:
    """A connection that broke is made anew by the next request."""
    kept: psycopg2.extensions.connection | None = None

    def work(self, path: str) -> str:
        with LOCK, JOURNAL.calling("db"):
            try:
                self.kept = self.kept or database()
                return one_row(self.kept, f"select sum(price) from product where id > {int(path.rsplit('/', 1)[1])}")
            except psycopg2.Error:
                self.kept = None
                raise


class Statement:
    kept: http.client.HTTPSConnection | None = None

    def work(self, path: str) -> str:
        with LOCK, JOURNAL.calling("billing"):
            try:
                if self.kept is None:
                    # Connected by address, which the certificate does not name.
                    self.kept = http.client.HTTPSConnection(JOURNAL.address_of("billing"), 8443, timeout=PATIENCE,
                                                            context=ssl._create_unverified_context())
                self.kept.request("GET", f"/invoice/{path.rsplit('/', 1)[1]}")
                answer = self.kept.getresponse()
                text = answer.read().decode()
                if answer.status != 200:
                    raise OSError(f"billing said {answer.status}")
                return text
            except (OSError, http.client.HTTPException):
                self.kept = None
                raise


class Admin:
    def work(self, _: str) -> str:
        return f"{threading.active_count()} threads"


WORK = {"shop": Shop, "account": Account, "billing": Billing, "statement": Statement, "admin": Admin}[NAME]()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = f"{NAME}/1.0"
    disable_nagle_algorithm = True
    wbufsize = -1               # one write for head and body

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", "0")))
        status, text = 200, "requests 1"
        if self.path != "/metrics":
            time.sleep(random.uniform(0.001, 0.006))        # what the work itself takes
            try:
                text = WORK.work(self.path)
            except Exception as error:      # whatever a service behind this one does wrong
                status, text = 503, type(error).__name__
        body = f"{text}\n".encode()
        JOURNAL.answered(NAME, status == 200)
        self.send_response(status)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET

    def log_message(self, *_: object) -> None:
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 32


class TlsServer(Server):
    """The handshake is made in the connection's own thread."""

    def __init__(self, *arguments: object):
        super().__init__(*arguments)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain("/opt/lab/ca/billing.full")

    def finish_request(self, request, client_address) -> None:
        try:
            with self.context.wrap_socket(request, server_side=True) as inner:
                super().finish_request(inner, client_address)
        except OSError:
            pass        # the other side went away


if __name__ == "__main__":
    (TlsServer if NAME == "billing" else Server)(("0.0.0.0", PORT), Handler).serve_forever()
