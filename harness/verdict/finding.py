"""What a check is, and what can come of it."""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass

from harness.verdict.expectation import Expectation
from harness.verdict.sighting import Sighting


class Outcome(enum.StrEnum):
    HELD = "held"
    BROKEN = "broken"
    NOT_MEASURABLE = "not measurable"


class Severity(enum.StrEnum):
    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True)
class Finding:
    """What one check found."""

    outcome: Outcome
    expected: str
    observed: str
    """For `not measurable`: the reason."""
    severity: Severity | None = None
    """Where it is otherwise than its row has it."""


Examine = Callable[[Sighting, Expectation], Finding]


@dataclass(frozen=True)
class Check:
    """A row of the table."""

    number: int
    id: str
    title: str
    standard: str
    severity: Severity
    examine: Examine


@dataclass(frozen=True)
class Judged:
    """A check, and its finding on one unit."""

    check: Check
    finding: Finding

    @property
    def severity(self) -> Severity:
        return self.finding.severity or self.check.severity

    @property
    def condemns(self) -> bool:
        """Whether it alone makes the whole a failure."""
        return self.finding.outcome is Outcome.BROKEN and self.severity is Severity.ERROR


def judged(expected: str, observed: str, *, holds: bool, severity: Severity | None = None) -> Finding:
    return Finding(Outcome.HELD if holds else Outcome.BROKEN, expected, observed, severity)


def faults(expected: str, found: list[str], otherwise: str, severity: Severity | None = None) -> Finding:
    """Broken by each of the faults that were found; `otherwise` is what is observed where there is none."""
    return judged(expected, "; ".join(found) or otherwise, holds=not found, severity=severity)
