"""What an app of the outage lab notes of itself: every answer it gave and every call it made, good or bad.

One line of JSON each in /opt/lab/journal/HOST-PROGRAM: time, "answer" or "call", service, whether it went well, and
for a call whether the service was asked at all (it is not when its name could not be resolved).
"""

import json
import socket
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator

DIRECTORY = Path("/opt/lab/journal")


class NotResolved(OSError):
    """No name server gave the address."""


class Journal:
    def __init__(self, program: str):
        self._out = (DIRECTORY / f"{socket.gethostname()}-{program}").open("a", buffering=1)
        self._lock = threading.Lock()

    def _note(self, kind: str, service: str, good: bool, asked: bool = True) -> None:
        with self._lock:
            self._out.write(json.dumps([round(time.time(), 6), kind, service, good, asked]) + "\n")

    def answered(self, service: str, good: bool) -> None:
        self._note("answer", service, good)

    @contextmanager
    def calling(self, service: str) -> Iterator[None]:
        """Notes how what is done inside went; what went wrong there is raised on."""
        try:
            yield
        except NotResolved:
            self._note("call", service, False, asked=False)
            raise
        except Exception:
            self._note("call", service, False)
            raise
        self._note("call", service, True)

    def address_of(self, name: str) -> str:
        """Asks the name servers, every time; nothing is cached."""
        try:
            with self.calling("dns"):
                return socket.getaddrinfo(f"{name}.lab.test", None, socket.AF_INET, socket.SOCK_STREAM)[0][4][0]
        except OSError as error:
            raise NotResolved(str(error)) from error
