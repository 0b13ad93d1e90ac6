"""The pages of a captured unit that tell of its state: which of them is which, and what the emulated unit has to know
of each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from cryptography import x509

from harness.capture import live_page
from harness.capture.live_page import LivePage, ServiceFields
from harness.drivers.document import PRESSED, Control, Kind
from harness.drivers.sight import (
    Found,
    buttons,
    find_button,
    find_fields,
    find_upload,
    find_way_to_upload,
    heading,
    login_fields,
    login_forms,
)
from harness.drivers.status_table import read_local_certificate
from harness.drivers.words import CERTIFICATE, PASSPHRASE, PRIVATE_KEY, REMOVE, RESTART, SHUT_DOWN, Words
from harness.emulator.skin import Skin
from harness.errors import UnitError

DATES = (
    *("%A, %d %B %Y, %H:%M:%S", "%a, %d %b %Y, %H:%M:%S", "%d %B %Y, %H:%M:%S", "%d %B %Y %H:%M:%S", "%d %B %Y"),
    *("%A %d %B %Y %H:%M:%S", "%A, %d %B %Y", "%a %b %d %H:%M:%S %Y", "%b %d %H:%M:%S %Y GMT", "%d %b %Y"),
    *("%Y-%m-%d %H:%M:%S", "%Y-%m-%d", "%d/%m/%Y %H:%M:%S", "%d/%m/%Y", "%m/%d/%Y", "%d-%b-%Y", "%d.%m.%Y"),
)
"""Ways to print a date; the unit's own is unknown (device-reference 2.2)."""


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


@dataclass(frozen=True)
class Reader:
    """Reads pages for the skin that is made."""

    parent: Skin
    """What it inherits from."""
    chain: bytes
    """PEM, what the captured unit presents."""
    made: Made

    def key_of(self, page: LivePage, *, inside: bool, is_home: bool) -> str:
        """Which of the pages that live it is; empty for any other."""
        if login_forms([page.document]):
            return "login"
        if not inside:
            return ""
        has_form = _is_there(lambda: find_upload([page.document]))
        has_table = _is_there(lambda: read_local_certificate([page.document]))
        if has_table and (has_form or find_way_to_upload([page.document]) is not None):
            return "certificates"
        if has_form:
            return "upload"
        if _posting(page, SHUT_DOWN) or _posting(page, RESTART):
            return "shutdown"
        if len(self._service_fields(page)) > 1:
            return "services"
        return "home" if is_home else ""

    def bring_to_life(self, key: str, page: LivePage) -> None:
        """The page shows the emulated unit's state, and the skin has the names of its fields."""
        match key:
            case "login":
                self._login(page)
            case "certificates":
                self._certificates(page)
                if find_way_to_upload([page.document]) is None:
                    self._upload(page)
            case "upload":
                self._upload(page)
            case "shutdown":
                self._shutdown(page)
            case "services":
                self._services(page)
        title = page.document.title
        if key == "certificates" and title.endswith(heading(page.document)):
            self.made.values["title"] = (
                title.removesuffix(heading(page.document)).translate({ord(one): None for one in "{}"}) + "{page}"
            )

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
        try:
            remove = find_button([page.document], REMOVE)
        except UnitError:
            self.made.still.append("certificates: no button that removes the pair was found")
        else:
            texts |= {"delete_field": remove.button.name, "delete_button": remove.button.caption}
            self.made.table("change_paths")["removal"] = _action(remove.button, remove.form.action)
        texts["name_layout"] = "a line each" if len(live_page.lines_of(page, "subject")) > 1 else "one line"
        if (date := self._date_format(live_page.lines_of(page, "expires"))) is not None:
            texts["date_format"] = date

    def _upload(self, page: LivePage) -> None:
        """The form stands beside the status table, or on a page of its own."""
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

    def _date_format(self, lines: list[str]) -> str | None:
        try:
            ends = x509.load_pem_x509_certificate(self.chain).not_valid_after_utc
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


def _is_there(look: Callable[[], object]) -> bool:
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
