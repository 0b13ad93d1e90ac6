"""The unit's own clock and what it remembers of its last start."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

UP_BEFORE = timedelta(days=1)
"""How long a unit has been running when its emulation begins: it was there before whoever drives it."""


class Clock:
    """Answers in whole seconds, as the API prints them, and never shows two starts within one."""

    def __init__(self) -> None:
        self._ahead = timedelta()
        self._wrong_by = timedelta()
        self._started = self._exact() - UP_BEFORE
        self._restart_time = self._started.replace(microsecond=0)

    def now(self) -> datetime:
        return (self._exact() + self._wrong_by).replace(microsecond=0)

    def ahead_by(self, seconds: float) -> None:
        """From now on show a time that is so far from the right one."""
        self._wrong_by = timedelta(seconds=seconds)

    @property
    def restart_time(self) -> datetime:
        """What the clock showed at the start."""
        return self._restart_time

    @property
    def uptime(self) -> int:
        return int((self._exact() - self._started).total_seconds())

    def start(self) -> None:
        """Begin counting anew."""
        # A real restart takes minutes. One that takes less than a second would leave restartTime, the best proof
        # of a restart there is (device-reference 7.2, mark I), as it was: then the clock is put ahead.
        earliest = self._started.replace(microsecond=0) + timedelta(seconds=1)
        self._ahead += max(timedelta(), earliest - self._exact())
        self._started = self._exact()
        self._restart_time = self.now()

    def _exact(self) -> datetime:
        return datetime.fromtimestamp(time.time(), UTC).replace(tzinfo=None) + self._ahead
