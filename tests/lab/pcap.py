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

    @property
    def is_cut(self) -> bool:
        return len(self.data) < self.wire_length


def read(path: Path) -> list[Frame]:
    raw = lzma.decompress(path.read_bytes()) if path.suffix == ".xz" else path.read_bytes()
    magic, link = struct.unpack("<I", raw[:4])[0], struct.unpack("<I", raw[20:24])[0]
    if magic != 0xA1B2C3D4 or link != ETHERNET:
        raise ValueError(f"{path}: not a little-endian microsecond Ethernet pcap")
    frames, at = [], 24
    while at + 16 <= len(raw):
        seconds, micros, captured, wire = struct.unpack("<IIII", raw[at:at + 16])
        frames.append(Frame(seconds * 1_000_000 + micros, raw[at + 16:at + 16 + captured], wire))
        at += 16 + captured
    return frames


def write(path: Path, frames: list[Frame]) -> None:
    """Compressed where the path ends in .xz."""
    best = 9 | lzma.PRESET_EXTREME
    with lzma.open(path, "wb", preset=best) if path.suffix == ".xz" else path.open("wb") as out:
        out.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, ETHERNET))
        for frame in frames:
            out.write(struct.pack("<IIII", frame.time // 1_000_000, frame.time % 1_000_000,
                                  len(frame.data), frame.wire_length))
            out.write(frame.data)


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


def cut(frames: list[Frame], length: int, of_handshakes: int) -> list[Frame]:
    """The frames as a capture with a snapshot length has them; TLS handshakes in clear may keep more."""
    def kept(frame: Frame) -> int:
        tcp = frame.data[12:14] == b"\x08\x00" and frame.data[23] == 6
        at = 34 + (frame.data[46] >> 4) * 4 if tcp else len(frame.data)
        return of_handshakes if frame.data[at:at + 2] == b"\x16\x03" else length
    return [Frame(frame.time, frame.data[:kept(frame)], frame.wire_length) for frame in frames]


def dissect(frame: Frame, realm: str = "", cut_to: frozenset[int] = frozenset()) -> Iterator[Packet]:
    """The packet of a frame, and the inner one where it is a tunnel's. Frames may be cut to the lengths `cut_to`."""
    data = frame.data
    if not realm and (frame.is_cut and len(data) not in cut_to or frame.wire_length > 1600):
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
        if not without and not frame.is_cut and ones_complement(pseudo + body) != 0xFFFF:
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
