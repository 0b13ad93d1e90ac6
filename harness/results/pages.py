"""The history as static pages: no network, no script; an index, one page a place, one a claim, firmware compared."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import groupby
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from harness.fault import Verdict
from harness.results import schema
from harness.results.changes import Failing, FlakyWords
from harness.results.database import Database
from harness.results.firmware import Comparison, compare, versions_in
from harness.results.flakiness import Kind
from harness.results.history import (
    LETTERS,
    WORST_FIRST,
    History,
    Week,
    restarts_of,
    verdict_words,
    weeks_of,
    worst_of,
)
from harness.results.matrix import ANSWERED, HELD, NOT_ASKED, VERDICT_OF, Matrix

if TYPE_CHECKING:
    import jinja2

INDEX, FIRMWARE = "index.html", "firmware.html"
MOST_PLACES = 8
"""Of one row of a table that are named."""
NIGHTS_NAMED = 5
SIGNS = {number: "·" if letter == "." else letter for number, letter in LETTERS.items()}


@dataclass(frozen=True)
class Row:
    """One series: its signs for eyes, its words for ears."""

    name: str
    link: str
    signs: Markup
    words: str
    turned: str


def write_pages(database: Database, found: History, folder: Path, compared: Comparison | None = None) -> int:
    """How many pages are in the folder, which is made. Raises BenchError as the database does, and OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    count = 0
    for name, text in pages_of(database, found, compared):
        _write(folder / name, text)
        count += 1
    return count


def pages_of(database: Database, found: History, compared: Comparison | None = None) -> Iterator[tuple[str, str]]:
    """Each page's file and text, the index first."""
    book = _Book(database, found, compared)
    for name, template, page in book.pages():
        yield name, book.environment.get_template(template).render(page=page)


def _write(file: Path, text: str) -> None:
    unfinished = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        unfinished.write_text(text, encoding="utf-8")
        unfinished.replace(file)
    except OSError:
        with suppress(OSError):
            unfinished.unlink()
        raise


class _Book:
    """All pages of one history."""

    def __init__(self, database: Database, found: History, compared: Comparison | None) -> None:
        self.environment = _environment()
        self._found = found
        self._matrix = found.matrix
        self._compared = compared or _newest_beside_the_one_before(found.matrix)
        self._links = {name: _claim_file(name) for name in found.matrix.claims.values()}
        self._database = database

    @cached_property
    def _weeks_of_places(self) -> dict[int, list[Week]]:
        return self._weeks("place_id")

    @cached_property
    def _weeks_of_claims(self) -> dict[int, list[Week]]:
        return self._weeks("claim_id")

    def _weeks(self, key: str) -> dict[int, list[Week]]:
        with self._database.reading() as connection:
            return weeks_of(connection, self._matrix.lab, self._matrix.nights[0].started, key)

    def pages(self) -> Iterator[tuple[str, str, dict[str, Any]]]:
        """Of each its file, its template, and what is shown."""
        yield INDEX, "index.html", self._index()
        if self._compared is not None:
            yield FIRMWARE, "firmware.html", self._firmware(self._compared)
        for place in self._matrix.series:
            yield _place_file(self._matrix.places[place]), "series.html", self._place(place)
        by_claim: dict[int, dict[int, bytearray]] = {}
        for place, claim, series in self._matrix.cells():
            by_claim.setdefault(claim, {})[place] = series
        for claim, places in by_claim.items():
            yield self._links[self._matrix.claims[claim]], "series.html", self._claim(claim, places)

    def _page(self, title: str, headline: str, verdict: Verdict, here: str) -> dict[str, Any]:
        names = [("Lab", INDEX)] + ([("Firmware", FIRMWARE)] if self._compared is not None else [])
        last = self._matrix.nights[-1]
        nights = len(self._matrix.nights)
        return {
            "title": title,
            "headline": headline,
            "verdict": verdict.value,
            "pages": [(name, "" if link == here else link) for name, link in names],
            "legend": [(SIGNS[number], verdict.value) for verdict, number in schema.VERDICTS.items()],
            "span": f"{nights} nights, {self._matrix.nights[0].day} to {last.day}" if nights > 1 else last.day,
            "counts": [(name, name.replace("_", " ")) for name in schema.COUNTS],
        }

    def _index(self) -> dict[str, Any]:
        matrix, found = self._matrix, self._found
        count = len(matrix.nights)
        by_claim: dict[int, list[bytearray]] = {}
        for _, claim, series in matrix.cells():
            by_claim.setdefault(claim, []).append(series)
        places = [
            self._row(matrix.places[place], _place_file(matrix.places[place]), worst_of(claims.values(), count))
            for place, claims in matrix.series.items()
        ]
        claims = [
            self._row(matrix.claims[claim], self._links[matrix.claims[claim]], worst_of(several, count))
            for claim, several in by_claim.items()
        ]
        headline, verdict = _headline(found)
        return self._page(f"Lab {matrix.lab}, {matrix.nights[-1].day}", headline, verdict, INDEX) | {
            "changes": found.changes,
            "changed": found.changes.lines(),
            "flaky_claims": [(one, self._links[one.claim], one.claim) for one in found.of_kind(Kind.CLAIM)],
            "flaky_units": [(one, _place_file(_place_of(one)), one.unit) for one in found.of_kind(Kind.UNIT)],
            "flaky_pairs": [
                (one, self._links[one.claim], f"{one.claim} at {one.unit}") for one in found.of_kind(Kind.PAIR)
            ],
            "failing": self._failing(one for one in found.failing if not one.is_flaky),
            "failing_flakily": sum(one.is_flaky for one in found.failing),
            "drifts": list(map(str, found.drifts)),
            "places": _worst_first(places),
            "claims": _worst_first(claims),
            "weeks": _added_up(self._weeks_of_places),
        }

    def _failing(self, failing: Iterable[Failing]) -> list[dict[str, Any]]:
        by_claim: dict[tuple[str, str], list[str]] = {}
        for one in failing:
            by_claim.setdefault((one.claim, one.since), []).append(one.place)
        return [
            {
                "claim": claim,
                "link": self._links[claim],
                "since": since,
                "places": [(name, _place_file(name)) for name in places[:MOST_PLACES]],
                "more": max(0, len(places) - MOST_PLACES),
            }
            for (claim, since), places in by_claim.items()
        ]

    def _place(self, place: int) -> dict[str, Any]:
        matrix = self._matrix
        rows = [
            self._row(matrix.claims[claim], self._links[matrix.claims[claim]], series)
            for claim, series in matrix.series[place].items()
        ]
        name = matrix.places[place]
        headline, verdict = _last_night(list(matrix.series[place].values()), "claim")
        stood = [standing for _, standing in sorted(matrix.standing[place].items())]
        serials = dict.fromkeys(filter(None, (matrix.serials[one.unit[1]] for one in stood)))
        firmware = [version for version, _ in groupby(filter(None, (matrix.firmware[one.firmware] for one in stood)))]
        seconds = [one for _, one in restarts_of(matrix, place)]
        facts = [
            ("Model", matrix.models[place]),
            ("Serial number", ", then ".join(serials) or "not known"),
            ("Firmware", ", then ".join(firmware) or "not known"),
            ("Restarts", f"{median(seconds):.1f} s, median of {len(seconds)} nights" if seconds else "none timed"),
            *(("Restarts change", str(one)) for one in self._found.drifts if one.place == name),
            *((f"Flaky {one.kind}", str(one)) for one in self._found.flaky if one.unit and _place_of(one) == name),
        ]
        return self._page(f"Place {name}", headline, verdict, "") | {
            "facts": facts,
            "heading": "Claims by night",
            "column": "Claim",
            "rows": _worst_first(rows),
            "weeks": self._weeks_of_places.get(place, []),
        }

    def _claim(self, claim: int, places: Mapping[int, bytearray]) -> dict[str, Any]:
        matrix = self._matrix
        rows = [
            self._row(matrix.places[place], _place_file(matrix.places[place]), series)
            for place, series in places.items()
        ]
        name = matrix.claims[claim]
        headline, verdict = _last_night(list(places.values()), "place")
        return self._page(name, headline, verdict, "") | {
            "facts": [(f"Flaky {one.kind}", str(one)) for one in self._found.flaky if one.claim == name],
            "heading": "Places by night",
            "column": "Place",
            "rows": _worst_first(rows),
            "weeks": self._weeks_of_claims.get(claim, []),
        }

    def _firmware(self, compared: Comparison) -> dict[str, Any]:
        counted = [(outcome.value, count) for outcome, count in compared.counts.items()]
        words = ", ".join(f"{count} {outcome}" for outcome, count in counted) or "nothing was asked with both"
        worse = any(outcome == "worse" for outcome, _ in counted)
        restarts = ""
        if compared.restart_one is not None and compared.restart_other is not None:
            restarts = f"{compared.restart_one:.1f} s and {compared.restart_other:.1f} s, medians"
        title = f"Firmware {compared.one} beside {compared.other}"
        return self._page(title, words, Verdict.FAILED if worse else Verdict.HELD, FIRMWARE) | {
            "one": compared.one,
            "other": compared.other,
            "counted": counted,
            "restarts": restarts,
            "rows": [(row, self._links[row.claim]) for row in compared.claims],
        }

    def _row(self, name: str, link: str, series: bytearray) -> Row:
        seen = bytes(series)
        return Row(name, link, _signs(seen), self._words(seen), self._turned(seen))

    def _words(self, series: bytes) -> str:
        """For who hears the page: how many of what, and in which nights the last that did not hold."""
        words = verdict_words(series) or "not asked"
        others = [night for night, verdict in enumerate(series) if verdict not in (HELD, NOT_ASKED)]
        if not others:
            return words
        named = ", ".join(
            f"{VERDICT_OF[series[night]].value} {self._matrix.nights[night].day}" for night in others[-NIGHTS_NAMED:]
        )
        return f"{words}; last {named}"

    def _turned(self, series: bytes) -> str:
        """In which night it was last answered otherwise than the time before."""
        answers = [(night, verdict == HELD) for night, verdict in enumerate(series) if verdict in ANSWERED]
        for (_, before), (night, after) in zip(answers[-2::-1], answers[:0:-1], strict=True):
            if before != after:
                return f"{'held' if after else 'failed'} {self._matrix.nights[night].day}"
        return ""


@lru_cache(maxsize=4096)
def _signs(series: bytes) -> Markup:
    parts = []
    for verdict, same in groupby(series):
        signs = SIGNS[verdict] * len(list(same))
        parts.append(signs if verdict == NOT_ASKED else f'<i class="{VERDICT_OF[verdict].value}">{signs}</i>')
    # Only words and signs of ours.
    return Markup("".join(parts))


def _environment() -> jinja2.Environment:
    import jinja2

    return jinja2.Environment(
        # They look as a run's report does.
        loader=jinja2.ChoiceLoader([jinja2.PackageLoader("harness.results"), jinja2.PackageLoader("harness.report")]),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _newest_beside_the_one_before(matrix: Matrix) -> Comparison | None:
    versions = versions_in(matrix)
    return compare(matrix, *versions[-2:]) if len(versions) > 1 else None


def _headline(found: History) -> tuple[str, Verdict]:
    changed = found.changes
    parts = [
        f"{len(rows)} {one if len(rows) == 1 else many}"
        for rows, one, many in (
            ([one for one in changed.new_failures if not one.is_flaky], "new failure", "new failures"),
            ([one for one in changed.fixed if not one.is_flaky], "claim fixed", "claims fixed"),
            (changed.newly_flaky, "newly flaky", "newly flaky"),
            (changed.places_lost, "place lost", "places lost"),
        )
        if rows
    ]
    if changed.failing:
        parts.append(f"{changed.failing} failing as before")
    last, night = len(found.matrix.nights) - 1, set()
    for _, _, series in found.matrix.cells():
        night.add(series[last])
    verdict = next((VERDICT_OF[one] for one in _BY_WORSE if one in night), Verdict.HELD)
    if not parts:
        parts = ["Nothing was answered"] if not night & ANSWERED else ["Nothing changed"]
    words = "; ".join(parts)
    return words, verdict


_BY_WORSE = WORST_FIRST[: WORST_FIRST.index(schema.VERDICTS[Verdict.SKIPPED])]


def _last_night(several: list[bytearray], what: str) -> tuple[str, Verdict]:
    last = [series[-1] for series in several]
    words = verdict_words(last)
    verdict = next((VERDICT_OF[one] for one in _BY_WORSE if one in last), Verdict.HELD)
    return (f"In the last night, {what} by {what}: {words}" if words else "Not asked in the last night"), verdict


def _worst_first(rows: list[Row]) -> list[Row]:
    """Those that did not always hold come first."""
    return sorted(rows, key=lambda row: (row.words.endswith("held") and ";" not in row.words, row.name))


def _place_of(flaky: FlakyWords) -> str:
    return flaky.unit.partition(" (")[0]


def _place_file(name: str) -> str:
    return f"place-{name}.html"


def _claim_file(name: str) -> str:
    return f"claim-{hashlib.sha256(name.encode()).hexdigest()[:12]}.html"


def _added_up(weeks: Mapping[int, list[Week]]) -> list[Week]:
    """Of all places, week by week; the runs are those of the place that had most."""
    found: dict[str, Week] = {}
    for of_place in weeks.values():
        for week in of_place:
            known = found.get(week.monday, Week(week.monday, 0, dict.fromkeys(schema.COUNTS, 0)))
            counts = {name: known.counts[name] + week.counts[name] for name in schema.COUNTS}
            found[week.monday] = Week(week.monday, max(known.runs, week.runs), counts)
    return [found[monday] for monday in sorted(found, reverse=True)]
