"""One completed TLS handshake, and everything it shows of the unit."""

from __future__ import annotations

import hashlib
import socket
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from harness.deadline import Deadline
from harness.errors import BenchError, UnitError
from harness.tls.client_pair import ClientPair
from harness.tls.context import shared_legacy_context
from harness.tls.flight_log import Message, logging_context, watch
from harness.tls.legacy import legacy_socket
from harness.tls.stacks import CHOICES, Choice
from harness.transport import DIRECT, Transport, WayBroken, blame_way

CONNECT_SECONDS = 10.0


class HandshakeFailed(UnitError):
    """TCP was open, TLS was not: the unit refused, broke off or did not speak TLS."""


@dataclass(frozen=True)
class Endpoint:
    """Where a unit serves TLS."""

    address: str
    port: int
    pair: ClientPair | None = field(default=None, compare=False, repr=False)
    """What to show where a certificate is asked for."""
    through: Transport = field(default=DIRECT, repr=False)
    server_name: str = field(default="", compare=False)
    """What to ask for by SNI (RFC 6066 3); nothing where it is empty."""

    def connect(self, seconds: float | None) -> socket.socket:
        """A TCP connection. Raises OSError, and WayBroken where that could not be tried."""
        return self.through.connect(self.address, self.port, seconds)

    @property
    def context(self) -> ssl.SSLContext:
        return shared_legacy_context() if self.pair is None else self.pair.context

    def __str__(self) -> str:
        return f"{self.address}:{self.port}"


@dataclass(frozen=True)
class Handshake:
    """What one completed handshake showed.

    That it completed proves that the unit holds the private key of the presented leaf: with RSA key exchange it
    decrypted the premaster secret, with (EC)DHE it signed the parameters (RFC 5246 7.4.3 and 7.4.9).
    """

    presented_chain: tuple[bytes, ...]
    """DER certificates in the order served, leaf first."""
    protocol_version: str
    """`TLSv1` ... `TLSv1.3`."""
    cipher_suite: str
    """OpenSSL's name of the suite."""
    connect_seconds: float
    """TCP connection."""
    handshake_seconds: float
    """ClientHello to Finished."""
    messages: tuple[Message, ...] = field(default=(), compare=False, repr=False)
    """As far as the stack tells: none with a client certificate, and none of tlslite-ng's."""

    @property
    def leaf(self) -> bytes:
        return self.presented_chain[0]

    @property
    def fingerprint(self) -> str:
        return fingerprint(self.leaf)


def fingerprint(certificate: bytes) -> str:
    """SHA-256 over the DER form, lower-case hex."""
    return hashlib.sha256(certificate).hexdigest()


@dataclass(frozen=True)
class _Shown:
    presented_chain: tuple[bytes, ...]
    protocol_version: str
    cipher_suite: str
    messages: tuple[Message, ...] = ()


def take_handshake(endpoint: Endpoint, deadline: Deadline) -> Handshake:
    """Complete a new handshake (never a resumed session) and close; by the stack that reaches the server.

    Raises BenchError where no TCP connection could be had or the way to the unit is broken, HandshakeFailed where TLS
    could not be completed, LegacyMissing where that would take tlslite-ng, which is not installed.
    """
    choice = CHOICES.uses_legacy(endpoint)
    if choice is None:
        try:
            return _taken(endpoint, deadline, lambda connection: _by_ssl(endpoint, connection))
        except HandshakeFailed as failed:
            choice = CHOICES.reconsider(endpoint, failed.__cause__, deadline)
            if choice is None:
                raise
    legacy = choice
    return _taken(endpoint, deadline, lambda connection: _by_legacy(endpoint, connection, legacy))


def _taken(endpoint: Endpoint, deadline: Deadline, shake: Callable[[socket.socket], _Shown]) -> Handshake:
    try:
        return _tried(endpoint, deadline, shake)
    except WayBroken as error:
        if not isinstance(error.__cause__, OSError):
            raise
        # It was lost under way, and may be made anew.
        return _tried(endpoint, deadline, shake)


def _tried(endpoint: Endpoint, deadline: Deadline, shake: Callable[[socket.socket], _Shown]) -> Handshake:
    moment, began = time.monotonic(), time.perf_counter()
    try:
        connection = endpoint.connect(deadline.at_most(CONNECT_SECONDS))
    except OSError as error:
        raise BenchError(f"no TCP connection to {endpoint}: {error.strerror or error}") from error
    connected = time.perf_counter()
    with connection:
        connection.settimeout(deadline.at_most(CONNECT_SECONDS))
        try:
            shown = shake(connection)
        except OSError as error:
            blame_way(endpoint.through, moment, f"no TLS handshake with {endpoint}", error)
            raise HandshakeFailed(f"no TLS handshake with {endpoint}: {_reason(error)}") from error
        finished = time.perf_counter()
    return Handshake(
        presented_chain=shown.presented_chain,
        protocol_version=shown.protocol_version,
        cipher_suite=shown.cipher_suite,
        connect_seconds=connected - began,
        handshake_seconds=finished - connected,
        messages=shown.messages,
    )


def _by_ssl(endpoint: Endpoint, connection: socket.socket) -> _Shown:
    context = logging_context() if endpoint.pair is None else endpoint.context
    with context.wrap_socket(
        connection,
        server_hostname=endpoint.server_name or endpoint.address,
        suppress_ragged_eofs=False,
        do_handshake_on_connect=False,
    ) as secured:
        log = watch(secured)
        secured.do_handshake()
        CHOICES.reached(endpoint)
        suite = secured.cipher()
        chain = _presented_chain(secured)
        return _Shown(chain, secured.version() or "", suite[0] if suite else "", tuple(log.messages))


def _by_legacy(endpoint: Endpoint, connection: socket.socket, choice: Choice) -> _Shown:
    secured = legacy_socket(connection, endpoint, choice)
    try:
        return _Shown(secured.presented_chain, secured.version(), secured.suite())
    finally:
        secured.close()


def _presented_chain(secured: ssl.SSLSocket) -> tuple[bytes, ...]:
    # Public from Python 3.13 on; before, only the wrapped object has it, and gives its own certificate type.
    ask = getattr(secured, "get_unverified_chain", None) or secured._sslobj.get_unverified_chain  # type: ignore[attr-defined]
    return tuple(
        found if isinstance(found, bytes) else ssl.PEM_cert_to_DER_cert(found.public_bytes()) for found in ask() or ()
    )


def _reason(error: OSError) -> str:
    if isinstance(error, ssl.SSLError) and error.reason:
        return error.reason.replace("_", " ").lower()
    return error.strerror or str(error) or type(error).__name__
