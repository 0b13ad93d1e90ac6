"""Everything that an administrator can read of a unit: its pages, its files and the answers of its API."""

from __future__ import annotations

import functools
import html
import re
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from http import HTTPStatus
from urllib.parse import urljoin, urlsplit

from harness.drivers import system_xml
from harness.drivers.document import Document
from harness.drivers.own_names import OwnNames
from harness.drivers.page_memory import ALL_PAGES
from harness.drivers.restraint import why_not
from harness.drivers.rpc import Api
from harness.drivers.screen import Screen
from harness.drivers.sight import menu_entries
from harness.drivers.wire import REDIRECTED, Reply, Wire
from harness.errors import BenchError, UnitError
from harness.unit import Readable

CONFIGURATION = "/configuration.xml"
FILES = (system_xml.PATH, CONFIGURATION)
"""Device-reference 3.1, mark D."""
METHODS = (
    "device.query",
    "device.health.query",
    "device.network.query",
    "device.restartlog.query",
    "device.encryption.query",
    "services.query",
    "auditlog.query",
)
"""Those that only tell (device-reference 7.2 to 7.7)."""
KEY_PATHS = (
    "/privkey.pem",
    "/privatekey.pem",
    "/private_key.pem",
    "/key.pem",
    "/server.key",
    "/server.pem",
    "/certificate.pem",
    "/cert.pem",
)
"""Where the procedures of vendors and web servers put it."""
MOST_PAGES = 80
HREF = re.compile(r"""\bhref\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""", re.IGNORECASE)


def everything(wire: Wire, api: Api, home: Screen, names: OwnNames) -> Iterator[Readable]:
    """Each page that links lead to from `home`, as its source; each file; and what each method answers. The names are
    the unit's own.

    Nothing is followed that may change something. What does not answer is left out.
    """
    known: set[str] = set()
    considered: set[str] = set()
    for document in home.documents:
        known.add(_path(document.url))
        yield Readable(_path(document.url), document.markup.encode("utf-8", "replace"))
    waiting = deque(url for document in home.documents for url in _onward(document, wire.place.address))
    while waiting and len(known) < MOST_PAGES:
        url = waiting.popleft()
        if _path(url) in known:
            continue
        known.add(_path(url))
        if (reply := _got(wire, url)) is None:
            continue
        yield Readable(_path(url), reply.body)
        if reply.status in REDIRECTED and reply.location:
            waiting.append(urljoin(reply.url, reply.location))
        elif "html" in reply.content_type and not (targets := _targets(reply)) <= considered:
            # Most pages have nothing but the menu in common with those before: they need not be understood.
            considered |= targets
            document = ALL_PAGES.read(reply.url, reply.body, reply.content_type, names)
            waiting.extend(_onward(document, wire.place.address))
    for path in FILES:
        if (reply := _got(wire, wire.url(path))) is not None and reply.status == HTTPStatus.OK:
            yield Readable(path, reply.body)
    for method in METHODS:
        with suppress(BenchError, UnitError):
            yield Readable(f"API {method}", api.answer(method).body)


def unlinked(wire: Wire) -> Iterator[Readable]:
    """Each file that is found at one of KEY_PATHS."""
    for path in KEY_PATHS:
        if (reply := _got(wire, wire.url(path))) is not None and reply.status == HTTPStatus.OK:
            yield Readable(path, reply.body)


def _targets(reply: Reply) -> set[str]:
    """Where its links may lead, by what stands in its source."""
    found = ("".join(groups) for groups in HREF.findall(reply.body.decode("latin-1")))
    folder = reply.url.partition("?")[0].rpartition("/")[0] + "/"
    return {_leads_to(folder if target[:1] not in ("", "?", "#") else reply.url, target) for target in found}


# Every page has the same menu.
@functools.lru_cache(maxsize=1024)
def _leads_to(base: str, target: str) -> str:
    return urljoin(base, html.unescape(target))


def _got(wire: Wire, url: str) -> Reply | None:
    with suppress(BenchError, UnitError):
        return wire.get(url)
    return None


def _onward(document: Document, host: str) -> Iterator[str]:
    for link in (*document.links, *menu_entries(document)):
        if link.button is None and not why_not(link, host, shutdown_page=True):
            yield link.url.partition("#")[0]


def _path(url: str) -> str:
    return urlsplit(url).path or "/"
