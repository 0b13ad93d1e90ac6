"""`/RPC2`: the remote management API (device-reference 7): reading a call, letting somebody in, answering."""

from __future__ import annotations

import re
import xmlrpc.client
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from harness.emulator import api_conference, api_device, api_feedback, api_logs, api_services
from harness.emulator.api_fault import ApiFault, CallRefused
from harness.emulator.api_method import Arguments, Done, Method
from harness.emulator.audit import Module
from harness.emulator.client_certificates import Standing
from harness.emulator.unit import EmulatedUnit
from harness.emulator.users import LoginRefused, User
from harness.emulator.xmlrpc_text import MALFORMED_CALL, read_call, written

METHODS: Mapping[str, Method] = {
    **api_device.METHODS,
    **api_services.METHODS,
    **api_logs.METHODS,
    **api_conference.METHODS,
    **api_feedback.METHODS,
}

LONGEST = 31
"""Strings have at most so many characters (7.1, mark D) ..."""
LONGER = {"receiverURI": 255, "sourceIdentifier": 255, "enumerateID": 255}
"""... but for these (U)."""

DECLARED_UTF_8 = re.compile(rb"""\s*<\?xml[^>]*encoding=["']utf-8["']""", re.IGNORECASE)


@dataclass(frozen=True)
class Call:
    """One request as it came."""

    headers: Mapping[str, str]
    """By their names in lower case."""
    body: bytes
    standing: Standing
    """What a certificate of the caller means for the login."""
    user: User | None
    """Whom it logs in."""


@dataclass(frozen=True)
class Reply:
    """What to send, and what to do when it has been sent."""

    body: bytes
    charset: str | None = None
    afterwards: Callable[[], None] | None = None


def answer(unit: EmulatedUnit, call: Call) -> Reply:
    """The reply to this call: a fault where it cannot be done. Any bytes give one."""
    try:
        done = _done(unit, call)
    except CallRefused as refused:
        return _reply(unit, call, refused.fault.fault)
    return _reply(unit, call, (done.values,), done.afterwards)


def refusal(unit: EmulatedUnit, call: Call, fault: ApiFault) -> Reply:
    return _reply(unit, call, fault.fault)


def _done(unit: EmulatedUnit, call: Call) -> Done:
    name, arguments = _read(call)
    if name not in METHODS or not unit.skin.api.methods.get(name):
        raise CallRefused(ApiFault.METHOD_NOT_SUPPORTED)
    user = _caller(unit, call, arguments)
    # 2.8 asks for administrator privileges (mark D).
    if not user.is_administrator:
        raise CallRefused(ApiFault.INSUFFICIENT_PRIVILEGES)
    for argument, value in arguments.items():
        if isinstance(value, str) and len(value) > LONGER.get(argument, LONGEST):
            raise CallRefused(ApiFault.INVALID_PARAMETER)
    return METHODS[name](unit, arguments)


def _read(call: Call) -> tuple[str, Arguments]:
    # ASCII, unless the request says that it is UTF-8 (7.1, mark D).
    is_utf_8 = "utf-8" in call.headers.get("content-type", "").lower() or DECLARED_UTF_8.match(call.body)
    if not is_utf_8 and not call.body.isascii():
        raise CallRefused(ApiFault.MALFORMED_PARAMETER)
    try:
        name, parameters = read_call(call.body)
    except MALFORMED_CALL:
        raise CallRefused(ApiFault.MALFORMED_PARAMETER) from None
    arguments: Any = parameters[0] if parameters else {}
    if name is None or not isinstance(arguments, dict):
        raise CallRefused(ApiFault.MALFORMED_PARAMETER)
    return name, arguments


def _caller(unit: EmulatedUnit, call: Call, arguments: Arguments) -> User:
    if call.standing is Standing.CERTIFICATE and call.user is not None:
        # Credentials are ignored then (2.4, mark D).
        return call.user
    name = str(arguments.get("authenticationUser", ""))
    known = unit.users.get(name)
    password = str(arguments.get("authenticationPassword", "")).encode()
    if known is not None and not known.password:
        # If the stored user has no password, any is taken, or none (7.1, mark D).
        password = b""
    try:
        if call.standing is Standing.NOBODY:
            raise CallRefused(ApiFault.AUTHORIZATION_FAILED)
        return unit.users.log_in(name, password)
    except LoginRefused as refused:
        unit.login_failed(refused, Module.API)
        raise CallRefused(ApiFault.AUTHORIZATION_FAILED) from None


def _reply(
    unit: EmulatedUnit,
    call: Call,
    content: tuple[dict[str, Any]] | xmlrpc.client.Fault,
    afterwards: Callable[[], None] | None = None,
) -> Reply:
    text = written(content)
    if "utf-8" in call.headers.get(unit.skin.api.utf8_header.lower(), "").lower():
        return Reply(f'<?xml version="1.0" encoding="UTF-8"?>\n{text}'.encode(), "utf-8", afterwards)
    # What is not ASCII cannot be said otherwise (I).
    return Reply(f'<?xml version="1.0"?>\n{text}'.encode("ascii", "replace"), None, afterwards)
