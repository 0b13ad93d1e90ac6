"""A web session on the unit: log in, go where the links say, read, press, log out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from http import HTTPStatus

from harness.deadline import Deadline
from harness.drivers.document import Control, Document, Link
from harness.drivers.own_names import NAMELESS, OwnNames
from harness.drivers.pace import Pace
from harness.drivers.page_log import PageLog
from harness.drivers.page_memory import ALL_PAGES
from harness.drivers.rpc import NotTold
from harness.drivers.screen import Pane, Screen, is_inside, is_outside
from harness.drivers.sight import (
    Found,
    find_link,
    fitting_links,
    login_fields,
    login_forms,
    refusal,
    wants_new_password,
)
from harness.drivers.submission import FileContent, Filling, Submission, fill_in
from harness.drivers.wire import Credentials, Record, Reply, Wire
from harness.drivers.words import (
    HOME,
    LEAVE,
    LOCKED,
    LOG_IN,
    NO_RIGHT,
    NO_SESSION,
    PASSWORD_EXPIRED,
    WRONG_PASSWORD,
    Words,
)
from harness.errors import BenchError, ConfigurationError, DeadlineExpired, LabError, UnitError

# Device-reference 3.1, mark D; every other page is found by its link.
LOGIN_PATH = "/login.html"
LOGOUT_PATH = "/logout.html"

Path = tuple[Words, ...]
"""The texts of the links to follow from the home page."""

LOGIN_PACES = 3
"""How much rarer than other looks a login is tried again."""
FRAMES = 12
REFRESHES = 5
REFRESH_SECONDS = 5.0
"""A page that sends the browser on later than this is one that keeps itself up to date."""


class WebSession:
    """Logged in when the first page is asked for, and again when the unit has forgotten it.

    Links are remembered from one login to the next, pages never: each is read anew, with its one-time inputs.
    """

    def __init__(
        self,
        wire: Wire,
        login: Credentials,
        api_accepts: Callable[[], None],
        record: Record,
        names: OwnNames = NAMELESS,
    ) -> None:
        self._wire = wire
        self._log = PageLog(record, login.password)
        self.names = names
        self._seen: Screen | None = None
        self._came = wire.moment()
        """When what is shown had come."""
        self._refused: BenchError | ConfigurationError | None = None
        self._login = login
        self._api_accepts = api_accepts
        self._inside = False
        self._login_is_scripted = False
        self._home: Screen | None = None
        self._home_is_used = False
        self._latest: Screen | None = None
        self._learned: dict[Path, str] = {}

    def open(self, path: Path) -> Screen:
        """The page at the end of these links, read now. Raises UnitError where a link is missing or ambiguous."""
        if not self._inside or self._home is None:
            self._log_in()
        screen = self._open(path)
        if is_outside(screen):
            # The unit ends idle sessions (device-reference 3.4), and a restart ends all.
            self._log_in()
            screen = self._open(path)
            if is_outside(screen):
                raise UnitError(f"{self._wire.place.name}: page {screen.heading!r} right after the log-in")
        return screen

    def shown_or_open(self, path: Path) -> Screen:
        """The same page; the one that is shown will do where it has come just now."""
        shown = self._seen
        if shown is None or not self._came.lasts(self._wire.moment()):
            return self.open(path)
        is_it = shown.url == self._learned.get(path) and shown.status == HTTPStatus.OK
        return shown if is_it and self.shows(shown) else self.open(path)

    def shows(self, screen: Screen) -> bool:
        """Whether this is what the window shows, of a session that goes on as far as is known."""
        return self._inside and screen is self._seen and screen.again and not is_outside(screen)

    def press(self, found: Found, filling: Mapping[Control, bytes | str | FileContent] | None = None) -> Screen:
        """What the unit showed after this button was pressed, whatever it was; the request is sent once."""
        submission = fill_in(found, filling or {})
        reply = self._wire.browse(submission)
        got = submission.method == "GET" or _path(reply.url) != _path(submission.url)
        self._latest = self._shown(reply, again=got)
        return self._latest

    @property
    def shown(self) -> Screen | None:
        """What the window shows."""
        return self._seen

    def glance(self, url: str) -> Screen:
        """What is to be seen there, with the cookies that are set; what is shown otherwise stays."""
        return Screen(url, (reply := self._wire.browse(_get(url))).status, (Pane("", self._document(reply)),))

    def hang_up(self, found: Found, filling: Filling) -> None:
        """The button was pressed, and the connection closed when half of the form was sent."""
        self._wire.hang_up_within(fill_in(found, filling))

    def press_or_follow(self, found: Found | Link) -> Screen:
        """What the unit showed after a click on what does something, be it a button or a link; it is sent once."""
        if isinstance(found, Found):
            return self.press(found)
        self._wire.acts += 1
        self._latest = self._show(found.url)
        return self._latest

    def follow(self, screen: Screen, link: Link) -> Screen:
        """The window after a click on a link of what it shows."""
        self._latest = self._follow(screen, link)
        if self._latest.status != HTTPStatus.OK or is_outside(self._latest):
            raise UnitError(f"{self._wire.place.name}: the link {link.text!r} leads to page {self._latest.heading!r}")
        return self._latest

    def log_out(self) -> None:
        """The session is given back, as far as the unit can be reached: units have few (device-reference 3.3)."""
        if self._inside:
            home = self._home
            self.forget()
            # Whatever went wrong before is the news; a session that cannot be closed times out by itself.
            with suppress(BenchError, UnitError):
                links = fitting_links(home.documents, LEAVE) if home else ()
                url = links[0].url if len(links) == 1 and not links[0].button else self._wire.url(LOGOUT_PATH)
                self._wire.browse(_get(url))
            self._wire.forget_cookies()

    def forget(self) -> None:
        """The unit has restarted: there is no session any more."""
        self._inside = False
        self._home = self._latest = None
        # Their addresses may be of the session, too.
        self._learned.clear()

    def keep_secret(self, *secrets: bytes | None) -> None:
        """These never come into evidence."""
        self._log.hide(*secrets)

    def keep_page(self, why: str) -> None:
        """What the window shows is in the evidence, with its secrets masked."""
        if self._seen is not None:
            self._log.keep(why, self._seen)

    @contextmanager
    def witnessed(self) -> Iterator[None]:
        """Whatever goes wrong in here, the page on which it did is in the evidence."""
        try:
            yield
        except (UnitError, LabError) as error:
            self.keep_page(str(error))
            raise

    def _open(self, path: Path) -> Screen:
        if path in self._learned:
            screen = self._show(self._learned.pop(path))
            if screen.status == HTTPStatus.OK:
                self._learned[path] = screen.url
                return screen
        screen = self._fresh_home()
        if path and not is_outside(screen):
            screen = self._go(screen, path)
        if screen.again:
            self._learned[path] = screen.url
        return screen

    def _fresh_home(self) -> Screen:
        """The page with the menu, read anew unless it is new: a menu made of forms may be sent only once."""
        assert self._home is not None, "set by the log-in"
        if self._home_is_used and self._home.again:
            self._home = self._show(self._home.url)
        elif self._home_is_used and self._latest is not None and is_inside(self._latest):
            # Only its own buttons lead on from an answer to a POST; the latest has those that are still good.
            self._home = self._latest
        self._home_is_used = True
        return self._home

    def _go(self, screen: Screen, path: Path) -> Screen:
        *outer, last = path
        direct = [link for link in fitting_links(screen.documents, last) if last.names(link.text)]
        if len(direct) != 1:
            for words in outer:
                screen = self._follow(screen, find_link(screen.documents, words))
                if is_outside(screen):
                    return screen
            direct = [find_link(screen.documents, last)]
        screen = self._follow(screen, direct[0])
        if screen.status != HTTPStatus.OK:
            raise UnitError(f"{self._wire.place.name}: the {last.meaning} answers HTTP {screen.status}")
        return screen

    def _follow(self, screen: Screen, link: Link) -> Screen:
        """The window after a click: a link in a frame changes its own frame, or the one that it names."""
        source = next(pane for pane in screen.panes if _holds(pane.document, link))
        if link.button is None:
            opened = self._show(link.url)
        else:
            found = Found(source.document, source.document.forms[link.button.form or 0], link.button)
            opened = self.press(found, dict([link.chosen]) if link.chosen else {})
        replaced = link.target or source.name
        kept = tuple(_pressed(pane, link) for pane in screen.panes if pane.name and pane.name != replaced)
        if len(screen.panes) == 1 or replaced in ("_top", "_parent", "_blank", ""):
            return opened
        panes = (*(Pane(replaced, pane.document) for pane in opened.panes), *kept)
        self._seen = Screen(opened.url, opened.status, panes, opened.again)
        return self._seen

    def _document(self, reply: Reply) -> Document:
        return ALL_PAGES.read(reply.url, reply.body, reply.content_type, self.names)

    def _show(self, url: str) -> Screen:
        return self._shown(self._wire.browse(_get(url)))

    def _shown(self, reply: Reply, *, again: bool = True) -> Screen:
        document = self._document(reply)
        for _ in range(REFRESHES):
            onward = document.refresh
            if (
                onward is None
                or onward.seconds > REFRESH_SECONDS
                or onward.url == document.url
                or _has_content(document)
            ):
                break
            reply, again = self._wire.browse(_get(onward.url)), True
            document = self._document(reply)
        panes = [Pane("", document)]
        waiting = list(document.frames)
        while waiting and len(panes) < FRAMES:
            frame = waiting.pop(0)
            if frame.url and not frame.url.startswith("about:"):
                inner = self._document(self._wire.browse(_get(frame.url)))
                panes.append(Pane(frame.name or f"#{len(panes)}", inner))
                waiting += inner.frames
        self._seen, self._came = Screen(reply.url, reply.status, tuple(panes), again), self._wire.moment()
        return self._seen

    def _log_in(self) -> None:
        """Somebody with the right to see the menu is logged in.

        Raises ConfigurationError where user or password are wrong, BenchError where they are right and the unit
        still lets nobody in, UnitError where its pages are none that a person could log in on.
        """
        name, user = self._wire.place.name, self._login.user
        if self._refused is not None:
            # A third wrong password would lock the account (device-reference 3.4).
            raise self._refused
        self.forget()
        screen = self._entered()
        # From here on there may be a session to give back.
        self._inside = True
        if wants_new_password(screen.documents) or refusal(screen.documents)[0] is PASSWORD_EXPIRED:
            self._refused = ConfigurationError(
                f"{name}: the unit wants user {user!r} to change the password: log in and do so"
            )
            raise self._refused
        if is_outside(screen):
            self._inside = False
            screen = self._let_in_later(screen)
            self._inside = True
        if not is_inside(screen):
            # A page that only says that the log-in worked.
            screen = self._show(self._wire.url("/"))
        if not is_inside(screen):
            raise UnitError(f"{name}: page {screen.heading!r} after the log-in has no menu")
        if not screen.again:
            # An answer to a POST, which cannot be had twice.
            links = fitting_links(screen.documents, HOME)
            home = self._follow(screen, links[0]) if len(links) == 1 else self._show(self._wire.url("/"))
            screen = home if is_inside(home) and not is_outside(home) else screen
        self._home, self._home_is_used = screen, False

    def _entered(self) -> Screen:
        """The page after user and password were sent, once."""
        self._wire.forget_cookies()
        found = self._login_form()
        if isinstance(found, Screen):
            return found
        self._login_is_scripted = "onsubmit" in found.document.markup.lower()
        user_field, password_field = login_fields(found)
        return self.press(found, {user_field: self._login.user, password_field: self._login.password})

    def _let_in_later(self, screen: Screen) -> Screen:
        """The page inside, once a session has become free: units end those that idle (device-reference 3.4).

        Raises ConfigurationError and BenchError where waiting is of no use, BenchError where it was of none.
        """
        name, user = self._wire.place.name, self._login.user
        reason, said = refusal(screen.documents)
        says = f"; the page says {said}" if said else ""
        if reason is LOCKED:
            self._refused = BenchError(
                f"{name}: the account of user {user!r} is locked{says}: wait until the unit unlocks it"
                " (administrators after 30 minutes), or have it enabled"
            )
            raise self._refused
        by_api = "in by API and "
        try:
            self._api_accepts()
        except ConfigurationError as error:
            self._refused = error
            raise
        except NotTold:
            by_api = ""
            if reason in (None, WRONG_PASSWORD):
                # It may be the password, and a third wrong one would lock the account.
                self._refused = ConfigurationError(
                    f"{name}: the unit lets user {user!r} not in{says}, and has no API to say why:"
                    " correct login in lab.toml, or wait for a free session"
                )
                raise self._refused from None
        if reason is NO_RIGHT:
            raise ConfigurationError(f"{name}: user {user!r} has no right to administer the unit{says}")

        def look() -> Screen | None:
            again = self._entered()
            return None if is_outside(again) else again

        place = self._wire.place
        # A password that the unit calls wrong is sent once.
        seconds = 0.0 if reason is WRONG_PASSWORD else place.login.session_wait_seconds
        if seconds:
            with suppress(DeadlineExpired):
                every = LOGIN_PACES * Pace.of(place).every
                return Deadline.after(seconds).wait_for(f"free web session on {name}", look, every)
        waited = f", and did not within {seconds:g} s (login.session_wait_seconds)" if seconds else ""
        why = {NO_SESSION: "no free session", WRONG_PASSWORD: "another password"}.get(
            reason or PASSWORD_EXPIRED, "no free session, no right, or locked"
        )
        script = "; its login form runs a script, which is not run here" if self._login_is_scripted else ""
        raise BenchError(f"{name}: the unit lets user {user!r} {by_api}not by web: {why}{waited}{says}{script}")

    def _login_form(self) -> Found | Screen:
        """The form; or the page inside, where our certificate was the login (device-reference 2.4, mark D)."""
        name = self._wire.place.name
        for path in (LOGIN_PATH, "/"):
            screen = self._show(self._wire.url(path))
            if self._wire.https.pair is not None and is_inside(screen) and not is_outside(screen):
                return screen
            if len(found := login_forms(screen.documents)) == 1:
                return found[0]
            if not found and len(links := fitting_links(screen.documents, LOG_IN)) == 1:
                screen = self._follow(screen, links[0])
                if len(found := login_forms(screen.documents)) == 1:
                    return found[0]
        raise UnitError(f"{name}: page {screen.heading!r} has {len(found)} forms to log in, want one")


def _get(url: str) -> Submission:
    return Submission("GET", url, "", b"")


def _pressed(pane: Pane, link: Link) -> Pane:
    """The pane without the button that was pressed in it: it led here, and is none of what can be done here."""
    if link.button is None or link.button not in pane.document.controls:
        return pane
    items = tuple(replace(item, enabled=False) if item is link.button else item for item in pane.document.items)
    return Pane(pane.name, replace(pane.document, items=items))


def _path(url: str) -> str:
    """What of an address the unit sees."""
    return url.partition("://")[2].partition("/")[2].partition("#")[0]


def _holds(document: Document, link: Link) -> bool:
    return link in document.links if link.button is None else link.button in document.controls


def _has_content(document: Document) -> bool:
    return bool(document.forms or document.links)
