"""What is otherwise than in the night before with the same choices."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from harness.errors import LabError
from harness.fault import Verdict
from harness.lab import Lab
from harness.nightly.night import PLAN_FILE, Night, before
from harness.nightly.outcomes import Outcomes

ANSWERS = frozenset({Verdict.HELD, Verdict.FAILED, Verdict.KNOWN})


def turned_flaky(lab: Lab, runs: Iterable[Path]) -> Iterator[str]:
    """A line for each claim or unit that is flaky with these runs and was not without them, by the lab's history."""
    from harness.results.changes import changes as changes_with
    from harness.results.database import database_of

    try:
        database = database_of(lab)
        if not database.is_there:
            return
        found = [one for run in runs for one in changes_with(database, lab.name, run.name).newly_flaky]
        database.close()
    except LabError:
        # A run that is not in the history has said so.
        return
    yield from dict.fromkeys(f"newly flaky {one.kind}: {one}" for one in found)


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
