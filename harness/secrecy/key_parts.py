"""What of a private key would tell it: the numbers that only its owner has, and the octets under a passphrase."""

from __future__ import annotations

import base64
import binascii
import functools
import re
import warnings
from collections.abc import Callable, Iterator

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.serialization import pkcs12

from harness.secrecy.shapes import is_shaped

BLOCK = re.compile(rb"-----BEGIN ([A-Z0-9 ]*PRIVATE KEY)-----(.*?)(?:-----END |\Z)", re.DOTALL)
HEADERS = re.compile(rb"^[A-Za-z-]+: .*$", re.MULTILINE)
DER_SEQUENCE = b"\x30"
UNREADABLE = (ValueError, TypeError, UnsupportedAlgorithm)
"""What the library raises for a file that is no key, or none under this passphrase."""
SHORTEST_BODY = 48
"""Octets below which a block is none of a key."""


def bodies(field: bytes) -> Iterator[bytes]:
    """The octets of each private key in an upload's field: PEM blocks, whole or cut short, or the field itself where
    it is DER. Of a damaged block, what decodes of it."""
    for block in BLOCK.finditer(field):
        octets = _decoded(HEADERS.sub(b"", block[2]))
        # Of what calls itself a key, a certificate is none; what is under a passphrase looks like nothing.
        if len(octets) >= SHORTEST_BODY and (octets[:1] != DER_SEQUENCE or is_shaped(octets)):
            yield octets
    if field.startswith(DER_SEQUENCE) and is_shaped(field):
        yield field


def _decoded(text: bytes) -> bytes:
    letters = re.sub(rb"[^A-Za-z0-9+/]", b"", text)
    try:
        return base64.b64decode(letters[: len(letters) // 4 * 4])
    except binascii.Error:
        return b""


def numbers_of(field: bytes, passphrase: bytes | None) -> Iterator[bytes]:
    """The private numbers of each key that can be read, big-endian; none of what cannot."""
    for key in _keys(field, passphrase):
        yield from _numbers(key)


def _keys(field: bytes, passphrase: bytes | None) -> Iterator[object]:
    texts = [match[0] + b"-----END " + match[1] + b"-----\n" for match in _whole_blocks(field)]
    readers: list[tuple[Callable[..., object], bytes]] = [(serialization.load_pem_private_key, one) for one in texts]
    if field.startswith(DER_SEQUENCE):
        readers += [(serialization.load_der_private_key, field), (_from_pkcs12, field)]
    for read, content in readers:
        for secret in dict.fromkeys((None, passphrase)):
            try:
                with warnings.catch_warnings(action="ignore"):
                    yield read(content, secret, unsafe_skip_rsa_key_validation=True)
            except UNREADABLE:
                continue
            else:
                break


def _whole_blocks(field: bytes) -> Iterator[tuple[bytes, bytes]]:
    for block in BLOCK.finditer(field):
        yield block[0].removesuffix(b"-----END "), block[1]


# The library checks the key, which takes as long as to find it again in a hundred files.
@functools.lru_cache(maxsize=16)
def _from_pkcs12(content: bytes, passphrase: bytes | None, *, unsafe_skip_rsa_key_validation: bool) -> object:
    del unsafe_skip_rsa_key_validation
    return pkcs12.load_key_and_certificates(content, passphrase)[0]


def _numbers(key: object) -> Iterator[bytes]:
    match key:
        case rsa.RSAPrivateKey():
            of_rsa = key.private_numbers()
            found = [of_rsa.d, of_rsa.p, of_rsa.q, of_rsa.dmp1, of_rsa.dmq1, of_rsa.iqmp]
        case ec.EllipticCurvePrivateKey():
            found = [key.private_numbers().private_value]
        case dsa.DSAPrivateKey():
            found = [key.private_numbers().x]
        case ed25519.Ed25519PrivateKey() | ed448.Ed448PrivateKey():
            yield key.private_bytes_raw()
            return
        case _:
            return
    yield from (number.to_bytes((number.bit_length() + 7) // 8) for number in found)
