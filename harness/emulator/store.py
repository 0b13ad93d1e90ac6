"""The certificate store of an emulated unit: the model of certstore, seen as the pairs it stands for."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Protocol, Self

from certstore import CertStore, Credential, Firmware, Serving, Upload, receive
from certstore.flash import Damage, Files, load, recover, save
from harness.emulator.pair import Pair

Received = Credential | Pair
"""An upload that was taken; a bare Pair is one that may not match, which no Credential can be."""


class Store(Protocol):
    """Values: each method returns the store afterwards."""

    @property
    def stored(self) -> Pair: ...

    @property
    def running(self) -> Pair:
        """As it is sent in a handshake."""

    @property
    def key_matches(self) -> bool:
        """Whether the stored key is that of the stored leaf."""

    @property
    def restart_required(self) -> bool: ...

    def receive(self, upload: Upload) -> Received:
        """What `keep` takes. It may be slow, and depends on the firmware only. Raises certstore.UploadRefused."""

    def keep(self, received: Received) -> Self:
        """Stored, to be used after the next start."""

    def remove(self) -> Self: ...

    def save(self, files: Files) -> None:
        """Put the stored pair on flash. Raises certstore.power.PowerCut when that happens meanwhile."""

    def started(self, files: Files) -> Started:
        """The store of a unit that starts with this on flash."""


@dataclass(frozen=True)
class Started:
    """What a start made of the flash."""

    store: Store
    damage: Damage | None = None
    """Why it is not the pair that was stored."""


@dataclass(frozen=True)
class ModelStore:
    """What firmware without a defect does: exactly what the model says."""

    firmware: Firmware
    model: CertStore = field(default_factory=CertStore)

    @property
    def stored(self) -> Pair:
        return Pair.of(self.model.stored)

    @property
    def running(self) -> Pair:
        pair = Pair.of(self.model.running)
        return pair.without_intermediates() if self.firmware.serving is Serving.LEAF_ONLY else pair

    @property
    def key_matches(self) -> bool:
        return True

    @property
    def restart_required(self) -> bool:
        return self.model.restart_required

    def receive(self, upload: Upload) -> Received:
        return receive(upload, self.firmware)

    def keep(self, received: Received) -> Self:
        assert isinstance(received, Credential), "receive gives nothing else"
        return replace(self, model=self.model.upload(received))

    def remove(self) -> Self:
        return replace(self, model=self.model.remove())

    def save(self, files: Files) -> None:
        save(files, self.model.stored)

    def started(self, files: Files) -> Started:
        recover(files)
        loaded = load(files, self.firmware)
        return Started(replace(self, model=loaded.started()), loaded.damage)
