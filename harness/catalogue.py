"""Named uploads: what the suite sends to units, and what is known of each."""

from __future__ import annotations

import os
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from certstore import Upload
from harness import pki
from harness.errors import BenchError

PASSPHRASE = b"correct horse battery staple"

OPENSSL_SECONDS = 120

# All lanes want their keys at the same moment: more commands at once than cores would only take memory.
_one_command_a_core = threading.BoundedSemaphore(os.cpu_count() or 1)


@dataclass(frozen=True)
class Material:
    """An upload that every firmware takes, and the certificates in it."""

    upload: Upload
    chain: tuple[bytes, ...]
    """DER, leaf first: what the unit should serve."""

    @property
    def leaf(self) -> bytes:
        return self.chain[0]


Make = Callable[[str], Material]
MakeBad = Callable[[str], Upload]


def article_self_signed(address: str) -> Material:
    """A self-signed certificate and a DES-EDE3 encrypted key, made as the vendor's article makes them.

    Both by the openssl command line: `genrsa -des3`, then `req -new -x509` (C157, device-reference 2.5, mark D).
    The passphrase travels through a pipe, so that no process list shows it.
    """
    with tempfile.TemporaryDirectory(prefix="mcu-hil-") as folder:
        key, certificate = Path(folder, "privkey.pem"), Path(folder, "cacert.pem")
        key.write_bytes(_article_keys.take())
        kind = "IP" if isinstance(pki.general_name(address), x509.IPAddress) else "DNS"
        alternative = f"subjectAltName={kind}:{address}"
        subject = ["-subj", f"/C=GB/O=mcu-hil/CN={address}", "-addext", alternative]
        request = ["-new", "-x509", "-key", str(key), "-out", str(certificate), "-days", "3650", *subject]
        openssl("req", "-passin", request)
        pem = certificate.read_bytes()
        upload = Upload(pem, key.read_bytes(), PASSPHRASE)
    return Material(upload, (pki.pem_to_der(pem),))


def _article_key() -> bytes:
    with tempfile.TemporaryDirectory(prefix="mcu-hil-") as folder:
        key = Path(folder, "privkey.pem")
        # OpenSSL 3 writes PKCS#8 unless told otherwise, which the article's firmware may not read.
        openssl("genrsa", "-passout", ["-traditional", "-des3", "-out", str(key), str(pki.KEY_BITS)])
        return key.read_bytes()


_article_keys = pki.KeyPool(_article_key)


def ca_signed(address: str) -> Material:
    """A leaf signed by an authority of ours, its two intermediates appended, and a plain key."""
    issued = pki.run_authority().issue(address)
    return Material(Upload(issued.certificate_pem, pki.key_pem(issued.key), None), issued.chain_der)


def wrong_passphrase(address: str) -> Upload:
    """A good pair whose key is encrypted under another passphrase than the one that is sent with it."""
    issued = pki.run_authority().issue(address)
    key = issued.key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.BestAvailableEncryption(PASSPHRASE),
    )
    return Upload(issued.certificate_pem, key, b"not " + PASSPHRASE)


def foreign_key(address: str) -> Upload:
    """A good certificate with a good key that belongs to another one."""
    issued = pki.run_authority().issue(address)
    # Keys take turns, and other lanes take theirs meanwhile: the next one may be this one again.
    other = next(key for key in iter(pki.rsa_key, None) if key is not issued.key)
    return Upload(issued.certificate_pem, pki.key_pem(other), None)


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
