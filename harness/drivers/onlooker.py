"""What is asked of a unit by somebody who wants to know what it gives away, and whom it lets in."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import NoReturn
from urllib.parse import urlsplit

from harness.deadline import Deadline
from harness.drivers.cookies import Cookies
from harness.drivers.readable import CONFIGURATION, everything, unlinked
from harness.drivers.rpc import Api, NotTold
from harness.drivers.screen import Screen, is_outside
from harness.drivers.sight import buttons
from harness.drivers.state import CERTIFICATES, HOME
from harness.drivers.submission import Submission
from harness.drivers.web import WebSession
from harness.drivers.wire import Credentials, Wire
from harness.drivers.words import AUDIT_LOG, AUDIT_OFF, AUDIT_ON, LOGS
from harness.errors import BenchError, ConfigurationError, UnitError
from harness.lab import Place
from harness.tls.handshake import Handshake, HandshakeFailed, take_handshake
from harness.tls.pins import LeafPins
from harness.tls.resumption import TlsSession, is_resumed, kept_session
from harness.transport import Direct
from harness.unit import Page, Readable, Visitor, WebPass

GUEST = Credentials("guest", "")
"""As every unit has it from the factory (device-reference 3.4, mark D)."""
ANY_NAME = "unit.example"
"""A host name that no unit has (RFC 2606 3)."""
ELSEWHERE = "127.0.0.77"
"""Another address of this machine, for units that are on loopback."""


@dataclass(frozen=True)
class CookiePass(WebPass):
    """The cookies of a session, and the page that it opened."""

    cookies: Cookies = field(repr=False)
    path: str = field(repr=False)


class Onlooker:
    """The looks of `harness.unit.Unit` that a person with bad intentions would take."""

    _wire: Wire
    _web: WebSession
    _api: Api
    _pins: LeafPins

    @property
    def place(self) -> Place:
        return self._wire.place

    def handshakes(self, count: int, deadline: Deadline) -> tuple[Handshake, ...]:
        """Without those that the unit was too busy for."""

        # Every other one asks for a name. There is one certificate, whatever it is asked for (8, mark I).
        endpoints = (self._wire.https, replace(self._wire.https, server_name=ANY_NAME))

        def look(number: int) -> Handshake | None:
            with suppress(BenchError, HandshakeFailed):
                return take_handshake(endpoints[number % 2], deadline)
            return None

        with ThreadPoolExecutor(count) as pool:
            return tuple(filter(None, pool.map(look, range(count))))

    def leafs_met(self) -> frozenset[str]:
        return self._pins.met

    def tls_session(self, deadline: Deadline) -> TlsSession | None:
        return kept_session(self._wire.https, deadline)

    def resumes(self, session: TlsSession, deadline: Deadline) -> bool:
        return is_resumed(self._wire.https, session, deadline)

    def web_pass(self) -> WebPass:
        parts = urlsplit(self._web.open(CERTIFICATES).url)
        return CookiePass(self._wire.cookies, parts.path + (f"?{parts.query}" if parts.query else ""))

    def admits(self, kept: WebPass) -> bool:
        assert isinstance(kept, CookiePass), "made by web_pass"
        with self._wire.as_stranger(kept.cookies):
            return not is_outside(self._web.glance(self._wire.url(kept.path)))

    def help_page(self, topic: str) -> Page | None:
        with suppress(BenchError, UnitError):
            screen = self._web.glance(self._wire.url(f"/help_{topic}.html"))
            return screen.page if screen.status == HTTPStatus.OK else None
        return None

    def audit_page(self) -> Page | None:
        try:
            return self._web.open((LOGS, AUDIT_LOG)).page
        except UnitError:
            return None

    def shown_to_strangers(self) -> tuple[str, ...]:
        pages = self._guarded()
        with self._wire.as_stranger(Cookies()):
            return _shown(self._web, pages)

    def shown_to_guests(self) -> tuple[str, ...] | None:
        pages = self._guarded()
        guest = WebSession(self._wire, GUEST, _nobody_knows, lambda kind, facts: None)
        with self._wire.as_stranger(Cookies()):
            try:
                guest.open(HOME)
            except (BenchError, ConfigurationError, UnitError):
                return None
            try:
                return _shown(guest, pages)
            finally:
                guest.log_out()

    def _guarded(self) -> dict[str, str]:
        """The addresses of what is for administrators."""
        return {"SSL certificates": self._web.open(CERTIFICATES).url, CONFIGURATION: self._wire.url(CONFIGURATION)}

    def log_out(self) -> None:
        self._web.log_out()

    def readable(self) -> Iterator[Readable]:
        if (shown := self._web.shown) is not None:
            yield Readable("the address of the answer", shown.url.encode("utf-8", "replace"))
            for document in shown.documents:
                yield Readable("the answer", document.markup.encode("utf-8", "replace"))
        yield from everything(self._wire, self._api, self._web.open(HOME), self._web.names)

    def unlinked(self) -> Iterator[Readable]:
        yield from unlinked(self._wire)

    def audit(self, *, enabled: bool) -> bool | None:
        try:
            screen = self._web.open((LOGS, AUDIT_LOG))
        except UnitError:
            return None
        on, off = buttons(screen.documents, AUDIT_ON), buttons(screen.documents, AUDIT_OFF)
        if len(on) + len(off) != 1:
            return None
        was = bool(off)
        if was != enabled:
            self._web.press((on or off)[0])
        return was

    def _sent_by(self, visitor: Visitor, screen: Screen, fill: Callable[[Screen], Submission]) -> bool:
        """The form was sent by somebody else: as the unit shows it to them, or else as it shows it to an
        administrator, on `screen`. False where nobody can play that visitor here."""
        given = fill(screen)
        if visitor is Visitor.ELSEWHERE:
            if self._wire.through.name or not _is_loopback(self.place.address):
                return False
            with self._wire.as_stranger(self._wire.cookies, Direct(source=ELSEWHERE)):
                self._wire.browse(given)
            return True
        guest = WebSession(self._wire, GUEST, _nobody_knows, lambda kind, facts: None, self._web.names)
        with self._wire.as_stranger(Cookies()):
            if visitor is Visitor.GUEST:
                try:
                    guest.open(HOME)
                except (BenchError, ConfigurationError, UnitError):
                    return False
            with suppress(UnitError):
                given = fill(guest.glance(screen.url))
            self._wire.browse(given)
            guest.log_out()
        return True


def _shown(web: WebSession, pages: Mapping[str, str]) -> tuple[str, ...]:
    screens = {name: web.glance(url) for name, url in pages.items()}
    return tuple(name for name, one in screens.items() if one.status == HTTPStatus.OK and not is_outside(one))


def _nobody_knows() -> NoReturn:
    raise NotTold("asked for a guest, whom the API would not let in")


def _is_loopback(address: str) -> bool:
    with suppress(ValueError):
        return ipaddress.ip_address(address).is_loopback
    return False
