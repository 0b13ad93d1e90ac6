"""A server's answer to a ClientHello, read from bytes as they come: SSLv3 to TLS 1.2 whole, TLS 1.3 to ServerHello.

Everything that is announced is held to a bound before it is waited for. Malformed is all that is ever raised.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from harness.errors import UnitError
from harness.verdict.hello import SUPPORTED_VERSIONS

RECORD_BOUND = 2**14 + 2048
"""Bytes in a record (RFC 5246 6.2.3)."""
MESSAGE_BOUND = 2**18
"""Bytes in a handshake message: a chain of a hundred certificates is far below."""
FLIGHT_BOUND = 2**20
"""Bytes in all."""

CHANGE_CIPHER_SPEC, ALERT, HANDSHAKE, APPLICATION_DATA = 20, 21, 22, 23
HELLO_REQUEST, SERVER_HELLO, NEW_SESSION_TICKET = 0, 2, 4
CERTIFICATE, SERVER_KEY_EXCHANGE, CERTIFICATE_REQUEST, SERVER_HELLO_DONE, CERTIFICATE_STATUS = 11, 12, 13, 14, 22

RETRY_RANDOM = bytes.fromhex("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c")
"""The random of a ServerHello that asks for another ClientHello (RFC 8446 4.1.3)."""

ALERTS = {
    0: "close_notify",
    10: "unexpected_message",
    20: "bad_record_mac",
    22: "record_overflow",
    40: "handshake_failure",
    41: "no_certificate",
    42: "bad_certificate",
    47: "illegal_parameter",
    50: "decode_error",
    51: "decrypt_error",
    70: "protocol_version",
    71: "insufficient_security",
    80: "internal_error",
    86: "inappropriate_fallback",
    90: "user_canceled",
    100: "no_renegotiation",
    109: "missing_extension",
    110: "unsupported_extension",
    112: "unrecognized_name",
    113: "bad_certificate_status_response",
    115: "unknown_psk_identity",
    116: "certificate_required",
    120: "no_application_protocol",
}
"""Names of RFC 5246 7.2, RFC 8446 6 and RFC 6101 5.4."""


class Malformed(UnitError):
    """What came is not TLS, or breaks its grammar."""


class Cursor:
    """Bytes that are taken from the front; Malformed where there are too few."""

    def __init__(self, data: bytes, what: str) -> None:
        self._data = data
        self._at = 0
        self._what = what

    @property
    def left(self) -> int:
        return len(self._data) - self._at

    def take(self, count: int) -> bytes:
        if count > self.left:
            raise Malformed(f"{self._what}: {count} bytes announced, {self.left} there")
        self._at += count
        return self._data[self._at - count : self._at]

    def number(self, size: int) -> int:
        return int.from_bytes(self.take(size), "big")

    def vector(self, size: int) -> bytes:
        """What follows a length of `size` bytes."""
        return self.take(self.number(size))

    @property
    def taken(self) -> bytes:
        return self._data[: self._at]

    def end(self) -> None:
        if self.left:
            raise Malformed(f"{self._what}: {self.left} bytes too many")


@dataclass(frozen=True)
class Alert:
    fatal: bool
    description: int

    def __str__(self) -> str:
        level = "fatal" if self.fatal else "warning"
        return f"{level} {ALERTS.get(self.description, f'alert {self.description}')}"


@dataclass(frozen=True)
class ServerHello:
    version: int
    """What is spoken from here on: of supported_versions where that is there."""
    random: bytes = field(repr=False)
    session: bytes = field(repr=False)
    suite: int
    extensions: dict[int, bytes]

    @property
    def is_retry(self) -> bool:
        return self.random == RETRY_RANDOM


@dataclass
class Flight:
    """What has been read so far."""

    hello: ServerHello | None = None
    chain: tuple[bytes, ...] | None = None
    """DER certificates as served; None while no Certificate message has come."""
    key_exchange: bytes | None = None
    """Body of ServerKeyExchange."""
    stapled: bytes | None = None
    """DER OCSP response."""
    asks_certificate: bool = False
    transcript: bytes = field(default=b"", repr=False)
    """The handshake messages as they came, headers and all."""
    alerts: list[Alert] = field(default_factory=list)
    done: bool = False
    """ServerHelloDone, a fatal alert, or a ServerHello of TLS 1.3 has come: nothing more will, unasked."""
    _pending: bytes = field(default=b"", repr=False)
    _messages: bytes = field(default=b"", repr=False)
    _total: int = field(default=0, repr=False)

    def feed(self, data: bytes) -> None:
        """Take in what came next, in pieces of any size. Raises Malformed."""
        self._total += len(data)
        if self._total > FLIGHT_BOUND:
            raise Malformed(f"more than {FLIGHT_BOUND} bytes, and no end")
        self._pending += data
        while not self.done and len(self._pending) >= 5:
            kind, major, length = self._pending[0], self._pending[1], int.from_bytes(self._pending[3:5], "big")
            if kind not in (CHANGE_CIPHER_SPEC, ALERT, HANDSHAKE, APPLICATION_DATA) or major != 3:
                raise Malformed(f"not a TLS record: it begins with {self._pending[:5].hex(' ')}")
            if length > RECORD_BOUND:
                raise Malformed(f"a record of {length} bytes; {RECORD_BOUND} are the most (RFC 5246 6.2.3)")
            if len(self._pending) < 5 + length:
                return
            fragment, self._pending = self._pending[5 : 5 + length], self._pending[5 + length :]
            self._record(kind, fragment)

    def _record(self, kind: int, fragment: bytes) -> None:
        if kind == HANDSHAKE:
            self._messages += fragment
            self._split()
        elif kind == ALERT:
            cursor = Cursor(fragment, "alert")
            alert = Alert(cursor.number(1) == 2, cursor.number(1))
            cursor.end()
            self.alerts.append(alert)
            self.done = alert.fatal or alert.description == 0
        elif kind == APPLICATION_DATA:
            raise Malformed("application data before the handshake is over")

    def _split(self) -> None:
        while not self.done and len(self._messages) >= 4:
            length = int.from_bytes(self._messages[1:4], "big")
            if length > MESSAGE_BOUND:
                raise Malformed(f"a handshake message of {length} bytes; {MESSAGE_BOUND} are read at most")
            if len(self._messages) < 4 + length:
                return
            kind, body = self._messages[0], self._messages[4 : 4 + length]
            if kind != HELLO_REQUEST:  # RFC 5246 7.4.1.1
                self.transcript += self._messages[: 4 + length]
            self._messages = self._messages[4 + length :]
            self._message(kind, body)

    def _message(self, kind: int, body: bytes) -> None:
        if kind == HELLO_REQUEST:
            return
        if (self.hello is None) != (kind == SERVER_HELLO):
            raise Malformed(f"handshake message {kind} where another has to come")
        if kind == SERVER_HELLO:
            self.hello = read_server_hello(body)
            self.done = self.hello.version > 0x0303
        elif kind == CERTIFICATE:
            self.chain = read_certificates(body)
        elif kind == SERVER_KEY_EXCHANGE:
            self.key_exchange = body
        elif kind == CERTIFICATE_STATUS:
            cursor = Cursor(body, "CertificateStatus")
            if cursor.number(1) == 1:
                self.stapled = cursor.vector(3)
                cursor.end()
        elif kind == CERTIFICATE_REQUEST:
            self.asks_certificate = True
        elif kind == SERVER_HELLO_DONE:
            self.done = True
        elif kind != NEW_SESSION_TICKET:
            raise Malformed(f"handshake message {kind} before ServerHelloDone")


def read_server_hello(body: bytes) -> ServerHello:
    """RFC 5246 7.4.1.3, RFC 8446 4.1.3."""
    cursor = Cursor(body, "ServerHello")
    version, random, session, suite = cursor.number(2), cursor.take(32), cursor.vector(1), cursor.number(2)
    if cursor.number(1) != 0:
        raise Malformed("ServerHello: it chose a compression that was not offered")
    extensions: dict[int, bytes] = {}
    if cursor.left:
        listed = Cursor(cursor.vector(2), "extensions of ServerHello")
        while listed.left:
            kind = listed.number(2)
            if kind in extensions:
                raise Malformed(f"ServerHello: extension {kind:#06x} twice (RFC 5246 7.4.1.4)")
            extensions[kind] = listed.vector(2)
    cursor.end()
    if SUPPORTED_VERSIONS in extensions:
        version = Cursor(extensions[SUPPORTED_VERSIONS], "supported_versions").number(2)
    return ServerHello(version, random, session, suite, extensions)


def read_certificates(body: bytes) -> tuple[bytes, ...]:
    """RFC 5246 7.4.2."""
    cursor = Cursor(body, "Certificate")
    listed = Cursor(cursor.vector(3), "list of certificates")
    cursor.end()
    found = []
    while listed.left:
        found.append(listed.vector(3))
    return tuple(found)
