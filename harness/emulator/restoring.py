"""A configuration file that is brought back (device-reference 7.10, mark D; what becomes of each part is I)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TypeVar
from xml.etree import ElementTree

from harness.emulator.ftp import LARGEST_FILE, FileRefused
from harness.emulator.unit import EmulatedUnit
from harness.emulator.users import Privilege, User

Value = TypeVar("Value")

WORDS = {"true": True, "false": False}


def restore(unit: EmulatedUnit, content: bytes) -> None:
    """All that `configuration.configuration` writes; in use after the next start. Raises FileRefused: then nothing
    changed.

    A hashed password cannot be brought back: whoever has one keeps the present one, and is left out without one.
    """
    if len(content) > LARGEST_FILE:
        raise FileRefused("The file is too large")
    try:
        root = ElementTree.fromstring(content)
    except (ElementTree.ParseError, ValueError, LookupError):
        raise FileRefused("The file is not XML") from None
    if root.tag != "configuration":
        raise FileRefused("The file is no configuration")
    users = list(_users(unit, root))
    if not any(user.is_administrator for user in users):
        raise FileRefused("The configuration has no administrator")
    services = unit.services
    known = {row.name for row in services.rows}
    for element in root.iter("service"):
        name = _word(element, "name", lambda word: word if word in known else None)
        enabled = frozenset({name} if _word(element, "enabled", WORDS.get) else ())
        services = services.with_row(name, _word(element, "port", _number), enabled)
    if not services.is_consistent:
        raise FileRefused("The services of the configuration cannot be")
    security, advanced = unit.administration.security, unit.users.advanced
    if (settings := root.find("security")) is not None:
        advanced = _word(settings, "advanced", WORDS.get)
        security = replace(
            security,
            redirect=_word(settings, "redirect", WORDS.get),
            idle_minutes=_word(settings, "idleMinutes", _minutes),
            require_login=_word(settings, "requireConsoleLogin", WORDS.get),
        )
    unit.users.replace(users)
    unit.users.advanced = advanced
    unit.administration.security = security
    unit.services = services


def _users(unit: EmulatedUnit, root: ElementTree.Element) -> Iterator[User]:
    longest, levels = unit.skin.accounts.longest, {level.value: level for level in Privilege}
    for element in root.iter("user"):
        name = _word(element, "id", lambda word: word if 0 < len(word) <= longest else None)
        privilege = _word(element, "privilege", levels.get)
        present = unit.users.get(name)
        if (password := element.get("password")) is not None and len(password) <= longest:
            yield User(name, password, privilege)
        elif present is not None:
            yield replace(present, privilege=privilege)


def _word(element: ElementTree.Element, name: str, read: Callable[[str], Value | None]) -> Value:
    value = read(element.get(name, ""))
    if value is None:
        raise FileRefused(f"The configuration has no usable {name} of {element.tag}")
    return value


def _number(word: str) -> int | None:
    return int(word) if word.isascii() and word.isdigit() and len(word) <= 5 else None


def _minutes(word: str) -> int | None:
    number = _number(word)
    return number if number is not None and 1 <= number <= 60 else None
