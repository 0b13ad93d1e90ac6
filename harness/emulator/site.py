"""The one HTTP server of all units: finds the unit by the address that was asked, and the page by its path."""

from __future__ import annotations

from collections.abc import Callable

from certstore.power import PowerCut
from harness.emulator import api_connections, forms, images, status_xml
from harness.emulator.captured_pages import captured_at
from harness.emulator.http_server import Answer, HttpServer, Request, plain
from harness.emulator.page_table import change_at, page_at
from harness.emulator.unit import EmulatedUnit
from harness.emulator.visiting import Visit, redirect

KEPT_OPEN = 256
"""While the process has more connections than these, each is closed after its answer: one takes some 15 KB."""

Find = Callable[[str], EmulatedUnit | None]


def new_server(find: Find) -> HttpServer:
    """An HTTP server whose connections may belong to any unit that `find` knows by address."""

    async def serve(request: Request) -> Answer | None:
        unit = find(request.asked)
        if unit is None:
            # The connection is gone already.
            return None
        try:
            answer = await _answer(unit, request)
        except PowerCut:
            # While something was stored. The connection is gone, and nobody is there to answer.
            return None
        if answer is not None:
            answer.server = unit.skin.http.server
            answer.closes |= len(server.connections) > KEPT_OPEN
        return answer

    server = HttpServer(serve)
    return server


async def _answer(unit: EmulatedUnit, request: Request) -> Answer | None:
    """None where the connection is reset."""
    skin = unit.skin
    match request.method, request.path:
        case "POST", "/RPC2":
            return await api_connections.answer(unit, request)
        case "GET" | "HEAD", "/system.xml":
            return Answer(body=status_xml.system(unit), content_type="text/xml")
        case "GET" | "HEAD", path if path == f"/{skin.look.logo}" and not skin.captured.page_at(path):
            return Answer(body=images.logo(skin.look.style), content_type="image/gif")
        case _ if (secure := _redirected(unit, request)) is not None:
            return secure
        case "GET" | "HEAD", path:
            # Captured units may tell their pages apart by what stands behind the question mark.
            paths = (request.raw_path, path)
            found = (captured_at(one, skin.captured) or page_at(one, skin.paths) for one in paths)
            page = next((one for one in found if one is not None), None)
        case "POST", path:
            page = change_at(path, skin.change_paths)
        case _:
            return plain(405, "405 Method Not Allowed")
    if page is None:
        found_file = unit.conduct.file_at(request.path, unit.store)
        return plain(404, "404 Not Found") if found_file is None else Answer(body=found_file)
    visit = Visit(unit, request, unit.sessions.find(request.cookies.get(skin.session.cookie)))
    try:
        return await page(visit)
    except forms.FormDamaged as error:
        return plain(400, f"400 Bad Request: {error}")


def _redirected(unit: EmulatedUnit, request: Request) -> Answer | None:
    """Pages only: whether API and system.xml are redirected as well is not known (device-reference 4, mark U)."""
    if not unit.administration.security.redirect or not unit.is_open("https"):
        return None
    if request.tls is not None:
        return None
    port = unit.services["https"].port
    return redirect(unit.skin.http.to_login, f"https://{unit.blueprint.address}:{port}{request.raw_path}")
