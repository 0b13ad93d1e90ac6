"""Web sessions: few, tied to an address, forgotten at a restart."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass

from harness.emulator.skin import SessionSettings


@dataclass
class Session:
    """One login of one person."""

    user: str
    address: str
    """Where it was opened from; the cookie is good from nowhere else (device-reference 3.3, mark D)."""
    forms: tuple[str, ...]
    """What the one-time inputs of the forms now open hold; the oldest is forgotten first."""
    used: float
    outstanding: int
    """How many forms may be open."""
    notice: str | None = None
    """What the next page has to say about the last submission."""
    asked_to_shut_down: bool = False
    """The Shutdown page asks to confirm."""
    asked_to_delete: str | None = None
    """The trust store whose deletion the certificates page asks to confirm."""

    def new_form(self) -> str:
        self.forms = (*self.forms, secrets.token_hex(8))[-self.outstanding :]
        return self.forms[-1]

    def submit(self, form: str) -> bool:
        """Whether `form` was open; it is not afterwards, so that a repeated submission is noticed."""
        if form not in self.forms:
            return False
        self.forms = tuple(known for known in self.forms if known != form)
        return True

    def take_notice(self) -> str | None:
        notice, self.notice = self.notice, None
        return notice


class Sessions:
    """All sessions of one unit. They expire when somebody asks, so that an idle unit needs no timer."""

    def __init__(self, settings: SessionSettings, idle_minutes: Callable[[], int]) -> None:
        self._settings = settings
        self._idle_minutes = idle_minutes
        self._open: dict[str, Session] = {}

    def open(self, user: str, address: str) -> str | None:
        """The cookie of a new session, or None while as many are open as the unit allows."""
        self._expire()
        if len(self._open) >= self._settings.limit:
            return None
        cookie = secrets.token_hex(16)
        self._open[cookie] = Session(user, address, (), time.monotonic(), self._settings.outstanding_forms)
        return cookie

    def find(self, cookie: str | None) -> Session | None:
        self._expire()
        session = self._open.get(cookie or "")
        if session is not None:
            session.used = time.monotonic()
        return session

    def close(self, cookie: str | None) -> None:
        self._open.pop(cookie or "", None)

    def forget(self, users: Collection[str]) -> None:
        """End the sessions of these users."""
        self._open = {cookie: session for cookie, session in self._open.items() if session.user not in users}

    def forget_all(self) -> None:
        self._open.clear()

    def _expire(self) -> None:
        oldest = time.monotonic() - 60 * self._idle_minutes()
        for cookie in [cookie for cookie, session in self._open.items() if session.used < oldest]:
            del self._open[cookie]
