"""Every page that links lead to, read once and kept."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import urljoin, urlsplit

from harness.capture.bounds import Bounds
from harness.capture.markup import Tag, parts_of
from harness.capture.scrubbing import tokens_in, tokens_in_path
from harness.deadline import Deadline
from harness.drivers.document import Control, Document, Kind, Link
from harness.drivers.mcu import Means
from harness.drivers.reading import read_page
from harness.drivers.restraint import is_needed, is_shutdown_page, why_not, why_not_address
from harness.drivers.screen import Screen
from harness.drivers.sight import Found, login_forms, menu_entries
from harness.drivers.submission import fill_in
from harness.drivers.wire import ANSWER_SECONDS, REDIRECTED, Reply
from harness.drivers.words import MENU
from harness.errors import BenchError, UnitError
from harness.tls.handshake import HandshakeFailed

OUTSIDE = ("/", "/index.html", "/login.html", "/system.xml")
"""What anybody may open (device-reference 3.1, mark D)."""
SHORTEST_TOKEN = 4
MOST_LOGINS = 3
SHOWN_BY_TAG = {"img": "src", "input": "src", "script": "src", "link": "href", "body": "background"}
PAGE_TYPES = ("", "text/html", "application/xhtml+xml")

Tell = Callable[[str], None]


@dataclass
class Answered:
    """What one address answered."""

    path: str
    """With what stands behind the question mark."""
    inside: bool
    """Whether somebody was logged in."""
    reply: Reply
    milliseconds: float
    document: Document | None
    """Of a page."""
    one_time: frozenset[str] = frozenset()
    """Hidden fields that hold something else each time."""
    links: tuple[Link, ...] = ()

    @property
    def is_same_for_all(self) -> bool:
        """Pictures and the like, and the login page."""
        good = self.reply.status == HTTPStatus.OK
        return good and (self.document is None or bool(login_forms([self.document])))


@dataclass(frozen=True)
class LeftAlone:
    text: str
    path: str
    why: str


@dataclass
class Walk:
    """Goes through one unit once. What it has seen stays, whatever goes wrong."""

    means: Means
    bounds: Bounds
    tell: Tell
    shutdown_page: bool = False
    answers: list[Answered] = field(default_factory=list)
    left_alone: list[LeftAlone] = field(default_factory=list)
    failed: list[tuple[str, str]] = field(default_factory=list)
    """Path, and why there is no answer."""
    secrets: set[str] = field(default_factory=set)
    incomplete: str = ""
    """Why not everything was looked at."""

    def __post_init__(self) -> None:
        self._deadline = Deadline.after(self.bounds.seconds)
        self._queue: deque[str] = deque()
        self._known: set[str] = set()
        self._paths: Counter[str] = Counter()
        self._octets = 0
        self._failures = 0
        self._logins = 0

    def outside(self) -> None:
        """What is to be seen without a login."""
        self._go([self.means.wire.url(path) for path in OUTSIDE], inside=False)

    def inside(self) -> None:
        """Logs in, and goes from link to link. Raises what the log-in raises."""
        # What shows nothing else to somebody who is logged in is not read again; a login page might end the session.
        self._known = {one.path for one in self.answers if one.is_same_for_all}
        screen = self._entered()
        if screen.again:
            self._known.discard(_path(screen.url))
            first = [screen.url]
        else:
            # The answer to the log-in itself: it cannot be had by a GET, and what it leads to can.
            first = [url for document in screen.documents for url in self._from_page(document, inside=True)]
        self._go(first, inside=True)

    def _entered(self) -> Screen:
        self._logins += 1
        screen = self.means.web.open(())
        self.secrets |= self.means.wire.cookie_values
        for url in (screen.url, *(document.url for document in screen.documents)):
            self.secrets |= tokens_in_path(urlsplit(url).path)
        return screen

    def _go(self, first: Iterable[str], *, inside: bool) -> None:
        self._queue.extend(first)
        while self._queue:
            url = self._queue.popleft()
            if _path(url) in self._known:
                continue
            self._known.add(_path(url))
            if self.incomplete or (why := self._bound()):
                self.incomplete = self.incomplete or why
                self._queue.clear()
                return
            if (answered := self._fetched(url, inside=inside)) is None:
                continue
            if inside and self._logins < MOST_LOGINS and self._is_thrown_out(answered):
                # Either the unit has ended the session, or this is a page that always asks who is there.
                self._entered()
                if (answered := self._fetched(url, inside=inside)) is None:
                    continue
            self._keep(answered)
            self._queue.extend(
                found
                for found in dict.fromkeys(self._onward(answered, inside=inside))
                if _path(found) not in self._known and found not in self._queue
            )

    def _bound(self) -> str:
        if len(self.answers) >= self.bounds.pages:
            return f"{self.bounds.pages} pages have been read, which is the bound (--pages)"
        if self._deadline.expired:
            return f"{self.bounds.seconds:g} s are over, which is the bound (--seconds)"
        if self._octets > self.bounds.octets:
            return f"{self._octets} octets have come, more than a unit's pages should have"
        if self._failures >= self.bounds.failures:
            return f"the unit did not answer {self._failures} times in a row"
        return ""

    def _fetched(self, url: str, *, inside: bool) -> Answered | None:
        began = time.monotonic()
        try:
            reply = self.means.wire.get(url, max(1.0, self._deadline.at_most(ANSWER_SECONDS)))
        except (BenchError, HandshakeFailed, UnitError) as error:
            self._failures += 1
            self.failed.append((_path(url), str(error)))
            return None
        self._failures = 0
        self._octets += len(reply.body)
        milliseconds = round((time.monotonic() - began) * 1000, 1)
        return Answered(_path(url), inside, reply, milliseconds, _document_of(reply))

    def _is_thrown_out(self, answered: Answered) -> bool:
        target = urlsplit(answered.reply.location).path if answered.reply.status in REDIRECTED else ""
        documents = [answered.document, *(one.document for one in self.answers if target and one.path == target)]
        return bool(login_forms([document for document in documents if document is not None]))

    def _keep(self, answered: Answered) -> None:
        document = answered.document
        if document is not None:
            self._note_tokens(document)
            if answered.inside and any(control.kind is Kind.HIDDEN for control in document.controls):
                again = self._fetched(answered.reply.url, inside=True)
                if again is not None and again.document is not None:
                    answered.one_time = self._differing(document, again.document)
                    self._note_tokens(again.document)
            answered.links = (*document.links, *menu_entries(document))
        self.secrets |= tokens_in(urlsplit(answered.path).query)
        self.secrets |= self.means.wire.cookie_values
        self.answers.append(answered)
        self.tell(f"{len(self.answers):3} {answered.path[:80]} ({len(self._queue)} waiting)")

    def _differing(self, first: Document, second: Document) -> frozenset[str]:
        """The hidden fields whose values are not the same in two readings of one page."""
        pairs = zip(_hidden(first), _hidden(second), strict=False)
        different = [(one, other) for one, other in pairs if one.name == other.name and one.values != other.values]
        for pair in different:
            self.secrets |= {value for one in pair for value in one.values if len(value) >= SHORTEST_TOKEN}
        return frozenset(one.name for one, _ in different)

    def _note_tokens(self, document: Document) -> None:
        for control in document.controls:
            if control.kind is Kind.PASSWORD:
                self.secrets |= {value for value in control.values if len(value) >= SHORTEST_TOKEN}
            if control.kind in (Kind.HIDDEN, Kind.TEXT):
                self.secrets |= {token for value in control.values for token in tokens_in(value)}
        for url in (*(link.url for link in document.links), *(form.action for form in document.forms)):
            self.secrets |= tokens_in(urlsplit(url).query)

    def _onward(self, answered: Answered, *, inside: bool) -> Iterator[str]:
        reply, host = answered.reply, self.means.wire.place.address
        if reply.status in REDIRECTED and reply.location:
            target = urljoin(reply.url, reply.location)
            if why := why_not_address(target, host):
                self._leave("(redirect)", target, why)
            else:
                yield target
        if answered.document is not None:
            yield from self._from_page(answered.document, inside=inside)

    def _from_page(self, document: Document, *, inside: bool) -> Iterator[str]:
        host = self.means.wire.place.address
        for url in shown_by(document):
            if why := why_not_address(url, host):
                self._leave("(shown by the page)", url, why)
            else:
                yield url
        for link in (*document.links, *menu_entries(document)) if inside else ():
            link = _by_get(document, link)
            if why := why_not(link, host, shutdown_page=self.shutdown_page):
                self._leave(link.text, link.url, why)
            elif self._counted(link):
                yield link.url

    def _counted(self, link: Link) -> bool:
        """Whether it is not merely one more page of a list that may have thousands."""
        parts = urlsplit(link.url)
        if _path(link.url) in self._known or not parts.query or _is_of_menu(link):
            return True
        self._paths[parts.path] += 1
        if self._paths[parts.path] > self.bounds.of_one_path:
            self._leave(link.text, link.url, "there are enough pages of this path")
        return self._paths[parts.path] <= self.bounds.of_one_path

    def _leave(self, text: str, url: str, why: str) -> None:
        alone = LeftAlone(text[:100], _path(url) if why != "another host" else url.partition("?")[0][:200], why)
        if alone not in self.left_alone:
            self.left_alone.append(alone)


def _is_of_menu(link: Link) -> bool:
    return MENU.names(link.text) or is_needed(link) or is_shutdown_page(link)


def _by_get(document: Document, link: Link) -> Link:
    """The entry of a menu that is a form, and is sent by GET, as the link that it amounts to."""
    if link.button is None or not _is_of_menu(link):
        return link
    found = Found(document, document.forms[link.button.form or 0], link.button)
    sent = fill_in(found, dict([link.chosen]) if link.chosen else {})
    return link._replace(url=sent.url, button=None) if sent.method == "GET" else link


def shown_by(document: Document) -> Iterator[str]:
    """Frames, pictures, style sheets and scripts: what a browser gets by itself."""
    yield from (frame.url for frame in document.frames if frame.url and not frame.url.startswith("about:"))
    base = document.url
    for part in parts_of(document.markup):
        if not isinstance(part, Tag):
            continue
        if part.name == "base" and part.get("href"):
            base = urljoin(base, part.get("href") or "")
        target = (part.get(SHOWN_BY_TAG.get(part.name, "")) or "").strip()
        if part.name == "link" and "stylesheet" not in (part.get("rel") or "").lower():
            continue
        if target and not target.startswith(("data:", "#", "javascript:")):
            yield urljoin(base, target).partition("#")[0]


def _hidden(document: Document) -> list[Control]:
    return [control for control in document.controls if control.kind is Kind.HIDDEN]


def _document_of(reply: Reply) -> Document | None:
    kind = reply.content_type.partition(";")[0].strip().lower()
    if kind not in PAGE_TYPES or reply.status in REDIRECTED or not reply.body:
        return None
    return read_page(reply.url, reply.body, reply.content_type)


def _path(url: str) -> str:
    parts = urlsplit(url)
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
