"""What changed with a night: what fails that held, what holds that failed, what turned out flaky, who was lost."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from harness.errors import ConfigurationError
from harness.results.database import Database
from harness.results.flakiness import Cell, Flaky, Kind, Odd, Unit, bad_nights, find_flaky, odd_stretches
from harness.results.matrix import (
    ANSWERED,
    FAILED,
    HELD,
    NOT_ASKED,
    UNANSWERED,
    Matrix,
    has_failed,
    nights_of,
    read_matrix,
)

MOST_NAMED = 5
LOOKED_BACK = 60
"""Nights that count for what is flaky, and for what was before."""


@dataclass(frozen=True)
class Failing:
    """A claim that does not hold at a place, or that holds again; the night is where that began."""

    place: str
    claim: str
    since: str
    nights: int
    """In which it was answered so."""
    firmware: str
    firmware_before: str
    """In the night before that; empty where it is not known."""
    has_turned: bool
    """Whether it was ever answered otherwise in these nights."""
    is_flaky: bool
    """Whether the claim, the unit or both together are flaky: then it may be no news."""

    def __str__(self) -> str:
        return f"{self.place}: {self.claim}{self.became}"

    @property
    def became(self) -> str:
        """With which firmware it turned, where that is another one."""
        changed = self.firmware_before and self.firmware_before != self.firmware
        return f", with firmware {self.firmware}, {self.firmware_before} before" if changed else ""


@dataclass(frozen=True)
class FlakyWords:
    """Something flaky, by name."""

    kind: str
    claim: str
    unit: str
    odd: int
    nights: int
    of_nights: int
    cells: int
    low: float
    high: float
    certainty: float

    def __str__(self) -> str:
        at = f" at {self.cells} units" if self.kind == Kind.CLAIM else ""
        with_ = f" with {self.cells} claims" if self.kind == Kind.UNIT else ""
        name = " at ".join(part for part in (self.claim, self.unit) if part)
        rate = f"{100 * self.nights / self.of_nights:.0f} % ({100 * self.low:.0f} to {100 * self.high:.0f} %)"
        return f"{name}: {self.odd} odd verdicts{at}{with_}, in {self.nights} of {self.of_nights} nights, {rate}"


@dataclass(frozen=True)
class Changes:
    """One night beside the one before."""

    lab: str
    run: str
    started: datetime
    before: str
    """The run before; empty for the first."""
    new_failures: tuple[Failing, ...]
    fixed: tuple[Failing, ...]
    failing: int
    """Claims that fail at a place as they did before."""
    newly_flaky: tuple[FlakyWords, ...]
    places_lost: tuple[str, ...]
    """At which every claim was left unanswered that was asked, other than the last time."""
    places_back: tuple[str, ...]

    @property
    def is_quiet(self) -> bool:
        return not (self.new_failures or self.fixed or self.newly_flaky or self.places_lost or self.places_back)

    def lines(self) -> list[str]:
        """For people: one line a change."""
        if not self.before:
            return [f"nothing to compare with: this is the first run of lab {self.lab}"]
        rows = [
            *_grouped("new failure", self.new_failures),
            *_grouped("fixed", self.fixed),
            *(f"newly flaky {one.kind}: {one}" for one in self.newly_flaky),
            *([f"places lost: {_some(self.places_lost)}"] if self.places_lost else []),
            *([f"places back: {_some(self.places_back)}"] if self.places_back else []),
        ]
        if flaky := sum(one.is_flaky for one in (*self.new_failures, *self.fixed)):
            rows.append(f"and {flaky} verdicts turned of what is flaky")
        still = f"; {self.failing} claims fail as before" if self.failing else ""
        return rows + ([f"nothing changed since run {self.before}{still}"] if self.is_quiet else [])

    def document(self) -> dict[str, Any]:
        """For programs."""
        return asdict(self) | {"started": self.started.isoformat()}


def _grouped(what: str, found: Sequence[Failing]) -> Iterator[str]:
    """A claim that turned at several places is one line, and so are many claims that turned at one place."""
    sure = [one for one in found if not one.is_flaky]
    by_claim: dict[tuple[str, str], list[str]] = {}
    for one in sure:
        by_claim.setdefault((one.claim, one.became), []).append(one.place)
    alone: dict[str, list[str]] = {}
    for (claim, became), places in by_claim.items():
        if len(places) > 1:
            yield f"{what} at {len(places)} places: {claim}{became}: {_some(places)}"
        else:
            alone.setdefault(places[0], []).append(f"{claim}{became}")
    for place, claims in alone.items():
        if len(claims) > MOST_NAMED:
            yield f"{what} at {place}: {len(claims)} claims: {_some(claims)}"
        else:
            yield from (f"{what}: {place}: {claim}" for claim in claims)


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return ", ".join(names[:MOST_NAMED]) + more


def changes(database: Database, lab: str, run: str | None = None) -> Changes:
    """What changed with a run of a lab, by its name; without one, with the newest.

    Raises ConfigurationError where the database does not know it, and BenchError where it cannot be read.
    """
    with database.reading() as connection:
        nights = nights_of(connection, lab)
        numbers = [number for number, night in enumerate(nights) if run in (None, night.name)]
        if not numbers:
            raise ConfigurationError(f"{database}: has no run {run or ''} of lab {lab!r}".replace("  ", " "))
        until = numbers[-1] + 1
        matrix = read_matrix(connection, lab, nights[max(0, until - LOOKED_BACK) : until])
    return changes_in(matrix, flaky_in(matrix))


def changes_in(matrix: Matrix, flaky: Sequence[Flaky]) -> Changes:
    """What changed with the last of these nights, in which so much is flaky."""
    last = len(matrix.nights) - 1
    new: list[Failing] = []
    fixed: list[Failing] = []
    failing = 0
    causes = {(one.claim, one.unit) for one in flaky}
    for place, claim, series in matrix.cells():
        if series[last] not in ANSWERED or not has_failed(series):
            continue
        found = turned(matrix, place, claim, series, causes)
        assert found is not None
        if found.nights > 1:
            failing += series[last] != HELD
        elif series[last] != HELD:
            # The first time that it is ever asked, too.
            new.append(found)
        elif found.has_turned:
            fixed.append(found)
    lost, back = _lost_and_back(matrix)
    return Changes(
        lab=matrix.lab,
        run=matrix.nights[last].name,
        started=matrix.nights[last].started,
        before=matrix.nights[last - 1].name if last else "",
        new_failures=_sorted(new),
        fixed=_sorted(fixed),
        failing=failing,
        newly_flaky=tuple(_newly_flaky(matrix, flaky)) if last else (),
        places_lost=tuple(lost),
        places_back=tuple(back),
    )


def standing_failures(matrix: Matrix, flaky: Sequence[Flaky]) -> tuple[Failing, ...]:
    """Whatever failed when it was last answered, the newest first."""
    causes = {(one.claim, one.unit) for one in flaky}
    found = [
        one
        for place, claim, series in matrix.cells()
        if has_failed(series) and _last_answer(series) in FAILED
        if (one := turned(matrix, place, claim, series, causes)) is not None
    ]
    return _sorted(found)


def turned(
    matrix: Matrix, place: int, claim: int, series: bytearray, causes: Collection[tuple[int | None, Unit | None]]
) -> Failing | None:
    """Since when it is answered as it was last; None where it never was. `causes` are those of flaky verdicts."""
    answers = matrix.answers(place, series)
    if not answers:
        return None
    first = len(answers) - 1
    while first and answers[first - 1][1] == answers[-1][1]:
        first -= 1
    before = answers[first - 1][2].firmware if first else None
    unit = answers[-1][2].unit
    return Failing(
        place=matrix.places[place],
        claim=matrix.claims[claim],
        since=matrix.nights[answers[first][0]].day,
        nights=len(answers) - first,
        firmware=matrix.firmware[answers[first][2].firmware],
        firmware_before=matrix.firmware[before] if before is not None else "",
        has_turned=first > 0,
        is_flaky=any(cause in causes for cause in ((claim, None), (None, unit), (claim, unit))),
    )


def _sorted(found: Sequence[Failing]) -> tuple[Failing, ...]:
    return tuple(sorted(found, key=lambda one: (one.is_flaky, one.nights, one.claim, one.place)))


def _last_answer(series: bytearray) -> int:
    return next((verdict for verdict in reversed(series) if verdict in ANSWERED), NOT_ASKED)


def _is_answered(claims: Mapping[int, bytearray], night: int) -> bool | None:
    """Whether anything was answered at a place; None where nothing was asked, or there was no time for it."""
    if any(series[night] in ANSWERED for series in claims.values()):
        return True
    return False if any(series[night] in UNANSWERED for series in claims.values()) else None


def _lost_and_back(matrix: Matrix) -> tuple[list[str], list[str]]:
    """Places at which something was asked in the last night, beside the last night before in which it was."""
    lost: list[str] = []
    back: list[str] = []
    last = len(matrix.nights) - 1
    for place, claims in matrix.series.items():
        now = _is_answered(claims, last)
        earlier = (_is_answered(claims, night) for night in range(last - 1, -1, -1)) if now is not None else ()
        before = next((found for found in earlier if found is not None), None)
        if before is not None and before is not now:
            (lost if before else back).append(matrix.places[place])
    return sorted(lost), sorted(back)


def flaky_in(matrix: Matrix, nights: int | None = None) -> list[Flaky]:
    """What is flaky in these nights, or in the oldest so many of them."""
    until = len(matrix.nights) if nights is None else nights
    odds: list[Odd] = []
    exposure: dict[Cell, int] = {}
    asked = [0] * until
    always = 0
    units: set[Unit] = set()
    for place, claims in matrix.series.items():
        there = _units_at(matrix, place)
        units |= there
        for claim, series in claims.items():
            if len(there) == 1 and not has_failed(series):
                # Most hold always, and are not looked at night by night.
                count = series.count(HELD, 0, until)
                exposure[claim, next(iter(there))] = count
                if count == until:
                    always += 1
                    continue
                for night in range(until):
                    asked[night] += series[night] == HELD
                continue
            answers = [one for one in matrix.answers(place, series) if one[0] < until]
            for night, _, by in answers:
                exposure[claim, by.unit] = exposure.get((claim, by.unit), 0) + 1
                asked[night] += 1
            odds += [Odd((claim, unit), night) for unit, night in _odd(answers)]
    dropped = bad_nights(odds, {night: count + always for night, count in enumerate(asked)}, len(units))
    exposed = {cell: count for cell, count in exposure.items() if count}
    return find_flaky([odd for odd in odds if odd.night not in dropped], exposed)


def _units_at(matrix: Matrix, place: int) -> set[Unit]:
    """Those that stood there; one that was never opened is none, unless none has a serial number."""
    there = {one.unit for one in matrix.standing[place].values()}
    return {unit for unit in there if matrix.serials.get(unit[1])} or there


def _odd(answers: Sequence[tuple[int, bool, Any]]) -> Iterator[tuple[tuple[int, int], int]]:
    """Of each stretch of nights with one unit and one firmware."""
    begin = 0
    for end in range(1, len(answers) + 1):
        by = answers[begin][2]
        if end < len(answers) and (answers[end][2].unit, answers[end][2].firmware) == (by.unit, by.firmware):
            continue
        for night in odd_stretches([(night, held) for night, held, _ in answers[begin:end]]):
            yield by.unit, night
        begin = end


def words_of(matrix: Matrix, flaky: Flaky) -> FlakyWords:
    return FlakyWords(
        flaky.kind.value,
        "" if flaky.claim is None else matrix.claims[flaky.claim],
        "" if flaky.unit is None else matrix.unit_words(flaky.unit),
        flaky.odd,
        flaky.nights,
        flaky.of_nights,
        flaky.cells,
        flaky.low,
        flaky.high,
        flaky.certainty,
    )


def _newly_flaky(matrix: Matrix, flaky: Sequence[Flaky]) -> Iterator[FlakyWords]:
    # What is not flaky now need not be known of the night before.
    nights = len(matrix.nights) - 1
    before = {(one.kind, one.claim, one.unit) for one in flaky_in(matrix, nights)} if flaky else set()
    for one in flaky:
        if (one.kind, one.claim, one.unit) not in before:
            yield words_of(matrix, one)
