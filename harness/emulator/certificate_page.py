"""Network > SSL certificates (device-reference 2)."""

from __future__ import annotations

from certstore import Upload, UploadRefused
from harness.emulator.certificate_table import certificate_rows
from harness.emulator.unit import EmulatedUnit
from harness.emulator.visiting import Admitted, Answer, administrators_only, back_to, denied, render, submission


@administrators_only
async def certificates(visit: Admitted) -> Answer:
    return render("certificates", visit.unit, visit.session, rows=certificate_rows(visit.unit))


@administrators_only
async def change_certificates(visit: Admitted) -> Answer:
    fields = await submission(visit)
    texts = visit.unit.skin.certificates
    if fields is None:
        return denied(visit.unit)
    if texts.delete_field in fields:
        return back_to("certificates", visit, _delete(visit.unit))
    upload = Upload(
        certificate=fields.get(texts.certificate_field, b""),
        private_key=fields.get(texts.key_field, b""),
        # An empty field is what a browser sends for one that was not filled in.
        passphrase=fields.get(texts.passphrase_field) or None,
    )
    try:
        await visit.unit.upload(upload)
    except UploadRefused as refused:
        return back_to("certificates", visit, f"{texts.refused} {texts.refusals[refused.refusal]}.")
    return back_to("certificates", visit, texts.uploaded)


def _delete(unit: EmulatedUnit) -> str:
    texts = unit.skin.certificates
    if unit.store.stored.is_factory:
        return texts.nothing_to_delete
    unit.remove()
    return texts.deleted
