"""Named firmware bugs, and the points of behaviour at which firmware with a bug differs from firmware without."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from certstore import Firmware, Refusal, Upload, UploadRefused
from harness.emulator.pair import Pair
from harness.emulator.store import ModelStore, Received, Store


class Conduct:
    """Which pair is stored and served when: as documented. A defect replaces one of these."""

    def blank_store(self, firmware: Firmware) -> Store:
        return ModelStore(firmware)

    def serves_after_change(self, serving: Pair | None, store: Store) -> Pair | None:
        """After an upload or removal, the listener still up (device-reference 2.1, mark D: a restart is required)."""
        return serving

    def serves_after_start(self, served: Pair | None, store: Store) -> Pair | None:
        """When the listener opens; `served` is what it presented before it closed; None is nothing."""
        return store.running


class _OldPairAfterRestart(Conduct):
    def serves_after_start(self, served: Pair | None, store: Store) -> Pair | None:
        return served


class _NewPairBeforeRestart(Conduct):
    def serves_after_change(self, serving: Pair | None, store: Store) -> Pair | None:
        return store.stored


class _IntermediatesDropped(Conduct):
    def serves_after_start(self, served: Pair | None, store: Store) -> Pair | None:
        return store.running.without_intermediates()


class _ForeignKeyAccepted(Conduct):
    def blank_store(self, firmware: Firmware) -> Store:
        return _UncheckedStore(firmware)


@dataclass(frozen=True)
class _UncheckedStore(ModelStore):
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

    def restart(self) -> Self:
        return super().restart() if self.key_matches else self

    def power_loss(self) -> Self:
        return super().power_loss() if self.key_matches else self


@dataclass(frozen=True)
class Defect:
    """A firmware bug that a unit can be built with."""

    breaks: str
    """The documented behaviour that it breaks."""
    conduct: Conduct


HEALTHY = Conduct()

DEFECTS: Mapping[str, Defect] = {
    "old-pair-after-restart": Defect(
        "after the restart the uploaded pair is served (device-reference 2.1, mark D)", _OldPairAfterRestart()
    ),
    "new-pair-before-restart": Defect(
        "until the restart the pair from before the upload is served (device-reference 0.2, mark I)",
        _NewPairBeforeRestart(),
    ),
    "intermediates-dropped": Defect(
        "what follows the leaf in the certificate file is sent with it (device-reference 11.5, mark U)",
        _IntermediatesDropped(),
    ),
    "foreign-key-accepted": Defect(
        "a key that does not belong to the certificate is refused (device-reference 2.6, mark I)",
        _ForeignKeyAccepted(),
    ),
}


def conduct_of(defect: str | None) -> Conduct:
    """KeyError for a name that is not in `DEFECTS`."""
    return HEALTHY if defect is None else DEFECTS[defect].conduct
