"""Open sockets, beside asyncio: they are attended to where its event loop asks which files are ready.

A unit is asked for hundreds of connections a run, each for one small exchange. What asyncio does about a connection
(a task that accepts it, a handle and a context for each step) takes longer than what passes through it.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import selectors
import socket
from collections.abc import Callable
from selectors import EVENT_READ, EVENT_WRITE, SelectorKey
from typing import Any
from weakref import WeakKeyDictionary

PIECE = 2**16
MOST_UNSENT, FEW_UNSENT = 2**16, 2**14
"""Above the first, whoever writes is asked to pause, below the second to go on: as asyncio's own transports do."""

Ready = Callable[[int], None]
"""Told for what: EVENT_READ, EVENT_WRITE, or both; an error counts as whatever is waited for. It may be told once
more when it is forgotten already."""

log = logging.getLogger("harness.emulator.tcp")


class _Attended:
    """Marks a socket as one of ours among the files of the event loop."""

    __slots__ = ("ready",)

    def __init__(self, ready: Ready) -> None:
        self.ready = ready


class Sockets(selectors.EpollSelector):
    """The files of one event loop, its own and our sockets."""

    def __init__(self) -> None:
        super().__init__()
        self._later: list[Callable[[], None]] = []
        self._is_attending = False

    @classmethod
    def here(cls) -> Sockets:
        """Of the running event loop, which `new_event_loop` has made."""
        return _of_loops[asyncio.get_running_loop()]

    def watch(self, waiting: socket.socket, events: int, ready: Ready) -> None:
        """Until further notice call `ready` whenever it is ready for one of these events."""
        self.register(waiting, events, _Attended(ready))

    def change(self, waiting: socket.socket, events: int, ready: Ready) -> None:
        """Of a socket that is watched already."""
        self.modify(waiting, events, _Attended(ready))

    def forget(self, waiting: socket.socket) -> None:
        """Before it is closed; also of one that is not watched."""
        descriptor = waiting.fileno()
        if descriptor >= 0 and descriptor in self.get_map():
            self.unregister(descriptor)

    def later(self, do: Callable[[], None]) -> None:
        """When whatever is being done now is done."""
        self._later.append(do)
        if not self._is_attending and len(self._later) == 1:
            asyncio.get_running_loop().call_soon(self._catch_up)

    def select(self, timeout: float | None = None) -> list[tuple[SelectorKey, int]]:
        """Those of the event loop's own files that are ready; ours that were have been attended to."""
        others = []
        self._is_attending = True
        for key, events in super().select(timeout):
            if not isinstance(key.data, _Attended):
                others.append((key, events))
                continue
            try:
                # One before may have been the end of this one, which is then told in vain.
                key.data.ready(events)
            except Exception:
                # A bug of ours, which must not end everything else.
                log.exception("a socket could not be attended to")
        self._is_attending = False
        self._catch_up()
        return others

    def _catch_up(self) -> None:
        while self._later:
            try:
                self._later.pop(0)()
            except Exception:
                log.exception("the end of a connection could not be told")


_of_loops: WeakKeyDictionary[asyncio.AbstractEventLoop, Sockets] = WeakKeyDictionary()


def new_event_loop() -> asyncio.AbstractEventLoop:
    """One that can have our sockets."""
    sockets = Sockets()
    loop = asyncio.SelectorEventLoop(sockets)
    _of_loops[loop] = sockets
    return loop


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
        wanted = (EVENT_READ if self._reads else 0) | (EVENT_WRITE if self._unsent else 0)
        if self._lost or wanted == self._watched:
            return
        if not wanted:
            self._sockets.forget(self._socket)
        elif self._watched:
            self._sockets.change(self._socket, wanted, self._ready)
        else:
            self._sockets.watch(self._socket, wanted, self._ready)
        self._watched = wanted

    def _ready(self, events: int) -> None:
        try:
            if self._unsent and events & EVENT_WRITE:
                self._send()
            if self._reads and events & EVENT_READ:
                self._receive()
        except OSError as error:
            self._lose(error)
        except Exception as error:
            # A bug of ours, which must not end other connections.
            log.exception("a connection is broken off")
            self._lose(error)

    def _receive(self) -> None:
        try:
            data = self._socket.recv(PIECE)
        except (BlockingIOError, InterruptedError):
            return
        if data:
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
