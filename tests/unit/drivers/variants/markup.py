"""Pieces of pages in every style. They are written in one way and dressed afterwards."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape

from tests.unit.drivers.variants.variant import Variant

TAG = re.compile(r"<(/?)([a-z][a-z0-9]*)((?: [a-z-]+(?:=\"[^\"]*\")?)*)>")
ATTRIBUTE = re.compile(r" ([a-z-]+)(?:=\"([^\"]*)\")?")
BARE = re.compile(r"[\w.:/#%-]+")
OPTIONAL = frozenset(("td", "th", "tr", "li", "p", "dt", "dd", "option"))
"""End tags that HTML 4 lets a page leave out."""


def dress(markup: str, variant: Variant) -> str:
    """The same page in this unit's hand: case, quotes, end tags."""
    hand = variant["case"], variant["quotes"], variant["closing"]
    return TAG.sub(lambda found: _dressed(found[0], *hand), markup)


# A unit draws the same tags on every page.
@functools.lru_cache(maxsize=8192)
def _dressed(tag: str, case: str, quotes: str, closing: str) -> str:
    def attribute(found: re.Match[str]) -> str:
        name, value = found[1], found[2]
        if case == "upper":
            name = name.upper()
        if value is None:
            return f" {name}"
        if quotes == "bare" and BARE.fullmatch(value):
            return f" {name}={value}"
        if quotes == "single" and "'" not in value:
            return f" {name}='{value}'"
        return f' {name}="{value}"'

    found = TAG.fullmatch(tag)
    assert found is not None
    slash, name, attributes = found.groups()
    if slash and closing == "unclosed" and name in OPTIONAL:
        return ""
    shown = name.upper() if case == "upper" else name
    return f"<{slash}{shown}{ATTRIBUTE.sub(attribute, attributes)}>"


@dataclass(frozen=True)
class Field:
    label: str
    control: str
    id: str


def element(tag: str, **attributes: str | None) -> str:
    """A start tag; an attribute that is None is left out."""
    shown = "".join(
        f' {name.strip("_").replace("_", "-")}="{escape(value)}"'
        for name, value in attributes.items()
        if value is not None
    )
    return f"<{tag}{shown}>"


def styled(label: str, variant: Variant) -> str:
    text = escape(label)
    match variant["label_style"]:
        case "colon":
            return f"{text}:"
        case "bold":
            return f"<b>{text}</b>"
        case "font":
            return f'<font color="navy" size="2">{text}</font>'
        case "star":
            return f"* {text}&nbsp;:"
        case "hard-blanks":
            return text.replace(" ", "&nbsp;")
    return text


def _rows(fields: Sequence[Field], row: str) -> str:
    return "".join(row.format(label=field.label, control=field.control, id=field.id) for field in fields)


def _columns(fields: Sequence[Field]) -> str:
    heads = "".join(f"<th>{field.label}</th>" for field in fields)
    cells = "".join(f"<td>{field.control}</td>" for field in fields)
    return f"<table><tr>{heads}</tr><tr>{cells}</tr></table>"


def _nested(fields: Sequence[Field], depth: int) -> str:
    def around(text: str) -> str:
        return "<table><tr><td>" * depth + text + "</td></tr></table>" * depth

    rows = "".join(f"<tr><td>{around(field.label)}</td><td>{around(field.control)}</td></tr>" for field in fields)
    return around(f"<table>{rows}</table>")


LAYOUTS: Mapping[str, Callable[[Sequence[Field]], str]] = {
    "table": lambda fields: f"<table>{_rows(fields, '<tr><td>{label}</td><td>{control}</td></tr>')}</table>",
    "headed-table": lambda fields: f"<table>{_rows(fields, '<tr><th>{label}</th><td>{control}</td></tr>')}</table>",
    "above": lambda fields: f"<table>{_rows(fields, '<tr><td>{label}</td></tr><tr><td>{control}</td></tr>')}</table>",
    "columns": _columns,
    "nested": lambda fields: _nested(fields, 1),
    "deep": lambda fields: _nested(fields, 4),
    "blocks": lambda fields: _rows(fields, "<div><div>{label}</div><div>{control}</div></div>"),
    "definitions": lambda fields: f"<dl>{_rows(fields, '<dt>{label}</dt><dd>{control}</dd>')}</dl>",
    "list": lambda fields: f"<ul>{_rows(fields, '<li>{label} {control}</li>')}</ul>",
    "label-for": lambda fields: _rows(fields, '<p><label for="{id}">{label}</label> {control}</p>'),
    "label-around": lambda fields: _rows(fields, "<label>{label} {control}</label><br>"),
    "inline": lambda fields: _rows(fields, "{label} {control}<br>"),
    "paragraphs": lambda fields: _rows(fields, "<p>{label}<br>{control}</p>"),
    "fieldsets": lambda fields: _rows(fields, "<fieldset><legend>{label}</legend>{control}</fieldset>"),
}

STATUS: Mapping[str, Callable[[Sequence[tuple[str, str]]], str]] = {
    "rows": lambda rows: (
        "<table>" + "".join(f"<tr><td>{name}</td><td>{value}</td></tr>" for name, value in rows) + "</table>"
    ),
    "headed-rows": lambda rows: (
        "<table>" + "".join(f"<tr><th>{name}:</th><td><b>{value}</b></td></tr>" for name, value in rows) + "</table>"
    ),
    "lines": lambda rows: "<p>" + "<br>".join(f"{name}: {value}" for name, value in rows) + "</p>",
    "definitions": lambda rows: (
        "<dl>" + "".join(f"<dt>{name}</dt><dd>{value}</dd>" for name, value in rows) + "</dl>"
    ),
    "columns": lambda rows: (
        f"<table><tr>{''.join(f'<th>{name}</th>' for name, _ in rows)}</tr>"
        f"<tr>{''.join(f'<td>{value}</td>' for _, value in rows)}</tr></table>"
    ),
    "blocks": lambda rows: "".join(f"<div><div>{name}</div><div>{value}</div></div>" for name, value in rows),
}


def button(kind: str, name: str, caption: str, *, disabled: bool = False) -> str:
    grey = "" if disabled else None
    match kind:
        case "button":
            return element("button", name=name, disabled=grey) + f"{escape(caption)}</button>"
        case "bold-button":
            return element("button", type="submit", name=name, disabled=grey) + f"<b>{escape(caption)}</b></button>"
        case "image":
            return element("input", type="image", name=name, src="b.gif", alt=caption, disabled=grey)
        case "scripted":
            return element("input", type="button", value=caption, onclick="this.form.submit()", disabled=grey)
    return element("input", type="submit", name=name, value=caption, disabled=grey)


@dataclass(frozen=True)
class Entry:
    """One place that a menu leads to."""

    caption: str
    url: str
    page: str
    """The value by which a menu that is a form names it."""
    below: tuple[Entry, ...] = ()


def _all(entries: Sequence[Entry]) -> list[Entry]:
    return [each for entry in entries for each in (entry, *_all(entry.below))]


def _tree(entries: Sequence[Entry], target: str | None, style: str | None = None) -> str:
    items = "".join(
        f"<li>{element('a', href=entry.url, target=target)}{escape(entry.caption)}</a>"
        + (_tree(entry.below, target, style) if entry.below else "")
        + "</li>"
        for entry in entries
    )
    return f"{element('ul', style=style)}{items}</ul>"


def menu(kind: str, entries: Sequence[Entry], go: str, target: str | None = None, once: str = "") -> str:
    """A menu of this kind; one that is a form sends the entry's `page` to `go`."""
    name = "page"
    match kind:
        case "list":
            return _tree([Entry(entry.caption, entry.url, entry.page) for entry in entries], target)
        case "images":
            return "".join(
                f"{element('a', href=entry.url, target=target)}{element('img', src='m.gif', alt=entry.caption)}</a>"
                for entry in entries
            )
        case "image-map":
            areas = "".join(element("area", href=entry.url, alt=entry.caption, target=target) for entry in entries)
            return f'<img src="m.gif" usemap="#m"><map name="m">{areas}</map>'
        case "tree":
            return _tree(entries, target)
        case "drop-down":
            return f"<div>{_tree(entries, target, 'display: none')}</div>"
        case "get-buttons":
            return "".join(
                element("form", action=entry.url, method="get", target=target)
                + element("input", type="submit", value=entry.caption)
                + "</form>"
                for entry in entries
            )
        case "scripted-buttons":
            return "".join(
                element("input", type="button", value=entry.caption, onclick=f"location.href='{entry.url}'")
                for entry in entries
            )
        case "post-buttons":
            return "".join(
                element("form", action=entry.url, method="post", target=target)
                + once
                + element("input", type="submit", value=entry.caption)
                + "</form>"
                for entry in entries
            )
        case "post-menu":
            buttons = "".join(
                element("input", type="submit", name=entry.page, value=entry.caption) for entry in entries
            )
            return f"{element('form', action=go, method='post', target=target)}{once}{buttons}</form>"
        case "get-select" | "post-select":
            options = "".join(
                f"{element('option', value=entry.page)}{escape(entry.caption)}</option>" for entry in entries
            )
            method = kind.partition("-")[0]
            return (
                f"{element('form', action=go, method=method, target=target)}{once if method == 'post' else ''}"
                f"{element('select', name=name)}{options}</select>"
                f"{element('input', type='submit', value='Go')}</form>"
            )
        case "scripted-select" | "tree-select":
            shown = _all(entries) if kind == "tree-select" else entries
            options = "".join(
                f"{element('option', value=entry.url)}&nbsp;&nbsp;{escape(entry.caption)}</option>" for entry in shown
            )
            script = "window.location=this.options[this.selectedIndex].value"
            return (
                f"<form>{element('select', onchange=script)}{element('option', value='')}Go to ...</option>"
                f"{options}</select></form>"
            )
    return " | ".join(
        f"{element('a', href=entry.url, target=target)}{escape(entry.caption)}</a>" for entry in entries
    )
