"""What a run knows of itself when it is over: verdicts, failures, incidents."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from harness.fault import Fault
from harness.progress import LaneReport
from harness.run_record import Settled


class Ending(StrEnum):
    """How a run came to its end."""

    WHOLE = "whole"
    STOPPED = "stopped"
    """By a signal, a limit of failures, or a mistake: pytest said so."""
    KILLED = "killed"
    """Its process is gone, and has not said that it was over."""
    UNDER_WAY = "under way"


@dataclass(frozen=True)
class Failed:
    """One claim that did not hold at one place."""

    place: str
    claim: str
    done: str
    expected: str
    observed: str
    evidence: str
    experiment: str = ""
    """Empty for a test that drives the unit itself."""


@dataclass(frozen=True)
class Unanswered:
    """Why claims could not be answered, in one line, and whose fault that is."""

    incident: str
    fault: str
    claims: int
    places: tuple[str, ...]


@dataclass(frozen=True)
class PlaceFacts:
    """One place: what it is, and what became of its claims."""

    name: str
    model: str
    verdicts: dict[tuple[str, str], str] = field(default_factory=dict)
    """By experiment and claim; the experiment is empty for tests that drive the unit themselves."""
    lane: LaneReport | None = None


@dataclass(frozen=True)
class RunFacts:
    """Everything that a report is made of, besides the evidence files."""

    lab: str
    began: datetime
    seconds: float
    folder: Path
    """Of the run: its evidence is below."""
    places: tuple[PlaceFacts, ...]
    failures: tuple[Failed, ...]
    unanswered: tuple[Unanswered, ...]
    remarks: tuple[str, ...] = ()
    """Of the profiles: what is new, has changed, or could not be recorded."""
    ending: Ending = Ending.WHOLE
    exit_status: int | None = None
    """None where nobody was left to say it."""
    settled: tuple[Settled, ...] = ()
    """Claim by claim, in the order in which they were answered."""
    record: Mapping[str, Any] = field(default_factory=dict)
    """What else `run.json` has: versions, selection, the hash of the lab file."""


# What each fault asks of whoever reads the report.
REMEDIES: dict[str, str] = {
    Fault.CONFIGURATION: "Correct the lab file, or what it names. The unit was not judged.",
    Fault.BENCH: "Look at the bench: cable, power, address, login, somebody else's run; mcu-hil doctor tells which."
    " The unit was not judged.",
    Fault.TIME: "Give the run more time, or run what was not done again. The unit was not judged.",
    Fault.UNIT: "Look at the unit: it did not do, or did not finish, what its documents say.",
    Fault.OURS: "Report this: it is a bug of mcu-hil, and says nothing of the unit.",
}
