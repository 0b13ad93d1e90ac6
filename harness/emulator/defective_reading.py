"""Firmware that reads uploads otherwise than OpenSSL does."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding

from certstore import Firmware, Refusal, Upload, UploadRefused
from harness.emulator.conduct import Conduct
from harness.emulator.forms import file_names
from harness.emulator.http_server import Request
from harness.emulator.store import ModelStore, Received, Store, UncheckedStore

CERTIFICATE_BLOCK = re.compile(rb"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----\s*", re.DOTALL)


@dataclass(frozen=True)
class Alters(Conduct):
    """Reads something else than what was sent."""

    upload: Callable[[Upload], Upload]

    def reads(self, upload: Upload, store: Store) -> Received:
        return super().reads(self.upload(upload), store)


@dataclass(frozen=True)
class Refuses(Conduct):
    """Takes no upload of this kind."""

    found: Callable[[Upload], bool]
    refusal: Refusal

    def reads(self, upload: Upload, store: Store) -> Received:
        if self.found(upload):
            raise UploadRefused(self.refusal, "defect: one of a kind that is taken by others")
        return super().reads(upload, store)


@dataclass(frozen=True)
class KnowsLess(Conduct):
    """Was built without something."""

    less: Callable[[Firmware], Firmware]

    def blank_store(self, firmware: Firmware) -> Store:
        return ModelStore(self.less(firmware))


@dataclass(frozen=True)
class HidesRefusals(Conduct):
    """The page says that all went well."""

    refusals: Collection[Refusal]

    def tells_refusal(self, refused: UploadRefused) -> bool:
        return refused.refusal not in self.refusals


def in_either_file(pattern: bytes) -> Callable[[Upload], bool]:
    found = re.compile(pattern, re.DOTALL).search
    return lambda upload: any(map(found, (upload.certificate, upload.private_key)))


def in_the_key(pattern: bytes) -> Callable[[Upload], bool]:
    found = re.compile(pattern, re.DOTALL).search
    return lambda upload: found(upload.private_key) is not None


def cut_files(octets: int) -> Callable[[Upload], Upload]:
    return lambda upload: Upload(upload.certificate[:octets], upload.private_key[:octets], upload.passphrase)


def other_passphrase(made: Callable[[bytes], bytes]) -> Callable[[Upload], Upload]:
    return lambda upload: replace(upload, passphrase=upload.passphrase and made(upload.passphrase))


def other_certificates(chosen: Callable[[list[bytes]], list[bytes]]) -> Callable[[Upload], Upload]:
    return lambda upload: replace(upload, certificate=b"".join(chosen(CERTIFICATE_BLOCK.findall(upload.certificate))))


def without_cipher(name: str) -> Callable[[Firmware], Firmware]:
    def less(firmware: Firmware) -> Firmware:
        left = {known: cipher for known, cipher in firmware.branch.ciphers.items() if not known.startswith(name)}
        return replace(firmware, branch=replace(firmware.branch, ciphers=left))

    return less


def is_out_of_date(upload: Upload) -> bool:
    try:
        leaf = x509.load_pem_x509_certificate(upload.certificate)
    except ValueError:
        return False
    return not leaf.not_valid_before_utc <= datetime.now(UTC) <= leaf.not_valid_after_utc


def has_version_1(upload: Upload) -> bool:
    return _leaf_has(upload, lambda leaf: leaf.version is x509.Version.v1)


def is_longer_than(octets: int) -> Callable[[Upload], bool]:
    """Its certificate, without the others of its chain."""
    return lambda upload: _leaf_has(upload, lambda leaf: len(leaf.public_bytes(Encoding.DER)) > octets)


def has_odd_size(upload: Upload) -> bool:
    def is_odd(leaf: x509.Certificate) -> bool:
        key = leaf.public_key()
        return isinstance(key, rsa.RSAPublicKey) and key.key_size % 1024 != 0

    return _leaf_has(upload, is_odd)


def _leaf_has(upload: Upload, found: Callable[[x509.Certificate], bool]) -> bool:
    try:
        return found(x509.load_pem_x509_certificate(upload.certificate))
    except (ValueError, UnsupportedAlgorithm):
        return False


class RemembersPassphrase(Conduct):
    """An empty field means the passphrase that was sent last; units with this defect remember it for one another."""

    def __init__(self) -> None:
        self._last: bytes | None = None

    def reads(self, upload: Upload, store: Store) -> Received:
        self._last = upload.passphrase or self._last
        return super().reads(replace(upload, passphrase=self._last), store)


class TakesPemNamesOnly(Conduct):
    async def takes_form(self, request: Request) -> bool:
        names = file_names(request.headers["content-type"], await request.read())
        return all(name.endswith(".pem") for name in names if name)


class AcceptsForeignKey(Conduct):
    def blank_store(self, firmware: Firmware) -> Store:
        return UncheckedStore(firmware)
