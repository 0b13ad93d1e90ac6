"""The `Local certificate` table, however it is laid out (device-reference 2.2: rows D, layout U)."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.drivers.document import Cell, Control, Document, Kind, Text, joined, once_for_all_alike
from harness.drivers.sight import heading, is_title, part_above, title_above
from harness.drivers.words import EXPIRES, ISSUED, ISSUER, KEY_STATE, LOCAL_SECTION, PASSPHRASE, SUBJECT, Words, fold
from harness.errors import UnitError
from harness.unit import LocalCertificate

FILLED = (Kind.FILE, Kind.PASSWORD, Kind.TEXT)
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
        if (found := _local_certificate(document)) is not None:
            return LocalCertificate(*found)
    page = repr(heading(documents[0])) if documents else "(none)"
    raise UnitError(f"page {page}: no status table with the row {KEY_STATE.exact[0]!r}")


@once_for_all_alike
def _local_certificate(document: Document) -> tuple[str, ...] | None:
    """Its rows, in their order; None where no row of this document speaks of a private key."""
    labelled = {line: _label_and_value(document, line, text) for line, text in document.lines.items()}
    keys = _rows(document, labelled, KEY_STATE)
    if not keys:
        return None
    if len(keys) > 1:
        keys = [key for key in keys if part_above(document, key.line) is LOCAL_SECTION] or keys
    if len(keys) > 1:
        raise UnitError(f"page {heading(document)!r}: {len(keys)} status tables with the row {KEY_STATE.exact[0]!r}")
    subject, issuer, issued, expires = (
        _nearest(document, _rows(document, labelled, words), keys[0]) for words in ROWS[:-1]
    )
    return subject, issuer, issued, expires, keys[0].value


def _nearest(document: Document, rows: list[_Row], key: _Row) -> str:
    """The value of the row that goes with the `Private key` row, which is the last of its table (2.2)."""
    section = title_above(document, key.line)
    return min(
        rows,
        key=lambda row: (title_above(document, row.line) != section, row.line > key.line, abs(row.line - key.line)),
        default=_Row(0, ""),
    ).value


def _rows(document: Document, labelled: Mapping[int, tuple[str, str]], words: Words) -> list[_Row]:
    """Where the page prints a value beside such a label; fields to fill do not count."""
    found = []
    for line, (label, value) in labelled.items():
        if not words.names(label):
            continue
        value = value or _value_beside(document, line, words)
        if value:
            found.append(_Row(line, value))
    return found


def _label_and_value(document: Document, line: int, text: str) -> tuple[str, str]:
    """What of a line may be a label, and the value behind it: after a colon, or after the label's own markup."""
    label, colon, rest = text.partition(":")
    if colon and _is_row_label(label):
        return label, rest.strip()
    on_line = document.by_line[line]
    texts = [item for item in on_line if isinstance(item, Text) and fold(item.text)]
    if len(texts) < 2 or PASSPHRASE.fit(text) is not None or any(isinstance(item, Control) for item in on_line):
        return text, ""
    return (texts[0].text, joined(texts[1:])) if _is_row_label(texts[0].text) else (text, "")


def _value_beside(document: Document, line: int, words: Words) -> str:
    position = next(
        at
        for at, item in enumerate(document.items)
        if isinstance(item, Text) and item.line == line and item.text.strip()
    )
    within = document.items[position].cells
    while within:
        cell = within[-1]
        columns = document.rows[cell.table, cell.row]
        if not words.names(document.text_of(columns[cell.column])):
            # The label is one line of several in this cell: what stands beside the cell is not its value.
            break
        within = within[:-1]
        right = [columns[column] for column in sorted(columns) if column > cell.column]
        if any(document.has_seen_control(positions) for positions in right):
            return ""
        below = document.rows.get((cell.table, cell.row + 1), {}).get(cell.column, [])
        if any(isinstance(item := document.items[at], Control) and item.kind in FILLED for at in below):
            # The head of a column of fields.
            return ""
        if any(_is_row_label(document.text_of(positions)) for positions in right):
            # Labels side by side head columns.
            return _value_of(document, [below])
        if value := _value_of(document, right):
            return value
        if len(columns) > 1 and (value := _value_of(document, [below])) and not _is_row_label(value):
            # The last of several heads.
            return value
    return _following_lines(document, position, within)


def _value_of(document: Document, cells: list[list[int]]) -> str:
    """The lines in these cells; nothing if there is a field to fill in one of them."""
    if any(document.has_seen_control(positions) for positions in cells):
        return ""
    lines = dict.fromkeys(
        item.line for positions in cells for at in positions if isinstance(item := document.items[at], Text)
    )
    return ", ".join(document.lines[line] for line in lines if line in document.lines)


def _following_lines(document: Document, position: int, within: tuple[Cell, ...]) -> str:
    """The lines after a label, in the same cell of the table around them, up to the next label, title or field."""
    own = document.items[position].line
    lines: dict[int, str] = {}
    for item in document.items[position:]:
        if item.cells[: len(within)] != within:
            break
        if isinstance(item, Text):
            if item.line == own or item.line not in document.lines:
                continue
            text = document.lines[item.line]
            if (
                _is_row_label(_label_and_value(document, item.line, text)[0])
                or item.line in document.heading_lines
                or is_title(text)
            ):
                break
            lines[item.line] = text
        elif item.seen:
            if item.line == own or not lines:
                return ""
            break
    return ", ".join(lines.values())


@functools.lru_cache(maxsize=4096)
def _is_row_label(text: str) -> bool:
    return any(words.names(text) or words.names(text.partition(":")[0]) for words in ROWS)
