"""Which claim is run next: the first whose observations are there.

So a unit that hangs holds up nobody but its own claims.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future
from queue import SimpleQueue

import pytest


class Slots:
    """Claims that have not been run, by what they wait for."""

    def __init__(self) -> None:
        self._left: dict[pytest.Function, None] = {}
        self._waiting: dict[Future[object], list[pytest.Function]] = {}
        self._settled: SimpleQueue[Future[object]] = SimpleQueue()
        self._ready: deque[pytest.Function] = deque()

    def __bool__(self) -> bool:
        """Whether a claim is left that has not been run."""
        return bool(self._left)

    def add(self, claim: pytest.Function, awaited: Future[object] | None) -> None:
        """Have `claim` run once `awaited` is done, or at any time for None."""
        self._left[claim] = None
        if awaited is None:
            self._ready.append(claim)
        elif awaited in self._waiting:
            self._waiting[awaited].append(claim)
        else:
            self._waiting[awaited] = [claim]
            awaited.add_done_callback(self._settled.put)

    @property
    def has_to_wait(self) -> bool:
        """Whether `take` would wait now."""
        while not self._settled.empty():
            self._settle()
        return not self._ready

    def take(self) -> pytest.Function:
        """The next claim that can be answered; waits for one. Each claim is taken once."""
        while self.has_to_wait:
            self._settle()
        claim = self._ready.popleft()
        del self._left[claim]
        return claim

    def _settle(self) -> None:
        self._ready.extend(self._waiting.pop(self._settled.get()))

    def upcoming(self) -> Iterator[pytest.Function]:
        """The claims that are left, in the order in which they will be taken if nothing settles meanwhile."""
        return iter(dict.fromkeys((*self._ready, *self._left)))
