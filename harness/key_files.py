"""Private key files in every form that a unit may be given: made once a process, as a key costs time."""

from __future__ import annotations

import base64
import hashlib
import secrets
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.decrepit.ciphers import algorithms as decrepit
from cryptography.hazmat.primitives import padding, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.ciphers import BlockCipherAlgorithm, Cipher, algorithms, modes

from harness import catalogue, pki
from harness.once import once

TRADITIONAL = serialization.PrivateFormat.TraditionalOpenSSL
PKCS8 = serialization.PrivateFormat.PKCS8


@dataclass(frozen=True)
class KeyFile:
    """What goes into the field of the private key, and the passphrase that goes with it."""

    content: bytes = field(repr=False)
    passphrase: bytes | None = field(default=None, repr=False)


def written(key: rsa.RSAPrivateKey, form: serialization.PrivateFormat, passphrase: bytes = b"") -> bytes:
    """As today's tools write it: with a passphrase under AES-256-CBC, in PKCS#8 by PBES2."""
    encryption: serialization.KeySerializationEncryption = (
        serialization.BestAvailableEncryption(passphrase) if passphrase else serialization.NoEncryption()
    )
    return key.private_bytes(serialization.Encoding.PEM, form, encryption)


Algorithm = Callable[[bytes], BlockCipherAlgorithm]

# Octets of key and block, and the cipher, by the name in DEK-Info (device-reference 11.1).
CIPHERS: Mapping[str, tuple[int, int, Algorithm]] = {
    # Three times the same key is DES.
    "DES-CBC": (8, 8, lambda key: decrepit.TripleDES(key * 3)),
    "DES-EDE3-CBC": (24, 8, decrepit.TripleDES),
    "AES-128-CBC": (16, 16, algorithms.AES),
    "AES-192-CBC": (24, 16, algorithms.AES),
    "AES-256-CBC": (32, 16, algorithms.AES),
    "IDEA-CBC": (16, 8, decrepit.IDEA),
    "RC2-CBC": (16, 8, decrepit.RC2),
}


def encrypted(key: rsa.RSAPrivateKey, cipher: str, passphrase: bytes) -> bytes:
    """In the traditional form, with a passphrase of any length, which the library's own writer does not take.

    PEM_ASN1_write_bio of OpenSSL: the key of the cipher comes from EVP_BytesToKey with MD5 and one iteration.
    """
    key_octets, block_octets, algorithm = CIPHERS[cipher]
    iv = secrets.token_bytes(block_octets)
    derived = digest = b""
    while len(derived) < key_octets:
        digest = hashlib.md5(digest + passphrase + iv[:8], usedforsecurity=False).digest()
        derived += digest
    der = key.private_bytes(serialization.Encoding.DER, TRADITIONAL, serialization.NoEncryption())
    padder = padding.PKCS7(8 * block_octets).padder()
    encryptor = Cipher(algorithm(derived[:key_octets]), modes.CBC(iv)).encryptor()
    octets = base64.b64encode(encryptor.update(padder.update(der) + padder.finalize()) + encryptor.finalize())
    head = b"Proc-Type: 4,ENCRYPTED\nDEK-Info: " + f"{cipher},{iv.hex().upper()}".encode()
    body = b"\n".join(octets[at : at + 64] for at in range(0, len(octets), 64))
    return b"-----BEGIN RSA PRIVATE KEY-----\n%b\n\n%b\n-----END RSA PRIVATE KEY-----\n" % (head, body)


def pbes1(key: rsa.RSAPrivateKey) -> bytes:
    """PKCS#8 under PBE-SHA1-3DES, as `openssl pkcs8 -v1` writes it, with catalogue.PASSPHRASE."""
    return _pkcs8(key, "-v1", "PBE-SHA1-3DES")


def pbes2(key: rsa.RSAPrivateKey) -> bytes:
    """PKCS#8 under PBES2 with triple DES and HMAC-SHA1, the only PRF that 0.9.8 has, with catalogue.PASSPHRASE."""
    return _pkcs8(key, "-v2", "des3", "-v2prf", "hmacWithSHA1")


def _pkcs8(key: rsa.RSAPrivateKey, *scheme: str) -> bytes:
    with tempfile.TemporaryDirectory(prefix="mcu-hil-") as folder:
        given, made = Path(folder, "plain.pem"), Path(folder, "key.pem")
        given.write_bytes(pki.key_pem(key))
        options = ["-topk8", *scheme, "-in", str(given), "-out", str(made)]
        catalogue.openssl("pkcs8", "-passout", options)
        return made.read_bytes()


@once
def key_of(bits: int) -> rsa.RSAPrivateKey:
    """One key of this size a process, of nobody's but those who ask here."""
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


def common_key() -> rsa.RSAPrivateKey:
    """Of the size that the vendor advises."""
    return key_of(pki.KEY_BITS)
