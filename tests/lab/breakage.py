"""What really broke while a service was stopped, from what the apps noted of themselves (apps/journal.py)."""

import json
import time
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

from host import think, wait_for
from sandbox import LabError

GRACE = 2.0         # seconds from the stop to the window: requests under way may end as they like
OBSERVED = 13.0     # seconds from the stop to the new start
RECENT = 6.0        # seconds: who called a service so lately will call it again
FEWEST = 2          # entries that a verdict needs
FAILED_SHARE = 0.5  # of the entries in the window


def stamp(moment: float) -> str:
    return datetime.fromtimestamp(moment, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def now() -> float:
    return time.time()


def moment_of(text: str) -> float:
    """Seconds of a time in UTC without a zone, as chrony logs it."""
    return datetime.fromisoformat(text).replace(tzinfo=timezone.utc).timestamp()


@dataclass(frozen=True)
class Entry:
    time: float
    host: str           # who noted it
    kind: str           # "answer" or "call"
    service: str        # a key of `services`, or of `pools`
    good: bool
    asked: bool         # a call that could not even be made says nothing about the service


class Journals:
    """All journals of a run. Entries of daemons that cannot write one come from their own logs, through `foreign`."""

    def __init__(self, directory: Path, services: dict[str, str], pools: dict[str, dict[str, list[str]]]):
        self.directory, self.services, self.pools = directory, services, pools
        self.foreign: list[tuple[Path, str, object]] = []       # file, host, function from a line to entries
        self.steady: set[tuple[str, str]] = set()   # ask all the time and note only what was answered
        self._read: dict[Path, int] = {}
        self._entries: list[Entry] = []

    def entries(self) -> list[Entry]:
        """All complete lines so far; each file is read on from where it was left."""
        sources = [(path, path.name.rsplit("-", 1)[0], own) for path in sorted(self.directory.glob("*-*"))]
        for path, host, parse in [*sources, *self.foreign]:
            if not path.exists():
                continue
            with path.open() as file:
                file.seek(self._read.get(path, 0))
                text = file.read()
            whole = text[:text.rfind("\n") + 1]
            self._read[path] = self._read.get(path, 0) + len(whole.encode())
            for line in whole.splitlines():
                self._entries += parse(host, line)
        return self._entries

    def pairs(self, entry: Entry) -> list[tuple[str, str]]:
        """A call on a pool counts for each member that might have answered."""
        members = self.pools.get(entry.service, {}).get(entry.host, [entry.service])
        return [(entry.host, member) for member in members]

    # ---- verdicts ------------------------------------------------------------------------------

    def verdicts(self, begin: float, end: float) -> tuple[dict[str, bool | None], dict[tuple[str, str], bool | None]]:
        """For each service, and each client of a service: did it fail? None where nobody asked often enough."""
        given, asked, pairs = defaultdict(list), defaultdict(list), defaultdict(list)
        every_pair = set()
        for entry in self.entries():
            within = begin <= entry.time < end
            if entry.kind == "answer":
                given[entry.service] += [entry.good] if within else []
                continue
            for pair in self.pairs(entry):
                every_pair.add(pair)
                if within:
                    pairs[pair].append(entry.good)
                    if entry.asked and entry.service in self.services:
                        asked[entry.service].append(entry.good)
        # A service that notes its answers is judged by them; silent while it is asked, it has failed too.
        services = {name: failed(given[name] if given[name] else asked[name]) for name in self.services}
        clients = {pair: not pairs[pair] if pair in self.steady else failed(pairs[pair]) for pair in sorted(every_pair)}
        return services, clients

    def all_well_since(self, moment: float, pairs: set[tuple[str, str]]) -> bool:
        """Every pair's last call is younger than `moment` and went well, and none went wrong in the last second."""
        last: dict[tuple[str, str], Entry] = {}
        recent = now() - 1
        for entry in self.entries():
            if entry.kind == "call" and entry.time > moment:
                if not entry.good and entry.time > recent:
                    return False
                last.update({pair: entry for pair in self.pairs(entry)})
        return pairs <= last.keys() and all(entry.good for entry in last.values())


def own(host: str, line: str) -> list[Entry]:
    moment, kind, service, good, asked = json.loads(line)
    return [Entry(moment, host, kind, service, good, asked)]


def failed(results: list[bool]) -> bool | None:
    if len(results) < FEWEST:
        return None
    return results.count(False) >= FAILED_SHARE * len(results)


def stop_and_watch(journals: Journals, name: str, daemon, signal: str = "TERM") -> tuple[str, float, float]:
    """Stops a service for real, lets the clients find out, starts it and waits until all are well again."""
    recent = now() - RECENT
    before = {(entry.host, entry.service) for entry in journals.entries()
              if entry.kind == "call" and entry.time > recent and entry.service in journals.services}
    daemon.stop(signal)
    stopped = now()
    think(OBSERVED)
    until = now()
    daemon.restart()
    again = now()
    try:
        wait_for("recovery", lambda: journals.all_well_since(again, before), 25)
    except LabError as error:
        since = [entry for entry in journals.entries() if entry.time > again]
        bad = sorted({(entry.host, entry.service) for entry in since if not entry.good and entry.time > now() - 4})
        silent = sorted(before - {pair for entry in since for pair in journals.pairs(entry)})
        raise LabError(f"not all recovered from the stop of {name}: still failing {bad}, silent {silent}") from error
    return name, stopped, until


def outages(journals: Journals, stops: list[tuple[str, float, float]], addresses: dict[str, str]) -> list[dict]:
    """One row for each stop: who failed, who did not, and who was not asked and cannot be judged."""
    rows = []
    for name, stopped, until in stops:
        services, pairs = journals.verdicts(stopped + GRACE, until)
        if services.pop(name) is not True:
            raise LabError(f"{name} was stopped and is not seen to fail")

        def service_rows(verdict: bool | None) -> list[str]:
            return sorted(journals.services[service] for service, fails in services.items() if fails is verdict)

        def client_rows(verdict: bool | None) -> list[dict]:
            return [{"client": addresses[client], "service": journals.services[service]}
                    for (client, service), fails in pairs.items() if fails is verdict]
        rows.append({"stopped": journals.services[name], "name": name, "at": stamp(stopped), "until": stamp(until),
                     **{f"{word}_{what}": list_of(verdict) for word, verdict in
                        (("failed", True), ("unaffected", False), ("unasked", None))
                        for what, list_of in (("services", service_rows), ("clients", client_rows))}})
    return rows
