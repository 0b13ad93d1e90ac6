"""PEM blocks as PEM_read_bio finds them, crypto/pem/pem_lib.c; the same in every release from 0.9.7 to 1.0.2.

A line is what `fgets(buf, 254)` gives: up to 253 bytes, cut after LF. A longer line comes in pieces of 253, each
a line of its own. What follows a NUL in a line is lost; a line that begins with one ends the search, as the end
of the file does. From the end of each line all bytes up to the blank *as signed characters* are dropped, which on
the x86 takes every byte from 0x80 with it.
"""

from __future__ import annotations

import re
import string
from binascii import a2b_base64
from typing import NamedTuple

from certstore import radix64
from certstore.rules import Rule, Violation

PIECE = 253
STRICT_COLUMNS = 64

BEGIN = b"-----BEGIN "
END = b"-----END "
DASHES = b"-----"

_LINE_FEED = ord("\n")
_ALPHABET = (string.ascii_letters + string.digits + "+/").encode("ascii")
_PADDINGS = (b"", b"=", b"==")

TRIMMED = bytes(range(0x21)) + bytes(range(0x80, 0x100))

_ORDINARY_SIZE = 2**15
# What tools write in a header, and the empty line after it.
_HEADER = re.compile(rb"(?:[A-Za-z][!-~ ]{0,98}[!-~]\n){1,8}\n")
# Labels that tools write; others are read the long way.
_LABELS = {
    BEGIN + label + DASHES + b"\n": (label, END + label + DASHES + b"\n")
    for label in (
        b"CERTIFICATE",
        b"RSA PRIVATE KEY",
        b"EC PRIVATE KEY",
        b"DSA PRIVATE KEY",
        b"PRIVATE KEY",
        b"ENCRYPTED PRIVATE KEY",
    )
}


class Block(NamedTuple):
    """One BEGIN...END section: `header` is the text before the empty line, `data` the decoded base64."""

    label: bytes
    header: bytes
    data: bytes


class Reader:
    """Hands out the blocks of one file in order, and knows where it stands for the sake of error messages."""

    def __init__(self, file: bytes) -> None:
        self._file = file
        self._position = 0
        self._begin = 0
        self.blocks = 0
        self.label: bytes | None = None

    @property
    def line(self) -> int:
        """Number, from 1, of the line read last."""
        return self._file.count(b"\n", 0, max(self._position - 1, 0)) + 1

    @property
    def begin_line(self) -> int:
        """Number, from 1, of the BEGIN line found last."""
        return self._file.count(b"\n", 0, self._begin) + 1

    def block(self) -> Block:
        """The next block; Violation if there is none, or if it is damaged."""
        found = self._ordinary_block()
        if found is None:
            found = self.block_by_lines()
        return found

    def _ordinary_block(self) -> Block | None:
        """A block as tools write it, without a loop over its lines; None for one that takes the long way."""
        file, begin = self._file, self._position
        start = file.find(b"\n", begin, begin + PIECE) + 1
        names = _LABELS.get(file[begin:start])
        if names is None:
            return None
        label, end_line = names
        header = b""
        if file.startswith(b"Proc-Type", start):
            found = _HEADER.match(file, start)
            if found is None:
                return None
            header, start = found[0][:-1], found.end()
        # Not to the end of the file: that would be looked through once for every block.
        end = file.find(end_line, start, start + _ORDINARY_SIZE)
        data = None if end < 0 else _in_full_lines(file[start:end])
        if not data:
            return None
        self._begin, self._position = begin, end + len(end_line)
        self.label = label
        self.blocks += 1
        return Block(label, header, data)

    def block_by_lines(self) -> Block:
        """What `block` is defined to be: PEM_read_bio's loops over the lines."""
        self.label = label = self._begin_line()
        self.blocks += 1
        collected: list[bytes] = []
        while line := self._line():
            if line == b"\n":
                break
            if line.startswith(END):
                header, text, last = b"", b"".join(collected), line
                break
            collected.append(line)
        if not line.startswith(END):
            header = b"".join(collected)
            text, last = self._strict_data()
        if last[:-1] != END + label + DASHES:
            raise Violation(Rule.BAD_END_LINE)
        return _block(label, header, text)

    def _begin_line(self) -> bytes:
        while True:
            begin = self._position
            line = self._line()
            if not line:
                raise Violation(Rule.NO_START_LINE)
            if line.startswith(BEGIN) and line.endswith(DASHES + b"\n", len(BEGIN)):
                self._begin = begin
                return line[len(BEGIN) : -len(DASHES) - 1]

    def _strict_data(self) -> tuple[bytes, bytes]:
        """Data lines and the line after them: the first line that is not of 64 columns is the last one."""
        collected: list[bytes] = []
        while line := self._line():
            if line.startswith(END) or len(line) > STRICT_COLUMNS + 1:
                break
            collected.append(line)
            if len(line) != STRICT_COLUMNS + 1:
                line = self._line()
                break
        return b"".join(collected), line

    def _line(self) -> bytes:
        """The next line, trimmed and ended with LF; empty at the end of the file and for one that begins with NUL."""
        start = self._position
        end = self._file.find(b"\n", start, start + PIECE) + 1 or min(start + PIECE, len(self._file))
        self._position = end
        piece = self._file[start:end]
        if b"\0" in piece:
            piece = piece[: piece.index(b"\0")]
        if not piece:
            return b""
        return piece.rstrip(TRIMMED) + b"\n"


def _in_full_lines(text: bytes) -> bytes | None:
    """The data of base64 in lines of 64 columns and one that may be shorter; None if it is anything else."""
    joined = text.replace(b"\n", b"")
    full, short = divmod(len(text), STRICT_COLUMNS + 1)
    if text[STRICT_COLUMNS :: STRICT_COLUMNS + 1] != b"\n" * full or len(text) - len(joined) != full + bool(short):
        return None
    if short and (short == 1 or text[-1] != _LINE_FEED):
        return None
    padding = joined.translate(None, _ALPHABET)
    if padding not in _PADDINGS or not joined.endswith(padding) or len(joined) % 4:
        return None
    return a2b_base64(joined)


def _block(label: bytes, header: bytes, text: bytes) -> Block:
    data = radix64.decode(text)
    if not data:
        raise Violation(Rule.EMPTY_BLOCK)
    return Block(label, header, data)
