"""What the units of a run are owed is on disk; the next run, or `mcu-hil lab recover`, puts it back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.deadline import Deadline
from harness.journal import Journal
from tests.faults.standing_lab import StandingLab, kill_session, standing_lab


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[StandingLab]:
    with standing_lab(tmp_path, units=2) as found:
        yield found


def killed_in_the_middle(lab: StandingLab) -> None:
    """A run that had put a pair of its own on one unit at least."""
    with lab.running("-m", "smoke", "-n", "0") as process:
        Deadline.after(60).wait_for("unit with another pair", lab.not_at_baseline)
        kill_session(process.pid)


def test_what_a_killed_run_owes_is_listed_and_given_to_that_unit_alone(lab: StandingLab) -> None:
    killed_in_the_middle(lab)
    left = lab.not_at_baseline()
    journal = lab.folder / "state" / "journal"
    owed = {file: file.read_text() for file in journal.glob("*.json")}

    for file, text in owed.items():
        file.write_text(text.replace('"serial": "', '"serial": "another'))
    refused = lab.lab("recover")

    assert refused.status == 10
    assert "put it back, or forget it: mcu-hil lab release unit-" in refused.output
    assert lab.not_at_baseline() == left
    for file, text in owed.items():
        file.write_text(text)

    listed = lab.lab("list")
    recovered = lab.lab("recover")

    assert "is owed sha256:" in listed.output
    assert recovered.status == 0, recovered.output
    assert "at its baseline, which a handshake has shown" in recovered.output
    assert lab.not_at_baseline() == {}
    assert "nothing is owed" in lab.lab("recover").output


def test_the_next_run_puts_back_first_what_a_killed_one_owes(lab: StandingLab) -> None:
    killed_in_the_middle(lab)

    with lab.running("-m", "smoke", "-n", "0") as process:
        ended = lab.ended(process)

    assert ended.status == 0, ended.output
    assert ": put back first" in ended.output
    assert lab.not_at_baseline() == {}
    assert [Journal(lab.folder / "state").of(name) for name in lab.at_first] == [None, None]


def test_a_run_that_cannot_write_its_journal_changes_nothing(lab: StandingLab) -> None:
    (lab.folder / "state").mkdir(exist_ok=True)
    (lab.folder / "state" / "journal").write_text("a file in place of the folder")
    boots = [lab.emulation.truth(name).boots for name in lab.at_first]

    with lab.running("-m", "smoke", "-n", "0") as process:
        ended = lab.ended(process)

    assert ended.status == 10, ended.output
    assert "unit-1: opening the unit: cannot write" in ended.output
    assert lab.not_at_baseline() == {}
    assert [lab.emulation.truth(name).boots for name in lab.at_first] == boots
