"""How long experiments may take on a place, from the evidence that earlier runs left."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from harness.experiment import Plan
from harness.lab import Place

RUNS_LOOKED_AT = 20
"""The newest ones: an experiment that none of them did counts as never done."""


@dataclass(frozen=True)
class Expectation:
    """What a lane will take."""

    seconds: float
    never_done: tuple[str, ...]
    """Experiments counted with the longest that their restarts may take, for want of a measurement."""


def expect(plan: Plan, place: Place, state_dir: Path) -> Expectation:
    """The sum over the plan: what each took the last time on this place, or its restarts times `restart_timeout`."""
    lasted = last_durations(state_dir, place.name)
    seconds = [lasted.get(one.name, one.restarts * place.restart_timeout) for one in plan.experiments]
    never_done = tuple(one.name for one in plan.experiments if one.name not in lasted)
    return Expectation(sum(seconds), never_done)


def going_back(place: Place, state_dir: Path) -> float:
    """Seconds that a unit may take to go back to its baseline: twice its longest restart of late, or, for want of a
    measurement, `restart_timeout`."""
    longest = max(_restarts(state_dir, place.name), default=0.0)
    return min(2 * longest, place.restart_timeout) if longest else place.restart_timeout


def _restarts(state_dir: Path, place: str) -> Iterator[float]:
    for file in _newest_first(state_dir, place):
        for note in _notes(file, "restart"):
            yield float(note["booted_seconds"])


def last_durations(state_dir: Path, place: str) -> dict[str, float]:
    """Seconds by experiment, of the newest run that finished it on this place; a file may have been cut short."""
    lasted: dict[str, float] = {}
    for file in _newest_first(state_dir, place):
        lasted = dict(_durations(file)) | lasted
    return lasted


def _newest_first(state_dir: Path, place: str) -> list[Path]:
    """The evidence of this place, of as many runs as are looked at."""
    return sorted((state_dir / "runs").glob(f"*/evidence/{place}.jsonl"), reverse=True)[:RUNS_LOOKED_AT]


def _notes(file: Path, kind: str) -> Iterator[dict[str, Any]]:
    for line in file.read_text(encoding="utf-8").splitlines():
        try:
            note = json.loads(line)
        except ValueError:
            continue
        if note.get("kind") == kind:
            yield note


def _durations(file: Path) -> Iterator[tuple[str, float]]:
    begun: dict[str, datetime] = {}
    for note in _notes(file, "experiment"):
        at = datetime.fromisoformat(note["at"])
        if note["state"] == "begun":
            begun[note["name"]] = at
        elif note["state"] == "observed" and note["name"] in begun:
            yield note["name"], (at - begun[note["name"]]).total_seconds()
