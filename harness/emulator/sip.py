"""SIP over TLS, as far as it takes to see that it is there (RFC 3261): the unit's second user of its certificate."""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import Callable, Mapping

LARGEST_HEAD = 16 * 2**10
LARGEST_BODY = 64 * 2**10

REQUEST_LINE = re.compile(r"(?P<method>[A-Z]{1,20}) \S{1,500} SIP/2\.0")
CONTENT_LENGTH = re.compile(r"(?:content-length|l)", re.IGNORECASE)

# RFC 3261 8.2.6.2: what of a request goes into its answer.
ECHOED = ("via", "from", "to", "call-id", "cseq")
COMPACT = {"v": "via", "f": "from", "t": "to", "i": "call-id"}

# What is not in here is not allowed (RFC 3261 21.4.6).
ANSWERS: Mapping[str, str] = {
    "OPTIONS": "200 OK",
    "INVITE": "480 Temporarily Unavailable",
    "REGISTER": "405 Method Not Allowed",
}
UNAVAILABLE = "503 Service Unavailable"
"""When the unit has been shut down: no calls (device-reference 5.2, mark R)."""
UNANSWERED = "ACK"


class SipConnection(asyncio.Protocol):
    """One connection of a SIP client, after the TLS handshake. What is not SIP ends it."""

    def __init__(self, takes_calls: Callable[[], bool]) -> None:
        self._takes_calls = takes_calls
        self._transport: asyncio.Transport | None = None
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        assert self._transport is not None, "data comes after the connection is made"
        self._received += data
        while (message := self._next_message()) is not None:
            if message == b"":
                # RFC 5626 3.5.1: the keep-alive ping and its answer.
                self._transport.write(b"\r\n")
            elif not self._answer(message):
                self._transport.close()
                return
        if len(self._received) > LARGEST_HEAD + LARGEST_BODY:
            self._transport.close()

    def _next_message(self) -> bytes | None:
        """The head of the next whole message; empty for a keep-alive; None until more has arrived."""
        if self._received.startswith(b"\r\n\r\n"):
            self._received = self._received[4:]
            return b""
        head, separator, rest = self._received.partition(b"\r\n\r\n")
        if not separator:
            return head if len(head) > LARGEST_HEAD else None
        length = _length(_fields(head))
        if length > len(rest):
            return None
        self._received = rest[length:]
        return head

    def _answer(self, head: bytes) -> bool:
        assert self._transport is not None, "asked by data_received"
        line = REQUEST_LINE.fullmatch(head.split(b"\r\n", 1)[0].decode("latin-1"))
        if line is None:
            return False
        if line["method"] != UNANSWERED:
            status = ANSWERS.get(line["method"], "405 Method Not Allowed") if self._takes_calls() else UNAVAILABLE
            self._transport.write(_reply(status, _fields(head)))
        return True


def _fields(head: bytes) -> list[tuple[str, str]]:
    found = []
    for line in head.decode("latin-1").split("\r\n")[1:]:
        name, colon, value = line.partition(":")
        if colon:
            found.append((name.strip(), value.strip()))
    return found


def _length(fields: list[tuple[str, str]]) -> int:
    digits = next((value for name, value in fields if CONTENT_LENGTH.fullmatch(name)), "0")
    # Whoever announces more than is ever taken waits for it in vain, and is cut off by its length.
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= 9 else 0


def _reply(status: str, fields: list[tuple[str, str]]) -> bytes:
    lines = [f"SIP/2.0 {status}"]
    for name, value in fields:
        known = COMPACT.get(name.lower(), name.lower())
        if known in ECHOED:
            tag = f";tag={secrets.token_hex(4)}" if known == "to" and ";tag=" not in value else ""
            lines.append(f"{name}: {value}{tag}")
    lines += [f"Allow: {', '.join(ANSWERS)}", "Accept: application/sdp", "Content-Length: 0", "", ""]
    return "\r\n".join(lines).encode("latin-1")
