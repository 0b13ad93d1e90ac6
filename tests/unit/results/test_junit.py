"""Runs that come from JUnit XML: ours, and what was written before there were properties."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import ConfigurationError
from harness.fault import Verdict
from harness.lab import Lab, load_lab
from harness.results.junit import run_of

LAB = """
[lab]
name = "rack"

[[place]]
name = "rack-2"
model = "MCU 4505"
address = "192.0.2.2"

[[place]]
name = "rack-2-8510"
model = "MCU MSE 8510"
address = "192.0.2.3"
"""

SUITE = """<?xml version="1.0" encoding="utf-8"?><testsuites name="pytest tests"><testsuite name="pytest" errors="1"
failures="1" skipped="2" tests="7" time="61.5" timestamp="2026-11-01T22:00:00.5+01:00"
hostname="runner">{}</testsuite>
</testsuites>"""

WITHOUT_PROPERTIES = """
<testcase classname="tests.hil.test_replacement" name="test_is_served[rack-2-ca-signed]" time="0.011" />
<testcase classname="tests.hil.test_replacement" name="test_is_served[rack-2-8510-ca-signed]" time="0.012">
  <failure message="AssertionError">assert 1 == 2</failure></testcase>
<testcase classname="tests.hil.test_own.TestOwn" name="test_mine[rack-2]"><error message="x">rack-2: opening the unit:
no connection [bench]</error></testcase>
<testcase classname="tests.hil.test_own" name="test_bug[rack-2]"><error>Traceback [our own bug]</error></testcase>
<testcase classname="tests.hil.test_own" name="test_known[rack-2]">
<skipped type="pytest.xfail" message="T-1"/></testcase>
<testcase classname="tests.hil.test_own" name="test_power[rack-2]">
<skipped type="pytest.skip" message="no"/></testcase>
<testcase classname="tests.unit.test_x" name="test_of_no_place" time="1" />
"""

WITH_PROPERTIES = """
<testcase classname="tests.hil.test_replacement" name="test_is_served[gone]" time="0.5"><properties>
<property name="place" value="gone" /><property name="model" value="MCU 4203" />
<property name="verdict" value="failed" />
<property name="serial" value="SM00001" /><property name="firmware" value="4.3(2.18)" />
<property name="evidence" value="/state/runs/20261101T220000-77/evidence/gone.jsonl" /></properties>
<failure message="x">test_is_served</failure></testcase>
"""


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    (tmp_path / "lab.toml").write_text(LAB)
    return load_lab(tmp_path / "lab.toml")


def written(folder: Path, text: str) -> Path:
    (folder / "junit.xml").write_text(text)
    return folder / "junit.xml"


def test_without_properties_a_place_is_known_by_the_lab_file(tmp_path: Path, lab: Lab) -> None:
    run = run_of(written(tmp_path, SUITE.format(WITHOUT_PROPERTIES)), lab)

    assert (run.lab, run.host, run.started.timestamp()) == ("rack", "runner", 1793566800.5)
    assert run.ended is not None
    assert (run.ended - run.started).total_seconds() == 61.5
    assert [(visit.place, visit.model, visit.serial) for visit in run.visits] == [
        ("rack-2", "MCU 4505", ""),
        ("rack-2-8510", "MCU MSE 8510", ""),
    ]
    assert {one.claim: one.verdict for one in run.visits[0].claims} == {
        "tests/hil/test_replacement.py::test_is_served[ca-signed]": Verdict.HELD,
        "tests/hil/test_own.py::TestOwn::test_mine": Verdict.BLOCKED,
        "tests/hil/test_own.py::test_bug": Verdict.ERROR,
        "tests/hil/test_own.py::test_known": Verdict.KNOWN,
        "tests/hil/test_own.py::test_power": Verdict.SKIPPED,
    }
    assert run.visits[0].claims[1].incident == "no connection [bench]"
    assert run.visits[1].claims[0].verdict is Verdict.FAILED
    assert run.name == run_of(tmp_path / "junit.xml", lab).name


def test_properties_say_more_than_the_lab_file(tmp_path: Path, lab: Lab) -> None:
    run = run_of(written(tmp_path, SUITE.format(WITH_PROPERTIES)), lab)

    [visit] = run.visits
    assert run.name == "20261101T220000-77"
    assert (visit.place, visit.model, visit.serial, visit.firmware) == ("gone", "MCU 4203", "SM00001", "4.3(2.18)")
    assert visit.claims[0].verdict is Verdict.FAILED


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("<testsuites>", "is no JUnit XML: "),
        ("<html/>", "is no JUnit XML of pytest: it has no testsuite"),
        (SUITE.format(""), "has no claim about a place of lab 'rack' (rack-2, rack-2-8510 ...): name the lab file"),
    ],
)
def test_what_cannot_be_read_is_one_line(tmp_path: Path, lab: Lab, text: str, told: str) -> None:
    with pytest.raises(ConfigurationError) as error:
        run_of(written(tmp_path, text), lab)

    assert str(error.value).startswith(f"{tmp_path}/junit.xml: {told}")
    assert "\n" not in str(error.value)
