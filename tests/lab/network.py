"""The lab's wires: bridges that behave as hubs, hosts plugged into them, and taps."""

import ipaddress
import signal
import subprocess
from pathlib import Path

from host import Host, wait_for
from sandbox import LabError

SWITCH = "switch"   # the namespace the bridges live in
SNAPLEN = 2048      # more than any frame here; the ring's slots are this large, so a scan fits into it


def ip(*arguments: str) -> None:
    done = subprocess.run(["ip", *arguments], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise LabError(f"`ip {' '.join(arguments)}` failed: {done.stderr.strip()}")


def inside(namespace: str, *command: str) -> None:
    done = subprocess.run(["ip", "netns", "exec", namespace, *command], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise LabError(f"in {namespace}: `{' '.join(command)}` failed: {done.stderr.strip()}")


def quiet_namespace(name: str) -> None:
    """A new namespace that says nothing by itself: no IPv6 autoconfiguration, no solicitations."""
    ip("netns", "add", name)
    inside(name, "sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1", "net.ipv6.conf.default.disable_ipv6=1")
    ip("-n", name, "link", "set", "lo", "up")


class Tap:
    """A running tcpdump. `-Q in` on a bridge port sees only what that port's host sends."""

    def __init__(self, namespace: str, interface: str, path: Path, direction: str | None):
        self.path = path
        command = ["ip", "netns", "exec", namespace, "tcpdump", "-n", "-i", interface, "--immediate-mode",
                   "-B", "32768", "-U", "-s", str(SNAPLEN), "-Z", "root", "-w", str(path)]
        if direction:
            command += ["-Q", direction]
        self.log = path.with_suffix(".log")
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=self.log.open("w"))
        wait_for(f"tcpdump on {interface}", lambda: "listening on" in self.log.read_text())

    def stop(self) -> Path:
        sizes: list[int] = []

        def settled() -> bool:
            # Buffered frames arrive in the file a little later than on the wire.
            sizes.append(self.path.stat().st_size)
            return len(sizes) > 12 and len(set(sizes[-12:])) == 1
        wait_for("the last frame of the capture", settled, 30)
        self.process.send_signal(signal.SIGINT)
        self.process.wait(10)
        dropped = [line for line in self.log.read_text().splitlines() if "dropped by kernel" in line]
        if not dropped or not dropped[0].startswith("0 "):
            raise LabError(f"the capture lost frames: {dropped}")
        return self.path


class Network:
    """Everything of one scenario that has an address or a wire."""

    def __init__(self, scratch: Path):
        self.scratch = scratch
        self.hosts: dict[str, Host] = {}
        self.names: dict[str, list[str]] = {}
        self.macs: dict[str, str] = {}
        self.routers: dict[str, list[str]] = {}
        self._plugs = 0
        quiet_namespace(SWITCH)
        quiet_namespace("tap")

    def bridge(self, name: str, namespace: str = SWITCH) -> None:
        # ageing_time 0 makes the bridge a hub: every port, and so the tap, gets every frame once.
        ip("-n", namespace, "link", "add", name, "type", "bridge", "ageing_time", "0", "mcast_snooping", "0",
           "forward_delay", "0", "group_fwd_mask", "0x4000")
        ip("-n", namespace, "link", "set", name, "up")

    def plug(self, namespace: str, interface: str, bridge: str, address: str | None, bridge_in: str = SWITCH,
             mtu: int = 1500) -> str:
        """Connects an interface of a namespace to a bridge; returns the bridge's port."""
        self._plugs += 1
        port = f"p-{namespace}"[:12] + f"{self._plugs}"
        mac = f"02:77:00:00:{self._plugs // 256:02x}:{self._plugs % 256:02x}"
        self.macs[namespace] = mac
        ip("link", "add", port, "netns", bridge_in, "type", "veth", "peer", "name", interface, "netns", namespace)
        ip("-n", namespace, "link", "set", interface, "address", mac, "mtu", str(mtu))
        ip("-n", bridge_in, "link", "set", port, "master", bridge, "up")
        # With offloads a veth carries 64 KB frames without checksums, as no wire does.
        for where, link in ((namespace, interface), (bridge_in, port)):
            inside(where, "ethtool", "-K", link, "tx", "off", "rx", "off", "tso", "off", "gso", "off", "gro", "off")
        ip("-n", namespace, "link", "set", interface, "up")
        if address:
            ip("-n", namespace, "addr", "add", address, "brd", "+", "dev", interface)
        return port

    def host(self, name: str, bridge: str, *addresses: str, names: list[str] | None = None,
             gateway: str | None = None, bridge_in: str = SWITCH, mtu: int = 1500) -> Host:
        """A host with one interface; it starts in `boot`."""
        quiet_namespace(name)
        self.plug(name, "eth0", bridge, None, bridge_in, mtu)
        for address in addresses:
            if ":" in address:
                inside(name, "sysctl", "-qw", "net.ipv6.conf.eth0.accept_ra=0", "net.ipv6.conf.eth0.autoconf=0",
                       "net.ipv6.conf.eth0.addr_gen_mode=1", "net.ipv6.conf.eth0.disable_ipv6=0",
                       "net.ipv6.conf.lo.disable_ipv6=0")
                ip("-n", name, "-6", "addr", "add", address, "dev", "eth0", "nodad")
            else:
                ip("-n", name, "addr", "add", address, "brd", "+", "dev", "eth0")
        if addresses:
            ip("-n", name, "route", "add", "224.0.0.0/4", "dev", "eth0")
        if gateway:
            ip("-n", name, "route", "add", "default", "via", gateway)
        plain = [str(ipaddress.ip_interface(a).ip) for a in addresses]
        host = Host(name, self.scratch, plain)
        self.hosts[name] = host
        for label in names or []:
            self.names.setdefault(label, plain)
        return host

    def router(self, name: str, legs: dict[str, str]) -> None:
        """A namespace that forwards between bridges: {bridge: address}."""
        quiet_namespace(name)
        self.routers[name] = [address.split("/")[0] for address in legs.values()]
        for number, (bridge, address) in enumerate(legs.items()):
            self.plug(name, f"eth{number}", bridge, address)
        inside(name, "sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv4.conf.all.send_redirects=0")

    def boot(self, resolver: str | None = None, without_resolver: tuple[str, ...] = (),
             hosts_names: bool = False, resolvers: dict[str, list[str]] | None = None) -> None:
        """Starts all hosts. Names come from `resolver` (`resolvers`: of single hosts), else from /etc/hosts."""
        for host in self.hosts.values():
            asked = (resolvers or {}).get(host.name, [resolver] if resolver else [])
            if host.name in without_resolver:
                asked = []
            from_file = hosts_names or not asked
            lines = ["127.0.0.1 localhost"]
            lines += [f"{a} {host.name}" for a in host.addresses]
            if from_file:
                lines += [f"{a} {name}" for name, list_ in self.names.items() for a in list_]
            host.boot("\n".join(lines) + "\n", asked)
        for host in self.hosts.values():
            host.finish_boot()

    def tap(self, bridge: str, file: str) -> Tap:
        """A capture of every frame on a bridge, each once, as a good mirror port gives it."""
        link = f"t-{bridge}"[:15]
        ip("link", "add", f"x{link}"[:15], "netns", SWITCH, "type", "veth", "peer", "name", link, "netns", "tap")
        ip("-n", SWITCH, "link", "set", f"x{link}"[:15], "master", bridge, "up")
        ip("-n", "tap", "link", "set", link, "up")
        return Tap("tap", link, self.scratch / file, None)

    def port_of(self, host: str) -> str:
        listing = subprocess.run(["ip", "-n", SWITCH, "-br", "link"], capture_output=True, text=True, check=True)
        ports = [line.split("@")[0] for line in listing.stdout.splitlines() if line.startswith(f"p-{host}"[:12])]
        if len(ports) != 1:
            raise LabError(f"{host} has {len(ports)} ports, one was expected")
        return ports[0]

    def one_way_tap(self, host: str, file: str) -> Tap:
        """A mirror of one direction: only what `host` sends."""
        return Tap(SWITCH, self.port_of(host), self.scratch / file, "in")
