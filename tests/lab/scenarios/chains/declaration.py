"""What a chain declares: conversations, which service needs which, and which only looks as if it did."""

import fcntl
import json
import os
from collections import Counter
from pathlib import Path

from truth import Topology

VARIANTS = ("unpooled", "pooled", "tls")
SNAPLEN, HANDSHAKE = 256, 700     # bytes kept of a frame; of a TLS handshake's
FEWEST = 40         # requests, below which a capture says too little about a service
SIGMAS = 4.5        # a share may differ from its declaration by chance; four and a half sigmas are not chance


class Measured:
    """Requests that the services counted, and whom they asked to answer them."""

    def __init__(self):
        self.requests: Counter = Counter()
        self.asked: Counter = Counter()

    def add(self, service: str, backend: str | None, count: int) -> None:
        if backend is None:
            self.requests[service] += count
        else:
            self.asked[service, backend] += count

    def add_balancer(self, service: str, members: list[str]) -> None:
        """A load balancer does not count; its members did."""
        self.requests[service] = sum(self.requests[member] for member in members)
        for member in members:
            self.asked[service, member] = self.requests[member]


class Declaration:
    """The declared truth of a topology; services are written `host:port` in its module."""

    def __init__(self, module):
        self.module = module
        self.transports: dict[str, str] = {}
        self.uses: list[tuple[str, str, str, str]] = []
        for line in module.USES.strip().splitlines():
            clients, _, rest = line.partition(" > ")
            *servers, protocol = rest.split()
            for server in servers:
                self.transports[server] = "udp" if protocol == "dns" else "tcp"
                self.uses += [(client, server, protocol, self.transports[server]) for client in clients.split()]

    def address(self, host: str) -> str:
        return f"{self.module.NETWORK}.{self.module.HOSTS[host]}"

    def service(self, name: str) -> str:
        host, _, port = name.partition(":")
        return f"{self.address(host)}:{port}/{self.transports[name]}"

    def topology(self) -> Topology:
        truth = Topology(snaplen=SNAPLEN, snaplen_of_handshakes=HANDSHAKE)
        truth.hosts = {name: [self.address(name)] for name in self.module.HOSTS}
        for client, server, protocol, transport in self.uses:
            host, _, port = server.partition(":")
            truth.depends(client, host, int(port), protocol, transport=transport)
        truth.notes = {
            "service_needs": self.needs(), "not_needed": self.not_needed(), "pools": self.pools(),
            "tls_in_variant": {"tls": sorted(self.service(name) for name, transport in self.transports.items()
                                             if transport == "tcp")}}
        return truth

    def needs(self) -> list[dict]:
        rows = []
        for service, needs, share, *variants in self.module.NEEDS:
            rows.append({"service": self.service(service), "needs": self.service(needs), "share": share})
            if variants:
                rows[-1]["variants"] = list(variants)
        return rows

    def not_needed(self) -> list[dict]:
        """Every pair that shares a host without a need: what must not be found."""
        needed = {(service, needs): variants for service, needs, _, *variants in self.module.NEEDS}
        rows = []
        for service in sorted({server for _, server, _, _ in self.uses}):
            for client, other, _, _ in self.uses:
                if client != service.partition(":")[0]:
                    continue
                variants = needed.get((service, other))
                if variants == []:
                    continue
                why = self.module.WHY.get(other, "another service of this host needs it")
                rows.append({"service": self.service(service), "needs": self.service(other), "why": why})
                if variants:
                    rows[-1]["variants"] = [variant for variant in VARIANTS if variant not in variants]
        return rows

    def pools(self) -> list[dict]:
        return [{"service": self.service(service), "members": [self.service(member) for member in members],
                 "needed": needed} for service, members, needed in self.module.POOLS]

    def shares(self, measured: Measured, variant: str) -> tuple[list[dict], list[str]]:
        """The shares of one run, and where they cannot be the declared ones."""
        for service, members, _ in self.module.POOLS:
            measured.add_balancer(service, members)
        declared = {(service, needs): share for service, needs, share, *variants in self.module.NEEDS
                    if not variants or variant in variants}
        problems = [f"{pair} was counted and is not declared" for pair in measured.asked if pair not in declared]
        rows = []
        for (service, needs), share in declared.items():
            asked, requests = measured.asked[service, needs], measured.requests[service]
            rows.append({"service": self.service(service), "needs": self.service(needs), "requests": requests,
                         "asked": asked})
            allowed = SIGMAS * (share * (1 - share) * max(requests, 1)) ** 0.5
            if requests < FEWEST or asked == 0 or abs(asked - share * requests) > allowed:
                problems.append(f"{service} asked {needs} for {asked} of {requests} requests, declared {share}")
        return rows, problems


def store(directory: Path, truth: Topology, readme: str, capture: dict) -> None:
    """Adds one capture to a topology's folder, which the runs of its other captures may be writing to as well."""
    path = directory / "topology.json"
    lock = os.open(directory, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        stored = json.loads(path.read_text())["captures"] if path.exists() else []
        rows = [row for row in stored if row["file"] != capture["file"]] + [capture]
        truth.notes["captures"] = sorted(rows, key=lambda row: row["file"])
        truth.write(path)
        table = [f"| `{row['file']}` | {row['seconds']} | {row['frames']} | "
                 f"{', '.join(f'{service} {count}' for service, count in requests(row).items())} |"
                 for row in truth.notes["captures"]]
        (directory / "README.md").write_text("\n".join([
            f"# {directory.name}", "", readme.strip(), "",
            "| capture | seconds | frames | requests |", "|---|---|---|---|", *table, "",
            f"Rebuild: `sudo tests/lab/build.sh chains/{directory.name}`", ""]))
    finally:
        os.close(lock)


def requests(capture: dict) -> dict[str, int]:
    return {row["service"].removesuffix("/tcp"): row["requests"] for row in capture["measured"]}
