#!/usr/bin/python3
"""tapmap's traffic lab: real daemons in network namespaces, captured with their declared topology.

    lab.py list                      the captures and what each is for
    lab.py build [NAME...]           make captures/NAME anew (all of them without names); chains, chains/shop and
                                     chains/shop/pooled-x1 are names too
    lab.py check [NAME...]           verify the stored captures against their topology.json
    lab.py packages [NAME...]        the Debian packages that the scenarios need
    --install                        install missing Debian packages with apt-get first
"""

import argparse
import importlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.dont_write_bytecode = True   # the lab leaves nothing in the source tree

import pcap
import sandbox
from certs import Authority
from network import Network
from sandbox import LabError
from scenarios import chains
from truth import Topology, as_rows

HERE = Path(__file__).resolve().parent
CAPTURES = HERE.parent.parent / "captures"
LIMIT = 240     # seconds for one scenario that names no other LIMIT
AT_ONCE = 4     # scenarios that run beside each other, of those that wait most of the time

# In the order a reader meets them; the modules are scenarios/NAME.py with underscores.
SCENARIOS = ["three-tier", "mid-stream", "one-sided", "mirror-once", "mirror-twice", "vxlan", "scan", "mail-and-files",
             "databases", "kerberos", "remote", "outage", "worm", *chains.NAMES]
SAME_RUN = {"mirror-once": "mirror-twice"}      # one scenario makes both


class Lab:
    """What a scenario gets: wires, certificates, a place for its truth and its captures."""

    def __init__(self, scratch: Path):
        self.scratch = scratch
        self.network = Network(scratch)
        self.authority = Authority(scratch)
        shutil.copytree(HERE / "apps", scratch / "apps", ignore=shutil.ignore_patterns("__pycache__"))

    def deliver(self, name: str, frames: list[pcap.Frame], topology: Topology, readme: str,
                more: dict[str, dict] | None = None) -> None:
        """Writes captures/NAME, after the check that the capture shows what was declared and no more.

        A capture whose frames are cut is compressed too. `more`: other documents of truth, by file name.
        """
        self.require(name, frames, topology.problems(frames))
        target = self.folder(name)
        file = target / ("capture.pcap.xz" if topology.snaplen else "capture.pcap")
        pcap.write(file, topology.cut(frames))
        for document, content in (more or {}).items():
            (target / document).write_text(as_rows(content))
        topology.write(target / "topology.json")
        seconds = (frames[-1].time - frames[0].time) / 1e6
        truths = " and ".join(f"`{document}`" for document in ["topology.json", *(more or {})])
        (target / "README.md").write_text(
            f"# {name}\n\n{readme.strip()}\n\n{len(frames)} frames in {seconds:.0f} s. The truth is in "
            f"{truths}.\nRebuild: `sudo tests/lab/build.sh {name}`\n")
        print(f"{name}: {len(frames)} frames, {seconds:.0f} s, {len(topology.dependencies)} dependencies, "
              f"{file.stat().st_size // 1024} KB", flush=True)

    def require(self, name: str, frames: list[pcap.Frame], problems: list[str]) -> None:
        """Keeps a capture that is not right where one can look at it, and refuses it."""
        problems = problems + self.told_about_this_machine(frames)
        if problems:
            pcap.write(Path("/tmp") / f"lab-{name.replace('/', '-')}-rejected.pcap", frames)
            raise LabError(f"{name}: the capture differs from its declaration:\n  " + "\n  ".join(problems[:30]))

    def folder(self, name: str) -> Path:
        target = CAPTURES / name
        target.mkdir(parents=True, exist_ok=True)
        return target

    def told_about_this_machine(self, frames: list[pcap.Frame]) -> list[str]:
        """Banners like to give away the kernel and the path of the machine that ran the lab."""
        secrets = [os.uname().release, str(HERE.parent.parent)]
        return [f"a frame holds {secret}" for secret in secrets
                if any(secret.encode() in frame.data for frame in frames)]


def scenario(name: str):
    if name in chains.NAMES:
        return chains.Chain(name)
    return importlib.import_module("scenarios." + SAME_RUN.get(name, name).replace("-", "_"))


def packages(names: list[str]) -> set[str]:
    return {"tcpdump", "ethtool", "iproute2", "openssl", "procps", "util-linux"}.union(
        *(scenario(name).PACKAGES for name in names))


def missing_packages(names: list[str]) -> list[str]:
    shown = subprocess.run(["dpkg-query", "-W", "-f", "${Package} ${db:Status-Status}\n"],
                           capture_output=True, text=True, check=False).stdout
    present = {line.split()[0] for line in shown.splitlines() if line.endswith(" installed")}
    return sorted(packages(names) - present)


def install(missing: list[str]) -> None:
    """Installs without starting services: apt would otherwise bring daemons up on this machine."""
    policy = Path("/usr/sbin/policy-rc.d")
    ours = not policy.exists()
    if ours:
        policy.write_text("#!/bin/sh\nexit 101\n")
        policy.chmod(0o755)
    try:
        subprocess.run(["apt-get", "install", "-y", "--no-install-recommends", *missing], check=True,
                       env={**sandbox.CLEAN_ENVIRONMENT, "DEBIAN_FRONTEND": "noninteractive"})
    finally:
        if ours:
            policy.unlink()


def build(names: list[str], may_install: bool) -> int:
    sandbox.require_root()
    missing = missing_packages(names)
    if missing and may_install:
        install(missing)
    elif missing:
        raise LabError(f"Debian packages are missing: apt-get install --no-install-recommends {' '.join(missing)}")
    names = list(dict.fromkeys(SAME_RUN.get(name, name) for name in names))
    idle = [name for name in names if name.endswith("-x0.1")]      # these wait most of the time: several at once
    failed = [name for name in names if name not in idle and not build_one(name)]
    with ThreadPoolExecutor(AT_ONCE) as workers:
        failed += [name for name, built in zip(idle, workers.map(build_one, idle)) if not built]
    if failed:
        raise LabError(f"not built: {', '.join(failed)}")
    return 0


def build_one(name: str) -> bool:
    started = time.monotonic()
    built = sandbox.run(Path(__file__).resolve(), ["inside", name], limit_of(name)) == 0
    print(f"{name}: {time.monotonic() - started:.0f} s to build", flush=True)
    return built


def limit_of(name: str) -> int:
    return getattr(scenario(name), "LIMIT", LIMIT)


def build_inside(name: str) -> int:
    """Runs as PID 1 of the sandbox; when it returns, the kernel ends everything it started."""
    limit = limit_of(name)
    signal.signal(signal.SIGALRM, lambda *_: (_ for _ in ()).throw(LabError(f"{name} took longer than {limit} s")))
    signal.alarm(limit - 10)
    scenario(name).run(Lab(sandbox.prepare()))
    return 0


def check(names: list[str]) -> int:
    bad = 0
    for name in names:
        is_chain = name in chains.NAMES
        directory = (CAPTURES / name).parent if is_chain else CAPTURES / name
        capture = CAPTURES / f"{name}.pcap.xz" if is_chain else next(directory.glob("capture.pcap*"))
        stored = json.loads((directory / "topology.json").read_text())
        topology = Topology(stored.get("one_sided", False), stored.get("snaplen"), stored.get("snaplen_of_handshakes"))
        for key in ("hosts", "dependencies", "attempts", "multicast", "findings"):
            setattr(topology, key, stored.get(key, getattr(topology, key)))
        problems = topology.problems(pcap.read(capture))
        print(f"{name}: {'as declared' if not problems else 'DIFFERS'}")
        for problem in problems[:20]:
            print(f"  {problem}")
        bad += bool(problems)
    return 1 if bad else 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=["list", "build", "check", "packages", "inside"])
    parser.add_argument("names", nargs="*")
    parser.add_argument("--install", action="store_true")
    given = parser.parse_intermixed_args()     # so that --install may stand before the names
    names = [full for name in given.names for full in SCENARIOS if full == name or full.startswith(name + "/")]
    names = names if given.names else SCENARIOS
    unknown = [name for name in given.names if not any(f"{full}/".startswith(name + "/") for full in SCENARIOS)]
    if unknown:
        raise LabError(f"no such capture: {', '.join(unknown)} (have {', '.join(SCENARIOS)})")
    if given.command == "list":
        about = {name.rpartition("/")[0] or name: scenario(name).__doc__ for name in names}     # a chain once
        for name, text in about.items():
            print(f"{name:16} {text.splitlines()[0]}")
        return 0
    if given.command == "packages":
        print("\n".join(sorted(packages(names))))
        return 0
    if given.command == "check":
        return check(names)
    if given.command == "inside":
        return build_inside(names[0])
    return build(names, given.install)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except LabError as error:
        print(f"lab: {error}", file=sys.stderr)
        sys.exit(1)
