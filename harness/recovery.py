"""A unit that may have been hurt is brought back to its baseline: one rung after the other, the gentlest first.

Each rung begins only where the one before has failed. How long it may take is learned from that place's history.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from certstore import UploadRefused
from harness.bench import Bench
from harness.deadline import Deadline
from harness.drivers.known_hosts import KnownHosts
from harness.drivers.power import outlet_of
from harness.drivers.supervisor import blade_of
from harness.drivers.wire import Broken, NotOpen
from harness.errors import BenchError, ConfigurationError, DeadlineExpired, LabError, UnitError
from harness.evidence import Evidence
from harness.lab import Place
from harness.progress import Done, Said, Tell
from harness.restitution import Restitution
from harness.tls.handshake import HandshakeFailed
from harness.transport import Transport, WayBroken
from harness.unit import Unit, Way

LOOK_SECONDS = 1.0
OFF_SECONDS = 10.0
"""How long a unit may live on what its power supply has left."""
DOWN_SECONDS = 60.0
"""How long a blade may take to go down when its Supervisor has told it to."""
DOWN_LOOK_SECONDS = 0.1
SPARE_SECONDS = 30.0
REMEMBERED = 20


@dataclass(frozen=True)
class Rung:
    """One way of bringing a unit back, and what it needs."""

    name: str
    way: Way
    applies: Callable[[Place], bool]


RUNGS = (
    Rung("log in again, restart by web", Way.WEB, lambda place: True),
    Rung("log in again, restart by API", Way.API, lambda place: place.has("api")),
    Rung("restart by its Supervisor", Way.SUPERVISOR, lambda place: place.supervisor is not None),
    Rung(
        "restart at the console",
        Way.CONSOLE,
        lambda place: place.has("console") and place.console is not None and place.console.reboot is not None,
    ),
    Rung("power cycle", Way.POWER, lambda place: place.has("power")),
)


class NotRecovered(Exception):
    """The ladder has ended, and the unit is not at its baseline."""

    def __init__(self, place: str, tried: list[tuple[str, Exception]]) -> None:
        super().__init__(place, tried)
        self.place = place
        self.tried = tried

    @property
    def is_of_the_bench(self) -> bool:
        """Whether no rung got as far as to see the unit misbehave."""
        return not any(isinstance(error, UnitError | UploadRefused) for _, error in self.tried)

    def __str__(self) -> str:
        return "; ".join(f"{rung}: {' '.join(str(error).split())}" for rung, error in self.tried)


def recover(bench: Bench, place: Place, tell: Tell) -> str:
    """The unit of a leased place serves its baseline, which a handshake has shown; by which rung.

    Raises NotRecovered where no rung could do it, ConfigurationError at once where the lab file is in the way.
    """
    history = History(bench.state_dir, place)
    tried: list[tuple[str, Exception]] = []
    for rung in RUNGS:
        if not rung.applies(place):
            continue
        began = time.monotonic()
        try:
            _climb(bench, place, rung, Deadline.after(history.budget(rung)))
        except ConfigurationError:
            raise
        except (LabError, UnitError, UploadRefused, DeadlineExpired, HandshakeFailed) as error:
            tried.append((rung.name, error))
            history.note(rung, time.monotonic() - began, str(error))
            tell(Said(f"{place.name}: {rung.name}: {' '.join(str(error).split())}"))
            continue
        history.note(rung, time.monotonic() - began, "")
        tell(Done(place.name, f"back at its baseline: {rung.name}", time.monotonic() - began))
        return rung.name
    raise NotRecovered(place.name, tried)


def _climb(bench: Bench, place: Place, rung: Rung, deadline: Deadline) -> None:
    if rung.way is Way.POWER:
        _cycle(bench, place)
    if rung.way is Way.CONSOLE:
        _reboot(bench, place, deadline)
    if rung.way is Way.SUPERVISOR:
        _restart_blade(bench, place, deadline)
    way = Way.API if rung.way is Way.API else Way.WEB
    with opened(bench, place, deadline) as (unit, _):
        if way is Way.API and Way.API not in unit.ways():
            raise BenchError(f"{place.name}: its API has no restart")
        restitution = Restitution(unit, bench.journal, bench.doing, passing=bench.is_passing(place))
        restitution.go_back(deadline, way)


@contextmanager
def opened(bench: Bench, place: Place, deadline: Deadline) -> Iterator[tuple[Unit, Evidence]]:
    """The unit of a leased place, as soon as it answers: it may be in the middle of a start."""
    with ExitStack() as stack:

        def look() -> tuple[Unit, Evidence] | None:
            try:
                return stack.enter_context(bench.open(place))
            except (NotOpen, Broken, WayBroken, HandshakeFailed):
                if deadline.expired:
                    raise
                return None

        yield deadline.wait_for(f"answer of {place.name}", look, LOOK_SECONDS)


def _restart_blade(bench: Bench, place: Place, deadline: Deadline) -> None:
    """Its Supervisor was told to restart it, whatever the unit itself has to say."""
    through = bench.way_to(place)
    with (
        bench.recording(place) as evidence,
        blade_of(place, evidence.note, bench.state_dir, through) as blade,
    ):
        blade.press(blade.restart_button(deadline))
    # One that hangs may be silent already, and one that is quick be back between two looks.
    with suppress(DeadlineExpired):
        Deadline.after(deadline.at_most(DOWN_SECONDS)).wait_for(
            "silence", lambda: not answers(place, through), DOWN_LOOK_SECONDS
        )


def _cycle(bench: Bench, place: Place) -> None:
    """The power went and came. Raises BenchError where the unit still answers with its outlet off."""
    through = bench.way_to(place)

    def is_off() -> None:
        soon = Deadline.after(OFF_SECONDS)
        try:
            soon.wait_for("silence", lambda: not answers(place, through), LOOK_SECONDS)
        except DeadlineExpired:
            raise BenchError(
                f"{place.name}: its outlet is off, and it still answers: is the PDU well, and is this its outlet?"
            ) from None

    known = KnownHosts(bench.state_dir)
    with bench.recording(place) as evidence, outlet_of(place, evidence.note, known, through) as outlet:
        outlet.interrupt(is_off)


def _reboot(bench: Bench, place: Place, deadline: Deadline) -> None:
    """It was told at its console to restart, and has begun to. Raises BenchError where nobody is attached there."""
    console, through = bench.console(place), bench.way_to(place)
    if console is None:
        raise BenchError(f"{place.name}: nobody listens at its console")
    began = time.monotonic()
    console.reboot()

    def has_begun() -> bool:
        return bool(console.starts_since(began)) or not answers(place, through)

    deadline.wait_for(f"start of {place.name} at its console", has_begun, LOOK_SECONDS)


def answers(place: Place, through: Transport) -> bool:
    """Whether a port of its web takes connections. Raises WayBroken where nobody knows."""
    for port in (place.ports.http, place.ports.https):
        try:
            through.connect(place.address, port, LOOK_SECONDS).close()
        except OSError:
            continue
        return True
    return False


class History:
    """How long each rung took at a place, and whether it helped."""

    def __init__(self, state_dir: Path, place: Place) -> None:
        self._file = state_dir / "recovery" / f"{place.name}.jsonl"
        self._most = place.restart_timeout

    def budget(self, rung: Rung) -> float:
        """Seconds: twice the longest that helped of late, and some; at most, and at first, `restart_timeout`."""
        helped = [float(one["seconds"]) for one in self._entries() if one["rung"] == rung.name and not one["reason"]]
        longest = max(helped[-REMEMBERED:], default=self._most)
        return min(self._most, 2 * longest + SPARE_SECONDS)

    def note(self, rung: Rung, seconds: float, reason: str) -> None:
        """An empty `reason` is success. Not written where it cannot be: the unit matters more."""
        line = json.dumps({"rung": rung.name, "seconds": round(seconds, 1), "reason": reason})
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with self._file.open("a", encoding="utf-8") as file:
                file.write(line + "\n")
        except OSError:
            return

    def _entries(self) -> list[dict[str, float | str]]:
        try:
            return [json.loads(line) for line in self._file.read_text(encoding="utf-8").splitlines()]
        except (OSError, ValueError):
            return []
