"""What an upload looks like, with nothing in it that could be a secret: for reports."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby

from certstore import Upload

# Lines that hold no octet of a key: the borders of PEM blocks, and the headers of an encrypted one but for its salt.
_BORDER = re.compile(rb"-----(?:BEGIN|END) [A-Za-z0-9 .]*-----[ \t]*")
_PROC_TYPE = re.compile(rb"Proc-Type: *[0-9A-Z,]*[ \t]*", re.IGNORECASE)
_DEK_INFO = re.compile(rb"(DEK-Info: *[0-9A-Z-]*),.*", re.IGNORECASE)


def outline(upload: Upload) -> str:
    """The two files line by line, base64 and anything unknown only counted, and the passphrase's length."""
    passphrase = "no passphrase" if upload.passphrase is None else f"a passphrase of {len(upload.passphrase)} bytes"
    certificate, private_key = _of_file(upload.certificate), _of_file(upload.private_key)
    return f"certificate file: {certificate}\nprivate key file: {private_key}\n{passphrase}"


def _of_file(content: bytes) -> str:
    if not content:
        return "empty"
    parts = []
    for what, lines in groupby(_lines(content)):
        count = len(list(lines))
        parts.append(what if count == 1 else f"{count} x {what}")
    return "; ".join(parts)


def _lines(content: bytes) -> Iterator[str]:
    for line in content.splitlines(keepends=True):
        text = line.rstrip(b"\r\n")
        ending = {b"\n": "", b"\r\n": " CRLF", b"\r": " CR"}.get(line[len(text) :], " without line end")
        if _BORDER.fullmatch(text) or _PROC_TYPE.fullmatch(text):
            yield text.decode("ascii").replace("\t", "\\t") + ending
        elif known := _DEK_INFO.fullmatch(text):
            yield f"{known[1].decode('ascii')},...{ending}"
        elif text:
            yield f"[{len(text)} bytes]{ending}"
        else:
            yield f"[blank]{ending}"
