"""Chains: which service needs which, declared, for the same topology without and with kept connections and in TLS,
each at a tenth of a load, at the load and at ten times the load.

A module of this package is a topology: hosts, daemons, programs, users, and what needs what. The run of one variant at
one load is a scenario of its own, `chains/TOPOLOGY/VARIANT-LOAD`.
"""

import importlib
import json
from dataclasses import dataclass

import pcap
from host import Daemon, wait_for
from sandbox import LabError
from scenarios.chains import declaration

TOPOLOGIES = ["shop", "gateway", "catalog", "twins"]
# A login per request with SCRAM would be most of the work of these two-processor labs.
TRUST = "host all all 0.0.0.0/0 trust"
TOOLS = ["python3-psycopg2", "python3-ldap"]


@dataclass(frozen=True)
class Variant:
    """`keep`: connections stay open between requests, the users' and those to backends."""
    name: str
    keep: bool
    tls: str | None


VARIANTS = {one.name: one for one in (
    Variant("unpooled", keep=False, tls=None),
    Variant("pooled", keep=True, tls=None),
    Variant("tls", keep=True, tls="/opt/lab/ca/lab"))}
LOADS = {"x0.1": 0.1, "x1": 1.0, "x10": 10.0}
NAMES = [f"chains/{topology}/{variant}-{load}" for topology in TOPOLOGIES for variant in VARIANTS for load in LOADS]


class Chain:
    """One variant of one topology at one load."""

    def __init__(self, name: str):
        self.name = name
        _, self.topology, run = name.split("/")
        variant, self.load = run.split("-")
        self.variant, self.factor, self.file = VARIANTS[variant], LOADS[self.load], f"{run}.pcap.xz"
        self.module = importlib.import_module(f"scenarios.chains.{self.topology}")
        self.PACKAGES, self.__doc__ = [*TOOLS, *self.module.PACKAGES], self.module.__doc__

    def run(self, lab) -> None:
        net, module = lab.network, self.module
        net.bridge("floor")
        for name, number in module.HOSTS.items():
            net.host(name, "floor", f"{module.NETWORK}.{number}/24", names=[f"{name}.lab.test"])
        net.boot(resolver=getattr(module, "RESOLVER", None), without_resolver=getattr(module, "BY_FILE", ()))
        lab.authority.issue("lab", ["lab.test", "*.lab.test"], ends_in_days=365)
        module.back_ends(net, self.variant)
        tap = net.tap("floor", "chain.pcap")
        programs = [self._program(net.hosts[host], name, description)
                    for host, name, description in module.programs(self.variant)]
        module.fronts(net, self.variant)
        self._visit(net)
        for program, description in programs:
            if description.get("jobs"):
                program.stop()
        frames = pcap.read(tap.stop())
        for program, description in programs:
            if not description.get("jobs"):
                program.stop()
        self._deliver(lab, frames, self._measured(programs))

    def _deliver(self, lab, frames: list[pcap.Frame], measured: declaration.Measured) -> None:
        """Adds the capture to captures/chains/TOPOLOGY, after the check of all its frames in full."""
        declared = declaration.Declaration(self.module)
        truth = declared.topology()
        services, problems = declared.shares(measured, self.variant.name)
        lab.require(self.name, frames, problems + truth.problems(frames))
        directory = lab.folder(f"chains/{self.topology}")
        pcap.write(directory / self.file, truth.cut(frames))
        seconds = (frames[-1].time - frames[0].time) / 1e6
        declaration.store(directory, truth, self.module.README, {
            "file": self.file, "variant": self.variant.name, "load": self.load, "seconds": round(seconds),
            "frames": len(frames), "measured": services})
        print(f"{self.name}: {len(frames)} frames, {seconds:.0f} s, {sum(measured.requests.values())} requests, "
              f"{(directory / self.file).stat().st_size // 1024} KB", flush=True)

    def _program(self, host, name: str, description: dict) -> tuple[Daemon, dict]:
        """Starts apps/chain_service.py; jobs are as frequent as the root of the load."""
        description = {"keep": self.variant.keep, "tls": self.variant.tls, "pool": 6, "backends": {}, **description,
                       "counts": f"/opt/lab/{host.name}/{name}-counts.json"}
        if "jobs" in description:
            description["jobs"] = [{**job, "every": job.get("every", 0.0) / self.factor ** 0.5}
                                   for job in description["jobs"]]
        path = host.write(f"{name}.json", json.dumps(description))
        ports = [*map(int, description.get("services", {})), *description.get("records", [])]
        daemon = host.start(name, ["/usr/bin/python3", "/opt/lab/apps/chain_service.py", path], tcp=ports)
        return daemon, description

    def _visit(self, net) -> None:
        """The users do what they do, and all must be answered."""
        running = []
        seconds = self.module.SECONDS[self.load]
        for number, (host, description) in enumerate(self.module.users(net).items()):
            settings = {"seconds": seconds, "seed": number + 1, "keep": self.variant.keep,
                        "tls": bool(self.variant.tls), **description}
            settings["rate"] *= self.factor
            path = net.hosts[host].write("visits.json", json.dumps(settings))
            running.append(net.hosts[host].start(
                "visits", ["/usr/bin/python3", "/opt/lab/apps/chain_client.py", path]))
        for user in running:
            wait_for(f"the end of the visits of {user.host.name}", lambda: user.process.poll() is not None,
                     seconds + 25)
            said = user.log.read_text()
            if user.process.returncode != 0 or "failures" in said:
                raise LabError(f"{user.host.name} was not served: {said[-600:]}")

    def _measured(self, programs: list[tuple[Daemon, dict]]) -> declaration.Measured:
        """What the programs counted of themselves."""
        measured = declaration.Measured()
        for program, description in programs:
            host = program.host.name
            counts = json.loads((program.host.directory / f"{program.name}-counts.json").read_text())
            if counts.pop("failures", 0):
                raise LabError(f"{program.name} on {host} failed: {program.log.read_text()[-600:]}")
            for key, count in counts.items():
                request, _, backend = key.partition(" ")
                port, _, path = request.partition("/")
                if path in ("healthz", "metrics"):
                    continue
                to = None
                if backend:
                    row = description["resolver"] if backend == "resolver" else description["backends"][backend]
                    to = f"{row['name']}:{row['port']}"
                measured.add(f"{host}:{port}", to, count)
        return measured
