"""RSA key exchange to its end, SSL 3.0 to TLS 1.2, with the suites that OpenSSL of today has dropped.

With RSA key exchange nothing is signed. That the unit holds the leaf's key shows in its Finished, which takes our
decrypted secret to make (RFC 5246 7.4.7.1, 7.4.9). Nothing confidential is ever sent over such a connection.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import socket
from collections.abc import Callable
from dataclasses import dataclass

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC

from harness.deadline import Deadline
from harness.tls.handshake import CONNECT_SECONDS, Endpoint
from harness.verdict.certificates import read_certificate
from harness.verdict.flight import (
    ALERT,
    CERTIFICATE,
    CHANGE_CIPHER_SPEC,
    HANDSHAKE,
    RECORD_BOUND,
    Alert,
    Flight,
    Malformed,
)
from harness.verdict.hello import ClientHello, Version
from harness.verdict.probe import read_flight

FINISHED, CLIENT_KEY_EXCHANGE = 20, 16
NO_CERTIFICATE = 41
"""An alert of SSL 3.0 alone (RFC 6101 5.4.2)."""


@dataclass(frozen=True)
class Protection:
    """How a suite protects records (RFC 5246 appendix C)."""

    name: str
    digest: str
    key_bytes: int
    cipher: Callable[[bytes], AES | TripleDES] | None = None
    """A block cipher in CBC mode; None for RC4, or for nothing where there is no key."""
    block_bytes: int = 0


SUITES = {
    0x002F: Protection("RSA_WITH_AES_128_CBC_SHA", "sha1", 16, AES, 16),
    0x0035: Protection("RSA_WITH_AES_256_CBC_SHA", "sha1", 32, AES, 16),
    0x000A: Protection("RSA_WITH_3DES_EDE_CBC_SHA", "sha1", 24, TripleDES, 8),
    0x0005: Protection("RSA_WITH_RC4_128_SHA", "sha1", 16),
    0x0004: Protection("RSA_WITH_RC4_128_MD5", "md5", 16),
    0x0002: Protection("RSA_WITH_NULL_SHA", "sha1", 0),
    0x0001: Protection("RSA_WITH_NULL_MD5", "md5", 0),
}


@dataclass(frozen=True)
class Completed:
    """How it ended."""

    leaf: bytes
    suite: str
    proves: bool
    words: str


def complete(endpoint: Endpoint, version: Version, deadline: Deadline) -> Completed:
    """Go through a handshake with RSA key exchange.

    Raises Malformed where none comes about: other suites, no RSA key, no connection. That the unit refuses our
    Finished, or sends a wrong one, is no error: it proves nothing. Raises WayBroken where that could not be tried.
    """
    hello = ClientHello(version, tuple(SUITES), is_bare=True)
    flight = Flight()
    try:
        with endpoint.connect(deadline.at_most(CONNECT_SECONDS)) as connection:
            connection.sendall(bytes(hello))
            ending = read_flight(connection, flight, deadline)
            if ending or flight.alerts or flight.hello is None or not flight.chain:
                raise Malformed(f"no RSA key exchange: {ending or ', '.join(map(str, flight.alerts)) or 'no chain'}")
            return _finish(connection, hello, flight, flight.hello.suite, flight.chain[0])
    except OSError as error:
        raise Malformed(f"no RSA key exchange: {error}") from error


def _finish(connection: socket.socket, hello: ClientHello, flight: Flight, suite: int, leaf: bytes) -> Completed:
    key = read_certificate(leaf, "the leaf").public_key()
    if not isinstance(key, rsa.RSAPublicKey) or suite not in SUITES or flight.hello is None:
        raise Malformed("no RSA key exchange: another was chosen")
    if flight.hello.version != hello.version:
        raise Malformed("no RSA key exchange: it speaks another version")
    premaster = hello.version.to_bytes(2, "big") + secrets.token_bytes(46)
    try:
        encrypted = key.encrypt(premaster, padding.PKCS1v15())
    except ValueError as error:
        raise Malformed(f"no RSA key exchange: the leaf's key is too short for it: {error}") from error
    # SSL 3.0 left the length out (RFC 5246 7.4.7.1).
    body = encrypted if hello.version is Version.SSL_3_0 else len(encrypted).to_bytes(2, "big") + encrypted
    exchange = _message(CLIENT_KEY_EXCHANGE, body)
    keys = Keys.derived(hello.version, SUITES[suite], premaster, hello.random, flight.hello.random)
    none = b""
    if flight.asks_certificate and hello.version > Version.SSL_3_0:
        # An empty list says that we have none (RFC 5246 7.4.6).
        none = _message(CERTIFICATE, bytes(3))
    elif flight.asks_certificate:
        connection.sendall(_record(hello.version, ALERT, bytes((1, NO_CERTIFICATE))))
    exchange = none + exchange
    transcript = bytes(hello)[5:] + flight.transcript + exchange
    finished = _message(FINISHED, keys.finished(transcript, from_client=True))
    connection.sendall(
        _record(hello.version, HANDSHAKE, exchange)
        + _record(hello.version, CHANGE_CIPHER_SPEC, b"\x01")
        + _record(hello.version, HANDSHAKE, keys.protect(finished))
    )
    expected = _message(FINISHED, keys.finished(transcript + finished, from_client=False))
    words = _answer(connection, keys, expected)
    return Completed(leaf, SUITES[suite].name, not words, words)


def _answer(connection: socket.socket, keys: Keys, expected: bytes) -> str:
    """ "" where the unit's Finished is the right one; else what came instead."""
    changed = False
    while True:
        head = _exactly(connection, 5)
        length = int.from_bytes(head[3:], "big")
        if length > RECORD_BOUND:
            raise Malformed(f"a record of {length} bytes")
        fragment = _exactly(connection, length)
        if head[0] == CHANGE_CIPHER_SPEC and not changed:
            changed = True
        elif head[0] == HANDSHAKE and changed:
            right = hmac.compare_digest(keys.unprotected(fragment)[: len(expected)], expected)
            return "" if right else "its Finished is wrong"
        elif head[0] == ALERT and not changed and length == 2:
            return f"our Finished is answered by {Alert(fragment[0] == 2, fragment[1])}"
        else:
            return "our Finished is answered by something else"


def _exactly(connection: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        piece = connection.recv(count - len(data))
        if not piece:
            raise Malformed("it closed the connection before its Finished")
        data += piece
    return data


@dataclass(frozen=True)
class Keys:
    """What both sides derive. In no repr: it is of no use to anybody, and looks like a secret."""

    version: Version
    protection: Protection
    master: bytes
    client_mac: bytes
    client_key: bytes
    server_key: bytes
    client_iv: bytes
    server_iv: bytes

    def __repr__(self) -> str:
        return f"Keys({self.version.title}, {self.protection.name})"

    @classmethod
    def derived(
        cls, version: Version, protection: Protection, premaster: bytes, client_random: bytes, server_random: bytes
    ) -> Keys:
        """RFC 5246 8.1 and 6.3; RFC 6101 6.1 and 6.2."""
        mac_bytes = hashlib.new(protection.digest, usedforsecurity=False).digest_size
        sizes = (mac_bytes, mac_bytes, protection.key_bytes, protection.key_bytes, *[protection.block_bytes] * 2)
        if version is Version.SSL_3_0:
            master = _ssl_3_expand(premaster, client_random + server_random, 48)
            block = _ssl_3_expand(master, server_random + client_random, sum(sizes))
        else:
            master = prf(version, premaster, b"master secret" + client_random + server_random, 48)
            block = prf(version, master, b"key expansion" + server_random + client_random, sum(sizes))
        parts = []
        for size in sizes:
            parts.append(block[:size])
            block = block[size:]
        return cls(version, protection, master, parts[0], *parts[2:])

    def finished(self, transcript: bytes, *, from_client: bool) -> bytes:
        """RFC 5246 7.4.9; RFC 6101 5.6.9."""
        if self.version is Version.SSL_3_0:
            sender = b"CLNT" if from_client else b"SRVR"
            return b"".join(_padded(name, self.master, transcript + sender, self.master) for name in ("md5", "sha1"))
        label = b"client finished" if from_client else b"server finished"
        names = ("sha256",) if self.version is Version.TLS_1_2 else ("md5", "sha1")
        return prf(self.version, self.master, label + b"".join(_hash(name, transcript) for name in names), 12)

    def protect(self, message: bytes) -> bytes:
        """The first record that we protect: sequence number 0 (RFC 5246 6.2.3; RFC 6101 5.2.3.1)."""
        length = len(message).to_bytes(2, "big")
        head = bytes(8) + bytes((HANDSHAKE,))
        if self.version is Version.SSL_3_0:
            mac = _padded(self.protection.digest, self.client_mac, head + length + message)
        else:
            signed = head + self.version.to_bytes(2, "big") + length + message
            mac = hmac.digest(self.client_mac, signed, self.protection.digest)
        plain = message + mac
        if self.protection.cipher is None:
            return rc4(self.client_key, plain) if self.client_key else plain
        block = self.protection.block_bytes
        pad = block - 1 - len(plain) % block
        plain += bytes((pad,)) * (pad + 1)
        explicit = secrets.token_bytes(block) if self.version > Version.TLS_1_0 else b""
        encryptor = Cipher(self.protection.cipher(self.client_key), CBC(explicit or self.client_iv)).encryptor()
        return explicit + encryptor.update(plain) + encryptor.finalize()

    def unprotected(self, fragment: bytes) -> bytes:
        """The unit's first protected record; what is right in it, the caller knows. Raises Malformed."""
        if self.protection.cipher is None:
            return rc4(self.server_key, fragment) if self.server_key else fragment
        block = self.protection.block_bytes
        iv, data = self.server_iv, fragment
        if self.version > Version.TLS_1_0:
            iv, data = fragment[:block], fragment[block:]
        if not data or len(data) % block or len(iv) != block:
            raise Malformed("its Finished is not whole blocks")
        decryptor = Cipher(self.protection.cipher(self.server_key), CBC(iv)).decryptor()
        return decryptor.update(data) + decryptor.finalize()


def prf(version: Version, secret: bytes, seed: bytes, size: int) -> bytes:
    """RFC 5246 5 for TLS 1.2, RFC 2246 5 before. `seed` begins with the label."""
    if version is Version.TLS_1_2:
        return _p_hash("sha256", secret, seed, size)
    half = (len(secret) + 1) // 2
    streams = _p_hash("md5", secret[:half], seed, size), _p_hash("sha1", secret[-half:], seed, size)
    return bytes(one ^ two for one, two in zip(*streams, strict=True))


def _p_hash(name: str, secret: bytes, seed: bytes, size: int) -> bytes:
    found, link = b"", seed
    while len(found) < size:
        link = hmac.digest(secret, link, name)
        found += hmac.digest(secret, link + seed, name)
    return found[:size]


def _ssl_3_expand(secret: bytes, randoms: bytes, size: int) -> bytes:
    """MD5 of the secret and of SHA-1 over `A`, `BB`, `CCC` ... (RFC 6101 6.1, 6.2.2)."""
    rounds = (bytes((65 + number,)) * (number + 1) for number in range((size + 15) // 16))
    return b"".join(_hash("md5", secret + _hash("sha1", each + secret + randoms)) for each in rounds)[:size]


def _padded(name: str, secret: bytes, data: bytes, behind: bytes = b"") -> bytes:
    """SSL 3.0's forerunner of HMAC (RFC 6101 5.2.3.1); Finished has the secret behind the data (5.6.9)."""
    count = 48 if name == "md5" else 40
    pad = b"\x36" * count
    inner = data + behind + pad if behind else secret + pad + data
    return _hash(name, secret + b"\x5c" * count + _hash(name, inner))


def _hash(name: str, data: bytes) -> bytes:
    return hashlib.new(name, data, usedforsecurity=False).digest()


def rc4(key: bytes, data: bytes) -> bytes:
    """RC4, which the libraries have put away (RFC 7465); here it hides nothing."""
    state = list(range(256))
    other = 0
    for number in range(256):
        other = (other + state[number] + key[number % len(key)]) % 256
        state[number], state[other] = state[other], state[number]
    found, one, two = bytearray(), 0, 0
    for byte in data:
        one = (one + 1) % 256
        two = (two + state[one]) % 256
        state[one], state[two] = state[two], state[one]
        found.append(byte ^ state[(state[one] + state[two]) % 256])
    return bytes(found)


def _message(kind: int, body: bytes) -> bytes:
    return bytes((kind,)) + len(body).to_bytes(3, "big") + body


def _record(version: Version, kind: int, fragment: bytes) -> bytes:
    return bytes((kind,)) + version.to_bytes(2, "big") + len(fragment).to_bytes(2, "big") + fragment
