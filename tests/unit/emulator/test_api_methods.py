"""The methods of the API beside device.query: which there are, what they do, and by which faults they refuse."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from harness.deadline import Deadline
from harness.emulator.api import METHODS
from harness.emulator.api_fault import ApiFault
from harness.emulator.blueprint import Blueprint
from harness.emulator.hosting import HostThread, hosted
from harness.emulator.switches import Setting

if TYPE_CHECKING:
    from tests.unit.emulator.conftest import Caller

    CallerOf = Callable[[Blueprint], Caller]

# Firmware, its API version, and the methods that are not there (device-reference 1.1, 7.6, 7.7).
AUDIT_LOG = {"auditlog.query", "auditlog.delete"}
ENCRYPTION = {"device.encryption.query", "device.encryption.modify"}
VERSIONS: dict[str, tuple[str, set[str]]] = {
    "2.4(1.2)": ("2.4", {"device.restart"} | AUDIT_LOG | ENCRYPTION),
    "4.0(1.54)": ("2.6", {"device.restart"} | AUDIT_LOG),
    "4.1(1.59)": ("2.7", {"device.restart"} | AUDIT_LOG),
    "4.2(1.50)": ("2.8", {"device.restart"} | AUDIT_LOG),
    "4.3(2.32)": ("2.9", set()),
    "4.4(3.67)": ("2.10", set()),
    "4.5(1.71)": ("2.10", set()),
}

# Codes of device-reference 7.8.
CODES = {*range(1, 21), 101, 102, 103, 105, 201, 202, 203}


@pytest.fixture
def call_with(blueprint: Blueprint, caller_of: CallerOf) -> Iterator[Callable[..., Caller]]:
    """Starts the unit with these switches, or otherwise changed, and calls it."""
    with ExitStack() as running:

        def start(*switches: tuple[str, Setting], **changes: Any) -> Caller:
            changed = replace(blueprint, switches=switches, **changes)
            running.enter_context(hosted([changed]))
            return caller_of(changed)

        yield start


@pytest.mark.parametrize(("firmware", "version"), VERSIONS.items(), ids=VERSIONS)
def test_a_version_has_its_methods_and_no_others(
    call_with: Callable[..., Caller], firmware: str, version: tuple[str, set[str]]
) -> None:
    call = call_with(firmware=firmware)

    number, absent = version
    assert call("device.query")["apiVersion"] == number
    # What is there asks for the password first.
    faults = {method: call.fault(method, authenticationPassword="let me out") for method in METHODS}
    assert faults == {method: 1 if method in absent else 14 for method in METHODS}


def test_every_documented_fault_has_a_code_and_a_text_in_lower_case() -> None:
    assert {fault.code for fault in ApiFault} == CODES
    assert all(fault.text == fault.text.lower() for fault in ApiFault)


FTP_OFF = {"name": "ftp", "setting": False}
REFUSED: dict[str, tuple[str, dict[str, object], int]] = {
    "a service without name": ("services.modify", {"portA": [{"setting": False}]}, 101),
    "a service without setting": ("services.modify", {"portA": [{"name": "ftp"}]}, 101),
    "a service without port": ("services.modify", {"portA": [{"name": "snmp", "setting": True}]}, 101),
    "an unknown service": ("services.modify", {"portA": [{"name": "telnet", "setting": False}]}, 102),
    "a setting that is none": ("services.modify", {"portA": [{"name": "ftp", "setting": "on"}]}, 102),
    "a port that is none": ("services.modify", {"portA": [{"name": "ftp", "setting": True, "port": 65536}]}, 102),
    "a port in words": ("services.modify", {"portA": [{"name": "ftp", "setting": True, "port": "21"}]}, 102),
    "a port that another has": ("services.modify", {"portA": [{"name": "ftp", "setting": True, "port": 8080}]}, 102),
    "services that are no list": ("services.modify", {"portA": FTP_OFF}, 102),
    "a service that is no struct": ("services.modify", {"portA": ["ftp"]}, 103),
    "one service of two": ("services.modify", {"portA": [FTP_OFF, {"name": "telnet", "setting": False}]}, 102),
    "no encryption setting": ("device.encryption.modify", {}, 101),
    "another encryption setting": ("device.encryption.modify", {"setting": "required"}, 102),
    "shutdownOnly in words": ("device.restart", {"shutdownOnly": "true"}, 102),
    "a string of 32": ("device.query", {"comment": "x" * 32}, 102),
    "an enumerateID in words": ("conference.enumerate", {"enumerateID": "next"}, 16),
    "an enumerateID of nowhere": ("conference.enumerate", {"enumerateID": "10"}, 16),
    "an enumerateID that is a number": ("conference.enumerate", {"enumerateID": 10}, 102),
    "more than it reads": ("device.query", {"comments": ["x" * 31] * 20_000}, 105),
}


@pytest.mark.parametrize(("method", "arguments", "code"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_done_is_refused_and_changes_nothing(
    call: Caller, method: str, arguments: dict[str, object], code: int
) -> None:
    before = call("services.query")

    assert call.fault(method, **arguments) == code

    assert call("services.query") == before
    assert call("device.encryption.query") == {"enabled": True, "setting": "on"}
    assert call("device.query")["shutdownStatus"] == "active"


def test_a_string_of_31_characters_is_taken(call: Caller) -> None:
    assert call("device.query", comment="x" * 31)["apiVersion"] == "2.9"


def test_a_restart_that_calls_forbid_has_failed(call_with: Callable[..., Caller]) -> None:
    call = call_with(("calls.conferences", 1), ("calls.participants", 1), ("calls.at_shutdown", "refused"))

    assert call.fault("device.restart") == 201
    assert call("device.query")["shutdownStatus"] == "active"


def test_encryption_needs_its_key(call_with: Callable[..., Caller]) -> None:
    call = call_with(features=("Secure management (HTTPS)",))

    assert call.fault("device.encryption.modify", setting="off") == 202
    assert call("device.encryption.query") == {"enabled": False, "setting": "on"}


def test_encryption_is_set(call: Caller) -> None:
    assert call("device.encryption.modify", setting="off") == {"status": "operation successful"}
    assert call("device.encryption.query") == {"enabled": True, "setting": "off"}


def test_a_service_moves_and_goes_when_the_answer_is_out(
    call: Caller, blueprint: Blueprint, caller_of: CallerOf
) -> None:
    """Also the one that is asked (device-reference 4, mark D)."""
    elsewhere = 8081
    changes = [{"name": "http", "setting": True, "port": elsewhere}, {"name": "ftp", "setting": False}]

    assert call("services.modify", portA=changes) == {"status": "operation successful"}

    moved = caller_of(replace(blueprint, http=elsewhere))
    answer = Deadline.after(60).wait_for("the port to be open", lambda: _unless_refused(moved))
    rows = {row["name"]: row for row in answer["portA"]}
    assert rows["http"] == {"name": "http", "type": "tcp", "setting": True, "enabled": True, "port": elsewhere}
    assert rows["ftp"] == {"name": "ftp", "type": "tcp", "setting": False, "enabled": False}
    with pytest.raises(ConnectionRefusedError):
        call("services.query")


def _unless_refused(call: Caller) -> Any:
    try:
        return call("services.query")
    except ConnectionRefusedError:
        return None


def test_https_without_a_key_is_wanted_but_not_there(call_with: Callable[..., Caller]) -> None:
    rows = {row["name"]: row for row in call_with(features=())("services.query")["portA"]}

    assert rows["https"] == {"name": "https", "type": "tcp", "setting": True, "enabled": False}


def test_conferences_come_in_pages(call_with: Callable[..., Caller]) -> None:
    call = call_with(("calls.conferences", 25), ("calls.participants", 1))

    pages = [call("conference.enumerate")]
    while token := pages[-1].get("enumerateID"):
        pages.append(call("conference.enumerate", enumerateID=token))

    assert [len(page["conferences"]) for page in pages] == [10, 10, 5]
    names = [conference["conferenceName"] for page in pages for conference in page["conferences"]]
    assert names == [f"Conference {number}" for number in range(1, 26)]


def test_a_page_that_holds_all_has_no_enumerate_id(call_with: Callable[..., Caller]) -> None:
    call = call_with(("calls.conferences", 5), ("calls.participants", 2))

    answer = call("participant.enumerate")

    assert answer.keys() == {"participants"}
    assert len(answer["participants"]) == 10


def test_an_idle_unit_has_nobody_to_tell_of(call: Caller) -> None:
    assert call("conference.enumerate") == {"conferences": []}
    assert call("participant.enumerate") == {"participants": []}


def test_conferences_outlive_a_shutdown_and_calls_do_not(call_with: Callable[..., Caller]) -> None:
    call = call_with(("calls.conferences", 2), ("calls.participants", 3))

    call("device.restart", shutdownOnly=True)

    Deadline.after(60).wait_for("nobody", lambda: call("participant.enumerate") == {"participants": []})
    assert len(call("conference.enumerate")["conferences"]) == 2


def test_the_audit_log_tells_what_the_api_did_newest_last(call: Caller, visitor: Any) -> None:
    assert call("auditlog.query") == {"log": []}
    visitor.visit("/audit_log.html")
    visitor.press("Enable auditing")

    call("services.modify", portA=[FTP_OFF])
    Deadline.after(60).wait_for("the record", lambda: _modules(call)[-1:] == ["API"])

    newest = call("auditlog.query")["log"][-1]
    assert newest["severity"] == "Info"
    assert newest["message"] == "services changed"


def test_what_is_deleted_of_the_audit_log_is_recorded(call: Caller, visitor: Any) -> None:
    visitor.visit("/audit_log.html")
    visitor.press("Enable auditing")
    call.fault("device.query", authenticationPassword="let me out")
    assert len(_modules(call)) >= 1

    assert call("auditlog.delete") == {"status": "operation successful"}

    [record] = call("auditlog.query")["log"]
    assert (record["module"], record["severity"]) == ("API", "Warning")


def _modules(call: Caller) -> list[str]:
    return [record["module"] for record in call("auditlog.query")["log"]]


@pytest.mark.parametrize(("firmware", "status"), {"4.3(2.32)": "shutDown", "4.5(1.71)": "shutdown"}.items())
def test_a_unit_that_is_shut_down_says_so_as_its_version_spells_it(
    call_with: Callable[..., Caller], firmware: str, status: str
) -> None:
    call = call_with(firmware=firmware)

    call("device.restart", shutdownOnly=True)

    Deadline.after(60).wait_for("shutdown", lambda: call("device.query")["shutdownStatus"] == status, every=0.02)
    assert call("device.health.query")["operationalStatus"] == status


def test_a_unit_that_is_shut_down_can_be_restarted(call: Caller, host: HostThread) -> None:
    """Mark U."""
    call("device.restart", shutdownOnly=True)
    Deadline.after(60).wait_for("shutdown", lambda: host.truth("bench-7").phase == "shut down", every=0.02)

    call("device.restart")

    Deadline.after(60).wait_for("restart", lambda: host.truth("bench-7").boots == 1, every=0.02)


def test_the_restart_log_of_2_9_names_the_api(call: Caller, host: HostThread) -> None:
    call("device.restart")
    Deadline.after(60).wait_for("restart", lambda: host.truth("bench-7").boots == 1)

    reasons = [entry["reason"] for entry in call("device.restartlog.query")["log"]]
    assert sorted(reasons) == ["Cold boot", "User requested reboot from API"]
