"""Settings > Upgrade: feature keys (device-reference 6)."""

from __future__ import annotations

from harness.emulator.audit import AuditSeverity, Module
from harness.emulator.http_server import Answer
from harness.emulator.rendering import render
from harness.emulator.visiting import Admitted, administrators_only, back_to, denied, submission


@administrators_only
async def upgrade(visit: Admitted) -> Answer:
    return render("upgrade", visit.unit, visit.session)


@administrators_only
async def change_upgrade(visit: Admitted) -> Answer:
    unit, texts = visit.unit, visit.unit.skin.pages["upgrade"].texts
    fields = await submission(visit)
    if fields is None:
        return denied(unit)
    typed = fields.get("code", b"").decode("ascii", "replace").strip()
    features = unit.skin.features
    name = next((features.names[key] for key, code in features.codes.items() if code == typed), None)
    if name is None:
        return back_to("upgrade", visit, texts["refused"])
    unit.activate(name)
    unit.administration.audit.record(Module.WEB, AuditSeverity.INFO, f"feature {name} activated")
    return back_to("upgrade", visit, texts["taken"])
