"""What a run does to its units: only what the chosen claims need, in lanes that do not wait for each other."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.unit.run.conftest import LabBench

HEAD = """
from pathlib import Path

import pytest

from harness.deadline import Deadline
from harness.experiment import Leaves, experiment
from harness.observation import look
from harness.errors import UnitError

"""


SELECTIONS = {
    "one-claim": (["-k", "test_a_bad_upload_is_refused and key-der"], ["refusals"], 1),
    "one-experiment-of-a-claim": (["-k", "test_the_uploaded_leaf_is_served and ca-signed"], ["ca-signed"], 2),
    "removal-needs-something-to-remove": (["-k", "test_the_factory_pair_is_served"], ["removal"], 2),
}


@pytest.mark.parametrize(("arguments", "done", "restarts"), SELECTIONS.values(), ids=SELECTIONS)
def test_only_what_a_selected_claim_needs_is_done(
    bench: LabBench, arguments: list[str], done: list[str], restarts: int
) -> None:
    outcome = bench.run(bench.lab(bench.emulated("a")), *arguments)

    assert outcome.status == 0, outcome.output
    assert bench.experiments_done("a") == done
    assert f"{restarts} restarts" in outcome.output


def test_a_hung_unit_holds_up_nobody_but_its_own_claims(bench: LabBench) -> None:
    """One process, one pytest thread: the claim of `a` comes first, and waits for that of `b` to be judged."""
    suite = bench.folder / "test_suite.py"
    suite.write_text(
        HEAD
        + """
JUDGED = Path(__file__).with_name("judged")


@experiment(Leaves.WHAT_IT_FOUND, restarts=0)
def looking(unit):
    if unit.place.name == "a":
        Deadline.after(60).wait_for("claim of b", JUDGED.exists)
    return look(unit)


@pytest.mark.about(looking)
def test_is_looked_at(seen, place):
    if place.name == "b":
        JUDGED.touch()
    assert seen.handshake.leaf
"""
    )

    outcome = bench.run(bench.lab(bench.emulated("a"), bench.emulated("b")), tests=suite)

    assert outcome.status == 0, outcome.output


def test_a_test_may_drive_the_unit_itself_after_the_experiments(bench: LabBench) -> None:
    suite = bench.folder / "test_suite.py"
    suite.write_text(
        HEAD
        + """
from harness import catalogue


@experiment(Leaves.WHAT_IT_FOUND, restarts=0)
def looking(unit):
    return look(unit)


def test_of_ones_own(unit):
    material = catalogue.ca_signed(unit.place.address)
    assert unit.upload(material.upload).taken
    unit.restart(Deadline.after(60))
    assert unit.handshake(Deadline.after(60)).presented_chain == material.chain


def test_another(unit):
    assert unit.handshake(Deadline.after(60)).leaf != unit.baseline.leaf


@pytest.mark.about(looking)
def test_is_looked_at(seen):
    assert not seen.condition.reboot_required
"""
    )

    outcome = bench.run(bench.lab(bench.emulated("a"), bench.emulated("b")), tests=suite)

    assert outcome.status == 0, outcome.output
    # One by the test, one back to the baseline: on each.
    assert "4 restarts" in outcome.output


def test_an_experiment_that_the_unit_fails_is_told_once_and_the_next_begins_from_the_baseline(
    bench: LabBench,
) -> None:
    suite = bench.folder / "test_suite.py"
    suite.write_text(
        HEAD
        + """
from harness import catalogue


@experiment(Leaves.CUSTOM_PAIR, restarts=1)
def breaking(unit):
    unit.upload(catalogue.ca_signed(unit.place.address).upload)
    unit.restart(Deadline.after(60))
    raise UnitError("the page is written in verse")


@experiment(Leaves.WHAT_IT_FOUND, restarts=0)
def looking(unit):
    return unit.baseline, look(unit)


@pytest.mark.about(breaking)
@pytest.mark.parametrize("number", range(3))
def test_of_what_broke(seen, number):
    pass


@pytest.mark.about(looking)
def test_is_back_at_the_baseline(seen):
    baseline, now = seen
    assert now.handshake.leaf == baseline.leaf
"""
    )

    outcome = bench.run(bench.lab(bench.emulated("a")), tests=suite)

    assert outcome.status == 1, outcome.output
    said = "a: breaking: the page is written in verse [unit] - 3 claims not answered"
    assert outcome.output.count("the page is written in verse") == 1
    assert said in outcome.output
    assert outcome.of_place("a", "held") == {"test_is_back_at_the_baseline"}


def test_a_bug_of_ours_is_called_one(bench: LabBench) -> None:
    suite = bench.folder / "test_suite.py"
    suite.write_text(
        HEAD
        + """
@experiment(Leaves.WHAT_IT_FOUND, restarts=0)
def looking(unit):
    return {}["no such observation"]


@pytest.mark.about(looking)
def test_is_looked_at(seen):
    pass
"""
    )

    outcome = bench.run(bench.lab(bench.emulated("a")), tests=suite)

    assert outcome.status == 3, outcome.output
    assert outcome.of_place("a", "error") == {"test_is_looked_at"}
    assert "KeyError: 'no such observation'" in outcome.output


def test_an_interrupted_run_leaves_its_units_at_the_baseline(bench: LabBench) -> None:
    with bench.started(bench.lab(bench.emulated("a")), "-m", "smoke") as run:
        assert run.stdout is not None
        next(line for line in run.stdout if "a: self-signed: restarted" in line)
        run.send_signal(signal.SIGINT)
        rest = run.stdout.read()
        status = run.wait()

    assert status == 2, rest
    assert "every unit goes back to its baseline" in rest
    assert "a: going back to the baseline: restarted" in rest


def test_a_suite_may_have_a_fixture_called_place_of_its_own(bench: LabBench) -> None:
    suite = bench.folder / "test_suite.py"
    suite.write_text(
        """
import pytest


@pytest.fixture
def place():
    return "third"


def test_of_something_else(place):
    assert place == "third"
"""
    )

    outcome = bench.run(bench.lab(bench.emulated("a")), tests=suite)

    assert outcome.status == 0, outcome.output
    assert outcome.verdicts == {"test_of_something_else": "held"}
    assert not (bench.folder / "state" / "runs").exists() or not any((bench.folder / "state" / "runs").iterdir())
