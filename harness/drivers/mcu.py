"""A unit of the MCU family, real or emulated, over its web pages and its API."""

from __future__ import annotations

import base64
import binascii
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from certstore import Upload
from harness.deadline import Deadline, pause
from harness.drivers import system_xml
from harness.drivers.attempts import Attempts
from harness.drivers.beside import Beside
from harness.drivers.console import Console, try_console
from harness.drivers.contact import identity_of
from harness.drivers.gateway import way_to
from harness.drivers.known_hosts import KnownHosts
from harness.drivers.own_names import OwnNames
from harness.drivers.pace import Pace
from harness.drivers.restart import Begun, Restarter, find_confirmation
from harness.drivers.rpc import Api, NotTold
from harness.drivers.screen import Screen
from harness.drivers.sight import Found, find_removal, find_repeated_removal, find_upload, find_way_to_upload
from harness.drivers.state import CERTIFICATES, HOME, State
from harness.drivers.status_table import read_local_certificate
from harness.drivers.submission import FileContent, Filling
from harness.drivers.web import WebSession
from harness.drivers.wire import Broken, Credentials, NotOpen, Record, Wire
from harness.drivers.words import CERTIFICATE, PASSPHRASE, PRIVATE_KEY
from harness.errors import BenchError, DeadlineExpired, UnitError
from harness.lab import Place
from harness.moment import Moment
from harness.tls.handshake import Endpoint, Handshake, HandshakeFailed, fingerprint, take_handshake
from harness.tls.pin_file import pin_file_of
from harness.tls.pins import ChangedCertificate, ForeignLeaf, LeafPins
from harness.transport import WayBroken
from harness.unit import (
    Answer,
    CertificatePage,
    Condition,
    Identity,
    LocalCertificate,
    OperationalStatus,
    Page,
    Restart,
    RestartLogEntry,
    Service,
    Way,
)

BASELINE_SECONDS = 30.0
SIP_SECONDS = 20.0
SIP_LOOK_SECONDS = 0.5
SHOWN_SECONDS = 20.0
"""A page that has been shown for longer is read anew before its form is sent: sessions end."""
FILES = ("certificate.pem", "privatekey.pem")
Check = Callable[[], None]
CERTIFICATE_BLOCK = re.compile(rb"-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END ")


@dataclass(frozen=True)
class Means:
    """What a unit is reached by, for whoever only looks at it."""

    wire: Wire
    web: WebSession
    api: Api


def _unrecorded(_kind: str, _facts: dict[str, object]) -> None:
    """Nobody keeps a record."""


def _unchecked() -> None:
    """Nobody else could change the unit."""


@contextmanager
def open_unit(
    place: Place,
    record: Record = _unrecorded,
    check: Check = _unchecked,
    state_dir: Path | None = None,
    console: Console | None = None,
) -> Iterator[Mcu]:
    """The live unit of this place; its web session, if one was needed, is given back at the end, come what may.

    Administration goes over HTTPS where that answers, otherwise over HTTP. Every exchange is told to `record`;
    `check` is asked before each step that changes the unit, and what it raises comes out in place of the step.
    With `state_dir`, a real unit's certificate is pinned from one process to the next. `console` is who listens at
    its console, for as long as the block lasts and longer.
    Raises BenchError where the unit, or its gateway, cannot be reached, ConfigurationError where the password of one
    of them cannot be found.
    """
    owner = f"{place.name}: {place.address}:{place.ports.https}"
    pins = LeafPins(owner, place.tls.pin, pin_file_of(place, state_dir))
    login = Credentials(place.login.user, place.login.password.reveal(f"{place.name}: login password"))
    wire = Wire(place, pins, record, way_to(place, state_dir))
    try:
        try:
            identity = identity_of(wire)
        except ForeignLeaf as error:
            raise ChangedCertificate(str(error)) from error
        beside = Beside(place, KnownHosts(state_dir), state_dir, record, wire.through)
        unit = Mcu(wire, pins, beside, login, identity, record, check, console)
        try:
            yield unit
        finally:
            unit.log_out()
    finally:
        wire.close()


class Mcu(Attempts):
    """Implements harness.unit.ExaminedUnit."""

    def __init__(
        self,
        wire: Wire,
        pins: LeafPins,
        beside: Beside,
        login: Credentials,
        identity: Identity,
        record: Record,
        check: Check,
        console: Console | None = None,
    ) -> None:
        self._wire = wire
        self._pins = pins
        self._beside = beside
        self._api = Api(wire, login)
        names = OwnNames(wire.place.address, identity.host_name, identity.serial)
        self._web = WebSession(wire, login, self._api_accepts, record, names)
        self._state = State(wire, self._web, self._api)
        self._identity = identity
        self._record = record
        self._check = check
        self._console = console
        self._baseline: Handshake | None = None
        self._restarts = 0
        self._notices: list[str] = []
        self._sip_seen = False
        self._uploaded = False
        self._removed = False
        self._shown: tuple[Screen, LocalCertificate, bool, float] | None = None
        """What was seen after the last submission, and when."""

    @property
    def means(self) -> Means:
        return Means(self._wire, self._web, self._api)

    @property
    def identity(self) -> Identity:
        return self._identity

    @property
    def baseline(self) -> Handshake:
        if self._baseline is None:
            self._baseline = self.handshake(Deadline.after(BASELINE_SECONDS))
        return self._baseline

    @property
    def restarts(self) -> int:
        return self._restarts

    @property
    def notices(self) -> tuple[str, ...]:
        return (
            *self._wire.notices,
            *self._pins.notices,
            *self._beside.notices,
            *(self._console.notices if self._console else ()),
            *self._notices,
        )

    def moment(self) -> Moment:
        return self._wire.moment()

    def let_be(self) -> None:
        pause(Pace.of(self.place).by_itself)

    def handshake(self, deadline: Deadline, address: str = "") -> Handshake:
        https = self._wire.https
        return take_handshake(replace(https, address=address) if address else https, deadline)

    def sip_handshake(self, deadline: Deadline) -> Handshake | None:
        endpoint = Endpoint(self.place.address, self.place.ports.sip_tls, through=self._wire.through)

        def look() -> Handshake | None:
            try:
                return take_handshake(endpoint, deadline)
            except WayBroken:
                raise
            except (BenchError, HandshakeFailed):
                return None

        if not self.place.has("sip_tls"):
            return None
        if not self._sip_seen:
            found = look()
            self._sip_seen = found is not None
            return found
        # It was open, and may open a moment after HTTPS does.
        soon = Deadline.after(min(SIP_SECONDS, deadline.remaining))
        try:
            return soon.wait_for("SIP TLS handshake", look, SIP_LOOK_SECONDS)
        except DeadlineExpired:
            return None

    def condition(self) -> Condition:
        return self._state.condition()

    def operational_status(self) -> OperationalStatus:
        return self._state.operational_status()

    def calls(self) -> int:
        return self._api.calls()

    def serial(self) -> str:
        with suppress(NotTold):
            return self._api.serial()
        return ""

    def features(self) -> tuple[str, ...] | None:
        with suppress(NotTold):
            return self._api.features()
        return None

    def try_console(self) -> str:
        return try_console(self._beside.console_door())

    def outlet_state(self) -> bool | None:
        with self._beside.outlet() as outlet:
            return outlet.state()

    def restart_log(self) -> tuple[RestartLogEntry, ...]:
        return self._state.restart_log()

    def services(self) -> dict[str, Service]:
        return self._state.services()

    def home_page(self) -> Page:
        with self._web.witnessed():
            return self._web.open(HOME).page

    def certificate_page(self) -> CertificatePage:
        with self._web.witnessed():
            screen = self._web.open(CERTIFICATES)
            return CertificatePage(screen.page, read_local_certificate(screen.documents))

    def upload(self, upload: Upload, files: tuple[str, str] | None = None) -> Answer:
        """The three fields were sent in one submission, once."""

        def press(screen: Screen) -> Screen:
            return self._web.press(*self._filled(screen, upload, files or FILES))

        with self._web.witnessed():
            return self._submit(press)

    def _filled(self, screen: Screen, upload: Upload, files: tuple[str, str] = FILES) -> tuple[Found, Filling]:
        link = find_way_to_upload(screen.documents)
        found, fields = find_upload((self._web.press_or_follow(link) if link else screen).documents)
        self._web.keep_secret(upload.private_key, upload.passphrase)
        # Whatever becomes of it, a leaf that we sent is no stranger. Only who has its key can serve it.
        self._pins.accept(*(fingerprint(leaf) for leaf in _certificates(upload.certificate)))
        self._uploaded = True
        return found, {
            fields[CERTIFICATE]: FileContent(files[0], upload.certificate),
            fields[PRIVATE_KEY]: FileContent(files[1], upload.private_key),
            fields[PASSPHRASE]: upload.passphrase or b"",
        }

    def remove(self) -> Answer:
        """The button that removes the custom pair was pressed, and the question that may follow was answered."""
        pending = self._state.reboot_required()

        def press(screen: Screen) -> Screen:
            self._removed = True
            self._pins.expect_unknown()
            answered = self._web.press_or_follow(find_removal(screen.documents))
            # Confirmation is documented for trust stores, not for the pair (device-reference 2.6, mark U).
            if not pending and self._state.flag():
                return answered
            if confirmation := find_confirmation(answered) or find_repeated_removal(answered.documents):
                answered = self._web.press(confirmation)
            return answered

        with self._web.witnessed():
            answer = self._submit(press)
        if not answer.reboot_required_after:
            self._pins.settle()
        return answer

    def ways(self) -> tuple[Way, ...]:
        return tuple(self._ways())

    def _ways(self) -> Iterator[Way]:
        """In the order of the reference (5.5); asked for one by one, since the API has to be asked too."""
        yield Way.WEB
        if self._api.has_restart():
            yield Way.API
        if self.place.supervisor is not None:
            yield Way.SUPERVISOR
        if self._console is not None and self._console.can_reboot:
            yield Way.CONSOLE
        if self.place.has("power"):
            yield Way.POWER

    def power_cut(
        self, deadline: Deadline, uploading: Upload | None = None, after: float = 0.0, in_boot: float | None = None
    ) -> Restart:
        """The power went and came, as told; the unit is back."""
        with self._web.witnessed(), self._beside.outlet() as outlet:
            self._expect_new_leafs()
            meanwhile = self._state.flag if uploading is None else self._about_to_send(uploading)
            self._check()
            began = self._listening()
            restart = self._restarter.cut_power(outlet, deadline, meanwhile, after, in_boot or 0.0)
        self._uploaded = self._removed = False
        self._has_restarted()
        return self._witnessed(restart, began)

    def _has_restarted(self) -> None:
        self._state.restarted()
        self._restarts += 1
        if self._wire.scheme == "https":
            # It was seen to answer over it: whatever waited for the restart is served now.
            self._pins.settle()

    def _about_to_send(self, upload: Upload) -> Callable[[], object]:
        filled = self._filled(self._web.open(CERTIFICATES), upload)
        return lambda: self._web.press(*filled)

    def _expect_new_leafs(self) -> None:
        if self._removed or (not self._uploaded and self._state.reboot_required()):
            # What comes up is the factory pair, or what somebody else has stored: we have seen neither.
            self._pins.accept_next()

    def restart(self, deadline: Deadline, way: Way | None = None) -> Restart:
        if way is not None:
            return self._restart(deadline, way, Begun())
        self._check()
        lacking: list[tuple[Way, UnitError | BenchError]] = []
        for one in self._ways():
            begun = Begun()
            try:
                restart = self._restart(deadline, one, begun)
            except (UnitError, BenchError) as error:
                # What was begun is not done again in another way, and of a unit that cannot be reached nobody knows.
                if begun or isinstance(error, NotOpen | Broken | ForeignLeaf | WayBroken):
                    raise
                lacking.append((one, error))
            else:
                self._notices += (f"{error}: restarted by {one}, since not by {other}" for other, error in lacking)
                return restart
        raise lacking[0][1]

    def _restart(self, deadline: Deadline, way: Way, begun: Begun) -> Restart:
        if way is Way.POWER:
            begun.now()
            return self.power_cut(deadline)
        self._check()
        self._expect_new_leafs()
        since = self._listening()
        with self._web.witnessed(), self._beside.blade(way) as blade:
            restart = self._restarter.restart(deadline, way, begun, blade)
        self._uploaded = self._removed = False
        self._has_restarted()
        return self._witnessed(restart, since)

    def _listening(self) -> float:
        """The moment from which on the console is a witness."""
        if self._console is not None:
            self._console.wait_until_attached()
        return time.monotonic()

    def _witnessed(self, restart: Restart, began: float) -> Restart:
        if self._console is None:
            return restart
        starts = self._console.starts_since(began)
        self._record("console", {"listened": starts is not None, "starts": starts or ()})
        return replace(restart, starts=starts)

    @property
    def _restarter(self) -> Restarter:
        return Restarter(self._wire, self._web, self._api, self._state, self._console)

    def _submit(self, press: Callable[[Screen], Screen]) -> Answer:
        """Judged by rebootRequired and the status table before and after (device-reference 2.6)."""
        screen, stored, before = self._before()
        self._check()
        began = time.monotonic()
        answered = press(screen)
        seconds = time.monotonic() - began
        # Its words are unknown (2.6 U): whoever meets them first can tell others.
        self._web.keep_page("answer to an upload or removal")
        try:
            now_stored, after = self._look_again(stored)
        except (NotOpen, Broken):
            # It has no business to restart by itself; that it did is for whoever asks about its condition.
            self._wait_for_answer()
            now_stored, after = self._look_again(stored)
        return Answer(answered.page, before, after, now_stored, seconds)

    def _before(self) -> tuple[Screen, LocalCertificate, bool]:
        """Screen, status table and flag: those after the last submission, as long as the window shows nothing else.

        So does a person who sends one file after the other; and whatever the unit does between two of them shows.
        """
        if self._shown is not None:
            screen, *_, at = self._shown
            if self._web.shows(screen) and time.monotonic() - at < SHOWN_SECONDS:
                return self._shown[:3]
        before = self._state.reboot_required()
        screen = self._web.shown_or_open(CERTIFICATES)
        return screen, read_local_certificate(screen.documents), before

    def _look_again(self, stored: LocalCertificate) -> tuple[LocalCertificate, bool]:
        screen = self._web.shown_or_open(CERTIFICATES)
        now_stored = read_local_certificate(screen.documents)
        self._state.stored(stored, now_stored)
        after = self._state.reboot_required()
        self._shown = screen, now_stored, after, time.monotonic()
        return now_stored, after

    def _wait_for_answer(self) -> None:
        self._web.forget()
        self._wire.forget_connections()
        if self._removed:
            self._pins.accept_next()

        def answers() -> bool:
            try:
                self._wire.get(self._wire.url(system_xml.PATH))
            except (NotOpen, Broken):
                return False
            return True

        deadline = Deadline.after(self.place.restart_timeout)
        deadline.wait_for(
            f"answer of {self.place.name}, which went down by itself", answers, Pace.of(self.place).every
        )

    def _api_accepts(self) -> None:
        """Raises ConfigurationError where the API knows better why nobody was let in."""
        self._api.query("device.query")


def _certificates(pem: bytes) -> Iterator[bytes]:
    """The DER forms of the blocks that decode; what the unit makes of the others is not known here."""
    for block in CERTIFICATE_BLOCK.finditer(pem):
        try:
            yield base64.b64decode(b"".join(block[1].split()), validate=True)
        except binascii.Error:
            continue
