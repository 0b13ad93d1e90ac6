"""How the unit is: by its API, and where that does not tell, by what its pages and ports show.

What the driver goes by is documented for APIs from 2.8 on (device-reference 7.2 and 7.3); firmware 2.x has an older
one, which may lack methods and members, and a unit may have none. Then a person would look at the pages.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta

from harness.deadline import Deadline
from harness.drivers import system_xml
from harness.drivers.rpc import Api, NotTold
from harness.drivers.screen import Screen
from harness.drivers.sight import buttons
from harness.drivers.system_xml import read_system_xml
from harness.drivers.web import Path, WebSession
from harness.drivers.wire import NotOpen, Wire
from harness.drivers.words import (
    NETWORK,
    RESTART,
    RESTART_NEEDED,
    SETTINGS,
    SHUT_DOWN,
    SHUTDOWN_PAGE,
    SSL_CERTIFICATES,
)
from harness.errors import BenchError
from harness.tls.handshake import HandshakeFailed, take_handshake
from harness.unit import Condition, LocalCertificate, OperationalStatus, RestartLogEntry, Service

SHUTDOWN: Path = (SETTINGS, SHUTDOWN_PAGE)
CERTIFICATES: Path = (NETWORK, SSL_CERTIFICATES)
HOME: Path = ()

SAME_START = timedelta(seconds=4)
"""Starts reckoned from an uptime in whole seconds, asked for over a network, differ by less than this."""
HANDSHAKE_SECONDS = 15.0


class State:
    """Answers what is asked of a unit that may not have a word for it."""

    def __init__(self, wire: Wire, web: WebSession, api: Api) -> None:
        self._wire = wire
        self._web = web
        self._api = api
        self._start: datetime | None = None
        self._stored_since_start = False

    def stored(self, before: LocalCertificate, after: LocalCertificate) -> None:
        """Remembers a status table that changed: something waits for a restart, whatever the pages say."""
        self._stored_since_start = self._stored_since_start or before != after

    def restarted(self) -> None:
        self._stored_since_start = False

    def condition(self) -> Condition:
        """How the unit says it is; the clock is None where the API does not tell it."""
        with suppress(NotTold):
            return self._api.condition()
        clock: datetime | None = None
        with suppress(NotTold):
            clock = self._api.current_time()
        return Condition(
            reboot_required=self.reboot_required(),
            restart_time=self.restart_time(),
            current_time=clock,
            uptime_seconds=self._uptime(),
            finished_booting=self.finished_booting(),
        )

    def flag(self) -> bool | None:
        """`rebootRequired`; None where the API does not tell."""
        try:
            return self._api.reboot_required()
        except NotTold:
            return None

    def reboot_required(self) -> bool:
        """Whether something waits for a restart: by the flag, or by a banner, which stands on more pages than one.

        That there is a banner is inferred (device-reference 2.6, mark I); a text on the certificates page alone may
        be there always.
        """
        if (told := self.flag()) is not None:
            return told
        if self._stored_since_start or _asks(self._web.open(HOME)):
            return True
        return bool(_asks(self._web.open(CERTIFICATES)) & _asks(self._web.open(SHUTDOWN)))

    def restart_time(self) -> datetime:
        """When it last started: by its own clock, or else reckoned by ours from its uptime."""
        try:
            return self._api.restart_time()
        except NotTold:
            found = datetime.now(UTC).replace(tzinfo=None, microsecond=0) - timedelta(seconds=self._uptime())
        if self._start is None or abs(found - self._start) > SAME_START:
            self._start = found
        return self._start

    def clock_moved_on(self) -> bool:
        """Whether a restart from here on will show as a later start."""
        with suppress(NotTold):
            if self._api.clock_moved_on():
                return True
        # Of two clocks in two time zones, neither ever passes the other.
        return self._uptime() > SAME_START.total_seconds()

    def finished_booting(self) -> bool:
        """By the member, or, where there is none, because the unit answers."""
        try:
            return self._api.finished_booting()
        except NotTold:
            return True

    def operational_status(self) -> OperationalStatus:
        """By the API, or by the button that Settings > Shutdown offers (device-reference 5.2, mark R)."""
        with suppress(NotTold):
            return self._api.operational_status()
        with suppress(NotTold):
            return self._api.shutdown_status()
        documents = self._web.open(SHUTDOWN).documents
        if buttons(documents, SHUT_DOWN):
            return OperationalStatus.ACTIVE
        return OperationalStatus.SHUT_DOWN if buttons(documents, RESTART) else OperationalStatus.SHUTTING_DOWN

    def restart_log(self) -> tuple[RestartLogEntry, ...]:
        """Newest last; empty where the API has none."""
        try:
            return self._api.restart_log()
        except NotTold:
            return ()

    def services(self) -> dict[str, Service]:
        """Of port A; where the API does not tell them, those of the web, by whether they answer."""
        try:
            return self._api.services()
        except NotTold:
            ports = self._wire.place.ports
            answers = {"http": (self._http_answers(), ports.http), "https": (self._https_answers(), ports.https)}
            return {name: Service(name, is_open, is_open, port) for name, (is_open, port) in answers.items()}

    def _uptime(self) -> int:
        return read_system_xml(self._wire.get(self._wire.url(system_xml.PATH)).body).uptime_seconds

    def _http_answers(self) -> bool:
        try:
            self._wire.get(self._wire.url(system_xml.PATH, "http"))
        except NotOpen:
            return False
        return True

    def _https_answers(self) -> bool:
        try:
            take_handshake(self._wire.https, Deadline.after(HANDSHAKE_SECONDS))
        except (BenchError, HandshakeFailed):
            return False
        return True


def _asks(screen: Screen) -> frozenset[str]:
    """The texts on it that ask for a restart."""
    lines = (text for document in screen.documents for text in document.lines.values())
    return frozenset(text for text in lines if RESTART_NEEDED.fit(text) is not None)
