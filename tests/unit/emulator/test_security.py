"""Settings > Security, Status > Security and the logs (device-reference 3.4, 4, 5.1 and 10)."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any

import pytest
import requests

from certstore import Upload
from harness.deadline import Deadline
from harness.emulator.audit import AuditSeverity, Module
from harness.emulator.blueprint import Blueprint
from harness.emulator.event_log import Severity
from harness.emulator.hosting import HostThread, hosted
from harness.emulator.skin import load_skin
from harness.emulator.unit import EmulatedUnit

TEXTS = load_skin("4.3").pages

MINUTES = {"0": "bad_minutes", "1": "updated", "60": "updated", "61": "bad_minutes"}

VisitorOf = Callable[[Blueprint], AbstractContextManager[Any]]


def settings(visitor: Any, **fields: str) -> str:
    """Change them; what the page says."""
    visitor.visit("/settings_security.html")
    visitor.select_form(visitor.page.find(id="idle_minutes").find_parent("form"))
    for name, value in fields.items():
        visitor[name] = value
    visitor.submit_selected(btnName=visitor.page.find("input", value="Update security settings"))
    return str(visitor.page.find(class_="notice").string)


def rows(visitor: Any) -> list[list[str]]:
    return [[cell.text for cell in row.find_all("td")] for row in visitor.page.find_all("tr") if row.find("td")]


def test_http_is_redirected_to_https_where_that_is_set(visitor: Any, blueprint: Blueprint) -> None:
    # The answer leads to HTTPS at once, of an age that this client does not speak.
    with pytest.raises(requests.exceptions.SSLError):
        settings(visitor, redirect="1")

    answer = requests.get(
        f"http://{blueprint.address}:{blueprint.http}/certificates.html", allow_redirects=False, timeout=60
    )
    assert answer.headers["Location"] == f"https://{blueprint.address}:{blueprint.https}/certificates.html"


def test_the_redirect_can_be_set_only_while_both_services_are_enabled(visitor: Any, blueprint: Blueprint) -> None:
    visitor.visit("/network_services.html")
    visitor.select_form()
    visitor["https_enabled"] = False
    visitor.submit_selected()

    assert settings(visitor, redirect="1") == TEXTS["settings_security"].texts["needs_both"]
    visitor.visit("/")
    assert visitor.url.startswith("http://")


@pytest.mark.parametrize(("minutes", "said"), MINUTES.items())
def test_the_idle_web_session_timeout_is_1_to_60_minutes(visitor: Any, minutes: str, said: str) -> None:
    assert settings(visitor, idle_minutes=minutes) == TEXTS["settings_security"].texts[said]


@pytest.mark.parametrize(("minutes", "said"), MINUTES.items())
def test_the_idle_console_timeout_is_1_to_60_minutes(visitor: Any, minutes: str, said: str) -> None:
    visitor.visit("/settings_security.html")
    visitor.select_form(visitor.page.find(id="console_minutes").find_parent("form"))
    visitor["console_minutes"] = minutes
    visitor.submit_selected(btnName=visitor.page.find("input", value="Update console settings"))

    assert visitor.page.find(class_="notice").string == TEXTS["settings_security"].texts[said]


def test_a_warning_is_new_until_it_is_acknowledged_and_again_after_a_restart(
    visitor: Any, blueprint: Blueprint, host: HostThread
) -> None:
    visitor.visit("/status_security.html")
    assert [cell.text for cell in visitor.page.find_all("th")] == ["", "Warning", "State", "Action"]
    assert {row[2] for row in rows(visitor) if len(row) == 4} == {"New"}

    visitor.page.find(id="ftp_open")["checked"] = "checked"
    visitor.press("Acknowledge selected")
    states = {row[1]: row[2] for row in rows(visitor) if len(row) == 4}
    assert states["The FTP service is open"] == "Acknowledged"
    assert set(states.values()) == {"New", "Acknowledged"}

    host.restart("bench-7")
    Deadline.after(60).wait_for("start", lambda: host.truth("bench-7").boots == 1, every=0.02)
    Deadline.after(60).wait_for("end of it", lambda: host.truth("bench-7").phase == "active", every=0.02)
    visitor.log_in(blueprint.user, blueprint.password)
    visitor.visit("/status_security.html")
    assert {row[2] for row in rows(visitor) if len(row) == 4} == {"New"}


def test_the_event_log_has_module_severity_time_and_text(visitor: Any, article_upload: Upload) -> None:
    visitor.upload(article_upload)
    visitor.visit("/web_logging.html")

    assert [cell.text for cell in visitor.page.find_all("th")] == ["Time", "Module", "Severity", "Message"]
    [newest, *_] = rows(visitor)
    assert newest[1:] == ["web", "Info", "a new certificate and private key have been uploaded"]


def set_syslog(visitor: Any, server: str) -> str:
    visitor.visit("/syslog.html")
    visitor.select_form()
    visitor["server_1"] = server
    visitor.submit_selected()
    return str(visitor.page.find(class_="notice").string)


def test_events_are_forwarded_to_a_syslog_server(
    blueprint: Blueprint, visitor_of: VisitorOf, addresses: Iterator[str]
) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind((next(addresses), 0))
        server.settimeout(10)
        address, port = server.getsockname()
        unit = replace(blueprint, switches=(("syslog.port", port),))
        with hosted([unit]), visitor_of(unit) as visitor:
            visitor.log_in(unit.user, unit.password)
            assert set_syslog(visitor, address) == TEXTS["syslog"].texts["updated"]
            requests.post(
                f"http://{unit.address}:{unit.http}/login_change.html", data={"user_name": "admin"}, timeout=60
            )
            told, sender = server.recvfrom(2048)

    # Facility 16 of the skin, severity 4: a warning (mark D).
    assert re.fullmatch(rb"<132>\w{3} [ \d]\d [\d:]{8} bench-7 web: login refused: .*", told)
    assert sender[0] == unit.address


def test_a_syslog_server_is_an_address(visitor: Any) -> None:
    assert set_syslog(visitor, "log.example") == TEXTS["syslog"].texts["bad"]
    assert visitor.page.find("input", type="submit")["value"] == TEXTS["syslog"].buttons["update"]
    assert visitor.page.find(id="server_1")["value"] == ""


def test_severities_have_the_documented_numbers() -> None:
    assert {severity.name: severity.value for severity in Severity} == {
        "ERROR": 3,
        "WARNING": 4,
        "INFO": 5,
        "TRACE": 6,
        "DETAILED_TRACE": 7,
    }


def test_the_audit_log_records_what_is_set_once_it_is_enabled(visitor: Any, article_upload: Upload) -> None:
    settings(visitor, idle_minutes="20")
    visitor.visit("/audit_log.html")
    assert rows(visitor) == [["The log is empty."]]
    visitor.press("Enable auditing")

    settings(visitor, idle_minutes="21")
    visitor.upload(article_upload)
    visitor.visit("/network_services.html")
    visitor.press("Apply changes")

    visitor.visit("/audit_log.html")
    assert [row[1:] for row in rows(visitor)] == [
        ["Web", "Info", "services changed by admin"],
        ["Web", "Info", "a certificate and private key were uploaded by admin"],
        ["Web", "Info", "security settings changed by admin"],
        ["Web", "Info", "auditing switched on by admin"],
    ]


def test_the_page_shows_the_last_2000_of_100000_audit_records(visitor: Any, host: HostThread) -> None:
    def fill(unit: EmulatedUnit) -> None:
        audit = unit.administration.audit
        audit.enabled = True
        for number in range(100_001):
            audit.record(Module.SYSTEM, AuditSeverity.INFO, str(number))

    host._ask("bench-7", fill)
    visitor.visit("/audit_log.html")

    shown = rows(visitor)
    assert (len(shown), shown[0][3], shown[-1][3]) == (2_000, "100000", "98001")
    assert host._ask("bench-7", lambda unit: len(unit.administration.audit.records)) == 100_000


def test_audit_records_have_the_documented_modules_and_severities() -> None:
    assert {module.value for module in Module} == {"Web", "Serial", "API", "Supervisor", "System", "FTP"}
    assert {severity.value for severity in AuditSeverity} == {
        "Error",
        "Severe Warning",
        "Warning",
        "Info",
        "Status Warning",
    }


def test_a_feature_key_is_entered_at_settings_upgrade(blueprint: Blueprint, visitor_of: VisitorOf) -> None:
    unit = replace(blueprint, features=())
    with hosted([unit]) as host, visitor_of(unit) as visitor:
        visitor.log_in(unit.user, unit.password)
        for link in ("Settings", "Upgrade"):
            visitor.follow_link(visitor.page.find("a", string=link))
        for code, said in (("0000", "refused"), (load_skin("4.3").features.codes["encryption"], "taken")):
            visitor.select_form()
            visitor["code"] = code
            visitor.submit_selected()
            assert visitor.page.find(class_="notice").string == TEXTS["upgrade"].texts[said]

        assert host._ask(unit.name, lambda unit: unit.is_open("https"))
