"""What units are owed, and which places no run may touch, is on disk."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from harness.errors import BenchError
from harness.journal import Debt, Journal, now
from harness.quarantine import Quarantine, Quarantines
from harness.standing import kept_standing, stands

DEBT = Debt("rack1", "SM0001", b"leaf", now(), "pytest run 1", "removal", os.getpid(), passing=False)


def test_a_debt_is_there_until_it_is_settled(tmp_path: Path) -> None:
    journal = Journal(tmp_path)

    assert journal.of("rack1") is None
    journal.owe(DEBT)
    assert Journal(tmp_path).of("rack1") == DEBT
    journal.owe(replace(DEBT, during="mismatch"))
    assert Journal(tmp_path).of("rack1") == replace(DEBT, during="mismatch")
    journal.settled("rack1")
    assert Journal(tmp_path).of("rack1") is None
    journal.settled("rack1")
    assert list((tmp_path / "journal").iterdir()) == []


def test_a_debt_that_cannot_be_read_is_no_settled_one(tmp_path: Path) -> None:
    Journal(tmp_path).owe(DEBT)
    (tmp_path / "journal" / "rack1.json").write_text("{")

    with pytest.raises(BenchError, match="mcu-hil lab release rack1"):
        Journal(tmp_path).of("rack1")


def test_a_debt_that_cannot_be_written_is_an_error_of_the_bench(tmp_path: Path) -> None:
    (tmp_path / "journal").write_text("a file in place of the folder")

    with pytest.raises(BenchError, match=r"rack1: cannot write .*/journal: "):
        Journal(tmp_path).owe(DEBT)


def test_a_passing_unit_is_owed_nothing_once_its_process_has_ended() -> None:
    assert not DEBT.is_over
    assert not replace(DEBT, passing=True).is_over
    assert not replace(DEBT, pid=1).is_over
    assert replace(DEBT, passing=True, pid=1).is_over


def test_a_quarantine_holds_until_it_is_lifted_or_over(tmp_path: Path) -> None:
    quarantines = Quarantines(tmp_path)

    quarantines.put(Quarantine.of("rack1", "does not come back"))
    quarantines.put(Quarantine.of("rack2", "yesterday's", lasts=timedelta(days=-1)))

    found = quarantines.of("rack1")
    assert found is not None
    assert "does not come back" in str(found)
    assert quarantines.of("rack2") is None
    quarantines.lift("rack1")
    assert quarantines.of("rack1") is None


def test_emulated_units_stand_for_as_long_as_somebody_keeps_them(tmp_path: Path) -> None:
    assert not stands("rack1", tmp_path)
    with kept_standing(["rack1"], tmp_path):
        assert stands("rack1", tmp_path)
        assert not stands("rack2", tmp_path)
    assert not stands("rack1", tmp_path)
