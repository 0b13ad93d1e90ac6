"""HTTP/1.0 and 1.1 (RFC 9112), as much of it as an appliance speaks; llhttp reads what arrives.

What a framework for web sites does for each connection and each request takes several times as long as what a unit
does to answer.
"""

from __future__ import annotations

import asyncio
import functools
import logging
import ssl
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from email.utils import formatdate
from http import HTTPStatus
from urllib.parse import parse_qsl, unquote

import httptools

from harness.emulator import eager

LARGEST_HEAD = 32 * 2**10
# Two files of the largest size that certstore looks at, and the rest of the form.
LARGEST_BODY = 40 * 2**20

REASONS = {status.value: status.phrase for status in HTTPStatus}
CONNECTION = {("1.1", False): "close", ("1.0", True): "keep-alive"}
"""What is said of it, by version and whether it goes on; otherwise it goes without saying (RFC 9112 9.3)."""

log = logging.getLogger("harness.emulator.http")


class BodyRefused(Exception):
    """The body is not one that the server takes. It answers that itself."""

    def __init__(self, status: HTTPStatus) -> None:
        super().__init__(status.phrase)
        self.status = status


class Request:
    """One request, from the moment its head has arrived."""

    def __init__(self, method: str, target: bytes, headers: Mapping[str, str], transport: asyncio.Transport) -> None:
        """Raises httptools.HttpParserInvalidURLError."""
        self.method = method
        self.headers = headers
        """By their names in lower case; the first of a name."""
        self.transport = transport
        self.path, self.raw_path, self._query = _parts(target)
        self._body: list[bytes] = []
        self._octets = 0
        self._refused: HTTPStatus | None = None
        self._complete = False
        self._reader: asyncio.Future[None] | None = None

    @property
    def query(self) -> dict[str, str]:
        """The first of a name."""
        if not self._query:
            return {}
        return dict(reversed(parse_qsl(self._query.decode("latin-1"), keep_blank_values=True)))

    @property
    def cookies(self) -> dict[str, str]:
        pairs = (pair.partition("=") for pair in self.headers.get("cookie", "").split(";"))
        return {name.strip(): value.strip().strip('"') for name, _, value in pairs}

    @property
    def remote(self) -> str:
        """The address of who asks."""
        return self._end("peername")

    @property
    def asked(self) -> str:
        """The address that was asked."""
        return self._end("sockname")

    @property
    def tls(self) -> ssl.SSLObject | None:
        connection: ssl.SSLObject | None = self.transport.get_extra_info("ssl_object")
        return connection

    async def read(self) -> bytes:
        """The body, when all of it has arrived. Raises BodyRefused."""
        if not self._complete:
            self._reader = asyncio.get_running_loop().create_future()
            await self._reader
        if self._refused is not None:
            raise BodyRefused(self._refused)
        return b"".join(self._body)

    def arrived(self, part: bytes) -> None:
        """More of the body."""
        self._octets += len(part)
        if self._octets > LARGEST_BODY:
            self.refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        elif self._refused is None:
            self._body.append(part)

    def completed(self) -> None:
        """Nothing more comes, or is waited for."""
        self._complete = True
        if self._reader is not None and not self._reader.done():
            self._reader.set_result(None)

    def refuse(self, status: HTTPStatus) -> None:
        """Nobody reads what has come and is still to come."""
        self._refused = self._refused or status
        self._body.clear()
        self.completed()

    def _end(self, which: str) -> str:
        address, *_ = self.transport.get_extra_info(which) or ("",)
        return str(address)


@dataclass
class Answer:
    """What to send, and what to do when it has been sent."""

    status: int = 200
    body: bytes = b""
    content_type: str = ""
    location: str = ""
    cookie: str = ""
    server: str = ""
    closes: bool = False
    """The connection, whatever the client would like."""
    afterwards: Callable[[], None] | None = None

    def head(self, version: str, *, is_kept: bool) -> bytes:
        connection = CONNECTION.get((version, is_kept))
        rows = (
            f"HTTP/{version} {self.status} {REASONS[self.status]}",
            self.content_type and f"Content-Type: {self.content_type}",
            self.location and f"Location: {self.location}",
            self.server and f"Server: {self.server}",
            f"Content-Length: {len(self.body)}",
            self.cookie and f"Set-Cookie: {self.cookie}",
            f"Date: {_date(int(time.time()))}",
            connection and f"Connection: {connection}",
        )
        return ("\r\n".join(filter(None, rows)) + "\r\n\r\n").encode("latin-1")


def plain(status: int, text: str) -> Answer:
    return Answer(status, text.encode(), "text/plain; charset=utf-8")


def html(text: str) -> Answer:
    return Answer(body=text.encode(), content_type="text/html; charset=utf-8")


Handle = Callable[[Request], Awaitable[Answer | None]]
"""With None the connection is reset, and nobody is there to be answered."""


@dataclass
class HttpServer:
    """Makes the HTTP side of each connection of many listeners."""

    handle: Handle
    keep_seconds: float = 75.0
    """How long an idle connection stays open."""
    connections: set[HttpConnection] = field(default_factory=set)

    def __call__(self) -> HttpConnection:
        return HttpConnection(self)

    async def close(self) -> None:
        """Afterwards no connection is open, and nothing is being answered."""
        answering = [connection.abort() for connection in tuple(self.connections)]
        await asyncio.gather(*filter(None, answering), return_exceptions=True)


class HttpConnection(asyncio.Protocol):
    """One connection: its requests are answered one after the other, each as soon as its head is there."""

    def __init__(self, server: HttpServer) -> None:
        self._server = server
        self._parser = httptools.HttpRequestParser(self)
        self._transport: asyncio.Transport | None = None
        self._target = b""
        self._headers: dict[str, str] = {}
        self._head_octets = 0
        self._got_further = False
        """Whether something of the latest data was more than the beginning of a head."""
        self._arriving: Request | None = None
        """Whose head is complete, and whose body is not."""
        self._waiting: deque[tuple[Request, str, bool]] = deque()
        """With their version, and whether the client would like to go on afterwards."""
        self._answering: asyncio.Task[None] | None = None
        self._malformed = False
        self._idle_since = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._server.connections.add(self)

    def connection_lost(self, error: Exception | None) -> None:
        self._transport = None
        self._server.connections.discard(self)
        self._waiting.clear()
        if self._answering is not None:
            # A restarting unit forgets what it was doing for the connections that it drops.
            self._answering.cancel()
        if self._timer is not None:
            self._timer.cancel()
        # Both know each other: so they need not wait for the collector of garbage.
        del self._parser

    def abort(self) -> asyncio.Task[None] | None:
        """Close now; what was being answered."""
        answering = self._answering
        if self._transport is not None:
            self._transport.abort()
        if answering is not None:
            answering.cancel()
        return answering

    # Who does not read what they are sent is not read either.
    def pause_writing(self) -> None:
        if self._transport is not None:
            self._transport.pause_reading()

    def resume_writing(self) -> None:
        if self._transport is not None:
            self._transport.resume_reading()

    def data_received(self, data: bytes) -> None:
        if self._malformed or self._transport is None:
            return
        self._got_further = False
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            # To nothing: it goes on as before.
            self.data_received(data[upgrade.args[0] :])
        except httptools.HttpParserError:
            self._malformed = True
            if self._arriving is not None:
                self._arriving.refuse(HTTPStatus.BAD_REQUEST)
        if self._arriving is None and not self._got_further:
            # Nothing but a head, and not the end of it.
            self._head_octets += len(data)
            self._malformed |= self._head_octets > LARGEST_HEAD
        if self._answering is None and (self._waiting or self._malformed):
            self._answering = eager.begin(self._answer())

    def on_message_begin(self) -> None:
        self._target, self._headers, self._head_octets = b"", {}, 0

    def on_url(self, target: bytes) -> None:
        self._target += target

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers.setdefault(_known(name), value.decode("utf-8", "surrogateescape").strip())

    def on_headers_complete(self) -> None:
        self._got_further = True
        assert self._transport is not None
        version = self._parser.get_http_version()
        if version == "1.1" and "host" not in self._headers:
            # RFC 9112 3.2.
            raise httptools.HttpParserError("no host")
        method = self._parser.get_method().decode()
        self._arriving = Request(method, self._target, self._headers, self._transport)
        self._waiting.append((self._arriving, version, self._parser.should_keep_alive()))

    def on_body(self, part: bytes) -> None:
        if self._arriving is not None:
            self._arriving.arrived(part)

    def on_message_complete(self) -> None:
        self._got_further = True
        if self._arriving is not None:
            self._arriving.completed()
            self._arriving, self._head_octets = None, 0

    async def _answer(self) -> None:
        """Everything that waits."""
        try:
            while self._waiting:
                request, version, wants_more = self._waiting.popleft()
                answer = await self._handled(request)
                # A body that nobody has asked for may still be on its way.
                request.refuse(HTTPStatus.GONE)
                if not self._sent(answer, request.method, version, wants_more=wants_more):
                    self._waiting.clear()
                    return
            if self._malformed:
                self._sent(plain(400, "400 Bad Request"), "", "1.0", wants_more=False)
            self._wait()
        finally:
            self._answering = None

    async def _handled(self, request: Request) -> Answer | None:
        try:
            return await self._server.handle(request)
        except BodyRefused as refused:
            answer = plain(refused.status, f"{refused.status} {refused.status.phrase}")
            answer.closes = True
            return answer
        except Exception:
            # A bug of ours, which must not look like a unit that says nothing.
            log.exception("a request could not be answered")
            return plain(500, "500 Internal Server Error")

    def _sent(self, answer: Answer | None, method: str, version: str, *, wants_more: bool) -> bool:
        """Whether the connection goes on."""
        transport = self._transport
        if answer is None:
            if transport is not None:
                transport.abort()
            return False
        is_kept = wants_more and not answer.closes and answer.afterwards is None
        # Who is gone already does not read it; what they asked for is done all the same.
        if transport is not None:
            head = answer.head(version, is_kept=is_kept)
            transport.write(head if method == "HEAD" else head + answer.body)
            if not is_kept:
                transport.close()
        if answer.afterwards is not None:
            # Once it is written it is on its way, even if the connection is closed next.
            answer.afterwards()
        return is_kept

    def _wait(self) -> None:
        loop = asyncio.get_running_loop()
        self._idle_since = loop.time()
        if self._timer is None and self._transport is not None:
            self._timer = loop.call_later(self._server.keep_seconds, self._end_if_idle)

    def _end_if_idle(self) -> None:
        loop, self._timer = asyncio.get_running_loop(), None
        left = self._idle_since + self._server.keep_seconds - loop.time()
        if self._transport is None:
            return
        if left <= 0 and self._answering is None:
            self._transport.close()
        else:
            self._timer = loop.call_later(max(left, 1.0), self._end_if_idle)


@functools.lru_cache(256)
def _parts(target: bytes) -> tuple[str, str, bytes]:
    """The path, the same with what stands behind it, as sent, and the query."""
    if target == b"*":
        return "*", "*", b""
    url = httptools.parse_url(target)
    path, query = url.path or b"/", url.query or b""
    return unquote(path), (path + b"?" + query if query else path).decode("latin-1"), query


@functools.lru_cache(256)
def _known(name: bytes) -> str:
    return name.decode("latin-1").lower()


@functools.lru_cache(1)
def _date(second: int) -> str:
    return formatdate(second, usegmt=True)
