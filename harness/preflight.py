"""All places looked at, at once, before anything is done to one: who is fit, and who is not and why.

Only questions are sent. One that is not answered excludes a unit only where it cannot be driven without: some have
no API.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from harness.bench import visited
from harness.drivers.gateway import way_to
from harness.errors import ConfigurationError, DeadlineExpired, LabError, UnitError
from harness.journal import Journal
from harness.lab import LabgridPower, Place
from harness.quarantine import BY_ITSELF, Quarantines
from harness.readiness import QUESTIONS, State
from harness.standing import is_to_come
from harness.tls.handshake import HandshakeFailed
from harness.transport import Transport, WayBroken
from harness.triage import greets
from harness.unit import ExaminedUnit

AT_ONCE = 64
CONNECT_SECONDS = 5.0

WRONG_EXCLUDES = frozenset(
    {"model", "serial", "firmware", "login", "session", "state", "served today", "restart", "calls", "clock"}
)
"""Topics of `readiness` on which a wrong answer keeps the suite away; other wrong answers are remarks."""
SILENCE_EXCLUDES = frozenset({"login", "session", "served today"})
"""Those on which no answer does."""


@dataclass(frozen=True)
class Looked:
    """What the preflight of one place has found."""

    place: str
    excluded: str = ""
    """Why nothing is to be done to it; empty where it is fit."""
    remarks: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()
    """Of the unit that was asked."""


def preflight(places: Sequence[Place], state_dir: Path, *, thorough: bool = False) -> list[Looked]:
    """In the order of `places`; those that are not there before a run starts them are fit.

    A unit that is owed something, or in a quarantine that no person has put it into, is asked only if `thorough`: a
    run brings it back first.
    """
    there = [place for place in places if not is_to_come(place, state_dir)]
    with ThreadPoolExecutor(AT_ONCE, "preflight") as pool:
        looked = dict(zip(there, pool.map(lambda place: _looked(place, state_dir, thorough), there), strict=True))
    return [looked.get(place, Looked(place.name)) for place in places]


def _looked(place: Place, state_dir: Path, thorough: bool) -> Looked:  # noqa: FBT001 - passed on
    try:
        quarantine = Quarantines(state_dir).of(place.name)
        if quarantine is not None and quarantine.owner != BY_ITSELF:
            return Looked(place.name, str(quarantine))
        debt = Journal(state_dir).of(place.name)
        if not thorough and (debt is not None or quarantine is not None):
            return Looked(place.name, "", (str(debt or quarantine),))
        with visited(place, state_dir) as unit:
            return replace(_asked(unit, way_to(place, state_dir)), notices=unit.notices)
    except (LabError, UnitError, DeadlineExpired, HandshakeFailed) as error:
        return Looked(place.name, _line(error, place))


def _asked(unit: ExaminedUnit, through: Transport) -> Looked:
    wrong: list[str] = []
    remarks: list[str] = []
    for question in QUESTIONS:
        try:
            finding = question.look(unit)
        except (LabError, UnitError, DeadlineExpired, HandshakeFailed) as error:
            excludes, said = question.topic in SILENCE_EXCLUDES, _line(error, unit.place)
            if excludes and isinstance(error, ConfigurationError):
                # A third wrong password would lock the account (device-reference 3.4): nothing more is asked.
                return Looked(unit.place.name, f"{question.topic}: {said}")
        else:
            if finding.state is not State.MISSING:
                continue
            excludes, said = question.topic in WRONG_EXCLUDES, finding.found
        (wrong if excludes else remarks).append(f"{question.topic}: {said}")
    if not _has_way_back(unit.place, through):
        wrong.append("way back in: no HTTP, no console and no outlet answers: a bad pair would lock everybody out")
    return Looked(unit.place.name, "; ".join(wrong), tuple(remarks))


def _has_way_back(place: Place, through: Transport) -> bool:
    """Whether somebody gets in without HTTPS."""
    if isinstance(place.power, LabgridPower):
        # Whether it answers has been asked, and is among the remarks.
        return True
    if any(line is not None and greets(line, through) for line in (place.console, place.power)):
        return True
    try:
        through.connect(place.address, place.ports.http, CONNECT_SECONDS).close()
    except (OSError, WayBroken):
        return False
    return True


def _line(error: Exception, place: Place) -> str:
    return " ".join(str(error).split()).removeprefix(f"{place.name}: ")
