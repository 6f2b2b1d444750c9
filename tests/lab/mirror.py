"""Turns one run, captured on both sides of a router, into what a single and a careless mirror would give.

802.1Q devices are not in every kernel, so the tags are written onto the captured frames here.
"""

import struct
from collections import defaultdict, deque

import pcap
from sandbox import LabError

ROUTED_AFTER = 1_500        # microseconds from a packet to its routed copy; far below the 50 ms of a busy router
LOCAL_TTL = 64              # what every host of the lab sends with


def tagged(frame: pcap.Frame, vlan: int, time: int | None = None) -> pcap.Frame:
    data = frame.data[:12] + struct.pack("!HH", 0x8100, vlan) + frame.data[12:]
    return pcap.Frame(frame.time if time is None else time, data, frame.wire_length + 4)


def same_packet(frame: pcap.Frame) -> bytes:
    """What a router leaves as it is: addresses, identification and everything above IP."""
    header = frame.data[14:34]
    return header[2:8] + header[9:10] + header[12:20] + frame.data[34:]


def is_ipv4(frame: pcap.Frame) -> bool:
    return frame.data[12:14] == b"\x08\x00"


def split(sides: dict[int, list[pcap.Frame]]) -> tuple[list[pcap.Frame], list[tuple[pcap.Frame, pcap.Frame | None]]]:
    """{vlan: frames} to the first copies, and pairs of each first copy and its routed copy (tagged both)."""
    routed: dict[bytes, deque] = defaultdict(deque)
    firsts: list[tuple[int, pcap.Frame]] = []
    for vlan, frames in sides.items():
        for frame in frames:
            if is_ipv4(frame) and frame.data[22] < LOCAL_TTL:
                routed[same_packet(frame)].append((vlan, frame))
            else:
                firsts.append((vlan, frame))
    pairs = []
    for vlan, frame in sorted(firsts, key=lambda item: item[1].time):
        queue = routed[same_packet(frame)] if is_ipv4(frame) else None
        copy = None
        if queue:
            other, routed_frame = queue.popleft()
            copy = tagged(routed_frame, other, frame.time + ROUTED_AFTER)
        pairs.append((tagged(frame, vlan), copy))
    left = sum(len(queue) for queue in routed.values())
    if left:
        raise LabError(f"{left} routed packets have no first copy")
    return [first for first, _ in pairs], pairs


def twice(pairs: list[tuple[pcap.Frame, pcap.Frame | None]]) -> list[pcap.Frame]:
    """Each frame from the port it enters and from the port it leaves, then the routed copy."""
    out = []
    for number, (first, copy) in enumerate(pairs):
        later = 20 + number * 37 % 600          # under 1 ms, and not always the same
        out += [first, pcap.Frame(first.time + later, first.data, first.wire_length)]
        if copy:
            out.append(copy)
    return sorted(out, key=lambda frame: frame.time)
