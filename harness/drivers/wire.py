"""Every HTTP exchange with one unit goes through here: addresses, pins, time limits, errors and the record."""

from __future__ import annotations

import functools
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Literal
from urllib.parse import SplitResult, urljoin, urlsplit

import requests

from harness import http1
from harness.deadline import times_waited
from harness.drivers.answers import AnswerLog
from harness.drivers.cookies import Cookies
from harness.drivers.submission import Submission
from harness.errors import BenchError, UnitError
from harness.lab import Place
from harness.moment import Moment
from harness.tls.client_pair import ClientPair
from harness.tls.handshake import Endpoint, HandshakeFailed
from harness.tls.pinned import NoConnection, PinnedConnections, Socket
from harness.tls.pins import LeafPins
from harness.tls.stacks import CHOICES
from harness.transport import DIRECT, Transport, WayBroken, blame_way

Scheme = Literal["https", "http"]
Record = Callable[[str, dict[str, object]], None]
"""Told of every exchange: a word, and facts about it; never a body or a password."""

CONNECT_SECONDS = 10.0
ANSWER_SECONDS = 60.0
"""An old unit under load is slow to write flash, and the answer to an upload waits for it (R)."""
TRIES = 5
"""Some builds keep a connection open and reset it later; clients have to ask again (device-reference 7.1, mark D)."""
HEADERS = (("User-Agent", "mcu-hil"), ("Accept-Encoding", "identity"), ("Accept", "*/*"))
TEXT = b"text before the certificate, as openssl -text has it, only more\n" * 1024
STANDARD_PORTS = {"http": 80, "https": 443}
REDIRECTS = 10
REDIRECTED = (
    HTTPStatus.MOVED_PERMANENTLY,
    HTTPStatus.FOUND,
    HTTPStatus.SEE_OTHER,
    HTTPStatus.TEMPORARY_REDIRECT,
    HTTPStatus.PERMANENT_REDIRECT,
)


class NotOpen(BenchError):
    """No TCP connection could be had."""


class Broken(BenchError):
    """A connection was had, and no answer came over it."""


@dataclass(frozen=True)
class Credentials:
    """Who logs in; the password is never shown."""

    user: str
    password: str = field(repr=False)


@dataclass(frozen=True)
class Reply:
    url: str
    status: int
    content_type: str
    location: str
    body: bytes = field(repr=False)
    server: str = ""
    """What the header of that name says."""


class Wire:
    """The HTTP and HTTPS ports of one unit. HTTPS is pinned; other hosts are never spoken to."""

    def __init__(self, place: Place, pins: LeafPins, record: Record, through: Transport = DIRECT) -> None:
        self.place = place
        self.through = through
        self.scheme: Scheme = "https"
        self.acts = 0
        """How often something was sent that may have changed the unit."""
        self.https_trouble = ""
        """Why HTTPS is not used, where somebody answers at its port."""
        self._failing: dict[str, object] = {}
        """The last exchange, if it failed."""
        self._failed_again = 0
        self._pins = pins
        self._record = record
        self.answers = AnswerLog(record)
        self._pair = ClientPair.of(place)
        self._connections, self._cookies = self._new_connections(through), Cookies()

    def _new_connections(self, through: Transport) -> PinnedConnections:
        return PinnedConnections(self._pins, self._pair, self.place.tls.minimum, through)

    @property
    def https(self) -> Endpoint:
        """Where the unit serves HTTPS."""
        return Endpoint(self.place.address, self.place.ports.https, self._pair, self.through)

    @property
    def notices(self) -> tuple[str, ...]:
        if self.https_trouble:
            return (f"{self.https_trouble}: it is administered over HTTP, where passwords and keys can be read",)
        choice = CHOICES.uses_legacy(self.https)
        return (*self.through.notices, *(() if choice is None else (f"{self.place.name}: {self.https} {choice}",)))

    def close(self) -> None:
        self._connections.close()
        self._note_failures()

    def forget_connections(self) -> None:
        """After a restart: connections are gone, and so are cookies."""
        self.acts += 1
        self._connections.close()
        self._connections, self._cookies = self._new_connections(self.through), Cookies()

    def moment(self) -> Moment:
        """The present one."""
        return Moment(self.acts, times_waited(), time.monotonic())

    def meet_anew(self) -> None:
        """The unit is down: what it serves from its next start on is counted anew."""
        self._pins.meet_anew()

    def forget_idle_connections(self) -> None:
        """The next request opens a new one: some builds keep connections, only to reset them (7.1, mark D)."""
        self._connections.close()

    def forget_cookies(self) -> None:
        self._cookies.clear()

    @property
    def cookies(self) -> Cookies:
        """A copy of those that are set."""
        return self._cookies.copy()

    @contextmanager
    def as_stranger(self, cookies: Cookies, through: Transport | None = None) -> Iterator[None]:
        """In here everything goes over connections of its own, by that way, with these cookies only."""
        kept = self._connections, self._cookies
        self._connections, self._cookies = self._new_connections(through or self.through), cookies.copy()
        try:
            yield
        finally:
            self._connections.close()
            self._connections, self._cookies = kept

    @property
    def cookie_values(self) -> frozenset[str]:
        """The secrets of the session that is open; for whoever has to keep them out of something."""
        return self._cookies.values

    def url(self, path: str, scheme: Scheme | None = None) -> str:
        scheme = scheme or self.scheme
        host = f"[{self.place.address}]" if ":" in self.place.address else self.place.address
        return f"{scheme}://{host}:{self._port(scheme)}{path}"

    def _port(self, scheme: str) -> int:
        return self.place.ports.https if scheme == "https" else self.place.ports.http

    def get(self, url: str, seconds: float = ANSWER_SECONDS) -> Reply:
        """The answer to a GET, redirects not followed; asked again where the connection was reset."""
        return self._asked(Submission("GET", url, "", b""), seconds)

    def ask(self, submission: Submission) -> Reply:
        """The answer to a request that changes nothing, so that it may be asked again after a reset."""
        return self._asked(submission, ANSWER_SECONDS)

    def browse(self, submission: Submission) -> Reply:
        """The page at which a browser ends up. What is not a GET is sent once only.

        Raises UnitError where the unit sends us round in circles or to another host.
        """
        send = self._asked if submission.method == "GET" else self.send
        for _ in range(REDIRECTS):
            reply = send(submission, ANSWER_SECONDS)
            if reply.status not in REDIRECTED or not reply.location:
                return reply
            target = urljoin(reply.url, reply.location)
            if reply.status in (HTTPStatus.TEMPORARY_REDIRECT, HTTPStatus.PERMANENT_REDIRECT):
                submission = Submission(submission.method, target, submission.content_type, submission.body)
            else:
                # Of the older codes every browser makes a GET, whatever was asked before.
                submission = Submission("GET", target, "", b"")
                send = self._asked
        raise UnitError(f"{self.place.name}: more than {REDIRECTS} redirects, the last to {_shown(submission.url)}")

    def _asked(self, submission: Submission, seconds: float) -> Reply:
        for _ in range(TRIES - 1):
            try:
                return self._sent(submission, seconds)
            except (Broken, WayBroken) as error:
                if not isinstance(error.__cause__, http1.Lost):
                    raise
        return self._sent(submission, seconds)

    def send(self, submission: Submission, seconds: float) -> Reply:
        """The answer to a request that may change something: one exchange, and never a second.

        Raises what `_sent` raises.
        """
        self.acts += 1
        return self._sent(submission, seconds)

    def _sent(self, submission: Submission, seconds: float) -> Reply:
        """One exchange.

        Raises NotOpen, Broken and WayBroken, which are BenchErrors, HandshakeFailed where TLS could not be completed,
        and UnitError where another host is meant or the leaf is none of those pinned.
        """
        url = self._own(submission.url)
        began = time.perf_counter()
        facts: dict[str, object] = {
            "method": submission.method,
            "url": _shown(url),
            "sent_bytes": len(submission.body),
        }
        try:
            with self._named(url):
                answer = self._answered(submission, url, seconds)
            facts |= {"status": answer.status, "received_bytes": len(answer.body)}
            location = answer.headers.get("location", "")
            if answer.status in REDIRECTED:
                facts |= {"location": _shown(location)}
            if answer.cookies:
                facts |= {"cookies": [_without_value(text) for text in answer.cookies]}
        except (BenchError, UnitError) as error:
            facts |= {"error": str(error)}
            raise
        finally:
            self._note(facts, began)
        content_type, server = answer.headers.get("content-type", ""), answer.headers.get("server", "")
        return Reply(url, answer.status, content_type, location, answer.body, server)

    def _note(self, facts: dict[str, object], began: float) -> None:
        """In the record; of one failure that comes over and over, the first, and how many more there were."""
        if facts == self._failing:
            self._failed_again += 1
            return
        self._note_failures()
        self._failing = facts if "error" in facts else {}
        self._record("exchange", facts | {"milliseconds": round((time.perf_counter() - began) * 1000, 1)})

    def _note_failures(self) -> None:
        if self._failed_again:
            self._record("exchange", {**self._failing, "again": self._failed_again})
            self._failed_again = 0

    def _answered(self, submission: Submission, url: str, seconds: float) -> http1.Answer:
        port, asked = self._prepared(submission, url)
        connection = self._open(port, seconds)
        goes_on = False
        try:
            answer = http1.exchange(connection, asked, seconds)
            goes_on = answer.goes_on
        finally:
            if not goes_on:
                connection.close()
        if goes_on:
            self._connections.keep(*port, connection)
        if answer.cookies:
            self._cookies.take(url, answer.cookies)
        return answer

    def _open(self, port: _Port, seconds: float) -> Socket:
        """For one exchange, in which everything may take so long, and a connection at most CONNECT_SECONDS."""
        with http1.lost_where_it_breaks():
            connection = self._connections.open(*port, min(seconds, CONNECT_SECONDS))
            connection.settimeout(seconds)
        return connection

    def _prepared(self, submission: Submission, url: str, more: int = 0) -> tuple[_Port, bytes]:
        """Where it goes, and its octets; so many more are promised."""
        port, where, target = _parts(url)
        headers = [("Host", where), *HEADERS]
        if submission.content_type:
            headers.append(("Content-Type", submission.content_type))
        if cookies := self._cookies.header(url):
            headers.append(("Cookie", cookies))
        return port, http1.request(submission.method, target, headers, submission.body, more)

    def hang_up_within(self, submission: Submission) -> None:
        """Half of the body was sent, all of it promised; then the connection was closed.

        Raises NotOpen, Broken, HandshakeFailed and UnitError as `send` does, for what comes before the half.
        """
        self.acts += 1
        url = self._own(submission.url)
        half = len(submission.body) - len(submission.body) // 2
        facts: dict[str, object] = {"method": submission.method, "url": _shown(url), "sent_bytes": half}
        self.forget_idle_connections()
        with self._named(url):
            port, asked = self._prepared(submission, url)
            with closing(self._open(port, ANSWER_SECONDS)) as connection, http1.lost_where_it_breaks():
                connection.sendall(asked[: len(asked) - len(submission.body) // 2])
        self._record("exchange", facts | {"error": "hung up in the middle, on purpose"})

    def send_padded(self, submission: Submission, at: int, octets: int) -> None:
        """So many octets of text were sent within the body, at this place of it; where the unit hangs up meanwhile,
        as many as it took.

        Raises NotOpen, HandshakeFailed and UnitError as `send` does.
        """
        self.acts += 1
        url = self._own(submission.url)
        facts: dict[str, object] = {
            "method": submission.method,
            "url": _shown(url),
            "sent_bytes": len(submission.body) + octets,
        }
        self.forget_idle_connections()
        try:
            with self._named(url):
                port, asked = self._prepared(submission, url, octets)
                answer = self._asked_in_pieces(port, asked, len(asked) - len(submission.body) + at, octets)
            facts |= {"status": answer.status, "received_bytes": len(answer.body)}
        except Broken as error:
            facts |= {"error": str(error)}
        finally:
            self._record("exchange", facts)

    def _asked_in_pieces(self, port: _Port, asked: bytes, at: int, octets: int) -> http1.Answer:
        with closing(self._open(port, ANSWER_SECONDS)) as connection, http1.lost_where_it_breaks():
            connection.sendall(asked[:at])
            for piece in _text(octets):
                connection.sendall(piece)
            return http1.exchange(connection, asked[at:], ANSWER_SECONDS)

    def _own(self, url: str) -> str:
        """`url` on this unit, at the port at which the place says it is reached.

        Raises UnitError for any other host: passwords and keys go to the unit alone.
        """
        try:
            parts, host, port = _split(url)
        except ValueError as error:
            raise UnitError(f"{self.place.name}: leads to {_shown(url)!r}, which is no address: {error}") from error
        if parts.scheme not in ("http", "https") or host.lower() != self.place.address.lower():
            raise UnitError(
                f"{self.place.name}: leads to {_shown(url)!r}, which is not the unit at {self.place.address}"
            )
        if port is None:
            # A unit behind a forwarded port believes itself on the standard one.
            scheme: Scheme = "https" if parts.scheme == "https" else "http"
            return self.url(parts.path or "/", scheme) + (f"?{parts.query}" if parts.query else "")
        return url

    @contextmanager
    def _named(self, url: str) -> Iterator[None]:
        """Failures of a connection as ours."""
        began = time.monotonic()
        try:
            yield
        except NoConnection as error:
            cause = error.__cause__
            trouble = "no answer in time" if isinstance(cause, TimeoutError) else f"no connection: {_reason(cause)}"
            raise NotOpen(f"{self._where(url)}: {trouble}") from error
        except (OSError, http1.Unreadable) as error:
            where = self._where(url)
            blame_way(self.through, began, where, error)
            match error:
                case ssl.SSLError():
                    raise HandshakeFailed(f"{where}: no TLS connection: {_reason(error)}") from error
                case TimeoutError():
                    raise Broken(f"{where}: no answer in time") from error
                case OSError():
                    raise Broken(f"{where}: the connection broke: {_reason(error)}") from error
            raise Broken(f"{where}: no readable HTTP answer: {_reason(error)}") from error

    def _where(self, url: str) -> str:
        parts = urlsplit(url)
        return f"{self.place.name}: {parts.hostname}:{parts.port}"


_Port = tuple[str, str, int]
"""Scheme, host, port."""


# A unit is asked for the same few pages over and over.
@functools.lru_cache(maxsize=1024)
def _split(url: str) -> tuple[SplitResult, str, int | None]:
    parts = urlsplit(url)
    return parts, parts.hostname or "", parts.port


@functools.lru_cache(maxsize=1024)
def _parts(url: str) -> tuple[_Port, str, str]:
    """The port, what a request says of it, and its target: with what no address may have written as it may."""
    prepared = requests.PreparedRequest()
    prepared.prepare_url(url, None)
    parts = urlsplit(str(prepared.url))
    port = parts.port or STANDARD_PORTS[parts.scheme]
    host = parts.hostname or ""
    shown = f"[{host}]" if ":" in host else host
    where = shown if port == STANDARD_PORTS[parts.scheme] else f"{shown}:{port}"
    return (parts.scheme, host, port), where, (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def _text(octets: int) -> Iterator[bytes]:
    """So many, in lines; never in memory together. The last one ends where what follows begins."""
    for _ in range(octets // len(TEXT)):
        yield TEXT
    if rest := octets % len(TEXT):
        yield TEXT[-rest:]


def _shown(url: str) -> str:
    # What stands behind the question mark may be a session's secret.
    return url.partition("?")[0][:200]


def _without_value(set_cookie: str) -> str:
    """Name and attributes (RFC 6265 4.1.1): `session_id; Path=/`."""
    pair, semicolon, attributes = set_cookie.partition(";")
    return f"{pair.partition('=')[0].strip()}{semicolon}{attributes}"[:200]


def _reason(error: BaseException | None) -> str:
    if isinstance(error, ssl.SSLError) and error.reason:
        return error.reason.replace("_", " ").lower()
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return (str(error) or type(error).__name__).splitlines()[0][:200]
