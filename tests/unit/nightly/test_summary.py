"""What a night comes to: its exit status follows from the last outcomes, and nothing is left out."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from harness.nightly.changes import changes
from harness.nightly.night import PLAN_FILE, Attempt, Begin, Night, Purpose, Selection, begun, now
from harness.nightly.outcomes import Outcomes
from harness.nightly.summary import Summary
from harness.run_record import CLAIMS_FILE

CLAIM = "test_suite.py::test_holds[rack1]"
OTHER = "test_suite.py::test_holds[rack2]"
BENCH = {"verdict": "blocked", "fault": "bench", "incident": "rack1: opening the unit: no connection [bench]"}
UNIT = {"verdict": "blocked", "fault": "unit", "incident": "rack1: removal: no answer [unit]"}
NOT_DONE = {"verdict": "not-done", "fault": "time", "incident": "rack1: removal: not begun [time]"}
HELD = {"verdict": "held", "fault": None, "incident": None}
FAILED = {"verdict": "failed", "fault": None, "incident": None}


def night_of(folder: Path, runs: list[tuple[int | None, dict[str, dict[str, Any]]]]) -> Night:
    """A night whose runs ended with these statuses and settled these claims."""
    night, _ = begun(folder, Selection("lab.toml", "tests"), timedelta(hours=1), Begin.ANEW)
    planned = {"rack1": {"claims": [CLAIM]}, "rack2": {"claims": [OTHER]}}
    (night.folder / PLAN_FILE).write_text(json.dumps({"places": planned}))
    for number, (status, settled) in enumerate(runs, 1):
        run = night.folder / f"run-{number}"
        run.mkdir()
        lines = [
            {"nodeid": nodeid, "claim": "test_suite.py::test_holds", "place": nodeid[-6:-1], "model": "MCU 4505"}
            | {"serial": "", "firmware": "", "experiment": "", "seconds": 0.0, "at": "2026-11-24T22:00:00+00:00"}
            | facts
            for nodeid, facts in settled.items()
        ]
        (run / CLAIMS_FILE).write_text("".join(json.dumps(line) + "\n" for line in lines))
        night.attempts.append(Attempt(str(run), Purpose.FIRST, "", "").over(status))
    night.keep()
    return night


def outcomes_of(night: Night) -> Outcomes:
    return Outcomes.of(night.folder / PLAN_FILE, [Path(attempt.folder) for attempt in night.attempts])


def summary_of(night: Night, *, owed: tuple[str, ...] = ()) -> Summary:
    outcomes = outcomes_of(night)
    return Summary(night, "rack", outcomes, owed, tuple(changes(night, outcomes)), now())


NIGHTS: dict[str, tuple[list[tuple[int | None, dict[str, dict[str, Any]]]], int]] = {
    "all-held": ([(0, {CLAIM: HELD, OTHER: HELD})], 0),
    "one-failed": ([(1, {CLAIM: FAILED, OTHER: HELD})], 1),
    "blocked": ([(10, {CLAIM: BENCH, OTHER: HELD})], 10),
    "blocked-then-held": ([(10, {CLAIM: BENCH, OTHER: HELD}), (0, {CLAIM: HELD})], 0),
    "blocked-then-failed": ([(10, {CLAIM: BENCH, OTHER: HELD}), (1, {CLAIM: FAILED})], 1),
    "blocked-then-no-time": ([(10, {CLAIM: BENCH, OTHER: HELD}), (10, {CLAIM: NOT_DONE})], 10),
    "by-the-unit": ([(1, {CLAIM: UNIT, OTHER: HELD})], 1),
    "not-done": ([(10, {CLAIM: NOT_DONE, OTHER: HELD})], 10),
    "killed": ([(None, {OTHER: HELD})], 10),
    "killed-then-done": ([(None, {OTHER: HELD}), (0, {CLAIM: HELD})], 0),
    "bug-of-ours": ([(3, {CLAIM: HELD, OTHER: HELD})], 3),
    "no-run": ([], 10),
}


@pytest.mark.parametrize(("runs", "status"), NIGHTS.values(), ids=NIGHTS)
def test_the_exit_status_is_that_of_the_last_outcomes(
    tmp_path: Path, runs: list[tuple[int | None, dict[str, dict[str, Any]]]], status: int
) -> None:
    assert summary_of(night_of(tmp_path, runs)).exit_status == status


def test_a_unit_that_is_not_at_its_baseline_is_named_and_no_success(tmp_path: Path) -> None:
    night = night_of(tmp_path, [(0, {CLAIM: HELD, OTHER: HELD})])
    summary = summary_of(night, owed=("rack1 (SM1) is owed sha256:ab",))

    assert summary.exit_status == 10
    assert "NOT AT ITS BASELINE: rack1 (SM1) is owed sha256:ab" in summary.text()


def test_only_what_the_bench_has_blocked_is_asked_again_and_once(tmp_path: Path) -> None:
    first = outcomes_of(night_of(tmp_path / "1", [(1, {CLAIM: BENCH, OTHER: UNIT})]))
    again = outcomes_of(night_of(tmp_path / "2", [(10, {CLAIM: BENCH, OTHER: FAILED}), (10, {CLAIM: BENCH})]))

    assert first.to_ask_again == {"rack1": (CLAIM,)}
    assert again.to_ask_again == {}


def test_both_outcomes_are_in_text_and_json(tmp_path: Path) -> None:
    summary = summary_of(night_of(tmp_path, [(10, {CLAIM: BENCH, OTHER: HELD}), (0, {CLAIM: HELD})]))

    assert f"rack1: 1 claims asked again: first blocked ({BENCH['incident']}), then held" in summary.text()
    [told] = [one for one in summary.facts()["claims"] if one["place"] == "rack1"]
    assert [one["verdict"] for one in told["outcomes"]] == ["blocked", "held"]


def test_what_has_changed_since_the_last_night_is_told(tmp_path: Path) -> None:
    before = night_of(tmp_path, [(0, {CLAIM: HELD, OTHER: HELD})])
    earlier = before.folder.with_name("20200101T000000")
    before.folder.rename(earlier)
    file = earlier / "night.json"
    file.write_text(file.read_text().replace(str(before.folder), str(earlier)))

    summary = summary_of(night_of(tmp_path, [(1, {CLAIM: FAILED, OTHER: BENCH})]))

    assert "since the last night: test_holds[rack1]: held, now failed\n" in summary.text()
    assert "test_holds[rack2]: " not in summary.text().partition("since")[2].splitlines()[0]
