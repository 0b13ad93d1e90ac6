"""One ClientHello, and what comes back: no key is agreed, so that any suite of any age can be looked at."""

from __future__ import annotations

import socket
import time
from dataclasses import dataclass, field

from harness.deadline import Deadline
from harness.errors import BenchError
from harness.tls.handshake import CONNECT_SECONDS, Endpoint
from harness.verdict.flight import Alert, Flight, Malformed, ServerHello
from harness.verdict.hello import ClientHello, Version

READ_BYTES = 2**16


@dataclass(frozen=True)
class Reply:
    """How a unit answered one ClientHello. It may have broken off: `ending` says how."""

    offered: ClientHello
    hello: ServerHello | None
    chain: tuple[bytes, ...] | None
    key_exchange: bytes | None = field(repr=False)
    stapled: bytes | None = field(repr=False)
    asks_certificate: bool
    alerts: tuple[Alert, ...]
    ending: str
    """"" for a flight that is whole; else why it is not, in words."""
    connect_seconds: float
    answer_seconds: float
    """ClientHello sent to the last byte of the flight."""

    @property
    def speaks(self) -> bool:
        """The unit chose the version that was offered, and no other."""
        return self.hello is not None and self.hello.version == self.offered.version

    @property
    def version(self) -> Version | None:
        """What the unit chose, of those that there are."""
        return next((version for version in Version if self.hello and version == self.hello.version), None)

    @property
    def words(self) -> str:
        """What there is to say of a refusal."""
        return ", ".join([*map(str, self.alerts), *([self.ending] if self.ending else [])]) or "no alert"


def probe(endpoint: Endpoint, hello: ClientHello, deadline: Deadline) -> Reply:
    """Connect, say `hello`, read the answer to its end, hang up.

    Raises BenchError where no TCP connection could be had. Nothing that the unit sends raises.
    """
    began = time.perf_counter()
    try:
        connection = endpoint.connect(deadline.at_most(CONNECT_SECONDS))
    except OSError as error:
        raise BenchError(f"no TCP connection to {endpoint}: {error.strerror or error}") from error
    connected = time.perf_counter()
    flight = Flight()
    with connection:
        try:
            connection.sendall(bytes(hello))
            ending = read_flight(connection, flight, deadline)
        except OSError as error:
            ending = _broken(error)
    return Reply(
        offered=hello,
        hello=flight.hello,
        chain=flight.chain,
        key_exchange=flight.key_exchange,
        stapled=flight.stapled,
        asks_certificate=flight.asks_certificate,
        alerts=tuple(flight.alerts),
        ending=ending,
        connect_seconds=connected - began,
        answer_seconds=time.perf_counter() - connected,
    )


def read_flight(connection: socket.socket, flight: Flight, deadline: Deadline) -> str:
    """Read into `flight` until it is done: "", or why it is not."""
    try:
        while not flight.done:
            connection.settimeout(deadline.at_most(CONNECT_SECONDS))
            data = connection.recv(READ_BYTES)
            if not data:
                return "it closed the connection"
            flight.feed(data)
    except Malformed as error:
        return str(error)
    except TimeoutError:
        return "it went silent"
    except OSError as error:
        return _broken(error)
    return ""


def _broken(error: OSError) -> str:
    return f"it broke the connection: {error.strerror or error}"
