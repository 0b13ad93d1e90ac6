"""The one HTTP server of all units: finds the unit by the address that was asked, and the page by its path."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from typing import Any

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from certstore.power import PowerCut
from harness.emulator import api_connections, forms, images, status_xml
from harness.emulator.captured_pages import captured_at
from harness.emulator.page_table import change_at, page_at
from harness.emulator.unit import EmulatedUnit
from harness.emulator.visiting import Answer, Visit, redirect

# Two files of the largest size that certstore looks at, and the rest of the form.
LARGEST_BODY = 40 * 2**20

KEPT_OPEN = 256
"""While the process has more connections than these, each is closed after its answer: one takes some 15 KB."""

Find = Callable[[str], EmulatedUnit | None]


def new_server(find: Find) -> web.Server:
    """An HTTP server whose connections may belong to any unit that `find` knows by address."""
    log = logging.getLogger("harness.emulator.http")
    log.addFilter(_own_faults)
    server: web.Server

    async def serve(request: web.BaseRequest) -> web.StreamResponse:
        return await _serve(find, request, is_crowded=len(server.connections) > KEPT_OPEN)

    server = web.Server(
        serve,
        request_factory=_request,
        # A restarting unit forgets what it was doing for the connections that it drops.
        handler_cancellation=True,
        access_log=None,
        logger=log,
        # As sent: nothing of that age takes a compressed request.
        auto_decompress=False,
        keepalive_timeout=75.0,
    )
    return server


def _own_faults(record: logging.LogRecord) -> bool:
    # What a client sent wrongly is no news about the unit, and to quote it might be to quote a secret.
    error = record.exc_info[1] if record.exc_info else None
    return not isinstance(error, (HttpProcessingError, web.RequestPayloadError))


def _request(message: Any, payload: Any, protocol: Any, writer: Any, task: Any) -> web.BaseRequest:
    return web.BaseRequest(
        message, payload, protocol, writer, task, asyncio.get_running_loop(), client_max_size=LARGEST_BODY
    )


async def _serve(find: Find, request: web.BaseRequest, *, is_crowded: bool) -> web.StreamResponse:
    address, *_ = request.get_extra_info("sockname", ("",))
    unit = find(address)
    if unit is None:
        # The connection is gone already.
        return web.Response(status=503)
    try:
        answer = await _answer(unit, request)
    except PowerCut:
        # While something was stored. The connection is gone, and nobody is there to answer.
        raise asyncio.CancelledError from None
    response = answer.response
    response.headers["Server"] = unit.skin.http.server
    if answer.afterwards is not None or is_crowded:
        response.force_close()
    # A client that is gone already does not read it; what it asked for is done all the same.
    with contextlib.suppress(ConnectionError):
        await response.prepare(request)
        await response.write_eof()
    # The HTTP server keeps the last answer of a connection that stays open.
    response.body = None
    if answer.afterwards is not None:
        # Once it is written it is on its way, even if the connection is closed next.
        answer.afterwards()
    return response


async def _answer(unit: EmulatedUnit, request: web.BaseRequest) -> Answer:
    skin = unit.skin
    match request.method, request.path:
        case "POST", "/RPC2":
            answer = await api_connections.answer(unit, request)
            return answer or _hang_up(request)
        case "GET" | "HEAD", "/system.xml":
            return Answer(web.Response(body=status_xml.system(unit), content_type="text/xml"))
        case "GET" | "HEAD", path if path == f"/{skin.look.logo}" and not skin.captured.page_at(path):
            return Answer(web.Response(body=images.logo(skin.look.style), content_type="image/gif"))
        case _ if (secure := _redirected(unit, request)) is not None:
            return secure
        case "GET" | "HEAD", path:
            # Captured units may tell their pages apart by what stands behind the question mark.
            paths = (request.path_qs, path)
            found = (captured_at(one, skin.captured) or page_at(one, skin.paths) for one in paths)
            page = next((one for one in found if one is not None), None)
        case "POST", path:
            page = change_at(path, skin.change_paths)
        case _:
            return Answer(web.Response(status=405, text="405 Method Not Allowed"))
    if page is None:
        return Answer(web.Response(status=404, text="404 Not Found"))
    visit = Visit(unit, request, unit.sessions.find(request.cookies.get(skin.session.cookie)))
    try:
        return await page(visit)
    except forms.FormDamaged as error:
        return Answer(web.Response(status=400, text=f"400 Bad Request: {error}"))


def _hang_up(request: web.BaseRequest) -> Answer:
    """The connection is reset, and nobody is there to be answered."""
    if request.transport is not None:
        request.transport.abort()
    raise asyncio.CancelledError


def _redirected(unit: EmulatedUnit, request: web.BaseRequest) -> Answer | None:
    """Pages only: whether API and system.xml are redirected as well is not known (device-reference 4, mark U)."""
    if not unit.administration.security.redirect or not unit.is_open("https"):
        return None
    if request.get_extra_info("ssl_object") is not None:
        return None
    port = unit.services["https"].port
    return redirect(unit.skin.http.to_login, f"https://{unit.blueprint.address}:{port}{request.raw_path}")
