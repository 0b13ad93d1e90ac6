"""One page with all units of an emulation, for whoever runs it."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Iterable

import jinja2

from harness.emulator.faults import NO_FAULTS
from harness.emulator.pair import Pair
from harness.emulator.unit import EmulatedUnit


def overview(units: Iterable[EmulatedUnit]) -> str:
    """HTML. It shows no secret, and has no control that changes anything."""
    return _template().render(rows=[_row(unit) for unit in units])


@functools.cache
def _template() -> jinja2.Template:
    loader = jinja2.PackageLoader("harness.emulator")
    return jinja2.Environment(loader=loader, autoescape=True, undefined=jinja2.StrictUndefined).get_template(
        "overview.html"
    )


def _row(unit: EmulatedUnit) -> dict[str, object]:
    plan = unit.blueprint
    faults = {name: value for name, value in unit.faults.document().items() if value != NO_FAULTS.document()[name]}
    return {
        "name": plan.name,
        "model": plan.model,
        "firmware": unit.identity.software_version,
        "state": unit.state.name.lower().replace("_", " "),
        "boots": unit.boots,
        "links": {
            "http": f"http://{plan.address}:{unit.services['http'].port}/" if unit.is_open("http") else "",
            "https": f"https://{plan.address}:{unit.services['https'].port}/" if unit.is_open("https") else "",
        },
        "sip_tls": f"{plan.address}:{unit.services['sips_tcp'].port}" if unit.is_open("sips_tcp") else "",
        "serving": _words(unit.serving if unit.is_open("https") else None),
        "stored": _words(unit.store.stored),
        "pending": unit.store.restart_required,
        "defect": plan.defect or "",
        "faults": ", ".join(f"{name} = {value}" for name, value in faults.items()),
        "lines": plan.lines,
    }


def _words(pair: Pair | None) -> str:
    if pair is None:
        return "nothing"
    fingerprint = hashlib.sha256(pair.leaf).hexdigest()[:16]
    return f"{'factory' if pair.is_factory else 'custom'}, {fingerprint}…"
