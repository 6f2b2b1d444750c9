"""Runs one scenario inside namespaces of its own, so that the kernel itself cleans up.

The scenario's process is PID 1 of a new PID namespace: whenever and however it ends, the kernel
kills every daemon below it, and with them go the network namespaces, whose names live in a
private /run. Nothing is left to a clean-up script that may not get to run.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

INSIDE = "TAPMAP_LAB_INSIDE"

# Daemons live outside a user's PATH on Debian; proxies and locales of the caller must not leak in.
CLEAN_ENVIRONMENT = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME": "/tmp",
    "LC_ALL": "C",
    "PYTHONDONTWRITEBYTECODE": "1",
}


class LabError(Exception):
    """Something the reader can act on; the message is one sentence."""


def require_root() -> None:
    if os.geteuid() != 0:
        raise LabError("the lab makes network namespaces and needs root: run it with sudo")
    for tool in ("unshare", "nsenter", "setpriv", "ip", "timeout"):
        if shutil.which(tool, path=CLEAN_ENVIRONMENT["PATH"]) is None:
            raise LabError(f"the command `{tool}` is missing: apt-get install util-linux iproute2 coreutils")
    probe = subprocess.run(
        ["unshare", "--mount", "--net", "--pid", "--fork", "true"],
        capture_output=True, text=True, timeout=20, check=False)
    if probe.returncode != 0:
        raise LabError(f"the kernel refuses new namespaces ({probe.stderr.strip()}): CAP_SYS_ADMIN is needed")


def run(script: Path, arguments: list[str], limit: int) -> int:
    """Runs `script` again as PID 1 of a new sandbox; kills it after `limit` seconds."""
    # Each link of the chain dies with the one before it, so killing the build in any way ends the sandbox.
    dies_with_parent = ["setpriv", "--pdeathsig", "KILL"]
    command = [
        *dies_with_parent, "timeout", "--foreground", "-s", "KILL", str(limit),
        *dies_with_parent, "unshare", "--mount", "--net", "--pid", "--uts", "--ipc", "--fork", "--kill-child=KILL",
        "--mount-proc", "--propagation", "private",
        sys.executable, str(script), *arguments,
    ]
    return subprocess.run(command, env={**CLEAN_ENVIRONMENT, INSIDE: "1"}, check=False).returncode


def is_inside() -> bool:
    return os.environ.get(INSIDE) == "1"


def prepare() -> Path:
    """Gives the sandbox a private /run and returns the scratch directory in it."""
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", "/run"], check=True)
    scratch = Path("/run/lab")
    for directory in (Path("/run/netns"), scratch):
        directory.mkdir()
    scratch.chmod(0o1777)      # daemons that drop root leave marks there too
    return scratch
