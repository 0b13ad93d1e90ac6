"""What a driver, or an emulation, needs to know of a page: its forms, their fields by name and label, its links."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from harness.capture.walk import Answered
from harness.drivers.document import PRESSED, Control, Document, Kind
from harness.drivers.labels import labels
from harness.drivers.masking import HIDDEN
from harness.drivers.sight import heading

LONGEST = 200


def facts_of(answered: Answered, file: str) -> dict[str, Any]:
    """For the manifest; the values of fields are not among them, except those that a page sends back as they are."""
    reply, document = answered.reply, answered.document
    facts: dict[str, Any] = {
        "path": answered.path,
        "logged_in": answered.inside,
        "status": reply.status,
        "content_type": reply.content_type,
        "milliseconds": answered.milliseconds,
        "bytes": len(reply.body),
        "file": file or None,
    }
    if reply.location:
        facts["location"] = reply.location.partition("?")[0]
    if document is None:
        return facts
    return facts | {
        "title": document.title[:LONGEST],
        "heading": heading(document)[:LONGEST],
        "charset": document.charset,
        "frames": [{"name": frame.name, "path": _path(frame.url)} for frame in document.frames],
        "links": [{"text": link.text[:LONGEST], "path": _path(link.url)} for link in answered.links],
        "forms": [_form(document, number, answered.one_time) for number in range(len(document.forms))],
    }


def _form(document: Document, number: int, one_time: frozenset[str]) -> dict[str, Any]:
    form = document.forms[number]
    controls = [
        (position, item)
        for position, item in enumerate(document.items)
        if isinstance(item, Control) and item.form == number
    ]
    return {
        "method": form.method,
        "path": _path(form.action),
        "enctype": form.enctype,
        "fields": [_field(document, position, one, one_time) for position, one in controls],
    }


def _field(document: Document, position: int, control: Control, one_time: frozenset[str]) -> dict[str, Any]:
    facts: dict[str, Any] = {"kind": control.kind.name.lower(), "name": control.name}
    if control.kind in PRESSED:
        facts["caption"] = control.caption
    elif control.kind is Kind.HIDDEN:
        is_new = control.name in one_time
        facts |= {"one_time": is_new, "value": HIDDEN if is_new else " ".join(control.values)[:LONGEST]}
    else:
        facts["label"] = next((label.text for label in labels(document, position)), "")[:LONGEST]
    if control.kind is Kind.SELECT:
        facts["options"] = [text for text, _ in control.options]
    if not control.enabled:
        facts["greyed"] = True
    return facts


def _path(url: str) -> str:
    parts = urlsplit(url)
    return parts.path or "/"
