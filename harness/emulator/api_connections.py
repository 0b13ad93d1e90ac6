"""How many calls of the API a unit takes at once (device-reference 7.1)."""

from __future__ import annotations

from weakref import WeakSet

from aiohttp import web

from harness.emulator import api
from harness.emulator.api_fault import ApiFault
from harness.emulator.unit import EmulatedUnit
from harness.emulator.visiting import Answer

_answered: WeakSet[object] = WeakSet()
"""Connections that have had their answer and are still open, where units keep them."""


async def answer(unit: EmulatedUnit, request: web.BaseRequest) -> Answer | None:
    """None where the connection is dropped without an answer."""
    settings = unit.skin.api
    if request.protocol in _answered:
        # Some builds keep the connection and reset it later (7.1, mark D).
        return None
    with unit.crowd.joined() as number:
        if number > settings.connections:
            return None
        peer = request.get_extra_info("ssl_object")
        if number > settings.requests_at_once:
            reply = api.refusal(unit, api.Call(request.headers, b"", peer), ApiFault.TOO_MANY_REQUESTS)
        else:
            reply = api.answer(unit, api.Call(request.headers, await request.read(), peer))
    response = web.Response(body=reply.body, content_type="text/xml", charset=reply.charset)
    if settings.connection == "closed":
        # As in the documented samples (mark D).
        response.force_close()
    else:
        _answered.add(request.protocol)
    return Answer(response, reply.afterwards)
