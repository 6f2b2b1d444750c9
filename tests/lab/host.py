"""One lab host: namespaces with their own network, processes, hostname, /run, /etc and /var."""

import subprocess
import time
from pathlib import Path
from typing import Callable

from sandbox import LabError

INIT = Path(__file__).with_name("host_init.sh")
TCP_LISTEN = "0A"


def wait_for(what: str, ready: Callable[[], bool], limit: float = 20.0) -> None:
    """Polls until `ready()` holds; the lab never sleeps in the hope that something is up."""
    end = time.monotonic() + limit
    while time.monotonic() < end:
        if ready():
            return
        time.sleep(0.05)
    raise LabError(f"{what} did not happen within {limit:.0f} s")


def think(seconds: float) -> None:
    """A pause of a user between two requests: part of the traffic's shape, never a way to wait."""
    time.sleep(seconds)


class Daemon:
    """A server process inside a host."""

    def __init__(self, host: "Host", name: str, process: subprocess.Popen, log: Path, started_with: dict):
        self.host, self.name, self.process, self.log = host, name, process, log
        self._started_with = started_with

    def stop(self, signal: str = "TERM", limit: float = 10.0) -> None:
        """Ends it as an administrator would, so that connections are closed on the wire."""
        pid = self.host.read(f"/run/pids/{self.name}").strip()
        self.host.run(["kill", f"-{signal}", pid], check=False)
        wait_for(f"the end of {self.name} on {self.host.name}", lambda: self.process.poll() is not None, limit)

    def restart(self) -> None:
        """Starts it again as it was started, and waits for its ports."""
        self.process = self.host.start(self.name, **self._started_with).process


class Host:
    """A machine of the lab. Made by `Network.host`."""

    def __init__(self, name: str, scratch: Path, addresses: list[str]):
        self.name, self.addresses = name, addresses
        self.directory = scratch / name
        self.directory.mkdir(exist_ok=True)
        self.pid = 0
        self._outer: subprocess.Popen | None = None

    @property
    def address(self) -> str:
        return self.addresses[0]

    def boot(self, hosts_file: str, resolvers: list[str]) -> None:
        (self.directory / "hosts").write_text(hosts_file)
        lines = [f"nameserver {address}" for address in resolvers]
        if resolvers:
            # With several servers the load is spread, so that each is seen in use.
            lines.append("options timeout:2 attempts:2" + (" rotate" if len(resolvers) > 1 else ""))
        (self.directory / "resolv.conf").write_text("".join(f"{line}\n" for line in lines))
        self._outer = subprocess.Popen(
            ["ip", "netns", "exec", self.name, "unshare", "-m", "-u", "-i", "-p", "-f", "--kill-child",
             "--mount-proc", "--propagation", "private", "bash", str(INIT), self.name],
            stdout=subprocess.DEVNULL, stderr=(self.directory / "init.log").open("w"), stdin=subprocess.DEVNULL)

    def finish_boot(self) -> None:
        """Boots run side by side; this waits for one and learns its first process."""
        def booted() -> bool:
            if self._outer.poll() is not None:
                raise LabError(f"host {self.name} did not start: {(self.directory / 'init.log').read_text()}")
            return (self.directory / "ready").exists()
        wait_for(f"the start of host {self.name}", booted)
        children = Path(f"/proc/{self._outer.pid}/task/{self._outer.pid}/children").read_text().split()
        self.pid = int(children[0])

    # ---- files -------------------------------------------------------------------------------

    def write(self, name: str, text: str, mode: int = 0o644) -> str:
        """Writes a file to the host's scratch directory; returns its path inside the host."""
        path = self.directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(mode)
        return f"/opt/lab/{self.name}/{name}"

    def read(self, path: str) -> str:
        return Path(f"/proc/{self.pid}/root{path}").read_text()

    # ---- processes ---------------------------------------------------------------------------

    def _enter(self, command: list[str], user: str | None) -> list[str]:
        drop = ["setpriv", "--reuid", user, "--regid", user, "--clear-groups"] if user else []
        return ["nsenter", "-t", str(self.pid), "-m", "-u", "-i", "-n", "-p", "--wd=/tmp", "--", *drop, *command]

    def run(self, command: list[str], limit: int = 20, check: bool = True, user: str | None = None,
            stdin: str = "", env: dict[str, str] | None = None) -> str:
        """Runs a client to its end; returns its standard output."""
        with_env = ["env", *(f"{k}={v}" for k, v in env.items())] if env else []
        done = subprocess.run(
            self._enter(["timeout", "-k", "2", str(limit), *with_env, *command], user),
            input=stdin, capture_output=True, text=True, errors="replace", check=False)
        if check and done.returncode != 0:
            raise LabError(f"on {self.name}: `{' '.join(command)}` gave {done.returncode}: "
                           f"{(done.stderr + done.stdout).strip()[-600:]}")
        return done.stdout

    def shell(self, script: str, limit: int = 20, check: bool = True) -> str:
        return self.run(["bash", "-c", script], limit=limit, check=check)

    def start(self, name: str, command: list[str], user: str | None = None,
              tcp: list[int] | None = None, udp: list[int] | None = None, limit: float = 20.0) -> Daemon:
        """Starts a daemon and waits until it listens on the ports given."""
        log = self.directory / f"{name}.log"
        recorded = ["sh", "-c", f'echo $$ > /run/pids/{name}; exec "$@"', "sh",
                    *(["setpriv", "--reuid", user, "--regid", user, "--clear-groups"] if user else []), *command]
        process = subprocess.Popen(self._enter(recorded, None), stdin=subprocess.DEVNULL,
                                   stdout=log.open("a"), stderr=subprocess.STDOUT)
        wanted = [(port, "tcp") for port in tcp or []] + [(port, "udp") for port in udp or []]

        def up() -> bool:
            if wanted and process.poll() is not None:
                raise LabError(f"{name} on {self.name} ended with {process.returncode}")
            return all(self.listens(*one) for one in wanted)
        try:
            wait_for(f"{name} on {self.name} listening on {wanted}", up, limit)
        except LabError as error:
            raise LabError(f"{error}: {log.read_text()[-800:]}") from error
        return Daemon(self, name, process, log,
                      {"command": command, "user": user, "tcp": tcp, "udp": udp, "limit": limit})

    def listens(self, port: int, transport: str) -> bool:
        """Asks the kernel, not the port: a probe would be a packet that nobody declared."""
        for table in (transport, transport + "6"):
            for line in Path(f"/proc/{self.pid}/net/{table}").read_text().splitlines()[1:]:
                local, state = line.split()[1], line.split()[3]
                if int(local.rsplit(":", 1)[1], 16) == port and (transport == "udp" or state == TCP_LISTEN):
                    return True
        return False
