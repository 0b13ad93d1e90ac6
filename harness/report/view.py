"""What the page shows: everything counted, sorted and worded, so that the template only places it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby
from statistics import median

from harness.fault import Verdict
from harness.report.facts import Ending, Failed, PlaceFacts, RunFacts
from harness.report.happenings import Happening, Happenings
from harness.report.incidents import Incidents, incidents_of
from harness.report.inline import evidence_lines

# A verdict's sign is a letter first: paper and many eyes have no colours.
SIGNS: Mapping[str, str] = {
    Verdict.HELD: "·",
    Verdict.FAILED: "F",
    Verdict.BLOCKED: "B",
    Verdict.NOT_DONE: "n",
    Verdict.ERROR: "E",
    Verdict.SKIPPED: "s",
    Verdict.KNOWN: "k",
}
NOT_ASKED = "not-asked"
WORST_FIRST = (
    Verdict.FAILED,
    Verdict.ERROR,
    Verdict.BLOCKED,
    Verdict.NOT_DONE,
    Verdict.KNOWN,
    Verdict.SKIPPED,
    Verdict.HELD,
)
OPEN_PLACES = 20
"""Up to so many places show their time lines unfolded; of more, those that failed."""
BY_HAND = "driven by tests"


@dataclass(frozen=True)
class Stretch:
    """Neighbouring claims with the same verdict, as so many signs."""

    verdict: str
    signs: str


@dataclass(frozen=True)
class Cell:
    words: str
    stretches: tuple[Stretch, ...]


@dataclass(frozen=True)
class Bar:
    """A restart beside the longest of the run, in percent of it."""

    happening: Happening
    down: float
    web: float
    booted: float
    others: float | None
    """Median seconds of the other places' restarts in this run."""
    before: float | None
    """Median seconds of this place's own, in earlier runs."""

    @property
    def marks(self) -> tuple[tuple[str, float], ...]:
        """Where on the bar the others, and this one before, were up: a name, and percent."""
        full = self.down + self.web + self.booted
        scale = full / self.happening.booted if self.happening.booted else 0.0
        wanted = (("others", self.others), ("before", self.before))
        return tuple((name, min(seconds * scale, 100.0)) for name, seconds in wanted if seconds)

    @property
    def remark(self) -> str:
        """How it compares, in words; empty where there is nothing to compare with."""
        parts = [
            f"{_times(self.happening.booted, usual)} {whose}"
            for usual, whose in ((self.others, "other places"), (self.before, "this one before"))
            if usual
        ]
        return "; ".join(parts)


@dataclass(frozen=True)
class PlaceView:
    name: str
    model: str
    anchor: str
    words: str
    verdict: str
    cells: tuple[Cell, ...]
    bars: tuple[Bar, ...]
    experiments: str
    restarts: str
    is_open: bool


@dataclass(frozen=True)
class FailedClaim:
    """One claim, and all places at which it failed: with what is the same at all of them told once."""

    claim: str
    anchor: str
    expected: str
    places: tuple[Failed, ...]


@dataclass(frozen=True)
class Column:
    name: str
    claims: tuple[str, ...]


@dataclass(frozen=True)
class View:
    title: str
    headline: str
    verdict: str
    counts: str
    run: RunFacts
    restarts: str
    columns: tuple[Column, ...]
    places: tuple[PlaceView, ...]
    failed: tuple[FailedClaim, ...]
    incidents: tuple[Incidents, ...]
    all_held: tuple[PlaceView, ...]
    """Where there are many: those that have nothing to tell, so that they can be folded away."""
    evidence: Mapping[tuple[str, str], tuple[str, ...]]
    legend: tuple[tuple[str, str], ...]


def view_of(run: RunFacts, happenings: Mapping[str, Happenings], before: Mapping[str, float]) -> View:
    columns = _columns(run.places)
    all_restarts = {name: [one.booted for one in found.restarts] for name, found in happenings.items()}
    longest = max((seconds for each in all_restarts.values() for seconds in each), default=0.0)
    total = Counter(verdict for place in run.places for verdict in place.verdicts.values())
    middles = _medians_of_others(all_restarts)
    worst = sorted(run.places, key=lambda place: (WORST_FIRST.index(_worst(place)), place.name))
    few = len(run.places) <= OPEN_PLACES
    places = []
    for number, place in enumerate(worst, 1):
        restarts = happenings[place.name].restarts
        scale = 100 / longest if longest else 0.0
        bars = tuple(
            Bar(
                one,
                one.down * scale,
                max(one.web - one.down, 0) * scale,
                max(one.booted - one.web, 0) * scale,
                middles.get(place.name),
                before.get(place.name),
            )
            for one in restarts
        )
        verdict = _worst(place)
        took = (
            f"{one.name} {f'{one.seconds:.1f} s' if one.seconds is not None else 'not finished'}"
            for one in happenings[place.name].experiments
        )
        places.append(
            PlaceView(
                name=place.name,
                model=place.model,
                anchor=f"place-{number}",
                words=_counted(Counter(place.verdicts.values())) or "nothing asked",
                verdict=verdict,
                cells=tuple(_cell(place, column) for column in columns),
                bars=bars,
                experiments=", ".join(took),
                restarts=_restarts([place]),
                is_open=few or verdict is Verdict.FAILED,
            )
        )
    return View(
        title=f"Lab {run.lab}, {run.began:%Y-%m-%d %H:%M %Z}",
        headline=headline_of(run, total),
        verdict=next((each for each in WORST_FIRST if total[each]), Verdict.HELD),
        counts=_counted(total) or "nothing was asked",
        run=run,
        restarts=_restarts(run.places),
        columns=columns,
        places=tuple(place for place in places if few or place.verdict is not Verdict.HELD),
        failed=_failed(run.failures),
        incidents=incidents_of(run.unanswered, happenings),
        all_held=() if few else tuple(place for place in places if place.verdict is Verdict.HELD),
        evidence=evidence_lines(run.folder, run.failures),
        legend=tuple((sign, verdict) for verdict, sign in SIGNS.items()),
    )


def _columns(places: Iterable[PlaceFacts]) -> tuple[Column, ...]:
    """Experiments, and their claims, each once, in the order in which places have them."""
    found: dict[str, dict[str, None]] = {}
    for place in places:
        for experiment, claim in place.verdicts:
            found.setdefault(experiment, {})[claim] = None
    return tuple(Column(name, tuple(claims)) for name, claims in found.items())


def _cell(place: PlaceFacts, column: Column) -> Cell:
    verdicts = [place.verdicts.get((column.name, claim), NOT_ASKED) for claim in column.claims]
    stretches = tuple(
        Stretch(verdict, SIGNS.get(verdict, " ") * len(list(same))) for verdict, same in groupby(verdicts)
    )
    counts = Counter(verdict for verdict in verdicts if verdict != NOT_ASKED)
    return Cell(_counted(counts) or "not asked", stretches)


def _worst(place: PlaceFacts) -> Verdict:
    there = set(place.verdicts.values())
    return next((verdict for verdict in WORST_FIRST if verdict in there), Verdict.HELD)


def _counted(counts: Counter[str]) -> str:
    return ", ".join(f"{counts[verdict]} {verdict.value}" for verdict in WORST_FIRST if counts[verdict])


def headline_of(run: RunFacts, total: Counter[str]) -> str:
    """The worst first; of a run that was cut short, that first of all."""

    def at(verdict: Verdict) -> str:
        count = sum(verdict in place.verdicts.values() for place in run.places)
        return f"{total[verdict]} claim{'s' * (total[verdict] != 1)} {{}} at {count} of {len(run.places)} places"

    parts = [
        at(verdict).format(word)
        for verdict, word in (
            (Verdict.FAILED, "failed"),
            (Verdict.BLOCKED, "could not be answered"),
            (Verdict.ERROR, "met a bug of ours"),
            (Verdict.NOT_DONE, "were not done"),
        )
        if total[verdict]
    ]
    cut_short = {
        Ending.STOPPED: "stopped before its end: ",
        Ending.KILLED: "killed before its end: ",
        Ending.UNDER_WAY: "still under way: ",
    }.get(run.ending, "")
    if parts:
        return cut_short + "; ".join(parts)
    if not total[Verdict.HELD]:
        return f"{cut_short}no claim was answered" if cut_short else "No claim was answered"
    if cut_short:
        return f"{cut_short}{total[Verdict.HELD]} claims have held, none has failed"
    return f"All {total[Verdict.HELD]} claims that apply held at {len(run.places)} places"


def _restarts(places: Iterable[PlaceFacts]) -> str:
    lanes = [place.lane for place in places if place.lane is not None]
    used, floor = sum(lane.restarts for lane in lanes), sum(lane.restart_floor for lane in lanes)
    return f"{used} restarts, {floor} needed at least"


def _medians_of_others(restarts: Mapping[str, list[float]]) -> dict[str, float]:
    """The median of all other places' medians; of many places one more or less moves it little, so it is one."""
    middles = {name: median(seconds) for name, seconds in restarts.items() if seconds}
    if len(middles) > OPEN_PLACES:
        return dict.fromkeys(middles, median(middles.values()))
    return {
        name: median(others)
        for name in middles
        if (others := [seconds for other, seconds in middles.items() if other != name])
    }


def _times(seconds: float, usual: float) -> str:
    return f"{seconds / usual:.2f} times the {usual:.1f} s of"


def _failed(failures: Iterable[Failed]) -> tuple[FailedClaim, ...]:
    by_claim: dict[tuple[str, str], list[Failed]] = {}
    for one in failures:
        by_claim.setdefault((one.claim, one.expected), []).append(one)
    most_first = sorted(by_claim.items(), key=lambda item: (-len(item[1]), item[0]))
    return tuple(
        FailedClaim(claim, f"failed-{number}", expected, tuple(sorted(found, key=lambda one: one.place)))
        for number, ((claim, expected), found) in enumerate(most_first, 1)
    )
