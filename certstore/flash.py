"""The stored pair on flash: one file, replaced as a whole.

`save` writes the new pair beside the old one, syncs it, renames it over the old one and syncs the directory. Each
call has its reason: octets that were not synced may be missing after a power cut although their name is there (POSIX
fsync(); Linux fsync(2)); rename() puts the new file in place of the old one with no moment between (POSIX.1-2017);
and a rename outlives a cut only after the directory is synced (Linux fsync(2), DESCRIPTION). So a cut leaves the old
pair or the new one, whole, and once `save` has returned, the new one. The factory pair is in the firmware, not in a
file: a unit without the file has it.

The file `pair`, version 1, numbers big-endian:

| octets | what |
|---|---|
| 8 | `MCU PAIR` |
| 2 | version |
| 4 | length of the certificates, C |
| 4 | length of the private key, K |
| 32 | SHA-256 over the 18 octets before it and the C + K after it |
| C | leaf, then chain, PEM |
| K | private key, traditional form, PEM, not encrypted |

Nothing follows. The digest finds accidents; it is no signature. Where and how the unit keeps its pair is unknown;
that it has a compact flash which suffers from power cuts is a recollection (device-reference 5.5, R).
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property
from hashlib import sha256
from typing import Protocol

from certstore.credential import Credential
from certstore.firmware import DEFAULT_FIRMWARE, Firmware
from certstore.receiving import receive
from certstore.refusal import UploadRefused
from certstore.store import CertStore
from certstore.upload import Upload

PAIR = "pair"
# The pair that is being written. It is in force only under the other name.
UNFINISHED = "pair.new"

MAGIC = b"MCU PAIR"
VERSION = 1

_FRONT = struct.Struct(">8sHII")
_DIGEST_SIZE = 32
_HEADER_SIZE = _FRONT.size + _DIGEST_SIZE


class Files(Protocol):
    """One directory of a file system; a missing file is FileNotFoundError, anything else that fails an OSError."""

    def write(self, name: str, octets: bytes) -> None:
        """Afterwards the file holds these octets and no others; open() with O_CREAT and O_TRUNC, then write()."""
        ...

    def sync(self, name: str) -> None:
        """Afterwards what the file holds outlives a power cut; its name need not. fsync()"""
        ...

    def rename(self, old: str, new: str) -> None:
        """Afterwards `new` stands for the file; at no moment for none, if it stood for one before. rename()"""
        ...

    def remove(self, name: str) -> None:
        """unlink()"""
        ...

    def sync_directory(self) -> None:
        """Afterwards all names outlive a power cut. fsync() on the directory"""
        ...

    def read(self, name: str) -> bytes: ...

    def names(self) -> Collection[str]: ...


class Damage(StrEnum):
    """Why a file is not a stored pair; the first that applies."""

    UNREADABLE = "the file cannot be read"
    NO_HEADER = "the file is shorter than a header"
    NOT_A_PAIR = "the file does not begin as a stored pair does"
    UNKNOWN_VERSION = "the file is of a version that is not known"
    TRUNCATED = "the file is shorter than its header says"
    TRAILING_OCTETS = "the file is longer than its header says"
    WRONG_DIGEST = "the digest is not that of the file"
    PAIR_REFUSED = "the digest is right, but the firmware does not take the pair"


@dataclass(frozen=True, slots=True)
class Loaded:
    """What flash holds: a pair, or None for the factory pair; `damage` says why it is that when it should not be.

    ValueError for a pair out of a damaged file.
    """

    stored: Credential | None
    damage: Damage | None = None

    def __post_init__(self) -> None:
        if self.stored is not None and self.damage is not None:
            raise ValueError(f"a pair and {self.damage.name} in one: a damaged file holds no pair")

    def started(self) -> CertStore:
        """The store of a unit that has just started with this (device-reference 11.6, I)."""
        return CertStore(stored=self.stored, running=self.stored)


def save(files: Files, stored: Credential | None) -> None:
    """Make this the stored pair, None the factory pair; for every change of `CertStore.stored`.

    Once it has returned, `load` gives this pair, whatever happens to the power. If it raises, `load` gives this pair
    or the one before; after an OSError, `recover` settles which.
    """
    _forget_unfinished(files)
    if stored is not None:
        files.write(UNFINISHED, record(stored))
        files.sync(UNFINISHED)
        files.rename(UNFINISHED, PAIR)
    elif PAIR in files.names():
        files.remove(PAIR)
    files.sync_directory()


def recover(files: Files) -> None:
    """For every start, before `load`: forget an unfinished `save`, and make sure that `load` tells what will last."""
    _forget_unfinished(files)
    files.sync_directory()


def load(files: Files, firmware: Firmware = DEFAULT_FIRMWARE) -> Loaded:
    """The stored pair; a damaged file counts as none, with the reason. Changes nothing and raises no OSError."""
    try:
        octets = files.read(PAIR)
    except FileNotFoundError:
        return Loaded(None)
    except OSError:
        return Loaded(None, Damage.UNREADABLE)
    return _understood(octets, firmware)


def record(credential: Credential) -> bytes:
    """The file for a pair: with a private key in it that is not encrypted."""
    certificates, private_key = credential.certificate_pem(), credential.private_key_pem()
    front = _FRONT.pack(MAGIC, VERSION, len(certificates), len(private_key))
    body = certificates + private_key
    return front + sha256(front + body).digest() + body


def _forget_unfinished(files: Files) -> None:
    # Never written over: after a cut in the middle of a rename both names may stand for the stored pair itself.
    if UNFINISHED in files.names():
        files.remove(UNFINISHED)


@dataclass(frozen=True)
class _Record:
    """A file, taken apart by its header if it has one."""

    octets: bytes = field(repr=False)

    @cached_property
    def front(self) -> tuple[bytes, int, int, int]:
        magic, version, certificates, private_key = _FRONT.unpack_from(self.octets)
        return magic, version, certificates, private_key

    @property
    def length(self) -> int:
        """What the header says."""
        _, _, certificates, private_key = self.front
        return _HEADER_SIZE + certificates + private_key

    @property
    def digest(self) -> bytes:
        return self.octets[_FRONT.size : _HEADER_SIZE]

    @property
    def digested(self) -> bytes:
        return self.octets[: _FRONT.size] + self.octets[_HEADER_SIZE:]

    @property
    def upload(self) -> Upload:
        """The two files of the form that this pair would be."""
        _, _, certificates, _ = self.front
        border = _HEADER_SIZE + certificates
        return Upload(self.octets[_HEADER_SIZE:border], self.octets[border:])


# In this order: each may count on those before it not to apply.
_DAMAGED: Mapping[Damage, Callable[[_Record], bool]] = {
    Damage.NO_HEADER: lambda file: len(file.octets) < _HEADER_SIZE,
    Damage.NOT_A_PAIR: lambda file: file.front[0] != MAGIC,
    Damage.UNKNOWN_VERSION: lambda file: file.front[1] != VERSION,
    Damage.TRUNCATED: lambda file: len(file.octets) < file.length,
    Damage.TRAILING_OCTETS: lambda file: len(file.octets) > file.length,
    Damage.WRONG_DIGEST: lambda file: file.digest != sha256(file.digested).digest(),
}


def _understood(octets: bytes, firmware: Firmware) -> Loaded:
    file = _Record(octets)
    for damage, applies in _DAMAGED.items():
        if applies(file):
            return Loaded(None, damage)
    # The limit is one of the upload page, and this text is laid out otherwise than the upload was.
    unlimited = replace(firmware, upload_octets=len(octets))
    try:
        return Loaded(receive(file.upload, unlimited))
    except UploadRefused:
        return Loaded(None, Damage.PAIR_REFUSED)
