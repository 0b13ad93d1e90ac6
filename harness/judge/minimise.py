"""The smallest upload on which two judges still differ: delta debugging over the three fields of the form.

Coarse units first: a field as a whole, then its PEM blocks, then lines, then bytes. Of each list of units, pieces of
half its length are left out, then of a quarter, down to single ones (Zeller and Hildebrandt, "Simplifying and
Isolating Failure-Inducing Input", 2002; only the complements are tried, as a single block is hardly ever enough).
All levels are gone through again until none takes anything away.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from itertools import pairwise
from typing import TypeAlias

from certstore import Upload

Disagree: TypeAlias = Callable[[Upload], bool]
Budget: TypeAlias = Callable[[], bool]
"""Whether one more question may be asked."""


class Ending(Enum):
    """Why the search ended."""

    SMALLEST = "nothing more can be left out of it"
    BUDGET = "the budget is spent; it may not be the smallest"


@dataclass(frozen=True, slots=True)
class Minimised:
    """The upload that is left, why the search ended, and how many questions it took."""

    upload: Upload
    ending: Ending
    questions: int


class _Spent(Exception):
    """The budget is."""


class Field(Enum):
    """The fields of the form, in the order in which they are made smaller."""

    PASSPHRASE = "passphrase"
    CERTIFICATE = "certificate"
    PRIVATE_KEY = "private_key"

    def of(self, upload: Upload) -> bytes:
        content: bytes | None = getattr(upload, self.value)
        return content or b""

    def put(self, upload: Upload, content: bytes) -> Upload:
        fields: dict[str, bytes] = {self.value: content}
        return replace(upload, **fields)


# A block with its line ends, and what stands between two of them.
_BLOCK = re.compile(rb"^-----BEGIN [^\n]*\n.*?^-----END [^\n]*(?:\n|\Z)", re.MULTILINE | re.DOTALL)


def blocks(content: bytes) -> list[bytes]:
    """PEM blocks and the text between them; joined they are the content."""
    edges = [0, *(edge for block in _BLOCK.finditer(content) for edge in block.span()), len(content)]
    return [content[start:end] for start, end in pairwise(edges) if start < end]


def lines(content: bytes) -> list[bytes]:
    """Lines with their line ends, LF alone counting as one."""
    return re.findall(rb"[^\n]*\n|[^\n]+\Z", content)


def octets(content: bytes) -> list[bytes]:
    return [content[at : at + 1] for at in range(len(content))]


LEVELS: tuple[Callable[[bytes], list[bytes]], ...] = (blocks, lines, octets)


def minimise(upload: Upload, disagree: Disagree, budget: Budget) -> Minimised:
    """The smallest upload found for which `disagree` still holds; the same one for the same arguments.

    With Ending.SMALLEST no block, line or byte can be left out of it any more. `budget` is asked before each
    question. ValueError if `disagree` does not hold for `upload` itself.
    """
    search = _Search(upload, disagree, budget)
    if not disagree(upload):
        raise ValueError("the judges do not disagree on this upload")
    try:
        while search.shrinks():
            pass
    except _Spent:
        return Minimised(search.best, Ending.BUDGET, search.questions)
    return Minimised(search.best, Ending.SMALLEST, search.questions)


class _Search:
    """The smallest upload so far. What has been asked is not asked again."""

    def __init__(self, upload: Upload, disagree: Disagree, budget: Budget) -> None:
        self.best = upload
        self.questions = 0
        self._disagree = disagree
        self._budget = budget
        self._no: set[Upload] = set()

    def shrinks(self) -> bool:
        """Go through all levels of all fields once; whether anything was left out."""
        before = self.best
        if self.best.passphrase is not None:
            self._try(replace(self.best, passphrase=None))
        for level in LEVELS:
            for field in Field:
                self._leave_out(field, level)
        return self.best != before

    def _leave_out(self, field: Field, level: Callable[[bytes], list[bytes]]) -> None:
        units = level(field.of(self.best))
        length = len(units)
        while units and length:
            units, shorter = self._leave_out_pieces(field, units, length)
            if not shorter or length > 1:
                length = min(length // 2, len(units))

    def _leave_out_pieces(self, field: Field, units: Sequence[bytes], length: int) -> tuple[list[bytes], bool]:
        """All pieces of this length once, from the end: what comes last is seldom what decides."""
        left = list(units)
        for start in _starts(len(units), length):
            without = left[:start] + left[start + length :]
            if self._try(field.put(self.best, b"".join(without))):
                left = without
        return left, len(left) < len(units)

    def _try(self, upload: Upload) -> bool:
        if upload in self._no:
            return False
        if not self._budget():
            raise _Spent
        self.questions += 1
        if not self._disagree(upload):
            self._no.add(upload)
            return False
        self.best = upload
        return True


def _starts(count: int, length: int) -> Iterator[int]:
    return iter(range((count - 1) // length * length, -1, -length))
