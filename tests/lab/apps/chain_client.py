"""Users of the chains: visits at random or in bursts, each one or several HTTP requests.

usage: chain_client.py DESCRIPTION.json

    targets    name -> {"host", "port", "paths": {path: weight}}
    visits     [{"weight", "requests": [[target, low, high], ...]}]: a request starts so many milliseconds in
    rate       visits per second
    style      "poisson"; "bursty" (about five visits in quick succession, then none); "regular"
    seconds, seed, keep (connections), tls
"""

import asyncio
import json
import random
import ssl
import sys
from collections import Counter, defaultdict
from pathlib import Path

DESCRIPTION = json.loads(Path(sys.argv[1]).read_text())
BURST = 5
TLS = None
if DESCRIPTION["tls"]:
    TLS = ssl.create_default_context(cafile="/opt/lab/ca/ca.pem")
    TLS.check_hostname = False
COUNTS: Counter = Counter()
IDLE: dict[str, list] = defaultdict(list)


def pauses(chance: random.Random):
    """Seconds from one visit to the next."""
    rate = DESCRIPTION["rate"]
    while True:
        if DESCRIPTION["style"] == "regular":
            yield chance.uniform(0.9, 1.1) / rate
        elif DESCRIPTION["style"] == "poisson" or chance.random() < 1 / BURST:
            quiet = 1 if DESCRIPTION["style"] == "poisson" else BURST
            yield chance.expovariate(rate / quiet)
        else:
            yield chance.uniform(0.001, 0.025)


async def request(name: str, path: str) -> None:
    target = DESCRIPTION["targets"][name]
    while IDLE[name] and IDLE[name][-1][0].at_eof():
        IDLE[name].pop()[1].close()
    reader, writer = IDLE[name].pop() if IDLE[name] else await asyncio.open_connection(
        target["host"], target["port"], ssl=TLS)
    close = "" if DESCRIPTION["keep"] else "Connection: close\r\n"
    writer.write(f"GET {path} HTTP/1.1\r\nHost: lab.test\r\nUser-Agent: visitor/1\r\n{close}\r\n".encode())
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    length = int(head.split(b"content-length:")[1].split()[0])
    await reader.readexactly(length)
    COUNTS[name if b" 200 " in head.split(b"\r\n")[0] else "failures"] += 1
    if DESCRIPTION["keep"]:
        IDLE[name].append((reader, writer))
    else:
        writer.close()


async def visit(chance: random.Random) -> None:
    kinds = DESCRIPTION["visits"]
    kind = chance.choices(kinds, [kind["weight"] for kind in kinds])[0]

    async def one(name: str, low: float, high: float) -> None:
        await asyncio.sleep(chance.uniform(low, high) / 1000)
        paths = DESCRIPTION["targets"][name]["paths"]
        try:
            path = chance.choices(list(paths), list(paths.values()))[0]
            await asyncio.wait_for(request(name, path), 20)
        except (OSError, EOFError, ValueError, IndexError) as error:
            COUNTS["failures"] += 1
            print(f"{name}: {type(error).__name__}: {error}", file=sys.stderr)
    await asyncio.gather(*(one(*row) for row in kind["requests"]))


async def main() -> None:
    chance = random.Random(DESCRIPTION["seed"])
    loop = asyncio.get_running_loop()
    at, end = loop.time(), loop.time() + DESCRIPTION["seconds"]
    running = []
    for pause in pauses(chance):
        at += pause
        if at > end:
            break
        await asyncio.sleep(max(0.0, at - loop.time()))
        running.append(asyncio.create_task(visit(chance)))
    await asyncio.gather(*running)
    for _, writer in sum(IDLE.values(), []):
        writer.close()
    await asyncio.sleep(0.1)
    print(json.dumps(COUNTS))


asyncio.run(main())
