"""How many handshakes are under way at once in the process: whoever comes later waits in order.

A handshake takes some 40 KB while it lasts; a thousand units that restart together are asked for a thousand at once.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

AT_ONCE = 16
HOLD_SECONDS = 1.0
"""Who takes longer is not counted any more: clients that dawdle shut nobody out."""


class Turnstile:
    """Of one event loop."""

    def __init__(self, at_once: int = AT_ONCE, hold_seconds: float = HOLD_SECONDS) -> None:
        self._at_once = at_once
        self._hold_seconds = hold_seconds
        self._waiting: dict[object, Callable[[], None]] = {}
        """In the order of their coming."""
        self._within: dict[object, float] = {}
        """Since when, in the order of their admission."""
        self._timer: asyncio.TimerHandle | None = None
        """Only where somebody waits."""

    def enter(self, who: object, begin: Callable[[], None]) -> None:
        """Call `begin`, now or when it is their turn; `who` leaves in the end."""
        self._waiting[who] = begin
        self._admit()

    def leave(self, who: object) -> None:
        """At any time, as often as one likes."""
        self._waiting.pop(who, None)
        if self._within.pop(who, None) is not None:
            self._admit()

    def _admit(self) -> None:
        while self._waiting and self._has_room():
            who = next(iter(self._waiting))
            begin = self._waiting.pop(who)
            # They may leave at once, while `begin` is called.
            self._within[who] = time.monotonic()
            begin()
        if self._waiting and self._timer is None:
            longest = next(iter(self._within.values()))
            left = longest + self._hold_seconds - time.monotonic()
            self._timer = asyncio.get_running_loop().call_later(left, self._look_again)

    def _has_room(self) -> bool:
        """Those that take too long are not counted any more."""
        if len(self._within) < self._at_once:
            return True
        latest = time.monotonic() - self._hold_seconds
        for who in [who for who, since in self._within.items() if since <= latest]:
            del self._within[who]
        return len(self._within) < self._at_once

    def _look_again(self) -> None:
        self._timer = None
        self._admit()
