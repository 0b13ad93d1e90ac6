"""One connection, with TLS or without, between the wire and the HTTP server.

TLS runs over memory buffers rather than asyncio's own transport: measured, 30 KB an open connection instead of
289 KB, and every byte on the wire passes through here.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Callable
from typing import Any, Protocol

from harness.emulator.turnstile import Turnstile

HttpFactory = Callable[[], asyncio.Protocol]
"""Makes the HTTP side of one connection."""


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


class _Tls:
    """The library's side of a connection."""

    __slots__ = ("connection", "incoming", "outgoing")

    def __init__(self, context: ssl.SSLContext) -> None:
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.connection = context.wrap_bio(self.incoming, self.outgoing, server_side=True)


class TlsConnection(asyncio.Protocol):
    """One TLS connection. The HTTP side is made when the handshake is complete, and knows nothing of it."""

    def __init__(
        self, context: Callable[[], ssl.SSLContext], http: HttpFactory, register: Register, turnstile: Turnstile
    ) -> None:
        """`context` is asked for when the handshake begins: when the client has said something and it is its turn."""
        self._context = context
        self._turnstile = turnstile
        self._early = b""
        """What has arrived while others have their turn."""
        self._begun: _Tls | None = None
        self._make_http = http
        self._register = register
        self._http: asyncio.Protocol | None = None
        self._transport: asyncio.Transport | None = None
        self._is_corked = False
        """What arrived is being looked at: all that is said to it is sent together."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._register.enter(self)

    def data_received(self, data: bytes) -> None:
        if self._begun is not None:
            self._begun.incoming.write(data)
            self._go_on(self._begun)
            return
        is_first, self._early = not self._early, self._early + data
        if is_first:
            self._turnstile.enter(self, self._begin)
            if self._begun is None:
                self.transport.pause_reading()

    def _begin(self) -> None:
        was_waiting = not self.transport.is_reading()
        self._begun = _Tls(self._context())
        self._begun.incoming.write(self._early)
        self._early = b""
        if was_waiting:
            self.transport.resume_reading()
        self._go_on(self._begun)

    def _go_on(self, begun: _Tls) -> None:
        self._is_corked = True
        try:
            self._advance(begun)
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLError:
            # Not TLS, no common version or suite, or a damaged record: the library has put its alert in the buffer.
            self._send(begun)
            self.transport.close()
            self._turnstile.leave(self)
        finally:
            self._is_corked = False
        self._send(begun)

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
        self._turnstile.leave(self)
        self._register.leave(self)
        if self._http is not None:
            self._http.connection_lost(error)
            self._http = None

    def write(self, plaintext: bytes) -> None:
        begun = self._begun
        assert begun is not None, "asked by the HTTP side, which is made after the handshake"
        if plaintext and not self.transport.is_closing():
            begun.connection.write(plaintext)
            if not self._is_corked:
                self._send(begun)

    def drop(self) -> None:
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        if self._http is not None and self._begun is not None:
            # Sends close_notify; the peer's is not waited for.
            with contextlib.suppress(ssl.SSLError):
                self._begun.connection.unwrap()
            self._send(self._begun)
        transport.close()

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    @property
    def transport(self) -> asyncio.Transport:
        assert self._transport is not None, "asked by the HTTP side, which is made after the transport"
        return self._transport

    @property
    def tls(self) -> ssl.SSLObject:
        assert self._begun is not None, "asked when the handshake has begun"
        return self._begun.connection

    def _advance(self, begun: _Tls) -> None:
        """Take everything that has arrived; may end with SSLWantReadError, or with the connection."""
        tls, transport = begun.connection, self.transport
        if self._http is None:
            tls.do_handshake()
            self._turnstile.leave(self)
            self._http = self._make_http()
            self._http.connection_made(_Plaintext(self, transport))
        # Each time a whole record, as they are 16 KiB at most: what is left is what the library has not looked at.
        while self._http is not None and begun.incoming.pending and not transport.is_closing():
            if not (plaintext := tls.read(65536)):
                # The peer's close_notify.
                self._http.eof_received()
                self.drop()
                return
            self._http.data_received(plaintext)

    def _send(self, begun: _Tls) -> None:
        """What the library has to say."""
        if begun.outgoing.pending and not self.transport.is_closing():
            self.transport.write(begun.outgoing.read())


class _Plaintext(asyncio.Transport):
    """What the HTTP side of a TLS connection writes to."""

    def __init__(self, connection: TlsConnection, transport: asyncio.Transport) -> None:
        super().__init__()
        self._connection = connection
        self._transport = transport

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self._connection.write(bytes(data))

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        match name:
            case "sslcontext":
                return self._connection.tls.context
            case "ssl_object":
                return self._connection.tls
        return self._transport.get_extra_info(name, default)

    def is_closing(self) -> bool:
        return self._transport.is_closing()

    def close(self) -> None:
        self._connection.drop()

    def abort(self) -> None:
        self._connection.abort()

    def pause_reading(self) -> None:
        self._transport.pause_reading()

    def resume_reading(self) -> None:
        self._transport.resume_reading()

    def is_reading(self) -> bool:
        return self._transport.is_reading()

    def get_write_buffer_size(self) -> int:
        return self._transport.get_write_buffer_size()

    def can_write_eof(self) -> bool:
        return False
