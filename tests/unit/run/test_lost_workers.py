"""A worker that dies takes no test with it: everything collected is reported."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.unit.run.conftest import LabBench

SUITE = '''
"""Claims about a unit that was looked at; what happens to the worker is in the middle."""

import os
import signal
from pathlib import Path

import pytest

from harness.experiment import Leaves, experiment
from harness.observation import look

BEEN_HERE = Path(__file__).with_name("been-here")


def die(every_time=False):
    if every_time or not BEEN_HERE.exists():
        BEEN_HERE.touch()
        os.kill(os.getpid(), signal.SIGKILL)


@experiment(Leaves.WHAT_IT_FOUND, restarts=0)
def looking(unit):
    EXPERIMENT
    return look(unit)


pytestmark = pytest.mark.about(looking)


@pytest.mark.parametrize("number", range(5))
def test_before(seen, number):
    assert seen.handshake.leaf


def test_in_the_middle(seen, place):
    CLAIM


@pytest.mark.parametrize("number", range(5))
def test_afterwards(seen, number):
    assert seen.handshake.leaf
'''


def run(bench: LabBench, experiment: str, claim: str) -> tuple[int, dict[str, str], str]:
    suite = bench.folder / "test_suite.py"
    suite.write_text(SUITE.replace("EXPERIMENT", experiment).replace("CLAIM", claim))
    places = [bench.emulated(name) for name in "abc"]
    outcome = bench.run(bench.lab(*places), "-n", "2", tests=suite)
    assert len(outcome.verdicts) == 33, outcome.output
    return outcome.status, outcome.verdicts, outcome.output


def test_a_worker_killed_in_a_claim_costs_that_claim_alone(bench: LabBench) -> None:
    status, verdicts, output = run(bench, "pass", 'place.name == "b" and die(every_time=True)')

    assert status == 10, output
    assert {name for name, verdict in verdicts.items() if verdict == "error"} == {"test_in_the_middle[b]"}
    assert "test_in_the_middle[b]: the worker process was lost while this was asked" in output


def test_a_worker_killed_once_in_an_experiment_costs_nothing(bench: LabBench) -> None:
    """Its replacement does the experiment again: on a unit that has been powered up afresh."""
    status, verdicts, output = run(bench, 'unit.place.name == "b" and die()', "pass")

    assert set(verdicts.values()) == {"held"}, output
    assert status == 0, output


def test_a_place_that_costs_worker_after_worker_is_given_up(bench: LabBench) -> None:
    status, verdicts, output = run(bench, 'unit.place.name == "b" and die(every_time=True)', "pass")

    assert status == 10, output
    lost = {name for name, verdict in verdicts.items() if verdict == "error"}
    assert {name for name in verdicts if name.endswith("[b]") or "[b-" in name} <= lost
    assert "never ran: its worker was lost" in output
    assert "INTERNALERROR" not in output
