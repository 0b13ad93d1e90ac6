"""Which claim is run next: the first whose observations are there.

pytest, or an xdist worker, goes through its tests in a fixed order and gives each a slot. A slot that is a claim's is
given to whichever claim can be answered now, so that a unit that hangs holds up nobody but its own claims.
"""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future
from queue import SimpleQueue

import pytest


class Slots:
    """Claims that have not been run, by what they wait for."""

    def __init__(self) -> None:
        self._left: dict[pytest.Item, None] = {}
        self._waiting: dict[Future[object], list[pytest.Item]] = {}
        self._settled: SimpleQueue[Future[object]] = SimpleQueue()
        self._ready: deque[pytest.Item] = deque()

    def __bool__(self) -> bool:
        """Whether a claim is left that has not been run."""
        return bool(self._left)

    def add(self, claim: pytest.Item, awaited: Future[object] | None) -> None:
        """Have `claim` run once `awaited` is done, or at any time for None."""
        self._left[claim] = None
        if awaited is None:
            self._ready.append(claim)
        elif awaited in self._waiting:
            self._waiting[awaited].append(claim)
        else:
            self._waiting[awaited] = [claim]
            awaited.add_done_callback(self._settled.put)

    def take(self) -> pytest.Item:
        """The next claim that can be answered; waits for one. Each claim is taken once."""
        while not self._settled.empty() or not self._ready:
            self._ready.extend(self._waiting.pop(self._settled.get()))
        claim = self._ready.popleft()
        del self._left[claim]
        return claim

    def likely_next(self) -> pytest.Item | None:
        """The claim that the next `take` will give if nothing else settles first; None where none is left."""
        return self._ready[0] if self._ready else next(iter(self._left), None)
