"""HTTP and HTTPS to one unit for requests: any TLS that can be had from here, pinned to leafs instead of verified.

requests' own adapter is made for many hosts: pools, retries and proxies take as much time as all the rest of an
exchange, and a run over a lab is hundreds of exchanges a unit.
"""

from __future__ import annotations

import http.client
import select
import socket
import ssl
from collections.abc import Mapping
from typing import Any, cast
from urllib.parse import urlsplit

import requests
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict
from urllib3.response import HTTPResponse

from harness.deadline import Deadline
from harness.errors import UnitError
from harness.tls.client_pair import ClientPair
from harness.tls.handshake import CONNECT_SECONDS, Endpoint
from harness.tls.legacy import LegacySocket, legacy_socket
from harness.tls.pins import LeafPins
from harness.tls.stacks import CHOICES
from harness.transport import DIRECT, Transport

VERSIONS = ("SSLv3", "TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3")
"""As `ssl` names them, oldest first."""


class NoConnection(requests.ConnectionError):
    """TCP was refused, or the address cannot be reached."""


class TooOld(UnitError):
    """The unit speaks an older version than the lab file wants."""


class PinnedAdapter(BaseAdapter):
    """Mounted for `http://` and `https://` in a session: one connection a port, kept open, for one thread at a time.

    Every new connection's leaf is put to the pins, before a byte of a request is sent. What they raise comes out of
    the request as it is, and so do LegacyMissing and WayBroken; other failures are requests' exceptions, where nobody
    listens NoConnection.
    """

    def __init__(
        self,
        pins: LeafPins,
        pair: ClientPair | None = None,
        minimum: str = VERSIONS[0],
        through: Transport = DIRECT,
    ) -> None:
        """`pair` is shown to who asks for a certificate; by a version below `minimum` nothing is sent."""
        super().__init__()
        self._minimum = minimum
        self._pins = pins
        self._pair = pair
        self._through = through
        self._kept: dict[str, tuple[http.client.HTTPConnection, http.client.HTTPResponse]] = {}
        self._sessions: dict[str, ssl.SSLSession] = {}
        """By port. Whoever resumes one has its master secret, and was found good when it was made (RFC 5246 F.1.4); a
        unit that closes after each answer of its API would otherwise have to use its private key for each."""

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,  # noqa: FBT001, FBT002 - requests calls it so
        timeout: float | tuple[float, float] | tuple[float, None] | None = None,
        verify: bool | str = True,  # noqa: FBT001, FBT002
        cert: bytes | str | tuple[bytes | str, bytes | str] | None = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        """The answer, its body not yet read. The pins are the verification; there are no proxies."""
        connect_seconds, seconds = timeout if isinstance(timeout, tuple) else (timeout, timeout)
        parts = urlsplit(cast("str", request.url))
        port = f"{parts.scheme}://{parts.netloc}"
        connection = self._take(port)
        try:
            if connection is None:
                connection = self._connect(parts.scheme, parts.hostname or "", parts.port, connect_seconds)
            assert connection.sock is not None
            connection.sock.settimeout(seconds)
            target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            connection.request(request.method or "GET", target, request.body, request.headers)
            answer = connection.getresponse()
        except BaseException as error:
            if connection is not None:
                connection.close()
            match error:
                case requests.RequestException():
                    raise
                case ssl.SSLError():
                    raise requests.exceptions.SSLError(error, request=request) from error
                case TimeoutError():
                    raise requests.ReadTimeout(error, request=request) from error
                case OSError() | http.client.HTTPException():
                    raise requests.ConnectionError(error, request=request) from error
            raise
        if not answer.will_close:
            self._kept[port] = connection, answer
        return _response(request, answer)

    def close(self) -> None:
        """The next request opens a new connection."""
        while self._kept:
            self._kept.popitem()[1][0].close()

    def _take(self, port: str) -> http.client.HTTPConnection | None:
        """The connection that was kept, if it can carry another request."""
        if (found := self._kept.pop(port, None)) is None:
            return None
        connection, answer = found
        # What can be read now is the end of the connection, since nothing was asked.
        if answer.isclosed() and connection.sock is not None and not _is_readable(connection.sock):
            return connection
        connection.close()
        return None

    def _connect(self, scheme: str, host: str, port: int | None, seconds: float | None) -> http.client.HTTPConnection:
        """A connection, with its leaf found good where it is one of TLS."""
        connection = http.client.HTTPConnection(host, port or (443 if scheme == "https" else 80))
        endpoint = Endpoint(connection.host, connection.port, self._pair, self._through)
        if scheme != "https":
            connection.sock = _dialled(endpoint, seconds)
            return connection
        secured = self._secured(endpoint, seconds)
        # For http.client, the legacy one is a socket too.
        connection.sock = cast("ssl.SSLSocket", secured)
        try:
            self._accept(endpoint, secured)
            self._keep_session(endpoint, secured)
        except BaseException:
            connection.close()
            raise
        return connection

    def _secured(self, endpoint: Endpoint, seconds: float | None) -> ssl.SSLSocket | LegacySocket:
        """A completed handshake: of a session that was had before where the unit still knows it, else a full one."""
        if session := self._sessions.pop(str(endpoint), None):
            try:
                secured = _by_ssl(endpoint, seconds, session)
            except (requests.RequestException, TimeoutError):
                raise
            except OSError:
                # One that cannot say no to a session is asked without.
                pass
            else:
                if secured.session_reused:
                    self._sessions[str(endpoint)] = session
                return secured
        return _secured(endpoint, seconds)

    def _keep_session(self, endpoint: Endpoint, secured: ssl.SSLSocket | LegacySocket) -> None:
        """What a full handshake has made. To ask for a session copies it, so a resumed one is not asked for again."""
        if not isinstance(secured, ssl.SSLSocket) or secured.session_reused:
            return
        # From TLS 1.3 on a session comes after the handshake (RFC 8446 4.6.1).
        if secured.version() != VERSIONS[-1]:
            session = secured.session
            if session is not None and (session.has_ticket or session.id):
                self._sessions[str(endpoint)] = session

    def _accept(self, endpoint: Endpoint, secured: ssl.SSLSocket | LegacySocket) -> None:
        """It is the unit, and speaks a version that is good enough to send it something."""
        spoken = secured.version() or VERSIONS[0]
        if VERSIONS.index(spoken) < VERSIONS.index(self._minimum):
            raise TooOld(f"{endpoint}: speaks {spoken}, and tls.minimum is {self._minimum}: nothing was sent to it")
        self._pins.check(secured.getpeercert(binary_form=True) or b"")


def _dialled(endpoint: Endpoint, seconds: float | None) -> socket.socket:
    try:
        return endpoint.connect(seconds)
    except TimeoutError as error:
        raise requests.ConnectTimeout(error) from error
    except (OSError, UnicodeError) as error:
        # The latter for a host name that is none (RFC 1035 2.3.4).
        raise NoConnection(error) from error


def _secured(endpoint: Endpoint, seconds: float | None) -> ssl.SSLSocket | LegacySocket:
    """A completed handshake, by the stack that reaches the server."""
    choice = CHOICES.uses_legacy(endpoint)
    if choice is None:
        try:
            secured = _by_ssl(endpoint, seconds)
        except requests.RequestException:
            # Nobody listens.
            raise
        except OSError as error:
            choice = CHOICES.reconsider(endpoint, error, Deadline.after(CONNECT_SECONDS))
            if choice is None:
                raise
        else:
            CHOICES.reached(endpoint)
            return secured
    return legacy_socket(_dialled(endpoint, seconds), endpoint, choice)


def _by_ssl(endpoint: Endpoint, seconds: float | None, session: ssl.SSLSession | None = None) -> ssl.SSLSocket:
    plain = _dialled(endpoint, seconds)
    try:
        return endpoint.context.wrap_socket(plain, server_hostname=endpoint.address, session=session)
    except BaseException:
        plain.close()
        raise


def _is_readable(connection: socket.socket) -> bool:
    poll = select.poll()
    poll.register(connection, select.POLLIN)
    return bool(poll.poll(0))


def _response(request: requests.PreparedRequest, answer: http.client.HTTPResponse) -> requests.Response:
    response = requests.Response()
    response.status_code, response.reason, response.url = answer.status, answer.reason, cast("str", request.url)
    response.request = request
    # It decodes, and knows a body that ends too early from one that is over.
    response.raw = cast("Any", HTTPResponse)(
        body=answer,
        headers=answer.headers.items(),
        status=answer.status,
        reason=answer.reason,
        preload_content=False,
        original_response=answer,
        request_method=request.method,
    )
    response.headers = CaseInsensitiveDict(response.raw.headers)
    return response
