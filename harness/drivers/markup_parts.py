"""Tables and lists in the markup of a page: where a cell stands, and what an entry sends."""

from __future__ import annotations

from dataclasses import dataclass, field

from lxml import etree

from harness.drivers.document import Cell


@dataclass
class Table:
    """One that is open, and how far it has been read."""

    number: int
    row: int = -1
    column: int = 0
    spanned: set[tuple[int, int]] = field(default_factory=set)

    def next_cell(self, element: etree._Element) -> Cell:
        """Where the cell that begins here stands, the rows and columns that others span left free."""
        self.row = max(self.row, 0)
        while (self.row, self.column) in self.spanned:
            self.column += 1
        cell = Cell(self.number, self.row, self.column)
        width, height = _span(element.get("colspan")), _span(element.get("rowspan"))
        if height > 1:
            self.spanned |= {
                (cell.row + below, cell.column + beside) for below in range(1, height) for beside in range(width)
            }
        self.column += width
        return cell


def _span(told: str | None) -> int:
    digits = "1" if told is None else told.strip()
    return min(int(digits), 64) if digits.isdecimal() and int(digits) else 1


def selected(element: etree._Element) -> tuple[str, ...]:
    """What a list sends as it stands."""
    options = options_of(element)
    chosen = [value for _, value, is_chosen in options if is_chosen]
    if "multiple" in element.attrib:
        return tuple(chosen)
    # A list without a choice shows its first entry, and sends it.
    return (*chosen[-1:],) if chosen else tuple(value for _, value, _ in options[:1])


def options_of(element: etree._Element) -> list[tuple[str, str, bool]]:
    """What each entry of a list reads, what it sends, and whether it is chosen."""
    found = []
    for option in element.iter("option"):
        if "disabled" not in option.attrib:
            text = " ".join("".join(option.itertext()).split())
            found.append((text, option.get("value", text), "selected" in option.attrib))
    return found
