"""Mutations of DER that keep it nearly right: one value is changed, and the lengths around it usually follow."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from certstore.ber import BIT_STRING, CONSTRUCTED, OCTET_STRING, SEQUENCE
from certstore.der import encoded as value

Mutate = Callable[[bytes, int], bytes]

# Start, start of the content, end.
Span = tuple[int, int, int]

_TAGS = bytes(
    (1, 2, 3, 4, 5, 6, 10, 12, 19, 22, 23, 24, 28, 30, 0x30, 0x31, 0x80, 0x81, 0xA0, 0xA1, 0xA3, 0x24, 0x1F)
)
_LENGTHS = (
    b"\x00",
    b"\x7f",
    b"\x80",
    b"\x81\x00",
    b"\x81\x05",
    b"\x82\x01\x00",
    b"\x84\xff\xff\xff\xff",
    b"\x88" + b"\xff" * 8,
    b"\x88" + b"\x00" * 7 + b"\x03",
    b"\x89" + b"\x00" * 9,
    b"\xff",
)
_CONTENTS = (
    b"",
    b"\x00",
    b"\x01",
    b"\x08",
    b"\x09",
    b"\x7f",
    b"\x80",
    b"\xff",
    b"\x00\xff",
    b"\x00\x00\x01",
    b"\x7f\xff\xff\xff",
    b"\x80\x00\x00\x00",
    b"\x01\x00\x00\x00\x00",
    b"\x7f" + b"\xff" * 7,
    b"\x00" + b"\xff" * 9,
    b"\x04" + b"\x01" * 64,
)


def span(octets: bytes, start: int, end: int) -> Span | None:
    """The value at `start` if it is plain DER with a short tag and lies before `end`."""
    if end - start < 2:
        return None
    length = octets[start + 1]
    content = start + 2
    if length >= 0x80:
        width = length & 0x7F
        length = int.from_bytes(octets[content : content + width])
        content += width
    stop = content + length
    return (start, content, stop) if stop <= end else None


def path(octets: bytes, random: Random) -> list[Span]:
    """From the outermost value down to one chosen at random, into strings that hold DER as well."""
    found: list[Span] = []
    start, end = 0, len(octets)
    while True:
        siblings: list[Span] = []
        while (here := span(octets, start, end)) is not None:
            siblings.append(here)
            start = here[2]
        if not siblings:
            return found
        chosen = siblings[int(random.random() * len(siblings))]
        found.append(chosen)
        tag = octets[chosen[0]]
        _, start, end = chosen
        if tag == BIT_STRING:
            start += 1
        holds_more = tag & CONSTRUCTED or (tag in (BIT_STRING, OCTET_STRING) and octets[start : start + 1] == b"0")
        if not holds_more or random.random() < 0.15:
            return found


def snippets(octets: bytes) -> set[bytes]:
    """Every short value inside, for planting elsewhere."""
    found: set[bytes] = set()
    waiting = [(0, len(octets))]
    while waiting:
        start, end = waiting.pop()
        while (here := span(octets, start, end)) is not None:
            start, content, stop = here
            if stop - start <= 64:
                found.add(octets[start:stop])
            if octets[start] & CONSTRUCTED:
                waiting.append((content, stop))
            elif octets[start] in (BIT_STRING, OCTET_STRING):
                inside = content + (octets[start] == BIT_STRING)
                if octets[inside : inside + 1] == bytes([SEQUENCE]):
                    waiting.append((inside, stop))
            start = stop
    return found


class Mutator:
    """Changes DER; `pool` are values to plant."""

    def __init__(self, random: Random, pool: list[bytes], mutate: Mutate) -> None:
        self._random = random
        self._pool = pool
        self._mutate = mutate
        # Those that keep the structure readable stand more than once.
        self._changes: tuple[Callable[[bytes, bytes, bytes], bytes], ...] = (
            *(self._content,) * 4,
            *(self._known_content,) * 2,
            *(self._planted,) * 3,
            self._deleted,
            self._doubled,
            self._before,
            self._tag,
            self._length,
            self._indefinite,
            self._in_pieces,
            self._wrapped,
        )

    def changed(self, octets: bytes) -> bytes:
        """The DER with one value changed."""
        spans = path(octets, self._random)
        if not spans:
            return self._mutate(octets, len(octets) + 16)
        start, content, stop = spans[-1]
        change = self._random.choice(self._changes)
        new = change(octets[start:content], octets[content:stop], octets[start:stop])
        octets = octets[:start] + new + octets[stop:]
        grown = len(new) - (stop - start)
        if grown and self._random.random() < 0.9:
            octets = _lengths_corrected(octets, spans[:-1], grown)
        return octets

    # Each is given the head, the content and the whole of a value, and gives what to write in its place.

    def _content(self, head: bytes, content: bytes, whole: bytes) -> bytes:
        return value(head[0], self._mutate(content, len(content) + 16))

    def _known_content(self, head: bytes, content: bytes, whole: bytes) -> bytes:
        return value(head[0], self._random.choice(_CONTENTS))

    def _planted(self, head: bytes, content: bytes, whole: bytes) -> bytes:
        return self._random.choice(self._pool)

    def _deleted(self, head: bytes, content: bytes, whole: bytes) -> bytes:
        return b""

    def _doubled(self, head: bytes, content: bytes, whole: bytes) -> bytes:
        return whole + whole

    def _before(self, head: bytes, content: bytes, whole: bytes) -> bytes:
        return self._random.choice(self._pool) + whole

    def _tag(self, head: bytes, content: bytes, whole: bytes) -> bytes:
        return bytes([self._random.choice(_TAGS)]) + whole[1:]

    def _length(self, head: bytes, content: bytes, whole: bytes) -> bytes:
        return head[:1] + self._random.choice(_LENGTHS) + content

    def _indefinite(self, head: bytes, content: bytes, whole: bytes) -> bytes:
        return bytes([head[0] | CONSTRUCTED, 0x80]) + content + b"\0\0"

    def _in_pieces(self, head: bytes, content: bytes, whole: bytes) -> bytes:
        middle = len(content) // 2
        tag = head[0] & ~CONSTRUCTED
        return value(head[0] | CONSTRUCTED, value(tag, content[:middle]), value(tag, content[middle:]))

    def _wrapped(self, head: bytes, content: bytes, whole: bytes) -> bytes:
        return value(self._random.choice(_TAGS), whole)


def _lengths_corrected(octets: bytes, outer: list[Span], grown: int) -> bytes:
    """The same with the lengths of the values around the change made right, the innermost first."""
    for start, content, stop in reversed(outer):
        corrected = value(octets[start], octets[content : stop + grown])
        octets = octets[:start] + corrected + octets[stop + grown :]
        grown += len(corrected) - (stop + grown - start)
    return octets
