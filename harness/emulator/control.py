"""The control interface: for tests, on loopback, with a token. A unit knows nothing of it.

`GET /units/NAME` gives the truth about a unit. `POST /units/NAME/ACTION`, with a JSON object of arguments where the
action has some, does something to it. Every request needs `Authorization: Bearer TOKEN`. The token goes to whoever
started the process, on its standard output, and nowhere else.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.emulator.faults import Faults, FaultUnknown
from harness.emulator.http_server import Answer, Request
from harness.emulator.truth import Truth, report_of
from harness.emulator.unit import EmulatedUnit

Arguments = Mapping[str, Any]
Action = Callable[[EmulatedUnit, Arguments], None]

MOST_STEPS = 1_000_000


class ArgumentsWrong(Exception):
    """The action cannot be done with these arguments."""


def _cut_power_after(unit: EmulatedUnit, arguments: Arguments) -> None:
    steps = arguments.get("steps")
    if type(steps) is not int or not 0 <= steps <= MOST_STEPS:
        raise ArgumentsWrong("want a number of flash operations as `steps`")
    unit.flash.cut_after(steps)


def _damage_flash(unit: EmulatedUnit, arguments: Arguments) -> None:
    if not unit.damage_flash():
        raise ArgumentsWrong("no pair is on flash")


def _set_faults(unit: EmulatedUnit, arguments: Arguments) -> None:
    try:
        unit.suffer(Faults.from_document(arguments))
    except FaultUnknown as unknown:
        raise ArgumentsWrong(str(unknown)) from unknown


ACTIONS: Mapping[str, Action] = {
    "cut-power": lambda unit, arguments: unit.lose_power(),
    "cut-power-after": _cut_power_after,
    "damage-flash": _damage_flash,
    "power-off": lambda unit, arguments: unit.power_off(),
    "power-on": lambda unit, arguments: unit.power_on(),
    "faults": _set_faults,
}


@dataclass(frozen=True)
class Control:
    """Answers those who know the token."""

    units: Mapping[str, EmulatedUnit]
    token: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)

    async def answer(self, request: Request) -> Answer:
        given = request.headers.get("authorization", "").encode("utf-8", "surrogateescape")
        if not secrets.compare_digest(given, f"Bearer {self.token}".encode()):
            return _said(401, "want the token of this emulation")
        match request.method, request.path.split("/"):
            case "GET", ["", "units", name] if name in self.units:
                return _json(report_of(Truth.of(self.units[name])).document())
            case "POST", ["", "units", name, action] if name in self.units and action in ACTIONS:
                return _done(ACTIONS[action], self.units[name], await request.read())
        return _said(404, "no such unit or action")


def _done(action: Action, unit: EmulatedUnit, body: bytes) -> Answer:
    try:
        arguments = json.loads(body or b"{}")
    except (ValueError, RecursionError):
        arguments = None
    if not isinstance(arguments, dict):
        return _said(400, "want a JSON object")
    try:
        action(unit, arguments)
    except ArgumentsWrong as wrong:
        return _said(400, str(wrong))
    return _json({})


def _said(status: int, text: str) -> Answer:
    return _json({"error": text}, status)


def _json(document: Mapping[str, Any], status: int = 200) -> Answer:
    return Answer(status, json.dumps(document).encode(), "application/json; charset=utf-8")
