"""Each fault has its class, and no place a wrong one; `make faults` does all of tests/faults/table.py."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.places import run_over
from tests.faults.runs import lane_hung
from tests.faults.standing_lab import standing_lab
from tests.faults.table import ROWS, Row

CHEAP = ("well", "another unit in its place", "password changed", "clock wrong", "returns with the factory pair")


def test_each_place_has_the_class_of_its_fault(tmp_path: Path) -> None:
    rows = [row for row in ROWS if row.name in CHEAP]
    assert len(rows) == len(CHEAP)

    found = run_over(rows, tmp_path, "-m", "smoke", "-n", "0")

    assert [(one.fault, one.wrong) for one in found if one.wrong] == []


def test_a_lane_that_hangs_is_given_up_and_is_no_fault_of_its_unit(tmp_path: Path) -> None:
    assert lane_hung(tmp_path, 2).wrong == ()


def test_a_place_that_a_person_has_set_aside_is_left_alone_until_it_is_released(tmp_path: Path) -> None:
    with standing_lab(tmp_path, 1, [Row("well")]) as lab:
        set_aside = lab.lab("quarantine", "unit-1", "--reason", "fan is loud", "--for", "12h")
        refused = lab.lab("check")
        listed = lab.lab("list")
        released = lab.lab("release", "unit-1")
        fit = lab.lab("check")

    assert (set_aside.status, refused.status, released.status, fit.status) == (0, 10, 0, 0), fit.output
    assert "NOT FIT: in quarantine until " in refused.output
    assert "fan is loud" in listed.output
    assert "unit-1: fit" in fit.output


@pytest.mark.parametrize("period", ["tomorrow"])
def test_a_period_that_is_none_is_a_mistake_of_the_users(tmp_path: Path, period: str) -> None:
    with standing_lab(tmp_path, 1) as lab:
        ended = lab.lab("quarantine", "unit-1", "--reason", "x", "--for", period)

    assert ended.status == 4
    assert "want a number with m, h or d, as 12h" in ended.output
