"""Open sockets, beside asyncio: to the event loop all of them are one file, an epoll(7) instance.

A unit is asked for hundreds of connections a run, each for one small exchange. What asyncio does about a connection
(a task that accepts it, a handle and a context for each step) takes longer than what passes through it.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import select
import socket
from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary

PIECE = 2**16
MOST_UNSENT, FEW_UNSENT = 2**16, 2**14
"""Above the first, whoever writes is asked to pause, below the second to go on: as asyncio's own transports do."""

AT_ONCE = 64
"""Events that are taken from the kernel together."""

Ready = Callable[[int], None]
"""Told which of the events of epoll(7) there are."""

log = logging.getLogger("harness.emulator.tcp")


class Sockets:
    """Those of one event loop."""

    def __init__(self) -> None:
        """On the running event loop."""
        self._epoll = select.epoll()
        self._waiting: dict[int, Ready] = {}
        """By their file descriptors."""
        self._later: list[Callable[[], None]] = []
        self._has_turn = False
        asyncio.get_running_loop().add_reader(self._epoll.fileno(), self._turn)

    @classmethod
    def here(cls) -> Sockets:
        """Of the running event loop."""
        loop = asyncio.get_running_loop()
        if loop not in _of_loops:
            _of_loops[loop] = cls()
        return _of_loops[loop]

    def watch(self, waiting: socket.socket, events: int, ready: Ready) -> None:
        """Until further notice call `ready` whenever there is one of these events, or an error."""
        self._epoll.register(waiting.fileno(), events)
        self._waiting[waiting.fileno()] = ready

    def change(self, waiting: socket.socket, events: int) -> None:
        """Of a socket that is watched already."""
        self._epoll.modify(waiting.fileno(), events)

    def forget(self, waiting: socket.socket) -> None:
        """Before it is closed; also of one that is not watched."""
        if self._waiting.pop(waiting.fileno(), None) is not None:
            self._epoll.unregister(waiting.fileno())

    def later(self, do: Callable[[], None]) -> None:
        """When whatever is being done now is done."""
        self._later.append(do)
        if not self._has_turn and len(self._later) == 1:
            asyncio.get_running_loop().call_soon(self._catch_up)

    def _turn(self) -> None:
        self._has_turn = True
        try:
            for descriptor, events in self._epoll.poll(0, AT_ONCE):
                # An event before may have been the end of this one. If its number is another's already, that one
                # looks once in vain.
                if (ready := self._waiting.get(descriptor)) is not None:
                    ready(events)
        finally:
            self._has_turn = False
            self._catch_up()

    def _catch_up(self) -> None:
        while self._later:
            self._later.pop(0)()


_of_loops: WeakKeyDictionary[asyncio.AbstractEventLoop, Sockets] = WeakKeyDictionary()


class TcpTransport(asyncio.Transport):
    """One open connection, from the moment that it is accepted."""

    def __init__(self, connection: socket.socket, end: asyncio.Protocol, own: Any, peer: Any) -> None:
        """`own` and `peer` are the addresses of both ends, as the socket module gives them."""
        super().__init__()
        connection.settimeout(0)
        self._socket = connection
        self._end = end
        self._names = {"sockname": own, "peername": peer, "socket": connection}
        self._sockets = Sockets.here()
        self._watched = 0
        """For which events."""
        self._unsent = bytearray()
        self._reads = True
        self._is_full = False
        """Whoever writes has been asked to pause."""
        self._closing = False
        self._lost = False
        end.connection_made(self)
        self._watch()

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if self._closing:
            return
        sent = 0
        if not self._unsent:
            try:
                sent = self._socket.send(data)
            except (BlockingIOError, InterruptedError):
                pass
            except OSError as error:
                self._lose(error)
                return
        if sent < len(data):
            self._unsent += memoryview(data)[sent:]
            self._watch()
            if len(self._unsent) > MOST_UNSENT and not self._is_full:
                self._is_full = True
                self._end.pause_writing()

    def close(self) -> None:
        if not self._closing:
            self._closing = True
            self._reads = False
            if self._unsent:
                self._watch()
            else:
                self._lose(None)

    def abort(self) -> None:
        self._lose(None)

    def is_closing(self) -> bool:
        return self._closing

    def pause_reading(self) -> None:
        self._reads = False
        self._watch()

    def resume_reading(self) -> None:
        self._reads = not self._closing
        self._watch()

    def is_reading(self) -> bool:
        return self._reads

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self._names.get(name, default)

    def get_write_buffer_size(self) -> int:
        return len(self._unsent)

    def can_write_eof(self) -> bool:
        return False

    def _watch(self) -> None:
        """For what is waited for now. For nothing is not at all: the kernel would tell of a reset again and again."""
        wanted = (select.EPOLLIN if self._reads else 0) | (select.EPOLLOUT if self._unsent else 0)
        if self._lost or wanted == self._watched:
            return
        if not wanted:
            self._sockets.forget(self._socket)
        elif self._watched:
            self._sockets.change(self._socket, wanted)
        else:
            self._sockets.watch(self._socket, wanted, self._ready)
        self._watched = wanted

    def _ready(self, events: int) -> None:
        try:
            if self._unsent and events & ~select.EPOLLIN:
                self._send()
            if self._reads and events & ~select.EPOLLOUT:
                self._receive()
        except OSError as error:
            self._lose(error)
        except Exception as error:
            # A bug of ours, which must not end other connections.
            log.exception("a connection is broken off")
            self._lose(error)

    def _receive(self) -> None:
        with contextlib.suppress(BlockingIOError, InterruptedError):
            if data := self._socket.recv(PIECE):
                self._end.data_received(data)
            elif self._end.eof_received():
                self.pause_reading()
            else:
                self.close()

    def _send(self) -> None:
        with contextlib.suppress(BlockingIOError, InterruptedError):
            del self._unsent[: self._socket.send(self._unsent)]
        if self._is_full and len(self._unsent) <= FEW_UNSENT:
            self._is_full = False
            self._end.resume_writing()
        if not self._unsent and self._closing:
            self._lose(None)
        self._watch()

    def _lose(self, error: Exception | None) -> None:
        if not self._lost:
            self._sockets.forget(self._socket)
            self._lost = self._closing = True
            self._reads = False
            self._unsent.clear()
            # Whoever closes it is not told in the middle of what they do.
            self._sockets.later(lambda: self._end_with(error))

    def _end_with(self, error: Exception | None) -> None:
        self._end.connection_lost(error)
        self._socket.close()
        # Both know each other: so it need not wait for the collector of garbage.
        del self._end
