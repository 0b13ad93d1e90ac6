"""Who is at a unit's API now (device-reference 7.1)."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True)
class Size:
    requests: int
    """Those that are being answered."""
    connections: int
    """Those of them, and those that are kept open after an answer."""


class Crowd:
    """By their connections: each carries one request at a time."""

    def __init__(self) -> None:
        # Replaced, not changed: a thousand units share the empty ones.
        self._answering: frozenset[asyncio.BaseTransport] = frozenset()
        self._kept: frozenset[asyncio.BaseTransport] = frozenset()

    @contextmanager
    def joined(self, connection: asyncio.Transport) -> Iterator[Size]:
        """How many there are now, this one included."""
        self._kept = frozenset(kept for kept in self._kept if not kept.is_closing())
        self._answering |= {connection}
        try:
            yield Size(len(self._answering), len(self._answering | self._kept))
        finally:
            self._answering -= {connection}

    def keep(self, connection: asyncio.Transport) -> None:
        """It has had its answer and stays open, until it is closed by either side."""
        self._kept |= {connection}

    def has_kept(self, connection: asyncio.Transport) -> bool:
        return connection in self._kept
