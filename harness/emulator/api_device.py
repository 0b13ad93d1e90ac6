"""`device.*` (device-reference 7.2 to 7.6)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.emulator.api_fault import ApiFault, CallRefused
from harness.emulator.api_method import SUCCESS, Arguments, Done, Method, argument, version_of
from harness.emulator.lifecycle import State
from harness.emulator.unit import EmulatedUnit


def _query(unit: EmulatedUnit, arguments: Arguments) -> Done:
    identity, facts = unit.identity, unit.identity.facts
    features = unit.skin.features
    keys = {name: features.codes[key] for key, name in features.names.items()}
    return Done(
        {
            "currentTime": unit.clock.now(),
            "restartTime": unit.clock.restart_time,
            "serial": identity.serial,
            "softwareVersion": identity.software_version,
            "buildVersion": identity.build_version,
            "model": identity.api_model,
            "apiVersion": unit.skin.api.version,
            "activatedFeatures": [
                {"feature": name, "key": keys.get(name, "")} for name in sorted(unit.features, reverse=True)
            ],
            "activatedLicenses": [],
            "totalVideoPorts": facts.video_ports,
            "totalAudioOnlyPorts": facts.audio_ports,
            "totalStreamingAndContentPorts": facts.content_ports,
            "portReservationMode": "disabled",
            "maxVideoResolution": facts.max_video_resolution,
            "videoPortAllocation": [{"type": kind, "count": count} for kind, count in facts.allocation.items()],
            "isdnPorts": -1,
            "maxConferenceSize": facts.video_ports,
            "shutdownStatus": _status(unit),
            "rebootRequired": unit.conduct.reboot_required(unit.store),
            "finishedBooting": unit.conduct.finished_booting(unit.state),
            "uptime": unit.clock.uptime,
        }
    )


def _health(unit: EmulatedUnit, arguments: Arguments) -> Done:
    loads = dict.fromkeys(("cpuLoad", "mediaLoad", "audioLoad", "videoLoad"), 0)
    sensors = ("fanStatus", "temperatureStatus", "rtcBatteryStatus", "voltagesStatus")
    statuses = {name: "ok" for sensor in sensors for name in (sensor, f"{sensor}Worst")}
    return Done({**loads, **statuses, "operationalStatus": _status(unit)})


def _status(unit: EmulatedUnit) -> str:
    match unit.state:
        case State.SHUTTING_DOWN:
            return "shuttingDown"
        case State.SHUT_DOWN:
            return unit.skin.api.shut_down
    return "active"


def _network(unit: EmulatedUnit, arguments: Arguments) -> Done:
    """Port A has the unit's first address, port B another one if there is any. What 2.9 adds is D in part (7.4)."""
    octets = unit.identity.mac_address
    port_a: dict[str, Any] = {
        "enabled": True,
        "linkStatus": True,
        "macAddress": octets,
        "ipv4Address": unit.blueprint.address,
        "ipv6Address": "",
    }
    others = unit.blueprint.also_at
    port_b = {
        "enabled": bool(others),
        "linkStatus": bool(others),
        "macAddress": octets,
        "ipv4Address": next((one for one in others if ":" not in one), ""),
        "ipv6Address": next((one for one in others if ":" in one), ""),
    }
    if version_of(unit) >= (2, 9):
        port_a |= {"hostName": unit.identity.host_name, "dhcpv4": False, "ipv4SubnetMask": "255.0.0.0"}
        port_a |= {"defaultIpv4Gateway": "", "packetsSent": 0, "packetsReceived": 0}
    return Done({"portA": port_a, "portB": port_b, "dns": [{"hostName": unit.identity.host_name, "nameServer": ""}]})


def _restart_log(unit: EmulatedUnit, arguments: Arguments) -> Done:
    return Done({"log": [{"time": entry.time, "reason": entry.reason} for entry in unit.restart_log]})


def _restart(unit: EmulatedUnit, arguments: Arguments) -> Done:
    shutdown_only = argument(arguments, "shutdownOnly", bool, False)  # noqa: FBT003 - the documented default
    if unit.is_kept_by_calls:
        raise CallRefused(ApiFault.OPERATION_FAILED)
    # The answer goes out before the unit goes down (7.6, mark I).
    if shutdown_only:
        return Done(SUCCESS, lambda: unit.shut_down(unit.skin.reasons.shutdown))
    return Done(SUCCESS, lambda: unit.restart(unit.skin.reasons.api))


def _encryption_query(unit: EmulatedUnit, arguments: Arguments) -> Done:
    """`enabled` is whether the key is there (6, mark D)."""
    has_key = unit.skin.features.names["encryption"] in unit.features
    return Done({"enabled": has_key, "setting": "on" if unit.administration.media_encryption else "off"})


def _encryption_modify(unit: EmulatedUnit, arguments: Arguments) -> Done:
    if "setting" not in arguments:
        raise CallRefused(ApiFault.MISSING_PARAMETER)
    setting = argument(arguments, "setting", str, "")
    if setting not in ("on", "off"):
        raise CallRefused(ApiFault.INVALID_PARAMETER)
    if unit.skin.features.names["encryption"] not in unit.features:
        raise CallRefused(ApiFault.ACTIVATION_NEEDED)
    unit.administration.media_encryption = setting == "on"
    return Done(SUCCESS)


METHODS: Mapping[str, Method] = {
    "device.query": _query,
    "device.health.query": _health,
    "device.network.query": _network,
    "device.restartlog.query": _restart_log,
    "device.restart": _restart,
    "device.encryption.query": _encryption_query,
    "device.encryption.modify": _encryption_modify,
}
