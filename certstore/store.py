"""The unit's one-certificate, one-key store: what is stored, what is running, and what changes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, StrEnum

from certstore.credential import Credential


class Event(StrEnum):
    """What can happen to the store."""

    UPLOAD = "upload"
    REMOVE = "remove"
    RESTART = "restart"
    POWER_LOSS = "power loss"
    FACTORY_RESET = "factory reset"


class Source(Enum):
    """Where a pair comes from when an event has passed."""

    STORED = "the pair stored before"
    RUNNING = "the pair running before"
    UPLOADED = "the pair of this upload"
    FACTORY = "the pair that every unit leaves the factory with"


# Event: (stored afterwards, running afterwards). device-reference 15.1. An upload or removal takes effect at the
# next start (D, 2.1). That a power cut loads the stored pair as a restart does is inferred; so is that a factory
# reset ends in a start.
TRANSITIONS: Mapping[Event, tuple[Source, Source]] = {
    Event.UPLOAD: (Source.UPLOADED, Source.RUNNING),
    Event.REMOVE: (Source.FACTORY, Source.RUNNING),
    Event.RESTART: (Source.STORED, Source.STORED),
    Event.POWER_LOSS: (Source.STORED, Source.STORED),
    Event.FACTORY_RESET: (Source.FACTORY, Source.FACTORY),
}


@dataclass(frozen=True, slots=True)
class CertStore:
    """One stored pair and one running pair, never two of either; None stands for the factory pair.

    A value: every method returns the store afterwards and leaves this one as it was. A fresh unit is
    `CertStore()`.
    """

    stored: Credential | None = None
    running: Credential | None = None

    @property
    def restart_required(self) -> bool:
        """Whether what is served differs from what is stored."""
        return self.stored != self.running

    def upload(self, credential: Credential) -> CertStore:
        return self._after(Event.UPLOAD, credential)

    def remove(self) -> CertStore:
        return self._after(Event.REMOVE)

    def restart(self) -> CertStore:
        return self._after(Event.RESTART)

    def power_loss(self) -> CertStore:
        return self._after(Event.POWER_LOSS)

    def factory_reset(self) -> CertStore:
        return self._after(Event.FACTORY_RESET)

    def _after(self, event: Event, uploaded: Credential | None = None) -> CertStore:
        pair = {
            Source.STORED: self.stored,
            Source.RUNNING: self.running,
            Source.UPLOADED: uploaded,
            Source.FACTORY: None,
        }
        stored, running = TRANSITIONS[event]
        return CertStore(pair[stored], pair[running])
