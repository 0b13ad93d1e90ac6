"""From the bytes of a page to what stands on it, in reading order.

The result is flat: texts and controls one after the other, each with the line and the table cells it stands in.
That is what a person sees, and it is the same for nested tables, unclosed tags and lists of paragraphs, whereas
the tree differs for each. Nothing here knows what a page of the unit looks like.
"""

from __future__ import annotations

import functools
import re
from dataclasses import replace
from urllib.parse import urljoin

from lxml import etree

from harness.drivers.document import Cell, Control, Document, Form, Frame, Kind, Link, Refresh, Text
from harness.drivers.encoding import decode_page
from harness.drivers.markup_parts import Table, options_of, selected
from harness.drivers.words import fold

FORM_TAG = re.compile(r"<(/?)form(?=[\s/>])", re.IGNORECASE)
UNSEEN_STYLE = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
REFRESH = re.compile(r"\s*(\d+)(?:\.\d*)?\s*[;,]?\s*(?:url\s*=\s*)?[\"']?([^\"']*)", re.IGNORECASE)
LOCATION = re.compile(r"\blocation(?:\.href|\.replace|\.assign)?\s*[=(]\s*[\"']([^\"']+)[\"']")
GOES_TO_CHOSEN = re.compile(r"\blocation(?:\.href)?\s*=(?!=)|\blocation\.(?:replace|assign)\s*\(|\bopen\s*\(")
"""In the script of a list: it goes where the entry's value says."""
SUBMITS = re.compile(r"\bsubmit\s*\(")
FORM_NAMED = re.compile(
    r"forms\s*\[\s*[\"']?([\w-]+)|document\.(?!forms\b)(\w+)\.submit|getElementById\(\s*[\"']([\w-]+)"
)

BLOCK_NAMES = (
    "address article aside blockquote body br caption center dd details dir div dl dt fieldset figure footer h1 h2 h3"
    " h4 h5 h6 hr head header legend li main menu nav noscript ol p pre section summary table tbody td tfoot th thead"
    " tr ul"
)
BLOCKS = frozenset(BLOCK_NAMES.split())
HEADINGS = frozenset(("h1", "h2", "h3", "h4", "h5", "h6", "legend", "caption"))
UNREAD = frozenset(("script", "style", "template", "object", "svg", "noframes"))
TEXT_TYPES = {
    "hidden": Kind.HIDDEN,
    "password": Kind.PASSWORD,
    "file": Kind.FILE,
    "checkbox": Kind.CHECKBOX,
    "radio": Kind.RADIO,
    "submit": Kind.SUBMIT,
    "image": Kind.IMAGE,
    "button": Kind.BUTTON,
    "reset": Kind.RESET,
}
DEFAULT_CAPTIONS = {Kind.SUBMIT: "Submit", Kind.RESET: "Reset", Kind.IMAGE: "Submit"}


def read_page(url: str, body: bytes, content_type: str = "") -> Document:
    """What stands on the page that `url` answered. Any bytes give a document."""
    markup, charset = decode_page(body, content_type)
    # Which controls belong to a form is decided by where its tags stand, not by how they nest (HTML 4.12, form
    # owner): a form opened in one table cell and closed in another is common on pages of that age. Empty elements
    # keep their place in the tree, whatever is around them.
    source = markup
    markup = FORM_TAG.sub(lambda tag: f"<input data-form={'end' if tag[1] else 'start'} ", markup)
    # The parser takes what follows a script at the top for a part of the head, and puts paragraphs into it; from
    # inside a body it takes everything as it comes. A declared encoding no longer holds here and is outweighed.
    parser = etree.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, huge_tree=True)
    root = etree.fromstring(b"<!doctype html><html><body>" + markup.encode(), parser)
    reader = _Reader(url, charset, source)
    reader.read(root)
    return reader.document()


class _Reader:
    """Walks the tree once and writes down what it passes."""

    def __init__(self, url: str, charset: str, markup: str) -> None:
        self.markup = markup
        self.url = url
        self.base = url
        self.charset = charset
        self.title = ""
        self.items: list[Text | Control] = []
        self.links: list[Link] = []
        self.forms: list[Form] = []
        self.frames: list[Frame] = []
        self.refresh: Refresh | None = None
        self.heading_lines: set[int] = set()
        self.line = 0
        self.form: int | None = None
        self.tables: list[Table] = []
        self.table_count = 0
        self.cells: tuple[Cell, ...] = ()
        self.unseen: list[etree._Element] = []
        """Those that are not to be seen, and what is in them, that are open."""
        self.preformatted = 0
        self.link: tuple[etree._Element, list[str], list[str]] | None = None
        self.labels: list[tuple[str, list[str], list[int]]] = []
        self.label_texts: dict[str, list[str]] = {}
        self.inside_label: dict[int, list[str]] = {}
        self.ids: dict[int, str] = {}
        self.form_attributes: dict[int, str] = {}
        self.controls: list[int] = []
        """Where among the items they are."""

    def read(self, root: etree._Element) -> None:
        walk = etree.iterwalk(root, events=("start", "end"))
        for event, element in walk:
            tag = str(element.tag)
            if event == "start":
                if not self._start(tag, element):
                    walk.skip_subtree()
                elif text := element.text:
                    self._text(text)
            else:
                self._end(tag, element)
                if (text := element.tail) and element is not root:
                    self._text(text)

    def document(self) -> Document:
        return Document(
            url=self.url,
            charset=self.charset,
            title=" ".join(self.title.split()),
            items=self._labelled(),
            links=tuple(self.links),
            forms=tuple(self.forms),
            frames=tuple(self.frames),
            heading_lines=frozenset(self.heading_lines),
            refresh=self.refresh,
            markup=self.markup,
        )

    def _labelled(self) -> tuple[Text | Control, ...]:
        """The items, with the labels of controls that are complete only at the page's end."""
        owners = {form.id: form.number for form in self.forms if form.id}
        items = list(self.items)
        for index in self.controls:
            control = self.items[index]
            assert isinstance(control, Control)
            texts = [
                *self.label_texts.get(self.ids.get(index, ""), ()),
                *self.inside_label.get(index, ()),
                *control.labels,
            ]
            owner = owners.get(self.form_attributes[index]) if index in self.form_attributes else control.form
            if texts or owner != control.form:
                labels = tuple(filter(None, (" ".join(text.split()) for text in texts)))
                items[index] = replace(control, labels=labels, form=owner)
        return tuple(items)

    def _start(self, tag: str, element: etree._Element) -> bool:
        """Whether what is inside is to be read."""
        if tag in UNREAD:
            if tag == "script":
                self._scripted(element.text or "")
            return False
        if tag in BLOCKS:
            self.line += 1
            if tag in HEADINGS:
                self.heading_lines.add(self.line)
        if _is_unseen(element):
            self.unseen.append(element)
        match tag:
            case "td" | "th" if self.tables:
                self.cells = (*self.cells, self.tables[-1].next_cell(element))
            case "a":
                self.link = (element, [], [])
            case "tr" if self.tables:
                self.tables[-1].row += 1
                self.tables[-1].column = 0
            case "input":
                self._input(element)
            case "table":
                self.tables.append(Table(self.table_count))
                self.table_count += 1
            case "title":
                self.title = self.title or "".join(element.itertext())
                return False
            case "pre":
                self.preformatted += 1
            case "base":
                self.base = self._resolve(element.get("href", "")) or self.url
            case "meta":
                self._meta(element)
            case "area":
                self._add_link(element, _shown(element.get("alt", ""), element.get("title", "")))
            case "img":
                self._picture(element.get("alt") or element.get("title") or "")
            case "frame" | "iframe":
                self.frames.append(Frame(element.get("name", ""), self._resolve(element.get("src", ""))))
                return False
            case "label":
                self.labels.append((element.get("for", "").strip(), [], []))
            case "select" | "textarea" | "button":
                self._compound(element)
                return False
        return True

    def _end(self, tag: str, element: etree._Element) -> None:
        if tag in UNREAD:
            return
        if self.unseen and self.unseen[-1] is element:
            self.unseen.pop()
        match tag:
            case "td" | "th" if self.tables:
                self.cells = self.cells[:-1]
            case "a" if self.link is not None:
                opened, words, pictures = self.link
                self.link = None
                self._add_link(opened, _shown("".join(words), " ".join(pictures), opened.get("title", "")))
            case "table":
                self.tables.pop()
            case "pre":
                self.preformatted -= 1
            case "label":
                target, parts, controls = self.labels.pop()
                if target:
                    self.label_texts.setdefault(target, []).append("".join(parts))
                for index in controls:
                    self.inside_label.setdefault(index, []).append("".join(parts))
        if tag in BLOCKS:
            self.line += 1

    def _text(self, text: str) -> None:
        if self.link is not None:
            self.link[1].append(text)
        for _, parts, _ in self.labels:
            parts.append(text)
        if self.unseen:
            return
        if not self.preformatted:
            # White space at the beginning of a line is nothing that could be seen.
            if not text.isspace() or (self.items and self.items[-1].line == self.line):
                self.items.append(Text(text, self.line, self.cells))
            return
        for number, part in enumerate(text.split("\n")):
            self.line += number > 0
            self.items.append(Text(part, self.line, self.cells))

    def _picture(self, text: str) -> None:
        if self.link is not None:
            self.link[2].append(text)
        if text and not self.unseen:
            self.items.append(Text(text, self.line, self.cells, pictured=True))

    def _input(self, element: etree._Element) -> None:
        match element.get("data-form"):
            case "start":
                self.line += 1
                # A form inside a form does not exist for a browser.
                if self.form is None:
                    self.form = len(self.forms)
                    self.forms.append(self._form(element))
                return
            case "end":
                self.line += 1
                self.form = None
                return
        kind = TEXT_TYPES.get(element.get("type", "").strip().lower(), Kind.TEXT)
        value = element.get("value")
        match kind:
            case Kind.HIDDEN:
                caption: str | None = ""
            case Kind.IMAGE:
                caption = element.get("alt") or value or element.get("title")
            case _:
                caption = value
        self._add_control(
            element,
            kind,
            values=("on" if value is None and kind in (Kind.CHECKBOX, Kind.RADIO) else value or "",),
            caption=caption or DEFAULT_CAPTIONS.get(kind, ""),
        )

    def _compound(self, element: etree._Element) -> None:
        text = "".join(element.itertext())
        match element.tag:
            case "textarea":
                self._add_control(element, Kind.TEXTAREA, values=(text.removeprefix("\n"),))
            case "select":
                self._select(element)
            case _:
                pictures = " ".join(image.get("alt", "") for image in element.iter("img"))
                caption = _shown(text, pictures, element.get("value", ""), element.get("title", ""))
                kind = {"button": Kind.BUTTON, "reset": Kind.RESET}.get(element.get("type", "").lower(), Kind.SUBMIT)
                self._add_control(element, kind, values=(element.get("value", ""),), caption=caption)

    def _select(self, element: etree._Element) -> None:
        script = element.get("onchange", "") + element.get("onclick", "")
        options = options_of(element)
        self._add_control(
            element,
            Kind.SELECT,
            values=selected(element),
            options=tuple((text, value) for text, value, _ in options),
            submits=bool(SUBMITS.search(script)),
        )
        if GOES_TO_CHOSEN.search(script):
            # Each entry is a link.
            for text, value, _ in options:
                if value.strip() and not value.startswith("#"):
                    self.links.append(Link(text, self._resolve(value), "", len(self.items)))

    def _add_control(
        self,
        element: etree._Element,
        kind: Kind,
        values: tuple[str, ...],
        caption: str = "",
        name: str | None = None,
        options: tuple[tuple[str, str], ...] = (),
        *,
        submits: bool = False,
    ) -> None:
        index = len(self.items)
        self.controls.append(index)
        script = element.get("onclick", "") + element.get("href", "")
        if identifier := element.get("id"):
            self.ids[index] = identifier.strip()
        if "form" in element.attrib:
            self.form_attributes[index] = element.get("form", "").strip()
        for _, _, controls in self.labels:
            controls.append(index)
        form = self.form
        if form is None and kind is Kind.BUTTON and SUBMITS.search(script):
            form = self._form_named_by(script)
        self.items.append(
            Control(
                kind=kind,
                name=element.get("name", "") if name is None else name,
                values=values,
                caption=" ".join(caption.split()),
                labels=tuple(
                    filter(None, (element.get("aria-label"), element.get("title"), element.get("placeholder")))
                ),
                form=form,
                enabled="disabled" not in element.attrib,
                checked="checked" in element.attrib,
                seen=not self.unseen and kind is not Kind.HIDDEN,
                action=self._resolve(element.get("formaction", "")) if element.get("formaction") else "",
                line=self.line,
                cells=self.cells,
                options=options,
                submits=submits,
            )
        )
        if kind is Kind.BUTTON and (found := LOCATION.search(script)):
            # A button that is a link.
            self.links.append(Link(" ".join(caption.split()), self._resolve(found[1]), "", len(self.items)))

    def _add_link(self, element: etree._Element, text: str) -> None:
        shown = " ".join(text.split())
        target = element.get("href", "").strip()
        script = element.get("onclick", "") + target
        if SUBMITS.search(script):
            # A link that sends a form is a button that looks like a link.
            self._add_control(element, Kind.BUTTON, values=("",), caption=shown, name="")
            return
        if not target or target.startswith("#") or target.lower().startswith("javascript:"):
            found = LOCATION.search(script)
            target = found[1] if found else ""
        if target:
            self.links.append(Link(shown, self._resolve(target), element.get("target", ""), len(self.items)))

    def _form(self, element: etree._Element) -> Form:
        return Form(
            number=self.form or 0,
            id=element.get("id", "").strip(),
            name=element.get("name", "").strip(),
            action=self._resolve(element.get("action", "")) if element.get("action", "").strip() else self.url,
            method=element.get("method", "get").strip().lower(),
            enctype=element.get("enctype", "").split(";")[0].strip().lower(),
            charset=re.split(r"[\s,]+", element.get("accept-charset", "").strip())[0].lower(),
            target=element.get("target", "").strip(),
        )

    def _form_named_by(self, script: str) -> int | None:
        if not (found := FORM_NAMED.search(script)):
            return None
        wanted = next(filter(None, found.groups()))
        named = [form.number for form in self.forms if wanted in (form.id, form.name, str(form.number))]
        return named[0] if len(named) == 1 else None

    def _meta(self, element: etree._Element) -> None:
        if element.get("http-equiv", "").strip().lower() != "refresh":
            return
        if (found := REFRESH.match(element.get("content", ""))) and found[2].strip():
            self.refresh = Refresh(float(found[1]), self._resolve(found[2].strip()))

    def _scripted(self, script: str) -> None:
        # A script that sends the browser on does so at once; whether the page has anything else to show is the
        # session's question.
        if self.refresh is None and (found := LOCATION.search(script)) and "function" not in script:
            self.refresh = Refresh(0.0, self._resolve(found[1]))

    def _resolve(self, target: str) -> str:
        return _resolved(self.base, target)


# Every page has the same menu.
@functools.lru_cache(maxsize=4096)
def _resolved(base: str, target: str) -> str:
    try:
        return urljoin(base, target.strip()).partition("#")[0]
    except ValueError:
        # Such as an IPv6 address cut off: it leads nowhere.
        return ""


def _shown(*texts: str) -> str:
    """The first of these with a word in it: a picture beside words is decoration."""
    return next((text for text in texts if fold(text)), "")


def _is_unseen(element: etree._Element) -> bool:
    style = element.get("style")
    return element.get("hidden") is not None or (style is not None and UNSEEN_STYLE.search(style) is not None)
