"""Users, their passwords, and what advanced account security asks of them (device-reference 3.4)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any
from xml.etree import ElementTree

import pytest
import requests

from harness.emulator.blueprint import Blueprint
from harness.emulator.faults import Faults
from harness.emulator.hosting import HostThread, hosted
from harness.emulator.sessions import Sessions
from harness.emulator.skin import SessionSettings, load_skin
from harness.emulator.unit import EmulatedUnit
from harness.emulator.users import Privilege, User

TEXTS = load_skin("4.3").pages
STRONG = "Aa1!Bb2?Cc3#Dd4"
DAY = 24 * 3600.0

VisitorOf = Callable[[Blueprint], AbstractContextManager[Any]]


@pytest.fixture
def strict(blueprint: Blueprint) -> Iterator[tuple[Blueprint, HostThread]]:
    """A unit in advanced account security mode, whose administrator has a good password."""
    unit = replace(blueprint, password=STRONG, switches=(("accounts.advanced", True),))
    with hosted([unit]) as host:
        yield unit, host


def log_in(unit: Blueprint, user: str, password: str) -> str:
    """Where the form leads to."""
    form = {"user_name": user, "password": password, "ok": "OK"}
    url = f"http://{unit.address}:{unit.http}/login_change.html"
    return requests.post(url, form, allow_redirects=False, timeout=60).headers["Location"]


def add(visitor: Any, user: str, password: str, privilege: str = "detail") -> str:
    """What the page says."""
    visitor.visit("/user_add.html")
    visitor.select_form(visitor.page.find(id="user_id").find_parent("form"))
    visitor["user_id"], visitor["password"], visitor["again"] = user, password, password
    visitor["privilege"] = privilege
    visitor.submit_selected()
    return str(visitor.page.find(class_="notice").string)


def change_password(visitor: Any, current: str, new: str) -> str:
    visitor.visit("/change_password.html")
    visitor.select_form(visitor.page.find(id="current").find_parent("form"))
    visitor["current"], visitor["password"], visitor["again"] = current, new, new
    visitor.submit_selected()
    return str(visitor.page.find(class_="notice").string)


def names(visitor: Any) -> list[str]:
    visitor.visit("/user_system.html")
    return [label.string for label in visitor.page.find_all("label")]


def test_a_fresh_unit_has_an_administrator_without_password_and_a_guest(
    blueprint: Blueprint, visitor_of: VisitorOf
) -> None:
    fresh = replace(blueprint, password="")
    with hosted([fresh]), visitor_of(fresh) as visitor:
        visitor.log_in("admin", "")
        assert sorted(names(visitor)) == ["admin", "guest"]
        assert log_in(fresh, "guest", "") == "/"


@pytest.mark.parametrize("reserved", ["admin", "guest", "invalid", "system", "unknown"])
def test_some_ids_are_reserved(visitor: Any, reserved: str) -> None:
    assert add(visitor, reserved, "secret") == TEXTS["user_add"].texts["taken"]


def test_a_user_has_one_of_the_privilege_levels(visitor: Any, blueprint: Blueprint) -> None:
    visitor.visit("/user_add.html")
    levels = [option["value"] for option in visitor.page.find_all("option")]
    assert (levels[0], levels[-2:]) == ("administrator", ["list_only", "none"])

    add(visitor, "chief", "secret", "administrator")
    add(visitor, "clerk", "secret", "list_only")
    add(visitor, "ghost", "secret", "none")

    places = {user: log_in(blueprint, user, "secret") for user in ("chief", "clerk", "ghost")}
    assert places == {"chief": "/", "clerk": "/", "ghost": "/access_failed.html"}
    visitor.follow_link("logout")
    visitor.log_in("chief", "secret")
    assert "clerk" in names(visitor)


def test_a_password_has_at_most_31_characters(visitor: Any) -> None:
    assert add(visitor, "clerk", "x" * 32) == TEXTS["change_password"].texts["long"]
    assert add(visitor, "clerk", "x" * 31) == TEXTS["user_add"].texts["added"]


def test_there_are_at_most_200_users(visitor: Any, host: HostThread) -> None:
    def fill(unit: EmulatedUnit) -> None:
        for number in range(197):
            unit.users.add(User(f"clerk{number}", "secret", Privilege.DETAIL))

    host._ask("bench-7", fill)

    assert add(visitor, "last", "secret") == TEXTS["user_add"].texts["added"]
    assert add(visitor, "more", "secret") == TEXTS["user_add"].texts["full"]
    assert len(names(visitor)) == 200


def test_three_wrong_passwords_disable_an_administrator_for_30_minutes(
    strict: tuple[Blueprint, HostThread],
) -> None:
    unit, host = strict
    for _ in range(3):
        assert log_in(unit, "admin", "wrong") == "/access_failed.html"
    assert log_in(unit, "admin", STRONG) == "/access_failed.html"

    host.suffer(unit.name, Faults(clock_seconds=29 * 60))
    assert log_in(unit, "admin", STRONG) == "/access_failed.html"
    host.suffer(unit.name, Faults(clock_seconds=31 * 60))
    assert log_in(unit, "admin", STRONG) == "/"


def test_three_wrong_passwords_disable_anybody_else_until_they_are_enabled(
    strict: tuple[Blueprint, HostThread], visitor_of: VisitorOf
) -> None:
    unit, host = strict
    with visitor_of(unit) as visitor:
        visitor.log_in("admin", STRONG)
        add(visitor, "clerk", STRONG)
        for _ in range(3):
            log_in(unit, "clerk", "wrong")
        host.suffer(unit.name, Faults(clock_seconds=DAY))
        assert log_in(unit, "clerk", STRONG) == "/access_failed.html"

        visitor.visit("/user_system.html")
        assert TEXTS["users"].texts["locked"] in visitor.page.text
        visitor.page.find("input", value="clerk")["checked"] = "checked"
        visitor.press("Enable selected users")
        assert log_in(unit, "clerk", STRONG) == "/"


def test_without_advanced_account_security_nobody_is_disabled(blueprint: Blueprint, host: HostThread) -> None:
    for _ in range(4):
        log_in(blueprint, "admin", "wrong")

    assert log_in(blueprint, "admin", blueprint.password) == "/"


WEAK = {
    "14 characters": STRONG[:-1],
    "one capital letter": STRONG.lower().replace("a", "A", 1),
    "one small letter": STRONG.upper().replace("A", "a", 1),
    "one digit": "Aa1!Bb??Cc##Dd$$",
    "one of the others": "Aa1!Bb22Cc33Dd44",
    "a character three times": "Aa1!Bb2?Cc3#Dddd4",
}


@pytest.mark.parametrize("weak", WEAK.values(), ids=WEAK)
def test_a_weak_password_is_not_taken(strict: tuple[Blueprint, HostThread], visitor_of: VisitorOf, weak: str) -> None:
    unit, _ = strict
    with visitor_of(unit) as visitor:
        visitor.log_in("admin", STRONG)
        assert change_password(visitor, STRONG, weak) == TEXTS["change_password"].texts["weak"]
        assert add(visitor, "clerk", weak) == TEXTS["change_password"].texts["weak"]


def test_a_password_expires_after_60_days_and_must_be_changed_first(
    strict: tuple[Blueprint, HostThread], visitor_of: VisitorOf
) -> None:
    unit, host = strict
    with visitor_of(unit) as visitor:
        visitor.log_in("admin", STRONG)
        assert change_password(visitor, STRONG, STRONG[::-1]) == TEXTS["change_password"].texts["changed"]
        host.suffer(unit.name, Faults(clock_seconds=59 * DAY))
        assert log_in(unit, "admin", STRONG[::-1]) == "/"

        host.suffer(unit.name, Faults(clock_seconds=60 * DAY + 60))
        assert log_in(unit, "admin", STRONG[::-1]) == "/change_password.html"
        visitor.visit("/certificates.html")
        assert visitor.url.endswith("/change_password.html")
        change_password(visitor, STRONG[::-1], STRONG)
        visitor.visit("/certificates.html")
        assert visitor.url.endswith("/certificates.html")


def test_a_password_form_that_is_sent_again_has_expired(visitor: Any, blueprint: Blueprint) -> None:
    """The fifth reason of the page of reasons (3.3)."""
    visitor.visit("/change_password.html")
    form = visitor.page.find("input", {"name": "form_id"})["value"]
    fields = {"form_id": form, "current": blueprint.password, "password": "new", "again": "new", "change": "x"}
    target = f"http://{blueprint.address}:{blueprint.http}/change_password_change.html"

    assert TEXTS["change_password"].texts["changed"] in visitor.post(target, data=fields).text
    again = visitor.post(target, data=fields | {"current": "new"})
    assert "Access denied" in again.text
    assert load_skin("4.3").denied.reasons[4] in again.text


PASSWORDS = {
    "clear to 4.3": ("4.3(2.18)", (), ["password"]),
    "hashed from 4.4": ("4.4(3.42)", (), ["passwordHash"]),
    "hashed with advanced account security": ("4.3(2.18)", (("accounts.advanced", True),), ["passwordHash"]),
}


@pytest.mark.parametrize(("firmware", "switches", "forms"), PASSWORDS.values(), ids=PASSWORDS)
def test_the_configuration_file_has_passwords_clear_or_hashed(
    blueprint: Blueprint, visitor_of: VisitorOf, firmware: str, switches: Any, forms: list[str]
) -> None:
    unit = replace(blueprint, firmware=firmware, switches=switches, password=STRONG)
    with hosted([unit]), visitor_of(unit) as visitor:
        visitor.log_in("admin", STRONG)
        text = visitor.get(f"http://{unit.address}:{unit.http}/configuration.xml").text
        [admin] = ElementTree.fromstring(text).findall("users/user[@id='admin']")
        assert [name for name in admin.attrib if name.startswith("password")] == forms
        assert (STRONG in text) is (forms == ["password"])


def test_the_configuration_file_is_for_administrators(blueprint: Blueprint, host: HostThread) -> None:
    url = f"http://{blueprint.address}:{blueprint.http}/configuration.xml"
    answer = requests.get(url, timeout=60)

    assert answer.url.partition("?")[0].endswith("/login.html")
    assert "password=" not in answer.text


def test_a_login_leads_to_the_file_that_was_asked_for(blueprint: Blueprint, host: HostThread) -> None:
    form = {
        "user_name": "admin",
        "password": blueprint.password,
        "ok": "OK",
        "requested_page": "configuration.xml",
    }
    answer = requests.post(f"http://{blueprint.address}:{blueprint.http}/login_change.html", form, timeout=60)

    assert answer.url.endswith("/configuration.xml")
    assert answer.text.startswith("<?xml")


def test_a_session_that_is_not_used_ends() -> None:
    """After no minutes at all: the page allows 1 to 60."""
    minutes = 60
    sessions = Sessions(SessionSettings("cookie", 16, 60, 16), lambda: minutes)
    cookie = sessions.open("admin", "127.0.0.1")
    assert sessions.find(cookie) is not None

    minutes = -1

    assert sessions.find(cookie) is None
