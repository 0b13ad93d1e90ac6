"""Finding on a page what a person would find: by the text of links, buttons, labels and rows.

Everything here is a question with exactly one answer. Where a page has none or several, UnitError says what was
looked for and what was there; nothing is ever chosen by its place or by its name in the markup.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from harness.drivers.document import PRESSED, Control, Document, Form, Kind, Link, once_for_all_alike
from harness.drivers.labels import Nearness, nearness
from harness.drivers.words import (
    ACCESS_DENIED,
    CERTIFICATE,
    CHANGE_PASSWORD,
    GO,
    LOCAL_SECTION,
    LOG_IN_BUTTON,
    MENU,
    NOTICE,
    PASSPHRASE,
    PRIVATE_KEY,
    REFUSALS,
    REMOVE,
    TRUST_SECTION,
    UPLOAD,
    USER_NAME,
    Fit,
    Words,
    fold,
)
from harness.errors import UnitError

KNOWN_ENTRIES = 2
SHOWN = 12
"""How many of the things that were there an error lists."""
LONGEST = 100
"""How much of each."""


@dataclass(frozen=True)
class Found:
    """A button and its form."""

    document: Document
    form: Form
    button: Control

    @property
    def controls(self) -> tuple[Control, ...]:
        return tuple(control for control in self.document.controls if control.form == self.form.number)


def find_link(documents: Sequence[Document], words: Words) -> Link:
    """The one link of these texts; several to the same place are one. Links to help pages do not count."""
    fitting = fitting_links(documents, words)
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        raise UnitError(
            f"{_where(documents)}: {len(fitting)} places for the {words.meaning}: {_list(_urls(fitting))}"
        )
    links = [link for document in documents for link in (*document.links, *menu_entries(document))]
    texts = [link.text for link in links if link.text]
    raise UnitError(f"{_where(documents)}: no {words.meaning} ({words}) among the links {_list(texts)}")


def fitting_links(documents: Sequence[Document], words: Words) -> tuple[Link, ...]:
    """The links that fit best, one for each place they lead to; entries of menus that are forms count as links."""
    fits: dict[Fit, dict[tuple[str, str, str], Link]] = {}
    for document in documents:
        for link in (*document.links, *menu_entries(document)):
            fit = words.fit(link.text)
            # What is pressed may do more than to lead somewhere: only its exact text will do.
            if fit is None or (link.button is not None and fit > Fit.WITH_REMARK):
                continue
            # Help for X.html is help_X.html (device-reference 3.2).
            if not link.url.partition("?")[0].rpartition("/")[2].startswith("help_"):
                fits.setdefault(fit, {}).setdefault(_place(link), link)
    return tuple(fits[min(fits)].values()) if fits else ()


def _place(link: Link) -> tuple[str, str, str]:
    name = link.button.name if link.button else ""
    return link.url, name, link.chosen[1] if link.chosen else ""


def menu_entries(document: Document) -> tuple[Link, ...]:
    """What a person can go to by pressing a button, or choosing from a list.

    A form that has anything to fill in is none of a menu; nor are buttons that do not stand among those of at
    least two known entries, or a list that is sent by a button which does more than to go there.
    """
    entries = [entry for form in document.forms for entry in _entries(document, form)]
    known = {fold(entry.text) for entry in entries if MENU.names(entry.text)}
    return tuple(entry for entry in entries if len(known - {fold(entry.text)}) >= KNOWN_ENTRIES)


def _entries(document: Document, form: Form) -> Iterator[Link]:
    shown = [control for control in document.controls if control.form == form.number and control.seen]
    lists = [control for control in shown if control.kind is Kind.SELECT]
    pressed = [control for control in shown if _can_be_pressed(control)]
    if len(lists) + len(pressed) != len(shown) or form.method not in ("get", "post", ""):
        return
    if not lists:
        for button in pressed:
            yield Link(button.caption, button.action or form.action, form.target, 0, button)
    elif len(lists) == 1 and (by := _sent_by(lists[0], pressed)) is not None:
        for text, value in lists[0].options:
            yield Link(text, form.action, form.target, 0, by, (lists[0], value))


def _sent_by(chosen_from: Control, pressed: Sequence[Control]) -> Control | None:
    if len(pressed) == 1 and GO.names(pressed[0].caption):
        return pressed[0]
    return chosen_from if not pressed and chosen_from.submits else None


def find_button(documents: Sequence[Document], words: Words) -> Found:
    """The one button of this text that sends a form, narrowed to the local certificate's sections where several."""
    return one_of(documents, words, buttons(documents, words))


def find_removal(documents: Sequence[Document]) -> Found | Link:
    """The button that removes the custom pair, or the link of that text where it is none."""
    if not buttons(documents, REMOVE):
        links = [link for link in fitting_links(documents, REMOVE) if link.button is None and REMOVE.names(link.text)]
        if len(links) == 1:
            return links[0]
    return find_button(documents, REMOVE)


def find_repeated_removal(documents: Sequence[Document]) -> Found | None:
    """The same button on a page that asks whether it is meant: one without the form of the upload."""
    found = buttons(documents, REMOVE)
    return found[0] if len(found) == 1 and not buttons(documents, UPLOAD) else None


def one_of(documents: Sequence[Document], words: Words, found: Sequence[Found]) -> Found:
    found = _narrowed(found)
    if found and all(_is_of_another(each) for each in found):
        section = title_above(found[0].document, found[0].button.line)
        raise UnitError(
            f"{_where(documents)}: the {words.meaning}, {found[0].button.caption!r}, stands only in another section,"
            f" {section!r}{_notices(documents)}"
        )
    if len(found) == 1:
        return found[0]
    if found:
        where = [
            f"{each.button.caption} (section {title_above(each.document, each.button.line)!r})" for each in found
        ]
        raise UnitError(f"{_where(documents)}: {len(found)} forms have the {words.meaning}: {_list(where)}")
    raise UnitError(
        f"{_where(documents)}: no {words.meaning} ({words}) among the buttons {_list(_captions(documents))}"
        f"{_notices(documents)}"
    )


def _is_of_another(found: Found) -> bool:
    """Whether the title right above says that this is about another thing than the local certificate."""
    return TRUST_SECTION.fit(title_above(found.document, found.button.line)) is not None


def _notices(documents: Sequence[Document]) -> str:
    """What the page itself says about why something is not there, to put behind an error."""
    said = [text for document in documents for text in document.lines.values() if NOTICE.fit(text) is not None]
    return f"; the page says {_list(said)}" if said else ""


def buttons(documents: Sequence[Document], words: Words) -> tuple[Found, ...]:
    """The buttons that fit best, can be seen and pressed, and send a form."""
    fits: dict[Fit, list[Found]] = {}
    for document in documents:
        for control in document.controls:
            if not _can_be_pressed(control) or control.form is None:
                continue
            if (fit := words.fit(control.caption)) is not None and not _is_in_menu(document, control):
                fits.setdefault(fit, []).append(Found(document, document.forms[control.form], control))
    return tuple(fits[min(fits)]) if fits else ()


def _is_in_menu(document: Document, button: Control) -> bool:
    """Whether it stands in one form with other entries of a menu: then it only leads somewhere."""
    others = {
        fold(control.caption)
        for control in document.controls
        if control.form == button.form and control.kind in PRESSED and control is not button
    }
    return sum(map(MENU.names, others)) >= KNOWN_ENTRIES


def _narrowed(found: Sequence[Found]) -> Sequence[Found]:
    """Those among the local certificate's, where that leaves any; otherwise all of them."""
    local = [each for each in found if part_above(each.document, each.button.line) is LOCAL_SECTION]
    return local if len(found) > 1 and local else found


UPLOAD_FIELDS: Mapping[Words, tuple[Kind, ...]] = {
    CERTIFICATE: (Kind.FILE,),
    PRIVATE_KEY: (Kind.FILE,),
    PASSPHRASE: (Kind.PASSWORD, Kind.TEXT),
}


def find_upload(documents: Sequence[Document]) -> tuple[Found, dict[Words, Control]]:
    """The one form that uploads the local certificate, and its three fields.

    Forms for trust stores may stand beside it, with a button of the same text: they lack a field, or stand in
    another section. Raises UnitError where not exactly one is left.
    """
    complete: list[Found] = []
    fields: list[dict[Words, Control]] = []
    faults: list[UnitError] = []
    offered = buttons(documents, UPLOAD)
    for found in offered:
        try:
            fields.append(_upload_fields(found.document, found.form.number, found.button))
        except UnitError as fault:
            # What is missing in another section's form tells nothing.
            if not _is_of_another(found):
                faults.append(fault)
        else:
            complete.append(found)
    if faults and all(map(_is_of_another, complete)):
        raise faults[0]
    chosen = one_of(documents, UPLOAD, complete or offered)
    return chosen, fields[complete.index(chosen)]


@once_for_all_alike
def _upload_fields(document: Document, form: int, button: Control) -> dict[Words, Control]:
    return find_fields(Found(document, document.forms[form], button), UPLOAD_FIELDS)


def find_way_to_upload(documents: Sequence[Document]) -> Link | None:
    """The link to a page of its own for the upload, where the page with the status table has no form for it."""
    if buttons(documents, UPLOAD):
        return None
    links = [link for link in fitting_links(documents, UPLOAD) if link.button is None and UPLOAD.names(link.text)]
    return links[0] if len(links) == 1 else None


def find_fields(found: Found, wanted: Mapping[Words, tuple[Kind, ...]]) -> dict[Words, Control]:
    """One field of the form for each of the wanted, by label; no field answers to two of them.

    Raises UnitError where a label is missing or stands at several fields with equal right.
    """
    chosen = {words: _find_field(found, words, kinds) for words, kinds in wanted.items()}
    for control in chosen.values():
        owners = [words.meaning for words, other in chosen.items() if other is control]
        if len(owners) > 1:
            raise UnitError(f"{_where([found.document])}: one field answers to {_list(owners)}")
    return chosen


def _find_field(found: Found, words: Words, kinds: tuple[Kind, ...]) -> Control:
    document = found.document
    near: list[tuple[Nearness, Control]] = []
    offered: list[str] = []
    for position, control in enumerate(document.items):
        if not isinstance(control, Control) or control.form != found.form.number:
            continue
        if control.kind in kinds and control.seen and control.enabled:
            offered.append(f"{control.kind.value} after {_text_before(document, position)!r}")
            if (nearest := nearness(document, position, words)) is not None:
                near.append((nearest, control))
    # One form may go round the whole page: then the fields beside the button are meant.
    for above in (part_above, title_above):
        beside = [each for each in near if above(document, each[1].line) == above(document, found.button.line)]
        near = beside or near
    best = min((nearest for nearest, _ in near), default=None)
    controls = [control for nearest, control in near if nearest == best]
    form = f"{_where([document])}: the form of {found.button.caption!r}"
    if not controls:
        raise UnitError(f"{form} has no {words.meaning} ({words}) among {_list(offered)}")
    if len(controls) > 1:
        raise UnitError(f"{form} has {len(controls)} of the {words.meaning}")
    return controls[0]


def part_above(document: Document, line: int) -> Words | None:
    """Which of the known parts of the certificates page this line stands in."""
    titles = (
        words
        for at, text in reversed(document.lines.items())
        if at <= line
        for words in (LOCAL_SECTION, TRUST_SECTION)
        if words.fit(text) is not None
    )
    return next(titles, None)


def title_above(document: Document, line: int) -> str:
    """The heading, or known title of a part, that stands last before this line or on it."""
    titles = (
        text
        for at, text in reversed(document.lines.items())
        if at <= line and (at in document.heading_lines or is_title(text))
    )
    return next(titles, "")


def is_title(text: str) -> bool:
    return any(words.fit(text) is not None for words in (LOCAL_SECTION, TRUST_SECTION))


def login_forms(documents: Sequence[Document]) -> tuple[Found, ...]:
    """The forms that ask for a user name and one password, and for no file, with a button that logs in."""
    return tuple(found for found in buttons(documents, LOG_IN_BUTTON) if _asks_who(found))


def _asks_who(found: Found) -> bool:
    kinds = [control.kind for control in found.controls if control.seen]
    return kinds.count(Kind.PASSWORD) == 1 and Kind.TEXT in kinds and Kind.FILE not in kinds


def login_fields(found: Found) -> tuple[Control, Control]:
    """The fields for the user name and for the password. An unlabelled text field is the user name if it is alone."""
    fields = [control for control in found.controls if control.seen and control.enabled]
    [password] = [control for control in fields if control.kind is Kind.PASSWORD]
    texts = [control for control in fields if control.kind is Kind.TEXT]
    if len(texts) == 1:
        return texts[0], password
    return find_fields(found, {USER_NAME: (Kind.TEXT,)})[USER_NAME], password


@once_for_all_alike
def heading(document: Document) -> str:
    """What the page calls itself: its title after the product's name, or its first heading."""
    page = document.title.rpartition(" - ")[2].strip()
    if page and page != document.title:
        return page
    headings = (text for line, text in document.lines.items() if line in document.heading_lines)
    return next(headings, document.title)


def is_denied(documents: Iterable[Document]) -> bool:
    return _says(documents, ACCESS_DENIED)


def refusal(documents: Iterable[Document]) -> tuple[Words | None, str]:
    """Why the page says that somebody is not let in, and its words; no reason where it gives none or several."""
    said = {
        words: text
        for document in documents
        for text in document.lines.values()
        for words in REFUSALS
        if words.fit(text) is not None
    }
    return (next(iter(said)) if len(said) == 1 else None), _list(list(said.values())) if said else ""


def wants_new_password(documents: Iterable[Document]) -> bool:
    """Whether the page is the form to change one's password: it has two password fields or more."""
    return any(
        sum(control.kind is Kind.PASSWORD for control in document.controls) > 1 and _says([document], CHANGE_PASSWORD)
        for document in documents
    )


def _says(documents: Iterable[Document], words: Words) -> bool:
    return any(_is_said(document, words) for document in documents)


@once_for_all_alike
def _is_said(document: Document, words: Words) -> bool:
    return words.fit(heading(document)) is not None or any(words.names(text) for text in document.lines.values())


def _can_be_pressed(control: Control) -> bool:
    return control.kind in PRESSED and control.seen and control.enabled


def _text_before(document: Document, position: int) -> str:
    line = document.items[position].line
    return next((text for at, text in reversed(document.lines.items()) if at <= line), "")


def _captions(documents: Sequence[Document]) -> list[str]:
    return [
        control.caption + ("" if control.enabled else " (greyed out)")
        for document in documents
        for control in document.controls
        if control.kind in PRESSED and control.seen and not MENU.names(control.caption)
    ]


def _urls(links: Iterable[Link]) -> list[str]:
    return [urlsplit(link.url).path for link in links]


def _where(documents: Sequence[Document]) -> str:
    return f"page {heading(documents[0])!r}" if documents else "no page"


def _list(texts: Sequence[str]) -> str:
    known = list(dict.fromkeys(text for text in texts if fold(text)))
    if not known:
        return "(none)"
    more = f" and {len(known) - SHOWN} more" if len(known) > SHOWN else ""
    return ", ".join(repr(text[:LONGEST]) for text in known[:SHOWN]) + more
