"""What a run over units with planted defects proves of the suite: each defect killed, and by whom; and no more."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum

from tests.prove.runs import Became
from tests.prove.table import Row


class Fate(StrEnum):
    """What became of one defect."""

    KILLED = "killed"
    """Every claim that the table names failed."""
    SURVIVED = "survived"
    """No claim that the table names failed."""
    WOUNDED = "partly"
    """Some did, and others that the table names did not."""


@dataclass(frozen=True)
class Judged:
    """One defect, and what the suite made of it."""

    defect: str
    fate: Fate
    by: tuple[str, ...]
    """The claims that failed and were meant to."""
    held: tuple[str, ...]
    """Those that were meant to fail, and did not."""
    false_alarms: tuple[str, ...]
    """Those that failed, and the table knows nothing of it."""
    untold: tuple[str, ...]
    """Those that failed, and whose text does not say all that somebody needs who has to act on it."""
    blocked: int
    incidents: tuple[str, ...]

    @property
    def is_good(self) -> bool:
        return self.fate is Fate.KILLED and not self.false_alarms and not self.untold

    def document(self) -> dict[str, object]:
        return asdict(self) | {"good": self.is_good}


def judged(defect: str, row: Row, found: Became, *, full: bool, only: bool = False) -> Judged:
    """`full`: of a run of the selection `full`, in which more claims are meant to fail; `only`: of one in which some
    claims were not asked for.

    A claim that is blocked tells nothing: it neither kills nor is a false alarm. A unit that never comes back is
    killed by the claim that says so, and that one fails.
    """
    wanted = row.expected(full=full)
    if only:
        wanted &= found.failed | found.blocked | found.held | found.skipped
    by, held = (wanted | row.one_of) & found.failed, wanted - found.failed
    if not row.one_of & found.failed:
        held |= row.one_of
    fate = Fate.KILLED if by and not held else Fate.WOUNDED if by else Fate.SURVIVED
    strange = {claim for claim in found.failed - by if not row.allows(claim)}
    return Judged(
        defect,
        fate,
        tuple(sorted(by)),
        tuple(sorted(held)),
        tuple(sorted(strange)),
        tuple(sorted(found.untold)),
        len(found.blocked),
        tuple(sorted(found.incidents)),
    )


def lines(results: list[Judged]) -> list[str]:
    """For people: a line a defect, and what is wrong with it below."""
    told = []
    width = max((len(one.defect) for one in results), default=0)
    for one in results:
        alarms = f", {len(one.false_alarms)} false" if one.false_alarms else ""
        blocked = f", {one.blocked} blocked" if one.blocked else ""
        told.append(f"{one.defect:{width}}  {one.fate}{alarms}{blocked}: {', '.join(one.by) or '-'}")
        told += [f"{'':{width}}    held, and should have failed: {claim}" for claim in one.held]
        told += [f"{'':{width}}    does not tell what it should: {claim}" for claim in one.untold]
        told += [f"{'':{width}}    FALSE ALARM: {claim}" for claim in one.false_alarms]
        if not one.is_good:
            told += [f"{'':{width}}    {incident[:300]}" for incident in one.incidents]
    return told
