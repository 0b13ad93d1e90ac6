"""Until when a run begins something new: a moment, or as soon as somebody asks it to end.

What is under way is finished, and every unit goes back to its baseline. What was not begun is reported as not done.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from harness.errors import ConfigurationError, TimeIsUp

STOP_FILE = "stop"
"""In a run's folder: once it is there, nothing more is begun."""


@dataclass(frozen=True)
class Until:
    """All processes of a run look at the same file and at the same clock."""

    stop: Path
    moment: datetime | None = None
    """With its offset from UTC; None for no end."""

    @property
    def seconds_left(self) -> float:
        """Infinite without a moment, 0 once it has come or the run was asked to end."""
        if self.stop.exists():
            return 0.0
        if self.moment is None:
            return float("inf")
        return max(0.0, (self.moment - datetime.now(self.moment.tzinfo)).total_seconds())

    def check(self, seconds: float = 0.0) -> None:
        """Raises TimeIsUp where something that takes so long is not to be begun now."""
        if self.stop.exists():
            raise TimeIsUp("not begun: the run was asked to end")
        if self.moment is not None and self.seconds_left <= seconds:
            takes = f"it may take {seconds:.0f} s, and " if seconds else ""
            raise TimeIsUp(f"not begun: {takes}the run was to end at {self.moment.isoformat(' ', 'minutes')}")


def moment_of(text: str, now: datetime) -> datetime:
    """`06:00`, the next time that it is so late; or a date with a time, ISO 8601, local where it names no offset.

    Raises ConfigurationError.
    """
    try:
        if re.fullmatch(r"\d\d?:\d\d", text):
            hour, minute = map(int, text.split(":"))
            today = now.astimezone().replace(hour=hour, minute=minute, second=0, microsecond=0)
            return today if today > now else today + timedelta(days=1)
        return datetime.fromisoformat(text).astimezone()
    except ValueError:
        raise ConfigurationError(f"--until is {text!r}: want a time as 06:00 or 2026-11-24T06:00") from None
