"""What a browser sends, taken apart without changing a byte of it."""

from __future__ import annotations

import functools
import re
from email.message import Message
from urllib.parse import parse_qs


class FormDamaged(Exception):
    """The body is not what its content type says."""


def parse_form(content_type: str, body: bytes) -> dict[str, bytes]:
    """Field name to content, the last of a name winning; a file field gives the file's bytes as they came.

    Raises FormDamaged.
    """
    # The email package cannot take apart octets beyond ASCII that are half text, half not.
    if not content_type.isascii():
        raise FormDamaged("the content type is not ASCII")
    kind, boundary = _content_type(content_type)
    match kind:
        case "multipart/form-data":
            if not isinstance(boundary, str) or not boundary.isascii():
                raise FormDamaged("the content type names no boundary")
            return _multipart(boundary.encode(), body)
        case "application/x-www-form-urlencoded":
            try:
                fields = parse_qs(body.decode("ascii"), keep_blank_values=True, encoding="latin-1")
            except ValueError as error:
                raise FormDamaged("the body is not URL-encoded") from error
            # Latin-1 keeps each byte: which character set the unit reads passwords in is unknown.
            return {name: values[-1].encode("latin-1") for name, values in fields.items()}
    raise FormDamaged("the body is no form")


# The email package takes a tenth of a millisecond for a header. Browsers and drivers say the same again and again,
# but for the boundary, which is a plain word with all of them.
PLAIN_BOUNDARY = re.compile(r"multipart/form-data; boundary=([A-Za-z0-9_-]+)")


def _content_type(text: str) -> tuple[str, object]:
    """The type, and its parameter `boundary`."""
    if (plain := PLAIN_BOUNDARY.fullmatch(text)) is not None:
        return "multipart/form-data", plain[1]
    header = Message()
    header["content-type"] = text
    return header.get_content_type(), header.get_param("boundary")


def _multipart(boundary: bytes, body: bytes) -> dict[str, bytes]:
    """RFC 7578, as lenient as browsers are strict: only what is needed to tell the parts apart."""
    _, *parts = (b"\r\n" + body).split(b"\r\n--" + boundary)
    if not parts:
        raise FormDamaged("the boundary does not occur")
    if not any(part.startswith(b"--") for part in parts):
        raise FormDamaged("the closing boundary is missing")
    fields: dict[str, bytes] = {}
    for part in parts:
        if part.startswith(b"--"):
            break
        head, separator, content = part.partition(b"\r\n\r\n")
        name = _field_name(head)
        if not separator or name is None:
            raise FormDamaged("a part has no name")
        fields[name] = content
    return fields


def file_names(content_type: str, body: bytes) -> list[str]:
    """Of the files in a form that `parse_form` has taken apart."""
    header = Message()
    header["content-type"] = content_type
    parts = body.split(b"--" + str(header.get_param("boundary")).encode())
    found = (re.search(rb'filename="([^"]*)"', part.partition(b"\r\n\r\n")[0]) for part in parts)
    return [one[1].decode("latin-1") for one in found if one is not None]


LONGEST_KNOWN = 512


def _field_name(head: bytes) -> str | None:
    """By the part's header. That of a field is the same in each submission."""
    return _known_field_name(head) if len(head) <= LONGEST_KNOWN else _read_field_name(head)


@functools.lru_cache(64)
def _known_field_name(head: bytes) -> str | None:
    return _read_field_name(head)


def _read_field_name(head: bytes) -> str | None:
    for line in head.decode("latin-1").split("\r\n"):
        key, _, value = line.partition(":")
        if key.strip().lower() == "content-disposition":
            header = Message()
            header["content-disposition"] = value.strip()
            name = header.get_param("name", header="content-disposition")
            return name if isinstance(name, str) else None
    return None
