"""A page as a flat sequence of texts and controls: what a person can see of it, and what sending it needs."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Concatenate, NamedTuple, ParamSpec, TypeVar, cast

from harness.drivers.own_names import MARK, NAMELESS, OwnNames
from harness.drivers.words import fold
from harness.errors import UnitError

Answer = TypeVar("Answer")
More = ParamSpec("More")


class Kind(Enum):
    """What a control is."""

    HIDDEN = "hidden input"
    TEXT = "text field"
    PASSWORD = "password field"
    FILE = "file field"
    CHECKBOX = "tick box"
    RADIO = "radio button"
    SELECT = "list"
    TEXTAREA = "text area"
    SUBMIT = "button"
    IMAGE = "image button"
    BUTTON = "scripted button"
    RESET = "reset button"


PRESSED = (Kind.SUBMIT, Kind.IMAGE, Kind.BUTTON)
"""What sends a form."""


class Cell(NamedTuple):
    """A place in a table; tables are numbered in reading order."""

    table: int
    row: int
    column: int


class Text(NamedTuple):
    text: str
    line: int
    cells: tuple[Cell, ...]
    """Outermost first."""
    pictured: bool = False
    """It stands in for a picture."""

    @property
    def texts(self) -> tuple[str, ...]:
        return (self.text,)

    def renamed(self, back: Callable[[str], str]) -> Text:
        return self._replace(text=back(self.text))


# Two fields may read alike; each is itself.
@dataclass(frozen=True, eq=False)
class Control:
    kind: Kind
    name: str
    values: tuple[str, ...] = field(repr=False)
    """What it sends as it stands; more or less than one only for lists."""
    caption: str
    """What a button reads."""
    labels: tuple[str, ...]
    """Texts that the markup itself assigns to it."""
    form: int | None
    enabled: bool
    checked: bool
    seen: bool
    action: str
    """Where this button sends its form, if elsewhere than the form says."""
    line: int
    cells: tuple[Cell, ...]
    options: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    """Of a list: what each entry reads, and what it sends."""
    submits: bool = False
    """A list that sends its form as soon as another entry is chosen."""

    @property
    def texts(self) -> tuple[str, ...]:
        """All in it that the page's author could choose."""
        return (self.name, self.caption, self.action, *self.values, *self.labels, *itertools.chain(*self.options))

    def holding(self, value: str) -> Control:
        """The same with another value."""
        # As dataclasses.replace does it, a tenth of reading the whole page.
        other = object.__new__(Control)
        other.__dict__.update(self.__dict__, values=(value,))
        return other

    def renamed(self, back: Callable[[str], str]) -> Control:
        return replace(
            self,
            name=back(self.name),
            caption=back(self.caption),
            action=back(self.action),
            values=tuple(map(back, self.values)),
            labels=tuple(map(back, self.labels)),
            options=tuple((back(text), back(value)) for text, value in self.options),
        )


class Form(NamedTuple):
    number: int
    id: str
    name: str
    action: str
    method: str
    enctype: str
    charset: str
    target: str = ""


class Link(NamedTuple):
    text: str
    url: str
    target: str
    position: int
    """How many items stand before its end."""
    button: Control | None = None
    """A menu made of forms: what is pressed in place of a link."""
    chosen: tuple[Control, str] | None = None
    """The list, and what it has to send for this entry."""


class Frame(NamedTuple):
    name: str
    url: str


@dataclass(frozen=True)
class Refresh:
    """The page sends the browser on by itself."""

    seconds: float
    url: str


class _Named(NamedTuple):
    """Where a page has stand-ins."""

    items: tuple[int, ...]
    lines: tuple[int, ...]
    by_control: bool
    """Whether one is on a control that can be seen."""


@dataclass(frozen=True)
class Document:
    """One page, or one frame of it."""

    url: str
    charset: str
    title: str
    items: tuple[Text | Control, ...]
    links: tuple[Link, ...]
    forms: tuple[Form, ...]
    frames: tuple[Frame, ...]
    heading_lines: frozenset[int]
    refresh: Refresh | None
    markup: str = field(default="", repr=False, compare=False)
    """The page as it came, decoded."""
    _found: dict[tuple[object, ...], object] = field(init=False, repr=False, compare=False, default_factory=dict)
    """What was found out about it, see `once_for_all_alike`."""
    _pattern: Document | None = field(init=False, repr=False, compare=False, default=None)
    """The page that it was made of."""
    _names: OwnNames = field(init=False, repr=False, compare=False, default=NAMELESS)
    """Those that stand on it where the pattern has stand-ins."""

    def alike(self, names: OwnNames, values: Mapping[int, str], markup: str) -> Document:
        """The same page of the unit of these names, with these values of hidden inputs, by their place among its
        items. What was found out about the one holds for the other: nobody can see a hidden input."""
        named, back = self._named, names.back
        items = list(self.items)
        for at in named.items:
            item = items[at]
            items[at] = item.renamed(back)
        for at, value in values.items():
            control = items[at]
            assert isinstance(control, Control)
            items[at] = control.holding(value)
        alike = Document(
            url=back(self.url),
            charset=self.charset,
            title=back(self.title),
            items=tuple(items),
            links=tuple(Link(back(link.text), back(link.url), link.target, link.position) for link in self.links),
            forms=tuple(form._replace(action=back(form.action)) for form in self.forms),
            frames=tuple(frame._replace(url=back(frame.url)) for frame in self.frames),
            heading_lines=self.heading_lines,
            refresh=self.refresh and replace(self.refresh, url=back(self.refresh.url)),
            markup=markup,
        )
        known: dict[str, object] = {"rows": self.rows, "lines": self.lines}
        if named.lines:
            known["lines"] = self.lines | {line: back(self.lines[line]) for line in named.lines}
        if not named.by_control:
            known |= {"_found": self._found, "_pattern": self, "_names": names}
        alike.__dict__.update(known)
        return alike

    @functools.cached_property
    def _named(self) -> _Named:
        items = [at for at, item in enumerate(self.items) if any(MARK in text for text in item.texts)]
        lines = tuple(line for line, text in self.lines.items() if MARK in text)
        seen = any(isinstance(item := self.items[at], Control) and item.kind is not Kind.HIDDEN for at in items)
        return _Named(tuple(items), lines, seen)

    @functools.cached_property
    def controls(self) -> tuple[Control, ...]:
        return tuple(item for item in self.items if isinstance(item, Control))

    @functools.cached_property
    def by_line(self) -> dict[int, list[Text | Control]]:
        """The items of each line that has any, in reading order."""
        found: dict[int, list[Text | Control]] = {}
        for item in self.items:
            found.setdefault(item.line, []).append(item)
        return found

    @functools.cached_property
    def lines(self) -> dict[int, str]:
        """The texts of each line that has any, white space folded, in reading order."""
        parts = {line: [item for item in items if isinstance(item, Text)] for line, items in self.by_line.items()}
        return {line: text for line, texts in parts.items() if (text := joined(texts))}

    @functools.cached_property
    def rows(self) -> dict[tuple[int, int], dict[int, list[int]]]:
        """Positions of the items of each table row, by column; an item in a nested table is in several."""
        found: dict[tuple[int, int], dict[int, list[int]]] = {}
        for position, item in enumerate(self.items):
            for cell in item.cells:
                found.setdefault((cell.table, cell.row), {}).setdefault(cell.column, []).append(position)
        return found

    def text_of(self, positions: list[int]) -> str:
        """The texts among these items as one, lines and cells parted by a blank."""
        return joined([item for at in positions if isinstance(item := self.items[at], Text)])

    def has_seen_control(self, positions: list[int]) -> bool:
        return any(isinstance(item := self.items[position], Control) and item.seen for position in positions)


def joined(texts: Sequence[Text]) -> str:
    """These texts as one, lines parted by a blank. Where there are words, what stands in for pictures beside them
    is decoration."""
    words = [text for text in texts if not text.pictured]
    parts: list[str] = []
    line = None
    for text in words if any(fold(text.text) for text in words) else texts:
        parts += [" ", text.text] if text.line != line else [text.text]
        line = text.line
    return " ".join("".join(parts).split())


def once_for_all_alike(
    ask: Callable[Concatenate[Document, More], Answer],
) -> Callable[Concatenate[Document, More], Answer]:
    """A question to which no hidden input is an answer: found out once for all pages that are alike but for those and
    for the names of their units. What is answered in words is a text, or a tuple or frozenset of texts."""

    @functools.wraps(ask)
    def asked(document: Document, /, *more: More.args, **named: More.kwargs) -> Answer:
        assert not named, "what is asked for is told by place"
        key = ask, *more
        if key not in document._found:
            try:
                document._found[key] = ask(document._pattern or document, *more, **named)
            except UnitError:
                # It names what stands on the page.
                return ask(document, *more, **named)
        return cast("Answer", _renamed(document._found[key], document._names.back))

    return asked


def _renamed(answer: object, back: Callable[[str], str]) -> object:
    match answer:
        case str():
            return back(answer)
        case tuple():
            return tuple(_renamed(one, back) for one in answer)
        case frozenset():
            return frozenset(_renamed(one, back) for one in answer)
    return answer
