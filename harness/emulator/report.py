"""What the control interface tells of a unit."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from harness.emulator.faults import Faults


@dataclass(frozen=True)
class Report:
    """The truth about a unit, whatever it says of itself; pairs as the SHA-256 of each certificate's DER form, in
    lower-case hex, leaf first."""

    stored: tuple[str, ...]
    running: tuple[str, ...]
    serving: tuple[str, ...] | None
    """None where nothing is served."""
    boots: int
    """How often it has started since its emulation began."""
    phase: str
    """Its state in the lifecycle: `active`, `off`, `shut down` ..."""
    events: tuple[str, ...]
    """The event log, oldest first."""
    restart_reasons: tuple[str, ...]
    faults: Faults

    def document(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_document(cls, document: dict[str, Any]) -> Report:
        # JSON knows no tuples.
        read: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in document.items()
        }
        return cls(**(read | {"faults": Faults.from_document(document["faults"])}))
