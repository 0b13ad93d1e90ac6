"""A judged unit as JSON, as a table for a terminal, and as plain lines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich import box
from rich.table import Table
from rich.text import Text

from harness.tls.handshake import fingerprint
from harness.verdict.expectation import Before, Expectation
from harness.verdict.finding import Judged, Outcome, Severity
from harness.verdict.health import before_of
from harness.verdict.sighting import Sighting, Unmeasurable

STYLES = {Outcome.HELD: "green", Outcome.NOT_MEASURABLE: "dim"}
BROKEN_STYLES = {Severity.ERROR: "bold red", Severity.WARNING: "yellow"}


def as_json(sighting: Sighting, expectation: Expectation, judged: Sequence[Judged]) -> dict[str, Any]:
    """The keys are always the same; what is unknown is null. `--before` reads `versions` and `suites`."""
    return {
        "endpoint": str(sighting.endpoint),
        "at": expectation.at.isoformat(timespec="seconds"),
        "failed": any(each.condemns for each in judged),
        "outcomes": {outcome: _count(judged)[outcome] for outcome in Outcome},
        "versions": [version.title for version in sighting.versions],
        "suites": _suites(sighting, judged),
        "chain": _fingerprints(sighting),
        "checks": [
            {
                "number": each.check.number,
                "id": each.check.id,
                "title": each.check.title,
                "standard": each.check.standard,
                "severity": each.severity,
                "outcome": each.finding.outcome,
                "expected": each.finding.expected,
                "observed": each.finding.observed,
            }
            for each in judged
        ],
    }


def read_before(document: Mapping[str, Any]) -> Before:
    """What `as_json` wrote. Raises KeyError, TypeError, ValueError or AttributeError where it did not."""
    suites = {str(version): frozenset(map(str, found)) for version, found in document["suites"].items()}
    return Before(frozenset(map(str, document["versions"])), suites)


def _suites(sighting: Sighting, judged: Sequence[Judged]) -> dict[str, list[str]] | None:
    # Asking for them costs a connection each: only where a check has asked already.
    if not any(each.check.id == "suites" for each in judged):
        return None
    try:
        return {version: sorted(found) for version, found in before_of(sighting).suites.items()}
    except Unmeasurable:
        return None


def _fingerprints(sighting: Sighting) -> list[str] | None:
    try:
        return [fingerprint(der) for der in sighting.chain]
    except Unmeasurable:
        return None


def _count(judged: Sequence[Judged]) -> Counter[Outcome]:
    return Counter(each.finding.outcome for each in judged)


def summary(judged: Sequence[Judged]) -> str:
    """`18 held, 2 broken (1 error, 1 warning), 8 not measurable`."""
    count = _count(judged)
    broken = Counter(each.severity for each in judged if each.finding.outcome is Outcome.BROKEN)
    details = ", ".join(f"{broken[severity]} {severity}" for severity in Severity if broken[severity])
    parts = [f"{count[Outcome.HELD]} held", f"{count[Outcome.BROKEN]} broken" + (f" ({details})" if details else "")]
    return ", ".join([*parts, f"{count[Outcome.NOT_MEASURABLE]} not measurable"])


def _words(each: Judged) -> str:
    outcome = each.finding.outcome
    return f"{outcome}: {each.severity}" if outcome is Outcome.BROKEN else str(outcome)


def _details(each: Judged) -> str:
    if each.finding.outcome is not Outcome.BROKEN:
        return each.finding.observed
    return f"{each.finding.observed}\nexpected: {each.finding.expected}\nby {each.check.standard}"


def as_table(judged: Sequence[Judged]) -> Table:
    """For a terminal."""
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("", justify="right", no_wrap=True)
    table.add_column("check")
    table.add_column("outcome", no_wrap=True)
    table.add_column("observed", overflow="fold")
    for each in judged:
        outcome = each.finding.outcome
        style = BROKEN_STYLES[each.severity] if outcome is Outcome.BROKEN else STYLES[outcome]
        # Text, not markup: names in certificates are the unit's.
        table.add_row(
            str(each.check.number), Text(each.check.id), Text(_words(each), style), Text(printable(_details(each)))
        )
    return table


def as_lines(judged: Sequence[Judged]) -> Iterator[str]:
    """One line for each check: for a file, a pipe, grep."""
    for each in judged:
        details = printable(_details(each)).replace("\n", "; ")
        yield f"{each.check.number:2} {each.check.id:18} {_words(each):16} {details}"


def printable(text: str) -> str:
    """Without control characters: what a certificate says goes to somebody's terminal."""
    return "".join(letter if letter.isprintable() or letter == "\n" else "�" for letter in text)
