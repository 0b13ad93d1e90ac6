"""A page over HTTPS, and a session that is resumed: what takes more than a handshake."""

from __future__ import annotations

import socket
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from harness import http1
from harness.deadline import Deadline
from harness.tls.handshake import CONNECT_SECONDS, Endpoint, HandshakeFailed
from harness.tls.legacy import legacy_socket
from harness.tls.stacks import CHOICES


@dataclass(frozen=True)
class Page:
    """How a path was answered. A body may hold a key that was left readable: it is in no repr."""

    status: int
    date: datetime | None
    """The unit's clock (RFC 9110 6.6.1)."""
    holds_key: bool
    """Whether the text of a private key is in it."""


def fetch(endpoint: Endpoint, path: str, deadline: Deadline) -> Page:
    """GET, without following where it leads. Raises HandshakeFailed where no answer to it comes."""
    try:
        plain = endpoint.connect(deadline.at_most(CONNECT_SECONDS))
        choice = CHOICES.uses_legacy(endpoint)
        connection = legacy_socket(plain, endpoint, choice) if choice else _secured(plain, endpoint)
        try:
            asked = http1.request("GET", path, [("Host", str(endpoint)), ("Accept-Encoding", "identity")])
            answer = http1.exchange(connection, asked, deadline.remaining)
        finally:
            connection.close()
    except (OSError, http1.Unreadable) as error:
        raise HandshakeFailed(f"no page from https://{endpoint}{path}: {error or type(error).__name__}") from error
    return Page(answer.status, _date(answer.headers.get("date")), b"PRIVATE KEY-----" in answer.body)


def _secured(plain: socket.socket, endpoint: Endpoint) -> ssl.SSLSocket:
    try:
        return endpoint.context.wrap_socket(plain, server_hostname=endpoint.address)
    except BaseException:
        plain.close()
        raise


def _date(text: str | None) -> datetime | None:
    try:
        found = None if text is None else parsedate_to_datetime(text)
    except ValueError:
        return None
    return found if found is None or found.tzinfo else found.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Resumption:
    """What came of offering a session again."""

    handed_out: bool
    """A session id or a ticket came with the first handshake."""
    resumed: bool


def try_resumption(endpoint: Endpoint, deadline: Deadline) -> Resumption:
    """Two handshakes, the second with the session of the first: up to TLS 1.2, where the ticket is in the handshake.

    Raises HandshakeFailed.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_2
    context.options |= 0x4  # OP_LEGACY_SERVER_CONNECT, whose name came with Python 3.12

    def connect(session: ssl.SSLSession | None) -> tuple[ssl.SSLSession | None, bool]:
        with (
            endpoint.connect(deadline.at_most(CONNECT_SECONDS)) as plain,
            context.wrap_socket(plain, session=session) as secured,
        ):
            return secured.session, bool(secured.session_reused)

    try:
        session, _ = connect(None)
        if session is None or not (session.id or session.has_ticket):
            return Resumption(handed_out=False, resumed=False)
        _, resumed = connect(session)
    except OSError as error:
        raise HandshakeFailed(f"no handshake up to TLS 1.2 with {endpoint}: {error}") from error
    return Resumption(handed_out=True, resumed=resumed)
