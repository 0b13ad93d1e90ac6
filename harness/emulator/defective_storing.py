"""Firmware that keeps pairs otherwise than it should: what is stored, and what flash makes of it."""

from __future__ import annotations

import ssl
from collections.abc import Collection
from dataclasses import dataclass, replace

from certstore import CertStore, Credential, Firmware, Refusal, UploadRefused, receive
from certstore.flash import PAIR, Files, record
from certstore.upload import Upload
from harness.emulator.conduct import Conduct
from harness.emulator.lifecycle import Event
from harness.emulator.pair import FACTORY, Pair
from harness.emulator.store import ModelStore, Received, Started, Store, UncheckedStore


class LosesPairOnPowerCut(Conduct):
    def loads(self, store: Store, files: Files, event: Event) -> Started:
        if event is Event.POWER_LOSS:
            store.remove().save(files)
        return super().loads(store, files, event)


class WritesNothing(Conduct):
    def saves(self, store: Store, files: Files) -> None:
        return None


class WritesInPlace(Conduct):
    """An interrupted upload leaves half a file under the name of the pair that it should replace."""

    def saves(self, store: Store, files: Files) -> None:
        if not isinstance(store, ModelStore) or store.model.stored is None:
            super().saves(store, files)
            return
        files.write(PAIR, record(store.model.stored))
        files.sync(PAIR)
        files.sync_directory()


CERTIFICATE_FILE, KEY_FILE = "certificate.pem", "key.pem"


class WritesTwoFiles(Conduct):
    """An interrupted upload leaves the new certificate with the old key."""

    def blank_store(self, firmware: Firmware) -> Store:
        return _StoreOfTwoFiles(firmware)

    def saves(self, store: Store, files: Files) -> None:
        contents = {
            CERTIFICATE_FILE: b"".join(_pem(certificate) for certificate in store.stored.certificates),
            KEY_FILE: store.stored.private_key,
        }
        # Each file is replaced as a whole. That it takes two steps is the bug.
        for name, content in contents.items():
            files.write(f"{name}.new", content)
            files.sync(f"{name}.new")
            files.rename(f"{name}.new", name)
            files.sync_directory()

    def loads(self, store: Store, files: Files, event: Event) -> Started:
        assert isinstance(store, _StoreOfTwoFiles), "blank_store gives no other"
        # An interrupted write is forgotten at the start, so each write takes the same steps, and one of them is the
        # bug.
        for unfinished in {f"{CERTIFICATE_FILE}.new", f"{KEY_FILE}.new"} & set(files.names()):
            files.remove(unfinished)
        files.sync_directory()
        if not {CERTIFICATE_FILE, KEY_FILE} <= set(files.names()):
            return Started(_StoreOfTwoFiles(store.firmware))
        certificate, key = files.read(CERTIFICATE_FILE), files.read(KEY_FILE)
        try:
            written = receive(Upload(certificate, key, None), store.firmware)
        except UploadRefused:
            received = UncheckedStore(store.firmware).receive(Upload(certificate, key, None))
            assert isinstance(received, Pair), "it was just refused"
            return Started(_StoreOfTwoFiles(store.firmware, foreign=received))
        # The factory pair is written like any other, and read back as one.
        stored = None if written.leaf == FACTORY.leaf else written
        return Started(_StoreOfTwoFiles(store.firmware, CertStore(stored, stored)))


class _StoreOfTwoFiles(UncheckedStore):
    """Refuses what any unit refuses: only a power cut can mix a pair."""

    def receive(self, upload: Upload) -> Received:
        return receive(upload, self.firmware)


@dataclass(frozen=True)
class RefusalClearsPair(Conduct):
    of: Collection[Refusal] = frozenset(Refusal)

    def after_refusal(self, store: Store, refused: UploadRefused) -> Store:
        return store.remove() if refused.refusal in self.of else store


class RefusalDropsWhatWaits(Conduct):
    """The pair that waits for a restart is lost, and the running one stays."""

    def after_refusal(self, store: Store, refused: UploadRefused) -> Store:
        if not isinstance(store, ModelStore):
            return store
        return replace(store, model=CertStore(store.model.running, store.model.running))


class IgnoresRemoval(Conduct):
    def removes(self, store: Store) -> Store:
        return store


class KeepsFirstUploadOnly(Conduct):
    def keeps(self, store: Store, received: Received) -> Store:
        return super().keeps(store, received) if store.stored.is_factory else store


class RemovesInMemoryOnly(Conduct):
    def saves(self, store: Store, files: Files) -> None:
        if not store.stored.is_factory:
            super().saves(store, files)


class BringsBackTheFormerPair(Conduct):
    def blank_store(self, firmware: Firmware) -> Store:
        return _StoreWithMemory(firmware)

    def loads(self, store: Store, files: Files, event: Event) -> Started:
        started = super().loads(store, files, event)
        if event is Event.POWER_LOSS and isinstance(started.store, _StoreWithMemory):
            former = started.store.former
            return replace(started, store=replace(started.store, model=CertStore(former, former)))
        return started


@dataclass(frozen=True)
class _StoreWithMemory(ModelStore):
    former: Credential | None = None

    def keep(self, received: Received) -> _StoreWithMemory:
        return replace(super().keep(received), former=self.model.stored)


def _pem(certificate: bytes) -> bytes:
    return ssl.DER_cert_to_PEM_cert(certificate).encode()
