"""TLS sessions that outlive a connection: whether a server takes one up again (RFC 5246 7.3, RFC 5077)."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field

from harness.deadline import Deadline
from harness.errors import BenchError
from harness.tls.handshake import CONNECT_SECONDS, Endpoint, HandshakeFailed
from harness.tls.stacks import CHOICES


@dataclass(frozen=True)
class TlsSession:
    """What a client keeps of a connection, to go on without a new key exchange. It holds secrets."""

    _session: ssl.SSLSession = field(repr=False)
    _context: ssl.SSLContext = field(repr=False)


def kept_session(endpoint: Endpoint, deadline: Deadline) -> TlsSession | None:
    """A session of a new connection, which the server has just taken up again; None where it never does, or is
    reached by a stack that cannot tell.

    Raises BenchError where no TCP connection could be had, HandshakeFailed where TLS could not be completed.
    """
    if CHOICES.uses_legacy(endpoint) is not None:
        return None
    first, _ = _connected(endpoint, deadline, None)
    if first is None:
        return None
    session = TlsSession(first, endpoint.context)
    return session if is_resumed(endpoint, session, deadline) else None


def is_resumed(endpoint: Endpoint, session: TlsSession, deadline: Deadline) -> bool:
    """Whether the server goes on with this session, so that it shows no certificate. Raises as `kept_session`."""
    _, reused = _connected(endpoint, deadline, session)
    return reused


def _connected(
    endpoint: Endpoint, deadline: Deadline, session: TlsSession | None
) -> tuple[ssl.SSLSession | None, bool]:
    try:
        connection = endpoint.connect(deadline.at_most(CONNECT_SECONDS))
    except OSError as error:
        raise BenchError(f"no TCP connection to {endpoint}: {error.strerror or error}") from error
    context = endpoint.context if session is None else session._context
    with connection:
        try:
            with context.wrap_socket(
                connection, server_hostname=endpoint.address, session=None if session is None else session._session
            ) as secured:
                return secured.session, bool(secured.session_reused)
        except OSError as error:
            raise HandshakeFailed(f"no TLS handshake with {endpoint}: {error.strerror or error}") from error
