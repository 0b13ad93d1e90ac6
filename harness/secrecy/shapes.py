"""How DER of a private key begins, whoever's it is: so that a key that nobody here knows of is found too."""

from __future__ import annotations

import functools
from collections.abc import Iterator

LARGE = (1024, 1536, 2048, 3072, 4096, 8192)
SMALL = (512, 768)

# Octets that stand in each key of the kind, and in nothing else.
FIXED: tuple[tuple[str, str], ...] = (
    # PrivateKeyInfo (RFC 5208 5): version 0, then the algorithm: rsaEncryption, id-ecPublicKey by the length of its
    # curve's name, Ed25519.
    ("PKCS#8 private key", "020100300d06092a864886f70d010101"),
    ("PKCS#8 private key", "020100301306072a8648ce3d0201"),
    ("PKCS#8 private key", "020100301006072a8648ce3d0201"),
    ("PKCS#8 private key", "020100300506032b657004220420"),
    # ECPrivateKey (RFC 5915 3) of 256, 384 and 521 bits.
    ("EC private key", "30770201010420"),
    ("EC private key", "3081a40201010430"),
    ("EC private key", "3081dc0201010442"),
    # EncryptedPrivateKeyInfo and PKCS#12: PBES2 and its parameters (RFC 8018 A.4), PBES1 of both (A.3; RFC 7292 C).
    ("encrypted private key", "06092a864886f70d01050d30"),
    ("encrypted private key", "06092a864886f70d01050330"),
    ("encrypted private key", "06092a864886f70d01050a30"),
    ("encrypted private key", "060a2a864886f70d010c010330"),
)


@functools.cache
def shapes() -> tuple[tuple[str, bytes], ...]:
    """The kind of key, and octets by which it is known."""
    return tuple(_shapes())


def _shapes() -> Iterator[tuple[str, bytes]]:
    for kind, octets in FIXED:
        yield kind, bytes.fromhex(octets)
    # RSAPrivateKey (RFC 8017 A.1.2): version 0, then the modulus, whose first octet is 0.
    for bits in LARGE:
        yield "RSA private key", b"\x02\x01\x00\x02" + _length(bits // 8 + 1) + b"\x00"
    for bits in SMALL:
        # Too little to go by; the octets before it are the key's length, which varies by some.
        for around in range(8):
            head = b"\x30\x82" + (bits * 9 // 16 + 24 + around).to_bytes(2)
            yield "RSA private key", head + b"\x02\x01\x00\x02" + _length(bits // 8 + 1) + b"\x00"


def is_shaped(der: bytes) -> bool:
    """Whether there is a private key in it."""
    return any(octets in der for _, octets in shapes())


def _length(octets: int) -> bytes:
    """X.690 8.1.3."""
    if octets < 128:
        return bytes([octets])
    coded = octets.to_bytes((octets.bit_length() + 7) // 8)
    return bytes([0x80 | len(coded)]) + coded
