"""Pages of one unit that it shows over and over, read once.

A unit is asked for the same page again and again, and mostly finds nothing to change on it but the value of a hidden
input, good for one time. To read such a page anew costs more than all the rest of the exchange.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from dataclasses import dataclass

from harness.drivers.document import Control, Document, Kind
from harness.drivers.encoding import decode_page
from harness.drivers.reading import read_page

ONE_TIME = re.compile(
    rb"""(<input\b[^<>]*?\btype\s*=\s*["']?hidden["']?\s[^<>]*?\bvalue\s*=\s*")([A-Za-z0-9+/=_.:-]{4,256})(")""",
    re.IGNORECASE,
)
MARK = b"\0"
"""In place of a value; no page that is remembered has one."""
MOST = 12
"""Pages that are remembered of one unit: those of an administrator's way round."""


@dataclass(frozen=True)
class _Known:
    document: Document
    one_time: tuple[int, ...]
    """Where the controls with these values stand among its items."""


class PageMemory:
    """Of one unit; for one thread at a time."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[str, str, bytes], _Known] = OrderedDict()

    def read(self, url: str, body: bytes, content_type: str) -> Document:
        """As `read_page`."""
        if MARK in body:
            return read_page(url, body, content_type)
        values = tuple(found[2].decode("ascii") for found in ONE_TIME.finditer(body))
        key = url, content_type, ONE_TIME.sub(rb"\1\0\3", body)
        known = self._known.get(key)
        if known is not None:
            self._known.move_to_end(key)
            markup, _ = decode_page(body, content_type)
            return known.document.with_values(dict(zip(known.one_time, values, strict=True)), markup)
        document = read_page(url, body, content_type)
        hidden = {
            at: item.values[0]
            for at, item in enumerate(document.items)
            if isinstance(item, Control) and item.kind is Kind.HIDDEN and item.values[0] in values
        }
        # What looks like an input may be in a comment, a script or a text: then it is none of the controls.
        if tuple(hidden.values()) == values:
            self._known[key] = _Known(document, tuple(hidden))
            if len(self._known) > MOST:
                self._known.popitem(last=False)
        return document
