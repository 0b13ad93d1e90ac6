"""Named uploads: what the suite sends to units, and what is known of each."""

from __future__ import annotations

import functools
import os
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import pkcs12

from certstore import Refusal, Upload, UploadRefused, receive
from harness import pki
from harness.errors import BenchError
from harness.once import once

PASSPHRASE = b"Correct horse Battery staple"

OPENSSL_SECONDS = 120

# All lanes want their keys at the same moment: more commands at once than cores would only take memory.
_one_command_a_core = threading.BoundedSemaphore(os.cpu_count() or 1)


FileNames = tuple[str, str] | None
"""Of certificate and key."""


@dataclass(frozen=True)
class Material:
    """An upload that every firmware takes, and the certificates in it."""

    upload: Upload
    chain: tuple[bytes, ...]
    """DER, leaf first: what the unit should serve."""
    files: FileNames = None
    """How the files are called, where that is special."""

    @property
    def leaf(self) -> bytes:
        return self.chain[0]


Make = Callable[[str], Material]
MakeBad = Callable[[str], Upload]


def article_self_signed(address: str) -> Material:
    """A self-signed certificate and a DES-EDE3 encrypted key, as the vendor's article has them made (C157,
    device-reference 2.5, mark D): the key by its very command, `genrsa -des3`."""
    pem, key = _article_keys.take()
    issued = pki.self_signed(address, address, key)
    return Material(Upload(issued.certificate_pem, pem, PASSPHRASE), issued.chain_der)


def _article_key() -> tuple[bytes, rsa.RSAPrivateKey]:
    """As the command writes it, and as it is. The passphrase travels through a pipe: no process list shows it."""
    with tempfile.TemporaryDirectory(prefix="mcu-hil-") as folder:
        file = Path(folder, "privkey.pem")
        # OpenSSL 3 writes PKCS#8 unless told otherwise, which the article's firmware may not read.
        openssl("genrsa", "-passout", ["-traditional", "-des3", "-out", str(file), str(pki.KEY_BITS)])
        pem = file.read_bytes()
    key = serialization.load_pem_private_key(pem, PASSPHRASE)
    assert isinstance(key, rsa.RSAPrivateKey)
    return pem, key


# Each is a command of its own, and no unit is given two of these.
_article_keys = pki.KeyPool(_article_key, size=2)


def ca_signed(address: str, common_name: str | None = None) -> Material:
    """A leaf signed by an authority of ours, its two intermediates appended, and a plain key."""
    issued = pki.run_authority().issue(address, common_name=common_name)
    return Material(Upload(issued.certificate_pem, pki.key_pem(issued.key), None), issued.chain_der)


def with_secrets(address: str) -> tuple[tuple[Upload, rsa.RSAPrivateKey], ...]:
    """A good upload with an encrypted key, and one with a plain key that another upload's certificate does not fit:
    each with the key that is in it, so that both can be looked for."""
    taken, issued = pki.run_authority().issue(address), pki.run_authority().issue(address)
    good = Upload(taken.certificate_pem, _encrypted(taken.key), PASSPHRASE)
    other = next(one for one in iter(pki.rsa_key, None) if one is not taken.key)
    return (good, taken.key), (Upload(issued.certificate_pem, pki.key_pem(other)[:-40], None), other)


def wrong_passphrase(address: str) -> Upload:
    """A good pair whose key is encrypted under another passphrase than the one that is sent with it."""
    certificate, key = _good(address)
    # In one case of 256 what comes of a wrong passphrase ends as a text does, and is refused for another reason.
    made = (Upload(certificate, _encrypted(key), b"not " + PASSPHRASE) for _ in count())
    return next(upload for upload in made if refusal_of(upload) is Refusal.WRONG_PASSPHRASE)


def refusal_of(upload: Upload) -> Refusal | None:
    """Why the model of the default firmware refuses it; None where it takes it."""
    try:
        receive(upload)
    except UploadRefused as refused:
        return refused.refusal
    return None


def no_passphrase(address: str) -> Upload:
    certificate, key = _good(address)
    return Upload(certificate, _encrypted(key), None)


def foreign_key(address: str, common_name: str | None = None) -> Upload:
    """A good certificate with a good key that belongs to another one: what becomes of it no document says."""
    issued = pki.run_authority().issue(address, common_name=common_name)
    # Keys take turns, and other lanes take theirs meanwhile: the next one may be this one again.
    other = next(one for one in iter(pki.rsa_key, None) if one is not issued.key)
    return Upload(issued.certificate_pem, pki.key_pem(other), None)


def fields_swapped(address: str) -> Upload:
    certificate, key = _good(address)
    return Upload(pki.key_pem(key), certificate, None)


def certificate_der(address: str) -> Upload:
    certificate, key = _good(address)
    return Upload(pki.pem_to_der(certificate), pki.key_pem(key), None)


def key_der(address: str) -> Upload:
    certificate, key = _good(address)
    der = key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    return Upload(certificate, der, None)


def pkcs12_twice(_address: str) -> Upload:
    """A pair as a PKCS#12 file, as Windows exports it, in both fields."""
    return Upload(_container(), _container(), PASSPHRASE)


@once
def _container() -> bytes:
    # Nobody gets as far as the names in it; to make one, and to read it again, costs a tenth of a second.
    issued = pki.run_authority().issue("unit")
    leaf, *issuers = issued.chain
    encryption = serialization.BestAvailableEncryption(PASSPHRASE)
    return pkcs12.serialize_key_and_certificates(b"unit", issued.key, leaf, issuers, encryption)


def empty_fields(address: str) -> Upload:
    return Upload(b"", b"", None)


def certificate_missing(address: str) -> Upload:
    """Both files have to be uploaded at the same time (device-reference 2.1, mark D)."""
    _, key = _good(address)
    return Upload(b"", pki.key_pem(key), None)


def key_missing(address: str) -> Upload:
    certificate, _ = _good(address)
    return Upload(certificate, b"", None)


def key_cut_off(address: str) -> Upload:
    certificate, key = _good(address)
    pem = pki.key_pem(key)
    return Upload(certificate, pem[: len(pem) // 2], None)


def certificate_cut_off(address: str) -> Upload:
    certificate, key = _good(address)
    return Upload(certificate[:500], pki.key_pem(key), None)


def passphrase_too_long(address: str) -> Upload:
    """One octet more than OpenSSL's buffer for it; a form that cuts it makes it a wrong one."""
    certificate, key = _good(address)
    return Upload(certificate, _encrypted(key), b"p" * 1025)


def encryption_unknown(address: str) -> Upload:
    """A key encrypted with a cipher that nobody has."""
    certificate, key = _good(address)
    return Upload(certificate, _encrypted(key).replace(b"DEK-Info: AES-", b"DEK-Info: ROT-"), PASSPHRASE)


def key_type_unknown(address: str) -> Upload:
    """An Ed25519 key, which is younger than any firmware of these units."""
    certificate, _ = _good(address)
    key = ed25519.Ed25519PrivateKey.generate()
    form = serialization.PrivateFormat.PKCS8
    return Upload(
        certificate, key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()), None
    )


def certificate_key_unknown(address: str) -> Upload:
    """A certificate for an Ed25519 key, with a good RSA key."""
    _, key = _good(address)
    public = ed25519.Ed25519PrivateKey.generate().public_key()
    return Upload(pki.run_authority().certify(public, address), pki.key_pem(key), None)


REFUSED: Mapping[str, MakeBad] = {
    "wrong-passphrase": wrong_passphrase,
    "fields-swapped": fields_swapped,
    "certificate-der": certificate_der,
    "key-der": key_der,
    "pkcs12": pkcs12_twice,
    # Right after one that was sent with the passphrase that this one lacks: nobody may remember it.
    "no-passphrase": no_passphrase,
    "empty": empty_fields,
    "certificate-missing": certificate_missing,
    "key-missing": key_missing,
    "key-cut-off": key_cut_off,
    "certificate-cut-off": certificate_cut_off,
    "passphrase-too-long": passphrase_too_long,
    "encryption-unknown": encryption_unknown,
    "key-type-unknown": key_type_unknown,
    "certificate-key-unknown": certificate_key_unknown,
}
"""What no firmware takes, by the name that stands in test ids."""


# None of them is ever stored, so one does for all that is made bad in another way.
@functools.lru_cache(maxsize=256)
def _good(address: str) -> tuple[bytes, rsa.RSAPrivateKey]:
    issued = pki.run_authority().issue(address)
    return issued.certificate_pem, issued.key


def _encrypted(key: rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.BestAvailableEncryption(PASSPHRASE),
    )


def openssl(command: str, passphrase_option: str, arguments: Iterable[str]) -> None:
    """Run one command of openssl; it reads PASSPHRASE from a pipe that `passphrase_option` names.

    Raises BenchError where it is missing or fails: it is a tool of the bench.
    """
    with ExitStack() as stack:
        reader, writer = os.pipe()
        stack.callback(os.close, reader)
        with os.fdopen(writer, "wb") as pipe:
            pipe.write(PASSPHRASE + b"\n")
        line = ["openssl", command, passphrase_option, f"fd:{reader}", *arguments]
        stack.enter_context(_one_command_a_core)
        try:
            subprocess.run(line, check=True, capture_output=True, pass_fds=[reader], timeout=OPENSSL_SECONDS)
        except FileNotFoundError as error:
            raise BenchError("the openssl command line is not installed: the article's commands need it") from error
        except subprocess.CalledProcessError as error:
            reason = error.stderr.decode(errors="replace").strip().splitlines()[-1:]
            raise BenchError(f"openssl {command} failed: {' '.join(reason)}") from error
