"""Claims of a user's own may ask for more than what was observed: each gets it, with workers and without."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

if TYPE_CHECKING:
    from tests.unit.run.conftest import LabBench

SUITE = '''
"""Some need only what was observed, others a fixture, a mark, or a place to print to."""

import logging

import pytest

from harness.experiment import Leaves, experiment
from harness.observation import look


@experiment(Leaves.WHAT_IT_FOUND, restarts=0)
def looking(unit):
    return look(unit)


@pytest.fixture(scope="module")
def counted():
    names = []
    yield names
    assert names


@pytest.mark.about(looking)
@pytest.mark.parametrize("number", range(3))
def test_plain(seen, number):
    assert seen.handshake.leaf
    assert number in range(3)


@pytest.mark.about(looking)
def test_with_a_fixture(seen, place, counted, tmp_path):
    counted.append(place.name)
    assert tmp_path.is_dir()


@pytest.mark.about(looking)
def test_that_prints_and_fails(seen):
    print("said before it failed")
    logging.getLogger("a claim").warning("noted before it failed")
    assert not seen.handshake.leaf, "on purpose"


@pytest.mark.about(looking)
@pytest.mark.xfail(reason="expected", strict=True)
def test_that_is_marked(seen):
    assert not seen.handshake.leaf


@pytest.mark.about(looking)
def test_that_skips(seen):
    pytest.skip("no reason")


def test_without_a_unit(tmp_path):
    assert tmp_path.is_dir()
'''


@pytest.mark.parametrize("workers", ["0", "2"])
def test_each_claim_gets_what_it_asks_for(bench: LabBench, workers: str) -> None:
    suite = bench.folder / "test_suite.py"
    suite.write_text(SUITE)

    outcome = bench.run(bench.lab(bench.emulated("a"), bench.emulated("b")), "-n", workers, tests=suite)

    assert outcome.status == 1, outcome.output
    assert "INTERNALERROR" not in outcome.output
    assert len(outcome.verdicts) == 2 * 7 + 1, outcome.output
    assert outcome.of_place("a", "failure") == outcome.of_place("b", "failure") == {"test_that_prints_and_fails"}
    assert outcome.of_place("a", "skipped") == {"test_that_is_marked", "test_that_skips"}
    assert outcome.verdicts["test_without_a_unit"] == "held"
    assert "said before it failed" in outcome.output
    assert "noted before it failed" in outcome.output
    cases = {case.get("name"): case for case in ET.parse(bench.folder / "junit.xml").getroot().iter("testcase")}
    for name, verdict in (("test_plain[a-1]", "held"), ("test_that_prints_and_fails[b]", "failed")):
        told = {one.get("name"): one.get("value") for one in cases[name].iter("property")}
        assert told["verdict"] == verdict
        assert told["firmware"]


CONFTEST = """
from pathlib import Path

import pytest


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    with Path(__file__).with_name("called").open("a") as called:
        called.write(f"{item.name}\\n")
    return (yield)
"""


def test_whoever_takes_part_in_calls_takes_part_in_each(bench: LabBench) -> None:
    """Though most claims need nothing of pytest's hooks; a conftest.py in a folder below is read last of all."""
    folder = bench.folder / "suite"
    folder.mkdir()
    (folder / "conftest.py").write_text(CONFTEST)
    (folder / "test_suite.py").write_text(SUITE)

    outcome = bench.run(bench.lab(bench.emulated("a")), "-k", "test_plain", tests=bench.folder)

    assert outcome.status == 0, outcome.output
    assert (folder / "called").read_text().split() == [f"test_plain[a-{number}]" for number in range(3)]
