"""Which texts a person would take for the label of a control, nearest first.

Pages say it in many ways: `<label>`, the cell to the left, the head of the column, the words before or above.
Each way has a rank, and the best rank at which a wanted text is found decides, so that a text that belongs to one
control by its cell is not taken by another one that merely follows it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

from harness.drivers.document import Control, Document, Text, joined
from harness.drivers.words import Fit, Words

LINES_ABOVE = 4
"""How many lines before a control are still about it."""
ROWS_ABOVE = 3


class Rank(IntEnum):
    MARKUP = 0
    """The markup says so: `<label>`, `aria-label`, `title`."""
    BEFORE = 1
    """On its line, before it."""
    LEFT = 2
    """In a cell of its row, to the left."""
    AFTER = 3
    """On its line, after it."""
    RIGHT = 4
    """In a cell of its row, to the right."""
    HEAD = 5
    """In a cell of its column, above."""
    ABOVE = 6
    """On a line before."""


@dataclass(frozen=True, order=True)
class Nearness:
    begins_only: bool
    """A text that is exactly the one looked for outweighs a nearer one that only begins so: that may be a remark."""
    rank: Rank
    distance: int


@dataclass(frozen=True)
class Label:
    text: str
    rank: Rank
    distance: int


def labels(document: Document, position: int) -> Iterator[Label]:
    """The texts around the control at this position that may name it, best rank first."""
    control = document.items[position]
    assert isinstance(control, Control)
    for distance, text in enumerate(control.labels):
        yield Label(text, Rank.MARKUP, distance)
    if text := _on_line(document, position, -1):
        yield Label(text, Rank.BEFORE, 0)
    yield from _beside(document, control, Rank.LEFT)
    if text := _on_line(document, position, +1):
        yield Label(text, Rank.AFTER, 0)
    yield from _beside(document, control, Rank.RIGHT)
    yield from _heads(document, control)
    yield from _above(document, position)


def nearness(document: Document, position: int, words: Words) -> Nearness | None:
    """How near to the control at this position a text stands that fits the words."""
    found = (
        Nearness(fit is Fit.BEGINS, label.rank, label.distance)
        for label in labels(document, position)
        if (fit := words.fit(label.text)) is not None
    )
    return min(found, default=None)


def _on_line(document: Document, position: int, step: int) -> str:
    """The text on the control's line between it and the next one in that direction."""
    line = document.items[position].line
    texts: list[Text] = []
    at = position + step
    while 0 <= at < len(document.items) and (item := document.items[at]).line == line:
        if isinstance(item, Control):
            if item.seen:
                break
        else:
            texts.append(item)
        at += step
    return joined(texts[::step])


def _beside(document: Document, control: Control, rank: Rank) -> Iterator[Label]:
    """The cells to one side, up to one that has a control itself; then the same around an enclosing table."""
    step = -1 if rank is Rank.LEFT else 1
    for level, cell in enumerate(reversed(control.cells)):
        columns = document.rows[cell.table, cell.row]
        own = [document.items[at] for at in columns.get(cell.column, [])]
        if sum(isinstance(item, Control) and item.kind is control.kind for item in own) > 1:
            # What names this cell as a whole does not name one of several fields in it.
            return
        side = sorted((column for column in columns if (column - cell.column) * step > 0), reverse=step < 0)
        for distance, column in enumerate(side):
            if document.has_seen_control(columns[column]):
                break
            if text := document.text_of(columns[column]):
                yield Label(text, rank, 10 * level + distance)


def _heads(document: Document, control: Control) -> Iterator[Label]:
    if not control.cells:
        return
    cell = control.cells[-1]
    for above in range(1, ROWS_ABOVE + 1):
        positions = document.rows.get((cell.table, cell.row - above), {}).get(cell.column, [])
        if positions and not document.has_seen_control(positions) and (text := document.text_of(positions)):
            yield Label(text, Rank.HEAD, above)


def _above(document: Document, position: int) -> Iterator[Label]:
    """Lines before the control's own, up to the control before."""
    seen: list[int] = []
    for at in range(position - 1, -1, -1):
        item = document.items[at]
        if isinstance(item, Text):
            if item.line != document.items[position].line and item.line not in seen and item.line in document.lines:
                seen.append(item.line)
                yield Label(document.lines[item.line], Rank.ABOVE, len(seen))
                if len(seen) == LINES_ABOVE or item.line in document.heading_lines:
                    return
        elif item.seen:
            return
