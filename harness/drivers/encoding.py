"""In which encoding a page is written, and so in which its forms are sent."""

from __future__ import annotations

import codecs
import re

LATIN_1 = frozenset(("iso-8859-1", "latin1", "latin-1", "us-ascii", "ascii"))
CHARSET = re.compile(rb"charset\s*=\s*[\"']?\s*([A-Za-z0-9_.:-]+)", re.IGNORECASE)


def decode_page(body: bytes, content_type: str) -> tuple[str, str]:
    """The page's text, and the encoding in which its forms are to be sent."""
    declared = CHARSET.search(content_type.encode("latin-1", "replace")) or CHARSET.search(body[:2048])
    name = declared[1].decode("ascii").lower().replace("_", "-") if declared else "utf-8"
    if body.startswith(codecs.BOM_UTF8):
        body, name = body.removeprefix(codecs.BOM_UTF8), "utf-8"
    elif name in LATIN_1:
        # Every browser reads it so.
        name = "cp1252"
    try:
        # What is declared holds even where a byte is wrong; what is only guessed must fit.
        text = body.decode(name, errors="replace" if declared else "strict")
    except (LookupError, UnicodeError):
        # Not an encoding, or none of texts, or not UTF-8 after all.
        name = "cp1252"
        text = body.decode(name, errors="replace")
    return text.replace("\0", ""), name
