"""Digests that password-based schemes name; MD2, RFC 1319, is in no current library."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

# RFC 1319 section 3.2: a permutation of the octets, made from the digits of pi.
_PI_SUBST = bytes.fromhex(
    "292e43c9a2d87c013d3654a1ecf0061362a705f3c0c7738c98932bd9bc4c82ca"
    "1e9b573cfdd4e01667426f188a17e512be4ec4d6da9ede49a0fbf58ebb2fee7a"
    "a968799115b2073f94c210890b225f21807f5d9a5a903227353ecce7bff79703"
    "ff1930b348a5b5d1d75e922aac56aac64fb838d296a47db676fc6be29c7404f1"
    "459d705964718720865bcf65e62da8021b6025adaeb0b9f61c46616934407e0f"
    "5547a323dd51af3ac35cf9cebac5ea262c530d6e85288409d3dfcdf441814d52"
    "6adc37c86cc1abfa24e17b080cbdb14a7888958be363e86de9cbd5fe3b001d39"
    "f2efb70e6658d0e4a67772f8eb754b0a314450b48fed1f1adb998d339f118314"
)
_MD2_BLOCK = 16
_MD2_ROUNDS = 18


def md2(message: bytes) -> bytes:
    """RFC 1319 section 3."""
    padding = _MD2_BLOCK - len(message) % _MD2_BLOCK
    message += bytes([padding]) * padding
    checksum = bytearray(_MD2_BLOCK)
    last = 0
    for at, octet in enumerate(message):
        checksum[at % _MD2_BLOCK] ^= _PI_SUBST[octet ^ last]
        last = checksum[at % _MD2_BLOCK]
    state = bytearray(3 * _MD2_BLOCK)
    for start in range(0, len(message) + _MD2_BLOCK, _MD2_BLOCK):
        block = message[start : start + _MD2_BLOCK] or bytes(checksum)
        for at, octet in enumerate(block):
            state[16 + at] = octet
            state[32 + at] = octet ^ state[at]
        t = 0
        for turn in range(_MD2_ROUNDS):
            for at in range(len(state)):
                state[at] ^= _PI_SUBST[t]
                t = state[at]
            t = (t + turn) & 0xFF
    return bytes(state[:_MD2_BLOCK])


def _md5(message: bytes) -> bytes:
    return hashlib.md5(message, usedforsecurity=False).digest()


def _sha1(message: bytes) -> bytes:
    return hashlib.sha1(message, usedforsecurity=False).digest()


@dataclass(frozen=True, slots=True)
class Digest:
    """A hash function, and the size of the blocks it works in.

    `weight` is how many times as long as the others' one iteration takes here, for the limit on iterations.
    """

    of: Callable[[bytes], bytes]
    block_octets: int
    weight: int = 1


_DIGESTS = {"md2": Digest(md2, _MD2_BLOCK, weight=200), "md5": Digest(_md5, 64), "sha1": Digest(_sha1, 64)}


def digest_named(name: str) -> Digest:
    return _DIGESTS[name]
