"""A bad network between a unit and whoever drives it, one connection at a time."""

from __future__ import annotations

import asyncio
import socket
import struct
from typing import Any

from harness.emulator.connection import Register
from harness.emulator.faults import Faults

# SO_LINGER with no time to linger: closing sends RST instead of FIN (tcp(7), socket(7)).
RESET = struct.pack("ii", 1, 0)


class Impaired(asyncio.Protocol):
    """Stands before one end of a connection and does to it what the faults say."""

    def __init__(self, end: asyncio.Protocol, faults: Faults) -> None:
        self._end = end
        self._latency = faults.latency_seconds
        self._faults = faults

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._end.connection_made(_ImpairedTransport(transport, self._faults))

    def data_received(self, data: bytes) -> None:
        self._later(self._end.data_received, data)

    def eof_received(self) -> bool | None:
        self._later(self._end.eof_received)
        return False

    def connection_lost(self, error: Exception | None) -> None:
        self._later(self._end.connection_lost, error)

    def pause_writing(self) -> None:
        self._end.pause_writing()

    def resume_writing(self) -> None:
        self._end.resume_writing()

    def _later(self, event: Any, *arguments: object) -> None:
        if self._latency:
            asyncio.get_running_loop().call_later(self._latency, event, *arguments)
        else:
            event(*arguments)


class Silent(asyncio.Protocol):
    """Instead of an end: the connection is open, and nothing ever comes of it."""

    def __init__(self, register: Register) -> None:
        self._register = register
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._register.enter(self)

    def connection_lost(self, error: Exception | None) -> None:
        self._register.leave(self)

    def drop(self) -> None:
        self.abort()

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()


class _ImpairedTransport(asyncio.Transport):
    """What an end writes to: counts octets, and stops at the one that the faults name."""

    def __init__(self, transport: asyncio.Transport, faults: Faults) -> None:
        super().__init__()
        self._transport = transport
        self._faults = faults
        self._sent = 0

    def write(self, data: bytes | bytearray | memoryview) -> None:
        limits = [limit for limit in (self._faults.reset_after, self._faults.stall_after) if limit is not None]
        allowed = max(0, min(limits) - self._sent) if limits else len(data)
        if allowed:
            self._transport.write(bytes(data)[:allowed])
        self._sent += len(data)
        if self._faults.reset_after is not None and self._sent > self._faults.reset_after:
            self._reset()

    def _reset(self) -> None:
        connection = self._transport.get_extra_info("socket")
        if connection is not None and not self._transport.is_closing():
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            self._transport.abort()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self._transport.get_extra_info(name, default)

    def is_closing(self) -> bool:
        return self._transport.is_closing()

    def close(self) -> None:
        # Who stalls does not say goodbye either.
        if self._faults.stall_after is None or self._sent <= self._faults.stall_after:
            self._transport.close()

    def abort(self) -> None:
        self._transport.abort()

    def pause_reading(self) -> None:
        self._transport.pause_reading()

    def resume_reading(self) -> None:
        self._transport.resume_reading()

    def is_reading(self) -> bool:
        return self._transport.is_reading()

    def get_write_buffer_size(self) -> int:
        return self._transport.get_write_buffer_size()

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        self._transport.set_write_buffer_limits(high, low)

    def can_write_eof(self) -> bool:
        return False
