"""One unit of a variant, whatever carries the requests: pages, the API, the stored pair and the running one."""

from __future__ import annotations

import secrets
import threading
import xmlrpc.client
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

from certstore import CertStore, Upload, UploadRefused, receive
from tests.unit.drivers.variants.pages import Pages, View
from tests.unit.drivers.variants.variant import Variant

USER, PASSWORD = "admin", "pässwörd & more"
SYSTEM = (
    "<system><manufacturer>Codian</manufacturer><model>MCU 4510</model><serial>X{number}</serial>"
    "<softwareVersion>4.4(3.42)</softwareVersion><uptimeSeconds>{uptime}</uptimeSeconds></system>"
)
REFUSED_WHEN_DOWN = 6
"""A browser that asks again at once must see that the unit is down: it is so for that many requests. No clock is
looked at."""
PAGES = ("login", "guest", "home", "network", "settings", "certificates", "shutdown", "other")
ACTIONS = ("enter", "logout", "go", "upload", "remove", "both", "sure", "shut", "confirm", "restart", "again")
DECOYS = ("trust", "search", "upgrade")
PARTS = ("", " inner", " bar")

Fields = Mapping[str, bytes]


@dataclass(frozen=True)
class Request:
    method: str
    scheme: str
    host: str
    path: str
    query: str
    cookie: str
    content_type: str
    body: bytes = field(repr=False)


@dataclass(frozen=True)
class Answer:
    page: str = ""
    status: int = 200
    location: str = ""
    cookie: str = ""
    content_type: str = ""


@dataclass
class Counts:
    """What was done to the unit."""

    uploads: int = 0
    removals: int = 0
    shutdowns: int = 0
    restarts: int = 0
    wrong: list[str] = field(default_factory=list)
    """Forms that were none of our business, and those sent back incomplete or twice."""


class Unit:
    """The state behind the pages. Safe to use from several threads."""

    def __init__(self, variant: Variant, flaw: str = "") -> None:
        self.variant = variant
        self.pages = Pages(variant, flaw)
        self.counts = Counts()
        self.store = CertStore()
        self.status = "active"
        self.question = ""
        self.session = ""
        self.once: set[str] = set()
        self.down = 0
        self.now = datetime(2014, 5, 6, 7, 8, 9)
        self.started = self.now - timedelta(hours=1)
        self.lock = threading.Lock()
        self._places = {self.pages.location(name + part): name + part for name in PAGES for part in PARTS} | {
            self.pages.location(name): name for name in (*ACTIONS, *DECOYS)
        }

    @property
    def serves_custom(self) -> bool:
        return self.store.running is not None

    def is_down(self, weight: int) -> bool:
        """Whether this request goes unanswered."""
        with self.lock:
            if self.down <= 0:
                return False
            self.down -= weight
            return True

    def answer(self, request: Request) -> Answer:
        with self.lock:
            if request.path == "/system.xml":
                uptime = int((self.now - self.started).total_seconds())
                return Answer(SYSTEM.format(number=self.variant.number, uptime=uptime), content_type="text/xml")
            if request.path == "/RPC2":
                return self._call(request)
            return self._browsed(request)

    def _view(self, request: Request) -> View:
        once = secrets.token_hex(4)
        self.once.add(once)
        shutdown = self.question or self.status
        return View(
            at=request.path,
            origin=f"{request.scheme}://{request.host}",
            prefix=f"/{self.session}" if self.session and self.variant["session"] == "path" else "",
            once=once,
            custom=self.store.stored is not None,
            shutdown=shutdown,
        )

    def _browsed(self, request: Request) -> Answer:
        inside, path = self._inside(request)
        place = self._places.get(path, "")
        if path == "/" and (inside or self.variant["login"] != "root"):
            place = "home" if inside else {"link": "guest"}.get(self.variant["login"], "")
            if not place:
                return Answer(status=302, location=self.pages.address("login", self._view(request)))
        view = self._view(request)
        if place == "enter":
            return self._enter(request, view)
        if place == "logout" and inside:
            self.session = ""
            return Answer(self.pages.notice("Bye", view))
        if place in ("login", "guest"):
            return Answer(self.pages.draw(place, view))
        if not inside:
            return Answer(status=302, location=self.pages.address("login", replace(view, prefix="")))
        if place in ACTIONS or place in DECOYS:
            return self._acted(place, request, view)
        if not place or place.startswith("other"):
            return Answer(self.pages.notice("There is nothing here", view), status=200 if place else 404)
        if not place.startswith("shutdown") or request.method == "GET":
            self.question = ""
            view = replace(view, shutdown=self.status)
        return Answer(self.pages.draw(place, view))

    def _inside(self, request: Request) -> tuple[bool, str]:
        """Whether the request belongs to the session, and its path without it."""
        if self.variant["session"] == "path":
            prefix = f"/{self.session}/"
            if self.session and request.path.startswith(prefix):
                return True, request.path.removeprefix(prefix[:-1])
            return False, request.path
        name = self.variant.name("cookie")
        return bool(self.session) and f"{name}={self.session}" in request.cookie, request.path

    def _enter(self, request: Request, view: View) -> Answer:
        v, sent = self.variant, self._sent(request)
        told = (sent.get(v.name("user")), sent.get(v.name("password")))
        if told != (USER.encode(), PASSWORD.encode(v.charset)) or not self._complete(request, sent, "ok"):
            return Answer(self.pages.notice("Access failed", view))
        self.session = f"s{secrets.token_hex(6)}"
        view = self._view(request)
        cookie = f"{v.name('cookie')}={self.session}; path=/" if v["session"] == "cookie" else ""
        match v["entry"]:
            case "refresh":
                return Answer(self.pages.notice("One moment", view, onward="home"), cookie=cookie)
            case "script":
                return Answer(self.pages.scripted("home", view), cookie=cookie)
            case "page":
                return Answer(self.pages.draw("home", view), cookie=cookie)
            case "word-only":
                return Answer(self.pages.notice("You are logged in", view), cookie=cookie)
        return Answer(status=303, location=self.pages.address("home", view), cookie=cookie)

    def _acted(self, place: str, request: Request, view: View) -> Answer:
        sent = self._sent(request)
        if place == "go":
            return self._menu(request, sent, view)
        if place == "both":
            pressed = [name for name in ("upload", "remove", "other") if self._pressed(sent, f"do {name}")]
            place = pressed[0] if len(pressed) == 1 else "trust"
        button = {"sure": "do sure", "shut": "do shut", "again": "do again"}.get(place, f"do {place}")
        whole = request.method == "POST" and self._complete(request, sent, button)
        if not whole or place not in ACTIONS:
            self.counts.wrong.append(f"{request.method} {place}")
            return Answer(self.pages.notice("Thank you", view))
        acts: dict[str, Callable[[Fields, View], Answer]] = {
            "upload": self._upload,
            "remove": self._remove,
            "sure": self._sure,
            "shut": self._shut,
            "confirm": self._confirm,
            "restart": self._restart,
            "again": self._again,
        }
        return acts[place](sent, view)

    def _menu(self, request: Request, sent: Fields, view: View) -> Answer:
        pages = {self.variant.name(f"entry {name}"): name for name in PAGES}
        chosen = sent.get("page", b"").decode() or next((name for name in sent if name in pages), "")
        if self.variant["menu"].startswith("post") and not self._complete(request, sent, "", spend=False):
            self.counts.wrong.append("menu")
        name = pages.get(chosen, "other")
        if name == "other":
            return Answer(self.pages.notice("There is nothing here", view))
        self.question = ""
        return Answer(self.pages.draw(name, replace(view, shutdown=self.status)))

    def _upload(self, sent: Fields, view: View) -> Answer:
        v = self.variant
        ours = {v.name(name): sent.get(v.name(name), b"") for name in ("certificate", "key", "word")}
        certificate, key, word = ours.values()
        known = {v.name(name) for name in ("do upload", "kept", "once")} | ours.keys()
        # Other fields of the same form have to stay as they are: empty.
        if any(value for name, value in sent.items() if name.removesuffix(".x").removesuffix(".y") not in known):
            self.counts.wrong.append("upload into a field of another section")
        self.counts.uploads += 1
        try:
            self.store = self.store.upload(receive(Upload(certificate, key, word or None)))
        except UploadRefused as refused:
            return Answer(self.pages.notice(str(refused), view))
        return self._done("The certificate and key were stored. Restart the unit.", view)

    def _remove(self, _sent: Fields, view: View) -> Answer:
        if self.variant["asks"]:
            return Answer(self.pages.draw(self._inner("ask-removal"), view))
        return self._sure(_sent, view)

    def _sure(self, _sent: Fields, view: View) -> Answer:
        self.counts.removals += 1
        self.store = self.store.remove()
        return self._done("The certificate and key were deleted.", view)

    def _done(self, text: str, view: View) -> Answer:
        view = replace(view, custom=self.store.stored is not None)
        match self.variant["answer"]:
            case "redirect":
                return Answer(status=303, location=self.pages.address("certificates", view))
            case "refresh":
                return Answer(self.pages.notice(text, view, onward="certificates"))
            case "form-again":
                return Answer(self.pages.draw(self._inner("certificates"), view))
        return Answer(self.pages.notice(text, view))

    def _shut(self, sent: Fields, view: View) -> Answer:
        if self.variant["steps"] == "two" and self.status == "active":
            self.question = "asked"
            return Answer(self.pages.draw(self._inner("shutdown"), replace(view, shutdown="asked")))
        return self._confirm(sent, view)

    def _confirm(self, _sent: Fields, view: View) -> Answer:
        self.counts.shutdowns += 1
        self.status, self.question = "shutdown", ""
        return Answer(self.pages.draw(self._inner("shutdown"), replace(view, shutdown="shutdown")))

    def _restart(self, sent: Fields, view: View) -> Answer:
        if self.variant["steps"] == "restart-asks":
            self.question = "again"
            return Answer(self.pages.draw(self._inner("shutdown"), replace(view, shutdown="again")))
        return self._again(sent, view)

    def _again(self, _sent: Fields, view: View) -> Answer:
        self.counts.restarts += 1
        self.store = self.store.restart()
        self.status, self.question, self.session = "active", "", ""
        self.once.clear()
        self.down = REFUSED_WHEN_DOWN
        self.started = self.now = self.now + timedelta(seconds=90)
        return Answer(self.pages.notice("Restarting", view))

    def _inner(self, name: str) -> str:
        """The answer to a form that stands in an inner frame."""
        return f"{name} inner" if self.variant["window"] == "iframe" else name

    def _pressed(self, sent: Fields, button: str) -> bool:
        name = self.variant.name(button)
        return name in sent or f"{name}.x" in sent

    def _complete(self, request: Request, sent: Fields, button: str, *, spend: bool = True) -> bool:
        """Whether everything came back that a browser sends: hidden fields, the button, the one-time value, once."""
        v = self.variant
        if button and v["button"] != "scripted" and not self._pressed(sent, button):
            return False
        if sent.get(v.name("kept")) != b"me & you":
            return False
        if not v["once"]:
            return True
        in_query = parse_qs(request.query).get("o", [""])[0]
        once = sent.get(v.name("once"), b"").decode() if v["once"] == "hidden" else in_query
        if once not in self.once:
            return False
        if spend:
            self.once.discard(once)
        return True

    def _sent(self, request: Request) -> dict[str, bytes]:
        if request.content_type.startswith("multipart/"):
            return dict(_part(part) for part in request.body.split(_boundary(request.content_type))[1:-1])
        text = request.body if request.method == "POST" else request.query.encode()
        pairs = parse_qs(text.decode("latin-1"), keep_blank_values=True, encoding="latin-1")
        return {name: values[0].encode("latin-1") for name, values in pairs.items()}

    def _call(self, request: Request) -> Answer:
        [arguments], method = xmlrpc.client.loads(request.body)
        self.now += timedelta(seconds=1)
        answers: dict[str | None, dict[str, Any]] = {
            "device.query": {
                "currentTime": self.now,
                "restartTime": self.started,
                "rebootRequired": self.store.restart_required,
                "finishedBooting": True,
                "apiVersion": "2.8",
            },
            "device.health.query": {"operationalStatus": self.status},
        }
        good = arguments == {"authenticationUser": USER, "authenticationPassword": PASSWORD}
        result: Any = (answers[method],) if good else xmlrpc.client.Fault(14, "authorization failed")
        return Answer(xmlrpc.client.dumps(result, methodresponse=True), content_type="text/xml; charset=utf-8")


def _boundary(content_type: str) -> bytes:
    return b"--" + content_type.partition("boundary=")[2].strip('"').encode()


def _part(part: bytes) -> tuple[str, bytes]:
    """Name and value of one part of a form (RFC 7578)."""
    head, _, value = part.partition(b"\r\n\r\n")
    return head.partition(b'name="')[2].partition(b'"')[0].decode(), value.removesuffix(b"\r\n")
