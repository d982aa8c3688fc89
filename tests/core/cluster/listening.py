"""Where the processes that this one has started listen, read from Linux' /proc."""

from __future__ import annotations

import os
from contextlib import suppress
from ipaddress import IPv6Address, ip_address
from pathlib import Path

_LISTENS = "0A"


def listening() -> set[tuple[str, int]]:
    """(address, port) of every TCP socket on which this process or one below it listens."""
    family = _below(os.getpid())
    sockets = {inode for pid in family for inode in _sockets(pid)}
    return {place for table in ("tcp", "tcp6") for inode, place in _places(table) if inode in sockets}


def _below(pid: int) -> set[int]:
    parents = dict[int, int]()
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            parents[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
    family = {pid}
    while more := {child for child, parent in parents.items() if parent in family} - family:
        family |= more
    return family


def _sockets(pid: int) -> set[str]:
    found = set[str]()
    with suppress(OSError):
        for link in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(OSError):
                found.add(os.readlink(link).removeprefix("socket:[").removesuffix("]"))
    return found


def _places(table: str) -> list[tuple[str, tuple[str, int]]]:
    rows = [line.split() for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]]
    return [(row[9], _place(row[1])) for row in rows if row[3] == _LISTENS]


def _place(text: str) -> tuple[str, int]:
    """`0100007F:18EB`: words of four bytes, each as the processor stores it."""
    host, _, port = text.partition(":")
    words = [bytes.fromhex(host[at : at + 8])[::-1] for at in range(0, len(host), 8)]
    address = ip_address(b"".join(words))
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return str(mapped or address), int(port, 16)
