"""Looks for secrets in what was written: one pass over each file, for all of them in all of their forms."""

from __future__ import annotations

import gzip
import io
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO

from harness.errors import BenchError
from harness.secrecy.known import SHORTEST, Known
from harness.secrecy.own_words import is_own_word
from harness.secrecy.shapes import shapes
from harness.secret_forms import Form, forms_of, forms_of_octets

PIECE = 8 * 2**20
OVERLAP = 2**14
"""More than the longest form, with all that may be between its octets."""
MOST_FOUND = 20
"""Of one file: who has so many wants no more."""

# What stands between the octets of a secret that was wrapped anew, spaced or put into a table of digits: left out of
# both before they are compared. The first are how JSON, XML, HTML and addresses write an end of line.
ENDS_OF_LINE = {
    b"\\": (b"\\n", b"\\r"),
    b"&": (b"&#10;", b"&#13;", b"&#xA;", b"&#xD;"),
    b"%": (b"%0A", b"%0D", b"%0a", b"%0d"),
}
"""By the octet that they begin with."""
BETWEEN = b" \t\r\n:"

LONGEST_NEEDLE = 64
"""Octets of a form, dense, by which it is known: all of them would be no surer, and take twice as long to learn. The
most packed of forms has nine octets for a letter."""

PEM = b"PRIVATEKEY-----"
PEM_BODY = re.compile(
    rb"-----BEGIN[A-Z0-9]{0,12}PRIVATEKEY-----(?:Proc-Type4,ENCRYPTEDDEK-Info[A-Za-z0-9-]+,[0-9A-Fa-f]+)?"
    rb"[A-Za-z0-9+/=]{40}"
)
"""A block with something in it: its heading alone is in many texts."""
GZIP, ZIP = b"\x1f\x8b", b"PK\x03\x04"


@dataclass(frozen=True)
class Finding:
    """A secret, without it."""

    file: str
    offset: int
    """Of its first octet, in the file."""
    kind: str
    form: str

    def __str__(self) -> str:
        return f"{self.file}: octet {self.offset}: {self.kind}, as {self.form}"


@dataclass(frozen=True)
class Searched:
    """What was looked at, and what was found there."""

    files: int
    octets: int
    secrets: int
    findings: tuple[Finding, ...]


class Scanner:
    """Knows what to look for."""

    def __init__(self, known: Iterable[Known]) -> None:
        import ahocorasick_rs

        known = tuple(dict.fromkeys(known))
        needles: dict[bytes, Form] = {}
        own = [one for one in known if is_own_word(one)]
        for one in known:
            plain = squeezed(one.octets) if one in own else None
            for form, needle in needles_of(one):
                if needle != plain:
                    needles.setdefault(needle, (one.kind, form))
        for kind, octets in shapes():
            for form, text in forms_of_octets(octets):
                for needle in _encoded(text):
                    needles.setdefault(needle, (kind, form))
        needles[PEM] = ("private key", "PEM")
        self.secrets = len(known)
        self.own_words = tuple(one.kind for one in own)
        """Kinds of those that are looked for in other forms only than as they are."""
        self._meaning = tuple(needles.values())
        self._automaton = ahocorasick_rs.BytesAhoCorasick(list(needles))

    def search(self, paths: Iterable[Path]) -> Searched:
        """All these files, and what is below these folders. Raises BenchError where one cannot be read."""
        files = octets = 0
        found: list[Finding] = []
        for file in files_of(paths):
            try:
                with file.open("rb") as content:
                    found += self.look_into(content, str(file))
                    octets += content.tell()
            except OSError as error:
                raise BenchError(f"{file}: cannot be searched for secrets: {error.strerror}") from error
            files += 1
        return Searched(files, octets, self.secrets, tuple(found))

    def look_into(self, content: BinaryIO, name: str) -> list[Finding]:
        """What is in this file, and in what is packed in it."""
        head = content.read(len(ZIP))
        content.seek(0)
        found = list(self._look(content, name))
        end = content.tell()
        for inner, octets in _unpacked(content, head):
            found += self.look_into(io.BytesIO(octets), f"{name}/{inner}")
        content.seek(end)
        return found

    def _look(self, content: BinaryIO, name: str) -> Iterator[Finding]:
        begin, kept, seen = 0, b"", set[Form]()
        while piece := content.read(PIECE):
            text = kept + piece
            for offset, meaning in self._in(text):
                if meaning not in seen and len(seen) < MOST_FOUND:
                    seen.add(meaning)
                    yield Finding(name, begin + offset, *meaning)
            kept = text[-OVERLAP:]
            begin += len(text) - len(kept)

    def _in(self, text: bytes) -> Iterator[tuple[int, Form]]:
        dense = squeezed(text)
        for number, start, _ in self._automaton.find_matches_as_indexes(dense, overlapping=True):
            meaning = self._meaning[number]
            if meaning[1] == "PEM":
                # The automaton has found where it says so; whether there is a key shows around it.
                block = PEM_BODY.search(dense, max(0, start - 32), start + 400)
                if block is None:
                    continue
            yield _offset(text, start), meaning


def files_of(paths: Iterable[Path]) -> Iterator[Path]:
    """Each of these that is there, and of folders what is in them; each once, and no socket or device."""
    there = (file for path in paths for file in ((path, *sorted(path.rglob("*"))) if path.is_dir() else (path,)))
    yield from dict.fromkeys(file for file in there if file.is_file() and not file.is_symlink())


def squeezed(text: bytes) -> bytes:
    """Without what may stand between the octets of a secret."""
    for first, ends in ENDS_OF_LINE.items():
        # Most texts have few of these: to look is cheaper than to copy.
        if first in text:
            for end in ends:
                if end in text:
                    text = text.replace(end, b"")
    return text.translate(None, BETWEEN)


def _offset(text: bytes, dense: int) -> int:
    """Where in `text` that octet of its squeezed form stands."""
    low, high = 0, len(text)
    while low < high:
        middle = (low + high) // 2
        if len(squeezed(text[: middle + 1])) > dense:
            high = middle
        else:
            low = middle + 1
    return low


@lru_cache(maxsize=4096)
def needles_of(known: Known) -> tuple[tuple[str, bytes], ...]:
    """What it is called, and the octets, for each form that it is looked for in.

    Kept, so that it can be found out of each secret when it is heard of, and not of all at the end of a run.
    """
    forms = forms_of_octets(known.octets)
    if known.is_text:
        # What is no UTF-8 is Latin-1 to whoever shows it.
        try:
            forms = forms_of(known.octets.decode())
        except UnicodeDecodeError:
            forms = forms_of(known.octets.decode("latin-1"))
    texts: dict[str, str] = {}
    for form, text in forms:
        # Many are the same: the first gives it its name.
        texts.setdefault(text, form)
    return tuple((form, needle) for text, form in texts.items() for needle in _encoded(text))


def _encoded(text: str) -> Iterator[bytes]:
    """The beginning, in both encodings that a file may have it in, dense; none that would be found by chance."""
    needles = [text.encode("utf-8")]
    if not text.isascii():
        with suppress(UnicodeEncodeError):
            needles.append(text.encode("latin-1"))
    for needle in map(squeezed, needles):
        if len(needle) >= SHORTEST:
            yield needle[:LONGEST_NEEDLE]


def _unpacked(content: BinaryIO, head: bytes) -> Iterator[tuple[str, bytes]]:
    """Name and octets of what is packed in a file; nothing of one that only begins so."""
    try:
        if head.startswith(GZIP):
            content.seek(0)
            yield "unpacked", gzip.decompress(content.read())
        elif head.startswith(ZIP):
            with zipfile.ZipFile(content) as packed:
                for name in packed.namelist():
                    yield name, packed.read(name)
    except (OSError, EOFError, zlib.error, zipfile.BadZipFile):
        return
