"""Who is in a call on the unit (device-reference 5.4)."""

from __future__ import annotations

from dataclasses import dataclass

from harness.emulator import skin


@dataclass(frozen=True)
class Participant:
    name: str
    conference: str


class Calls:
    """Conferences are permanent: they come back after a restart, empty (5.4, marks I and R)."""

    def __init__(self, settings: skin.Calls) -> None:
        self._settings = settings
        self._connected = settings.participants > 0

    @property
    def conferences(self) -> list[str]:
        return [f"Conference {number}" for number in range(1, self._settings.conferences + 1)]

    @property
    def participants(self) -> list[Participant]:
        if not self._connected:
            return []
        seats = range(1, self._settings.participants + 1)
        return [Participant(f"{name} guest {seat}", name) for name in self.conferences for seat in seats]

    def hang_up(self) -> bool:
        """All participants are disconnected; whether there were any."""
        were_there = bool(self.participants)
        self._connected = False
        return were_there
