"""Who of many works now, where all would only be in each other's way.

What an emulated unit does is this machine's own work. Lanes that share the processors evenly all come to their
restart at the same late moment, and then all wait. A few at a time, those first that have come the least far, restart
one after the other, and the work of the others fits into their waiting.
"""

from __future__ import annotations

import heapq
import itertools
import threading
import time
from collections.abc import Hashable, Iterator
from contextlib import contextmanager

AT_ONCE = 3
"""While one waits for an answer, another can work."""
LONGEST = 3.0
"""Seconds. Whoever takes longer is waiting for something, and holds up nobody."""


class Turns:
    """At most `at_once` have a turn; one that has lasted `longest` seconds does not count any more."""

    def __init__(self, at_once: int = AT_ONCE, longest: float = LONGEST) -> None:
        self._at_once = at_once
        self._longest = longest
        self._changed = threading.Condition()
        self._order = itertools.count()
        self._waiting: list[tuple[int, int]] = []
        self._ends: dict[Hashable, float] = {}

    def take(self, who: Hashable, progress: int) -> None:
        """Wait until it is `who`'s turn: after those with less progress, and those with as much that came before."""
        with self._changed:
            ticket = (progress, next(self._order))
            heapq.heappush(self._waiting, ticket)
            while not (self._has_room() and self._waiting[0] is ticket):
                self._changed.wait(self._until_next_end())
            heapq.heappop(self._waiting)
            self._ends[who] = time.monotonic() + self._longest
            # There may be room for one more.
            self._changed.notify_all()

    def give_back(self, who: Hashable) -> None:
        """It is no longer `who`'s turn, if it was."""
        with self._changed:
            if self._ends.pop(who, None) is not None:
                self._changed.notify_all()

    def _has_room(self) -> bool:
        now = time.monotonic()
        for who in [who for who, end in self._ends.items() if end <= now]:
            del self._ends[who]
        return len(self._ends) < self._at_once

    def _until_next_end(self) -> float | None:
        return max(0.0, min(self._ends.values()) - time.monotonic()) if self._ends else None


class Turn:
    """One lane's part in the turns; without any, it is always its turn."""

    def __init__(self, turns: Turns | None) -> None:
        self._turns = turns
        self._progress = 0
        self.is_awaited = False
        """Whether its owner waits until it is its turn."""

    def begin(self) -> None:
        if self._turns is not None:
            self.is_awaited = True
            self._turns.take(self, self._progress)
            self.is_awaited = False

    def end(self) -> None:
        if self._turns is not None:
            self._turns.give_back(self)

    @contextmanager
    def interrupted(self) -> Iterator[None]:
        """For the block, in which there is nothing but to wait, it is others' turn; afterwards one is further on."""
        self.end()
        try:
            yield
        finally:
            self._progress += 1
            self.begin()
