"""One firmware beside another: each claim by what it became when it was last answered with either."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from statistics import median

from harness.errors import ConfigurationError
from harness.results.matrix import Matrix


class Outcome(StrEnum):
    WORSE = "worse"
    BETTER = "better"
    FAILS = "fails with both"
    DIFFERS = "differs by place"
    SAME = "holds with both"
    ONE = "asked with one only"


WORST_FIRST = tuple(Outcome)


@dataclass(frozen=True)
class Side:
    """A claim with one firmware: places at which it held when it was last answered, and at which it failed."""

    held: int = 0
    failed: int = 0

    def __str__(self) -> str:
        if not self.held + self.failed:
            return "not asked"
        return f"held at {self.held}" + (f", failed at {self.failed}" if self.failed else "")


@dataclass(frozen=True)
class Compared:
    claim: str
    one: Side
    other: Side
    outcome: Outcome


@dataclass(frozen=True)
class Comparison:
    """Firmware `one` beside firmware `other`."""

    one: str
    other: str
    claims: tuple[Compared, ...]
    restart_one: float | None
    """Median seconds to the end of boot."""
    restart_other: float | None

    @property
    def counts(self) -> dict[Outcome, int]:
        found = Counter(one.outcome for one in self.claims)
        return {outcome: found[outcome] for outcome in WORST_FIRST if found[outcome]}


def versions_in(matrix: Matrix) -> list[str]:
    """By when they were first seen in these nights, the oldest first."""
    first: dict[int, int] = {}
    for nights in matrix.standing.values():
        for night, standing in nights.items():
            first[standing.firmware] = min(night, first.get(standing.firmware, night))
    return [matrix.firmware[one] for one in sorted(first, key=lambda one: (first[one], one)) if matrix.firmware[one]]


def compare(matrix: Matrix, one: str, other: str) -> Comparison:
    """Raises ConfigurationError where no unit had one of them in these nights."""
    known = versions_in(matrix)
    for version in (one, other):
        if version not in known:
            raise ConfigurationError(
                f"no unit had firmware {version!r} in these nights; there were: {', '.join(known) or 'none'}"
            )
    sides: dict[int, dict[str, Side]] = {}
    for place, claim, series in matrix.cells():
        last: dict[str, bool] = {}
        for _, held, by in matrix.answers(place, series):
            last[matrix.firmware[by.firmware]] = held
        for version in {one, other}.intersection(last):
            of_claim = sides.setdefault(claim, {})
            side = of_claim.get(version, Side())
            of_claim[version] = Side(side.held + last[version], side.failed + (not last[version]))
    found = [
        _compared(matrix.claims[claim], by.get(one, Side()), by.get(other, Side())) for claim, by in sides.items()
    ]
    restarts = {
        version: [
            milliseconds / 1000
            for nights in matrix.standing.values()
            for standing in nights.values()
            if matrix.firmware[standing.firmware] == version
            for milliseconds in standing.booted
        ]
        for version in (one, other)
    }
    return Comparison(
        one,
        other,
        tuple(sorted(found, key=lambda each: (WORST_FIRST.index(each.outcome), each.claim))),
        median(restarts[one]) if restarts[one] else None,
        median(restarts[other]) if restarts[other] else None,
    )


def _compared(claim: str, one: Side, other: Side) -> Compared:
    match bool(one.held), bool(one.failed), bool(other.held), bool(other.failed):
        case (False, False, _, _) | (_, _, False, False):
            outcome = Outcome.ONE
        case _, False, _, True:
            outcome = Outcome.WORSE
        case _, True, _, False:
            outcome = Outcome.BETTER
        case False, True, False, True:
            outcome = Outcome.FAILS
        case _, True, _, True:
            outcome = Outcome.DIFFERS
        case _:
            outcome = Outcome.SAME
    return Compared(claim, one, other, outcome)
