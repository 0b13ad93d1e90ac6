"""The web pages, read by a browser that nobody here wrote."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any

import pytest
import requests
from requests.adapters import HTTPAdapter

from harness.emulator.blueprint import Blueprint
from harness.emulator.hosting import HostThread, hosted
from harness.emulator.skin import load_skin

SKIN = load_skin("4.3")


VisitorOf = Callable[[Blueprint], AbstractContextManager[Any]]


def url(blueprint: Blueprint, path: str) -> str:
    return f"http://{blueprint.address}:{blueprint.http}{path}"


def test_a_login_leads_to_the_home_page(visitor: Any, blueprint: Blueprint) -> None:
    assert visitor.url == url(blueprint, "/")
    assert visitor.title == "Codian MCU - Home page"


def test_a_wrong_password_leads_to_the_page_of_reasons(
    blueprint: Blueprint, host: HostThread, visitor_of: VisitorOf
) -> None:
    with visitor_of(blueprint) as visitor:
        visitor.log_in(blueprint.user, "let me out")

        assert visitor.title == "Codian MCU - Access denied"
        assert SKIN.denied.reasons[0] in visitor.page.text


@pytest.mark.parametrize("page", ["services", "certificates", "shutdown"])
def test_a_page_without_login_asks_for_it_and_then_shows_itself(
    blueprint: Blueprint, host: HostThread, page: str, visitor_of: VisitorOf
) -> None:
    with visitor_of(blueprint) as visitor:
        visitor.visit(SKIN.paths[page])
        assert visitor.url.startswith(url(blueprint, "/login.html"))

        visitor.fill_in_login(blueprint.user, blueprint.password)

        assert visitor.url == url(blueprint, SKIN.paths[page])


def test_a_login_does_not_lead_away_from_the_unit(blueprint: Blueprint, host: HostThread) -> None:
    form = {"user_name": "admin", "password": blueprint.password, "requested_page": "/evil.example/"}
    answer = requests.post(url(blueprint, "/login_change.html"), form, allow_redirects=False, timeout=60)

    assert (answer.status_code, answer.headers["Location"]) == (303, "/")


@pytest.mark.parametrize(
    ("links", "heading"),
    {
        "services": (["Network", "Services"], "Services"),
        "certificates": (["Network", "SSL certificates"], "SSL certificates"),
        "shutdown": (["Settings", "Shutdown"], "Shutdown"),
        "home": (["Network", "Home"], "Home page"),
    }.values(),
)
def test_each_page_is_found_by_the_text_of_its_links(visitor: Any, links: list[str], heading: str) -> None:
    for text in links:
        visitor.follow_link(visitor.page.find("a", string=text))

    assert visitor.title == f"Codian MCU - {heading}"
    assert visitor.page.h1.string == heading


def test_a_logout_ends_the_session(visitor: Any, blueprint: Blueprint) -> None:
    visitor.follow_link("logout")
    visitor.visit(SKIN.paths["certificates"])

    assert visitor.title == "Codian MCU - Login page"


def test_a_guest_sees_the_home_page_only(blueprint: Blueprint, host: HostThread, visitor_of: VisitorOf) -> None:
    with visitor_of(blueprint) as visitor:
        visitor.log_in("guest", "")
        assert visitor.title == "Codian MCU - Home page"

        visitor.visit(SKIN.paths["certificates"])

        assert visitor.title == "Codian MCU - Access denied"


class FromAddress(HTTPAdapter):
    """Connects from another address of this machine."""

    def __init__(self, address: str) -> None:
        self.address = address
        super().__init__()

    def init_poolmanager(self, *arguments: object, **settings: object) -> None:
        super().init_poolmanager(*arguments, **settings, source_address=(self.address, 0))  # type: ignore[arg-type]


def test_a_session_is_good_from_its_own_address_only(
    visitor: Any, blueprint: Blueprint, addresses: Iterator[str]
) -> None:
    wanted = url(blueprint, SKIN.paths["certificates"])
    with requests.Session() as elsewhere:
        elsewhere.mount("http://", FromAddress(next(addresses)))
        elsewhere.cookies.update(visitor.get_cookiejar())

        assert "Access denied" in elsewhere.get(wanted, timeout=60).text
        assert "Access denied" not in visitor.open(wanted).text


def test_the_number_of_sessions_is_limited(blueprint: Blueprint, host: HostThread) -> None:
    form = {"user_name": blueprint.user, "password": blueprint.password}
    logins = [
        requests.post(url(blueprint, "/login_change.html"), form, timeout=60) for _ in range(SKIN.session.limit)
    ]
    assert all("Home page" in login.text for login in logins)

    assert "Access denied" in requests.post(url(blueprint, "/login_change.html"), form, timeout=60).text


def test_a_form_can_be_submitted_only_once(visitor: Any, blueprint: Blueprint) -> None:
    visitor.visit(SKIN.paths["shutdown"])
    form = {str(control["name"]): str(control["value"]) for control in visitor.page.form.find_all("input")}
    again = url(blueprint, SKIN.change_paths["shutdown"])

    assert "Confirm MCU shutdown" in visitor.post(again, form).text
    assert "Access denied" in visitor.post(again, form).text


def test_closing_https_closes_it_at_once_and_opening_opens_it(visitor: Any, blueprint: Blueprint) -> None:
    def https_is_open() -> bool:
        try:
            requests.get(f"http://{blueprint.address}:{blueprint.https}", timeout=60)
        except requests.exceptions.ConnectionError as error:
            return "refused" not in str(error)
        return True

    assert https_is_open()
    visitor.visit(SKIN.paths["services"])
    visitor.page.find("input", id="https").attrs.pop("checked")
    visitor.press("Apply changes")
    assert not https_is_open()

    visitor.page.find("input", id="https")["checked"] = ""
    visitor.press("Apply changes")
    assert https_is_open()


def test_a_port_that_cannot_be_changes_nothing(visitor: Any, blueprint: Blueprint) -> None:
    visitor.visit(SKIN.paths["services"])
    visitor.page.find("input", attrs={"name": "https_port"})["value"] = str(blueprint.http)
    visitor.press("Apply changes")

    assert SKIN.services.bad_port in visitor.page.text
    assert visitor.page.find("input", attrs={"name": "https_port"})["value"] == str(blueprint.https)


def test_without_the_feature_key_https_is_closed_and_its_row_greyed(
    blueprint: Blueprint, visitor_of: VisitorOf
) -> None:
    with (
        hosted([replace(blueprint, features=())]),
        visitor_of(blueprint) as visitor,
    ):
        visitor.log_in(blueprint.user, blueprint.password)
        visitor.visit(SKIN.paths["services"])

        assert visitor.page.find("input", id="https").has_attr("disabled")
        with pytest.raises(requests.exceptions.ConnectionError, match="refused"):
            requests.get(f"http://{blueprint.address}:{blueprint.https}", timeout=60)


def test_system_xml_needs_no_login(blueprint: Blueprint, host: HostThread) -> None:
    answer = requests.get(url(blueprint, "/system.xml"), timeout=60)

    assert answer.headers["Content-Type"].startswith("text/xml")
    for element in (
        "<model>MCU 4505</model>",
        "<softwareVersion>4.3(2.18)</softwareVersion>",
        "<buildVersion>6.18(2.18)</buildVersion>",
        "<hostName>bench-7</hostName>",
        "<clusterType>unclustered</clusterType>",
    ):
        assert element in answer.text


def test_an_unknown_path_is_not_found(blueprint: Blueprint, host: HostThread) -> None:
    assert requests.get(url(blueprint, "/nothing.html"), timeout=60).status_code == 404
