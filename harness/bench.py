"""Place -> live unit: the one module that names concrete drivers.

A bench belongs to one process. It leases the places that the process was given, starts those that are emulated,
and opens units on request. A place that cannot be had is an incident of that place; it stops no other.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from harness.drivers.console import Console, captured
from harness.drivers.emulated import emulated_units
from harness.drivers.gateway import way_to
from harness.drivers.mcu import Mcu, open_unit
from harness.drivers.wire import NotOpen, Record
from harness.errors import BenchError, LabError
from harness.evidence import FORMAT, Evidence, console_file, evidence_file
from harness.journal import Journal
from harness.lab import Place
from harness.lease import Check, PlaceTaken, leased
from harness.quarantine import Quarantines
from harness.secrecy.known import Secrets, passwords_of
from harness.standing import stands
from harness.tls.client_pair import ClientPair
from harness.tls.handshake import Endpoint
from harness.transport import Transport
from harness.unit import ExaminedUnit, OccupiedUnit, Unit
from harness.until import Until

KEPT: list[ExitStack] = []
"""Leases that end with the process. A context that nobody refers to is closed by the collector of garbage."""


class Bench:
    """The places of one process, from the lease to the live unit."""

    def __init__(
        self,
        places: Sequence[Place],
        state_dir: Path,
        run_dir: Path,
        doing: str,
        wait: float = 0.0,
        until: Until | None = None,
    ) -> None:
        """`wait` is how many seconds `held` waits for a place that somebody else holds, but not beyond `until`."""
        self.places = tuple(places)
        self._state_dir = state_dir
        self._run_dir = run_dir
        self._doing = doing
        self._wait = wait
        self.secrets = Secrets()
        """What is uploaded, for whoever proves that it is written nowhere."""
        self._go_on = None if until is None else until.check
        self._stack = ExitStack()
        self._lacking: dict[str, LabError] = {}
        self._leases: dict[str, tuple[Check, ExitStack]] = {}
        self._awaited: set[str] = set()
        self._consoles: dict[str, Console] = {}
        """Those that are listened at."""
        self._standing = frozenset(
            place.name for place in places if place.emulated is not None and stands(place.name, state_dir)
        )
        """Emulated units that somebody keeps: they are driven as they stand."""
        self._ready = threading.Event()
        self._starter = threading.Thread(target=self._start, name="bench", daemon=True)

    def __enter__(self) -> Bench:
        """Leases are taken and emulated units started in the background: `open` waits for them."""
        self._starter.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._starter.join()
        self._stack.close()

    def _start(self) -> None:
        try:
            for place in self.places:
                try:
                    self._lease(place)
                except PlaceTaken as error:
                    if self._wait:
                        self._awaited.add(place.name)
                    else:
                        self._lacking[place.name] = error
                except LabError as error:
                    self._lacking[place.name] = error
            self._start_emulated([place for place in self.places if place.name in self._leases], self._stack)
        finally:
            self._ready.set()

    def _lease(self, place: Place, wait: float = 0.0, told: Callable[[str], None] | None = None) -> ExitStack:
        """What it holds is given back with the bench, unless it is closed before."""
        held = ExitStack()
        check = held.enter_context(leased(place, self._state_dir, self._doing, wait, told, self._go_on))
        self._stack.push(held)
        self._leases[place.name] = check, held
        return held

    def _start_emulated(self, places: Sequence[Place], stack: ExitStack) -> None:
        places = [place for place in places if self.is_passing(place)]
        if not places:
            return
        try:
            emulation = stack.enter_context(emulated_units(places))
        except LabError as error:
            self._lacking |= dict.fromkeys((place.name for place in places), error)
        else:
            self._lacking |= {name: BenchError(reason) for name, reason in emulation.failed.items()}

    @property
    def journal(self) -> Journal:
        return Journal(self._state_dir)

    @property
    def quarantines(self) -> Quarantines:
        return Quarantines(self._state_dir)

    @property
    def state_dir(self) -> Path:
        return self._state_dir

    @property
    def doing(self) -> str:
        return self._doing

    def way_to(self, place: Place) -> Transport:
        """How its unit, and what belongs to it, is reached."""
        return way_to(place, self._state_dir)

    def recording(self, place: Place) -> Evidence:
        """The evidence file of this place, open."""
        evidence = Evidence(evidence_file(self._run_dir, place.name), passwords_of(place))
        evidence.during = "opening the unit"
        evidence.note(
            "opened",
            {
                "format": FORMAT,
                "place": place.name,
                "model": place.model,
                "address": place.address,
                "doing": self._doing,
            },
        )
        return evidence

    def is_passing(self, place: Place) -> bool:
        """Whether its unit is an emulated one that is started here, and ends with this process."""
        return place.emulated is not None and place.name not in self._standing

    @contextmanager
    def held(self, place: Place, told: Callable[[str], None]) -> Iterator[None]:
        """The place is leased for the block, its console is captured, and its unit can be opened; `told` hears who
        holds it while it is waited for. Raises BenchError or ConfigurationError where the place cannot be had,
        TimeIsUp where it came to that."""
        self._ready.wait()
        if place.name in self._awaited:
            self._start_emulated([place], self._lease(place, self._wait, told))
        if place.name in self._lacking:
            raise self._lacking[place.name]
        _, held = self._leases[place.name]
        try:
            with captured(place, self._state_dir, console_file(self._run_dir, place.name)) as console:
                if console is not None:
                    self._consoles[place.name] = console
                yield
        finally:
            if not self.is_passing(place) or place.name in self._awaited:
                # Whoever waits for it need not wait for our other places. Emulated ones are of one process.
                held.close()

    def never_give_back(self, place: Place) -> None:
        """The place stays ours for as long as this process lives: somebody here may still be at its unit."""
        if place.name in self._leases:
            _, held = self._leases[place.name]
            KEPT.append(held.pop_all())

    @contextmanager
    def open(self, place: Place) -> Iterator[tuple[Unit, Evidence]]:
        """The live unit of a held place, with the evidence file in which all that is sent to it is noted.

        Raises BenchError where it cannot be reached, ConfigurationError where its password cannot be found.
        """
        check, _ = self._leases[place.name]
        console = self._consoles.get(place.name)
        with (
            self.recording(place) as evidence,
            open_unit(place, evidence.note, check, self._state_dir, console) as unit,
        ):
            yield unit, evidence

    def console(self, place: Place) -> Console | None:
        """Who listens at the console of a held place."""
        return self._consoles.get(place.name)


def endpoint_of(place: Place, state_dir: Path) -> Endpoint:
    """The HTTPS port of its unit. Raises ConfigurationError where its client certificate cannot be used."""
    return Endpoint(place.address, place.ports.https, ClientPair.of(place), way_to(place, state_dir))


@contextmanager
def administered(place: Place, state_dir: Path, run_dir: Path, doing: str) -> Iterator[tuple[OccupiedUnit, Evidence]]:
    """The unit of one place, leased, as it is found: an emulated one is not started, but has to be there.

    Raises BenchError where somebody else holds the place or the unit does not answer, ConfigurationError where its
    password cannot be found.
    """
    with (
        leased(place, state_dir, doing) as check,
        Evidence(evidence_file(run_dir, place.name), passwords_of(place)) as evidence,
        captured(place, state_dir, console_file(run_dir, place.name)) as console,
        _found_open(place, evidence.note, check, state_dir, console) as unit,
    ):
        yield unit, evidence


@contextmanager
def visited(place: Place, state_dir: Path) -> Iterator[ExaminedUnit]:
    """The unit of a place, to be asked and not changed: no lease is taken, and nothing is recorded."""
    with _found_open(place, lambda _kind, _facts: None, lambda: None, state_dir) as unit:
        yield unit


@contextmanager
def explored(place: Place, state_dir: Path, record: Record, doing: str) -> Iterator[Mcu]:
    """The unit of a place that nobody has seen before, leased, with the means to look at all of it; `record` is told
    of every exchange. Its web session is given back at the end, come what may."""
    with leased(place, state_dir, doing) as check, _found_open(place, record, check, state_dir) as unit:
        yield unit


@contextmanager
def _found_open(
    place: Place, record: Record, check: Check, state_dir: Path, console: Console | None = None
) -> Iterator[Mcu]:
    """A unit that is there, since nobody here starts it."""
    with ExitStack() as stack:
        try:
            unit = stack.enter_context(open_unit(place, record, check, state_dir, console))
        except NotOpen as error:
            if place.emulated is None:
                raise
            raise BenchError(f"{error}; an emulated unit has to be running: mcu-hil emulate") from None
        yield unit
