"""What one unit is called: the part of its pages by which they differ from those of the next unit."""

from __future__ import annotations

import re

MARK = "0wn-"
"""In every stand-in, and in no page that a stand-in is put into."""
STAND_INS = tuple(f"{MARK}{number}" for number in range(3))
"""What they stand in for are host names, addresses and serials. None is, or has in it, a word of any page."""
NAME = re.compile(r"(?=.*\d)[A-Za-z0-9][A-Za-z0-9.-]{4,62}")
"""One without a digit may be a word that pages have, or that HTML has."""


class OwnNames:
    """The names of one unit, to be put aside while its pages are read, and back again."""

    def __init__(self, *names: str) -> None:
        """Always given in the same order. Those that could not be anything else are put aside."""
        pairs = [pair for pair in zip(names, STAND_INS, strict=False) if NAME.fullmatch(pair[0])]
        # One may be a part of another.
        self._pairs = sorted(pairs, key=lambda pair: len(pair[0]), reverse=True)
        self._octets = [(name.encode(), stand_in.encode()) for name, stand_in in self._pairs]

    def aside(self, body: bytes) -> bytes | None:
        """The page with the names replaced; None where it could not be undone."""
        if MARK.encode() in body:
            return None
        for name, stand_in in self._octets:
            body = body.replace(name, stand_in)
        return body

    def back(self, text: str) -> str:
        """A text of a page that was read with the names aside, as it is."""
        if MARK in text:
            for name, stand_in in self._pairs:
                text = text.replace(stand_in, name)
        return text


NAMELESS = OwnNames()
