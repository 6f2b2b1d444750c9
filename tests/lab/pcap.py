"""Reads, changes and writes captures with the standard library alone, and takes frames apart."""

import lzma
import struct
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import Iterator

ETHERNET = 1
VXLAN_PORT = 4789
SYN, ACK, RST, FIN = 0x02, 0x10, 0x04, 0x01


@dataclass
class Frame:
    """A captured frame; `time` is in microseconds."""
    time: int
    data: bytes
    wire_length: int


def read(path: Path) -> list[Frame]:
    raw = path.read_bytes()
    if path.suffix == ".xz":
        raw = lzma.decompress(raw)
    magic, link = struct.unpack("<I", raw[:4])[0], struct.unpack("<I", raw[20:24])[0]
    if magic != 0xA1B2C3D4 or link != ETHERNET:
        raise ValueError(f"{path}: not a little-endian microsecond Ethernet pcap")
    frames, at = [], 24
    while at + 16 <= len(raw):
        seconds, micros, captured, wire = struct.unpack("<IIII", raw[at:at + 16])
        frames.append(Frame(seconds * 1_000_000 + micros, raw[at + 16:at + 16 + captured], wire))
        at += 16 + captured
    return frames


def write(path: Path, frames: list[Frame], snaplen: int = 65535) -> None:
    parts = [struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, snaplen, ETHERNET)]
    for frame in frames:
        data = frame.data[:snaplen]
        parts += [struct.pack("<IIII", frame.time // 1_000_000, frame.time % 1_000_000, len(data), frame.wire_length),
                  data]
    raw = b"".join(parts)
    path.write_bytes(lzma.compress(raw) if path.suffix == ".xz" else raw)


@dataclass
class Packet:
    """What the checks need to know of one frame."""
    time: int
    kind: str                       # tcp udp icmp icmp6 arp other
    realm: str = ""                 # "vxlan:100/" inside a VXLAN tunnel
    source: str = ""
    destination: str = ""
    source_port: int = 0
    destination_port: int = 0
    flags: int = 0
    ttl: int = 0
    payload: bytes = b""
    faults: list[str] = field(default_factory=list)


def ones_complement(data: bytes) -> int:
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total


def dissect(frame: Frame, realm: str = "", snaplen: int | None = None) -> Iterator[Packet]:
    """The packet of a frame, and the inner one where it is a tunnel's. Frames may be cut to `snaplen` bytes."""
    data = frame.data
    cut = frame.wire_length > len(data) == snaplen
    if not realm and (frame.wire_length != len(data) and not cut or frame.wire_length > 1600):
        yield Packet(frame.time, "other", faults=[f"a frame of {frame.wire_length} bytes, {len(data)} captured"])
        return
    at, kind = 14, struct.unpack("!H", data[12:14])[0]
    while kind in (0x8100, 0x88A8):
        kind = struct.unpack("!H", data[at + 2:at + 4])[0]
        at += 4
    if kind == 0x0806:
        yield Packet(frame.time, "arp", realm)
    elif kind == 0x0800:
        yield from _ipv4(frame, data[at:], realm)
    elif kind == 0x86DD:
        yield from _ipv6(frame, data[at:], realm)
    else:
        yield Packet(frame.time, "other", realm, faults=[f"ethertype {kind:04x}"])


def _ipv4(frame: Frame, data: bytes, realm: str) -> Iterator[Packet]:
    header, total = (data[0] & 15) * 4, struct.unpack("!H", data[2:4])[0]
    source, destination = str(ip_address(data[12:16])), str(ip_address(data[16:20]))
    packet = Packet(frame.time, "other", realm, source, destination, ttl=data[8])
    if ones_complement(data[:header]) != 0xFFFF:
        packet.faults.append("bad IPv4 header checksum")
    if struct.unpack("!H", data[6:8])[0] & 0x3FFF:
        packet.faults.append("a fragment")
    pseudo = data[12:20] + struct.pack("!HH", data[9], total - header)
    yield from _transport(frame, packet, data[9], data[header:total], pseudo)


def _ipv6(frame: Frame, data: bytes, realm: str) -> Iterator[Packet]:
    length, following = struct.unpack("!H", data[4:6])[0], data[6]
    body = data[40:40 + length]
    packet = Packet(frame.time, "other", realm, str(ip_address(data[8:24])), str(ip_address(data[24:40])),
                    ttl=data[7])
    if following == 0:              # hop-by-hop, as MLD reports have
        following, body = body[0], body[(body[1] + 1) * 8:]
    pseudo = data[8:40] + struct.pack("!II", len(body), following)
    yield from _transport(frame, packet, following, body, pseudo)


def _transport(frame: Frame, packet: Packet, protocol: int, body: bytes, pseudo: bytes) -> Iterator[Packet]:
    packet.kind = {1: "icmp", 2: "igmp", 6: "tcp", 17: "udp", 58: "icmp6"}.get(protocol, "other")
    if packet.kind in ("tcp", "udp") and not packet.faults:
        packet.source_port, packet.destination_port = struct.unpack("!HH", body[:4])
        without = packet.kind == "udp" and body[6:8] == b"\0\0"
        whole = frame.wire_length == len(frame.data)    # of a cut frame the checksum cannot be known
        if whole and not without and ones_complement(pseudo + body) != 0xFFFF:
            packet.faults.append(f"bad {packet.kind} checksum")
        if packet.kind == "tcp":
            packet.flags = body[13]
            packet.payload = body[(body[12] >> 4) * 4:]
        else:
            packet.payload = body[8:]
    yield packet
    if packet.kind == "udp" and packet.destination_port == VXLAN_PORT:
        network = int.from_bytes(packet.payload[4:7], "big")
        inner = packet.payload[8:]
        yield from dissect(Frame(frame.time, inner, len(inner)), f"vxlan:{network}/")
