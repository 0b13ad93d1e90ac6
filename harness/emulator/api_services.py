"""`services.query` and `services.modify` (device-reference 4 and 7.7)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.emulator.api_fault import ApiFault, CallRefused
from harness.emulator.api_method import SUCCESS, Arguments, Done, Method, argument
from harness.emulator.audit import AuditSeverity, Module
from harness.emulator.services import Services
from harness.emulator.unit import EmulatedUnit


def _query(unit: EmulatedUnit, arguments: Arguments) -> Done:
    port_a = [
        {"name": row.name, "type": row.protocol, "setting": row.ticked, "enabled": unit.is_open(row.name)}
        # The port is told when the service is enabled (4, mark D).
        | ({"port": row.port} if unit.is_open(row.name) else {})
        for row in unit.services.rows
    ]
    # Where nothing is plugged in at port B, nothing is ticked there; otherwise one tick does for both.
    port_b = (
        port_a
        if unit.blueprint.also_at
        else [
            {"name": row.name, "type": row.protocol, "setting": False, "enabled": False} for row in unit.services.rows
        ]
    )
    return Done({"portA": port_a, "portB": port_b})


def _modify(unit: EmulatedUnit, arguments: Arguments) -> Done:
    """It answers after reading the request, before it is applied (4, mark D)."""
    wanted = unit.services
    no_services: list[Any] = []
    for struct in argument(arguments, "portA", list, no_services):
        wanted = _with(wanted, struct)
    if not wanted.is_consistent:
        raise CallRefused(ApiFault.INVALID_PARAMETER)

    def apply() -> None:
        unit.apply(wanted)
        unit.administration.audit.record(Module.API, AuditSeverity.INFO, "services changed")

    return Done(SUCCESS, apply)


def _with(services: Services, struct: object) -> Services:
    if not isinstance(struct, dict):
        raise CallRefused(ApiFault.MALFORMED_PARAMETER)
    if "name" not in struct or "setting" not in struct:
        raise CallRefused(ApiFault.MISSING_PARAMETER)
    row = next((row for row in services.rows if row.name == struct["name"]), None)
    if row is None or not isinstance(struct["setting"], bool):
        raise CallRefused(ApiFault.INVALID_PARAMETER)
    if struct["setting"] and "port" not in struct:
        # Required when the service is to be on (mark D).
        raise CallRefused(ApiFault.MISSING_PARAMETER)
    port = argument(struct, "port", int, row.port)
    return services.with_row(row.name, port, frozenset({row.name} if struct["setting"] else ()))


METHODS: Mapping[str, Method] = {"services.query": _query, "services.modify": _modify}
