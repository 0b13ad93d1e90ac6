"""How a port of the lab is reached: straight over the network, or by a way of its own.

Whoever connects to a unit, or to a server of its bench, asks a Transport for the connection, and knows no more of it.
"""

from __future__ import annotations

import socket
from dataclasses import dataclass
from typing import Protocol

from harness.errors import BenchError


class WayBroken(BenchError):
    """What lies between us and the unit is in trouble; of the unit, nothing is known."""


class Transport(Protocol):
    """A way to the units behind it; for any number of threads at once."""

    @property
    def name(self) -> str:
        """What it leads through, as `HOST:PORT`; empty where nothing is in between."""

    @property
    def notices(self) -> tuple[str, ...]:
        """What a person should know of the way, a sentence each."""

    def connect(self, address: str, port: int, seconds: float | None) -> socket.socket:
        """A connection with a file descriptor of its own.

        Raises OSError, as `socket.create_connection` does, where nobody answers there, and WayBroken where that could
        not be tried.
        """

    def check(self) -> None:
        """Raises WayBroken where nothing can be reached by it now."""

    def trouble_since(self, moment: float) -> str:
        """Why connections that were open at `moment`, of time.monotonic, or later have ended without the other end's
        doing; empty where none has."""


@dataclass(frozen=True)
class Direct:
    """The network, as this machine has it."""

    name: str = ""
    notices: tuple[str, ...] = ()
    source: str | None = None
    """The address of ours from which connections come; None for any."""

    def connect(self, address: str, port: int, seconds: float | None) -> socket.socket:
        source = None if self.source is None else (self.source, 0)
        connection = socket.create_connection((address, port), seconds, source)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection

    def check(self) -> None:
        """There is nothing in between."""

    def trouble_since(self, moment: float) -> str:
        return ""


DIRECT = Direct()


def blame_way(through: Transport, since: float, what: str, error: Exception) -> None:
    """Raises WayBroken, from `error`, where something that went wrong since then did so for the way to the unit."""
    if trouble := through.trouble_since(since):
        raise WayBroken(f"{what}: {trouble}") from error
