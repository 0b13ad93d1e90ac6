"""What may hurt a unit: uploads of any size, cut off, or by strangers; removals; HTTPS turned off."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from certstore import Upload
from harness.deadline import Deadline
from harness.drivers.onlooker import Onlooker
from harness.drivers.pace import Pace
from harness.drivers.screen import Screen
from harness.drivers.sight import Found, find_removal
from harness.drivers.state import CERTIFICATES, State
from harness.drivers.submission import Filling, Submission, fill_in
from harness.errors import BenchError, UnitError
from harness.unit import Answer, Visitor

SWITCH_SECONDS = 30.0
"""A service opens and closes at once (device-reference 4, mark D); an old unit under load may take its time."""


class _Submit(Protocol):
    def __call__(self, press: Callable[[Screen], Screen]) -> Answer: ...


class Attempts(Onlooker):
    """Part of a unit that is driven."""

    _state: State
    _check: Callable[[], None]
    _submit: _Submit
    _filled: Callable[[Screen, Upload], tuple[Found, Filling]]
    _https_port: int | None = None

    def upload_by(self, visitor: Visitor, upload: Upload) -> Answer | None:
        """The same submission was sent by somebody else, once."""
        was_sent = False

        def press(screen: Screen) -> Screen:
            nonlocal was_sent
            was_sent = self._sent_by(visitor, screen, lambda shown: fill_in(*self._filled(shown, upload)))
            return self._web.open(CERTIFICATES)

        with self._web.witnessed():
            answer = self._submit(press)
        return answer if was_sent else None

    def upload_cut(self, upload: Upload) -> Answer:
        """Half of the submission was sent, and then the connection closed."""

        def press(screen: Screen) -> Screen:
            self._web.hang_up(*self._filled(screen, upload))
            return self._web.open(CERTIFICATES)

        with self._web.witnessed():
            return self._submit(press)

    def upload_padded(self, upload: Upload, octets: int) -> Answer:
        def press(screen: Screen) -> Screen:
            submission = fill_in(*self._filled(screen, upload))
            self._wire.send_padded(submission, submission.body.index(upload.certificate), octets)
            return self._web.open(CERTIFICATES)

        with self._web.witnessed():
            return self._submit(press)

    def remove_by(self, visitor: Visitor) -> Answer | None:
        was_sent = False

        def removal(screen: Screen) -> Submission:
            found = find_removal(screen.documents)
            return fill_in(found, {}) if isinstance(found, Found) else Submission("GET", found.url, "", b"")

        def press(screen: Screen) -> Screen:
            nonlocal was_sent
            try:
                removal(screen)
            except UnitError:
                # There may be no button where there is no custom pair.
                return screen
            self._pins.expect_unknown()
            was_sent = self._sent_by(visitor, screen, removal)
            return self._web.open(CERTIFICATES)

        with self._web.witnessed():
            answer = self._submit(press)
        if was_sent and not answer.reboot_required_after:
            self._pins.settle()
        return answer if was_sent else None

    def switch_https(self, *, on: bool) -> None:
        """By the API: Network > Services shows the same data (device-reference 4, mark D)."""
        self._check()
        # A closed one does not tell its port, and from here it may be reached at another.
        told = self._state.services()["https"].port
        self._https_port = told or self._https_port or self.place.ports.https
        self._api.switch("https", self._https_port, on=on)
        self._web.forget()
        self._wire.scheme = "http"
        self._wire.forget_connections()

        def has_followed() -> bool:
            try:
                return self._state.services()["https"].open is on
            except BenchError:
                return False

        doing = "to open" if on else "to close"
        wanted = f"HTTPS of {self.place.name} {doing} when it is {'' if on else 'un'}ticked"
        Deadline.after(SWITCH_SECONDS).wait_for(wanted, has_followed, Pace.of(self.place).every)
        if on:
            self._wire.scheme = "https"
            self._wire.forget_connections()
