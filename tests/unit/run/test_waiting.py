"""A run that is told to wait for places of others says who has them, and drives them afterwards."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

from harness.lease import lease

if TYPE_CHECKING:
    from tests.unit.run.conftest import LabBench

LOOKS = """
from harness.lab import Place
from harness.unit import Unit


def test_a_unit_is_looked_at(place: Place, unit: Unit) -> None:
    assert unit.condition().finished_booting
"""


def test_a_run_waits_for_a_place_and_drives_it_then(bench: LabBench) -> None:
    suite = bench.folder / "test_look.py"
    suite.write_text(LOOKS)
    lab = bench.lab(bench.emulated("a"), bench.emulated("b"))
    with ExitStack() as stack:
        holder = stack.enter_context(ExitStack())
        holder.enter_context(lease("a", bench.folder / "state", "a nightly run"))
        run = stack.enter_context(bench.started(lab, "--wait", "600", tests=suite))
        assert run.stdout is not None
        said = next(line for line in run.stdout if "a: waiting: " in line)
        holder.close()
        rest = run.stdout.read()
        assert run.wait() == 0, rest

    assert "held by process" in said
    assert "(a nightly run)" in said
    assert "2 passed" in rest
