"""The `Local certificate` table, however it is laid out (device-reference 2.2: rows D, layout U)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.drivers.document import Document, Text
from harness.drivers.sight import heading, is_title
from harness.drivers.words import (
    EXPIRES,
    ISSUED,
    ISSUER,
    KEY_STATE,
    LOCAL_SECTION,
    SUBJECT,
    TRUST_SECTION,
    Fit,
    Words,
)
from harness.errors import UnitError
from harness.unit import LocalCertificate

ROWS = (SUBJECT, ISSUER, ISSUED, EXPIRES, KEY_STATE)


@dataclass(frozen=True)
class _Row:
    line: int
    value: str


def read_local_certificate(documents: Sequence[Document]) -> LocalCertificate:
    """The five rows as printed; a row that the page does not print is empty.

    Only the local certificate has a `Private key` row that is no field to fill: where trust stores print the same
    other rows, the ones nearest to it are meant. Raises UnitError where there is not exactly one such table.
    """
    for document in documents:
        if keys := _rows(document, KEY_STATE):
            break
    else:
        page = repr(heading(documents[0])) if documents else "(none)"
        raise UnitError(f"page {page}: no status table with the row {KEY_STATE.exact[0]!r}")
    if len(keys) > 1:
        keys = [key for key in keys if _is_local(document, key.line)] or keys
    if len(keys) > 1:
        raise UnitError(f"page {heading(document)!r}: {len(keys)} status tables with the row {KEY_STATE.exact[0]!r}")
    at = keys[0].line
    subject, issuer, issued, expires = (
        min(_rows(document, words), key=lambda row: abs(row.line - at), default=_Row(0, "")).value
        for words in ROWS[:-1]
    )
    return LocalCertificate(subject, issuer, issued, expires, keys[0].value)


def _rows(document: Document, words: Words) -> list[_Row]:
    """Where the page prints a value beside such a label; fields to fill do not count."""
    found = []
    for line, text in document.lines.items():
        label, colon, rest = text.partition(":")
        if words.fit(text) is Fit.EXACT:
            value = _value_beside(document, line, words)
        elif colon and words.fit(label) is Fit.EXACT:
            value = rest.strip()
        else:
            continue
        if value:
            found.append(_Row(line, value))
    return found


def _value_beside(document: Document, line: int, words: Words) -> str:
    position = next(
        at
        for at, item in enumerate(document.items)
        if isinstance(item, Text) and item.line == line and item.text.strip()
    )
    for cell in reversed(document.items[position].cells):
        columns = document.rows[cell.table, cell.row]
        if words.fit(document.text_of(columns[cell.column])) is not Fit.EXACT:
            # The label is one line of several in this cell, so what stands beside the cell is not its value.
            break
        right = [columns[column] for column in sorted(columns) if column > cell.column]
        texts = [document.text_of(positions) for positions in right]
        if any(document.has_seen_control(positions) for positions in right):
            return ""
        if any(_is_row_label(text) for text in texts):
            # Labels side by side head columns: the value is below.
            below = document.rows.get((cell.table, cell.row + 1), {}).get(cell.column, [])
            return "" if document.has_seen_control(below) else document.text_of(below)
        if value := ", ".join(filter(None, (_lines_of(document, positions) for positions in right))):
            return value
        below = document.rows.get((cell.table, cell.row + 1), {}).get(cell.column, [])
        if cell.column == max(columns) and len(columns) > 1 and below and not document.has_seen_control(below):
            # The last of labels that head columns.
            return document.text_of(below)
    return _following_lines(document, position)


def _following_lines(document: Document, position: int) -> str:
    """The lines after a label up to the next label, heading or field."""
    own = document.items[position].line
    lines: dict[int, str] = {}
    for item in document.items[position:]:
        if isinstance(item, Text):
            if item.line == own or item.line not in document.lines:
                continue
            text = document.lines[item.line]
            if _is_row_label(text) or _ends_section(document, item.line):
                break
            lines[item.line] = text
        elif item.seen:
            if item.line == own or not lines:
                return ""
            break
    return ", ".join(lines.values())


def _lines_of(document: Document, positions: list[int]) -> str:
    lines = dict.fromkeys(item.line for at in positions if isinstance(item := document.items[at], Text))
    return ", ".join(document.lines[line] for line in lines if line in document.lines)


def _is_row_label(text: str) -> bool:
    return any(words.fit(text) is Fit.EXACT or words.fit(text.partition(":")[0]) is Fit.EXACT for words in ROWS)


def _ends_section(document: Document, line: int) -> bool:
    return line in document.heading_lines or is_title(document.lines[line])


def _is_local(document: Document, line: int) -> bool:
    titles = [
        words
        for at, text in document.lines.items()
        if at <= line
        for words in (LOCAL_SECTION, TRUST_SECTION)
        if words.fit(text) is not None
    ]
    return bool(titles) and titles[-1] is LOCAL_SECTION
