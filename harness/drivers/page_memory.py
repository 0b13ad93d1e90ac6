"""Pages that are shown over and over, read once.

A unit is asked for the same page again and again, and mostly finds nothing to change on it but the value of a hidden
input, good for one time; and the next unit of a lab shows the same page under another name. To read such a page anew
costs more than all the rest of the exchange.
"""

from __future__ import annotations

import re
import threading
from collections import OrderedDict
from dataclasses import dataclass

from harness.drivers.document import Control, Document, Kind
from harness.drivers.encoding import decode_page
from harness.drivers.own_names import NAMELESS, OwnNames
from harness.drivers.reading import read_page

ONE_TIME = re.compile(
    rb"""(<input\b[^<>]*?\btype\s*=\s*["']?hidden["']?\s[^<>]*?\bvalue\s*=\s*")([A-Za-z0-9+/=_.:-]{4,256})(")""",
    re.IGNORECASE,
)
GAP = b"\0"
"""In place of a value; no page that is remembered has one."""
MOST = 192
"""Pages that are remembered: those of an administrator's way round, in every state that a suite brings a unit to."""


@dataclass(frozen=True)
class _Known:
    document: Document
    one_time: tuple[int, ...]
    """Where the controls with these values stand among its items."""


class PageMemory:
    """Of any number of units, whose pages are alike but for their names; safe to use from several threads."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[str, str, bytes], _Known] = OrderedDict()
        self._lock = threading.Lock()

    def read(self, url: str, body: bytes, content_type: str, names: OwnNames = NAMELESS) -> Document:
        """As `read_page`, of the unit of these names."""
        page_url, page = names.aside(url.encode()), names.aside(body)
        if GAP in body or page_url is None or page is None:
            return read_page(url, body, content_type)
        # What stands before a value, its input's beginning, the value, and its end, over and over.
        parts = ONE_TIME.split(page)
        values = [names.back(value.decode("ascii")) for value in parts[2::4]]
        parts[2::4] = [GAP] * len(values)
        key = page_url.decode(), content_type, b"".join(parts)
        # Lanes go the same way at the same time: who comes second waits until the first has read it.
        with self._lock:
            known = self._known.get(key)
            if known is None and (known := _learned(*key[:2], page)) is None:
                return read_page(url, body, content_type)
            self._known[key] = known
            self._known.move_to_end(key)
            if len(self._known) > MOST:
                self._known.popitem(last=False)
        markup, _ = decode_page(body, content_type)
        return known.document.alike(names, dict(zip(known.one_time, values, strict=True)), markup)


def _learned(url: str, content_type: str, page: bytes) -> _Known | None:
    """None where not each of the one-time values is that of a control."""
    document = read_page(url, page, content_type)
    values = tuple(found[2].decode("ascii") for found in ONE_TIME.finditer(page))
    hidden = {
        at: item.values[0]
        for at, item in enumerate(document.items)
        if isinstance(item, Control) and item.kind is Kind.HIDDEN and item.values[0] in values
    }
    # What looks like an input may be in a comment, a script or a text: then it is none of the controls.
    return _Known(document, tuple(hidden)) if tuple(hidden.values()) == values else None


ALL_PAGES = PageMemory()
"""Of the units that this process talks to."""
