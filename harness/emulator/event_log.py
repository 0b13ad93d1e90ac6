"""The unit's event log (device-reference 10)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

KEPT = 200
"""How many entries a unit keeps (mark U)."""


class Severity(Enum):
    """Numbers of the documented syslog severities (mark D)."""

    ERROR = 3
    WARNING = 4
    INFO = 5
    TRACE = 6
    DETAILED_TRACE = 7


@dataclass(frozen=True)
class LogEvent:
    time: datetime
    module: str
    severity: Severity
    text: str

    def __str__(self) -> str:
        return f"{self.time:%d %b %H:%M:%S} {self.module:<12} {self.severity.name.capitalize():<8} {self.text}"


class EventLog:
    """The newest entries, oldest first. Nothing in it may be a secret: the unit shows it to whoever asks."""

    def __init__(self, now: Callable[[], datetime], tell: Callable[[LogEvent], None]) -> None:
        self._now = now
        self._tell = tell
        self.entries: tuple[LogEvent, ...] = ()
        """A tuple: empty it costs nothing, and a deque of one takes 600 octets in each of a thousand units."""

    def record(self, module: str, severity: Severity, text: str) -> None:
        entry = LogEvent(self._now(), module, severity, text)
        self.entries = (*self.entries, entry)[-KEPT:]
        self._tell(entry)
