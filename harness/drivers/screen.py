"""What the window of a browser shows, and whether of somebody who is logged in."""

from __future__ import annotations

import functools
from dataclasses import dataclass

from harness.drivers.document import Document, once_for_all_alike
from harness.drivers.sight import fitting_links, heading, is_denied, login_forms
from harness.drivers.words import LOG_IN, LOG_OUT, NETWORK, SETTINGS, SSL_CERTIFICATES, Words
from harness.unit import Page

INSIDE = (NETWORK, SETTINGS, SSL_CERTIFICATES, LOG_OUT)
"""Links of which somebody who is logged in sees at least one."""
LONGEST_ROW = 1000
"""Characters that a row may have that is a text by itself."""


@dataclass(frozen=True)
class Pane:
    """One frame, or the whole window, which has no name."""

    name: str
    document: Document


@dataclass(frozen=True)
class Screen:
    """What the browser's window shows: one page, or several in frames. The pane that changed last comes first."""

    url: str
    """Of what was opened last."""
    status: int
    panes: tuple[Pane, ...]
    again: bool = True
    """Whether its address shows it again: not where it answered a POST."""

    @property
    def documents(self) -> tuple[Document, ...]:
        return tuple(pane.document for pane in self.panes)

    @functools.cached_property
    def page(self) -> Page:
        """The screen as a value for observations."""
        return Page(self.heading, frozenset().union(*map(texts, self.documents)))

    @property
    def heading(self) -> str:
        return next(filter(None, map(heading, self.documents)), "")


@once_for_all_alike
def texts(document: Document) -> frozenset[str]:
    """All that can be read on it: lines, buttons, and rows of tables."""
    lines = {*document.lines.values(), *(control.caption for control in document.controls if control.seen)}
    # A row of a table reads as one text as well.
    rows = (sorted(at for cell in row.values() for at in cell) for row in document.rows.values())
    lines.update(text for row in rows if len(text := document.text_of(row)) < LONGEST_ROW)
    return frozenset(lines - {""})


def is_outside(screen: Screen) -> bool:
    """Whether this is what somebody sees who is not logged in, or who may not see the page."""
    if any(_keeps_out(document) for document in screen.documents):
        return True
    # 2.x shows its home page to guests too, with a link to log in (device-reference 3.3, mark D).
    return _links_to(screen, LOG_IN) and not _links_to(screen, LOG_OUT)


def is_inside(screen: Screen) -> bool:
    """Whether this is what somebody sees who is logged in."""
    return any(_links_to(screen, words) for words in INSIDE)


@once_for_all_alike
def _keeps_out(document: Document) -> bool:
    return bool(login_forms([document])) or is_denied([document])


def _links_to(screen: Screen, words: Words) -> bool:
    return any(_has_link(document, words) for document in screen.documents)


@once_for_all_alike
def _has_link(document: Document, words: Words) -> bool:
    return bool(fitting_links([document], words))
