"""What a browser sends when a filled form's button is pressed (HTML 4.12 and 17.13)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode

from urllib3.filepost import encode_multipart_formdata

from harness.drivers.document import Control, Kind
from harness.drivers.sight import Found
from harness.errors import UnitError

MULTIPART = "multipart/form-data"
URLENCODED = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class FileContent:
    """What goes into a file field."""

    name: str
    content: bytes = field(repr=False)


Filling = Mapping[Control, bytes | str | FileContent]


@dataclass(frozen=True)
class Submission:
    """One request, complete; its body is never shown."""

    method: str
    url: str
    content_type: str
    body: bytes = field(repr=False)


def fill_in(found: Found, filling: Filling) -> Submission:
    """The request that sends this form with these fields filled in; all other fields go as they stand on the page.

    Raises UnitError where the form cannot carry files but is to, or has a method that no browser knows.
    """
    charset = found.form.charset or found.document.charset
    parts = [
        (control.name, value)
        for control in found.controls
        if _is_sent(found, control)
        for value in _values(control, filling)
    ]
    if found.button.kind is Kind.IMAGE:
        prefix = f"{found.button.name}." if found.button.name else ""
        parts += [(f"{prefix}x", "1"), (f"{prefix}y", "1")]
    url = found.button.action or found.form.action
    if found.form.method == "post" and found.form.enctype == MULTIPART:
        return _multipart(url, parts, charset)
    carried = [name for name, value in parts if isinstance(value, FileContent) and value.content]
    if carried:
        raise UnitError(
            f"page {found.document.title!r}: the form of {found.button.caption!r} is"
            f" {found.form.method} {found.form.enctype or URLENCODED}, which cannot send a file"
        )
    pairs = [(name, value.name if isinstance(value, FileContent) else value) for name, value in parts]
    encoded = urlencode(pairs, encoding=charset, errors="xmlcharrefreplace")
    match found.form.method:
        case "post":
            return Submission("POST", url, URLENCODED, encoded.encode("ascii"))
        case "get" | "":
            return Submission("GET", f"{url.partition('?')[0]}?{encoded}", "", b"")
    raise UnitError(f"page {found.document.title!r}: a form has the method {found.form.method!r}")


def _is_sent(found: Found, control: Control) -> bool:
    """Whether a control is successful, as HTML 17.13.2 calls it."""
    if not control.name or not control.enabled:
        return False
    match control.kind:
        case Kind.SUBMIT:
            return control is found.button
        case Kind.IMAGE | Kind.BUTTON | Kind.RESET:
            return False
        case Kind.CHECKBOX | Kind.RADIO:
            return control.checked
    return True


def _values(control: Control, filling: Filling) -> tuple[bytes | str | FileContent, ...]:
    if control in filling:
        return (filling[control],)
    if control.kind is Kind.FILE:
        # A browser sends a file field that was left alone as an empty, nameless file.
        return (FileContent("", b""),)
    return control.values


def _multipart(url: str, parts: list[tuple[str, bytes | str | FileContent]], charset: str) -> Submission:
    fields = [
        (name, (value.name, value.content, "application/octet-stream"))
        if isinstance(value, FileContent)
        else (name, value if isinstance(value, bytes) else value.encode(charset, "xmlcharrefreplace"))
        for name, value in parts
    ]
    body, content_type = encode_multipart_formdata(fields)
    return Submission("POST", url, content_type, body)
