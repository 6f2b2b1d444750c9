"""The lab's application server: a small shop that really needs its database, cache and directory.

    GET  /product/N   Redis first; on a miss PostgreSQL, then Redis
    GET  /stock       Redis only
    POST /login       LDAP simple bind and search, then one row in PostgreSQL
    GET  /page        nothing behind it

Redis and LDAP addresses are names, so that the resolver is really asked. PostgreSQL is a new connection per use
(POOL=1 keeps one), Redis is one pooled connection, LDAP is a new connection per login.
"""

import os
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import ldap
import psycopg2
import redis

CACHE = redis.Redis(host=os.environ["CACHE_HOST"], port=int(os.environ["CACHE_PORT"]),
                    max_connections=1, socket_timeout=5)
DATABASE = (f"host={os.environ['DB_HOST']} port={os.environ['DB_PORT']} dbname=shop user=shop password=labpw "
            "sslmode=disable gssencmode=disable application_name=shop")
DIRECTORY = os.environ["LDAP_URL"]
LOCK = threading.Lock()     # one request at a time reaches the back ends: causes stay readable in the capture
POOLED = psycopg2.connect(DATABASE) if os.environ.get("POOL") == "1" else None


def query(sql: str, values: tuple) -> list:
    connection = POOLED or psycopg2.connect(DATABASE)
    with connection, connection.cursor() as cursor:
        cursor.execute(sql, values)
        rows = cursor.fetchall()
    if POOLED is None:
        connection.close()
    return rows


def product(number: int) -> str:
    key = f"product:{number}"
    cached = CACHE.get(key)
    if cached:
        return cached.decode()
    rows = query("select name, price from product where id = %s", (number,))
    text = f"{rows[0][0]} costs {rows[0][1]}" if rows else "no such product"
    CACHE.set(key, text, ex=60)
    return text


def login(user: str) -> str:
    directory = ldap.initialize(DIRECTORY)
    directory.set_option(ldap.OPT_NETWORK_TIMEOUT, 5)
    directory.simple_bind_s(f"uid={user},ou=people,dc=lab,dc=test", "labpw")
    found = directory.search_s("ou=people,dc=lab,dc=test", ldap.SCOPE_SUBTREE, f"(uid={user})", ["cn"])
    directory.unbind_s()
    query("insert into visit (who) values (%s) returning id", (user,))
    return f"welcome {found[0][1]['cn'][0].decode()}"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "shop/1.0"

    def answer(self, text: str) -> None:
        body = (text + "\n").encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self) -> None:
        with LOCK:
            if self.path.startswith("/product/"):
                self.answer(product(int(self.path.rsplit("/", 1)[1])))
            elif self.path == "/stock":
                self.answer(f"{CACHE.incr('stock')} in stock")
            else:
                self.answer("a page")

    def do_POST(self) -> None:
        form = self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode()
        with LOCK:
            self.answer(login(form.split("=", 1)[1]))

    def log_message(self, *_: object) -> None:
        pass


if __name__ == "__main__":
    ThreadingHTTPServer(("0.0.0.0", int(sys.argv[1])), Handler).serve_forever()
