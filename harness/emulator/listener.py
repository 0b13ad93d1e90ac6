"""A port that really opens and really closes."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import selectors
import socket
from collections.abc import Callable

from harness.emulator.connection import Connection, ConnectionFactory
from harness.emulator.tcp import Sockets, TcpTransport

BACKLOG = 64
RETRY_SECONDS = 1.0


class PortTaken(Exception):
    """The port could not be opened; says why, in words for whoever runs the bench."""


REASONS = {
    errno.EADDRINUSE: "is in use by another program",
    errno.EADDRNOTAVAIL: "is not an address of this machine",
    errno.EACCES: "may be opened by root only",
    errno.EMFILE: "cannot be opened: too many open files (see ulimit -n)",
}


def _bound(address: str, port: int, kind: socket.SocketKind) -> socket.socket:
    """Listening, and never blocking. Raises PortTaken."""
    bound = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, kind)
    try:
        if kind is socket.SOCK_STREAM:
            # A unit that restarts takes its port again at once. Of UDP it would let two have the same port.
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            # Connections that are accepted inherit it: what is written together is sent together.
            bound.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        bound.bind((address, port))
        if kind is socket.SOCK_STREAM:
            bound.listen(BACKLOG)
        bound.settimeout(0)
    except OSError as error:
        bound.close()
        why = REASONS.get(error.errno or 0, f"cannot be opened: {error.strerror}")
        raise PortTaken(f"{address}:{port} {why}") from error
    return bound


class Mailbox:
    """One open port of UDP, from the moment it is made until it is closed."""

    def __init__(self, address: str, port: int, answer: Callable[[bytes], bytes | None]) -> None:
        """`answer` gives what to send back, if anything. Raises PortTaken."""
        self._answer = answer
        self._loop = asyncio.get_running_loop()
        self._socket = _bound(address, port, socket.SOCK_DGRAM)
        self._loop.add_reader(self._socket, self._read)

    def close(self) -> None:
        self._loop.remove_reader(self._socket)
        self._socket.close()

    abort = close

    def _read(self) -> None:
        # A sender that is not there any more makes the next call fail, on either side.
        with contextlib.suppress(OSError):
            datagram, sender = self._socket.recvfrom(65536)
            if (said := self._answer(datagram)) is not None:
                self._socket.sendto(said, sender)


class Listener:
    """One open port, from the moment it is made until it is closed, which ends its connections as well."""

    def __init__(self, address: str, port: int, connection: ConnectionFactory) -> None:
        """Raises PortTaken."""
        self._make = connection
        self._connections: set[Connection] = set()
        self._closed = False
        self._sockets = Sockets.here()
        self._socket = _bound(address, port, socket.SOCK_STREAM)
        self._own = self._socket.getsockname()
        self._resume()

    @property
    def port(self) -> int:
        """The one that was asked for; where that was 0, the one that the system chose."""
        number: int = self._own[1]
        return number

    def close(self) -> None:
        """Afterwards connecting is refused, and what is already written is all that is sent."""
        self._stop_listening()
        for connection in tuple(self._connections):
            connection.drop()

    def abort(self) -> None:
        """As `close`, and nothing more is sent."""
        self._stop_listening()
        for connection in tuple(self._connections):
            connection.abort()

    def enter(self, connection: Connection) -> None:
        self._connections.add(connection)

    def leave(self, connection: Connection) -> None:
        self._connections.discard(connection)

    def _stop_listening(self) -> None:
        self._closed = True
        self._sockets.forget(self._socket)
        self._socket.close()

    def _accept(self, events: int) -> None:
        if self._closed:
            return
        try:
            accepted, peer = self._socket.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return
        except OSError:
            # Out of descriptors. The port stays ready to accept, which would keep the loop spinning.
            self._sockets.forget(self._socket)
            asyncio.get_running_loop().call_later(RETRY_SECONDS, self._resume)
            return
        TcpTransport(accepted, self._make(self), self._own, peer)

    def _resume(self) -> None:
        if not self._closed:
            self._sockets.watch(self._socket, selectors.EVENT_READ, self._accept)
