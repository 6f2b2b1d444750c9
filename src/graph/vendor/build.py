#!/usr/bin/env python3
"""Builds registry.bin from the CSV files of the IEEE Registration Authority.

    build.py DIR        a folder with oui.csv, oui28.csv, oui36.csv and iab.csv (see README.md)

Blocks of 24, 28 and 36 bits become three sorted tables of fixed width, so that the program can search
them where they lie. ../vendor.rs documents the format.
"""
import collections, csv, os, re, sys

HERE = os.path.dirname(os.path.abspath(__file__))

# What companies call themselves in law, or because everybody does, says nothing about who they are.
LEGAL = re.compile(
    r"[\s,.]+(?:inc|incorporated|corp|corporation|co|company|ltd|ltda|limited|llc|l\.l\.c|lp|gmbh|mbh|ag|kg|ug|se|sa|s\.a|"
    r"s\.a\.s|sas|sarl|s\.p\.a|spa|s\.r\.l|srl|s\.l|b\.v|bv|n\.v|nv|ab|oy|oyj|a/s|as|aps|pty|plc|pte|pvt|sdn|bhd|"
    r"s\.r\.o|a\.s|d\.o\.o|sp\. ?z ?o\.?o|k\.k|kk|& ?co|& ?co\. ?kg|private|technology|technologies)[\s,.]*$", re.I)

# The Authority itself holds the blocks that it divides; "Private" holders asked not to be named.
NOBODY = {"ieee registration authority", "private"}

NAME_BYTES_MAX = 48


def readable(text):
    text = " ".join(re.sub(r"[(（].*?[)）]", " ", text).split()) or " ".join(text.split())
    while LEGAL.search(text):
        text = LEGAL.sub("", text)
    text = text.strip(" ,.;")
    return text.encode()[:NAME_BYTES_MAX].decode(errors="ignore").strip()


def main(folder):
    blocks = {24: {}, 28: {}, 36: {}}
    for name in ("oui", "oui28", "iab", "oui36"):
        for row in csv.DictReader(open(os.path.join(folder, name + ".csv"), encoding="utf-8", newline="")):
            prefix, holder = row["Assignment"], row["Organization Name"].strip()
            if holder.lower() not in NOBODY and readable(holder):
                blocks[4 * len(prefix)][int(prefix, 16)] = readable(holder)
    # Spellings that differ only in case are one name: the commonest.
    spellings = collections.defaultdict(collections.Counter)
    for table in blocks.values():
        for holder in table.values():
            spellings[holder.casefold()][holder] += 1
    common = {key: min(count, key=lambda s: (-count[s], s)) for key, count in spellings.items()}

    names, places = bytearray(), {}
    for name in sorted(common.values()):
        places[name] = len(names)
        names += bytes([len(name.encode())]) + name.encode()
    out = bytearray()
    for bits in (24, 28, 36):
        out += len(blocks[bits]).to_bytes(4, "big")
    for bits, table in blocks.items():
        width = (bits + 7) // 8
        for prefix in sorted(table):
            place = places[common[table[prefix].casefold()]]
            out += (prefix << (8 * width - bits)).to_bytes(width, "big") + place.to_bytes(3, "big")
    with open(os.path.join(HERE, "registry.bin"), "wb") as f:
        f.write(out + names)
    print({bits: len(table) for bits, table in blocks.items()}, len(places), "names,", len(out) + len(names), "bytes")


if __name__ == "__main__":
    main(sys.argv[1])
