"""TCP and TLS in front of the HTTP server: listeners that really open and close, connections that cost little.

TLS runs over memory buffers rather than asyncio's own transport: 30 KB an open connection instead of 289 KB, and
every byte on the wire passes through here (tls-notes 5, measured).
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
import ssl
from collections.abc import Callable
from typing import Any, Protocol

BACKLOG = 64

HttpFactory = Callable[[], asyncio.Protocol]
"""Makes the HTTP side of one connection."""


class PortTaken(Exception):
    """The listener could not be opened; says why, in words for whoever runs the bench."""


class Connection(Protocol):
    def drop(self) -> None:
        """Close, after what is already written."""

    def abort(self) -> None:
        """Close now."""


class Register(Protocol):
    """Knows the open connections of one listener."""

    def enter(self, connection: Connection) -> None: ...

    def leave(self, connection: Connection) -> None: ...


ConnectionFactory = Callable[[Register], asyncio.Protocol]
"""Makes one connection, which is in the register for as long as it is open."""


class PlainConnection(asyncio.Protocol):
    """One TCP connection, handed on as it is."""

    def __init__(self, http: asyncio.Protocol, register: Register) -> None:
        self._http = http
        self._register = register
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._register.enter(self)
        self._http.connection_made(transport)

    def data_received(self, data: bytes) -> None:
        self._http.data_received(data)

    def eof_received(self) -> bool | None:
        return self._http.eof_received()

    def pause_writing(self) -> None:
        self._http.pause_writing()

    def resume_writing(self) -> None:
        self._http.resume_writing()

    def connection_lost(self, error: Exception | None) -> None:
        self._register.leave(self)
        self._http.connection_lost(error)

    def drop(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()


class TlsConnection(asyncio.Protocol):
    """One TLS connection. The HTTP side is made when the handshake is complete, and knows nothing of it."""

    def __init__(self, context: ssl.SSLContext, http: HttpFactory, register: Register) -> None:
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        self._make_http = http
        self._register = register
        self._http: asyncio.Protocol | None = None
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._register.enter(self)

    def data_received(self, data: bytes) -> None:
        self._incoming.write(data)
        try:
            self._advance()
        except ssl.SSLWantReadError:
            self._flush()
        except ssl.SSLError:
            # Not TLS, no common version or suite, or a damaged record: the library has put its alert in the buffer.
            self._flush()
            self._abandon()

    def eof_received(self) -> bool | None:
        if self._http is not None:
            self._http.eof_received()
        return None

    def pause_writing(self) -> None:
        if self._http is not None:
            self._http.pause_writing()

    def resume_writing(self) -> None:
        if self._http is not None:
            self._http.resume_writing()

    def connection_lost(self, error: Exception | None) -> None:
        self._register.leave(self)
        if self._http is not None:
            self._http.connection_lost(error)
            self._http = None

    def write(self, plaintext: bytes) -> None:
        if plaintext and not self._closing:
            self._tls.write(plaintext)
            self._flush()

    def drop(self) -> None:
        if self._closing or self._transport is None:
            return
        if self._http is not None:
            # Sends close_notify; the peer's is not waited for.
            with contextlib.suppress(ssl.SSLError):
                self._tls.unwrap()
            self._flush()
        self._transport.close()

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    @property
    def transport(self) -> asyncio.Transport:
        assert self._transport is not None, "asked by the HTTP side, which is made after the transport"
        return self._transport

    @property
    def tls(self) -> ssl.SSLObject:
        return self._tls

    @property
    def _closing(self) -> bool:
        return self._transport is None or self._transport.is_closing()

    def _advance(self) -> None:
        """Take everything that has arrived; ends with SSLWantReadError, or with the connection."""
        if self._http is None:
            self._tls.do_handshake()
            self._flush()
            self._http = self._make_http()
            self._http.connection_made(_Plaintext(self))
        while self._http is not None and not self._closing:
            if not (plaintext := self._tls.read(65536)):
                # The peer's close_notify.
                self._http.eof_received()
                self.drop()
                return
            self._http.data_received(plaintext)

    def _flush(self) -> None:
        if self._outgoing.pending and not self._closing:
            self.transport.write(self._outgoing.read())

    def _abandon(self) -> None:
        if self._transport is not None:
            self._transport.close()


class _Plaintext(asyncio.Transport):
    """What the HTTP side of a TLS connection writes to."""

    def __init__(self, connection: TlsConnection) -> None:
        super().__init__()
        self._connection = connection

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self._connection.write(bytes(data))

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        match name:
            case "sslcontext":
                return self._connection.tls.context
            case "ssl_object":
                return self._connection.tls
        return self._connection.transport.get_extra_info(name, default)

    def is_closing(self) -> bool:
        return self._connection.transport.is_closing()

    def close(self) -> None:
        self._connection.drop()

    def abort(self) -> None:
        self._connection.abort()

    def pause_reading(self) -> None:
        self._connection.transport.pause_reading()

    def resume_reading(self) -> None:
        self._connection.transport.resume_reading()

    def is_reading(self) -> bool:
        return self._connection.transport.is_reading()

    def get_write_buffer_size(self) -> int:
        return self._connection.transport.get_write_buffer_size()

    def can_write_eof(self) -> bool:
        return False


REASONS = {
    errno.EADDRINUSE: "is in use by another program",
    errno.EADDRNOTAVAIL: "is not an address of this machine",
    errno.EACCES: "may be opened by root only",
    errno.EMFILE: "cannot be opened: too many open files (see ulimit -n)",
}


class Listener:
    """One open port, from the moment it is made until it is closed, which ends its connections as well."""

    def __init__(self, address: str, port: int, connection: ConnectionFactory) -> None:
        """Raises PortTaken."""
        self._make = connection
        self._connections: set[Connection] = set()
        self._server: asyncio.Server | None = None
        self._closed = False
        self._socket = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
        try:
            # A unit that restarts takes its port again at once.
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self._socket.bind((address, port))
            self._socket.listen(BACKLOG)
        except OSError as error:
            self._socket.close()
            why = REASONS.get(error.errno or 0, f"cannot be opened: {error.strerror}")
            raise PortTaken(f"{address}:{port} {why}") from error

    async def serve(self) -> None:
        """Accept connections from now on."""
        # Without start_serving it has no point at which it could be cancelled with the server half made.
        self._server = await asyncio.get_running_loop().create_server(
            lambda: self._make(self), sock=self._socket, start_serving=False
        )
        await self._server.start_serving()

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
        # One that was accepted in the last moment is made after the listener has closed.
        if self._closed:
            connection.abort()
        else:
            self._connections.add(connection)

    def leave(self, connection: Connection) -> None:
        self._connections.discard(connection)

    def _stop_listening(self) -> None:
        self._closed = True
        if self._server is not None:
            self._server.close()
        self._socket.close()
