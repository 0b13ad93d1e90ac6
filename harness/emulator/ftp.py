"""FTP, as far as a visitor gets: the greeting, and a login (device-reference 3.5, mark D; the rest is I)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

LONGEST_LINE = 512


class FtpConnection(asyncio.Protocol):
    """One control connection. It transfers nothing."""

    def __init__(self, greeting: str, may_log_in: Callable[[str, str], bool]) -> None:
        self._greeting = greeting
        self._may_log_in = may_log_in
        self._pending = b""
        self._user = ""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._say(220, self._greeting)

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
                self._user = argument
                self._say(331, "Password required")
            case "PASS" if self._may_log_in(self._user, argument):
                self._say(230, "Logged in")
            case "PASS":
                self._say(530, "Login incorrect")
            case "QUIT":
                self._say(221, "Goodbye")
                if self._transport is not None:
                    self._transport.close()
            case _:
                self._say(502, "Command not implemented")

    def _say(self, code: int, text: str) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(f"{code} {text}\r\n".encode("ascii", "replace"))
