"""What a night has come to: as text for people, as JSON for programs, and its exit status."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from harness.fault import Fault, Verdict
from harness.nightly.night import Night
from harness.nightly.outcomes import Outcomes
from harness.run_record import Settled

FORMAT = 1
NAMED = 3
"""So many claims of a place are named in the text; all of them are in the JSON."""
WORDS = {Verdict.NOT_DONE: "not done"}
ORDER = (
    Verdict.HELD,
    Verdict.FAILED,
    Verdict.BLOCKED,
    Verdict.ERROR,
    Verdict.NOT_DONE,
    Verdict.KNOWN,
    Verdict.SKIPPED,
)
RUN_STATUSES = (4, 1, 3)
"""Of a run, the worst first: no later run takes these back."""
OF_THE_UNIT, BLOCKED_STATUS = 1, 10


@dataclass(frozen=True)
class Summary:
    night: Night
    lab: str
    outcomes: Outcomes
    not_at_baseline: tuple[str, ...]
    changes: tuple[str, ...]
    """Since the night before, a line each."""
    ended: datetime

    @property
    def exit_status(self) -> int:
        """As of a run: 0 all held, 1 the firmware, 3 a bug of ours, 10 something has no answer, or a unit is not at
        its baseline."""
        statuses = [attempt.status for attempt in self.night.attempts]
        for status in RUN_STATUSES:
            if status in statuses:
                return status
        last = [tries[-1] for tries in self.outcomes.settled.values()]
        if any(one.verdict == Verdict.FAILED or one.fault == Fault.UNIT for one in last):
            return OF_THE_UNIT
        unanswered = {Verdict.BLOCKED, Verdict.ERROR, Verdict.NOT_DONE} & set(self.total)
        return BLOCKED_STATUS if unanswered or self.not_at_baseline else 0

    @property
    def total(self) -> Counter[Verdict]:
        return sum((self.outcomes.counts(place) for place in self.outcomes.planned), Counter())

    @property
    def headline(self) -> str:
        return ", ".join(f"{self.total[verdict]} {_word(verdict)}" for verdict in ORDER if self.total[verdict])

    def text(self) -> str:
        return "\n".join(self._lines()) + "\n"

    def _lines(self) -> Iterator[str]:
        night = self.night
        places = len(self.outcomes.planned)
        yield f"night {night.name}: lab {self.lab}, {places} places, until {_short(night.until)}"
        yield f"{self.headline}; exit status {self.exit_status}; ended {_short(self.ended)}"
        yield from self._table()
        for place in self.outcomes.planned:
            yield from self._unanswered(place)
        yield from self._again()
        yield from (f"NOT AT ITS BASELINE: {owed}: mcu-hil lab recover" for owed in self.not_at_baseline)
        yield from (f"since the last night: {change}" for change in self.changes)
        for number, attempt in enumerate(night.attempts, 1):
            status = "killed" if attempt.status is None else f"exit status {attempt.status}"
            yield f"run {number}, {attempt.purpose}: {status}, {attempt.folder}"
        yield f"night: {night.folder}"

    def _table(self) -> Iterator[str]:
        shown = [verdict for verdict in ORDER if self.total[verdict]]
        wide = max(map(len, self.outcomes.planned), default=5)
        yield f"{'place':<{wide}}  " + "  ".join(_word(verdict) for verdict in shown)
        for place in self.outcomes.planned:
            counts = self.outcomes.counts(place)
            yield f"{place:<{wide}}  " + "  ".join(f"{counts[one] or '':>{len(_word(one))}}" for one in shown)

    def _unanswered(self, place: str) -> Iterator[str]:
        """What is to be looked at: failed claims by name, the rest by what was in the way."""
        for verdict in (Verdict.FAILED, Verdict.ERROR, Verdict.BLOCKED, Verdict.NOT_DONE):
            by_reason: dict[str, list[str]] = {}
            for nodeid in self.outcomes.planned[place]:
                if self.outcomes.verdict(nodeid) is verdict:
                    reason = self._why(nodeid).removeprefix(f"{place}: ")
                    by_reason.setdefault(reason, []).append(_test(nodeid))
            for reason, claims in by_reason.items():
                more = f" and {len(claims) - NAMED} more" if len(claims) > NAMED else ""
                because = f" ({reason})" if reason else ""
                yield f"{place}: {_word(verdict)}: {', '.join(claims[:NAMED])}{more}{because}"

    def _why(self, nodeid: str) -> str:
        tries = self.outcomes.settled.get(nodeid)
        told = (tries[-1].incident or "") if tries else self.outcomes.why_not.get(nodeid, "no run came to it")
        return told.splitlines()[0] if told else ""

    def _again(self) -> Iterator[str]:
        """First and second outcome of what was asked twice, those that are alike in one line."""
        alike: dict[tuple[str, ...], list[str]] = {}
        for nodeid, tries in self.outcomes.asked_again.items():
            alike.setdefault((tries[0].place, *map(_outcome, tries)), []).append(nodeid)
        for (place, *outcomes), nodeids in alike.items():
            yield f"{place}: {len(nodeids)} claims asked again: first {', then '.join(outcomes)}"

    def facts(self) -> dict[str, Any]:
        """All of it, as JSON has it."""
        night, outcomes = self.night, self.outcomes
        return {
            "format": FORMAT,
            "night": night.name,
            "folder": str(night.folder),
            "lab": self.lab,
            "lab_file": night.selection.lab_file,
            "selection": {
                "suite": night.selection.suite,
                "places": list(night.selection.places),
                "tags": list(night.selection.tags),
                "mark": night.selection.mark,
                "keyword": night.selection.keyword,
            },
            "began": night.began.isoformat(timespec="seconds"),
            "until": night.until.isoformat(timespec="seconds"),
            "ended": self.ended.isoformat(timespec="seconds"),
            "exit_status": self.exit_status,
            "is_done": night.is_done,
            "counts": {verdict.value: self.total[verdict] for verdict in ORDER},
            "places": {
                place: {verdict.value: count for verdict, count in outcomes.counts(place).items()}
                for place in outcomes.planned
            },
            "claims": [self._claim(place, nodeid) for place, ids in outcomes.planned.items() for nodeid in ids],
            "not_at_baseline": list(self.not_at_baseline),
            "changes": list(self.changes),
            "runs": [
                {
                    "folder": attempt.folder,
                    "purpose": attempt.purpose.value,
                    "log": attempt.log,
                    "began": attempt.began,
                    "ended": attempt.ended,
                    "exit_status": attempt.status,
                }
                for attempt in night.attempts
            ],
        }

    def _claim(self, place: str, nodeid: str) -> dict[str, Any]:
        tries: Sequence[Settled] = self.outcomes.settled.get(nodeid, ())
        facts: dict[str, Any] = {"nodeid": nodeid, "place": place, "verdict": self.outcomes.verdict(nodeid).value}
        if not tries:
            return facts | {"reason": self._why(nodeid), "outcomes": []}
        return facts | {
            "claim": tries[-1].claim,
            "outcomes": [
                {"verdict": one.verdict, "fault": one.fault, "incident": one.incident, "at": one.at} for one in tries
            ],
        }


def _outcome(one: Settled) -> str:
    return one.verdict + (f" ({one.incident.splitlines()[0]})" if one.incident else "")


def _word(verdict: Verdict) -> str:
    return WORDS.get(verdict, verdict.value)


def _test(nodeid: str) -> str:
    return nodeid.rpartition("::")[2]


def _short(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M")
