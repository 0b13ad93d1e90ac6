"""Network > SSL certificates (device-reference 2)."""

from __future__ import annotations

from certstore import Refusal, Upload, UploadRefused
from harness.emulator.audit import AuditSeverity, Module
from harness.emulator.certificate_table import certificate_rows, printed
from harness.emulator.http_server import Answer
from harness.emulator.rendering import Text, prepared
from harness.emulator.unit import EmulatedUnit
from harness.emulator.visiting import Admitted, administrators_only, back_to, denied, is_pressed, submission


@administrators_only
async def certificates(visit: Admitted) -> Answer:
    unit = visit.unit
    trust, stores = unit.administration.trust, unit.skin.trust.stores
    return prepared(
        "certificates",
        unit,
        visit.session,
        rows=certificate_rows(unit),
        factory=unit.store.stored.is_factory,
        greyed=_is_greyed(unit),
        anchors=tuple(tuple(printed(anchor, unit) for anchor in trust.anchors(store)) for store in stores),
        asked_to_delete=visit.session.asked_to_delete,
        sip_verification=trust.sip_verification,
        client_security=trust.client_security,
        server_security=trust.server_security,
        ocsp_check=trust.ocsp_check,
        ocsp_nonce=trust.ocsp_nonce,
        ocsp_url=Text(trust.ocsp_url),
    )


@administrators_only
async def change_certificates(visit: Admitted) -> Answer:
    fields = await submission(visit)
    texts = visit.unit.skin.certificates
    if fields is None:
        return denied(visit.unit)
    if _is_greyed(visit.unit):
        return back_to("certificates", visit, texts.no_key)
    if is_pressed(fields, texts.delete_field, texts.delete_button, texts.upload_field):
        return back_to("certificates", visit, _delete(visit))
    upload = Upload(
        certificate=fields.get(texts.certificate_field, b""),
        private_key=fields.get(texts.key_field, b""),
        # An empty field is what a browser sends for one that was not filled in.
        passphrase=fields.get(texts.passphrase_field) or None,
    )
    if not await visit.unit.conduct.takes_form(visit.request):
        return _refused(visit, Refusal.NO_CERTIFICATE)
    try:
        await visit.unit.upload(upload)
    except UploadRefused as refused:
        return _refused(visit, refused.refusal)
    _record(visit, AuditSeverity.INFO, visit.unit.conduct.audit_of_upload(upload))
    return back_to("certificates", visit, texts.uploaded)


def _refused(visit: Admitted, refusal: Refusal) -> Answer:
    texts = visit.unit.skin.certificates
    _record(visit, AuditSeverity.WARNING, "an upload of a certificate and private key was refused")
    return back_to("certificates", visit, f"{texts.refused} {texts.refusals[refusal]}.")


@administrators_only
async def remove_pair(visit: Admitted) -> Answer:
    """Of a unit whose button for it has a form of its own."""
    if await submission(visit) is None:
        return denied(visit.unit)
    return back_to("certificates", visit, _delete(visit))


def _delete(visit: Admitted) -> str:
    unit, texts = visit.unit, visit.unit.skin.certificates
    if unit.store.stored.is_factory:
        return texts.nothing_to_delete
    unit.remove()
    _record(visit, AuditSeverity.INFO, "the custom certificate and private key were deleted")
    return texts.deleted


def _is_greyed(unit: EmulatedUnit) -> bool:
    """Without a key the page is of no use (2.1, mark D)."""
    return not unit.has_https_key and unit.skin.certificates.without_key == "greyed"


def _record(visit: Admitted, severity: AuditSeverity, what: str) -> None:
    # That changes of security settings are recorded is D, that this one is among them I, the words U (10).
    visit.unit.administration.audit.record(Module.WEB, severity, f"{what} by {visit.session.user}")
