"""What a run knows of itself when it is over: verdicts, failures, incidents."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from harness.fault import Fault
from harness.progress import LaneReport


@dataclass(frozen=True)
class Failed:
    """One claim that did not hold at one place."""

    place: str
    claim: str
    done: str
    expected: str
    observed: str
    evidence: str


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


# What each fault asks of whoever reads the report.
REMEDIES: dict[str, str] = {
    Fault.CONFIGURATION: "Correct the lab file, or what it names. The unit was not judged.",
    Fault.BENCH: "Look at the bench: cable, power, address, login, somebody else's run; mcu-hil doctor tells which."
    " The unit was not judged.",
    Fault.TIME: "Give the run more time, or run what was not done again. The unit was not judged.",
    Fault.UNIT: "Look at the unit: it did not do, or did not finish, what its documents say.",
    Fault.OURS: "Report this: it is a bug of mcu-hil, and says nothing of the unit.",
}
