"""FTP (RFC 959): the greeting, a login, and the configuration file to and fro.

Device-reference 3.5, 5.1 and 7.10, mark D; the rest is I.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable, Coroutine
from dataclasses import dataclass

LONGEST_LINE = 512
LARGEST_FILE = 2**20
SECONDS = 30.0
"""So long an announced transfer is waited for."""

FILE = "configuration.xml"


class FileRefused(Exception):
    """The file cannot be taken; says why."""


@dataclass(frozen=True)
class Ftp:
    """What one unit lets its visitors do."""

    address: str
    greeting: str
    may_log_in: Callable[[str, str], bool]
    backup: Callable[[], bytes]
    restore: Callable[[bytes], None]
    """Raises FileRefused."""
    restored: Callable[[], None]
    """When the visitor has been told that the file was taken."""


class FtpConnection(asyncio.Protocol):
    """One control connection."""

    def __init__(self, ftp: Ftp) -> None:
        self._ftp = ftp
        self._pending = b""
        self._user = ""
        self._is_in = False
        self._transport: asyncio.Transport | None = None
        self._passive: socket.socket | None = None
        self._transfer: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._say(220, self._ftp.greeting)

    def connection_lost(self, error: Exception | None) -> None:
        self._listen_no_more()
        if self._transfer is not None:
            self._transfer.cancel()

    def data_received(self, data: bytes) -> None:
        *lines, self._pending = (self._pending + data).split(b"\n")
        for line in lines:
            self._obey(line.decode("latin-1").strip())
        if len(self._pending) > LONGEST_LINE and self._transport is not None:
            self._transport.close()

    def _obey(self, line: str) -> None:
        command, _, argument = line.partition(" ")
        match command.upper():
            case "USER":
                self._user, self._is_in = argument, False
                self._say(331, "Password required")
            case "PASS" if self._ftp.may_log_in(self._user, argument):
                self._is_in = True
                self._say(230, "Logged in")
            case "PASS":
                self._say(530, "Login incorrect")
            case "QUIT":
                self._say(221, "Goodbye")
                if self._transport is not None:
                    self._transport.close()
            case known if known in COMMANDS and not self._is_in:
                self._say(530, "Log in first")
            case "TYPE" | "NOOP":
                self._say(200, "OK")
            case "PWD":
                self._say(257, '"/"')
            case "PASV" | "EPSV" as passive:
                self._listen(passive)
            case "NLST":
                self._begin(self._send(f"{FILE}\r\n".encode()))
            case "RETR" | "STOR" if argument.removeprefix("/") != FILE:
                self._say(550, "No such file")
            case "RETR":
                self._begin(self._send(self._ftp.backup()))
            case "STOR":
                self._begin(self._receive())
            case _:
                self._say(502, "Command not implemented")

    def _listen(self, command: str) -> None:
        self._listen_no_more()
        try:
            self._passive = socket.create_server((self._ftp.address, 0))
        except OSError:
            # Out of descriptors.
            self._say(425, "No data connection")
            return
        self._passive.settimeout(0)
        port = self._passive.getsockname()[1]
        if command == "EPSV":
            self._say(229, f"Entering extended passive mode (|||{port}|)")
        else:
            numbers = ",".join([*self._ftp.address.split("."), str(port >> 8), str(port & 255)])
            self._say(227, f"Entering passive mode ({numbers})")

    def _listen_no_more(self) -> None:
        if self._passive is not None:
            self._passive.close()
            self._passive = None

    def _begin(self, transfer: Coroutine[object, object, None]) -> None:
        if self._passive is None or (self._transfer is not None and not self._transfer.done()):
            transfer.close()
            self._say(425, "Use PASV first")
            return
        self._say(150, "Go on")
        self._transfer = asyncio.get_running_loop().create_task(transfer)

    async def _send(self, content: bytes) -> None:
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(SECONDS):
                with await self._accepted() as connection:
                    await asyncio.get_running_loop().sock_sendall(connection, content)
                self._say(226, "Transfer complete")
                return
        self._say(426, "Transfer failed")

    async def _receive(self) -> None:
        content = b""
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(SECONDS):
                with await self._accepted() as connection:
                    while more := await asyncio.get_running_loop().sock_recv(connection, 65536):
                        # What is too much is read, and thrown away.
                        content = (content + more)[: LARGEST_FILE + 1]
                self._take(content)
                return
        self._say(426, "Transfer failed")

    def _take(self, content: bytes) -> None:
        try:
            self._ftp.restore(content)
        except FileRefused as refused:
            self._say(550, str(refused))
        else:
            self._say(226, "Transfer complete")
            self._ftp.restored()

    async def _accepted(self) -> socket.socket:
        assert self._passive is not None, "a transfer begins with a port"
        try:
            connection, _ = await asyncio.get_running_loop().sock_accept(self._passive)
        finally:
            self._listen_no_more()
        return connection

    def _say(self, code: int, text: str) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(f"{code} {text}\r\n".encode("ascii", "replace"))


COMMANDS = ("TYPE", "NOOP", "PWD", "PASV", "EPSV", "NLST", "RETR", "STOR")
"""For who is logged in."""
