"""What servers send, byte for byte (RFC 5246 7.4)."""

from __future__ import annotations

import hashlib

from cryptography.hazmat.primitives.asymmetric import rsa

RANDOM = b"S" * 32


def vector(size: int, data: bytes) -> bytes:
    return len(data).to_bytes(size, "big") + data


def message(kind: int, body: bytes) -> bytes:
    return bytes((kind,)) + vector(3, body)


def record(kind: int, fragment: bytes, version: int = 0x0300) -> bytes:
    return bytes((kind,)) + version.to_bytes(2, "big") + vector(2, fragment)


def server_hello(version: int = 0x0300, suite: int = 0x0005, rest: bytes = b"", random: bytes = RANDOM) -> bytes:
    return message(2, version.to_bytes(2, "big") + random + b"\0" + suite.to_bytes(2, "big") + b"\0" + rest)


def certificates(*chain: bytes) -> bytes:
    return message(11, vector(3, b"".join(vector(3, each) for each in chain)))


def signed_parameters(key: rsa.RSAPrivateKey, client_random: bytes) -> bytes:
    """ServerKeyExchange of DHE with a group of 512 bits, signed as SSL 3.0 to TLS 1.1 do (RFC 2246 7.4.3)."""
    parameters = vector(2, b"\xff" * 64) + vector(2, b"\x05") + vector(2, b"\x7f" * 64)
    signed = client_random + RANDOM + parameters
    digest = hashlib.md5(signed).digest() + hashlib.sha1(signed).digest()
    size = key.key_size // 8
    number = int.from_bytes(b"\0\1" + b"\xff" * (size - 3 - len(digest)) + b"\0" + digest, "big")
    private = key.private_numbers()
    signature = pow(number, private.d, private.public_numbers.n).to_bytes(size, "big")
    return parameters + vector(2, signature)
