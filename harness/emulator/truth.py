"""What a unit really stores, serves and does, whatever it says of itself."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from harness.emulator.faults import Faults
from harness.emulator.pair import Pair
from harness.emulator.report import Report
from harness.emulator.unit import EmulatedUnit


@dataclass(frozen=True)
class Truth:
    """For tests in the same process."""

    stored: Pair
    running: Pair
    serving: Pair | None
    boots: int
    """How often it has started since its emulation began."""
    phase: str
    """Its state in the lifecycle: `active`, `off`, `shut down` ..."""
    events: tuple[str, ...]
    """The event log, oldest first."""
    restart_reasons: tuple[str, ...]
    faults: Faults

    @classmethod
    def of(cls, unit: EmulatedUnit) -> Truth:
        return cls(
            unit.store.stored,
            unit.store.running,
            unit.serving,
            unit.boots,
            unit.state.name.lower().replace("_", " "),
            tuple(map(str, unit.events.entries)),
            tuple(entry.reason for entry in unit.restart_log),
            unit.faults,
        )


def report_of(truth: Truth) -> Report:
    """The same for another process."""
    return Report(
        stored=_fingerprints(truth.stored),
        running=_fingerprints(truth.running),
        serving=None if truth.serving is None else _fingerprints(truth.serving),
        boots=truth.boots,
        phase=truth.phase,
        events=truth.events,
        restart_reasons=truth.restart_reasons,
        faults=truth.faults,
    )


def _fingerprints(pair: Pair) -> tuple[str, ...]:
    return tuple(hashlib.sha256(certificate).hexdigest() for certificate in pair.certificates)
