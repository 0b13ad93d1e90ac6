"""`/RPC2`: the remote management API (device-reference 7)."""

from __future__ import annotations

import functools
import xmlrpc.client
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from xml.parsers.expat import ExpatError

from harness.emulator.lifecycle import State
from harness.emulator.unit import EmulatedUnit

NOT_SUPPORTED = xmlrpc.client.Fault(1, "method not supported")
UNAUTHORIZED = xmlrpc.client.Fault(14, "authorization failed")
NO_PRIVILEGES = xmlrpc.client.Fault(15, "insufficient privileges")
# Remembered, not documented (7.8, mark R).
MALFORMED = xmlrpc.client.Fault(103, "malformed parameter")

# Everything that xmlrpc.client.loads is seen to raise for what is not a method call.
MALFORMED_CALL = (
    ExpatError,
    xmlrpc.client.Error,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    ArithmeticError,
)

Arguments = Mapping[str, Any]
Method = Callable[[EmulatedUnit, Arguments], dict[str, Any]]


@dataclass(frozen=True)
class Reply:
    """What to send, and what to do when it has been sent."""

    body: bytes
    afterwards: Callable[[], None] | None = None


def answer(unit: EmulatedUnit, body: bytes) -> Reply:
    """The reply to this call: a fault where it cannot be done. Any bytes give one."""
    try:
        parameters, name = xmlrpc.client.loads(body)
    except MALFORMED_CALL:
        return _fault(MALFORMED)
    arguments = parameters[0] if parameters else {}
    if name is None or not isinstance(arguments, dict):
        return _fault(MALFORMED)
    if name not in METHODS or name not in unit.skin.api.methods:
        return _fault(NOT_SUPPORTED)
    if refusal := _refusal(unit, arguments):
        return _fault(refusal)
    values = METHODS[name](unit, arguments)
    then = AFTER_THE_ANSWER.get(name)
    return Reply(
        xmlrpc.client.dumps((values,), methodresponse=True).encode(),
        functools.partial(then, unit, arguments) if then else None,
    )


def _refusal(unit: EmulatedUnit, arguments: Arguments) -> xmlrpc.client.Fault | None:
    user = unit.users.get(str(arguments.get("authenticationUser", "")))
    # If the stored user has no password, any password is taken, or none (7.1, mark D).
    if user is None or (user.password and user.password != arguments.get("authenticationPassword", "")):
        return UNAUTHORIZED
    return None if user.is_administrator else NO_PRIVILEGES


def _fault(fault: xmlrpc.client.Fault) -> Reply:
    return Reply(xmlrpc.client.dumps(fault, methodresponse=True).encode())


def _device_query(unit: EmulatedUnit, arguments: Arguments) -> dict[str, Any]:
    identity, facts = unit.identity, unit.identity.facts
    return {
        "currentTime": xmlrpc.client.DateTime(unit.clock.now()),
        "restartTime": xmlrpc.client.DateTime(unit.clock.restart_time),
        "serial": identity.serial,
        "softwareVersion": identity.software_version,
        "buildVersion": identity.build_version,
        "model": facts.api_model,
        "apiVersion": unit.skin.api.version,
        "activatedFeatures": [{"feature": name, "key": ""} for name in unit.blueprint.features],
        "activatedLicenses": [],
        "totalVideoPorts": facts.video_ports,
        "totalAudioOnlyPorts": facts.audio_ports,
        "totalStreamingAndContentPorts": facts.content_ports,
        "portReservationMode": "disabled",
        "maxVideoResolution": facts.max_video_resolution,
        "videoPortAllocation": [],
        "isdnPorts": -1,
        "maxConferenceSize": facts.video_ports,
        "shutdownStatus": _operational_status(unit),
        "rebootRequired": unit.conduct.reboot_required(unit.store),
        "finishedBooting": unit.conduct.finished_booting(unit.state),
        "uptime": unit.clock.uptime,
    }


def _health_query(unit: EmulatedUnit, arguments: Arguments) -> dict[str, Any]:
    loads = dict.fromkeys(("cpuLoad", "mediaLoad", "audioLoad", "videoLoad"), 0)
    sensors = ("fanStatus", "temperatureStatus", "rtcBatteryStatus", "voltagesStatus")
    statuses = {name: "ok" for sensor in sensors for name in (sensor, f"{sensor}Worst")}
    return {**loads, **statuses, "operationalStatus": _operational_status(unit)}


def _operational_status(unit: EmulatedUnit) -> str:
    match unit.state:
        case State.SHUTTING_DOWN:
            return "shuttingDown"
        case State.SHUT_DOWN:
            return unit.skin.api.shut_down
    return "active"


def _restart_log_query(unit: EmulatedUnit, arguments: Arguments) -> dict[str, Any]:
    return {
        "log": [{"time": xmlrpc.client.DateTime(entry.time), "reason": entry.reason} for entry in unit.restart_log]
    }


def _services_query(unit: EmulatedUnit, arguments: Arguments) -> dict[str, Any]:
    return {
        "portA": [
            {"name": row.name, "type": row.protocol, "setting": row.ticked, "enabled": unit.is_open(row.name)}
            # The port is told when the service is enabled (4, mark D).
            | ({"port": row.port} if unit.is_open(row.name) else {})
            for row in unit.services.rows
        ],
        # An emulated unit has one address; nothing is plugged in at port B.
        "portB": [
            {"name": row.name, "type": row.protocol, "setting": False, "enabled": False} for row in unit.services.rows
        ],
    }


def _success(unit: EmulatedUnit, arguments: Arguments) -> dict[str, Any]:
    return {"status": "operation successful"}


def _restart(unit: EmulatedUnit, arguments: Arguments) -> None:
    if arguments.get("shutdownOnly"):
        unit.shut_down()
    else:
        unit.restart(unit.skin.reasons.api)


METHODS: Mapping[str, Method] = {
    "device.query": _device_query,
    "device.health.query": _health_query,
    "device.restartlog.query": _restart_log_query,
    "device.restart": _success,
    "services.query": _services_query,
}

# The answer goes out before the unit goes down (7.6, mark I).
AFTER_THE_ANSWER: Mapping[str, Callable[[EmulatedUnit, Arguments], None]] = {"device.restart": _restart}
