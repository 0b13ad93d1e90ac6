"""A blade as the Supervisor of its chassis has it (device-reference 14): its page, found as a person finds it.

That the Supervisor can shut a blade down and restart it is documented; pages and labels are recollected (mark R).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harness.deadline import Deadline
from harness.drivers.contact import identity_of
from harness.drivers.document import Cell, Document, Link
from harness.drivers.pace import Pace
from harness.drivers.restart import find_confirmation
from harness.drivers.rpc import Api
from harness.drivers.screen import Screen
from harness.drivers.sight import Found, buttons, find_button
from harness.drivers.web import Path as Links
from harness.drivers.web import WebSession
from harness.drivers.wire import Broken, Credentials, NotOpen, Record, Wire
from harness.drivers.words import BLADES, HARDWARE, RESTART_BLADE, SHUT_DOWN_BLADE, fold
from harness.errors import BenchError, ConfigurationError, UnitError
from harness.lab import Place
from harness.tls.handshake import HandshakeFailed
from harness.tls.pin_file import pin_file_of
from harness.tls.pins import ForeignLeaf, LeafPins
from harness.transport import DIRECT, Transport

SUFFIX = ".supervisor"
"""What is kept of the Supervisor of a place is kept under the place's name and this."""
ALL_BLADES: Links = (HARDWARE, BLADES)


class Blade:
    """One blade; a person is logged in to its Supervisor."""

    def __init__(self, place: Place, wire: Wire, pins: LeafPins, web: WebSession) -> None:
        self._place = place
        self._slot = 0 if place.supervisor is None else place.supervisor.slot
        self._wire = wire
        self._pins = pins
        self._web = web

    @property
    def notices(self) -> tuple[str, ...]:
        return (*self._wire.notices, *self._pins.notices)

    def restart_button(self, deadline: Deadline) -> Found:
        """The button that restarts it, on its page, read now; the blade was shut down where there is none before.

        Raises UnitError where the page of its slot is not found, or is another blade's.
        """
        with self._web.witnessed():
            screen = self._page()
            if not buttons(screen.documents, RESTART_BLADE) and buttons(screen.documents, SHUT_DOWN_BLADE):
                self._press(find_button(screen.documents, SHUT_DOWN_BLADE))

                def look() -> bool:
                    return bool(buttons(self._page().documents, RESTART_BLADE))

                every = Pace.of(self._place).every
                deadline.wait_for(f"button on its Supervisor's page that restarts {self._place.name}", look, every)
                screen = self._page()
            return find_button(screen.documents, RESTART_BLADE)

    def press(self, found: Found) -> None:
        """The button was pressed, once, and the question that may follow was answered with yes."""
        with self._web.witnessed():
            self._press(found)

    def _press(self, found: Found) -> None:
        if confirmation := find_confirmation(self._web.press(found)):
            self._web.press(confirmation)

    def _page(self) -> Screen:
        """The blade's own page. Raises UnitError where it is not there, or says that another blade is in the slot."""
        overview = self._web.open(ALL_BLADES)
        links = [link for document in overview.documents for link in _links_of_slot(document, self._slot)]
        where, slot = f"{self._place.name}: Supervisor", self._slot
        if len({link.url for link in links}) != 1:
            raise UnitError(f"{where}: page {overview.heading!r} has {len(links)} links for slot {slot}, want one")
        screen = self._web.follow(overview, links[0])
        said = " ".join(sorted(screen.page.lines))
        if (model := self._place.model.split()[-1]) not in said:
            raise UnitError(
                f"{where}: page {screen.heading!r} of slot {slot} does not say that an {model} is in it: correct"
                " supervisor.slot"
            )
        told = set(filter(_is_address, said.replace(",", " ").split())) - {self._wire.place.address}
        ours = self._place.address
        # Behind a gateway, a blade may be reached by another address than its own.
        if told and ours not in told and _is_address(ours) and self._place.gateway is None:
            theirs = ", ".join(sorted(told))
            raise UnitError(
                f"{where}: the blade in slot {slot} has the address {theirs}, and not {ours}: correct supervisor.slot"
            )
        return screen


@contextmanager
def blade_of(place: Place, record: Record, state_dir: Path | None, through: Transport = DIRECT) -> Iterator[Blade]:
    """The blade of a place, as its Supervisor has it; the session there is given back, come what may.

    Raises ConfigurationError where the place has no Supervisor, or its password is wrong or cannot be found,
    BenchError where it cannot be reached.
    """
    beside = supervisor_place(place)
    pins = LeafPins(f"{beside.name}: {beside.address}", beside.tls.pin, pin_file_of(beside, state_dir))
    login = Credentials(beside.login.user, beside.login.password.reveal(f"{beside.name}: login password"))
    wire = Wire(beside, pins, record, through)
    try:
        try:
            identity_of(wire)
        except ForeignLeaf:
            raise
        except (NotOpen, Broken, HandshakeFailed) as error:
            raise BenchError(f"{error}; it is the Supervisor of {place.name}") from error
        api = Api(wire, login)
        web = WebSession(wire, login, lambda: _accepted(api), record)
        try:
            yield Blade(place, wire, pins, web)
        finally:
            web.log_out()
    finally:
        wire.close()


def supervisor_place(place: Place) -> Place:
    """The Supervisor, as a place of its own beside that of its blade. Raises ConfigurationError where it has none."""
    supervisor = place.supervisor
    if supervisor is None:
        raise ConfigurationError(f"{place.name}: has no Supervisor: give it a table `supervisor` in the lab file")
    return place.model_copy(
        update={
            "name": f"{place.name}{SUFFIX}",
            "address": supervisor.address,
            "ports": supervisor.ports,
            "login": supervisor.login,
            "tls": supervisor.tls,
            "serial": None,
            "supervisor": None,
        }
    )


def _accepted(api: Api) -> None:
    api.query("device.query")


def _links_of_slot(document: Document, slot: int) -> Iterator[Link]:
    """The links that name the slot, or stand in the row that does."""
    named = [link for link in document.links if _slot_named(link.text, slot)]
    rows = {
        (cell.table, cell.row)
        for position, item in enumerate(document.items)
        for cell in item.cells[-1:]
        if _slot_named(document.text_of(document.rows[cell.table, cell.row][cell.column]), slot)
    }
    in_row = [
        link for link in document.links if (cell := _cell_of(document, link)) and (cell.table, cell.row) in rows
    ]
    yield from in_row if rows and in_row else named


def _slot_named(text: str, slot: int) -> bool:
    """Whether it is the number of the slot, alone or behind a word for it."""
    return fold(text) in {f"{word}{slot}" for word in ("", "slot ", "blade ", "slot: ", "blade in slot ", "#")}


def _cell_of(document: Document, link: Link) -> Cell | None:
    at = link.position - 1
    return document.items[at].cells[-1] if 0 <= at < len(document.items) and document.items[at].cells else None


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
