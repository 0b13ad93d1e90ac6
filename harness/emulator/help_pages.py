"""The unit's own help (device-reference 3.1): names as documented, to be read without a login (mark I)."""

from __future__ import annotations

import functools

from harness.emulator.http_server import Answer
from harness.emulator.rendering import prepared
from harness.emulator.visiting import Page, Visit


def help_page(name: str) -> Page:
    return functools.partial(_help, name)


async def _help(name: str, visit: Visit) -> Answer:
    return prepared(name, visit.unit, visit.session, template="help")
