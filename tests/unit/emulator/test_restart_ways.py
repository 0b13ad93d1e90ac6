"""Every way to restart a unit, and what its restart log says of each (device-reference 7.5, mark D for API 2.10)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from certstore import Upload
from harness.deadline import Deadline
from harness.emulator.blueprint import Blueprint
from harness.emulator.hosting import HostThread, hosted
from harness.emulator.lifecycle import State
from harness.emulator.reasons import Reason, in_words
from harness.emulator.switches import Settings
from harness.emulator.unit import EmulatedUnit


def test_one_step_is_enough_where_the_skin_says_so(
    blueprint: Blueprint, visitor_of: Callable[[Blueprint], Any]
) -> None:
    with hosted([replace(blueprint, switches=(("shutdown.steps", 1),))]) as host, visitor_of(blueprint) as visitor:
        visitor.log_in(blueprint.user, blueprint.password)
        visitor.visit("/settings_shutdown.html")
        visitor.press("Shut down MCU")
        assert visitor.page.find("input", value="Confirm MCU shutdown") is None
        Deadline.after(60).wait_for("shutdown", lambda: host.truth(blueprint.name).phase == "shut down", every=0.02)
        visitor.visit("/settings_shutdown.html")
        visitor.press("Restart MCU")
        Deadline.after(60).wait_for("start", lambda: host.truth(blueprint.name).boots == 1, every=0.02)
        assert host.truth(blueprint.name).restart_reasons[-1] == "User requested reboot from web interface"


def test_a_unit_that_is_switched_off_when_it_has_been_shut_down_tells_of_both(
    visitor: Any, blueprint: Blueprint, host: HostThread
) -> None:
    visitor.visit("/settings_shutdown.html")
    visitor.press("Shut down MCU")
    visitor.press("Confirm MCU shutdown")
    Deadline.after(60).wait_for("shutdown", lambda: host.truth(blueprint.name).phase == "shut down", every=0.02)
    host.power_off(blueprint.name)
    host.power_on(blueprint.name)
    Deadline.after(60).wait_for("start", lambda: host.truth(blueprint.name).boots == 1, every=0.02)

    assert host.truth(blueprint.name).restart_reasons == ("Cold boot", "User requested shutdown", "Cold boot")


def shut_down(unit: EmulatedUnit) -> None:
    unit.shut_down(unit.skin.reasons.shutdown)


def restart(unit: EmulatedUnit) -> None:
    unit.restart(unit.skin.reasons.api)


ENDLESS = 100_000.0
# The state, what leads there, and what keeps the unit in it.
MOMENTS: dict[str, tuple[Callable[[EmulatedUnit], None] | None, Settings]] = {
    "active": (None, ()),
    "shutting down": (shut_down, (("timing.shutting_down", ENDLESS),)),
    "shut down": (shut_down, (("timing.shutting_down", 0.0),)),
    "down": (restart, ()),
    "booting": (restart, (("timing.finishing_boot", ENDLESS),)),
}


@pytest.mark.parametrize("moment", MOMENTS)
def test_the_power_may_go_at_any_moment(
    blueprint: Blueprint, visitor_of: Callable[[Blueprint], Any], article_upload: Upload, moment: str
) -> None:
    lead, switches = MOMENTS[moment]
    # While it is down the power goes in the same moment.
    name, is_down = blueprint.name, moment == "down"

    def go_and_lose_power(unit: EmulatedUnit) -> None:
        restart(unit)
        assert unit.state is State.DOWN
        unit.lose_power()

    with hosted([replace(blueprint, switches=switches)]) as host, visitor_of(blueprint) as visitor:
        visitor.log_in(blueprint.user, blueprint.password)
        visitor.upload(article_upload)
        stored = host.truth(name).stored
        if lead is not None:
            host._ask(name, go_and_lose_power if is_down else lead)
        if not is_down:
            Deadline.after(60).wait_for(moment, lambda: host.truth(name).phase == moment, every=0.01)
            host.cut_power(name)
        boots = 2 if moment == "booting" else 1
        Deadline.after(60).wait_for("start", lambda: host.truth(name).boots == boots, every=0.01)

        assert host.truth(name).running == stored
        assert host.truth(name).restart_reasons[-1] == "Cold boot"


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
