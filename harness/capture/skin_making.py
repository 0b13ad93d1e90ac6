"""From a capture to a skin: the folder that lets an emulated unit look as the captured one did."""

from __future__ import annotations

import re
import ssl
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

from cryptography import x509

from harness.capture import live_page
from harness.capture.first_contact import Capture
from harness.capture.keeping import Folder, file_name, kept_octets, masked
from harness.capture.live_page import LivePage, ServiceFields
from harness.capture.scrubbing import Scrubber
from harness.capture.toml_form import toml_of
from harness.capture.walk import Answered
from harness.drivers.document import PRESSED, Control, Kind
from harness.drivers.encoding import decode_page
from harness.drivers.masking import HIDDEN
from harness.drivers.sight import (
    Found,
    buttons,
    find_button,
    find_fields,
    find_upload,
    heading,
    login_fields,
    login_forms,
)
from harness.drivers.words import CERTIFICATE, LEAVE, PASSPHRASE, PRIVATE_KEY, REMOVE, RESTART, SHUT_DOWN, Words
from harness.emulator.skin import CAPTURED_FILE, Skin, generations, load_captured, load_skin
from harness.errors import BenchError, UnitError
from harness.unit import Identity
from harness.verdict.hello import suites

LIVE = ("login", "certificates", "shutdown", "services", "home")
"""The pages that tell of the unit's state, in the order in which they are looked for."""
DATES = (
    *("%A, %d %B %Y, %H:%M:%S", "%a, %d %b %Y, %H:%M:%S", "%d %B %Y, %H:%M:%S", "%d %B %Y %H:%M:%S", "%d %B %Y"),
    *("%A %d %B %Y %H:%M:%S", "%A, %d %B %Y", "%a %b %d %H:%M:%S %Y", "%b %d %H:%M:%S %Y GMT", "%d %b %Y"),
    *("%Y-%m-%d %H:%M:%S", "%Y-%m-%d", "%d/%m/%Y %H:%M:%S", "%d/%m/%Y", "%m/%d/%Y", "%d-%b-%Y", "%d.%m.%Y"),
)
"""Ways to print a date; the unit's own is unknown (device-reference 2.2)."""
VERSIONS = {"TLS 1.0": "TLSv1", "TLS 1.1": "TLSv1.1", "TLS 1.2": "TLSv1.2", "TLS 1.3": "TLSv1.3"}
"""Those that an emulated unit can speak."""


@dataclass
class Made:
    """A skin as it is made: values by table, and what could not be brought to life, in words."""

    values: dict[str, Any] = field(default_factory=dict)
    templates: dict[str, str] = field(default_factory=dict)
    pages: list[dict[str, str]] = field(default_factory=list)
    still: list[str] = field(default_factory=list)

    def table(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = self.values.setdefault(name, {})
        return found


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
        if isinstance(model := self.capture.told("device.query").get("model"), str):
            made.table("api")["model_prefix"] = model.removesuffix(identity.model)
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
        key = self._key(page, answered, path)
        if key and key not in self.made.templates:
            self._bring_to_life(key, page)
        else:
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

    def _key(self, page: LivePage, answered: Answered, path: str) -> str:
        """Which of the pages that live it is."""
        if login_forms([page.document]):
            return "login"
        if not answered.inside:
            return ""
        if _is_there(lambda: find_upload([page.document])):
            return "certificates"
        if _posting(page, SHUT_DOWN) or _posting(page, RESTART):
            return "shutdown"
        if len(self._service_fields(page)) > 1:
            return "services"
        return "home" if path == self._home else ""

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

    def _bring_to_life(self, key: str, page: LivePage) -> None:
        match key:
            case "login":
                self._login(page)
            case "certificates":
                self._certificates(page)
            case "shutdown":
                self._shutdown(page)
            case "services":
                self._services(page)
        title = page.document.title
        if key == "certificates" and title.endswith(heading(page.document)):
            self.made.values["title"] = title.removesuffix(heading(page.document)).replace("{", "") + "{page}"

    def _login(self, page: LivePage) -> None:
        found = login_forms([page.document])[0]
        user, password = login_fields(found)
        self.made.table("change_paths")["login"] = _action(found.button, found.form.action)
        texts = {"user_field": user.name, "password_field": password.name, "button": found.button.caption}
        self.made.table("login").update(texts | ({"button_field": found.button.name} if found.button.name else {}))

    def _certificates(self, page: LivePage) -> None:
        if not live_page.show_certificate(page):
            self.made.still.append("certificates: the status table was not found in the page's source, and stays")
        live_page.show_which_pair(page, self.parent.certificates)
        texts = self.made.table("certificates")
        found, fields = find_upload([page.document])
        texts |= {
            "certificate_field": fields[CERTIFICATE].name,
            "key_field": fields[PRIVATE_KEY].name,
            "passphrase_field": fields[PASSPHRASE].name,
            "upload_button": found.button.caption,
        }
        self.made.table("change_paths")["certificates"] = _action(found.button, found.form.action)
        if found.button.name:
            texts["upload_field"] = found.button.name
        try:
            remove = find_button([page.document], REMOVE)
        except UnitError:
            self.made.still.append("certificates: no button that removes the pair was found")
        else:
            texts |= {"delete_field": remove.button.name, "delete_button": remove.button.caption}
            if _action(remove.button, remove.form.action) != self.made.table("change_paths")["certificates"]:
                self.made.table("change_paths")["removal"] = _action(remove.button, remove.form.action)
        texts["name_layout"] = "a line each" if len(live_page.lines_of(page, "subject")) > 1 else "one line"
        if (date := self._date_format(live_page.lines_of(page, "expires"))) is not None:
            texts["date_format"] = date

    def _date_format(self, lines: list[str]) -> str | None:
        try:
            ends = x509.load_pem_x509_certificate(self.capture.chain).not_valid_after_utc
        except ValueError:
            return None
        return next((date for date in DATES if [ends.strftime(date)] == lines), None)

    def _shutdown(self, page: LivePage) -> None:
        texts = self.made.table("shutdown")
        if pressed := _posting(page, SHUT_DOWN):
            found, what = pressed[0], "shut_down"
            if not live_page.show_shutdown(page, found):
                self.made.still.append(
                    "shutdown: the button was not found in the page's source: it cannot be pressed"
                )
        else:
            found, what = _posting(page, RESTART)[0], "restart"
            texts["steps"] = 0
        texts[what] = found.button.caption
        # A button that a script sends has no name: then the others have none either.
        names = (what,) if found.button.name else ("shut_down", "confirm", "restart")
        texts |= {f"{name}_field": found.button.name for name in names}
        self.made.table("change_paths")["shutdown"] = _action(found.button, found.form.action)

    def _services(self, page: LivePage) -> None:
        rows = self._service_fields(page)
        live_page.show_services(page, rows, self.parent.services)
        known = {row.name: row for row in self.parent.services.rows}
        self.made.table("services")["rows"] = [
            {
                "name": row.name,
                "label": known[row.name].label,
                "protocol": known[row.name].protocol,
                "port": known[row.name].port,
                "ticked_field": row.tick.name,
                "port_field": row.port.name if row.port is not None else "",
            }
            for row in rows
        ]
        [form] = {row.tick.form for row in rows}
        assert form is not None, "a field without a form is none of a service"
        self.made.table("change_paths")["services"] = urlsplit(page.document.forms[form].action).path

    def _service_fields(self, page: LivePage) -> list[ServiceFields]:
        """The rows of services; none unless those of the web are among them, in one form."""
        found = [
            one for row in self.parent.services.rows if (one := self._row(page, row.name, row.label)) is not None
        ]
        names = {one.name for one in found}
        return found if {"http", "https"} <= names and len({one.tick.form for one in found}) == 1 else []

    def _row(self, page: LivePage, name: str, label: str) -> ServiceFields | None:
        words = Words(f"row {label}", (label, name))
        for found in _forms_with(page, Kind.CHECKBOX):
            try:
                tick = find_fields(found, {words: (Kind.CHECKBOX,)})[words]
            except UnitError:
                continue
            return ServiceFields(name, tick, _port_beside(page, tick))
        return None

    def _leave(self, page: LivePage) -> None:
        for link in page.document.links:
            if LEAVE.fit(link.text) is not None and link.button is None:
                self.made.table("paths").setdefault("logout", urlsplit(link.url).path)

    def _finish(self) -> None:
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


def _is_there(look: Any) -> bool:
    try:
        look()
    except UnitError:
        return False
    return True


def _forms_with(page: LivePage, kind: Kind) -> Iterator[Found]:
    """The forms that have such a control and a button."""
    document = page.document
    for form in document.forms:
        controls = [control for control in document.controls if control.form == form.number]
        pressed = [control for control in controls if control.kind in PRESSED]
        if pressed and any(control.kind is kind for control in controls):
            yield Found(document, form, pressed[0])


def _posting(page: LivePage, words: Words) -> list[Found]:
    """The buttons of these texts that do something: one that is sent by GET only leads somewhere."""
    return [one for one in buttons([page.document], words) if one.form.method == "post"]


def _port_beside(page: LivePage, tick: Control) -> Control | None:
    """The text field that follows the tick box before another one does."""
    controls = page.document.controls
    after = controls[controls.index(tick) + 1 :]
    field = next((control for control in after if control.kind in (Kind.TEXT, Kind.CHECKBOX)), None)
    return field if field is not None and field.kind is Kind.TEXT and field.form == tick.form else None


def _action(button: Control, action: str) -> str:
    return urlsplit(button.action or action).path or "/"


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _openssl_names() -> dict[int, str]:
    """What OpenSSL here calls the suites that it can speak, up to TLS 1.2."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("ALL:@SECLEVEL=0")
    return {
        int(one["id"]) & 0xFFFF: str(one["name"]) for one in context.get_ciphers() if one["protocol"] != "TLSv1.3"
    }
