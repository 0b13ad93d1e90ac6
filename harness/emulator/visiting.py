"""One person's request: who asks, whether they may, and what they get back."""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import quote

from harness.emulator.forms import parse_form
from harness.emulator.http_server import Answer, Request
from harness.emulator.sessions import Session
from harness.emulator.unit import EmulatedUnit


@dataclass(frozen=True)
class Visit:
    """One request of one person."""

    unit: EmulatedUnit
    request: Request
    session: Session | None

    @property
    def address(self) -> str:
        return self.request.remote

    async def form(self) -> dict[str, bytes]:
        """Raises FormDamaged."""
        return await _form(self.request)


@dataclass(frozen=True)
class Admitted:
    """A visit by somebody who has the right to the page."""

    unit: EmulatedUnit
    request: Request
    session: Session


Page = Callable[[Visit], Awaitable[Answer]]
AdmittedPage = Callable[[Admitted], Awaitable[Answer]]


def redirect(status: int, location: str) -> Answer:
    return Answer(status, location=location)


def denied(unit: EmulatedUnit) -> Answer:
    return redirect(unit.skin.http.after_post, unit.skin.paths["denied"])


def everybody_logged_in(page: AdmittedPage) -> Page:
    """Others are sent to the login page, or told that access is denied (device-reference 3.3)."""

    @functools.wraps(page)
    async def guarded(visit: Visit) -> Answer:
        skin, conduct = visit.unit.skin, visit.unit.conduct
        session = visit.session or conduct.stranger(page.__name__)
        if session is None:
            field = skin.login.requested_page_field
            wanted = quote(visit.request.path.removeprefix("/"))
            return redirect(skin.http.to_login, f"{skin.paths['login']}?{field}={wanted}")
        if not conduct.is_from(session, visit.address):
            return denied(visit.unit)
        return await page(Admitted(visit.unit, visit.request, session))

    return guarded


def administrators_only(page: AdmittedPage) -> Page:
    """As `everybody_logged_in`, with the right to administer and a password that has not expired."""

    @everybody_logged_in
    @functools.wraps(page)
    async def guarded(visit: Admitted) -> Answer:
        unit = visit.unit
        user = unit.users[visit.session.user]
        if not unit.conduct.may_see(user, page.__name__):
            return denied(unit)
        if unit.users.is_expired(user):
            return redirect(unit.skin.http.to_login, unit.skin.paths["change_password"])
        return await page(visit)

    return guarded


async def _form(request: Request) -> dict[str, bytes]:
    return parse_form(request.headers.get("content-type", ""), await request.read())


async def submission(visit: Admitted) -> dict[str, bytes] | None:
    """The fields of a form that is submitted for the first time; None otherwise: the page has expired. A unit whose
    forms have no one-time field cannot tell."""
    fields = await _form(visit.request)
    name = visit.unit.skin.one_time_field
    form = fields.get(name, b"").decode("ascii", "replace")
    return fields if not name or visit.session.submit(form) else None


def is_pressed(fields: dict[str, bytes], name: str, caption: str, *others: str) -> bool:
    """Whether this button sent the form. Where another one has its name, what it reads decides; of a picture the
    place is sent (HTML 4.01 17.13.2)."""
    if name in others:
        return fields.get(name) == caption.encode()
    return name in fields or f"{name}.x" in fields


def back_to(page: str, visit: Admitted, notice: str | None = None) -> Answer:
    """To the page that the form is on, where `notice` is shown."""
    visit.session.notice = notice
    return redirect(visit.unit.skin.http.after_post, visit.unit.skin.paths[page])
