"""The port of the emulation itself, on loopback: the overview for people, the control interface for tests."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from harness.emulator.connection import PlainConnection
from harness.emulator.control import Control
from harness.emulator.http_server import Answer, HttpServer, Request, html, plain
from harness.emulator.listener import Listener
from harness.emulator.overview import overview
from harness.emulator.unit import EmulatedUnit

ADDRESS = "127.0.0.1"


class Desk:
    """Open from the moment it is made until it is closed, on a port that the system chooses."""

    def __init__(self, units: Mapping[str, EmulatedUnit]) -> None:
        self._units = units
        self.control = Control(units)
        self._server = HttpServer(self._answer, keep_seconds=5.0)
        self._listener = Listener(ADDRESS, 0, lambda register: PlainConnection(self._server(), register))

    @property
    def url(self) -> str:
        return f"http://{ADDRESS}:{self._listener.port}/"

    async def close(self) -> None:
        self._listener.abort()
        await asyncio.sleep(0)
        await self._server.close()

    async def _answer(self, request: Request) -> Answer:
        if request.method == "GET" and request.path == "/":
            # Another site's page must not read it through somebody's browser (DNS rebinding).
            if request.headers.get("host") != self.url.removeprefix("http://").rstrip("/"):
                return plain(403, "403 Forbidden")
            return html(overview(self._units.values()))
        return await self.control.answer(request)
