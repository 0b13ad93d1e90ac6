"""What is otherwise than in the night before with the same choices."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from harness.fault import Verdict
from harness.nightly.night import PLAN_FILE, Night, before
from harness.nightly.outcomes import Outcomes

ANSWERS = frozenset({Verdict.HELD, Verdict.FAILED, Verdict.KNOWN})


def changes(night: Night, outcomes: Outcomes) -> Iterator[str]:
    """A line for each claim that was answered in both nights, and not alike."""
    last = before(night)
    if last is None:
        return
    try:
        earlier = Outcomes.of(last.folder / PLAN_FILE, [Path(attempt.folder) for attempt in last.attempts])
    except (OSError, ValueError):
        return
    there = set(earlier.nodeids)
    for nodeid in outcomes.nodeids:
        was, now = earlier.verdict(nodeid) if nodeid in there else None, outcomes.verdict(nodeid)
        if was in ANSWERS and now in ANSWERS and was is not now:
            yield f"{nodeid.rpartition('::')[2]}: {was}, now {now}"
