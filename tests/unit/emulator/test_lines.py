"""Serial consoles and outlets, reached with the ordinary ssh client."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.deadline import Deadline
from harness.emulator.blueprint import Blueprint
from harness.emulator.faults import Faults
from harness.emulator.hosting import HostThread, hosted
from harness.emulator.lines import Login, Outlet, SerialLine
from harness.emulator.unit import EmulatedUnit
from harness.errors import ConfigurationError
from harness.lab import Place, load_lab
from tests.unit.emulator.console_client import Terminal, console, ssh, switch

pytestmark = pytest.mark.skipif(shutil.which("ssh") is None, reason="there is no ssh client")

PORT = 2207
STARTING = "Cisco TelePresence MCU 4505 4.3(2.18) (Build 6.18(2.18)) starting"


def test_a_restart_is_seen_on_the_console(lab: HostThread, wired: tuple[Blueprint, Blueprint]) -> None:
    with console(wired[0]) as terminal:
        lab.restart("bench-7")
        terminal.wait_for("User requested reboot from API")
        terminal.wait_for(STARTING)
        terminal.wait_for("MCU> ")


def test_each_console_is_that_of_its_unit(lab: HostThread, wired: tuple[Blueprint, Blueprint]) -> None:
    with console(wired[1]) as terminal:
        lab.restart("bench-7")
        terminal.type("status")
        terminal.wait_for(f"Port A: address {wired[1].address}, DHCP")
        assert "starting" not in terminal.seen


def test_what_the_console_understands(lab: HostThread, wired: tuple[Blueprint, Blueprint]) -> None:
    with console(wired[0]) as terminal:
        terminal.type("help")
        terminal.wait_for("help logout reboot reset_password static status")
        terminal.type("static")
        terminal.wait_for(f"Port A: address {wired[0].address}, static")
        terminal.type("status")
        terminal.wait_for("static, link up")
        terminal.type("dance now")
        terminal.wait_for("Unknown command: dance")
        terminal.type("reboot")
        terminal.wait_for(STARTING)
        terminal.wait_for("start-up complete")

    assert lab.truth("bench-7").restart_reasons[-1] == "User requested reboot from console"


def test_an_outlet_is_switched(lab: HostThread, wired: tuple[Blueprint, Blueprint]) -> None:
    unit, other = wired
    assert switch(unit, "state").stdout == "outlet 7: on\n"
    assert switch(unit, "off").stdout == "outlet 7: off\n"
    assert switch(unit, "state").stdout == "outlet 7: off\n"
    assert (lab.truth(unit.name).phase, lab.truth(other.name).phase) == ("off", "active")
    assert switch(unit, "on").stdout == "outlet 7: on\n"
    Deadline.after(60).wait_for("start", lambda: lab.truth(unit.name).phase == "active", every=0.02)
    assert lab.truth(unit.name).restart_reasons == ("Cold boot", "Cold boot")


def test_an_outlet_is_cycled_and_the_console_shows_it(lab: HostThread, wired: tuple[Blueprint, Blueprint]) -> None:
    with console(wired[0]) as terminal:
        assert switch(wired[0], "cycle").returncode == 0
        terminal.wait_for(STARTING)


WRONG = {"dance": 2, "on 9": 1, "off seven": 2, "on 7; off 8": 2}


@pytest.mark.parametrize(("command", "status"), WRONG.items(), ids=WRONG)
def test_other_commands_switch_nothing(
    lab: HostThread, wired: tuple[Blueprint, Blueprint], command: str, status: int
) -> None:
    assert wired[0].outlet is not None
    said = subprocess.run(
        ssh(wired[0].outlet.login, command), capture_output=True, timeout=20, check=False, stdin=subprocess.DEVNULL
    )

    assert said.returncode == status
    assert said.stderr
    assert {lab.truth(unit.name).phase for unit in wired} == {"active"}


def test_a_dead_pdu_says_that_all_is_well(lab: HostThread, wired: tuple[Blueprint, Blueprint]) -> None:
    lab.suffer("bench-7", Faults(pdu_dead=True))

    assert switch(wired[0], "off").stdout == "outlet 7: off\n"
    assert lab.truth("bench-7").phase == "active"


def test_a_console_server_that_is_down_hangs_up(lab: HostThread, wired: tuple[Blueprint, Blueprint]) -> None:
    assert wired[0].console is not None
    with console(wired[0]) as terminal:
        lab.suffer("bench-7", Faults(console_down=True))
        assert terminal.process.wait(timeout=60) == 255
    assert subprocess.run(
        ssh(wired[0].console.login), capture_output=True, timeout=20, check=False, stdin=subprocess.DEVNULL
    ).returncode


def test_a_wrong_name_or_password_does_not_get_in(blueprint: Blueprint, addresses: Iterator[str]) -> None:
    login = Login(next(addresses), PORT, "lab", "let me in")
    with hosted([replace(blueprint, console=SerialLine(login))]):
        for stranger in (login, replace(login, user="root")):
            ended = subprocess.run(
                ssh(stranger), capture_output=True, text=True, timeout=20, check=False, stdin=subprocess.DEVNULL
            )
            assert ended.returncode == 255
            assert "Permission denied" in ended.stderr


def test_a_password_is_asked_for_and_not_shown(
    blueprint: Blueprint, addresses: Iterator[str], tmp_path: Path
) -> None:
    login = Login(next(addresses), PORT, "lab", "let me in")
    answer = tmp_path / "answer"
    answer.write_text("#!/bin/sh\necho let me in\n")
    answer.chmod(0o700)
    environment = {**os.environ, "SSH_ASKPASS": str(answer), "SSH_ASKPASS_REQUIRE": "force"}
    command = [word.replace("BatchMode=yes", "BatchMode=no") for word in ssh(login)]
    with hosted([replace(blueprint, console=SerialLine(login))]):
        said = subprocess.run(
            command, capture_output=True, text=True, timeout=20, check=False, input="status\n", env=environment
        )

    assert f"Port A: address {blueprint.address}" in said.stdout
    assert "let me in" not in repr(login)


def test_a_terminal_has_what_is_typed_echoed(lab: HostThread, wired: tuple[Blueprint, Blueprint]) -> None:
    assert wired[0].console is not None
    command = ssh(wired[0].console.login)
    with subprocess.Popen(
        [*command[:1], "-tt", *command[1:]], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as process:
        terminal = Terminal(process)
        terminal.type("static")
        terminal.wait_for("static\r\nPort A: address")
        terminal.wait_for("static\r\nMCU> ")
        process.kill()


def test_a_unit_that_requires_it_asks_for_name_and_password(
    lab: HostThread, wired: tuple[Blueprint, Blueprint], visitor_of: Callable[[Blueprint], Any]
) -> None:
    with console(wired[0]) as terminal:
        tick(visitor_of, wired[0], "require_login")
        terminal.type("status")
        terminal.wait_for("login: ")
        terminal.type("admin")
        terminal.wait_for("password: ")
        terminal.type("wrong")
        terminal.wait_for("Login incorrect")
        terminal.wait_for("login: ")
        terminal.type("admin")
        terminal.wait_for("password: ")
        terminal.type("let me in")
        terminal.wait_for("MCU> ")
        terminal.type("status")
        terminal.wait_for("link up")


def test_an_idle_console_asks_for_the_password_again(
    lab: HostThread, wired: tuple[Blueprint, Blueprint], visitor_of: Callable[[Blueprint], Any]
) -> None:
    tick(visitor_of, wired[0], "require_login")

    def allow_no_pause(unit: EmulatedUnit) -> None:
        unit.administration.security = replace(unit.administration.security, console_minutes=0)

    lab._ask("bench-7", allow_no_pause)
    with console(wired[0], prompt="login: ") as terminal:
        terminal.type("admin")
        terminal.wait_for("password: ")
        terminal.type("let me in")
        terminal.wait_for("MCU> ")
        terminal.type("status")
        terminal.wait_for("login: ")
        assert "link up" not in terminal.seen


def test_input_during_start_up_can_be_switched_off(
    lab: HostThread, wired: tuple[Blueprint, Blueprint], visitor_of: Callable[[Blueprint], Any]
) -> None:
    tick(visitor_of, wired[0], "no_input")
    with console(wired[0]) as terminal:
        lab.restart("bench-7")
        terminal.wait_for("starting")
        terminal.type("reset_config")
        terminal.wait_for("start-up complete")

    assert "Are you sure?" not in terminal.seen
    assert lab.truth("bench-7").boots == 1


def tick(visitor_of: Callable[[Blueprint], Any], unit: Blueprint, box: str) -> None:
    """On Settings > Security, console part."""
    with visitor_of(unit) as visitor:
        visitor.log_in(unit.user, unit.password)
        visitor.visit("/settings_security.html")
        visitor.page.find("input", id=box)["checked"] = "checked"
        visitor.press("Update console settings")


PLACE = """[[place]]
name = "bench-7"
model = "MCU 4505"
emulated = {}
"""

POWER = 'power = { ssh = "127.0.0.5", user = "lab", on = "on 7", off = "off 7" %s }'


def place(tmp_path: Path, text: str) -> Place:
    file = tmp_path / "lab.toml"
    file.write_text(PLACE + text)
    return load_lab(file).places[0]


def test_the_lab_file_wires_a_unit(tmp_path: Path) -> None:
    text = 'console = { ssh = "127.0.0.5", port = 2207, user = "lab", password = "let me in" }\n' + POWER % ""
    blueprint = Blueprint.of(place(tmp_path, text))

    assert blueprint.console == SerialLine(Login("127.0.0.5", 2207, "lab", "let me in"))
    assert blueprint.outlet == Outlet(Login("127.0.0.5", 22, "lab"), 7)
    assert Blueprint.from_document(blueprint.document()) == blueprint
    assert "let me in" not in repr(blueprint)


def test_what_is_elsewhere_is_not_emulated(tmp_path: Path) -> None:
    text = 'console = { ssh = "console.lab.example", port = 2207, user = "lab" }'

    assert Blueprint.of(place(tmp_path, text)).console is None


MISTAKES = {
    "another language": (POWER.replace("on 7", "outlet 7 on") % "", "power.on is 'outlet 7 on', but an emulated PDU"),
    "another verb": (POWER % ', cycle = "off 7"', "understands 'cycle 7'"),
    "another outlet": (POWER % ', state = "state 8"', "power names the outlets [7, 8], want one"),
}


@pytest.mark.parametrize(("text", "message"), MISTAKES.values(), ids=MISTAKES)
def test_commands_that_no_emulated_pdu_understands_are_a_mistake(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigurationError) as mistake:
        Blueprint.of(place(tmp_path, text))

    assert message in str(mistake.value)
