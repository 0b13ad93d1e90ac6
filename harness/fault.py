"""Whose fault it is that something was not answered, and what it does to the run."""

from __future__ import annotations

import errno
import traceback
from dataclasses import dataclass
from enum import StrEnum

from harness.errors import BenchError, ConfigurationError, DeadlineExpired, LabError, TimeIsUp, UnitError


class Fault(StrEnum):
    """Which party is at fault."""

    CONFIGURATION = "configuration"
    BENCH = "bench"
    TIME = "time"
    """Nobody's: the run was to end before this."""
    UNIT = "unit"
    OURS = "our own bug"


class Verdict(StrEnum):
    """What became of one claim."""

    HELD = "held"
    FAILED = "failed"
    BLOCKED = "blocked"
    """Not answered, because of an incident."""
    ERROR = "error"
    """Not answered, because of a bug of ours."""
    NOT_DONE = "not-done"
    """Not asked, because the run was to end before."""
    KNOWN = "known"
    """Failed, as a file of known failures has it."""
    SKIPPED = "skipped"
    """Does not apply: the unit lacks the feature."""


MACHINE = frozenset(
    {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.EFBIG, errno.EIO, errno.EMFILE}
)
"""What a machine's own disk and limits are to blame for."""

# The first row that fits decides; what no row names is our own bug.
FAULT_OF: tuple[tuple[type[Exception], Fault], ...] = (
    (ConfigurationError, Fault.CONFIGURATION),
    (TimeIsUp, Fault.TIME),
    (BenchError, Fault.BENCH),
    (LabError, Fault.BENCH),
    (UnitError, Fault.UNIT),
    (DeadlineExpired, Fault.UNIT),
)

VERDICT_OF = {
    Fault.CONFIGURATION: Verdict.BLOCKED,
    Fault.BENCH: Verdict.BLOCKED,
    Fault.TIME: Verdict.NOT_DONE,
    Fault.UNIT: Verdict.BLOCKED,
    Fault.OURS: Verdict.ERROR,
}


@dataclass(frozen=True)
class Incident:
    """Why something could not be done at a place."""

    place: str
    during: str
    fault: Fault
    reason: str
    """One line; for a bug of ours, the traceback."""

    @classmethod
    def of(cls, error: Exception, place: str, during: str) -> Incident:
        """What `error`, raised at `place` during something, means."""
        # Here, because a process that only reads verdicts has no use for the rest of it.
        from certstore import UploadRefused

        rows: tuple[tuple[type[Exception], Fault], ...] = (*FAULT_OF, (UploadRefused, Fault.UNIT))
        fault = next((fault for kind, fault in rows if isinstance(error, kind)), Fault.OURS)
        if isinstance(error, OSError) and error.errno in MACHINE:
            fault = Fault.BENCH
        if fault is Fault.OURS:
            return cls(place, during, fault, "".join(traceback.format_exception(error)))
        return cls(place, during, fault, " ".join(str(error).split()).removeprefix(f"{place}: "))

    @property
    def verdict(self) -> Verdict:
        return VERDICT_OF[self.fault]

    def __str__(self) -> str:
        return f"{self.place}: {self.during}: {self.reason} [{self.fault}]"


class Unanswered(Exception):
    """An observation does not exist, because of an incident."""

    def __init__(self, incident: Incident) -> None:
        super().__init__(incident)
        self.incident = incident

    def __str__(self) -> str:
        return str(self.incident)
