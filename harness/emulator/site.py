"""The one HTTP server of all units: finds the unit by the address that was asked, and the page by its path."""

from __future__ import annotations

import asyncio
import functools
import logging
from collections.abc import Callable, Mapping
from typing import Any

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from certstore.power import PowerCut
from harness.emulator import api, certificate_page, forms, login_pages, services_page, shutdown_page, status_xml
from harness.emulator.unit import EmulatedUnit
from harness.emulator.visiting import Answer, Page, Visit

# Two files of the largest size that certstore looks at, and the rest of the form.
LARGEST_BODY = 40 * 2**20

Find = Callable[[str], EmulatedUnit | None]


def new_server(find: Find) -> web.Server:
    """An HTTP server whose connections may belong to any unit that `find` knows by address."""
    log = logging.getLogger("harness.emulator.http")
    log.addFilter(_own_faults)
    return web.Server(
        functools.partial(_serve, find),
        request_factory=_request,
        # A restarting unit forgets what it was doing for the connections that it drops.
        handler_cancellation=True,
        access_log=None,
        logger=log,
        # As sent: nothing of that age takes a compressed request.
        auto_decompress=False,
        keepalive_timeout=75.0,
    )


def _own_faults(record: logging.LogRecord) -> bool:
    # What a client sent wrongly is no news about the unit, and to quote it might be to quote a secret.
    error = record.exc_info[1] if record.exc_info else None
    return not isinstance(error, (HttpProcessingError, web.RequestPayloadError))


def _request(message: Any, payload: Any, protocol: Any, writer: Any, task: Any) -> web.BaseRequest:
    return web.BaseRequest(
        message, payload, protocol, writer, task, asyncio.get_running_loop(), client_max_size=LARGEST_BODY
    )


async def _serve(find: Find, request: web.BaseRequest) -> web.StreamResponse:
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
    if answer.afterwards is not None:
        # Once it is written it is on its way, even if the connection is closed next.
        response.force_close()
        await response.prepare(request)
        await response.write_eof()
        answer.afterwards()
    return response


async def _answer(unit: EmulatedUnit, request: web.BaseRequest) -> Answer:
    skin = unit.skin
    match request.method, request.path:
        case "POST", "/RPC2":
            reply = api.answer(unit, await request.read())
            response = web.Response(body=reply.body, content_type="text/xml")
            # As in the documented samples (device-reference 7.1, mark D).
            response.force_close()
            return Answer(response, reply.afterwards)
        case "GET" | "HEAD", "/system.xml":
            return Answer(web.Response(body=status_xml.system(unit), content_type="text/xml"))
        case "GET" | "HEAD", path:
            page = _page_at(path, skin.paths, PAGES)
        case "POST", path:
            page = _page_at(path, skin.change_paths, CHANGES)
        case _:
            return Answer(web.Response(status=405, text="405 Method Not Allowed"))
    if page is None:
        return Answer(web.Response(status=404, text="404 Not Found"))
    visit = Visit(unit, request, unit.sessions.find(request.cookies.get(skin.session.cookie)))
    try:
        return await page(visit)
    except forms.FormDamaged as error:
        return Answer(web.Response(status=400, text=f"400 Bad Request: {error}"))


def _page_at(path: str, paths: Mapping[str, str], pages: Mapping[str, Page]) -> Page | None:
    return next((pages[name] for name, known in paths.items() if known == path), None)


PAGES: Mapping[str, Page] = {
    "root": login_pages.home,
    "home": login_pages.home,
    "login": login_pages.login,
    "logout": login_pages.logout,
    "denied": login_pages.denied,
    "services": services_page.services,
    "certificates": certificate_page.certificates,
    "shutdown": shutdown_page.shutdown,
}

CHANGES: Mapping[str, Page] = {
    "login": login_pages.log_in,
    "services": services_page.change_services,
    "certificates": certificate_page.change_certificates,
    "shutdown": shutdown_page.change_shutdown,
}
