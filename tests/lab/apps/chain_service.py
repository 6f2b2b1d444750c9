"""A service of the chains: answers HTTP after the steps that its description lists, and counts whom it asked.

usage: chain_service.py DESCRIPTION.json

    services   port -> {path: steps}
    jobs       {"every": seconds, "steps": steps}: for nobody's request; without "every" one after the other
    records    a port that answers binary records
    backends   name -> {"kind", "host", "port"}
    keep, pool connections to backends are kept, at most `pool` each, and shared by all threads; else one per use
    tls        a certificate's path without suffix: this service and its backends speak TLS; or null
    resolver   said to have been asked whenever a backend was: each connection begins with a look-up
    counts     where the counts are written at SIGTERM

    ["work", low, high]             milliseconds of its own
    ["ask", backend, share]         a backend, for this share of the requests
    ["together", backend, ...]      several at the same time
    ["cached", cache, store, share] the cache; this share misses: then the store, then the cache again
    ["put", queue], ["take", queue] puts a job into a Redis list, waits for one
    ["lookup", name]                asks for a name's address
"""

import json
import os
import random
import signal
import socket
import socketserver
import ssl
import struct
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import chain_backends

DESCRIPTION = json.loads(Path(sys.argv[1]).read_text())
POOLS: dict[str, chain_backends.Pool] = {}
COUNTS: Counter = Counter()
COUNTING = threading.Lock()
TOGETHER = ThreadPoolExecutor(32)
TLS = None
if DESCRIPTION["tls"]:
    TLS = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    TLS.load_cert_chain(DESCRIPTION["tls"] + ".pem", DESCRIPTION["tls"] + ".key")


def ask(backend: str, *words: str) -> object:
    return POOLS[backend].ask(*words)


def cached(cache: str, store: str, share: float) -> set[str]:
    """A miss asks for a key that nobody has asked for before, so that the cache itself says no."""
    key = f"new-{random.getrandbits(32):08x}" if random.random() < share else "known"
    if key == "known" and ask(cache, "GET", key):
        return {cache}
    if key != "known":
        ask(cache, "GET", key)
    ask(store)
    ask(cache, "SET", key, "a thing")
    return {cache, store}


def perform(steps: list) -> set[str]:
    """Does the steps; returns the backends that were asked."""
    asked: set[str] = set()
    for kind, *values in steps:
        if kind == "work":
            time.sleep(random.uniform(*values) / 1000)
        elif kind == "ask" and random.random() < values[1]:
            ask(values[0])
            asked.add(values[0])
        elif kind == "together":
            for done in [TOGETHER.submit(ask, backend) for backend in values]:
                done.result()
            asked.update(values)
        elif kind == "cached":
            asked |= cached(*values)
        elif kind == "put":
            ask(values[0], "RPUSH", "jobs", "mail")
            asked.add(values[0])
        elif kind == "take":
            ask(values[0], "BLPOP", "jobs", "5")
        elif kind == "lookup":
            socket.gethostbyname(values[0])
    return asked


def count(*names: str) -> None:
    with COUNTING:
        COUNTS.update(names)


class Listener(socketserver.ThreadingTCPServer):
    allow_reuse_address, daemon_threads, request_queue_size = True, True, 128

    def handle_error(self, request: object, client: object) -> None:
        error = sys.exc_info()[1]
        if not isinstance(error, (ConnectionResetError, BrokenPipeError)):
            count("failures")
            print(f"{type(error).__name__}: {error}", flush=True)


class Handler(socketserver.StreamRequestHandler):
    disable_nagle_algorithm = True

    def setup(self) -> None:
        if TLS:
            self.request = TLS.wrap_socket(self.request, server_side=True)
        super().setup()

    def handle(self) -> None:
        while self.answer():
            pass

    def finish(self) -> None:
        super().finish()
        self.request.close()        # the listener knows only the socket below TLS


class Web(Handler):
    def answer(self) -> bool:
        """One request; whether the connection stays."""
        line = self.rfile.readline()
        if not line:
            return False
        stays = True
        while (header := self.rfile.readline().strip()):
            stays = stays and header.lower() != b"connection: close"
        port = str(self.server.server_address[1])
        path = line.split()[1].decode()
        asked = perform(DESCRIPTION["services"][port][path])
        if asked and "resolver" in DESCRIPTION:     # each of these connections began with a look-up
            asked.add("resolver")
        count(port + path, *(f"{port}{path} {backend}" for backend in asked))
        body = b"ok\n"
        self.request.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n%s\r\n%s" % (
            len(body), b"" if stays else b"Connection: close\r\n", body))
        return stays


class Records(Handler):
    def answer(self) -> bool:
        record = self.rfile.read(14)
        if record:
            self.request.sendall(record[:6] + struct.pack("!Q", 1))
        return bool(record)


def work_at(job: dict) -> None:
    while True:
        # Never quite regular: a job takes its time too.
        time.sleep(random.uniform(0.6, 1.4) * job.get("every", 0.0))
        try:
            perform(job["steps"])
        except Exception as error:      # whatever it is, the lab must hear of it
            count("failures")
            print(f"job: {type(error).__name__}: {error}", flush=True)


def end(*_: object) -> None:
    Path(DESCRIPTION["counts"]).write_text(json.dumps(COUNTS))
    os._exit(0)


def main() -> None:
    signal.signal(signal.SIGTERM, end)
    for name, backend in DESCRIPTION["backends"].items():
        POOLS[name] = chain_backends.Pool(backend, DESCRIPTION["keep"], DESCRIPTION["pool"], bool(DESCRIPTION["tls"]))
    listeners = [Listener(("0.0.0.0", int(port)), Web) for port in DESCRIPTION.get("services", {})]
    listeners += [Listener(("0.0.0.0", int(port)), Records) for port in DESCRIPTION.get("records", [])]
    for listener in listeners:
        threading.Thread(target=listener.serve_forever, daemon=True).start()
    for job in DESCRIPTION.get("jobs", []):
        threading.Thread(target=work_at, args=(job,), daemon=True).start()
    threading.Event().wait()


if __name__ == "__main__":
    main()
