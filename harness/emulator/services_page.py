"""Network > Services (device-reference 4)."""

from __future__ import annotations

from harness.emulator.audit import AuditSeverity, Module
from harness.emulator.http_server import Answer
from harness.emulator.rendering import prepared
from harness.emulator.services import Service, Services
from harness.emulator.texts import ServicesTexts
from harness.emulator.visiting import Admitted, administrators_only, back_to, denied, submission


@administrators_only
async def services(visit: Admitted) -> Answer:
    unit = visit.unit
    # Both need a key (mark D); how a row without one looks is unknown.
    locked = frozenset() if unit.has_https_key else frozenset({"https", "sips_tcp"})
    hidden = locked if unit.skin.services.without_key == "absent" else frozenset()
    rows = tuple(row for row in unit.services.rows if row.name not in hidden)
    opened = frozenset(row.name for row in rows if unit.is_open(row.name))
    return prepared("services", unit, visit.session, locked=locked, rows=rows, opened=opened)


@administrators_only
async def change_services(visit: Admitted) -> Answer:
    texts = visit.unit.skin.services
    fields = await submission(visit)
    if fields is None:
        return denied(visit.unit)
    wanted = Services(tuple(_as_submitted(row, fields, texts) for row in visit.unit.services.rows))
    if not wanted.is_consistent:
        return back_to("services", visit, texts.bad_port)
    visit.unit.apply(wanted)
    visit.unit.administration.audit.record(
        Module.WEB, AuditSeverity.INFO, f"services changed by {visit.session.user}"
    )
    return back_to("services", visit, texts.applied)


def _as_submitted(row: Service, fields: dict[str, bytes], texts: ServicesTexts) -> Service:
    digits = fields.get(texts.port_name(row.name), str(row.port).encode())
    return Service(
        row.name,
        row.label,
        row.protocol,
        # A tick box that is not ticked is not sent.
        ticked=texts.ticked_name(row.name) in fields,
        port=int(digits) if digits.isdigit() and len(digits) <= 5 else 0,
    )
