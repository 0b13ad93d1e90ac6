"""What an administrator brings to a unit: a key, a request for a certificate, a self-signed one, a chain in order."""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from harness.errors import ConfigurationError
from harness.key_form import Key
from harness.pki import general_name

# A unit's clock may be behind ours; a certificate of the future is one that clients refuse.
CLOCK_SLACK = timedelta(days=1)


# RFC 1123 2.1, with the underscores that some networks have, and one asterisk in front (RFC 6125 6.4.3).
HOST_NAME = re.compile(r"(?:\*\.)?(?!-)[A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63})*\.?")


@dataclass(frozen=True)
class Ordered:
    """A certificate file as the unit wants it, and what was changed to make it so, one sentence each."""

    pem: bytes
    changes: tuple[str, ...]


def new_key(bits: int) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


def self_signed(key: rsa.RSAPrivateKey, names: Sequence[str], days: int, now: datetime) -> bytes:
    """A certificate, in PEM, for these names, the first also as its common name; valid from the day before `now`."""
    name = _subject(names)
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - CLOCK_SLACK)
        .not_valid_after(now + timedelta(days=days))
        .add_extension(_alternatives(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    )
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def signing_request(key: rsa.RSAPrivateKey, names: Sequence[str], beside: str = "") -> bytes:
    """A PKCS#10 request in PEM (RFC 2986) for these names, the first also as its common name; `beside` is what else
    the subject has, in the form of RFC 4514."""
    try:
        more = x509.Name.from_rfc4514_string(beside)
    except ValueError as error:
        raise ConfigurationError(f"--subject {beside!r}: {error}; want such as 'O=Example,C=GB'") from None
    subject = x509.Name([*more, *_subject(names)])
    builder = x509.CertificateSigningRequestBuilder().subject_name(subject)
    signed = builder.add_extension(_alternatives(names), critical=False).sign(key, hashes.SHA256())
    return signed.public_bytes(serialization.Encoding.PEM)


def is_encrypted(pem: bytes) -> bool:
    return b"ENCRYPTED" in pem


def read_key(pem: bytes, passphrase: bytes | None) -> Key | None:
    """The key of a PEM file; None where it, or its passphrase, cannot be made sense of."""
    try:
        key = serialization.load_pem_private_key(pem, (passphrase or None) if is_encrypted(pem) else None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return None
    return key if isinstance(key, Key) else None


def ordered(pem: bytes, key: Key | None, *, drop_root: bool = False) -> Ordered:
    """The certificates leaf first, then each issuer; one that belongs to none of them, or comes again, is left out.

    The leaf is the certificate of the key, else the file's first. Issuers are found by name and by key identifier
    (RFC 5280 4.1.2.4 and 4.2.1.1). What is in order already, or cannot be read here, stays as it is, byte for byte.
    """
    try:
        given = x509.load_pem_x509_certificates(pem)
        chain = _chain(given, key)
    except (ValueError, UnsupportedAlgorithm):
        return Ordered(pem, ())
    changes = []
    if drop_root and len(chain) > 1 and _issued(chain[-1], chain[-1]):
        changes.append(f"dropped the root {_words(chain[-1])}")
        chain = chain[:-1]
    places = [given.index(one) for one in chain]
    if places != sorted(places):
        changes.append("put in order, leaf first: " + ", ".join(_words(one) for one in chain))
    dropped_root = {one.fingerprint(hashes.SHA256()) for one in given if drop_root and _issued(one, one)}
    for one in dict.fromkeys(given):
        if one not in chain and one.fingerprint(hashes.SHA256()) not in dropped_root:
            changes.append(f"left out {_words(one)}: not part of the leaf's chain")
    if len(set(given)) < len(given):
        changes.append("left out what was there twice")
    if [*chain] == [*given]:
        return Ordered(pem, ())
    return Ordered(b"".join(one.public_bytes(serialization.Encoding.PEM) for one in chain), tuple(changes))


def write_secret(path: Path, octets: bytes, *, force: bool = False) -> None:
    """A file that only its owner can read. ConfigurationError where it exists already, unless `force`."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if force:
            path.unlink(missing_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        raise ConfigurationError(f"{path}: exists already; --force overwrites it") from None
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be written: {error.strerror}") from None
    with os.fdopen(descriptor, "wb") as file:
        file.write(octets)


def _chain(given: Sequence[x509.Certificate], key: Key | None) -> list[x509.Certificate]:
    mine = None if key is None else _public(key.public_key())
    leaf = next((one for one in given if mine is not None and _public(one.public_key()) == mine), given[0])
    chain = [leaf]
    while not _issued(chain[-1], chain[-1]):
        above = next((one for one in given if one not in chain and _issued(chain[-1], one)), None)
        if above is None:
            break
        chain.append(above)
    return chain


def _issued(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    if certificate.issuer != issuer.subject:
        return False
    try:
        wanted = certificate.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value.key_identifier
        found = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    except x509.ExtensionNotFound:
        return True
    return wanted is None or wanted == found


def _public(key: object) -> bytes | None:
    form = getattr(key, "public_bytes", None)
    if form is None:
        return None
    found = form(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return found if isinstance(found, bytes) else None


def _words(certificate: x509.Certificate) -> str:
    return repr(certificate.subject.rfc4514_string())


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _subject(names: Sequence[str]) -> x509.Name:
    try:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
    except ValueError as error:
        raise ConfigurationError(f"--name {names[0]!r}: {error}") from None


def _alternatives(names: Sequence[str]) -> x509.SubjectAlternativeName:
    for name in names:
        if not HOST_NAME.fullmatch(name) and not _is_address(name):
            raise ConfigurationError(f"--name {name!r}: want a host name in ASCII or an IP address")
    try:
        return x509.SubjectAlternativeName([general_name(name) for name in names])
    except ValueError as error:
        raise ConfigurationError(f"--name: {error}; want a host name in ASCII or an IP address") from None
