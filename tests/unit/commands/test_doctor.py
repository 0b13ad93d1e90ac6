"""`mcu-hil doctor`, on an emulated unit over loopback."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from harness import catalogue
from harness.cli.doctor import doctor
from harness.drivers.mcu import open_unit
from harness.emulator.blueprint import Blueprint
from harness.emulator.hosting import HostThread, hosted
from harness.lab import load_lab
from harness.lease import lease
from harness.readiness import QUESTIONS
from tests.loopback import address

ADDRESS, LINES = address(), address()
LAB = """
[lab]
state_dir = "{folder}/state"
[[place]]
name = "unit"
model = "{model}"
address = "{address}"
login = {{ password = "{password}" }}
emulated = {{ firmware = "4.3(2.18)", restart_seconds = 0.2, switches = {{ {switches} }} }}
{more}
"""
Write = Callable[..., Path]
Start = Callable[..., HostThread]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write the lab file, with some of it otherwise."""

    def written(**changes: str) -> Path:
        plain = {"model": "MCU 4505", "password": "let me in", "switches": "", "more": "", "address": ADDRESS}
        plain["folder"] = str(tmp_path)
        (tmp_path / "lab.toml").write_text(LAB.format(**(plain | changes)))
        return tmp_path / "lab.toml"

    return written


@pytest.fixture
def start(write: Write) -> Iterator[Start]:
    with ExitStack() as stack:

        def started(**changes: str) -> HostThread:
            (place,) = load_lab(write(**changes)).places
            return stack.enter_context(hosted([Blueprint.of(place)]))

        yield started


def run(lab: Path, *options: str) -> Result:
    return CliRunner().invoke(doctor, ["unit", "--lab", str(lab), *options])


def rows(lab: Path, status: int) -> dict[str, dict[str, Any]]:
    result = run(lab, "--json")
    assert result.exit_code == status, result.output
    told = json.loads(result.stdout)
    assert told["ready"] is (status == 0)
    return {row["topic"]: row for row in told["rows"]}


def missing(lab: Path) -> dict[str, dict[str, Any]]:
    return {topic: row for topic, row in rows(lab, 10).items() if row["state"] == "missing"}


def test_a_unit_as_its_lab_file_says_is_ready(start: Start, write: Write) -> None:
    start()
    found = rows(write(), 0)
    assert [*found] == ["reachable", *(question.topic for question in QUESTIONS), "lease"]
    assert found["feature key"]["found"] == "Secure management (HTTPS), Encryption"
    assert {topic for topic, row in found.items() if row["state"] == "remark"} == {"served today", "console", "power"}
    assert "unit is ready" in run(write()).stdout


# What is so, what is missing then, and what is to be done.
LACKING = {
    "no-key": (
        {"switches": '"features.secure_management" = false, "features.encryption" = false'},
        {
            "feature key": "Settings > Upgrade",
            "HTTPS": "feature key",
            "session": "log out",
            "served today": "open HTTPS",
        },
    ),
    "no-session": ({"switches": '"session.limit" = 0'}, {"session": "login.session_wait_seconds"}),
    "calls": ({"switches": '"calls.conferences" = 1, "calls.participants" = 3'}, {"calls": "--drop-calls"}),
}


@pytest.mark.parametrize(("changes", "remedies"), LACKING.values(), ids=LACKING)
def test_what_is_missing_is_told_with_the_remedy(
    start: Start, write: Write, changes: dict[str, str], remedies: dict[str, str]
) -> None:
    start(**changes)
    found = missing(write(**changes))
    assert found.keys() - {"session"} == remedies.keys() - {"session"}
    assert [
        topic for topic, words in remedies.items() if topic in found and words not in found[topic]["remedy"]
    ] == []
    told = run(write(**changes)).stdout
    assert "MISSING" in told
    assert "unit is not ready: " in told


DIFFERING = {
    "model": {"model": "MCU 4203"},
    "serial": {"more": 'serial = "SM000000"'},
    "firmware": {"more": 'firmware = "4.5"'},
    "reachable": {"more": f'tls = {{ fingerprint = "sha256:{"00" * 32}" }}'},
}


@pytest.mark.parametrize("topic", DIFFERING)
def test_another_unit_than_the_lab_file_says_is_told(start: Start, write: Write, topic: str) -> None:
    start()
    found = missing(write(**DIFFERING[topic]))
    assert topic in found
    assert "lab.toml" in found[topic]["found"] + found[topic]["remedy"]


def test_the_serial_and_firmware_of_the_lab_file_are_known_again(start: Start, write: Write) -> None:
    start()
    serial = rows(write(), 0)["serial"]["found"].partition(";")[0]
    assert rows(write(more=f'serial = "{serial}"\nfirmware = "4.3"'), 0)["serial"]["found"] == serial


def test_a_wrong_password_is_sent_once(start: Start, write: Write) -> None:
    # A second and third one would lock the account.
    host = start()
    found = missing(write(password="wrong"))
    assert found["login"]["remedy"].startswith("correct login in lab.toml")
    asked = [question.topic for question in QUESTIONS if question.needs_login and question.topic != "login"]
    assert {found[topic]["found"] for topic in asked} == {"not asked: the login is refused"}
    assert sum("login refused" in entry for entry in map(str, host.truth("unit").events)) == 1


def test_a_restart_that_waits_is_told(start: Start, write: Write) -> None:
    start()
    (place,) = load_lab(write()).places
    with open_unit(place) as unit:
        unit.upload(catalogue.ca_signed(place.address).upload)
    assert missing(write()).keys() == {"restart"}


def test_somebody_who_works_on_the_place_is_told(start: Start, write: Write) -> None:
    start()
    with lease("unit", load_lab(write()).state_dir, "a nightly run"):
        assert "(a nightly run)" in missing(write())["lease"]["found"]


def test_lines_are_looked_at_where_the_lab_file_has_them(start: Start, write: Write) -> None:
    console = f'console = {{ ssh = "{LINES}", port = 2207, user = "lab" }}'
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        power = f'power = {{ ssh = "127.0.0.1", port = {port}, user = "lab", on = "on 1", off = "off 1" }}'
        good = power.replace(f'"127.0.0.1", port = {port}', f'"{LINES}", port = 2222')
        start(more=f"{console}\n{good}")
        found = rows(write(more=f"{console}\n{good}"), 0)
        assert (found["console"]["state"], found["power"]["state"]) == ("ready", "ready")
        assert found["console"]["found"].endswith("it says 'MCU>'")
        found = rows(write(more=f"{console}\n{power}"), 10)
    assert (found["power"]["state"], "cannot be reached: Connection refused" in found["power"]["found"]) == (
        "missing",
        True,
    )


def test_a_unit_that_does_not_answer_is_told_with_the_remedy(write: Write) -> None:
    found = missing(write())
    assert [(topic, row["remedy"]) for topic, row in found.items()] == [
        ("reachable", "start it in another terminal: mcu-hil emulate")
    ]
