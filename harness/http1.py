"""HTTP/1.x over one open connection, as the web servers of old units speak it (RFC 9112).

A run over a lab is hundreds of exchanges a unit, each of some hundred octets: what libraries that are made for the
whole web do for each of them takes longer than the unit does to answer.
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from harness.deadline import Deadline

STATUS_LINE = re.compile(rb"HTTP/1\.(\d)\s+(\d{3})\b")
HEAD_END = re.compile(rb"(?:\A|\n)\r?\n")
CHUNK_LINE = re.compile(rb"([0-9A-Fa-f]+)\s*(?:;|$)")
PIECE = 2**16
LONGEST_HEAD = 2**17
LONGEST_BODY = 16 * 2**20
BODILESS = (204, 304)
"""Answers that end with their head (RFC 9112 6.3)."""


class Connection(Protocol):
    """What a message is read from and written to; one of TLS, whoever makes it, is one too."""

    def sendall(self, data: bytes, /) -> None: ...

    def recv(self, size: int, /) -> bytes: ...


class Lost(ConnectionError):
    """The connection was reset, or ended before the answer did: what changes nothing may be asked again."""


class Unreadable(Exception):
    """What came is no HTTP answer, or one without an end."""


@dataclass(frozen=True)
class Answer:
    """One whole answer."""

    status: int
    headers: Mapping[str, str]
    """By lower-case name; of several alike, all in one, parted by commas (RFC 9110 5.2), but for cookies."""
    cookies: tuple[str, ...]
    """What each Set-Cookie says."""
    body: bytes = field(repr=False)
    goes_on: bool
    """Whether the connection can carry another request."""


def request(method: str, target: str, headers: Iterable[tuple[str, str]], body: bytes = b"", more: int = 0) -> bytes:
    """The octets of a request; its length is told where it has a body, or is of a kind that may have one. `more`
    octets of its body are sent by whoever asked for it."""
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers)]
    if body or method != "GET":
        lines.append(f"Content-Length: {len(body) + more}")
    return "\r\n".join((*lines, "", "")).encode("latin-1") + body


def exchange(connection: Connection, asked: bytes, seconds: float) -> Answer:
    """The answer to a request, its body within `seconds` of its head.

    Raises Lost, Unreadable, ssl.SSLError, and TimeoutError where nothing comes.
    """
    with lost_where_it_breaks():
        connection.sendall(asked)
        return _Reader(connection).answer(seconds)


class lost_where_it_breaks:  # noqa: N801 - it is used as a statement
    """What is in trouble in here, other than TLS and time, is a connection: raises Lost."""

    def __enter__(self) -> None:
        """Nothing is needed."""

    def __exit__(self, _kind: object, error: BaseException | None, _where: object) -> None:
        if isinstance(error, OSError) and not isinstance(error, TimeoutError | ssl.SSLError | Lost):
            raise Lost(error.strerror or str(error) or type(error).__name__) from error


class _Reader:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._come = bytearray()
        self._deadline: Deadline | None = None
        """Until when all of the body is to be here."""

    def answer(self, seconds: float) -> Answer:
        minor, status, fields = self._head()
        while 100 <= status < 200:
            # It goes on, and says so in between.
            minor, status, fields = self._head()
        self._deadline = Deadline.after(seconds)
        headers: dict[str, str] = {}
        cookies = []
        for name, value in fields:
            if name == "set-cookie":
                cookies.append(value)
            else:
                headers[name] = f"{headers[name]}, {value}" if name in headers else value
        body, has_end = self._body(status, headers)
        wishes = headers.get("connection", "").lower()
        goes_on = has_end and not self._come and ("keep-alive" in wishes if minor == 0 else "close" not in wishes)
        return Answer(status, headers, tuple(cookies), body, goes_on)

    def _head(self) -> tuple[int, int, list[tuple[str, str]]]:
        """Minor version, status, and the fields."""
        first = self._line()
        if (found := STATUS_LINE.match(first)) is None:
            raise Unreadable(f"begins with {first[:40]!r}")
        minor, status = map(int, found.groups())
        fields: list[tuple[str, str]] = []
        for line in self._rest_of_head().decode("latin-1").split("\n"):
            text = line.rstrip("\r")
            if text[:1] in (" ", "\t") and fields:
                # Folded (RFC 9112 5.2).
                name, value = fields.pop()
                fields.append((name, f"{value} {text.strip()}"))
                continue
            name, colon, value = text.partition(":")
            if colon:
                fields.append((name.strip().lower(), value.strip()))
        return minor, status, fields

    def _rest_of_head(self) -> bytes:
        """After its first line, up to the empty one."""
        looked_at = 0
        while (end := HEAD_END.search(self._come, looked_at)) is None:
            if len(self._come) > LONGEST_HEAD:
                raise Unreadable(f"a head without an end: {len(self._come)} octets and more of it to come")
            # The end may have come in part.
            looked_at = max(0, len(self._come) - len(b"\n\r"))
            self._must_come("the rest of an answer")
        head = self._taken(end.end())
        return head[: end.start()]

    def _body(self, status: int, headers: Mapping[str, str]) -> tuple[bytes, bool]:
        """With whether it had an end of its own, rather than that of the connection."""
        if status in BODILESS:
            return b"", True
        if "chunked" in headers.get("transfer-encoding", "").lower():
            return self._chunks(), True
        length = headers.get("content-length", "").partition(",")[0].strip()
        if length.isdecimal():
            return self._octets(int(length)), True
        while self._more():
            pass
        return self._taken(len(self._come)), False

    def _chunks(self) -> bytes:
        pieces = []
        size = 0
        while True:
            line = self._line()
            if (found := CHUNK_LINE.match(line)) is None:
                raise Unreadable(f"has a chunk of {line[:20]!r} octets")
            length = int(found[1], 16)
            if not length:
                break
            size += length
            self._check(size)
            pieces.append(self._octets(length))
            self._line()
        while self._line():
            # What is told after the last is of no use to us.
            pass
        return b"".join(pieces)

    def _octets(self, count: int) -> bytes:
        self._check(count)
        while len(self._come) < count:
            self._must_come(f"{count - len(self._come)} octets of an answer")
        return self._taken(count)

    def _line(self) -> bytes:
        """Without its end, which may lack the carriage return."""
        at = self._come.find(b"\n")
        while at < 0:
            if len(self._come) > LONGEST_HEAD:
                raise Unreadable(f"a line without an end: {len(self._come)} octets and more of it to come")
            before = len(self._come)
            self._must_come("an answer" if not before else "the rest of an answer")
            at = self._come.find(b"\n", before)
        return self._taken(at + 1).rstrip(b"\r\n")

    def _taken(self, count: int) -> bytes:
        found = bytes(self._come[:count])
        del self._come[:count]
        return found

    def _must_come(self, what: str) -> None:
        if not self._more():
            raise Lost(f"it was closed before {what} came")

    def _more(self) -> bool:
        """Whether more came; the connection has ended otherwise."""
        piece = self._connection.recv(PIECE)
        self._come += piece
        self._check(len(self._come))
        return bool(piece)

    def _check(self, size: int) -> None:
        if size > LONGEST_BODY or (self._deadline is not None and self._deadline.expired):
            raise Unreadable(f"an answer without an end: {size} octets and more of it to come")
