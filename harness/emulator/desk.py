"""The port of the emulation itself, on loopback: the overview for people, the control interface for tests."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping

from aiohttp import web

from harness.emulator.connection import PlainConnection
from harness.emulator.control import Control
from harness.emulator.listener import Listener
from harness.emulator.overview import overview
from harness.emulator.unit import EmulatedUnit

ADDRESS = "127.0.0.1"


class Desk:
    """Open from the moment it is made until it is closed, on a port that the system chooses."""

    def __init__(self, units: Mapping[str, EmulatedUnit]) -> None:
        self._units = units
        self.control = Control(units)
        self._server = web.Server(
            self._answer,
            access_log=None,
            # What a client sent wrongly is no news.
            logger=logging.getLogger("harness.emulator.http"),
            keepalive_timeout=5.0,
        )
        self._listener = Listener(ADDRESS, 0, lambda register: PlainConnection(self._server(), register))

    @property
    def url(self) -> str:
        return f"http://{ADDRESS}:{self._listener.port}/"

    async def close(self) -> None:
        self._listener.abort()
        await asyncio.sleep(0)
        await self._server.shutdown(timeout=1.0)

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        if request.method == "GET" and request.path == "/":
            # Another site's page must not read it through somebody's browser (DNS rebinding).
            if request.host != self.url.removeprefix("http://").rstrip("/"):
                return web.Response(status=403, text="403 Forbidden")
            return web.Response(text=overview(self._units.values()), content_type="text/html", charset="utf-8")
        return await self.control.answer(request)
