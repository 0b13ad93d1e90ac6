"""Walks part a unit with a defect from the model, are made short, and are told so that a person can repeat them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, cast

import pytest

from certstore import Upload, firmware_named
from harness.deadline import Deadline
from harness.drivers.emulated import Emulation, emulated_units
from harness.drivers.mcu import Mcu, open_unit
from harness.errors import BenchError, DeadlineExpired, UnitError
from harness.exploring import explore
from harness.lab import Lab
from harness.tls.handshake import HandshakeFailed
from harness.walk import START, Act, Budget, Step, Steps, Walker, all_steps, shrink
from tests.loopback import address

if TYPE_CHECKING:
    from harness.unit import Restart, Unit

SECONDS = 120.0
"""Longer than anything here takes."""
FIRMWARE = firmware_named("4.3(2.18)")
A, B = Step(Act.UPLOAD, "A"), Step(Act.UPLOAD, "B")
BAD = Step(Act.BAD_UPLOAD, "wrong-passphrase")
CUT, REMOVE, RESTART = Step(Act.CUT_UPLOAD, "B"), Step(Act.REMOVE), Step(Act.RESTART)
POWER, POWER_IN_B = Step(Act.POWER), Step(Act.POWER_IN_UPLOAD, "B")

LAST_WRITES = range(14, 21)
"""Of the flash operations that store a pair of this size: where files get their names."""


@contextmanager
def emulated(defect: str | None = None) -> Iterator[tuple[Mcu, Emulation]]:
    outlet = {"ssh": address(), "port": 2222, "user": "lab", "on": "on 7", "off": "off 7"}
    table = {
        "name": "unit",
        "model": "MCU 4505",
        "address": address(),
        "ports": {"http": 8080, "https": 8443, "sip_tls": 5061},
        "restart_timeout": 60.0,
        "emulated": {"firmware": "4.3(2.18)", "restart_seconds": 0.1, "defect": defect},
        "power": outlet,
    }
    [place] = Lab.model_validate({"place": [table]}).places
    with emulated_units([place]) as emulation, open_unit(place) as unit:
        assert not emulation.failed
        yield unit, emulation


def budget(starts: int) -> Budget:
    return Budget(starts, shrinking_starts=12, deadline=Deadline.after(SECONDS))


# Defect: a walk that shows it, and the steps after the way to the start that it takes at least.
PARTING: dict[str, tuple[Steps, Steps]] = {
    "refused-upload-clears-pair": ((B, CUT, BAD, RESTART), (BAD,)),
    "pair-lost-on-power-cut": ((CUT, B, POWER), (B, POWER)),
    "removed-pair-returns": ((BAD, REMOVE, CUT, RESTART), (REMOVE, RESTART)),
}


@pytest.mark.parametrize("defect", PARTING)
def test_a_walk_that_parts_unit_and_model_is_made_short(defect: str) -> None:
    steps, shortest = PARTING[defect]
    with emulated(defect) as (unit, _):
        walker = Walker(unit, FIRMWARE)

        found = walker.walk(steps)
        assert found is not None
        smallest, ending = shrink(walker, found, budget(0))

        script = smallest.script(walker.fingerprints)
        assert smallest.steps[len(START) :] in (shortest, shortest[-1:])
        assert ending == "no step can be left out of it"
        assert script.startswith(f"pair A: a leaf with two intermediates, here sha256:{walker.fingerprints['A']}\n")
        assert "\n1. Network > SSL certificates: choose the files of pair A" in script
        assert "\nthe model then has " in script
        assert "PRIVATE" not in script


class CutInFlash:
    """The unit, whose power goes in the middle of writing: an outlet cannot be switched so exactly."""

    def __init__(self, unit: Mcu, emulation: Emulation, operations: int) -> None:
        self._unit = unit
        self._emulation = emulation
        self._operations = operations

    def __getattr__(self, name: str) -> object:
        return getattr(self._unit, name)

    def power_cut(self, deadline: Deadline, uploading: Upload) -> Restart | None:
        boots = self._emulation.truth("unit").boots
        self._emulation.cut_power_after("unit", self._operations)
        with suppress(BenchError, UnitError, HandshakeFailed, DeadlineExpired):
            self._unit.upload(uploading)
            # All of it was written before: the power goes afterwards.
            self._emulation.cut_power("unit")

        def is_back() -> bool:
            truth = self._emulation.truth("unit")
            return truth.boots > boots and truth.phase == "active"

        deadline.wait_for("start after the power cut", is_back)
        return None


@pytest.mark.parametrize(("defect", "parts"), [(None, False), ("pair-mixed-by-power-cut", True)])
def test_a_pair_that_is_mixed_when_the_power_goes_in_an_upload_is_found(defect: str | None, *, parts: bool) -> None:
    with emulated(defect) as (unit, emulation):
        found = []
        for operations in LAST_WRITES:
            walker = Walker(cast("Unit", CutInFlash(unit, emulation, operations)), FIRMWARE)
            if departure := walker.walk((POWER_IN_B,)):
                found.append(departure)

        assert bool(found) is parts
        assert all(one.steps == (*START, POWER_IN_B) for one in found)
        assert all(one.model == "pair A stored and pair A served or pair B stored and pair B served" for one in found)


def test_random_walks_find_a_defect_and_tell_it() -> None:
    with emulated("second-upload-ignored") as (unit, _):
        explored = explore(unit, FIRMWARE, budget(40), seed=1)

    assert explored.departure is not None
    assert "the model then has" in explored.script
    assert "seed 1)" in explored.script


def test_random_walks_leave_a_healthy_unit_and_the_model_together() -> None:
    with emulated() as (unit, _):
        explored = explore(unit, FIRMWARE, budget(5), seed=2)

    assert explored.departure is None
    assert explored.walks > 1
    assert explored.starts >= 5


def test_every_act_is_among_the_steps_and_power_where_there_is_an_outlet() -> None:
    assert {step.act for step in all_steps(has_power=True)} == set(Act)
    assert {step.act for step in all_steps(has_power=False)} == set(Act) - {Act.POWER, Act.POWER_IN_UPLOAD}
