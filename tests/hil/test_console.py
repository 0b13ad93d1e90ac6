"""What the console says of a restart: it is the witness that a unit cannot talk to (device-reference 9)."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from harness.deadline import Deadline
from harness.errors import BenchError
from harness.experiment import Leaves, Selection, experiment
from harness.profile import Characterised, line
from harness.unit import Identity, Unit, Way


@dataclass(frozen=True)
class Witnessed:
    """One restart, as its console told it."""

    starts: tuple[str, ...]
    identity: Identity
    way: Way
    reason: str
    """Of the restart log; empty where there is none."""


@experiment(Leaves.WHAT_IT_FOUND, restarts=1, selection=Selection.FULL, needs=["console"])
def console_witness(unit: Unit) -> Witnessed:
    """A restart at the console where the lab file says how, otherwise by web."""
    way = Way.CONSOLE if Way.CONSOLE in unit.ways() else Way.WEB
    restart = unit.restart(Deadline.after(unit.place.restart_timeout), way)
    if restart.starts is None:
        raise BenchError(
            f"{unit.place.name}: nobody listened at its console all the time: {'; '.join(unit.notices[-1:])}"
        )
    log = unit.restart_log()
    return Witnessed(restart.starts, unit.identity, way, log[-1].reason if log else "")


pytestmark = pytest.mark.about(console_witness)


def test_the_console_says_once_that_the_unit_starts(seen: Witnessed) -> None:
    """`… (Build 6.17(0.36)) starting` (device-reference 9, mark D)."""
    assert len(seen.starts) == 1, f"for one restart the console said {list(seen.starts)}"


def test_the_console_names_the_firmware_that_the_unit_tells(seen: Witnessed) -> None:
    assert [one for one in seen.starts if seen.identity.software_version in one] == list(seen.starts[:1])


def test_the_restart_log_names_this_way_as_ever(seen: Witnessed, characterised: Characterised) -> None:
    """`console` is among the documented reasons (device-reference 7.5)."""
    characterised(f"restart-log/reason-by-{seen.way}-with-console", line(seen.reason))
