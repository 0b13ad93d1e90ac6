"""What a night's runs turn out flaky, by the lab's history."""

from __future__ import annotations

from pathlib import Path

from harness.fault import Verdict
from harness.lab import load_lab
from harness.nightly.changes import turned_flaky
from harness.results.database import database_of
from harness.results.ingest import ingest
from tests.unit.results.conftest import claim_name, night_of

LAB = """
[lab]
name = "rack"
state_dir = "{folder}"

[[place]]
name = "rack00-mcu000"
model = "MCU 4505"
address = "192.0.2.1"
"""


def now_and_then(night: int, place: int, claim: int) -> Verdict:
    return Verdict.FAILED if claim == 1 and night % 4 == 2 else Verdict.HELD


def test_what_turned_out_flaky_is_told_of_the_run_that_showed_it(tmp_path: Path) -> None:
    (tmp_path / "lab.toml").write_text(LAB.format(folder=tmp_path))
    lab = load_lab(tmp_path / "lab.toml")
    runs = [tmp_path / "runs" / night_of(night).name for night in range(16)]
    assert list(turned_flaky(lab, runs)) == []
    database = database_of(lab)

    told = []
    for night in range(16):
        ingest(database, night_of(night, becomes=now_and_then))
        told.append(list(turned_flaky(lab, [runs[night]])))

    assert [bool(lines) for lines in told].count(True) == 1
    [[line]] = [lines for lines in told if lines]
    assert line.startswith(f"newly flaky claim: {claim_name(1)}: ")
    assert list(turned_flaky(lab, [*runs, *runs])) == [line]
    assert list(turned_flaky(lab, [tmp_path / "not-in-the-history"])) == []
