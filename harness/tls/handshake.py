"""One completed TLS handshake, and everything it shows of the unit."""

from __future__ import annotations

import hashlib
import socket
import ssl
import time
from dataclasses import dataclass

from harness.deadline import Deadline
from harness.errors import BenchError, UnitError
from harness.tls.context import shared_legacy_context

CONNECT_SECONDS = 10.0


class HandshakeFailed(UnitError):
    """TCP was open, TLS was not: the unit refused, broke off or did not speak TLS."""


@dataclass(frozen=True)
class Endpoint:
    """Where a unit serves TLS."""

    address: str
    port: int

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

    @property
    def leaf(self) -> bytes:
        return self.presented_chain[0]

    @property
    def fingerprint(self) -> str:
        return fingerprint(self.leaf)


def fingerprint(certificate: bytes) -> str:
    """SHA-256 over the DER form, lower-case hex."""
    return hashlib.sha256(certificate).hexdigest()


def take_handshake(endpoint: Endpoint, deadline: Deadline) -> Handshake:
    """Complete a new handshake (never a resumed session) and close.

    Raises BenchError where no TCP connection could be had, HandshakeFailed where TLS could not be completed on one.
    """
    began = time.perf_counter()
    try:
        connection = socket.create_connection(
            (endpoint.address, endpoint.port), timeout=deadline.at_most(CONNECT_SECONDS)
        )
    except OSError as error:
        raise BenchError(f"no TCP connection to {endpoint}: {error.strerror or error}") from error
    connected = time.perf_counter()
    with connection:
        connection.settimeout(deadline.at_most(CONNECT_SECONDS))
        try:
            with shared_legacy_context().wrap_socket(
                connection, server_hostname=endpoint.address, suppress_ragged_eofs=False
            ) as secured:
                finished = time.perf_counter()
                suite = secured.cipher()
                return Handshake(
                    presented_chain=_presented_chain(secured),
                    protocol_version=secured.version() or "",
                    cipher_suite=suite[0] if suite else "",
                    connect_seconds=connected - began,
                    handshake_seconds=finished - connected,
                )
        except (OSError, ssl.SSLError) as error:
            raise HandshakeFailed(f"no TLS handshake with {endpoint}: {_reason(error)}") from error


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
