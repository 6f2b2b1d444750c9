"""Who could have acted on whom, and when: brute force over a log of sessions, by trying every path.

Slow and plain on purpose, and written apart from tapmap, so that the two can be compared.
"""

from dataclasses import dataclass
from typing import Iterator


@dataclass
class Session:
    """A session in which `origin` may run what it likes on `target`; times in seconds."""
    origin: str
    target: str
    protocol: str
    first: float
    last: float
    about: str


def paths(sessions: list[Session], start: str, moment: float | None) -> Iterator[tuple[list[Session], float]]:
    """Every path without a host twice, with its arrival; a `moment` of None ignores time."""
    def go_on(at: str, since: float, seen: tuple[str, ...], path: list[Session]):
        for session in sessions:
            too_late = moment is not None and session.last < since
            if session.origin != at or session.target in seen or too_late:
                continue
            arrival = max(session.first, since)
            yield [*path, session], arrival
            yield from go_on(session.target, arrival, (*seen, session.target), [*path, session])
    yield from go_on(start, moment or 0.0, (start,), [])


def forward(sessions: list[Session], zero: str, moment: float) -> dict[str, tuple[float, list[Session]]]:
    """Host to its earliest arrival and the path of it."""
    best: dict[str, tuple[float, list[Session]]] = {}
    for path, arrival in paths(sessions, zero, moment):
        host = path[-1].target
        if host not in best or (arrival, len(path)) < (best[host][0], len(best[host][1])):
            best[host] = arrival, path
    return best


def static_reach(sessions: list[Session], zero: str) -> set[str]:
    return {path[-1].target for path, _ in paths(sessions, zero, None)}


def backward(sessions: list[Session], victim: str, moment: float) -> dict[str, float]:
    """Host to the latest time at which it may have been infected to explain `victim` infected by `moment`."""
    best: dict[str, float] = {}

    def go_back(at: str, by: float, seen: tuple[str, ...]) -> None:
        for session in sessions:
            if session.target != at or session.origin in seen or session.first > by:
                continue
            latest = min(session.last, by)
            best[session.origin] = max(best.get(session.origin, 0.0), latest)
            go_back(session.origin, latest, (*seen, session.origin))
    go_back(victim, moment, (victim,))
    return best


def narrow(sessions: list[Session], arrivals: dict[str, float], margin: float) -> list[str]:
    """Sessions that begin or end so near to the infection of their origin that a packet more would change the truth."""
    return [f"{session.origin} > {session.target}" for session in sessions if session.origin in arrivals
            and (abs(session.last - arrivals[session.origin]) < margin
                 or abs(session.first - arrivals[session.origin]) < margin)]
