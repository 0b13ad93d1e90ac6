"""Looks at the web pages of running units, one for each documented statement that no other test proves
(device-reference 1 to 3). None of them changes a unit."""

from __future__ import annotations

import re

from tests.unit.emulator.documented_family import CISCO, CLASSIC, CODIAN, Family

VERSION = re.compile(r"\d+\.\d+\(\d+(\.\d+)?\)")


# 1: family, firmware and API versions


def versions_have_their_form(family: Family) -> None:
    for unit in family.all:
        assert VERSION.fullmatch(unit.device["softwareVersion"])
        assert VERSION.fullmatch(unit.device["buildVersion"])


def builds_have_the_bracket_of_the_software(family: Family) -> None:
    for unit in family.all:
        assert unit.device["buildVersion"].partition("(")[2] == unit.device["softwareVersion"].partition("(")[2]


def builds_are_those_that_are_known(family: Family) -> None:
    assert family["4.2"].device["buildVersion"] == "6.17(1.50)"
    assert family["4.3"].device["buildVersion"] == "6.18(2.18)"
    assert family["5310"].device["buildVersion"] == "6.18(1.14)"


def firmware_4_3_has_api_2_9(family: Family) -> None:
    assert family["4.3"].device["apiVersion"] == "2.9"


def models_begin_with_codian_or_cisco(family: Family) -> None:
    assert family["4.3"].device["model"] == "Codian MCU 4505"
    assert family["4.4"].device["model"].startswith(("Codian", "Cisco"))
    assert family["5310"].device["model"] == "MCU 5310"


def the_media_gateway_has_the_same_certificate_page(family: Family) -> None:
    assert family["3610"].buttons("certificates") == family["4.3"].buttons("certificates")
    assert family["3610"].labels("certificates") == family["4.3"].labels("certificates")


# 2: SSL certificates


def the_help_about_certificates_has_its_title_and_file(family: Family) -> None:
    for unit in family.all:
        page = unit.unseen("/help_certificates.html")
        assert page.h1 is not None
        assert page.h1.text == "Configuring SSL certificates"


def https_is_there_in_every_generation(family: Family) -> None:
    for unit in family.all:
        connection = unit.secure()
        connection.request("GET", "/system.xml")
        assert connection.getresponse().status == 200
        connection.close()


def every_unit_has_the_same_pair(family: Family) -> None:
    assert len({unit.leaf for unit in family.all}) == 1


def the_status_table_has_its_rows(family: Family) -> None:
    for unit in family.all:
        table = unit.page("certificates").find("table")
        assert table is not None
        names = [cell.text for cell in table.find_all("td", class_="name")]
        assert names == ["Subject", "Issuer", "Issued", "Expires", "Private key"]


def names_are_in_their_parts(family: Family) -> None:
    text = family["4.3"].page("certificates").text
    assert re.search(r"C=.*ST=.*L=.*O=.*OU=.*CN=", text)


def _sections(family: Family, *names: str) -> list[list[str]]:
    return [[section.text for section in unit.page("certificates").find_all("h2")] for unit in family.of(*names)]


def the_status_section_is_local_certificate(family: Family) -> None:
    assert {sections[0] for sections in _sections(family, *CODIAN, *CLASSIC, *CISCO)} == {"Local certificate"}


def the_upload_section_has_its_name(family: Family) -> None:
    assert {sections[1] for sections in _sections(family, *CODIAN, *CLASSIC)} == {"Upload certificate and key"}
    assert {sections[1] for sections in _sections(family, *CISCO)} == {"Local certificate configuration"}


def the_form_has_its_fields(family: Family) -> None:
    for unit in family.all:
        assert unit.labels("certificates")[:2] == ["Certificate", "Private key"]
        assert unit.labels("certificates")[2].startswith("Private key encryption pass")


def the_upload_button_has_its_words(family: Family) -> None:
    for unit in family.all:
        assert "Upload certificate and key" in unit.buttons("certificates")


def the_remove_button_has_its_words(family: Family) -> None:
    for unit in family.of(*CODIAN):
        assert "Remove certificate and key" in unit.buttons("certificates")
    for unit in family.of(*CLASSIC, *CISCO):
        assert "Delete custom certificate and key" in unit.buttons("certificates")


def the_page_says_who_uses_the_pair(family: Family) -> None:
    for unit in family.of(*CODIAN):
        assert "secure web service" in unit.page("certificates").text
        assert "SIP" not in unit.page("certificates").text
    for unit in family.of(*CLASSIC):
        text = unit.page("certificates").text
        assert "secure web service" in text
        assert "SIP (TLS)" in text
    for unit in family.of(*CISCO):
        assert "HTTPS and SIP TLS services" in unit.page("certificates").text


def trust_stores_are_those_of_the_generation(family: Family) -> None:
    assert "Trust store" in _sections(family, "2.4")[0]
    for sections in _sections(family, *CLASSIC):
        assert "SIP trust store" in sections
        assert "HTTPS trust store" not in sections
    for sections in _sections(family, *CISCO):
        assert {"SIP trust store", "HTTPS trust store"} <= set(sections)


def ocsp_came_with_4_4(family: Family) -> None:
    for unit in family.of(*CODIAN, *CLASSIC):
        assert "OCSP" not in unit.page("certificates").text
    for unit in family.of(*CISCO):
        assert "OCSP" in unit.page("certificates").text


def _choices(family: Family, name: str) -> list[str]:
    chooser = family["4.5"].page("certificates").find(id=name)
    assert chooser is not None
    return [option.text for option in chooser.find_all("option")]


def sip_verification_has_three_settings(family: Family) -> None:
    assert _choices(family, "sip_verification") == [
        "No verification",
        "Outgoing calls only",
        "Outgoing and incoming calls",
    ]


def client_certificate_security_has_four_settings(family: Family) -> None:
    chosen = family["4.5"].page("certificates").select_one("#client_security option[selected]")
    assert chosen is not None
    assert chosen.text == "Not required"
    assert _choices(family, "client_security") == [
        "Not required",
        "Verify certificate",
        "Certificate-based authentication allowed",
        "Certificate-based authentication required",
    ]


def server_certificate_security_can_be_off(family: Family) -> None:
    off, on = _choices(family, "server_security")
    assert off == "No verification"
    assert on.startswith("Verify")


def settings_of_trust_are_applied_by_a_button(family: Family) -> None:
    assert family["4.5"].buttons("certificates").count("Apply changes") == 2


def there_is_one_ocsp_server(family: Family) -> None:
    assert len(family["4.5"].page("certificates").find_all(id="ocsp_url")) == 1
    assert len(family["4.5"].page("certificates").find_all(id="ocsp_nonce")) == 1


# 3: web interface


def strangers_see_the_login_page_and_system_xml_only(family: Family) -> None:
    unit = family["4.3"]
    assert unit.ask("GET", "/login.html")[0] == 200
    assert unit.ask("GET", "/system.xml")[0] == 200
    for name, path in unit.skin.paths.items():
        if name.startswith(("help_", "login", "logout", "denied")):
            continue
        status, _, headers = unit.ask("GET", path)
        assert status in (302, 303), path
        assert headers["location"].startswith("/login.html")


def home_has_two_paths(family: Family) -> None:
    unit = family["4.3"]
    for path in ("/", "/index.html"):
        unit.visitor.visit(path)
        assert unit.visitor.title == "Codian MCU - Home page"


HELP = (
    "certificates",
    "login",
    "settings_security",
    "status_security",
    "change_password",
    "user_system",
    "user_add",
    "web_logging",
    "access_failed",
    "complete",
)


def help_pages_have_their_names(family: Family) -> None:
    for topic in HELP:
        assert family["4.3"].ask("GET", f"/help_{topic}.html")[0] == 200, topic
    path = "/help_security_transitioning_certificate_based.html"
    assert family["4.5"].ask("GET", path)[0] == 200


def _logged_in(family: Family, password: str) -> tuple[int, str]:
    unit = family["4.3"]
    body = f"user_name=admin&password={password.replace(' ', '+')}&ok=OK"
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    status, _, answer = unit.ask("POST", "/login_change.html", body, **headers)
    return status, answer["location"]


def a_login_is_three_fields_in_a_form(family: Family) -> None:
    assert _logged_in(family, family["4.3"].blueprint.password)[1] == "/"


def a_failed_login_leads_elsewhere_with_status_200(family: Family) -> None:
    _, location = _logged_in(family, "wrong")
    assert location not in ("/", "/index.html")
    assert family["4.3"].ask("GET", location)[0] == 200


def a_stranger_ends_at_the_login_page_with_status_200(family: Family) -> None:
    unit = family["4.3"]
    _, _, headers = unit.ask("GET", "/certificates.html")
    status, text, _ = unit.ask("GET", headers["location"])
    assert (status, 'action="/login_change.html"' in text) == (200, True)


def pages_of_2_x_offer_log_in_and_change_log_in(family: Family) -> None:
    for unit in family.of(*CODIAN):
        assert "Log in" in unit.unseen("/").text
        assert "Change log in" in unit.links("home")


def the_login_page_of_4_3_has_its_labels(family: Family) -> None:
    page = family["4.3"].unseen("/login.html")
    assert [label.text for label in page.find_all("label")] == ["Username", "Password"]
    assert page.find("input", type="submit", value="OK") is not None
    assert "Log in" in page.text


def the_page_of_reasons_has_its_title(family: Family) -> None:
    for name, title in (("2.4", "Access failed"), ("4.3", "Access denied")):
        page = family[name].unseen(family[name].skin.paths["denied"])
        assert page.h1 is not None
        assert page.h1.text == title


def the_page_of_reasons_names_five(family: Family) -> None:
    unit = family["4.3"]
    reasons = [reason.text for reason in unit.unseen(unit.skin.paths["denied"]).find_all("li")]
    for reason, word in zip(reasons, ("password", "free session", "address", "right", "expired"), strict=True):
        assert word in reason


def titles_begin_with_codian_mcu(family: Family) -> None:
    for unit in family.of(*CODIAN, *CLASSIC):
        unit.page("home")
        assert unit.visitor.title == "Codian MCU - Home page"
        title = unit.unseen("/login.html").title
        assert title is not None
        assert "Codian" in title.text


def headers_have_logo_model_and_host(family: Family) -> None:
    for name, logo in (("2.4", "/codian.gif"), ("4.3", "/logo.gif")):
        header = family[name].page("home").find(id="header")
        assert header is not None
        assert header.find("img", src=logo) is not None
        assert family[name].blueprint.model in header.text
        assert f"host: {family[name].blueprint.name}" in header.text
        assert family[name].ask("GET", logo)[2]["content-type"] == "image/gif"


def pages_of_4_4_show_their_way_and_link_their_logo(family: Family) -> None:
    page = family["4.5"].page("certificates")
    assert "You are here:" in page.text
    assert page.find("a", title="connect to the company website") is not None
    help_page = family["4.5"].unseen("/help_certificates.html").text
    assert all(word in help_page for word in ("Search", "Print", "Help contents"))


def mac_addresses_have_codians_prefix(family: Family) -> None:
    for unit in family.all:
        assert unit.call("device.network.query")["portA"]["macAddress"].startswith("00:0D:7C:")
