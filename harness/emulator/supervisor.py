"""The MSE 8050 Supervisor of one chassis (device-reference 14): what it knows of its blades and does to them."""

from __future__ import annotations

import hashlib
import xmlrpc.client
from collections.abc import Callable, Mapping
from typing import Any
from xml.etree import ElementTree

from harness.emulator.chassis import Chassis, texts
from harness.emulator.clock import Clock
from harness.emulator.reasons import Reason, in_words
from harness.emulator.unit import EmulatedUnit


class Supervisor:
    """Lives on the event loop of its blades."""

    def __init__(self, chassis: Chassis, units: Mapping[str, EmulatedUnit]) -> None:
        self.chassis = chassis
        self.blades = {slot: units[name] for slot, name in chassis.slots if name in units}
        self.clock = Clock()
        number = int(hashlib.sha256(chassis.name.encode()).hexdigest(), 16) % 10_000
        self.serial, self.chassis_serial = f"SM05{number:04d}", f"SM80{number:04d}"

    def restart(self, slot: int) -> None:
        unit = self.blades[slot]
        unit.restart(in_words(Reason.SUPERVISOR, unit.skin.api.version))

    def shut_down(self, slot: int) -> None:
        unit = self.blades[slot]
        unit.shut_down(in_words(Reason.SUPERVISOR_SHUTDOWN, unit.skin.api.version))

    def status(self, slot: int) -> str:
        return texts().status[self.blades[slot].state.name.lower()]

    def system_xml(self) -> bytes:
        """To anybody (7.10, mark D; `chassisSerial` is the Supervisor's own)."""
        values = {
            "manufacturer": texts().manufacturer,
            "model": texts().model,
            "serial": self.serial,
            "chassisSerial": self.chassis_serial,
            "softwareVersion": texts().software_version,
            "buildVersion": texts().build_version,
            "hostName": self.chassis.name,
            "uptimeSeconds": self.clock.uptime,
        }
        root = ElementTree.Element("system")
        for name, value in values.items():
            ElementTree.SubElement(root, name).text = str(value)
        return b'<?xml version="1.0"?>\n' + ElementTree.tostring(root)


def _blades(supervisor: Supervisor) -> dict[str, Any]:
    return {
        "blades": [
            {
                "slot": slot,
                "type": unit.blueprint.model.replace("MCU ", ""),
                "softwareVersion": unit.identity.software_version,
                "status": supervisor.status(slot),
                "portA": unit.blueprint.address,
            }
            for slot, unit in supervisor.blades.items()
        ]
    }


def _alarms(supervisor: Supervisor) -> dict[str, Any]:
    alarm = {
        "alarmName": "fanFailure",
        "alarmTitle": "Fan failure",
        "alarmLevel": "critical",
        "alarmState": "cleared",
        "alarmDescription": "All fans are running",
    }
    return {"alarms": [alarm]}


def _fan_trays(supervisor: Supervisor) -> dict[str, Any]:
    return {"fantrays": [{"tray": position, "status": "ok"} for position in ("upper", "lower")]}


def _device(supervisor: Supervisor) -> dict[str, Any]:
    return {
        "currentTime": xmlrpc.client.DateTime(supervisor.clock.now()),
        "restartTime": xmlrpc.client.DateTime(supervisor.clock.restart_time),
        "serial": supervisor.serial,
        "softwareVersion": texts().software_version,
        "buildVersion": texts().build_version,
        "model": texts().model,
        "apiVersion": texts().api_version,
        "shutdownStatus": "active",
        "rebootRequired": False,
        "finishedBooting": True,
    }


def _health(supervisor: Supervisor) -> dict[str, Any]:
    return {"fanStatus": "ok", "temperatureStatus": "ok", "voltagesStatus": "ok", "operationalStatus": "active"}


METHODS: Mapping[str, Callable[[Supervisor], dict[str, Any]]] = {
    # Names mark D (14); the members of alarms and fan trays beyond those documented U.
    "chassis.blades.query": _blades,
    "chassis.alarms.query": _alarms,
    "chassis.fantrays.query": _fan_trays,
    "device.query": _device,
    "device.health.query": _health,
}
