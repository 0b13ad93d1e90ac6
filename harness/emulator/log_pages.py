"""Logs: event log, audit log, system log (device-reference 10)."""

from __future__ import annotations

import ipaddress
from itertools import islice

from harness.emulator.audit import SHOWN, AuditSeverity, Module
from harness.emulator.http_server import Answer
from harness.emulator.rendering import render
from harness.emulator.syslog import MOST_SERVERS
from harness.emulator.visiting import Admitted, administrators_only, back_to, denied, submission


@administrators_only
async def event_log(visit: Admitted) -> Answer:
    records = [
        (event.time, event.module, event.severity.name.capitalize(), event.text)
        for event in reversed(visit.unit.events.entries)
    ]
    return render("event_log", visit.unit, visit.session, template="log", records=records)


@administrators_only
async def audit_log(visit: Admitted) -> Answer:
    audit = visit.unit.administration.audit
    records = [
        (record.time, record.module.value, record.severity.value, record.text)
        for record in islice(audit.records, SHOWN)
    ]
    return render("audit_log", visit.unit, visit.session, template="log", records=records, enabled=audit.enabled)


@administrators_only
async def restart_log(visit: Admitted) -> Answer:
    records = [(entry.time, entry.reason) for entry in reversed(visit.unit.restart_log)]
    return render("restart_log", visit.unit, visit.session, template="log", records=records)


@administrators_only
async def syslog(visit: Admitted) -> Answer:
    servers = visit.unit.administration.syslog
    return render("syslog", visit.unit, visit.session, servers=[*servers, *[""] * (MOST_SERVERS - len(servers))])


@administrators_only
async def change_syslog(visit: Admitted) -> Answer:
    administration, texts = visit.unit.administration, visit.unit.skin.pages["syslog"].texts
    fields = await submission(visit)
    if fields is None:
        return denied(visit.unit)
    typed = [fields.get(f"server_{number}", b"").decode("latin-1").strip() for number in range(1, MOST_SERVERS + 1)]
    servers = tuple(server for server in typed if server)
    try:
        for server in servers:
            ipaddress.IPv4Address(server)
    except ValueError:
        return back_to("syslog", visit, texts["bad"])
    administration.syslog = servers
    administration.audit.record(Module.WEB, AuditSeverity.INFO, f"syslog settings changed by {visit.session.user}")
    return back_to("syslog", visit, texts["updated"])


@administrators_only
async def change_audit_log(visit: Admitted) -> Answer:
    audit = visit.unit.administration.audit
    fields = await submission(visit)
    if fields is None:
        return denied(visit.unit)
    if "delete" in fields:
        number = audit.delete()
        audit.record(Module.WEB, AuditSeverity.WARNING, f"{number} audit records deleted by {visit.session.user}")
    else:
        # The last record of a log that is switched off says so.
        audit.record(Module.WEB, AuditSeverity.WARNING, f"auditing switched off by {visit.session.user}")
        audit.enabled = "enable" in fields
        audit.record(Module.WEB, AuditSeverity.INFO, f"auditing switched on by {visit.session.user}")
    return back_to("audit_log", visit)
