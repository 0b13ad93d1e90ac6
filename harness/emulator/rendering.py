"""Pages as HTML, from our templates or from those of a captured unit.

A page is asked for hundreds of times a run, and is the same again but for some texts. So what a template makes is
kept, with holes where those texts stand, and filling the holes is all that is left to do for one more page.
"""

from __future__ import annotations

import functools
import os
import re
import secrets
import sys
from collections.abc import Hashable, Mapping
from importlib import resources
from pathlib import Path
from typing import Any

import jinja2
from jinja2.sandbox import SandboxedEnvironment
from markupsafe import escape

from harness.emulator.http_server import Answer, html
from harness.emulator.lifecycle import State
from harness.emulator.sessions import Session
from harness.emulator.skin import CapturedPage, MenuEntry, Skin
from harness.emulator.unit import EmulatedUnit

# Nobody can guess it, so that nothing that is typed into a form, or uploaded, is taken for a hole.
HOLE = f"\0{secrets.token_hex(4)}:{{}}\0"
HOLES = re.compile(HOLE.format("([a-z0-9]+)"))

KEPT = 512
"""So many contents and frames are kept, of some 4 KB each."""


class Text(str):
    """A fact that is only shown: no template decides by it, but by whether there is one."""

    __slots__ = ()


class _AnyForms:
    """Stands for the session while a content is made that is for all."""

    def new_form(self) -> str:
        return HOLE.format("form")


ANY_FORMS = _AnyForms()


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
        bytecode_cache=_compiled(),
    )


def _compiled() -> jinja2.BytecodeCache | None:
    """Beside the templates, as Python itself has it of modules, and when it would: to compile them all takes as long
    as to start the process."""
    folder = Path(str(resources.files("harness.emulator"))) / "templates" / "__pycache__"
    if sys.dont_write_bytecode:
        return None
    try:
        folder.mkdir(exist_ok=True)
    except OSError:
        return None
    return jinja2.FileSystemBytecodeCache(str(folder)) if os.access(folder, os.W_OK) else None


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
    name, notice = template or page, _notice(session)
    facts |= _given(page, unit, session)
    if (captured := _captured(name, unit, facts, notice)) is not None:
        return _sent(captured, page, unit)
    content = _templates().get_template(f"{name}.html").render(facts).rstrip()
    return _sent(_framed(content, page, unit, session, notice, refreshed=refreshed), page, unit)


def prepared(
    page: str,
    unit: EmulatedUnit,
    session: Session | None,
    template: str | None = None,
    *,
    refreshed: bool = False,
    **facts: Hashable,
) -> Answer:
    """As `render`, of a page that is often asked for: its template knows nothing but the skin and `facts`, which are
    few but for `Text`s; these may be in tuples in tuples."""
    name, notice = template or page, _notice(session)
    if (captured := _captured(name, unit, facts | _given(page, unit, session), notice)) is not None:
        return _sent(captured, page, unit)
    texts: list[str] = []
    shapes = tuple((fact, _shape(value, texts)) for fact, value in facts.items())
    pieces = _content(unit.skin, name, page, shapes)
    content = _filled(pieces, texts, session)
    return _sent(_framed(content, page, unit, session, notice, refreshed=refreshed), page, unit)


def _given(page: str, unit: EmulatedUnit, session: Session | None) -> dict[str, object]:
    """What each template may ask for, beside its own facts."""
    return {"page": page, "skin": unit.skin, "unit": unit, "identity": unit.identity, "session": session}


def _shape(value: Any, texts: list[str]) -> Any:
    """The fact with holes for its texts, which are put to the others."""
    if isinstance(value, tuple):
        return tuple(_shape(one, texts) for one in value)
    if isinstance(value, Text) and value:
        texts.append(value)
        return HOLE.format(len(texts) - 1)
    return value


@functools.lru_cache(KEPT)
def _content(skin: Skin, template: str, page: str, facts: tuple[tuple[str, Any], ...]) -> tuple[str, ...]:
    """By turns what is the same each time, and what belongs into the hole behind it."""
    made = _templates().get_template(f"{template}.html").render(facts, page=page, skin=skin, session=ANY_FORMS)
    return tuple(HOLES.split(made.rstrip()))


def _filled(pieces: tuple[str, ...], texts: list[str], session: Session | None) -> str:
    filled = list(pieces)
    for index in range(1, len(pieces), 2):
        if pieces[index] == "form":
            assert session is not None, "the page has a form for who is logged in"
            filled[index] = session.new_form()
        else:
            filled[index] = escape(texts[int(pieces[index])])
    return "".join(filled)


def _framed(
    content: str, page: str, unit: EmulatedUnit, session: Session | None, notice: str | None, *, refreshed: bool
) -> str:
    user = session.user if session else None
    before_name, before_content, after = _frame(
        unit.skin,
        page,
        unit.identity.model,
        user,
        banners(unit),
        notice,
        whole_menu=_sees_whole_menu(unit, user),
        refreshed=refreshed,
    )
    return f"{before_name}{escape(unit.identity.host_name)}{before_content}{content}{after}"


# What stands around a page's content is the larger part of it, and the same again and again.
@functools.lru_cache(KEPT)
def _frame(
    skin: Skin,
    page: str,
    model: str,
    user: str | None,
    banners: tuple[str, ...],
    notice: str | None,
    *,
    whole_menu: bool,
    refreshed: bool,
) -> tuple[str, ...]:
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
            menu=skin.menu if whole_menu else _menu_for_all(skin),
            help=skin.help_for(page),
            banners=banners,
            notice=notice,
            refreshed=refreshed,
            host_name=HOLE.format("name"),
            content=HOLE.format("content"),
        )
    )
    return tuple(HOLES.split(text)[::2])


def _sees_whole_menu(unit: EmulatedUnit, user: str | None) -> bool:
    """Others than administrators see only what needs no right."""
    known = unit.users.get(user) if user is not None else None
    return known is not None and unit.conduct.may_administer(known)


def _menu_for_all(skin: Skin) -> tuple[MenuEntry, ...]:
    return tuple(entry for entry in skin.menu if entry.pages[0] == "home" or entry.pages[0].startswith("help_"))


def banners(unit: EmulatedUnit) -> tuple[str, ...]:
    """What every page tells whoever is logged in."""
    texts = unit.skin.banners
    found = []
    if unit.conduct.shows_banner(unit.store):
        found.append(texts.restart_required)
    if unit.skin.features.names["activation"] not in unit.features:
        found.append(texts.not_activated)
    if unit.state is State.SHUTTING_DOWN:
        found.append(texts.shutting_down)
    elif unit.state is State.SHUT_DOWN:
        found.append(texts.shut_down)
    return tuple(found)


def _notice(session: Session | None) -> str | None:
    return session.take_notice() if session else None


def _sent(text: str, page: str, unit: EmulatedUnit) -> Answer:
    return html(unit.conduct.page(text, page, unit.store))


def _captured(template: str, unit: EmulatedUnit, facts: Mapping[str, object], notice: str | None) -> str | None:
    """The page by the template that a capture has for it, if there is one."""
    captured = unit.skin.captured
    if template not in captured.templates:
        return None
    found = _captured_templates(captured.folder).get_template(captured.templates[template])
    return found.render(facts, banners=banners(unit), notice=notice)


def render_captured(page: CapturedPage, unit: EmulatedUnit, session: Session | None) -> Answer:
    """A page that was captured, with what is of this unit and of this moment in place of what was of that one."""
    text = (
        _captured_templates(unit.skin.captured.folder)
        .get_template(page.file)
        .render(unit=unit, identity=unit.identity, session=session, banners=banners(unit), notice=None)
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
