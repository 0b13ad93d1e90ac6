"""Runs as a database is given them: nights of so many places and claims, with whatever verdicts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from harness.fault import Fault, Verdict
from harness.results.database import Database, database_at
from harness.results.ingest import ClaimResult, RestartTiming, RunResults, Visit

FIRST_NIGHT = datetime(2026, 1, 1, 22, 0, tzinfo=UTC)
Becomes = Callable[[int, int, int], Verdict]
"""Of a night, a place and a claim, by number."""


def held(night: int, place: int, claim: int) -> Verdict:
    return Verdict.HELD


def place_name(number: int) -> str:
    return f"rack{number // 10:02}-mcu{number:03}"


def claim_name(number: int) -> str:
    return f"tests/hil/test_claims.py::test_claim_{number:03}"


def night_of(
    night: int,
    places: int = 3,
    claims: int = 4,
    becomes: Becomes = held,
    firmware: str = "4.3(2.18)",
    restart: float = 60.0,
) -> RunResults:
    began = FIRST_NIGHT + timedelta(days=night)
    return RunResults(
        lab="rack",
        name=f"{began:%Y%m%dT%H%M%S}-1",
        host="runner",
        started=began,
        ended=began + timedelta(hours=1),
        exit_status=0,
        versions={"mcu-hil": "0.1.0"},
        visits=tuple(
            Visit(
                place=place_name(place),
                model="MCU 4505",
                serial=f"SM{place:05}",
                firmware=firmware,
                claims=tuple(_claim(claim, becomes(night, place, claim)) for claim in range(claims)),
                restarts=(RestartTiming("web", 4.0, restart - 9, restart + 0.01 * (7 * night % 5)),),
                seconds=300.0,
                restart_count=1,
                restart_floor=1,
            )
            for place in range(places)
        ),
    )


def _claim(number: int, verdict: Verdict) -> ClaimResult:
    why = (Fault.BENCH.value, "no cable [bench]") if verdict is Verdict.BLOCKED else ("", "")
    return ClaimResult(claim_name(number), "self-signed", verdict, 0.01, *why)


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return database_at(f"sqlite:///{tmp_path / 'results.sqlite'}")
