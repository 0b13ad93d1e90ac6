"""What is otherwise than in the night before with the same choices."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from harness.errors import ConfigurationError, LabError
from harness.fault import Verdict
from harness.lab import Lab
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


def flaky(night: Night, lab: Lab) -> Iterator[str]:
    """A line for whatever turned out flaky with a run of this night, by the results database."""
    # Only where a night has ended: a database is a second of imports.
    from harness.results.changes import changes as changes_of
    from harness.results.database import database_of

    told: dict[str, None] = {}
    try:
        database = database_of(lab)
        for attempt in night.attempts:
            try:
                found = changes_of(database, lab.lab.name, Path(attempt.folder).name)
            except ConfigurationError:
                # A run that was killed is in no database.
                continue
            told |= dict.fromkeys(f"newly flaky {one.kind}: {one}" for one in found.newly_flaky)
    except LabError as error:
        told[f"what is flaky is not known: {error}"] = None
    yield from told
