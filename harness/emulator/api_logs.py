"""`auditlog.query` and `auditlog.delete` (device-reference 7.7; the members are R)."""

from __future__ import annotations

from collections.abc import Mapping

from harness.emulator.api_method import SUCCESS, Arguments, Done, Method, page_of
from harness.emulator.audit import AuditSeverity, Module
from harness.emulator.unit import EmulatedUnit


def _query(unit: EmulatedUnit, arguments: Arguments) -> Done:
    log = [
        {
            "index": index,
            "time": record.time,
            "module": record.module.value,
            "severity": record.severity.value,
            "message": record.text,
        }
        for index, record in enumerate(reversed(unit.administration.audit.records))
    ]
    return page_of(unit, arguments, "log", log)


def _delete(unit: EmulatedUnit, arguments: Arguments) -> Done:
    audit = unit.administration.audit
    number = audit.delete()
    audit.record(Module.API, AuditSeverity.WARNING, f"{number} audit records deleted")
    return Done(SUCCESS)


METHODS: Mapping[str, Method] = {"auditlog.query": _query, "auditlog.delete": _delete}
