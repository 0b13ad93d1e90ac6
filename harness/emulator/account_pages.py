"""Users, and everybody's own password (device-reference 3.4)."""

from __future__ import annotations

from harness.emulator.audit import AuditSeverity, Module
from harness.emulator.http_server import Answer
from harness.emulator.rendering import render
from harness.emulator.users import Privilege, User
from harness.emulator.visiting import (
    Admitted,
    administrators_only,
    back_to,
    denied,
    everybody_logged_in,
    submission,
)


@everybody_logged_in
async def change_password(visit: Admitted) -> Answer:
    users = visit.unit.users
    expired = users.is_expired(users[visit.session.user])
    return render("change_password", visit.unit, visit.session, expired=expired)


@everybody_logged_in
async def change_own_password(visit: Admitted) -> Answer:
    unit = visit.unit
    fields = await submission(visit)
    if fields is None:
        # A repeated submission: the page has expired (3.3, mark D).
        return denied(unit)
    texts = unit.skin.pages["change_password"].texts
    user = unit.users[visit.session.user]
    if user.password.encode() != fields.get("current", b""):
        return back_to("change_password", visit, texts["wrong"])
    password = _text(fields, "password")
    if problem := _problem(visit, password, _text(fields, "again")):
        return back_to("change_password", visit, problem)
    unit.users.set_password(user.name, password)
    unit.administration.audit.record(Module.WEB, AuditSeverity.INFO, f"{user.name} changed their password")
    return back_to("home", visit, texts["changed"])


def _problem(visit: Admitted, password: str, again: str) -> str | None:
    """Why this password cannot be taken."""
    texts, users = visit.unit.skin.pages["change_password"].texts, visit.unit.users
    if password != again:
        return texts["differ"]
    if len(password) > visit.unit.skin.accounts.longest:
        return texts["long"]
    return None if users.is_acceptable(password) else texts["weak"]


@administrators_only
async def users(visit: Admitted) -> Answer:
    known = visit.unit.users
    locked = {user.name for user in known if known.is_locked(user.name)}
    return render("users", visit.unit, visit.session, users=list(known), locked=locked)


@administrators_only
async def change_users(visit: Admitted) -> Answer:
    unit, texts = visit.unit, visit.unit.skin.pages["users"].texts
    fields = await submission(visit)
    if fields is None:
        return denied(unit)
    chosen = [value.decode("utf-8", "replace") for name, value in fields.items() if name.startswith("user-")]
    if "enable" in fields:
        for name in chosen:
            unit.users.enable(name)
        return back_to("users", visit, texts["enabled"])
    kept = [name for name in chosen if not unit.users.delete(name)]
    unit.sessions.forget(set(chosen) - set(kept))
    unit.administration.audit.record(Module.WEB, AuditSeverity.INFO, f"users deleted by {visit.session.user}")
    return back_to("users", visit, texts["kept"] if kept else texts["deleted"])


@administrators_only
async def user_add(visit: Admitted) -> Answer:
    return render("user_add", visit.unit, visit.session, levels=list(Privilege))


@administrators_only
async def add_user(visit: Admitted) -> Answer:
    unit, texts = visit.unit, visit.unit.skin.pages["user_add"].texts
    fields = await submission(visit)
    if fields is None:
        return denied(unit)
    name, password = _text(fields, "user_id"), _text(fields, "password")
    if not 0 < len(name) <= unit.skin.accounts.longest:
        return back_to("user_add", visit, texts["bad_name"])
    if not unit.users.may_be_called(name):
        return back_to("user_add", visit, texts["taken"])
    if unit.users.is_full:
        return back_to("user_add", visit, texts["full"])
    if problem := _problem(visit, password, _text(fields, "again")):
        return back_to("user_add", visit, problem)
    levels = {level.value: level for level in Privilege}
    unit.users.add(User(name, password, levels.get(_text(fields, "privilege"), Privilege.NONE)))
    unit.administration.audit.record(Module.WEB, AuditSeverity.INFO, f"user {name} added by {visit.session.user}")
    return back_to("users", visit, texts["added"])


def _text(fields: dict[str, bytes], name: str) -> str:
    return fields.get(name, b"").decode("utf-8", "replace")
