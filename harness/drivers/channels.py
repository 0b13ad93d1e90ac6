"""TCP connections through an SSH server, as sockets with file descriptors: TLS libraries want no less.

A pair of sockets of this process, and two threads that carry octets between one of them and the channel. Nobody else
on this machine can connect to it, as they could to a forwarded port.
"""

from __future__ import annotations

import select
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import paramiko

PIECE = 2**15


def carried(channel: paramiko.Channel, cut: Callable[[], None]) -> socket.socket:
    """The near end of the channel; it ends when either side does. `cut` is called before it ends for another reason
    than that."""
    near, far = socket.socketpair()
    carrier = _Carrier(channel, far, cut)
    for way in (carrier.outwards, carrier.inwards):
        threading.Thread(target=way, name="carrier", daemon=True).start()
    return near


def broken() -> tuple[type[Exception], ...]:
    """What paramiko and sockets raise where nothing can be sent or read any more: the connection has ended."""
    import paramiko

    return OSError, EOFError, paramiko.SSHException


class _Carrier:
    """Octets of one connection, in both directions."""

    def __init__(self, channel: paramiko.Channel, far: socket.socket, cut: Callable[[], None]) -> None:
        self._channel = channel
        self._far = far
        self._cut = cut
        self._given_up = False
        """Whether our side has ended it."""
        self._heard_all = threading.Event()

    def outwards(self) -> None:
        with suppress(*broken()):
            while data := self._far.recv(PIECE):
                self._channel.sendall(data)
            if not _is_gone(self._far):
                self._channel.shutdown_write()
                self._heard_all.wait()
        self._given_up = True
        with suppress(*broken()):
            self._channel.close()
        with suppress(OSError):
            # Whoever still writes is told so.
            self._far.shutdown(socket.SHUT_RDWR)
        self._heard_all.wait()
        self._far.close()

    def inwards(self) -> None:
        try:
            with suppress(*broken()):
                while data := self._channel.recv(PIECE):
                    self._far.sendall(data)
            if self._channel.closed and not self._channel.eof_received and not self._given_up:
                self._cut()
            with suppress(OSError):
                self._far.shutdown(socket.SHUT_WR)
        finally:
            self._heard_all.set()


def _is_gone(far: socket.socket) -> bool:
    """Whether its other end is closed altogether, and has not only said all that it has to say."""
    poll = select.poll()
    poll.register(far, 0)
    return any(event & select.POLLHUP for _, event in poll.poll(0))
