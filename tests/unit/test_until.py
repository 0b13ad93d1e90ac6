"""Until when a run begins something new."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from harness.errors import ConfigurationError, TimeIsUp
from harness.fault import Fault, Incident, Verdict
from harness.until import Until, moment_of


def test_what_does_not_fit_is_not_begun(tmp_path: Path) -> None:
    until = Until(tmp_path / "stop", datetime.now(UTC) + timedelta(seconds=60))

    until.check(30)
    with pytest.raises(TimeIsUp, match="it may take 90 s, and the run was to end at "):
        until.check(90)


def test_without_a_moment_there_is_time_for_everything(tmp_path: Path) -> None:
    Until(tmp_path / "stop").check(1e9)


def test_whoever_asks_a_run_to_end_ends_it(tmp_path: Path) -> None:
    until = Until(tmp_path / "stop")
    until.stop.touch()

    assert until.seconds_left == 0
    with pytest.raises(TimeIsUp, match="asked to end"):
        until.check()


def test_what_was_not_begun_is_nobodys_fault(tmp_path: Path) -> None:
    incident = Incident.of(TimeIsUp("not begun"), "rack1", "removal")

    assert (incident.fault, incident.verdict) == (Fault.TIME, Verdict.NOT_DONE)


EVENING = datetime(2026, 11, 24, 22, 0).astimezone()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("23:30", datetime(2026, 11, 24, 23, 30).astimezone()),
        ("06:00", datetime(2026, 11, 25, 6, 0).astimezone()),
        ("22:00", datetime(2026, 11, 25, 22, 0).astimezone()),
        ("2026-11-24T06:00", datetime(2026, 11, 24, 6, 0).astimezone()),
        ("2026-11-24T06:00+00:00", datetime(2026, 11, 24, 6, 0, tzinfo=UTC)),
    ],
    ids=["later-today", "tomorrow", "now-is-tomorrow", "local", "with-offset"],
)
def test_a_time_is_the_next_one(text: str, expected: datetime) -> None:
    assert moment_of(text, EVENING) == expected


@pytest.mark.parametrize("text", ["25:00", "soon", "", "6"])
def test_what_is_no_time_is_a_mistake_of_the_users(text: str) -> None:
    with pytest.raises(ConfigurationError, match="want a time as 06:00"):
        moment_of(text, EVENING)
