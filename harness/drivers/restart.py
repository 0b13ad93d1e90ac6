"""Restarting a unit, and seeing that it happened (device-reference 5)."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import datetime
from http import HTTPStatus
from typing import Protocol

from harness.deadline import Deadline, pause
from harness.drivers import system_xml
from harness.drivers.console import Console
from harness.drivers.pace import Pace
from harness.drivers.power import Outlet
from harness.drivers.rpc import Api, NotSupported
from harness.drivers.screen import Screen
from harness.drivers.sight import Found, buttons, find_button, one_of
from harness.drivers.state import SHUTDOWN, State
from harness.drivers.system_xml import read_system_xml
from harness.drivers.web import WebSession
from harness.drivers.wire import Broken, NotOpen, Scheme, Wire
from harness.drivers.words import AGREE, CONFIRM, RESTART, SHUT_DOWN
from harness.errors import BenchError, ConfigurationError, DeadlineExpired, UnitError
from harness.tls.handshake import HandshakeFailed
from harness.tls.pins import ForeignLeaf
from harness.transport import WayBroken
from harness.unit import NotRestarted, OperationalStatus, Restart, RestartStep, Way

POLL_SECONDS = 10.0
"""How long one look may wait for its answer; a unit that is going down often does not even refuse."""
DOWN_LOOK_SECONDS = 0.5
"""Some units are back within seconds."""
PATIENT_LOOKS = 10
"""How often a unit that has started tells its old start before it is believed that it will tell no other."""
HTTPS_LOOKS = 4
"""Of so many looks at a unit that was seen to go down, one is at HTTPS where HTTP is closed."""
SHORTEST_POLL_SECONDS = 2.0
OFF_SECONDS = 10.0
"""How long a unit may live on what its power supply has left."""

Act = Callable[[], object]


class Begun:
    """Whether something was done to the unit, or asked of it, that cannot be taken back. False at first."""

    def __init__(self) -> None:
        self._is = False

    def now(self) -> None:
        self._is = True

    def __bool__(self) -> bool:
        return self._is


class ByItsSupervisor(Protocol):
    """What a Supervisor offers for a blade."""

    def restart_button(self, deadline: Deadline) -> Found: ...

    def press(self, found: Found) -> None: ...


class Restarter:
    """Does one restart at a time. It believes the unit's own clock, not its pages."""

    def __init__(self, wire: Wire, web: WebSession, api: Api, state: State, console: Console | None = None) -> None:
        self._wire = wire
        self._web = web
        self._api = api
        self._state = state
        self._console = console
        self._pace = Pace.of(wire.place)
        self._name = wire.place.name

    def restart(self, deadline: Deadline, way: Way, begun: Begun, blade: ByItsSupervisor | None = None) -> Restart:
        """The unit went down, came back and finished booting, all seen; `blade` is what it is restarted through where
        that is the way. `begun` tells of an error whether it came before the unit was touched.

        Raises DeadlineExpired, which says how far it came.
        """
        watch = _Watch(self._wire, self._state, self._pace, way, self._state.restart_time())
        if blade is not None:
            self._wait_for_next_second(deadline)
            found = blade.restart_button(deadline)
            begun.now()
            watch.asked = time.monotonic()
            blade.press(found)
        if way is Way.API:
            self._wait_for_next_second(deadline)
            watch.asked = time.monotonic()
            begun.now()
            try:
                # It may go down before it has answered (7.6 U); whether it took the request shows in what follows.
                with suppress(Broken):
                    self._api.restart()
            except NotSupported:
                # The version says that there is such a method (7.6); of other products' versions nobody says so.
                watch.way = Way.WEB
        if watch.way is Way.CONSOLE:
            if self._console is None:
                raise ConfigurationError(
                    f"{self._name}: nobody listens at a console of it: `console` in the lab file"
                )
            self._wait_for_next_second(deadline)
            begun.now()
            watch.asked = time.monotonic()
            self._console.reboot()
        if watch.way is Way.WEB:
            self._shut_down(deadline, begun)
            self._wait_for_next_second(deadline)
            found = find_button(self._web.open(SHUTDOWN).documents, RESTART)
            begun.now()
            watch.asked = time.monotonic()
            with suppress(BenchError, HandshakeFailed):
                self._press_and_confirm(found)
        # Of this start, nothing that was open in it is left.
        self._web.forget()
        self._wire.forget_connections()
        return watch.until_back(deadline)

    def cut_power(self, outlet: Outlet, deadline: Deadline, meanwhile: Act, after: float, in_boot: float) -> Restart:
        """The outlet was off `after` seconds after `meanwhile` began, and again `in_boot` seconds after it was on
        where that is not 0; the unit came back and finished booting, all seen.

        Raises BenchError where the unit still answers with its outlet off.
        """
        watch = _Watch(self._wire, self._state, self._pace, Way.POWER, self._state.restart_time())
        self._wait_for_next_second(deadline)
        with ThreadPoolExecutor(1) as pool:
            begun = pool.submit(meanwhile)
            # The moment is the point of it, so it is no condition that could be waited for.
            pause(after)
            watch.asked = time.monotonic()

            def end_of_it() -> None:
                # Whatever becomes of it when the power goes shows in what the unit serves.
                with suppress(BenchError, UnitError, HandshakeFailed):
                    begun.result()

            def is_off() -> None:
                end_of_it()
                watch.see_it_off()

            outlet.interrupt(is_off)
            end_of_it()
        if in_boot:
            pause(in_boot)
            outlet.interrupt(watch.see_it_off)
        self._web.forget()
        self._wire.forget_connections()
        return watch.until_back(deadline)

    def _wait_for_next_second(self, deadline: Deadline) -> None:
        """The unit's clock, which shows whole seconds, is past its last start: a new one will have a later time."""
        deadline.wait_for(
            f"second of {self._name} after its last start", self._state.clock_moved_on, self._pace.every
        )

    def _shut_down(self, deadline: Deadline, begun: Begun) -> None:
        """The unit is shut down, where it has such a state: some only have a button that restarts (5.2 R)."""
        # First, for it may have to look at this very page, whose forms are good for one time.
        if self._status() is OperationalStatus.ACTIVE:
            screen = self._web.open(SHUTDOWN)
            if not buttons(screen.documents, SHUT_DOWN) and buttons(screen.documents, RESTART):
                return
            found = find_button(screen.documents, SHUT_DOWN)
            begun.now()
            self._press_and_confirm(found)

        def look() -> bool:
            return self._status() is OperationalStatus.SHUT_DOWN

        with _step(RestartStep.SHUT_DOWN):
            deadline.wait_for(f"operationalStatus shutDown of {self._name}", look, self._pace.every)

    def _status(self) -> OperationalStatus:
        return self._state.operational_status()

    def _press_and_confirm(self, found: Found) -> None:
        """The button was pressed, and the question that followed, if any, was answered with yes."""
        screen = self._web.press(found)
        if confirmation := find_confirmation(screen):
            self._web.press(confirmation)


@contextmanager
def _step(step: RestartStep) -> Iterator[None]:
    """What is waited for in here in vain is this step."""
    try:
        yield
    except DeadlineExpired as expired:
        raise NotRestarted(step, expired.condition, expired.seconds) from None


def find_confirmation(screen: Screen) -> Found | None:
    """The one button that confirms, None where the screen asks nothing. Raises UnitError where there are several."""
    for words in (CONFIRM, AGREE):
        if found := buttons(screen.documents, words):
            return one_of(screen.documents, words, found)
    return None


class _Watch:
    """Looks at a unit that was asked to restart, from the request on."""

    def __init__(self, wire: Wire, state: State, pace: Pace, way: Way, before: datetime) -> None:
        self._wire = wire
        self._state = state
        self._pace = pace
        self.way = way
        self._before = before
        self._name = wire.place.name
        self._poll: Scheme = self._poll_scheme()
        self._had_https = wire.scheme == "https"
        self._down = False
        self._refused = False
        """Whether its port was seen closed."""
        self._looks = itertools.count(1)
        self._web_back: float | None = None
        self._stale_since: float | None = None
        self._first_uptime = 0
        self.asked = time.monotonic()

    def until_back(self, deadline: Deadline) -> Restart:
        wait, every = deadline.wait_for, self._pace.every
        often = min(every, DOWN_LOOK_SECONDS)
        try:
            with _step(RestartStep.GO_DOWN):
                down = wait(f"sign of {self._name} going down for its restart", lambda: self._gone(deadline), often)
            self._down = True
            self._wire.meet_anew()
            with _step(RestartStep.COME_BACK):
                after = wait(
                    f"answer of {self._name} with a start later than {self._before:%Y-%m-%d %H:%M:%S}",
                    lambda: self._started_anew(deadline),
                    every,
                )
        except DeadlineExpired:
            # A unit that nobody can look at is not at fault.
            self._wire.through.check()
            raise
        web = self._web_back or down
        try:
            booted = wait(f"finishedBooting of {self._name}", self._booted, every)
        except DeadlineExpired:
            # It works, and says that it does not yet: that is for whoever asks about its condition.
            booted = self._seconds()
        return Restart(self.way, self._before, after, down, web, booted, self._first_uptime)

    def see_it_off(self) -> None:
        """Without power it does not answer. Raises BenchError where it does, as a dead PDU has it."""
        soon = Deadline.after(OFF_SECONDS)
        try:
            soon.wait_for("silence", lambda: self._uptime(soon) is None, self._pace.every)
        except DeadlineExpired:
            raise BenchError(
                f"{self._name}: its outlet is off, and it still answers: is the PDU well, and is this its outlet?"
            ) from None

    def _poll_scheme(self) -> Scheme:
        """Plain HTTP where it is open, since it costs nothing; HTTPS where HTTP is closed or only redirects."""
        try:
            reply = self._wire.get(self._wire.url(system_xml.PATH, "http"))
        except NotOpen:
            return "https"
        return "http" if reply.status == HTTPStatus.OK else "https"

    def _seconds(self) -> float:
        return max(time.monotonic() - self.asked, 1e-6)

    def _uptime(self, deadline: Deadline) -> int | None:
        """None while the unit does not answer. Raises WayBroken where nobody knows."""
        # Once it was down, HTTP may stay closed where HTTPS is open: that is looked at now and then.
        both = self._down and self._poll == "http" and next(self._looks) % HTTPS_LOOKS == 0
        schemes: tuple[Scheme, ...] = ("http", "https") if both else (self._poll,)
        # Cut short by the deadline, a look would take a unit that is slow for one that is gone.
        seconds = max(SHORTEST_POLL_SECONDS, deadline.at_most(POLL_SECONDS))
        for scheme in schemes:
            try:
                reply = self._wire.get(self._wire.url(system_xml.PATH, scheme), seconds)
            except NotOpen:
                self._refused = True
            except WayBroken:
                raise
            except (BenchError, HandshakeFailed):
                return None
            else:
                return read_system_xml(reply.body).uptime_seconds if reply.status == HTTPStatus.OK else None
        return None

    def _gone(self, deadline: Deadline) -> float | None:
        """Seconds until it no longer answered, or had started anew between two looks."""
        at = self._seconds()
        try:
            uptime = self._uptime(deadline)
        except WayBroken:
            return None
        if uptime is None:
            return at
        # A unit that has been up for less time than has passed since it was asked must have started since; the
        # second that its clock may be ahead is settled by restartTime.
        return at if uptime <= self._seconds() and self._restart_time() is not None else None

    def _started_anew(self, deadline: Deadline) -> datetime | None:
        """Its new start; after some patience the old one, where it was seen to start and tells no other."""
        try:
            uptime = self._uptime(deadline)
        except WayBroken:
            return None
        if uptime is None:
            return None
        at = self._seconds()
        if not self._https_settled(at):
            return None
        told = self._told_start()
        if told is None:
            return None
        self._first_uptime = uptime
        if told > self._before:
            self._web_back = self._web_back or at
            return told
        if not self._refused and uptime > at:
            return None
        self._stale_since = at if self._stale_since is None else self._stale_since
        return told if at - self._stale_since > PATIENT_LOOKS * self._pace.every else None

    def _https_settled(self, at: float) -> bool:
        """Whether it is clear if HTTPS is open in this start.

        It opens a moment after HTTP, or, where the stored pair cannot be loaded, never (11.6 U).
        """
        self._web_back = self._web_back or at
        try:
            self._wire.get(self._wire.url(system_xml.PATH, "https"))
        except WayBroken:
            return False
        except (BenchError, HandshakeFailed):
            if self._had_https and at - self._web_back < self._pace.https_grace:
                return False
            self._wire.scheme = "http"
        else:
            self._wire.scheme = "https"
        return True

    def _restart_time(self) -> datetime | None:
        """When it last started, if that is later than before."""
        found = self._told_start()
        return found if found is not None and found > self._before else None

    def _told_start(self) -> datetime | None:
        """When it last started, as it says; None while it says nothing."""
        try:
            return self._state.restart_time()
        except ForeignLeaf:
            raise
        except (BenchError, UnitError):
            # Half started, it may refuse or answer nonsense; what counts is what it answers in the end.
            return None

    def _booted(self) -> float | None:
        try:
            return self._seconds() if self._state.finished_booting() else None
        except BenchError:
            return None
