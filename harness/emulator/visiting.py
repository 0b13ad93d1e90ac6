"""One person's request: who asks, whether they may, and what they get back."""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import quote

import jinja2
from jinja2.sandbox import SandboxedEnvironment
from markupsafe import escape

from harness.emulator.forms import parse_form
from harness.emulator.http_server import Answer, Request, html
from harness.emulator.lifecycle import State
from harness.emulator.sessions import Session
from harness.emulator.skin import CapturedPage, MenuEntry, Skin
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


@functools.cache
def _templates() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.PackageLoader("harness.emulator"),
        # They are ours, and do not change: a page has five files, and is asked for hundreds of times.
        auto_reload=False,
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def render(
    page: str,
    unit: EmulatedUnit,
    session: Session | None,
    template: str | None = None,
    *,
    refreshed: bool = False,
    **facts: object,
) -> Answer:
    """The page, made from the template of its name, or from another that it shares; `refreshed` by the browser."""
    skin, name = unit.skin, template or page
    banners, notice = _banners(unit), session.take_notice() if session else None
    facts |= {"page": page, "skin": skin, "unit": unit, "identity": unit.identity, "session": session}
    if name in skin.captured.templates:
        captured = _captured_templates(skin.captured.folder).get_template(skin.captured.templates[name])
        text = captured.render(facts, banners=banners, notice=notice)
    else:
        user = session.user if session else None
        before_name, before_content, after = _frame(
            skin, page, unit.identity.model, user, _menu(unit, session), banners, notice, refreshed=refreshed
        )
        content = _templates().get_template(f"{name}.html").render(facts).rstrip()
        text = f"{before_name}{escape(unit.identity.host_name)}{before_content}{content}{after}"
    text = unit.conduct.page(text, page, unit.store)
    return html(text)


HOLE = "\0"


# What stands around a page's content is the larger part of it, and the same again and again.
@functools.lru_cache(512)
def _frame(
    skin: Skin,
    page: str,
    model: str,
    user: str | None,
    menu: tuple[MenuEntry, ...],
    banners: tuple[str, ...],
    notice: str | None,
    *,
    refreshed: bool,
) -> tuple[str, str, str]:
    """The page before the unit's name, between that and the content, and after it."""
    text = (
        _templates()
        .get_template("frame.html")
        .render(
            skin=skin,
            page=page,
            title=skin.title.format(page=skin.heading(page)),
            model=model,
            user=user,
            menu=menu,
            help=skin.help_for(page),
            banners=banners,
            notice=notice,
            refreshed=refreshed,
            host_name=HOLE,
            content=HOLE,
        )
    )
    before_name, before_content, after = text.split(HOLE)
    return before_name, before_content, after


def render_captured(page: CapturedPage, unit: EmulatedUnit, session: Session | None) -> Answer:
    """A page that was captured, with what is of this unit and of this moment in place of what was of that one."""
    text = (
        _captured_templates(unit.skin.captured.folder)
        .get_template(page.file)
        .render(unit=unit, identity=unit.identity, session=session, banners=_banners(unit), notice=None)
    )
    return html(text)


@functools.cache
def _captured_templates(folder: str) -> jinja2.Environment:
    # They are somebody else's: they may show what they are given, and do nothing else.
    return SandboxedEnvironment(
        loader=jinja2.FileSystemLoader(folder),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
    )


def _menu(unit: EmulatedUnit, session: Session | None) -> tuple[MenuEntry, ...]:
    """What somebody may see of it: others than administrators only what needs no right."""
    user = unit.users.get(session.user) if session else None
    entries = unit.skin.menu
    if user is not None and unit.conduct.may_administer(user):
        return entries
    return tuple(entry for entry in entries if entry.pages[0] == "home" or entry.pages[0].startswith("help_"))


def _banners(unit: EmulatedUnit) -> tuple[str, ...]:
    texts = unit.skin.banners
    states = {State.SHUTTING_DOWN: texts.shutting_down, State.SHUT_DOWN: texts.shut_down}
    pending = [texts.restart_required] if unit.conduct.shows_banner(unit.store) else []
    if unit.skin.features.names["activation"] not in unit.features:
        pending.append(texts.not_activated)
    return (*pending, *(text for state, text in states.items() if state is unit.state))


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
