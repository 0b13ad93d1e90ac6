"""What the console takes back: the configuration, the activation, a forgotten password (device-reference 9)."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from typing import Any

import pytest

from harness.emulator.blueprint import Blueprint
from harness.emulator.hosting import HostThread
from harness.emulator.skin import load_skin
from tests.unit.emulator.console_client import Terminal, console

pytestmark = pytest.mark.skipif(shutil.which("ssh") is None, reason="there is no ssh client")

SKIN = load_skin("4.3")
VisitorOf = Callable[[Blueprint], Any]


def reset(lab: HostThread, terminal: Terminal) -> None:
    """To factory settings, while it starts."""
    lab.restart("bench-7")
    terminal.wait_for("starting")
    terminal.type("reset_config")
    terminal.wait_for("Are you sure?")
    terminal.type("yes")
    terminal.wait_for("Resetting the configuration")
    terminal.wait_for("starting")
    terminal.wait_for("start-up complete")


def test_reset_config_during_start_up_forgets_everything(
    lab: HostThread, wired: tuple[Blueprint, Blueprint], visitor_of: VisitorOf
) -> None:
    with console(wired[0]) as terminal, visitor_of(wired[0]) as visitor:
        reset(lab, terminal)
        visitor.log_in("admin", "")
        visitor.visit("/certificates.html")

    assert visitor.page.find("input", value="Upload certificate and key")
    assert lab.truth("bench-7").restart_reasons[-1] == "User reset configuration"


def test_reset_config_can_be_called_off(lab: HostThread, wired: tuple[Blueprint, Blueprint]) -> None:
    with console(wired[0]) as terminal:
        lab.restart("bench-7")
        terminal.wait_for("starting")
        terminal.type("reset_config")
        terminal.wait_for("Are you sure?")
        terminal.type("no")
        terminal.wait_for("The configuration is unchanged")
        terminal.wait_for("start-up complete")

    assert lab.truth("bench-7").restart_reasons[-1] == "User requested reboot from API"


def test_reset_config_is_for_start_up_only(lab: HostThread, wired: tuple[Blueprint, Blueprint]) -> None:
    with console(wired[0]) as terminal:
        terminal.type("reset_config")
        terminal.wait_for("Unknown command: reset_config")

    assert lab.truth("bench-7").boots == 0


def test_after_a_reset_the_activation_key_must_be_entered_again(
    lab: HostThread, wired: tuple[Blueprint, Blueprint], visitor_of: VisitorOf
) -> None:
    with console(wired[0]) as terminal, visitor_of(wired[0]) as visitor:
        visitor.log_in(wired[0].user, wired[0].password)
        assert SKIN.banners.not_activated not in visitor.page.text

        reset(lab, terminal)
        visitor.log_in("admin", "")
        assert SKIN.banners.not_activated in visitor.page.text

        visitor.visit("/settings_upgrade.html")
        visitor.select_form()
        visitor["code"] = SKIN.features.codes["activation"]
        visitor.submit_selected()
        assert SKIN.banners.not_activated not in visitor.page.text


def test_a_forgotten_password_is_reset_at_any_time(
    lab: HostThread, wired: tuple[Blueprint, Blueprint], visitor_of: VisitorOf
) -> None:
    with console(wired[0]) as terminal, visitor_of(wired[0]) as visitor:
        terminal.type("reset_password")
        terminal.wait_for("The password of admin has been reset")
        visitor.log_in("admin", "")
        assert visitor.title == "Codian MCU - Home page"

    assert lab.truth("bench-7").boots == 0


def test_a_unit_that_requires_a_login_does_not_reset_a_password_without_one(
    lab: HostThread, wired: tuple[Blueprint, Blueprint], visitor_of: VisitorOf
) -> None:
    with visitor_of(wired[0]) as visitor:
        visitor.log_in(wired[0].user, wired[0].password)
        visitor.visit("/settings_security.html")
        visitor.page.find("input", id="require_login")["checked"] = "checked"
        visitor.press("Update console settings")
        with console(wired[0], prompt="login: ") as terminal:
            terminal.type("reset_password")
            terminal.wait_for("password: ")
            terminal.type("")
            terminal.wait_for("Login incorrect")


def test_log_messages_can_be_hidden(
    lab: HostThread, wired: tuple[Blueprint, Blueprint], visitor_of: VisitorOf
) -> None:
    def fail_to_log_in() -> None:
        with visitor_of(wired[0]) as somebody:
            somebody.log_in("admin", "wrong")

    with console(wired[0]) as terminal, visitor_of(wired[0]) as visitor:
        fail_to_log_in()
        terminal.wait_for("login refused")

        visitor.log_in(wired[0].user, wired[0].password)
        visitor.visit("/settings_security.html")
        visitor.page.find("input", id="hide_log")["checked"] = "checked"
        visitor.press("Update console settings")
        fail_to_log_in()
        terminal.type("help")
        terminal.wait_for("logout")

    assert "login refused" not in terminal.seen
