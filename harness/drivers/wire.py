"""Every HTTP exchange with one unit goes through here: addresses, pins, time limits, errors and the record."""

from __future__ import annotations

import functools
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Literal
from urllib.parse import urljoin, urlsplit

import requests
from requests.cookies import RequestsCookieJar, extract_cookies_to_jar
from requests.structures import CaseInsensitiveDict
from urllib3.exceptions import HTTPError

from harness.deadline import Deadline
from harness.drivers.answers import AnswerLog
from harness.drivers.submission import Submission
from harness.errors import BenchError, UnitError
from harness.lab import Place
from harness.tls.client_pair import ClientPair
from harness.tls.handshake import Endpoint, HandshakeFailed
from harness.tls.pinned import NoConnection, PinnedAdapter
from harness.tls.pins import LeafPins
from harness.tls.stacks import CHOICES
from harness.transport import DIRECT, Transport, WayBroken, blame_way

Scheme = Literal["https", "http"]
Record = Callable[[str, dict[str, object]], None]
"""Told of every exchange: a word, and facts about it; never a body or a password."""

CONNECT_SECONDS = 10.0
LONGEST_ANSWER = 16 * 2**20
PIECE = 2**16
ANSWER_SECONDS = 60.0
"""An old unit under load is slow to write flash, and the answer to an upload waits for it (R)."""
TRIES = 5
"""Some builds keep a connection open and reset it later; clients have to ask again (device-reference 7.1, mark D)."""
HEADERS = {"User-Agent": "mcu-hil", "Accept": "*/*"}
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
        self.https_trouble = ""
        """Why HTTPS is not used, where somebody answers at its port."""
        self._pins = pins
        self._record = record
        self.answers = AnswerLog(record)
        self._pair = ClientPair.of(place)
        self._session, self._transport = self._new_session()

    def _new_session(self, through: Transport | None = None) -> tuple[requests.Session, PinnedAdapter]:
        session = requests.Session()
        # No proxies, no .netrc: what the environment says about other hosts is not about a unit in a lab.
        session.trust_env = False
        session.verify = False
        session.headers.clear()
        session.headers.update(HEADERS)
        transport = PinnedAdapter(self._pins, self._pair, self.place.tls.minimum, through or self.through)
        session.mount("https://", transport)
        session.mount("http://", transport)
        return session, transport

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
        self._session.close()

    def forget_connections(self) -> None:
        """After a restart: connections are gone, and so are cookies."""
        self._session.close()
        self._session, self._transport = self._new_session()

    def meet_anew(self) -> None:
        """The unit is down: what it serves from its next start on is counted anew."""
        self._pins.meet_anew()

    def forget_idle_connections(self) -> None:
        """The next request opens a new one: some builds keep connections, only to reset them (7.1, mark D)."""
        self._session.close()

    def forget_cookies(self) -> None:
        self._session.cookies.clear()

    @property
    def cookies(self) -> RequestsCookieJar:
        """A copy of those that are set."""
        return self._session.cookies.copy()

    @contextmanager
    def as_stranger(self, cookies: RequestsCookieJar, through: Transport | None = None) -> Iterator[None]:
        """In here everything goes over connections of its own, by that way, with these cookies only."""
        kept = self._session, self._transport
        self._session, self._transport = self._new_session(through)
        self._session.cookies.update(cookies)
        try:
            yield
        finally:
            self._session.close()
            self._session, self._transport = kept

    @property
    def cookie_values(self) -> frozenset[str]:
        """The secrets of the session that is open; for whoever has to keep them out of something."""
        return frozenset(cookie.value for cookie in self._session.cookies if cookie.value)

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
                return self.send(submission, seconds)
            except (Broken, WayBroken) as error:
                if not isinstance(
                    error.__cause__, requests.ConnectionError | requests.exceptions.ChunkedEncodingError
                ):
                    raise
        return self.send(submission, seconds)

    def send(self, submission: Submission, seconds: float) -> Reply:
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
                answer = self._answered(self._prepared(submission, url), seconds)
                body = self._whole(answer, seconds)
            facts |= {"status": answer.status_code, "received_bytes": len(body)}
            if answer.status_code in REDIRECTED:
                facts |= {"location": _shown(answer.headers.get("Location", ""))}
            if cookies := [_without_value(text) for text in answer.raw.headers.getlist("Set-Cookie")]:
                facts |= {"cookies": cookies}
        except (BenchError, UnitError) as error:
            facts |= {"error": str(error)}
            raise
        finally:
            self._record("exchange", facts | {"milliseconds": round((time.perf_counter() - began) * 1000, 1)})
        return Reply(
            url,
            answer.status_code,
            answer.headers.get("Content-Type", ""),
            answer.headers.get("Location", ""),
            body,
            answer.headers.get("Server", ""),
        )

    def _answered(self, request: requests.PreparedRequest, seconds: float) -> requests.Response:
        """As requests' session does, which would get ready to follow redirects and look for hooks, at some cost."""
        timeout = min(seconds, CONNECT_SECONDS), seconds
        answer = self._transport.send(request, stream=True, timeout=timeout)
        if "Set-Cookie" in answer.headers:
            extract_cookies_to_jar(self._session.cookies, request, answer.raw)  # type: ignore[no-untyped-call]
        return answer

    def _prepared(self, submission: Submission, url: str) -> requests.PreparedRequest:
        """As requests does, without what makes it slow: nothing here is given in more than one form."""
        prepared = requests.PreparedRequest()
        prepared.method, prepared.url, prepared.body = submission.method, _quoted(url), submission.body or None
        prepared.headers = CaseInsensitiveDict(HEADERS)
        if submission.content_type:
            prepared.headers["Content-Type"] = submission.content_type
        if self._session.cookies:
            prepared.prepare_cookies(self._session.cookies)
        return prepared

    def _whole(self, answer: requests.Response, seconds: float) -> bytes:
        """The body of an answer. Raises Broken for one that comes without an end."""
        deadline, pieces, size = Deadline.after(seconds), [], 0
        for piece in answer.iter_content(PIECE):
            pieces.append(piece)
            size += len(piece)
            if size > LONGEST_ANSWER or deadline.expired:
                answer.close()
                raise Broken(f"{self.place.name}: an answer without an end: {size} octets and more of it to come")
        return b"".join(pieces)

    def hang_up_within(self, submission: Submission) -> None:
        """Half of the body was sent, all of it promised; then the connection was closed.

        Raises NotOpen, Broken, HandshakeFailed and UnitError as `send` does, for what comes before the half.
        """
        self.forget_idle_connections()
        half = _Half(submission.body)
        facts: dict[str, object] = {
            "method": submission.method,
            "url": _shown(submission.url),
            "sent_bytes": len(half) // 2,
        }
        with suppress(_HungUp), self._named(submission.url):
            self._session.request(
                submission.method,
                self._own(submission.url),
                data=half,
                headers={"Content-Type": submission.content_type},
                allow_redirects=False,
                timeout=(CONNECT_SECONDS, ANSWER_SECONDS),
            )
        self.forget_idle_connections()
        self._record("exchange", facts | {"error": "hung up in the middle, on purpose"})

    def _own(self, url: str) -> str:
        """`url` on this unit, at the port at which the place says it is reached.

        Raises UnitError for any other host: passwords and keys go to the unit alone.
        """
        try:
            parts = urlsplit(url)
            host, port = parts.hostname or "", parts.port
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
        """Failures of requests and urllib3 as ours."""
        parts = urlsplit(url)
        where = f"{self.place.name}: {parts.hostname}:{parts.port}"
        began = time.monotonic()
        try:
            with self._not_of_the_way(where, began):
                yield
        except requests.exceptions.SSLError as error:
            raise HandshakeFailed(f"{where}: no TLS connection: {_reason(error)}") from error
        except requests.Timeout as error:
            kind = NotOpen if isinstance(error, requests.ConnectTimeout) else Broken
            raise kind(f"{where}: no answer in time") from error
        except requests.ConnectionError as error:
            if isinstance(error, NoConnection):
                raise NotOpen(f"{where}: no connection: {_reason(error)}") from error
            raise Broken(f"{where}: the connection broke: {_reason(error)}") from error
        except (requests.RequestException, HTTPError) as error:
            raise Broken(f"{where}: no readable HTTP answer: {_reason(error)}") from error

    @contextmanager
    def _not_of_the_way(self, where: str, began: float) -> Iterator[None]:
        """Raises WayBroken in place of what came of that."""
        try:
            yield
        except (requests.RequestException, HTTPError) as error:
            if not isinstance(error, NoConnection):
                blame_way(self.through, began, where, error)
            raise


class _HungUp(Exception):
    """Half of the body is sent."""


class _Half:
    """A body that promises all of its octets and gives half of them."""

    def __init__(self, body: bytes) -> None:
        self._length = len(body)
        self._left = body[: len(body) // 2]

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[bytes]:
        # requests takes for a stream what can be iterated; it is `read` that is called.
        yield self.read()

    def read(self, size: int = -1) -> bytes:
        if not self._left:
            raise _HungUp
        size = len(self._left) if size < 0 else size
        piece, self._left = self._left[:size], self._left[size:]
        return piece


@functools.lru_cache(maxsize=1024)
def _quoted(url: str) -> str:
    """With what no address may have written as it may."""
    prepared = requests.PreparedRequest()
    prepared.prepare_url(url, None)
    return str(prepared.url)


def _shown(url: str) -> str:
    # What stands behind the question mark may be a session's secret.
    return url.partition("?")[0][:200]


def _without_value(set_cookie: str) -> str:
    """Name and attributes (RFC 6265 4.1.1): `session_id; Path=/`."""
    pair, semicolon, attributes = set_cookie.partition(";")
    return f"{pair.partition('=')[0].strip()}{semicolon}{attributes}"[:200]


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """An error of requests, and those it wraps, outermost first."""
    while error is not None:
        yield error
        wrapped = [getattr(error, "reason", None), *error.args, error.__cause__, error.__context__]
        error = next((inner for inner in wrapped if isinstance(inner, BaseException)), None)


def _reason(error: BaseException) -> str:
    *_, innermost = _causes(error)
    if isinstance(innermost, ssl.SSLError) and innermost.reason:
        return innermost.reason.replace("_", " ").lower()
    if isinstance(innermost, OSError) and innermost.strerror:
        return innermost.strerror
    return (str(innermost) or type(innermost).__name__).splitlines()[0][:200]
