"""Home, login, logout and the page for those who are turned away (device-reference 3.3)."""

from __future__ import annotations

from harness.emulator import visiting


async def home(visit: visiting.Visit) -> visiting.Answer:
    if visit.session is None:
        return visiting.redirect(visit.unit.skin.http.to_login, visit.unit.skin.paths["login"])
    return visiting.render("home", visit.unit, visit.session)


async def login(visit: visiting.Visit) -> visiting.Answer:
    wanted = visit.request.query.get(visit.unit.skin.login.requested_page_field, "")
    return visiting.render("login", visit.unit, visit.session, requested_page=wanted)


async def denied(visit: visiting.Visit) -> visiting.Answer:
    return visiting.render("denied", visit.unit, visit.session)


async def logout(visit: visiting.Visit) -> visiting.Answer:
    visit.unit.sessions.close(visit.request.cookies.get(visit.unit.skin.session.cookie))
    return visiting.redirect(visit.unit.skin.http.to_login, visit.unit.skin.paths["login"])


async def log_in(visit: visiting.Visit) -> visiting.Answer:
    unit, texts = visit.unit, visit.unit.skin.login
    form = await visit.form()
    user = unit.users.get(form.get(texts.user_field, b"").decode("utf-8", "replace"))
    if user is None or user.password.encode() != form.get(texts.password_field, b""):
        return visiting.denied(unit)
    cookie = unit.sessions.open(user.name, visit.address)
    if cookie is None:
        return visiting.denied(unit)
    wanted = "/" + form.get(texts.requested_page_field, b"").decode("ascii", "replace")
    location = wanted if wanted in unit.skin.paths.values() else unit.skin.paths["root"]
    answer = visiting.redirect(unit.skin.http.after_post, location)
    answer.response.set_cookie(unit.skin.session.cookie, cookie, path="/")
    return answer
