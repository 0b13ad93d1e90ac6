"""What the bench does to a unit that is well: its network, its power, its console line, its clock.

They are no defects: firmware cannot help them, and a run must not blame it for them. Each can be switched while the
unit runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any


class FaultUnknown(Exception):
    """No such fault, or not with such a value."""


@dataclass(frozen=True)
class Faults:
    """All that is wrong now; nothing by default. Those of the network are for connections that are made later."""

    latency_seconds: float = 0.0
    """Everything that arrives is held back so long."""
    lost_every: int = 0
    """Of so many connections one is accepted and never answered; 0 is none, 1 is all."""
    reset_after: int | None = None
    """A connection is reset when the unit has sent so many octets on it."""
    stall_after: int | None = None
    """Of what the unit sends on a connection, only so many octets arrive; it stays open."""
    clock_seconds: float = 0.0
    """How far the unit's clock is ahead of the right time."""
    console_down: bool = False
    """The console server does not answer."""
    pdu_dead: bool = False
    """The outlet takes commands, says that all is well, and switches nothing."""

    @property
    def on_the_network(self) -> bool:
        nothing = Faults()
        return any(getattr(self, name) != getattr(nothing, name) for name in NETWORK)

    def loses(self, connection: int) -> bool:
        """Whether the connection of this number goes unanswered."""
        return bool(self.lost_every) and connection % self.lost_every == 0

    def document(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_document(cls, document: Mapping[str, object]) -> Faults:
        """Raises FaultUnknown."""
        for name, value in document.items():
            if not _fits(name, value):
                raise FaultUnknown(f"no fault {name!r} can be {value!r}")
        return cls(**document)  # type: ignore[arg-type]  # _fits has seen to it


NO_FAULTS = Faults()

NETWORK = ("latency_seconds", "lost_every", "reset_after", "stall_after")

KINDS: Mapping[str, tuple[type, ...]] = {
    "float": (int, float),
    "int": (int,),
    "int | None": (int, type(None)),
    "bool": (bool,),
}


def _fits(name: str, value: object) -> bool:
    kinds = {field.name: KINDS[str(field.type)] for field in fields(Faults)}
    # By type: True is an int for isinstance.
    return type(value) in kinds.get(name, ()) and not (name in NETWORK and value is not None and value < 0)  # type: ignore[operator]
