"""Settings > Security and Status > Security (device-reference 3.4, 9 and 10)."""

from __future__ import annotations

from dataclasses import replace

from harness.emulator.administration import Security
from harness.emulator.audit import AuditSeverity, Module
from harness.emulator.http_server import Answer
from harness.emulator.rendering import prepared, render
from harness.emulator.security_warnings import pending_warnings
from harness.emulator.unit import EmulatedUnit
from harness.emulator.visiting import Admitted, administrators_only, back_to, denied, submission


class _Refused(Exception):
    """The key of the text that says why."""


@administrators_only
async def settings_security(visit: Admitted) -> Answer:
    administration = visit.unit.administration
    security, advanced = administration.security, administration.users.advanced
    return prepared("settings_security", visit.unit, visit.session, security=security, advanced=advanced)


@administrators_only
async def change_settings_security(visit: Admitted) -> Answer:
    unit = visit.unit
    fields = await submission(visit)
    if fields is None:
        return denied(unit)
    texts = unit.skin.pages["settings_security"].texts
    administration = unit.administration
    try:
        # Two forms with a button each (mark D).
        changed = _console(unit, fields) if "console" in fields else _security(unit, fields)
    except _Refused as refused:
        return back_to("settings_security", visit, texts[str(refused)])
    if "console" not in fields:
        administration.users.advanced = "advanced" in fields
    administration.security = changed
    administration.audit.record(Module.WEB, AuditSeverity.INFO, f"security settings changed by {visit.session.user}")
    return back_to("settings_security", visit, texts["updated"])


def _security(unit: EmulatedUnit, fields: dict[str, bytes]) -> Security:
    both = unit.is_open("http") and unit.is_open("https")
    if "redirect" in fields and not both and not unit.administration.security.redirect:
        # Mark D: can be set only while both services are enabled.
        raise _Refused("needs_both")
    return replace(
        unit.administration.security, redirect="redirect" in fields, idle_minutes=_minutes(fields, "idle_minutes")
    )


def _console(unit: EmulatedUnit, fields: dict[str, bytes]) -> Security:
    return replace(
        unit.administration.security,
        hide_log="hide_log" in fields,
        no_input="no_input" in fields,
        require_login="require_login" in fields,
        console_minutes=_minutes(fields, "console_minutes"),
    )


def _minutes(fields: dict[str, bytes], name: str) -> int:
    typed = fields.get(name, b"").strip()
    if not typed.isdigit() or len(typed) > 2 or not 1 <= int(typed) <= 60:
        raise _Refused("bad_minutes")
    return int(typed)


@administrators_only
async def status_security(visit: Admitted) -> Answer:
    unit = visit.unit
    acknowledged = unit.administration.acknowledged
    rows = [(name, unit.skin.warnings[name], name in acknowledged) for name in pending_warnings(unit)]
    return render("status_security", unit, visit.session, rows=rows)


@administrators_only
async def change_status_security(visit: Admitted) -> Answer:
    fields = await submission(visit)
    if fields is None:
        return denied(visit.unit)
    visit.unit.administration.acknowledged |= fields.keys() & set(pending_warnings(visit.unit))
    return back_to("status_security", visit)
