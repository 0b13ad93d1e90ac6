"""A run on one page of Markdown, for the summary pages of continuous integration."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator

from harness.fault import Verdict
from harness.report.facts import REMEDIES, Failed, RunFacts
from harness.report.view import WORST_FIRST, headline_of

MOST_PLACES, MOST_CLAIMS, MOST_LINES = 100, 30, 12
"""GitHub takes a megabyte; nobody reads as much."""
MARKS = re.compile(r"([\\`*_{}\[\]<>#|~!&])")
# A word beside each sign: not everybody sees it.
SIGNS = {
    Verdict.HELD: "✅",
    Verdict.FAILED: "❌",
    Verdict.ERROR: "💥",
    Verdict.BLOCKED: "⛔",
    Verdict.NOT_DONE: "⏳",
    Verdict.KNOWN: "➖",
    Verdict.SKIPPED: "➖",
}


def markdown_of(run: RunFacts) -> str:
    """Headline, places, what failed and what was not answered."""
    return "\n".join(_lines(run)) + "\n"


def _lines(run: RunFacts) -> Iterator[str]:
    total = Counter(verdict for place in run.places for verdict in place.verdicts.values())
    worst = next((verdict for verdict in WORST_FIRST if total[verdict]), Verdict.HELD)
    yield f"## {SIGNS[worst]} {_text(headline_of(run, total))}"
    yield ""
    yield f"Lab {_text(run.lab)}, {run.began:%Y-%m-%d %H:%M %Z}, {run.seconds:.0f} s."
    yield ""
    yield from _places(run)
    yield from _failures(run)
    yield from _unanswered(run)
    if run.remarks:
        yield from ("### Profiles", "", *(f"- {_text(remark)}" for remark in run.remarks), "")
    yield f"Evidence: `{run.folder}`"


def _places(run: RunFacts) -> Iterator[str]:
    shown = [verdict for verdict in WORST_FIRST if any(verdict in place.verdicts.values() for place in run.places)]
    yield f"| place | model | {' | '.join(verdict.value for verdict in shown)} | restarts |"
    yield f"|---|---|{'---:|' * (len(shown) + 1)}"
    counted = [(place, Counter(place.verdicts.values())) for place in run.places]
    counted.sort(key=lambda one: [-one[1][verdict] for verdict in WORST_FIRST if verdict is not Verdict.HELD])
    for place, counts in counted[:MOST_PLACES]:
        numbers = [str(counts[verdict] or "") for verdict in shown]
        restarts = str(place.lane.restarts) if place.lane else ""
        yield f"| {' | '.join([_text(place.name), _text(place.model), *numbers, restarts])} |"
    if len(counted) > MOST_PLACES:
        yield ""
        yield f"and {len(counted) - MOST_PLACES} places more, none of them worse."
    yield ""


def _failures(run: RunFacts) -> Iterator[str]:
    if not run.failures:
        return
    yield from ("### Failed", "")
    by_claim: dict[str, list[str]] = {}
    told: dict[str, Failed] = {}
    for one in run.failures:
        by_claim.setdefault(one.claim, []).append(one.place)
        told.setdefault(one.claim, one)
    most_first = sorted(by_claim.items(), key=lambda item: (-len(item[1]), item[0]))
    for claim, places in most_first[:MOST_CLAIMS]:
        one = told[claim]
        yield f"<details><summary><code>{_html(claim)}</code> at {_html(_few(places))}</summary>"
        yield ""
        yield from _fenced(f"expected: {one.expected}\nthe unit: {one.observed}\nevidence: {one.evidence}")
        yield from ("", "</details>", "")
    if len(most_first) > MOST_CLAIMS:
        yield from (f"and {len(most_first) - MOST_CLAIMS} claims more.", "")


def _unanswered(run: RunFacts) -> Iterator[str]:
    if not run.unanswered:
        return
    yield from ("### Not answered", "")
    for one in run.unanswered[:MOST_CLAIMS]:
        first = one.incident.splitlines()[0]
        yield f"- {_text(first)}: {one.claims} claims. {REMEDIES.get(one.fault, '')}"
    if len(run.unanswered) > MOST_CLAIMS:
        yield f"- and {len(run.unanswered) - MOST_CLAIMS} incidents more"
    yield ""


def _few(places: Iterable[str]) -> str:
    first, *others = sorted(places)
    return first if not others else f"{first} and {len(others)} more"


def _fenced(text: str) -> Iterator[str]:
    lines = text.splitlines()
    kept = lines[:MOST_LINES] + ([f"... {len(lines) - MOST_LINES} lines more"] if len(lines) > MOST_LINES else [])
    # A fence is longer than any that is in it (CommonMark 4.5).
    fence = "`" * max(3, *(len(found) + 1 for found in re.findall("`+", text)), 0)
    yield from (fence, *kept, fence)


def _text(text: str) -> str:
    """As it is: nothing in it is a mark of Markdown's."""
    return MARKS.sub(r"\\\1", " ".join(text.split()))


def _html(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
