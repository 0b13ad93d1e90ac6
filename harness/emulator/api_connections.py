"""How many calls of the API a unit takes at once (device-reference 7.1)."""

from __future__ import annotations

from harness.emulator import api
from harness.emulator.api_fault import ApiFault
from harness.emulator.audit import Module
from harness.emulator.http_server import Answer, Request
from harness.emulator.unit import EmulatedUnit


async def answer(unit: EmulatedUnit, request: Request) -> Answer | None:
    """None where the connection is dropped without an answer."""
    settings, connection = unit.skin.api, request.transport
    # Some builds keep the connection and reset it later (7.1, mark D).
    if unit.crowd.has_kept(connection):
        return None
    with unit.crowd.joined(connection) as crowd:
        if crowd.connections > settings.connections:
            return None
        standing, user = await unit.standing(request.tls, Module.API)
        call = api.Call(request.headers, await request.read(), standing, user)
        if crowd.requests > settings.requests_at_once:
            reply = api.refusal(unit, call, ApiFault.TOO_MANY_REQUESTS)
        elif len(call.body) > settings.largest_request:
            reply = api.refusal(unit, call, ApiFault.REQUEST_TOO_LARGE)
        else:
            reply = api.answer(unit, call)
    content_type = f"text/xml; charset={reply.charset}" if reply.charset else "text/xml"
    # As in the documented samples (mark D).
    closes = settings.connection == "closed"
    if not closes:
        unit.crowd.keep(connection)
    return Answer(body=reply.body, content_type=content_type, closes=closes, afterwards=reply.afterwards)
