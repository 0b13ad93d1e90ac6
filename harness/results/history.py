"""All that the nights say, together: what `mcu-hil history` and its pages show."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from statistics import median
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from harness.errors import ConfigurationError
from harness.report import view as report
from harness.report.view import SIGNS
from harness.results import schema
from harness.results.changes import Changes, Failing, FlakyWords, changes_in, flaky_in, standing_failures, words_of
from harness.results.database import Database
from harness.results.drift import Drift, drift_of, drifting
from harness.results.flakiness import Kind
from harness.results.matrix import NOT_ASKED, VERDICT_OF, Matrix, nights_of, read_matrix

# A verdict a letter, as a run's report has them, but for programs and terminals.
LETTERS: Mapping[int, str] = {
    **{number: SIGNS[verdict].replace("·", ".") for verdict, number in schema.VERDICTS.items()},
    NOT_ASKED: " ",
}
TRANSLATED = bytes(ord(LETTERS.get(number, " ")) for number in range(256))
WORST_FIRST = tuple(schema.VERDICTS[verdict] for verdict in report.WORST_FIRST)


@dataclass(frozen=True)
class Week:
    """What became of the claims in the runs of one week, in the lab or of one place or claim in it."""

    monday: str
    runs: int
    counts: dict[str, int]


@dataclass(frozen=True)
class History:
    """Of a lab, in its newest nights."""

    matrix: Matrix
    changes: Changes
    failing: tuple[Failing, ...]
    flaky: tuple[FlakyWords, ...]
    drifts: tuple[Drift, ...]

    def of_kind(self, kind: Kind) -> tuple[FlakyWords, ...]:
        return tuple(one for one in self.flaky if one.kind == kind)

    def document(self) -> dict[str, Any]:
        """For programs; `verdicts` have a letter a night, the oldest first: see LETTERS."""
        matrix = self.matrix
        return {
            "lab": matrix.lab,
            "nights": [
                {
                    "run": night.name,
                    "host": night.host,
                    "started": night.started.isoformat(),
                    "exit_status": night.exit_status,
                }
                for night in matrix.nights
            ],
            "changes": self.changes.document(),
            "failing": [asdict(one) for one in self.failing],
            "flaky": [asdict(one) for one in self.flaky],
            "restart_drift": [asdict(one) for one in self.drifts],
            "verdicts": {
                matrix.places[place]: {matrix.claims[claim]: letters(series) for claim, series in claims.items()}
                for place, claims in matrix.series.items()
            },
        }


def history_of(
    database: Database,
    lab: str,
    newest: int | None,
    since: datetime | None = None,
    places: Collection[str] = (),
    claims: Collection[str] = (),
) -> History:
    """Raises ConfigurationError where there is no such run, place or claim, and BenchError as the database does."""
    with database.reading() as connection:
        nights = nights_of(connection, lab, newest, since)
        if not nights:
            when = f" since {since:%Y-%m-%d}" if since else ""
            raise ConfigurationError(f"{database}: has no run of lab {lab!r}{when}")
        matrix = read_matrix(connection, lab, nights, places, claims)
    flaky = flaky_in(matrix)
    found = [drift_of(matrix.places[place], restarts_of(matrix, place)) for place in matrix.series]
    return History(
        matrix=matrix,
        changes=changes_in(matrix, flaky),
        failing=standing_failures(matrix, flaky),
        flaky=tuple(words_of(matrix, one) for one in flaky),
        drifts=tuple(drifting(one for one in found if one is not None)),
    )


def letters(series: bytearray) -> str:
    return series.translate(TRANSLATED).decode("ascii")


def restarts_of(matrix: Matrix, place: int) -> list[tuple[int, float]]:
    """The median of each night's restarts, in seconds."""
    return [
        (night, median(standing.booted) / 1000)
        for night, standing in sorted(matrix.standing[place].items())
        if standing.booted
    ]


def worst_of(series: Collection[bytearray], nights: int) -> bytearray:
    """The worst of each night; many series are alike."""
    distinct = {bytes(one) for one in series}
    rank = {verdict: number for number, verdict in enumerate((*WORST_FIRST, NOT_ASKED))}
    return bytearray(min((one[night] for one in distinct), key=rank.__getitem__) for night in range(nights))


def weeks_of(connection: Connection, lab: str, before: datetime, key: str) -> dict[int, list[Week]]:
    """By place (`key` is `place_id`) or claim (`claim_id`), the weeks before a moment, the newest first."""
    [table] = [table for table, of in schema.TALLIES if of == key]
    runs: dict[int, str] = {}
    for run in nights_of(connection, lab):
        if run.started < before:
            day = run.started.astimezone()
            runs[run.id] = f"{datetime.fromordinal(day.toordinal() - day.weekday()):%Y-%m-%d}"
    sums: dict[int, dict[str, list[int]]] = defaultdict(dict)
    counts = [table.c[name] for name in schema.COUNTS]
    if not runs:
        return {}
    query = sa.select(table.c.run_id, table.c[key], *counts).where(table.c.run_id.between(min(runs), max(runs)))
    for run, one, *numbers in connection.execute(query):
        # Another lab's runs may lie between.
        if (week := runs.get(run)) is not None:
            total = sums[one].setdefault(week, [0] * (1 + len(schema.COUNTS)))
            total[0] += 1
            for index, number in enumerate(numbers, 1):
                total[index] += number
    return {
        one: [
            Week(monday, total[0], dict(zip(schema.COUNTS, total[1:], strict=True)))
            for monday, total in sorted(weeks.items(), reverse=True)
        ]
        for one, weeks in sums.items()
    }


def verdict_words(series: Collection[int]) -> str:
    """How often what, in words, the worst first."""
    counts = {verdict: sum(one == verdict for one in series) for verdict in WORST_FIRST}
    return ", ".join(f"{count} {VERDICT_OF[verdict].value}" for verdict, count in counts.items() if count)
