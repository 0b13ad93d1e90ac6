"""Loopback addresses that no other process of this machine uses: tests run side by side.

Of 127.0.0.0/8 a process takes 65,536 addresses, and a socket that is bound among them keeps them for as long as it
lives. The first ones are left alone: units of a lab file without addresses live there.
"""

from __future__ import annotations

import functools
import itertools
import os
import socket
from collections.abc import Iterator

BLOCKS = range(64, 255)
"""The second octet: a block each."""
HOLDING_PORT = 9
HOSTS = 250


@functools.cache
def _held() -> tuple[int, socket.socket]:
    """The block of this process, and the socket that keeps it."""
    first = os.getpid() % len(BLOCKS)
    for block in (*BLOCKS[first:], *BLOCKS[:first]):
        holder = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            holder.bind((f"127.{block}.255.254", HOLDING_PORT))
        except OSError:
            holder.close()
        else:
            return block, holder
    raise RuntimeError(f"each of {len(BLOCKS)} blocks of loopback addresses is held by another process")


@functools.cache
def _networks() -> Iterator[int]:
    return itertools.cycle(range(255))


@functools.cache
def _addresses() -> Iterator[str]:
    return (f"{start}.{host}" for start in iter(network, None) for host in range(1, HOSTS + 1))


def network() -> str:
    """The first three octets of 250 addresses, such as `127.80.1`, that are given to nobody else before 255 calls."""
    return f"127.{_held()[0]}.{next(_networks())}"


def address() -> str:
    """One more of such a network."""
    return next(_addresses())


def port() -> int:
    """One of this process alone where an address is shared by all: it is none that a system gives to whoever asks."""
    return 20000 + _held()[0]


def addresses(count: int) -> list[str]:
    """So many in a row."""
    return list(itertools.islice(_addresses(), count))
