"""What a method of the API is, and what several of them need."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from harness.emulator.api_fault import ApiFault, CallRefused
from harness.emulator.unit import EmulatedUnit

Arguments = Mapping[str, Any]
Argument = TypeVar("Argument")


@dataclass(frozen=True)
class Done:
    """What a method answers, and what is done when the answer is on its way."""

    values: dict[str, Any]
    afterwards: Callable[[], None] | None = None


Method = Callable[[EmulatedUnit, Arguments], Done]
"""Raises CallRefused."""

SUCCESS = {"status": "operation successful"}
"""Of methods that answer nothing else (device-reference 7.1, mark D)."""


def argument(arguments: Arguments, name: str, kind: type[Argument], otherwise: Argument) -> Argument:
    """The argument of this name, which may be left out. Raises CallRefused for one of another type."""
    value = arguments.get(name, otherwise)
    # To Python a boolean is an int; to the unit it is not.
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise CallRefused(ApiFault.INVALID_PARAMETER)
    return value


def page_of(unit: EmulatedUnit, arguments: Arguments, name: str, every: Sequence[dict[str, Any]]) -> Done:
    """As many as one answer holds, from where `enumerateID` says; the answer has one where there are more."""
    token = argument(arguments, "enumerateID", str, "")
    if token and not (token.isdecimal() and 0 < int(token) < len(every)):
        raise CallRefused(ApiFault.INVALID_ENUMERATE_ID)
    first = int(token or 0)
    last = first + unit.skin.api.page_size
    more = {"enumerateID": str(last)} if last < len(every) else {}
    return Done({name: list(every[first:last]), **more})


def version_of(unit: EmulatedUnit) -> tuple[int, ...]:
    """2.10 is later than 2.9 (device-reference 7.2, mark D)."""
    return tuple(map(int, unit.skin.api.version.split(".")))
