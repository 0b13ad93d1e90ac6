"""The forms in which a private key is written for a unit (device-reference 11.1 and 11.2)."""

from __future__ import annotations

import base64
import hashlib
import secrets
import textwrap
from enum import StrEnum

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.padding import PKCS7

from harness.errors import ConfigurationError

Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | dsa.DSAPrivateKey


class KeyForm(StrEnum):
    AS_IS = "as-is"
    """The file's own octets."""
    PLAIN = "plain"
    """Traditional, not encrypted: `BEGIN RSA PRIVATE KEY`, which every firmware reads."""
    DES3 = "des3"
    """The same, encrypted as the vendor's own procedure does: `openssl genrsa -des3` (2.5, mark D)."""
    AES256 = "aes256"
    """The same, encrypted with AES-256-CBC."""

    @property
    def is_encrypted(self) -> bool:
        return self in (KeyForm.DES3, KeyForm.AES256)


def written(key: Key, form: KeyForm, passphrase: bytes | None) -> bytes:
    """The key in PEM, in this form, which is not that of a file. Raises ConfigurationError where the passphrase is
    none that a key can be encrypted with."""
    if not form.is_encrypted:
        return _traditional(key, serialization.Encoding.PEM, serialization.NoEncryption())
    if not passphrase:
        raise ConfigurationError("a key is not encrypted with an empty passphrase")
    if form is KeyForm.DES3:
        return _with_des3(
            _traditional(key, serialization.Encoding.DER, serialization.NoEncryption()), _label(key), passphrase
        )
    try:
        return _traditional(key, serialization.Encoding.PEM, serialization.BestAvailableEncryption(passphrase))
    except ValueError as error:
        raise ConfigurationError(f"the key cannot be encrypted with this passphrase: {error}") from None


def _traditional(
    key: Key, encoding: serialization.Encoding, encryption: serialization.KeySerializationEncryption
) -> bytes:
    return key.private_bytes(encoding, serialization.PrivateFormat.TraditionalOpenSSL, encryption)


def _label(key: Key) -> str:
    kinds = {rsa.RSAPrivateKey: "RSA", ec.EllipticCurvePrivateKey: "EC", dsa.DSAPrivateKey: "DSA"}
    return next(f"{name} PRIVATE KEY" for kind, name in kinds.items() if isinstance(key, kind))


def _with_des3(der: bytes, label: str, passphrase: bytes) -> bytes:
    """RFC 1421 4.6.1.1 and 4.6.1.3, with OpenSSL's key: EVP_BytesToKey of MD5, one round, the IV as its salt."""
    vector = secrets.token_bytes(8)
    first = hashlib.md5(passphrase + vector, usedforsecurity=False).digest()
    second = hashlib.md5(first + passphrase + vector, usedforsecurity=False).digest()
    padder = PKCS7(64).padder()
    encryptor = Cipher(TripleDES((first + second)[:24]), modes.CBC(vector)).encryptor()
    locked = encryptor.update(padder.update(der) + padder.finalize()) + encryptor.finalize()
    head = f"Proc-Type: 4,ENCRYPTED\nDEK-Info: DES-EDE3-CBC,{vector.hex().upper()}\n"
    body = "\n".join(textwrap.wrap(base64.b64encode(locked).decode(), 64))
    return f"-----BEGIN {label}-----\n{head}\n{body}\n-----END {label}-----\n".encode()
