"""Shutting down and restarting: what is refused meanwhile, what is served afterwards, what the unit says of it."""

from __future__ import annotations

import socket
import xmlrpc.client
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from typing import Any, Literal

import pytest

from certstore import Upload
from harness import pki
from harness.deadline import Deadline
from harness.emulator.blueprint import Blueprint
from harness.emulator.conduct import Conduct
from harness.emulator.defects import DEFECTS, Defect
from harness.emulator.hosting import HostThread, hosted
from harness.emulator.pair import FACTORY, Pair
from harness.emulator.skin import load_skin
from harness.emulator.store import Store
from harness.tls.handshake import Endpoint, take_handshake


def leaf(blueprint: Blueprint) -> bytes:
    # HTTP answers a moment before HTTPS does.
    Deadline.after(60).wait_for("open HTTPS port", lambda: is_open(blueprint, blueprint.https), every=0.01)
    return take_handshake(Endpoint(blueprint.address, blueprint.https), Deadline.after(60)).leaf


def is_open(blueprint: Blueprint, port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((blueprint.address, port)) == 0


def wait_until_down(blueprint: Blueprint) -> None:
    Deadline.after(60).wait_for("closed port", lambda: not is_open(blueprint, blueprint.http), every=0.005)


def wait_until_restarted(host: HostThread, blueprint: Blueprint) -> None:
    # Not by its ports alone: on a busy machine one may miss the moment in which they are closed.
    Deadline.after(60).wait_for("restart", lambda: host.truth(blueprint.name).boots > 0, every=0.01)
    wait_until_up(blueprint)


def wait_until_up(blueprint: Blueprint) -> None:
    Deadline.after(60).wait_for("open port", lambda: is_open(blueprint, blueprint.http), every=0.01)


def restart_by_web(visitor: Any) -> None:
    visitor.visit("/settings_shutdown.html")
    visitor.press("Shut down MCU")
    visitor.press("Confirm MCU shutdown")
    Deadline.after(20).wait_for("button Restart MCU", lambda: _offers(visitor, "Restart MCU"), every=0.02)
    visitor.press("Restart MCU")


def _offers(visitor: Any, button: str) -> bool:
    visitor.visit("/settings_shutdown.html")
    return visitor.page.find("input", value=button) is not None


def api(blueprint: Blueprint) -> Any:
    return xmlrpc.client.ServerProxy(f"http://{blueprint.address}:{blueprint.http}/RPC2")


def login(blueprint: Blueprint) -> dict[str, str]:
    return {"authenticationUser": blueprint.user, "authenticationPassword": blueprint.password}


def test_the_new_pair_is_served_after_the_restart_and_not_before(
    visitor: Any, blueprint: Blueprint, host: HostThread, article_upload: Upload
) -> None:
    visitor.upload(article_upload)
    assert leaf(blueprint) == FACTORY.leaf

    restart_by_web(visitor)
    wait_until_restarted(host, blueprint)

    assert leaf(blueprint) == pki.pem_to_der(article_upload.certificate)


def test_nothing_listens_while_it_restarts_and_open_connections_are_dropped(
    blueprint: Blueprint, visitor_of: Callable[[Blueprint], Any]
) -> None:
    # Long enough to look at it, however busy the machine.
    slow = replace(blueprint, restart_seconds=15.0)
    with hosted([slow]) as host, visitor_of(slow) as visitor, ExitStack() as connections:
        visitor.log_in(slow.user, slow.password)
        idle = [
            connections.enter_context(socket.create_connection((slow.address, port)))
            for port in (slow.http, slow.https)
        ]
        restart_by_web(visitor)
        wait_until_down(slow)

        assert not is_open(slow, slow.https)
        assert [connection.recv(1) for connection in idle] == [b"", b""]
        assert host.truth(slow.name).boots == 0


def test_the_page_that_restarts_it_arrives_whole(visitor: Any) -> None:
    restart_by_web(visitor)

    assert visitor.title == "Codian MCU - Restarting"
    assert load_skin("4.3").restarting.text in visitor.page.text


def test_shutting_down_passes_through_its_states(visitor: Any, blueprint: Blueprint) -> None:
    states = ["active"]
    visitor.visit("/settings_shutdown.html")
    visitor.press("Shut down MCU")
    assert visitor.page.find("input", value="Confirm MCU shutdown")
    visitor.press("Confirm MCU shutdown")

    with api(blueprint) as unit:

        def shut_down() -> bool:
            status = unit.device.health.query(login(blueprint))["operationalStatus"]
            if status != states[-1]:
                states.append(status)
            return bool(status == "shutDown")

        Deadline.after(60).wait_for("shutDown", shut_down, every=0.01)

    assert states == ["active", "shuttingDown", "shutDown"]
    visitor.visit("/")
    assert load_skin("4.3").banners.shut_down in visitor.page.text


def test_a_restart_must_be_preceded_by_a_shutdown(visitor: Any, blueprint: Blueprint, host: HostThread) -> None:
    visitor.visit("/settings_shutdown.html")
    visitor.page.find("input", value="Shut down MCU").attrs.update(name="restart")
    visitor.press("Shut down MCU")

    assert visitor.page.find("input", value="Shut down MCU")
    assert host.truth("bench-7").boots == 0


def test_the_unit_says_that_it_has_restarted(
    visitor: Any, blueprint: Blueprint, host: HostThread, article_upload: Upload
) -> None:
    visitor.upload(article_upload)
    with api(blueprint) as unit:
        before = unit.device.query(login(blueprint))
    restart_by_web(visitor)
    wait_until_restarted(host, blueprint)

    with api(blueprint) as unit:
        after = unit.device.query(login(blueprint))
        log = unit.device.restartlog.query(login(blueprint))["log"]
        booted = Deadline.after(60).wait_for(
            "finishedBooting", lambda: unit.device.query(login(blueprint))["finishedBooting"], every=0.02
        )
    assert (before["rebootRequired"], after["rebootRequired"]) == (True, False)
    assert (before["finishedBooting"], after["finishedBooting"], booted) == (True, False, True)
    assert before["uptime"] > after["uptime"] == 0
    assert str(after["restartTime"]) > str(before["restartTime"])
    assert log[-1] == {"time": after["restartTime"], "reason": "User requested reboot from web interface"}


def test_each_of_two_quick_restarts_has_its_own_restart_time(blueprint: Blueprint) -> None:
    with hosted([replace(blueprint, restart_seconds=0.05)]) as host, api(blueprint) as unit:
        for boots in (1, 2, 3):
            unit.device.restart(login(blueprint))
            Deadline.after(60).wait_for("boot", lambda: host.truth("bench-7").boots == boots, every=0.01)  # noqa: B023
            wait_until_up(blueprint)
        times = [str(entry["time"]) for entry in unit.device.restartlog.query(login(blueprint))["log"]]

    assert len(times) == len(set(times)) == 4
    assert times == sorted(times)


def test_a_restart_by_the_api_is_answered_first(blueprint: Blueprint, host: HostThread) -> None:
    with api(blueprint) as unit:
        assert unit.device.restart(login(blueprint)) == {"status": "operation successful"}
        wait_until_restarted(host, blueprint)
        log = unit.device.restartlog.query(login(blueprint))["log"]

    assert log[-1]["reason"] == "User requested reboot from API"


def test_the_api_can_shut_down_only_and_then_restart(blueprint: Blueprint, host: HostThread) -> None:
    with api(blueprint) as unit:
        unit.device.restart({**login(blueprint), "shutdownOnly": True})
        Deadline.after(60).wait_for(
            "shutDown", lambda: unit.device.query(login(blueprint))["shutdownStatus"] == "shutDown", every=0.02
        )
        assert host.truth("bench-7").boots == 0

        unit.device.restart(login(blueprint))
        wait_until_restarted(host, blueprint)
        assert host.truth("bench-7").boots == 1


def test_a_restart_forgets_all_sessions(visitor: Any, blueprint: Blueprint, host: HostThread) -> None:
    restart_by_web(visitor)
    wait_until_restarted(host, blueprint)
    visitor.visit("/certificates.html")

    assert visitor.title == "Codian MCU - Login page"


def test_a_power_cut_also_loads_the_stored_pair(
    visitor: Any, blueprint: Blueprint, host: HostThread, article_upload: Upload
) -> None:
    visitor.upload(article_upload)
    host.cut_power("bench-7")
    assert not is_open(blueprint, blueprint.http)
    wait_until_up(blueprint)

    assert leaf(blueprint) == pki.pem_to_der(article_upload.certificate)
    with api(blueprint) as unit:
        assert unit.device.restartlog.query(login(blueprint))["log"][-1]["reason"] == "Cold boot"


def test_a_closed_service_stays_closed_over_a_restart(visitor: Any, blueprint: Blueprint, host: HostThread) -> None:
    visitor.visit("/network_services.html")
    visitor.page.find("input", id="https").attrs.pop("checked")
    visitor.press("Apply changes")
    restart_by_web(visitor)
    wait_until_restarted(host, blueprint)

    assert not is_open(blueprint, blueprint.https)


class _BootsWithGarbage(Conduct):
    def serves_after_start(self, served: Pair | None, store: Store) -> Pair | None:
        return Pair(FACTORY.certificates, b"garbage")


@pytest.mark.parametrize(("outcome", "serves"), [("factory", FACTORY), ("closed", None)])
def test_a_pair_that_cannot_be_loaded_leaves_what_the_skin_says(
    blueprint: Blueprint, monkeypatch: pytest.MonkeyPatch, outcome: Literal["factory", "closed"], serves: Pair | None
) -> None:
    monkeypatch.setitem(DEFECTS, "garbage", Defect("", _BootsWithGarbage()))
    skin = load_skin("4.3")
    skin = replace(skin, tls=replace(skin.tls, unloadable_pair=outcome))
    with hosted([replace(blueprint, defect="garbage")], lambda _: skin) as host:
        host.cut_power("bench-7")
        wait_until_up(blueprint)

        assert host.truth("bench-7").serving == serves
        assert is_open(blueprint, blueprint.https) is (serves is not None)
