"""A point in time that nested waits share."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from harness.errors import DeadlineExpired

Found = TypeVar("Found")


_this_thread = threading.local()


def times_waited() -> int:
    """How often this thread has waited for something: what it knew before may no longer be so."""
    return getattr(_this_thread, "waited", 0)


def pause(seconds: float) -> None:
    """Where time has to pass, and nothing can be looked at to see whether it is enough."""
    _this_thread.waited = times_waited() + 1
    time.sleep(seconds)


@dataclass(frozen=True)
class Deadline:
    """Made once, at the top, and handed down, so that nested waits spend one budget."""

    at: float
    seconds: float
    _clock: Callable[[], float] = field(default=time.monotonic, repr=False)

    @classmethod
    def after(cls, seconds: float) -> Deadline:
        """The point `seconds` from now."""
        return cls(time.monotonic() + seconds, seconds)

    @property
    def remaining(self) -> float:
        """Seconds left; never negative."""
        return max(0.0, self.at - self._clock())

    @property
    def expired(self) -> bool:
        return self.remaining == 0.0

    def at_most(self, seconds: float) -> float:
        """A socket timeout: `seconds`, or what is left where that is less; never 0, which means non-blocking."""
        return max(0.001, min(seconds, self.remaining))

    def wait_for(self, condition: str, look: Callable[[], Found | None], every: float = 0.1) -> Found:
        """The first true answer of `look`, asked again each `every` seconds; it is asked at least once.

        Raises DeadlineExpired, which names `condition`, when none came in time.
        """
        while True:
            if found := look():
                return found
            if self.expired:
                raise DeadlineExpired(condition, self.seconds)
            pause(min(every, self.remaining))
