"""A captured page as a template: what is of the unit's state, or of the session, becomes a placeholder.

Such places are found as the driver finds them, by what a person sees; all else stays as it came.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from harness.capture.markup import Edit, Run, Tag, parts_of, with_value
from harness.drivers.document import PRESSED, Control, Document, Kind
from harness.drivers.reading import read_page
from harness.drivers.sight import Found
from harness.drivers.status_table import read_local_certificate
from harness.drivers.words import EXPIRES, ISSUED, ISSUER, KEY_STATE, LEAVE, SUBJECT, Words
from harness.emulator.texts import CertificateTexts, ServicesTexts
from harness.errors import UnitError
from harness.unit import Identity, LocalCertificate

MARK = "\ue000"
"""In no page's own text: for private use (Unicode 23.5)."""
MARKED_BY = ("input", "select", "textarea", "button")
BITS = "«»"
"""Decoration, which no reading of a label minds: a text marked so reads as it did."""
DIGITS = 14
PLAINER = re.compile(rf"[{BITS}]{{{DIGITS}}}")
SYNTAX = re.compile(r"\{(?=[{%#]|\Z)")
ROWS = {"subject": SUBJECT, "issuer": ISSUER, "issued": ISSUED, "expires": EXPIRES, "private_key": KEY_STATE}
"""The status table's, in the order in which the emulated unit hands them to its page."""
BESIDE = 6
"""How many texts away from the link that ends the session a user's name may stand."""
STYLE = 'style="border: 1px solid #c90; background: #fff3cd; color: #222; padding: 6px 10px"'
NOTES = (
    f"{{% for text in banners %}}<p {STYLE}>{{{{ text }}}}</p>{{% endfor %}}"
    f"{{% if notice %}}<p {STYLE}>{{{{ notice }}}}</p>{{% endif %}}"
)
TOKEN = "{{ session.new_form() if session else '' }}"


@dataclass
class LivePage:
    """One page on its way to a template."""

    url: str
    source: str
    edits: list[Edit] = field(default_factory=list)

    @cached_property
    def document(self) -> Document:
        return self._read(self.source)

    @cached_property
    def parts(self) -> tuple[Tag | Run, ...]:
        return tuple(parts_of(self.source))

    @cached_property
    def runs(self) -> tuple[Run, ...]:
        """What a person reads, the title among it."""
        return tuple(part for part in self.parts if isinstance(part, Run) and part.within in ("", "title"))

    @cached_property
    def _tags(self) -> dict[Control, Tag]:
        """Where the controls stand; none where the page, marked, reads otherwise."""
        tags = [part for part in self.parts if isinstance(part, Tag) and part.name in MARKED_BY]
        marked = list(self.source)
        for number, tag in enumerate(tags):
            # Of two attributes of one name the first counts (HTML 13.2.5.33).
            marked[tag.inside - 1] += f' name="{MARK}{number}"'
        controls, again = self.document.controls, self._read("".join(marked)).controls
        if len(controls) != len(again):
            return {}
        numbers = {one: other.name.removeprefix(MARK) for one, other in zip(controls, again, strict=True)}
        return {one: tags[int(number)] for one, number in numbers.items() if number.isdecimal()}

    def tag_of(self, control: Control) -> Tag | None:
        return self._tags.get(control)

    def _read(self, source: str) -> Document:
        return read_page(self.url, source.encode(), "text/html; charset=utf-8")

    def span(self, run: Run) -> tuple[int, int]:
        """Where the run's text begins and ends, without the white space around it."""
        text = self.source[run.start : run.end]
        return run.start + len(text) - len(text.lstrip()), run.end - len(text) + len(text.rstrip())

    def put(self, run: Run, value: str) -> None:
        """The run's text is this; the white space around it stays."""
        self.edits.append(Edit(*self.span(run), value))

    def set_value(self, control: Control, value: str) -> bool:
        """Whether the control's tag was found, and has this value now."""
        if (tag := self.tag_of(control)) is not None:
            self.edits.append(with_value(tag, "value", value))
        return tag is not None

    def template(self) -> str:
        """The page with all that was put in. What looks like a template's syntax in the page itself stays text."""
        pieces: list[str] = []
        at = 0
        for edit in sorted(self.edits, key=lambda one: (one.start, one.end)):
            if edit.start >= at:
                pieces += [_literal(self.source[at : edit.start]), edit.new]
                at = edit.end
        return "".join([*pieces, _literal(self.source[at:])])


def _literal(text: str) -> str:
    return SYNTAX.sub("{{ '{' }}", text)


def show_notes(page: LivePage) -> None:
    """Banners, and what was done, stand before the page's first heading, or at its top; a set of frames has none."""
    tags = [part for part in page.parts if isinstance(part, Tag)]
    if any(tag.name == "frameset" for tag in tags):
        return
    places = (
        *(tag.start for tag in tags if tag.name in ("h1", "h2")),
        *(tag.end for tag in tags if tag.name == "body"),
        *(run.start for run in page.runs if not run.within),
    )
    page.edits += [Edit(at, at, NOTES) for at in places[:1]]


def renew_tokens(page: LivePage, one_time: frozenset[str]) -> None:
    """Each form has a one-time value of its own."""
    for control in page.document.controls:
        if control.kind is Kind.HIDDEN and control.name in one_time:
            page.set_value(control, TOKEN)


def show_identity(page: LivePage, identity: Identity, user: str) -> None:
    """Serial number, versions, model and host name are the emulated unit's own; so is the user's name at the top."""
    known = {
        identity.serial: "serial",
        identity.build_version: "build_version",
        identity.software_version: "software_version",
        identity.model: "model",
    }
    wanted = {html.escape(value): f"{{{{ identity.{name} }}}}" for value, name in known.items() if len(value) > 3}
    if wanted:
        pattern = re.compile(
            "|".join(rf"(?<!\w){re.escape(one)}(?!\w)" for one in sorted(wanted, key=len, reverse=True))
        )
        for run in page.runs:
            for found in pattern.finditer(page.source, run.start, run.end):
                page.edits.append(Edit(found.start(), found.end(), wanted[found[0]]))
    if identity.host_name:
        _show_host(page, html.escape(identity.host_name))
    _show_user(page, html.escape(user))


def _show_host(page: LivePage, name: str) -> None:
    # A host may be called as a word of the page is: only where it is told to be one.
    told = re.compile(rf"(host(?:\s*name)?\s*:\s*)({re.escape(name)})(?!\w)", re.IGNORECASE)
    for run in page.runs:
        if (found := told.search(page.source, run.start, run.end)) is not None:
            page.edits.append(Edit(found.start(2), found.end(2), "{{ identity.host_name }}"))
        elif run.text.strip() == html.unescape(name) and len(name) > 3:
            page.put(run, "{{ identity.host_name }}")


def _show_user(page: LivePage, user: str) -> None:
    leaving = [number for number, run in enumerate(page.runs) if LEAVE.fit(run.text) is not None]
    word = re.compile(rf"(?<!\w){re.escape(user)}(?!\w)")
    for number in leaving[:1]:
        for run in page.runs[max(0, number - BESIDE) : number + BESIDE]:
            if user and (found := word.search(page.source, run.start, run.end)) is not None:
                page.edits.append(Edit(found.start(), found.end(), "{{ session.user if session else '' }}"))
                return


def show_certificate(page: LivePage) -> bool:
    """Whether the status table was found, each value in texts of its own; then it shows the emulated unit's pair."""
    try:
        plain = read_local_certificate([page.document])
        found = {row: list(_spans_of(page, plain, row, words)) for row, words in ROWS.items()}
    except UnitError:
        return False
    if not found["private_key"] or not found["subject"]:
        return False
    for number, runs in enumerate(found.values()):
        joint = '"<br>" | safe' if len(runs) > 1 else '", "'
        for place, (start, end) in enumerate(runs):
            page.edits.append(Edit(start, end, f"{{{{ rows[{number}][1] | join({joint}) }}}}" if not place else ""))
    return True


def lines_of(page: LivePage, row: str) -> list[str]:
    """The lines in which the table prints the value of this row."""
    try:
        plain = read_local_certificate([page.document])
        return [html.unescape(page.source[start:end]) for start, end in _spans_of(page, plain, row, ROWS[row])]
    except UnitError:
        return []


def _spans_of(page: LivePage, plain: LocalCertificate, row: str, words: Words) -> Iterator[tuple[int, int]]:
    """Where the texts stand that a value is made of: the table is read again with each of them marked by decoration.
    Where label and value are one text, it is the part after the colon."""
    value = " ".join(str(getattr(plain, row)).split())
    for run in page.runs:
        label, colon, rest = run.text.partition(":")
        if value and colon and words.names(label) and " ".join(rest.split()) == value:
            start, end = page.span(run)
            at = page.source.index(":", start) + 1
            yield at + len(page.source[at:end]) - len(page.source[at:end].lstrip()), end
            return
    candidates = [run for run in page.runs if not run.within and " ".join(run.text.split()) in value]
    marked = list(page.source)
    for number, run in enumerate(candidates):
        at, _ = page.span(run)
        marked[at] = "".join(BITS[int(bit)] for bit in f"{number:0{DIGITS}b}") + marked[at]
    again = str(getattr(read_local_certificate([page._read("".join(marked))]), row))
    if " ".join(PLAINER.sub("", again).split()) != value:
        raise UnitError(f"the row {row} reads otherwise when it is marked")
    for mark in PLAINER.findall(again):
        yield page.span(candidates[int("".join(str(BITS.index(bit)) for bit in mark), 2)])


def show_shutdown(page: LivePage, found: Found) -> bool:
    """Whether the button's tag was found; then it is the one of the moment: shut down, confirm or restart."""
    tag = page.tag_of(found.button)
    if tag is None or found.button.kind not in PRESSED:
        return False
    page.edits.append(
        Edit(
            tag.start,
            tag.start,
            "{% if state == 'SHUTTING_DOWN' %}{% set step = ('', '', skin.shutdown.shutting_down) %}"
            "{% elif state == 'SHUT_DOWN' %}"
            "{% set step = (skin.shutdown.restart_field, skin.shutdown.restart, skin.shutdown.shut) %}"
            "{% elif session.asked_to_shut_down %}"
            "{% set step = (skin.shutdown.confirm_field, skin.shutdown.confirm, skin.shutdown.asked) %}"
            "{% else %}{% set step = (skin.shutdown.shut_down_field, skin.shutdown.shut_down, '') %}{% endif %}"
            "{% if step[2] %}<p>{{ step[2] }}</p>{% endif %}{% if step[1] %}",
        )
    )
    shown = "alt" if found.button.kind is Kind.IMAGE else "value"
    page.edits += [with_value(tag, "name", "{{ step[0] }}"), with_value(tag, shown, "{{ step[1] }}")]
    end = tag.end
    if tag.name == "button":
        close = next(
            (one for one in page.parts if isinstance(one, Tag) and one.start >= tag.end and one.name == "/button"),
            None,
        )
        if close is None:
            return False
        page.edits.append(Edit(tag.end, close.start, "{{ step[1] }}"))
        end = close.end
    page.edits.append(Edit(end, end, "{% endif %}"))
    return True


@dataclass(frozen=True)
class ServiceFields:
    """What one row of Network > Services is made of."""

    name: str
    tick: Control
    port: Control | None


def show_services(page: LivePage, rows: Sequence[ServiceFields], texts: ServicesTexts) -> None:
    """Tick boxes, ports, and the words for open and closed are of the emulated unit."""
    ticks = [tag for row in rows if (tag := page.tag_of(row.tick)) is not None]
    for row in rows:
        service = f'unit.services["{row.name}"]'
        if row.port is not None:
            page.set_value(row.port, f"{{{{ {service}.port }}}}")
        if (tag := page.tag_of(row.tick)) is None:
            continue
        checked = f"{{% if {service}.ticked %}}checked{{% endif %}}"
        if (found := tag.attribute("checked")) is not None:
            page.edits.append(Edit(found.start, found.end, checked))
        else:
            page.edits.append(Edit(tag.inside, tag.inside, checked.replace("checked", " checked")))
        end = min((one.start for one in ticks if one.start > tag.start), default=len(page.source))
        for run in page.runs:
            if tag.end <= run.start < end and run.text.strip() in (texts.open, texts.closed):
                words = "skin.services.open", "skin.services.closed"
                page.put(run, f'{{{{ {words[0]} if unit.is_open("{row.name}") else {words[1]} }}}}')


def show_which_pair(page: LivePage, texts: CertificateTexts) -> None:
    """Where the page says in the words of its generation which pair it has, it says which the emulated unit has."""
    words = "skin.certificates.default_in_use", "skin.certificates.custom_in_use"
    for run in page.runs:
        if run.text.strip() in (texts.default_in_use, texts.custom_in_use):
            page.put(run, f"{{{{ {words[0]} if unit.store.stored.is_factory else {words[1]} }}}}")
