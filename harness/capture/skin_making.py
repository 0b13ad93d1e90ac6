"""From a capture to a skin: the folder that lets an emulated unit look as the captured one did."""

from __future__ import annotations

import re
import ssl
from collections import Counter
from collections.abc import Mapping
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

from harness.capture import live_page
from harness.capture.first_contact import Capture
from harness.capture.keeping import Folder, file_name, kept_octets, masked
from harness.capture.live_page import LivePage
from harness.capture.scrubbing import Scrubber
from harness.capture.skin_pages import Made, Reader
from harness.capture.toml_form import toml_of
from harness.capture.walk import Answered
from harness.drivers.encoding import decode_page
from harness.drivers.masking import HIDDEN
from harness.drivers.sight import login_forms
from harness.drivers.words import LEAVE
from harness.emulator.skin import CAPTURED_FILE, Skin, generations, load_captured, load_skin
from harness.errors import BenchError
from harness.unit import Identity
from harness.verdict.hello import suites

VERSIONS = {"TLS 1.0": "TLSv1", "TLS 1.1": "TLSv1.1", "TLS 1.2": "TLSv1.2", "TLS 1.3": "TLSv1.3"}
"""Those that an emulated unit can speak."""


def make_skin(capture: Capture, folder: Folder) -> Made:
    """The folder has the skin of what was captured, without its secrets. Raises BenchError for a capture without a
    login page or a home page: an emulated unit could not be logged in to."""
    return _Maker(capture, folder).make()


class _Maker:
    def __init__(self, capture: Capture, folder: Folder) -> None:
        self.capture = capture
        self.folder = folder
        self.made = Made()
        self.walk = capture.walk
        assert self.walk is not None, "made of what was seen"
        self.scrubber = Scrubber(capture.secrets | self.walk.secrets)
        self.identity = Identity(**capture.identity)
        self.parent = load_skin(_generation(self.identity.software_version))
        self.reader = Reader(self.parent, capture.chain, self.made)
        self.one_time = _most_common(name for one in self.walk.answers for name in one.one_time)

    def make(self) -> Made:
        assert self.walk is not None
        self._general()
        good = [one for one in self.walk.answers if one.reply.status == 200 and one.reply.body]
        for answered in good:
            self._keep(answered)
        for page in ("login", "home"):
            if page not in self.made.templates:
                raise BenchError(f"{self.capture.place.name}: no skin: the capture has no {page} page")
        for page in ("certificates", "shutdown", "services"):
            if page not in self.made.templates:
                self.made.still.append(f"no page {page} was captured: it looks as in {_generation_of(self.parent)}")
        self._finish()
        return self.made

    def _general(self) -> None:
        made, identity, parent = self.made, self.identity, self.parent
        made.values |= {
            "inherits": _generation(identity.software_version),
            "firmware": identity.software_version,
            "manufacturer": identity.manufacturer or parent.manufacturer,
            "build_prefix": identity.build_version.partition("(")[0] or parent.build_prefix,
            "one_time_field": self.one_time,
        }
        assert self.walk is not None
        server = next((one.reply.server for one in self.walk.answers if one.reply.server), "")
        if server:
            made.table("http")["server"] = server
        self._redirects()
        cookies = [str(text) for facts in self.capture.exchanges for text in _list(facts.get("cookies"))]
        if cookies:
            made.table("session")["cookie"] = cookies[-1].partition(";")[0]
        for method, _, facts in self.capture.api:
            if facts.get("fault") == 1:
                made.values.setdefault("api", {}).setdefault("methods", {})[method] = False
        if isinstance(version := self.capture.told("device.query").get("apiVersion"), str):
            made.table("api")["version"] = version
        model = self.capture.told("device.query").get("model")
        if isinstance(model, str) and model.endswith(identity.model):
            made.table("api")["model_prefix"] = model.removesuffix(identity.model)
        if self.capture.told("device.query").get("rebootRequired") is True:
            made.still.append(
                "a restart was pending: what the pages say of it stays on them; capture it once more after"
            )
        # A captured page has the links of somebody who is logged in.
        made.table("home")["shown_to"] = "users"
        self._tls()

    def _redirects(self) -> None:
        for facts in self.capture.exchanges:
            status = facts.get("status")
            if status in (302, 303):
                key = "after_post" if facts.get("method") == "POST" else "to_login"
                self.made.table("http").setdefault(key, status)

    def _tls(self) -> None:
        told = self.capture.tls
        versions = [VERSIONS[one] for one in told.get("versions", ()) if one in VERSIONS]
        names = {name for found in (told.get("suites") or {}).values() for name in found}
        numbers = {suite.number for suite in suites().values() if suite.name in names}
        ciphers = [name for number, name in _openssl_names().items() if number in numbers]
        if versions and (ciphers or versions == ["TLSv1.3"]):
            self.made.table("tls").update(minimum=versions[0], maximum=versions[-1])
            if ciphers:
                self.made.table("tls")["ciphers"] = ":".join(ciphers)
        elif told.get("versions"):
            self.made.still.append("TLS: what the unit speaks cannot be spoken here; versions and suites are ours")

    def _keep(self, answered: Answered) -> None:
        path = self._path(answered)
        if path == "/system.xml" or any(page["path"] == path for page in self.made.pages):
            return
        is_for_guests = not answered.inside and answered.document and not login_forms([answered.document])
        if is_for_guests and (path == "/" or path in self._inside):
            # An emulated unit shows nothing where somebody has to log in first.
            return
        octets = kept_octets(answered, self.scrubber)
        if octets is None:
            return
        if answered.document is None:
            name = self.folder.add(f"files/{file_name(path, answered.reply.content_type)}", octets, "as captured")
            kind = answered.reply.content_type.partition(";")[0].strip().lower()
            self._add(path, name, "text/plain" if kind == "text/html" else kind, "everybody")
            return
        page = LivePage(f"http://unit{path}", self._localized(octets, answered))
        key = self.reader.key_of(page, inside=answered.inside, is_home=path == self._home)
        if key and key not in self.made.templates:
            self.reader.bring_to_life(key, page)
        if key in self.made.templates or key == "upload":
            # One of each; and the upload's form alone tells nothing of the unit's state.
            key = ""
        live_page.renew_tokens(page, frozenset([self.one_time]))
        live_page.show_identity(page, self.identity, self.capture.place.login.user)
        if answered.inside:
            live_page.show_notes(page)
        name = self.folder.add(f"pages/{file_name(path, 'text/html')}", page.template().encode(), f"page {path}")
        if key:
            self.made.templates[key] = name
            self.made.table("paths")[key] = path
        else:
            self._add(path, name, "text/html", "users" if answered.inside else "everybody")
        self._leave(page)

    def _add(self, path: str, file: str, content_type: str, shown_to: str) -> None:
        self.made.pages.append({"path": path, "file": file, "content_type": content_type, "shown_to": shown_to})

    def _localized(self, octets: bytes, answered: Answered) -> str:
        """The page's source; addresses that name the unit's host lead nowhere else than to where the page is from."""
        source, _ = decode_page(
            octets, f"text/html; charset={answered.document.charset if answered.document else ''}"
        )
        host = re.escape(self.capture.place.address)
        return re.sub(rf"https?://{host}(?::\d+)?(?=/)", "", source, flags=re.IGNORECASE).replace(f"/{HIDDEN}/", "/")

    @cached_property
    def _inside(self) -> frozenset[str]:
        assert self.walk is not None
        return frozenset(self._path(one) for one in self.walk.answers if one.inside)

    @property
    def _home(self) -> str:
        assert self.walk is not None
        return next((self._path(one) for one in self.walk.answers if one.inside), "")

    @cached_property
    def _shared(self) -> frozenset[str]:
        """Paths of which there are several pages, told apart by what stands behind the question mark."""
        assert self.walk is not None
        pages = {one.path for one in self.walk.answers if one.document is not None}
        counted = Counter(self._bare(urlsplit(path).path) for path in pages)
        return frozenset(path for path, count in counted.items() if count > 1)

    def _path(self, answered: Answered) -> str:
        path, query = self._bare(urlsplit(answered.path).path), urlsplit(answered.path).query
        return (
            f"{path}?{query}" if query and path in self._shared and HIDDEN not in self.scrubber.text(query) else path
        )

    def _bare(self, path: str) -> str:
        """Without the session that some units have in their paths."""
        return self.scrubber.text(path).replace(f"/{HIDDEN}", "") or "/"

    def _leave(self, page: LivePage) -> None:
        for link in page.document.links:
            if LEAVE.fit(link.text) is not None and link.button is None:
                self.made.table("paths").setdefault("logout", urlsplit(link.url).path)

    def _finish(self) -> None:
        changes = self.made.table("change_paths")
        if changes.get("removal") == changes.get("certificates"):
            changes.pop("removal", None)
        captured = {"templates": self.made.templates, "pages": self.made.pages}
        document: Mapping[str, Any] = {**self.made.values, "captured": captured}
        text = f"# {self.capture.place.name}, captured {self.capture.began:%Y-%m-%d}; what is not here is as in the\n"
        text += "# generation that it inherits from. `emulated = { skin = ... }` in lab.toml names this folder.\n\n"
        masked_document = masked(document, self.scrubber)
        self.folder.add(CAPTURED_FILE, (text + toml_of(masked_document)).encode(), "the skin's values")
        load_captured(self.folder.path)


def _generation(version: str) -> str:
    """The known generation that a firmware is of, or the newest that is not newer."""
    wanted = _numbers(version.partition("(")[0])
    older = [one for one in generations() if _numbers(one) <= wanted]
    return older[-1] if older else generations()[0]


def _generation_of(skin: Skin) -> str:
    return next(one for one in generations() if load_skin(one) is skin)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdecimal())


def _most_common(names: Any) -> str:
    counted = Counter(names).most_common(1)
    return counted[0][0] if counted else ""


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _openssl_names() -> dict[int, str]:
    """What OpenSSL here calls the suites that it can speak, up to TLS 1.2."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("ALL:@SECLEVEL=0")
    return {
        int(one["id"]) & 0xFFFF: str(one["name"]) for one in context.get_ciphers() if one["protocol"] != "TLSv1.3"
    }
