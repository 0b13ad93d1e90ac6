"""What has become of each claim of a night, over all of its runs: nothing is replaced, the last answer counts."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.fault import Fault, Verdict
from harness.run_record import Settled, read_settled

OF_THE_BENCH = frozenset({Fault.BENCH, Fault.CONFIGURATION})
"""What is blocked by these is asked again. What a unit is to blame for is an answer."""


@dataclass(frozen=True)
class Outcomes:
    planned: Mapping[str, tuple[str, ...]]
    """By place, the node ids of its claims."""
    settled: Mapping[str, tuple[Settled, ...]]
    """By node id, the answers in the order of the runs; those that were not done are none."""
    why_not: Mapping[str, str]
    """By node id, why a claim was not done, as a run has told it."""

    @classmethod
    def of(cls, plan: Path, runs: Iterable[Path]) -> Outcomes:
        """Raises OSError and ValueError where the plan cannot be read; a run that has left no record has settled
        nothing."""
        places = json.loads(plan.read_text(encoding="utf-8"))["places"]
        planned = {name: tuple(facts["claims"]) for name, facts in places.items()}
        settled: dict[str, tuple[Settled, ...]] = {}
        why_not: dict[str, str] = {}
        for folder in runs:
            for nodeid, one in _read(folder).items():
                if one.verdict == Verdict.NOT_DONE:
                    why_not[nodeid] = one.incident or ""
                else:
                    settled[nodeid] = (*settled.get(nodeid, ()), one)
        return cls(planned, settled, why_not)

    @property
    def nodeids(self) -> Iterable[str]:
        return (nodeid for claims in self.planned.values() for nodeid in claims)

    @property
    def not_done(self) -> tuple[str, ...]:
        return tuple(nodeid for nodeid in self.nodeids if nodeid not in self.settled)

    @property
    def to_ask_again(self) -> dict[str, tuple[str, ...]]:
        """By place, the claims that the bench has blocked, and that were asked once."""
        found = {
            place: tuple(nodeid for nodeid in claims if _is_blocked_once(self.settled.get(nodeid, ())))
            for place, claims in self.planned.items()
        }
        return {place: claims for place, claims in found.items() if claims}

    @property
    def asked_again(self) -> dict[str, tuple[Settled, ...]]:
        return {nodeid: tries for nodeid, tries in self.settled.items() if len(tries) > 1}

    def verdict(self, nodeid: str) -> Verdict:
        tries = self.settled.get(nodeid)
        return Verdict(tries[-1].verdict) if tries else Verdict.NOT_DONE

    def counts(self, place: str) -> Counter[Verdict]:
        return Counter(map(self.verdict, self.planned[place]))


def _is_blocked_once(tries: Sequence[Settled]) -> bool:
    return len(tries) == 1 and tries[0].verdict == Verdict.BLOCKED and tries[0].fault in OF_THE_BENCH


def _read(folder: Path) -> dict[str, Settled]:
    try:
        return read_settled(folder)
    except OSError:
        return {}
