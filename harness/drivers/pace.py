"""How often a unit is asked while it is waited for."""

from __future__ import annotations

from dataclasses import dataclass

from harness.lab import Place


@dataclass(frozen=True)
class Pace:
    every: float
    """Seconds between two looks."""
    https_grace: float
    """How long HTTPS may stay closed after HTTP is back before it counts as closed."""
    by_itself: float
    """How long it is left alone to see whether it does something by itself: a little longer than a shutdown takes to
    begin."""

    @classmethod
    def of(cls, place: Place) -> Pace:
        """A real unit takes minutes and is spared (device-reference 5.3 advises 5 s); an emulated one is quick."""
        if place.emulated is None:
            return cls(every=3.0, https_grace=30.0, by_itself=3.0)
        seconds = place.emulated.restart_seconds
        return cls(every=min(0.5, max(0.1, seconds / 8)), https_grace=1.0, by_itself=min(1.5, 0.3 * seconds))
