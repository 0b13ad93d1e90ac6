"""RC2, RFC 2268: export-length keys, which no current library offers.

`key_bits` is the effective key length of the RFC, "T1"; OpenSSL sets it to the key's own length.
"""

from __future__ import annotations

import struct
from collections.abc import Callable

# fmt: off
# RFC 2268 section 2: PITABLE.
_PITABLE = bytes.fromhex(
    "d978f9c419ddb5ed28e9fd794aa0d89dc67e37832b76538e624c6488448bfba2"
    "179a59f587b34f1361456d8d09817d32bd8f40eb86b77b0bf09521225c6b4e82"
    "54d66593ce60b21c7356c014a78cf1dc1275ca1f3bbee4d1423dd430a33cb626"
    "6fbf0eda4669075727f21d9bbc944303f811c7f690ef3ee706c3d52fc8661ed7"
    "08e8eade8052eef784aa72ac354d6a2a961ad2715a1549744b9fd05e0418a4ec"
    "c2e0416e0f51cbcc2491af50a1f47039997c3a8523b8b47afc02365b25559731"
    "2d5dfa98e38a92ae05df2910676cbac9d300e6cfe19ea82c6316013f58e289a9"
    "0d38341bab33ffb0bb480c5fb9b1cd2ec5f3db47e5a59c770aa62068fe7fc1ad"
)
# fmt: on
_WORD = 0xFFFF
_ROTATIONS = (1, 2, 3, 5)
_BLOCK = struct.Struct("<4H")
BLOCK_OCTETS = 8

Block = Callable[[bytes], bytes]


def _expanded(key: bytes, key_bits: int) -> tuple[int, ...]:
    """RFC 2268 section 2: the 64 words of the key schedule."""
    length = len(key)
    octets = bytearray(key) + bytearray(128 - length)
    for at in range(length, 128):
        octets[at] = _PITABLE[(octets[at - 1] + octets[at - length]) & 0xFF]
    effective = (key_bits + 7) // 8
    octets[128 - effective] = _PITABLE[octets[128 - effective] & 0xFF >> (-key_bits & 7)]
    for at in range(127 - effective, -1, -1):
        octets[at] = _PITABLE[octets[at + 1] ^ octets[at + effective]]
    return struct.unpack("<64H", octets)


def encryptor(key: bytes) -> Block:
    """Encrypts one block under a key whose effective length is its length."""
    words = _expanded(key, 8 * len(key))

    def encrypt(block: bytes) -> bytes:
        r = list(_BLOCK.unpack(block))
        for start in range(0, 64, 4):
            for i, turn in enumerate(_ROTATIONS):
                mixed = r[i] + words[start + i] + (r[i - 1] & r[i - 2]) + (~r[i - 1] & r[i - 3]) & _WORD
                r[i] = (mixed << turn | mixed >> 16 - turn) & _WORD
            # Section 3: a mashing round after the fifth and the eleventh mixing round.
            if start in (16, 40):
                for i in range(4):
                    r[i] = r[i] + words[r[i - 1] & 63] & _WORD
        return _BLOCK.pack(*r)

    return encrypt


def decryptor(key: bytes) -> Block:
    """Decrypts one block under a key whose effective length is its length."""
    words = _expanded(key, 8 * len(key))

    def decrypt(block: bytes) -> bytes:
        r = list(_BLOCK.unpack(block))
        for start in range(60, -1, -4):
            if start in (16, 40):
                for i in (3, 2, 1, 0):
                    r[i] = r[i] - words[r[i - 1] & 63] & _WORD
            for i in (3, 2, 1, 0):
                turn = _ROTATIONS[i]
                mixed = (r[i] >> turn | r[i] << 16 - turn) & _WORD
                r[i] = mixed - words[start + i] - (r[i - 1] & r[i - 2]) - (~r[i - 1] & r[i - 3]) & _WORD
        return _BLOCK.pack(*r)

    return decrypt
