"""The trust stores of Network > SSL certificates, and what is verified with them (device-reference 2.4)."""

from __future__ import annotations

from dataclasses import replace

from harness.emulator.audit import AuditSeverity, Module
from harness.emulator.http_server import Answer
from harness.emulator.trust import NoTrustStore, read_trust_store
from harness.emulator.visiting import Admitted, administrators_only, back_to, denied, submission


@administrators_only
async def change_trust(visit: Admitted) -> Answer:
    unit = visit.unit
    fields = await submission(visit)
    store = (fields or {}).get("store", b"").decode("ascii", "replace")
    if fields is None or store not in unit.skin.trust.stores:
        return denied(unit)
    notice: str | None
    asked, visit.session.asked_to_delete = visit.session.asked_to_delete, None
    match fields:
        case {"upload": _}:
            notice = _upload(visit, store, fields.get("file", b""))
        case {"delete": _}:
            notice = _ask(visit, store)
        case {"confirm": _} if asked == store:
            notice = _delete(visit, store)
        case {"apply": _}:
            notice = _apply(visit, store, fields)
        case _:
            notice = None
    return back_to("certificates", visit, notice)


def _upload(visit: Admitted, store: str, file: bytes) -> str:
    administration, texts = visit.unit.administration, visit.unit.skin.pages["trust"].texts
    try:
        anchors = read_trust_store(file)
    except NoTrustStore:
        return texts["refused"]
    administration.change_trust(administration.trust.with_store(store, anchors))
    _record(visit, f"{visit.unit.skin.trust.titles[store]} uploaded")
    return texts["uploaded"]


def _ask(visit: Admitted, store: str) -> str | None:
    if not visit.unit.administration.trust.anchors(store):
        return visit.unit.skin.pages["trust"].texts["empty"]
    # Deleting a trust store asks for confirmation (mark D).
    visit.session.asked_to_delete = store
    return None


def _delete(visit: Admitted, store: str) -> str:
    administration = visit.unit.administration
    administration.change_trust(administration.trust.without_store(store))
    _record(visit, f"{visit.unit.skin.trust.titles[store]} deleted")
    return visit.unit.skin.pages["trust"].texts["deleted"]


def _apply(visit: Admitted, store: str, fields: dict[str, bytes]) -> str:
    """The settings of one store's section; what cannot be chosen there stays."""
    skin, administration = visit.unit.skin.trust, visit.unit.administration
    trust = administration.trust

    def chosen(name: str, choices: dict[str, str], now: str) -> str:
        value = fields.get(name, b"").decode("ascii", "replace")
        return value if value in choices else now

    if store == "sip":
        calls = chosen("sip_verification", skin.sip_verification, trust.sip_verification)
        trust = replace(trust, sip_verification=calls)
    else:
        trust = replace(
            trust,
            client_security=chosen("client_security", skin.client_security, trust.client_security),
            server_security=chosen("server_security", skin.server_security, trust.server_security),
            ocsp_check="ocsp_check" in fields,
            ocsp_url=fields.get("ocsp_url", b"").decode("ascii", "replace")[:255],
            ocsp_nonce="ocsp_nonce" in fields,
        )
    administration.change_trust(trust)
    _record(visit, f"{skin.titles[store]} settings changed")
    return visit.unit.skin.pages["trust"].texts["applied"]


def _record(visit: Admitted, what: str) -> None:
    visit.unit.administration.audit.record(Module.WEB, AuditSeverity.INFO, f"{what} by {visit.session.user}")
