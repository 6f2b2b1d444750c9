"""Link-local names with plain sockets: an LLMNR responder, and questions by LLMNR and mDNS.

usage: names.py serve-llmnr NAME ADDRESS | ask-llmnr NAME | ask-mdns NAME
"""

import socket
import struct
import sys

LLMNR, MDNS = ("224.0.0.252", 5355), ("224.0.0.251", 5353)


def encoded(name: str) -> bytes:
    return b"".join(bytes([len(part)]) + part.encode() for part in name.split(".")) + b"\0"


def question(name: str, number: int) -> bytes:
    return struct.pack("!6H", number, 0, 1, 0, 0, 0) + encoded(name) + struct.pack("!HH", 1, 1)


def serve(name: str, address: str) -> None:
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind(("", LLMNR[1]))
    server.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP,
                      socket.inet_aton(LLMNR[0]) + socket.inet_aton(address))
    wanted = encoded(name).lower()
    while True:
        data, client = server.recvfrom(1500)
        asked = data[12:-4]
        if asked.lower() == wanted and data[-4:-2] == b"\0\1":
            head = data[:2] + struct.pack("!5H", 0x8000, 1, 1, 0, 0)
            record = asked + struct.pack("!HHIH", 1, 1, 30, 4) + socket.inet_aton(address)
            server.sendto(head + data[12:] + record, client)


def ask(name: str, where: tuple[str, int], number: int) -> None:
    client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    client.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 255 if where == MDNS else 1)
    client.settimeout(3)
    client.sendto(question(name, number), where)
    try:
        client.recv(1500)
    except TimeoutError:
        pass        # a question that nobody answers is traffic too


if __name__ == "__main__":
    if sys.argv[1] == "serve-llmnr":
        serve(sys.argv[2], sys.argv[3])
    ask(sys.argv[2], MDNS if sys.argv[1] == "ask-mdns" else LLMNR, 0x4C4C if sys.argv[1] == "ask-llmnr" else 0)
