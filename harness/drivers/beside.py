"""What stands beside the unit of a place: its outlet, its console server, and the Supervisor of its chassis."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from harness.drivers.known_hosts import KnownHosts
from harness.drivers.power import Outlet, outlet_of
from harness.drivers.ssh import Door
from harness.drivers.supervisor import Blade, blade_of
from harness.drivers.wire import Record
from harness.errors import ConfigurationError
from harness.lab import Place
from harness.transport import Transport
from harness.unit import Way


class Beside:
    """Reached when it is asked for."""

    def __init__(
        self, place: Place, known: KnownHosts, state_dir: Path | None, record: Record, through: Transport
    ) -> None:
        self._place = place
        self._known = known
        self._state_dir = state_dir
        self._record = record
        self._through = through
        self._notices: list[str] = []

    @property
    def notices(self) -> tuple[str, ...]:
        """What was taken on trust, a sentence each."""
        return (*self._known.notices, *self._notices)

    def outlet(self) -> AbstractContextManager[Outlet]:
        return outlet_of(self._place, self._record, self._known, self._through)

    def console_door(self) -> Door:
        """Raises ConfigurationError where there is no console."""
        if self._place.console is None:
            raise ConfigurationError(f"{self._place.name}: has no console: give it a table `console` in the lab file")
        return Door.of(self._place, "console", self._place.console, self._known, self._through)

    @contextmanager
    def blade(self, way: Way) -> Iterator[Blade | None]:
        """The unit as its Supervisor has it, where that is the way."""
        if way is not Way.SUPERVISOR:
            yield None
            return
        with blade_of(self._place, self._record, self._state_dir, self._through) as blade:
            self._notices += (notice for notice in blade.notices if notice not in self._notices)
            yield blade
