"""The messages of a handshake as they went over the line: which, how long, and when."""

from __future__ import annotations

import functools
import ssl
import time
from dataclasses import dataclass

from harness.tls.context import legacy_context

# RFC 5246 7.4 and 8446 B.3; RFC 5246 7.1 and 7.2, which are records of their own.
HANDSHAKE, CHANGE_CIPHER_SPEC, ALERT = 22, 20, 21
NAMES = {
    0: "HelloRequest",
    1: "ClientHello",
    2: "ServerHello",
    4: "NewSessionTicket",
    8: "EncryptedExtensions",
    11: "Certificate",
    12: "ServerKeyExchange",
    13: "CertificateRequest",
    14: "ServerHelloDone",
    15: "CertificateVerify",
    16: "ClientKeyExchange",
    20: "Finished",
    22: "CertificateStatus",
}
WARNING = 1
"""The level of an alert that ends nothing (RFC 5246 7.2)."""


@dataclass(frozen=True)
class Message:
    """One message of a handshake."""

    is_sent: bool
    """By us; otherwise the unit sent it."""
    name: str
    octets: int
    milliseconds: float
    """Since the handshake began."""

    def __str__(self) -> str:
        return f"{'>' if self.is_sent else '<'} {self.name} {self.octets} {self.milliseconds:.1f}"


class FlightLog:
    """The messages of one connection so far."""

    def __init__(self) -> None:
        self._began = time.perf_counter()
        self.messages: list[Message] = []

    def note(self, direction: str, content: int, kind: int, data: bytes) -> None:
        if content == HANDSHAKE:
            name = NAMES.get(kind, f"handshake message {kind}")
        elif content == CHANGE_CIPHER_SPEC:
            name = "ChangeCipherSpec"
        elif content == ALERT and len(data) == 2:
            name = f"{'warning' if data[0] == WARNING else 'fatal alert'} {data[1]}"
        else:
            # The header of a record, which OpenSSL tells of too.
            return
        milliseconds = (time.perf_counter() - self._began) * 1000
        self.messages.append(Message(direction == "write", name, len(data), round(milliseconds, 1)))


@functools.cache
def logging_context() -> ssl.SSLContext:
    """`legacy_context` for sockets with a FlightLog; see `watch`."""
    context = legacy_context()
    # It has no public name; CPython's own tests rely on it.
    context._msg_callback = _told  # type: ignore[attr-defined]
    return context


def watch(secured: ssl.SSLSocket) -> FlightLog:
    """What this socket of `logging_context` says and hears from now on is in the log."""
    log = FlightLog()
    secured.flight_log = log  # type: ignore[attr-defined]
    return log


def _told(connection: object, direction: str, _version: int, content: int, kind: int, data: bytes) -> None:
    log = getattr(connection, "flight_log", None)
    if log is not None:
        log.note(direction, int(content), int(kind), data)
