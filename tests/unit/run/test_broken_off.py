"""An experiment that cannot go on hands over what it saw: claims about that are answered, the others are blocked."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.unit.run.conftest import LabBench

SUITE = """
from dataclasses import dataclass

import pytest

from harness.errors import {kind}
from harness.experiment import BrokenOff, Leaves, experiment
from harness.observation import Sight


@dataclass(frozen=True)
class Seen:
    before: str
    after: Sight[str]


@experiment(Leaves.WHAT_IT_FOUND, restarts=0)
def falling(unit):
    trouble = {kind}("it fell over")
    raise BrokenOff(Seen("well", Sight(trouble=trouble)), trouble)


pytestmark = pytest.mark.about(falling)


def test_it_was_well_before(seen):
    assert seen.before == "well"


def test_it_falls_over(seen):
    assert seen.after.trouble is None, str(seen.after.trouble)


def test_it_is_well_afterwards(seen):
    assert seen.after.value == "well"
"""


def test_what_was_seen_is_answered_where_the_unit_is_at_fault(bench: LabBench) -> None:
    suite = bench.folder / "test_suite.py"
    suite.write_text(SUITE.format(kind="UnitError"))

    outcome = bench.run(bench.lab(bench.emulated("a")), "-n", "0", tests=suite)

    assert outcome.status == 1, outcome.output
    assert outcome.of_place("a", "held") == {"test_it_was_well_before"}
    assert outcome.of_place("a", "failure") == {"test_it_falls_over"}
    assert outcome.of_place("a", "error") == {"test_it_is_well_afterwards"}
    assert "falling: it fell over [unit]" in outcome.output


def test_nothing_is_answered_where_the_bench_is(bench: LabBench) -> None:
    suite = bench.folder / "test_suite.py"
    suite.write_text(SUITE.format(kind="BenchError"))

    outcome = bench.run(bench.lab(bench.emulated("a")), "-n", "0", tests=suite)

    assert outcome.status == 10, outcome.output
    assert set(outcome.verdicts.values()) == {"error"}
