"""Home, login, logout and the page for those who are turned away (device-reference 3.3)."""

from __future__ import annotations

from harness.emulator import visiting
from harness.emulator.audit import Module
from harness.emulator.client_certificates import Standing
from harness.emulator.http_server import Answer
from harness.emulator.rendering import Text, prepared
from harness.emulator.unit import EmulatedUnit
from harness.emulator.users import LoginRefused, User


async def home(visit: visiting.Visit) -> Answer:
    skin = visit.unit.skin
    if visit.session is None and skin.home.shown_to == "users":
        if visit.request.path == skin.paths["login"]:
            return await login(visit)
        return visiting.redirect(skin.http.to_login, skin.paths["login"])
    unit, identity = visit.unit, visit.unit.identity
    return prepared(
        "home",
        unit,
        visit.session,
        model=Text(identity.model),
        serial=Text(identity.serial),
        software=Text(identity.software_version),
        build=Text(identity.build_version),
        host_name=Text(identity.host_name),
        up_since=Text(unit.clock.restart_time),
        features=Text(", ".join(sorted(unit.features))),
    )


async def login(visit: visiting.Visit) -> Answer:
    unit, texts = visit.unit, visit.unit.skin.login
    wanted = visit.request.query.get(texts.requested_page_field, "")
    standing, user = await _standing(visit)
    if standing is Standing.CERTIFICATE and visit.session is None:
        assert user is not None, "told with this standing"
        return _admit(visit, user, "/" + wanted)
    return prepared("login", unit, visit.session, requested_page=Text(wanted))


async def denied(visit: visiting.Visit) -> Answer:
    return prepared("denied", visit.unit, visit.session)


async def logout(visit: visiting.Visit) -> Answer:
    visit.unit.sessions.close(visit.request.cookies.get(visit.unit.skin.session.cookie))
    return visiting.redirect(visit.unit.skin.http.to_login, visit.unit.skin.paths["login"])


async def log_in(visit: visiting.Visit) -> Answer:
    unit, texts = visit.unit, visit.unit.skin.login
    form = await visit.form()
    wanted = "/" + form.get(texts.requested_page_field, b"").decode("ascii", "replace")
    standing, user = await _standing(visit)
    if standing is Standing.NOBODY:
        return visiting.denied(unit)
    name = form.get(texts.user_field, b"").decode("utf-8", "replace")
    try:
        user = user or unit.users.log_in(name, form.get(texts.password_field, b""))
    except LoginRefused as refused:
        unit.login_failed(refused, Module.WEB)
        return visiting.denied(unit)
    return _admit(visit, user, wanted)


async def _standing(visit: visiting.Visit) -> tuple[Standing, User | None]:
    return await visit.unit.standing(visit.request.tls, Module.WEB)


def _admit(visit: visiting.Visit, user: User, wanted: str) -> Answer:
    unit = visit.unit
    cookie = unit.sessions.open(user.name, visit.address)
    if cookie is None:
        return visiting.denied(unit)
    answer = visiting.redirect(unit.skin.http.after_post, _landing(unit, user, wanted))
    answer.cookie = f"{unit.skin.session.cookie}={cookie}; Path=/"
    return answer


def _landing(unit: EmulatedUnit, user: User, wanted: str) -> str:
    paths = unit.skin.paths
    if unit.users.is_expired(user):
        # Function D, that the login leads there I (3.4).
        return paths["change_password"]
    return wanted if wanted in paths.values() else paths["root"]
