"""A page's source as tags and texts, each with its place, so that single values can be put otherwise.

What a page means is read by `harness.drivers.reading`; here nothing is understood, so that what is not touched stays
byte for byte.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass

MARKUP = re.compile(
    r"<!--.*?(?:-->|\Z)"
    r"|<(?P<raw>script|style|textarea|title|xmp)\b(?P<rawattributes>(?:[^>\"']|\"[^\"]*\"|'[^']*')*+)>"
    r"|<(?P<close>/?)(?P<name>[A-Za-z][^\s/>]*)(?P<attributes>(?:[^>\"']|\"[^\"]*\"|'[^']*')*+)>"
    r"|<[!?][^>]*>",
    re.DOTALL | re.IGNORECASE,
)
ATTRIBUTE = re.compile(r"(?P<name>[^\s=/>\"']+)(?:\s*=\s*(?P<value>\"[^\"]*\"|'[^']*'|[^\s>]*))?")


@dataclass(frozen=True)
class Attribute:
    name: str
    value: str
    """Entities resolved."""
    start: int
    end: int
    """Of name and value together."""


@dataclass(frozen=True)
class Tag:
    name: str
    """In lower case; with a slash before it where it ends an element."""
    start: int
    inside: int
    """Where attributes may be put: right behind the name."""
    end: int
    attributes: tuple[Attribute, ...]

    def get(self, name: str) -> str | None:
        found = self.attribute(name)
        return None if found is None else found.value

    def attribute(self, name: str) -> Attribute | None:
        return next((one for one in self.attributes if one.name == name), None)


@dataclass(frozen=True)
class Run:
    """Text between two tags, as it stands in the source."""

    text: str
    """Entities resolved."""
    start: int
    end: int
    within: str
    """`title`, `script`, `style` and `textarea` hold no tags; else empty."""


def parts_of(source: str) -> Iterator[Tag | Run]:
    """Everything but comments and declarations, in the source's order."""
    at = 0
    while (found := MARKUP.search(source, at)) is not None:
        yield from _run(source, at, found.start(), "")
        at = found.end()
        if name := (found["raw"] or "").lower():
            yield _tag(source, found, name, "rawattributes")
            close = re.compile(rf"</{name}\b", re.IGNORECASE).search(source, at)
            end = close.start() if close else len(source)
            yield from _run(source, at, end, name)
            at = end
        elif found["name"]:
            yield _tag(source, found, found["close"] + found["name"].lower(), "attributes")
    yield from _run(source, at, len(source), "")


def _run(source: str, start: int, end: int, within: str) -> Iterator[Run]:
    if source[start:end].strip():
        yield Run(html.unescape(source[start:end]), start, end, within)


def _tag(source: str, found: re.Match[str], name: str, group: str) -> Tag:
    inside = found.start(group)
    attributes = tuple(
        Attribute(one["name"].lower(), _bare(one["value"] or ""), inside + one.start(), inside + one.end())
        for one in ATTRIBUTE.finditer(found[group])
    )
    return Tag(name, found.start(), inside, found.end(), attributes)


def _bare(value: str) -> str:
    return html.unescape(value.strip("\"'"))


@dataclass(frozen=True)
class Edit:
    """`new` in place of what stands from `start` to `end`."""

    start: int
    end: int
    new: str


def with_value(tag: Tag, name: str, value: str) -> Edit:
    """The tag's attribute has this value, which is put into double quotes as it is."""
    new = f'{name}="{value}"'
    if (found := tag.attribute(name)) is not None:
        return Edit(found.start, found.end, new)
    return Edit(tag.inside, tag.inside, f" {new}")


def edited(source: str, edits: list[Edit]) -> str:
    """The source with these edits. Of two that overlap the earlier one, or the one that comes first, counts."""
    pieces: list[str] = []
    at = 0
    for edit in sorted(edits, key=lambda one: (one.start, one.end)):
        if edit.start < at:
            continue
        pieces += [source[at : edit.start], edit.new]
        at = edit.end
    return "".join([*pieces, source[at:]])
