"""How long what was seen of a unit still holds, as far as anybody here can know."""

from __future__ import annotations

from typing import NamedTuple

LONGEST_SECONDS = 1.0
"""The resolution of a unit's own clock."""


class Moment(NamedTuple):
    """When something was seen."""

    acts: int
    """How often something had been done to the unit that may have changed it."""
    waits: int
    """How often whoever looks had waited for something."""
    at: float
    """Of time.monotonic."""

    def lasts(self, now: Moment) -> bool:
        """Whether nothing was done since, nor waited for, and hardly any time has passed: who looks again would only
        see the same."""
        return (self.acts, self.waits) == (now.acts, now.waits) and now.at - self.at < LONGEST_SECONDS
