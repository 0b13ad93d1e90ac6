"""Units of every generation, for looks at what all of them are documented to show."""

from __future__ import annotations

import functools
import http.client
import ssl
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

import bs4
import mechanicalsoup

from harness.deadline import Deadline
from harness.emulator.blueprint import Blueprint
from harness.emulator.skin import Skin, load_skin
from harness.tls.handshake import Endpoint, take_handshake

if TYPE_CHECKING:
    from tests.unit.emulator.conftest import Caller

MEMBERS = {
    "2.3": ("MCU 4203", "2.3"),
    "2.4": ("MCU 4203", "2.4(1)"),
    "4.0": ("MCU 4203", "4.0(1.54)"),
    "4.1": ("MCU 4505", "4.1(1.59)"),
    "4.2": ("MCU MSE 8510", "4.2(1.50)"),
    "4.3": ("MCU 4505", "4.3(2.18)"),
    "4.4": ("MCU MSE 8420", "4.4(3.42)"),
    "4.5": ("MCU 4505", "4.5(1.71)"),
    "5310": ("MCU 5310", "4.3(1.14)"),
    "3610": ("Advanced Media Gateway 3610", "4.3(2.18)"),
}
"""Model and firmware, by the name that probes use."""

CODIAN, CLASSIC, CISCO = ("2.3", "2.4"), ("4.0", "4.1", "4.2", "4.3"), ("4.4", "4.5")
"""Generations that look alike."""


@dataclass
class Member:
    """One running unit, which nobody changes."""

    blueprint: Blueprint
    call: Caller
    visitor: Any
    """Logged in as the administrator."""

    @property
    def skin(self) -> Skin:
        return load_skin(self.blueprint.generation)

    @functools.cached_property
    def device(self) -> dict[str, Any]:
        """`device.query`."""
        found: dict[str, Any] = self.call("device.query")
        return found

    @functools.cached_property
    def system(self) -> ElementTree.Element:
        """`/system.xml`, by a stranger."""
        return ElementTree.fromstring(self.ask("GET", "/system.xml")[1])

    def ask(self, method: str, path: str, body: str | None = None, **headers: str) -> tuple[int, str, dict[str, str]]:
        """Status, body and headers of an answer to a stranger."""
        connection = http.client.HTTPConnection(self.blueprint.address, self.blueprint.http, timeout=60)
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.read().decode("latin-1"), {k.lower(): v for k, v in answer.getheaders()}
        finally:
            connection.close()

    def page(self, name: str) -> bs4.BeautifulSoup:
        """As the administrator sees it."""
        self.visitor.visit(self.skin.paths[name])
        soup: bs4.BeautifulSoup = self.visitor.page
        return soup

    def unseen(self, path: str) -> bs4.BeautifulSoup:
        """As a stranger sees it, after all redirects."""
        with mechanicalsoup.StatefulBrowser(soup_config={"features": "lxml"}) as stranger:
            stranger.open(f"http://{self.blueprint.address}:{self.blueprint.http}{path}")
            soup: bs4.BeautifulSoup = stranger.page
            return soup

    def buttons(self, page: str) -> list[str]:
        return [str(button["value"]) for button in self.page(page).find_all("input", type="submit")]

    def labels(self, page: str) -> list[str]:
        return [label.text for label in self.page(page).find_all("label")]

    def links(self, page: str) -> list[str]:
        return [link.text.strip() for link in self.page(page).find_all("a")]

    @property
    def leaf(self) -> bytes:
        """That HTTPS presents."""
        endpoint = Endpoint(self.blueprint.address, self.blueprint.https)
        return take_handshake(endpoint, Deadline.after(60)).leaf

    def secure(self) -> http.client.HTTPSConnection:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version = ssl.TLSVersion.TLSv1
        return http.client.HTTPSConnection(self.blueprint.address, self.blueprint.https, timeout=60, context=context)


class Family:
    """The members by name; each is visited when it is first asked for."""

    def __init__(
        self,
        blueprints: dict[str, Blueprint],
        visitor_of: Callable[[Blueprint], AbstractContextManager[Any]],
        caller_of: Callable[[Blueprint], Caller],
    ) -> None:
        self._blueprints, self._visitor_of, self._caller_of = blueprints, visitor_of, caller_of
        self._known: dict[str, Member] = {}
        self._open = ExitStack()

    def __getitem__(self, name: str) -> Member:
        if name not in self._known:
            blueprint = self._blueprints[name]
            visitor = self._open.enter_context(self._visitor_of(blueprint))
            visitor.visit("/login.html")
            visitor.fill_in_login(blueprint.user, blueprint.password)
            self._known[name] = Member(blueprint, self._caller_of(blueprint), visitor)
        return self._known[name]

    def of(self, *names: str) -> list[Member]:
        return [self[name] for name in names]

    @property
    def all(self) -> list[Member]:
        return self.of(*self._blueprints)

    def close(self) -> None:
        self._open.close()
