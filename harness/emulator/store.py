"""The certificate store of an emulated unit: the model of certstore, seen as the pairs it stands for."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Protocol, Self

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from certstore import CertStore, Credential, Firmware, Refusal, Serving, Upload, UploadRefused, receive
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


@dataclass(frozen=True)
class UncheckedStore(ModelStore):
    """Stores a key that belongs to another certificate. No start can serve that, so what ran before runs on."""

    foreign: Pair | None = None

    @property
    def stored(self) -> Pair:
        return self.foreign or super().stored

    @property
    def key_matches(self) -> bool:
        return self.foreign is None

    @property
    def restart_required(self) -> bool:
        return self.foreign is not None or super().restart_required

    def receive(self, upload: Upload) -> Received:
        try:
            return super().receive(upload)
        except UploadRefused as refused:
            if refused.refusal is not Refusal.KEY_MISMATCH:
                raise
            try:
                certificates = x509.load_pem_x509_certificates(upload.certificate)
            except ValueError:
                # certstore read it, cryptography cannot: there is nothing to show, so it stays refused.
                raise refused from None
        return Pair(tuple(found.public_bytes(Encoding.DER) for found in certificates), upload.private_key)

    def keep(self, received: Received) -> Self:
        if isinstance(received, Pair):
            return replace(self, foreign=received)
        return replace(super().keep(received), foreign=None)

    def remove(self) -> Self:
        return replace(super().remove(), foreign=None)

    def started(self, files: Files) -> Started:
        return super().started(files) if self.key_matches else Started(self)
