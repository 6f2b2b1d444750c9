"""The declared topology of a scenario, and the check that its capture shows that and nothing else."""

import json
from collections import Counter, defaultdict
from ipaddress import ip_address
from pathlib import Path

import pcap

DHCP_PORTS = {67, 68}


class Topology:
    """What a scenario says is there. Only answered dependencies count as dependencies."""

    def __init__(self, one_sided: bool = False, snaplen: int | None = None, snaplen_of_handshakes: int | None = None):
        self.one_sided = one_sided
        # Bytes that are kept of a frame, and of one with a TLS handshake where that is more; None keeps all.
        self.snaplen, self.snaplen_of_handshakes = snaplen, snaplen_of_handshakes
        self.hosts: dict[str, list[str]] = {}
        self.dependencies: list[dict] = []
        self.attempts: list[dict] = []
        self.multicast: list[dict] = []
        self.findings: list[dict] = []
        self.certificates: list[dict] = []
        self.names: dict[str, list[str]] = {}
        self.notes: dict[str, object] = {}

    def add_hosts(self, network) -> None:
        self.hosts.update(network.routers)
        for name, host in network.hosts.items():
            self.hosts[name] = list(host.addresses)
        self.names = {name: list(addresses) for name, addresses in network.names.items()}

    def address(self, party: str) -> str:
        return self.hosts[party][0] if party in self.hosts else str(ip_address(party))

    def depends(self, client: str, server: str, port: int, protocol: str, *, transport: str = "tcp",
                tls: bool = False, connections: int | None = None, **more: object) -> None:
        row = {"client": self.address(client), "server": self.address(server), "port": port,
               "transport": transport, "protocol": protocol, "tls": tls, **more}
        if connections is not None:
            row["connections"] = connections
        self.dependencies.append(row)

    def attempted(self, client: str, count: int | None, why: str, targets: list[str], ports: list[int]) -> None:
        """Connections that nobody accepted: never a dependency."""
        row = {"client": self.address(client), "targets": targets, "ports": ports, "why": why}
        if count is not None:
            row["count"] = count
        self.attempts.append(row)

    def group(self, client: str, address: str, port: int, protocol: str, answered_by: str | None = None) -> None:
        """Datagrams to many: no dependency, but no surprise either."""
        row = {"client": self.address(client), "group": address, "port": port, "protocol": protocol}
        if answered_by:
            row["answered_by"] = self.address(answered_by)
        self.multicast.append(row)

    def finding(self, rule: str, server: str, port: int, host: str | None = None) -> None:
        """`host` is the party at fault; the server unless said otherwise."""
        self.findings.append({"rule": rule, "server": self.address(server), "port": port,
                              "host": self.address(host or server)})

    def cut(self, frames: list[pcap.Frame]) -> list[pcap.Frame]:
        """The frames as they are kept."""
        return pcap.cut(frames, self.snaplen, self.snaplen_of_handshakes or self.snaplen) if self.snaplen else frames

    def write(self, path: Path) -> None:
        document: dict[str, object] = {"hosts": dict(sorted(self.hosts.items()))}
        for key in ("dependencies", "attempts", "multicast", "certificates", "findings"):
            table = sorted(getattr(self, key), key=lambda row: json.dumps(row, sort_keys=True))
            if table or key in ("dependencies", "findings"):
                document[key] = table
        if self.names:
            document["names"] = dict(sorted(self.names.items()))
        lengths = {"snaplen": self.snaplen, "snaplen_of_handshakes": self.snaplen_of_handshakes}
        document |= sorted({**self.notes, **{key: length for key, length in lengths.items() if length}}.items())
        path.write_text(as_rows(document))

    # ---- the check -------------------------------------------------------------------------------

    def problems(self, frames: list[pcap.Frame]) -> list[str]:
        """Everything in the capture that the declaration does not explain, and the reverse."""
        found: list[str] = []
        flows: dict[tuple, list[pcap.Packet]] = defaultdict(list)
        cut_to = frozenset({self.snaplen, self.snaplen_of_handshakes} - {None})
        for number, frame in enumerate(frames, 1):
            for packet in pcap.dissect(frame, cut_to=cut_to):
                found += [f"frame {number}: {fault}" for fault in packet.faults]
                if packet.kind in ("tcp", "udp"):
                    a = (packet.source, packet.source_port)
                    b = (packet.destination, packet.destination_port)
                    flows[(packet.kind, packet.realm, min(a, b), max(a, b))].append(packet)
                elif packet.kind not in ("arp", "icmp6", "igmp") and not self._icmp_is_known(packet):
                    found.append(f"frame {number}: {packet.kind} {packet.source} > {packet.destination}")
        seen: Counter = Counter()
        for (kind, realm, a, b), packets in flows.items():
            found += self._explain(kind, realm, a, b, packets, seen)
        for index, row in enumerate(self.dependencies):
            if row["protocol"] in ("ping", "dhcp", "vxlan"):
                continue
            if not seen[index]:
                found.append(f"declared but absent: {row}")
            elif "connections" in row and row["connections"] != seen[index]:
                found.append(f"{seen[index]} connections seen, declared {row}")
        return sorted(set(found))

    def _icmp_is_known(self, packet: pcap.Packet) -> bool:
        """Declared pings, and errors sent back to someone whose attempts are declared."""
        pair = {packet.source, packet.destination}
        return packet.kind == "icmp" and (
            any({row["client"], row["server"]} == pair for row in self.dependencies if row["protocol"] == "ping")
            or any(row["client"] == packet.destination for row in self.attempts))

    def _explain(self, kind: str, realm: str, a: tuple, b: tuple, packets: list[pcap.Packet],
                 seen: Counter) -> list[str]:
        label = f"{kind} {realm}{a[0]}:{a[1]} - {b[0]}:{b[1]}"
        first = packets[0]
        if kind == "udp" and {a[1], b[1]} <= DHCP_PORTS:
            return [] if any(row["protocol"] == "dhcp" for row in self.dependencies) else [f"undeclared DHCP {label}"]
        if kind == "udp" and self._is_group(first.destination):
            known = any(row["client"] == first.source and row["group"] == first.destination
                        and row["port"] == first.destination_port for row in self.multicast)
            return [] if known else [f"undeclared datagrams to many: {first.source} to {first.destination}"
                                     f":{first.destination_port}"]
        if kind == "udp" and any(row.get("answered_by") == first.source and row["port"] == first.source_port
                                 and row["client"] == first.destination for row in self.multicast):
            return []
        matches = [i for i, row in enumerate(self.dependencies) if self._fits(row, kind, realm, a, b)]
        if not self._answered(kind, packets):
            if matches and kind == "udp":   # a TFTP request, a lost datagram
                return []
            return [] if self._is_attempt(first, kind) else [f"unanswered and undeclared: {label}"]
        if len(matches) != 1:
            return [f"{label} is explained by {len(matches)} declarations"]
        seen[matches[0]] += 1
        row = self.dependencies[matches[0]]
        syn = [p for p in packets if kind == "tcp" and p.flags & (SYN_ACK) == pcap.SYN]
        if syn and syn[0].source != row["client"] and row.get("initiator") != "server":
            return [f"{label} was opened by its declared server"]
        return []

    def _fits(self, row: dict, kind: str, realm: str, a: tuple, b: tuple) -> bool:
        if row["transport"] != kind or row.get("realm", "") != realm.rstrip("/"):
            return False
        ports = [row["port"], *row.get("answered_from", [])]
        return any(server[0] == row["server"] and client[0] == row["client"] and server[1] in ports
                   for client, server in ((a, b), (b, a)))

    def _answered(self, kind: str, packets: list[pcap.Packet]) -> bool:
        if self.one_sided:
            return True
        if kind == "udp":
            return len({p.source for p in packets}) == 2
        if not packets[0].flags & pcap.SYN:
            return True                     # already open when the tap was started
        return any(p.flags & SYN_ACK == SYN_ACK for p in packets)

    def _is_group(self, address: str) -> bool:
        return ip_address(address).is_multicast or address.endswith(".255")

    def _is_attempt(self, first: pcap.Packet, kind: str) -> bool:
        return any(row["client"] == first.source for row in self.attempts)


def as_rows(document: dict[str, object]) -> str:
    """JSON with one row of each table to a line, so that a change can be read."""
    def part(value: object) -> str:
        if not (isinstance(value, list) and value and isinstance(value[0], dict)):
            return json.dumps(value)
        return "[\n  " + ",\n  ".join(map(json.dumps, value)) + "\n ]"
    return "{\n " + ",\n ".join(f"{json.dumps(key)}: {part(value)}" for key, value in document.items()) + "\n}\n"


SYN_ACK = pcap.SYN | pcap.ACK
