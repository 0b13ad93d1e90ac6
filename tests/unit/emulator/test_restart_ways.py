"""Every way to restart a unit, and what its restart log says of each (device-reference 7.5, mark D for API 2.10)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from harness.deadline import Deadline
from harness.emulator.blueprint import Blueprint
from harness.emulator.hosting import HostThread, hosted
from harness.emulator.reasons import Reason, in_words


def test_one_step_is_enough_where_the_skin_says_so(
    blueprint: Blueprint, visitor_of: Callable[[Blueprint], Any]
) -> None:
    with hosted([replace(blueprint, switches=(("shutdown.steps", 1),))]) as host, visitor_of(blueprint) as visitor:
        visitor.log_in(blueprint.user, blueprint.password)
        visitor.visit("/settings_shutdown.html")
        visitor.press("Shut down MCU")
        assert visitor.page.find("input", value="Confirm MCU shutdown") is None
        Deadline.after(5).wait_for("shutdown", lambda: host.truth(blueprint.name).phase == "shut down", every=0.02)
        visitor.visit("/settings_shutdown.html")
        visitor.press("Restart MCU")
        Deadline.after(5).wait_for("start", lambda: host.truth(blueprint.name).boots == 1, every=0.02)
        assert host.truth(blueprint.name).restart_reasons[-1] == "User requested reboot from web interface"


def test_a_unit_that_is_switched_off_when_it_has_been_shut_down_tells_of_both(
    visitor: Any, blueprint: Blueprint, host: HostThread
) -> None:
    visitor.visit("/settings_shutdown.html")
    visitor.press("Shut down MCU")
    visitor.press("Confirm MCU shutdown")
    Deadline.after(5).wait_for("shutdown", lambda: host.truth(blueprint.name).phase == "shut down", every=0.02)
    host.power_off(blueprint.name)
    host.power_on(blueprint.name)
    Deadline.after(5).wait_for("start", lambda: host.truth(blueprint.name).boots == 1, every=0.02)

    assert host.truth(blueprint.name).restart_reasons == ("Cold boot", "User requested shutdown", "Cold boot")


WORDS = {
    (Reason.CONSOLE, "2.10"): "User requested reboot from console",
    (Reason.SUPERVISOR, "2.9"): "User requested reboot from supervisor",
    (Reason.SUPERVISOR_SHUTDOWN, "2.9"): "User requested shutdown from supervisor",
    (Reason.RESET, "2.10"): "User reset configuration",
    # Words that API 2.6 and 2.7 do not have.
    (Reason.CONSOLE, "2.8"): "unknown",
    (Reason.CONSOLE, "2.7"): "unknown",
    (Reason.SUPERVISOR_SHUTDOWN, "2.7"): "User requested shutdown",
    (Reason.RESET, "2.6"): "unknown",
}


@pytest.mark.parametrize(("case", "words"), WORDS.items(), ids=lambda value: str(value))
def test_old_apis_have_fewer_words(case: tuple[Reason, str], words: str) -> None:
    assert in_words(*case) == words
