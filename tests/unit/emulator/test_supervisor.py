"""The MSE 8050 Supervisor: it knows its blades, and restarts them."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import xmlrpc.client
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import mechanicalsoup
import pytest
import requests

from harness.deadline import Deadline
from harness.drivers.emulated import emulated_units
from harness.emulator.blueprint import Blueprint
from harness.emulator.chassis import Chassis
from harness.emulator.hosting import HostThread, hosted
from harness.errors import ConfigurationError
from harness.lab import Place, load_lab


@dataclass
class Rack:
    chassis: Chassis
    host: HostThread

    def url(self, path: str) -> str:
        return f"http://{self.chassis.address}:{self.chassis.http}{path}"

    def call(self, method: str, password: str = "let me in") -> Any:
        with xmlrpc.client.ServerProxy(self.url("/RPC2")) as supervisor:
            login = {"authenticationUser": "admin", "authenticationPassword": password}
            return getattr(supervisor, method)(login)


@pytest.fixture
def units(blueprint: Blueprint, addresses: Iterator[str]) -> list[Blueprint]:
    models = {"box": "MCU 4505", "old-blade": "MCU MSE 8420", "blade": "MCU MSE 8510"}
    return [
        replace(blueprint, name=name, model=model, address=next(addresses), restart_seconds=0.1)
        for name, model in models.items()
    ]


@pytest.fixture
def rack(units: list[Blueprint], addresses: Iterator[str]) -> Iterator[Rack]:
    chassis = replace(Chassis.holding(units, "rack-2", next(addresses), 8080), password="let me in")
    with hosted(units, chassis=[chassis]) as host:
        assert not host.failed
        yield Rack(chassis, host)


@pytest.fixture
def visitor(rack: Rack) -> Iterator[Any]:
    with mechanicalsoup.StatefulBrowser(soup_config={"features": "lxml"}) as browser:
        browser.open(rack.url("/"))
        browser.select_form()
        browser["user_name"], browser["password"] = "admin", "let me in"
        browser.submit_selected()
        yield browser


def test_it_knows_the_blades_and_no_boxes(rack: Rack, units: list[Blueprint]) -> None:
    assert rack.call("chassis.blades.query")["blades"] == [
        {"slot": 2, "type": "MSE 8420", "softwareVersion": "4.3(2.18)", "status": "ok", "portA": units[1].address},
        {"slot": 3, "type": "MSE 8510", "softwareVersion": "4.3(2.18)", "status": "ok", "portA": units[2].address},
    ]


def test_it_tells_of_alarms_and_fans(rack: Rack) -> None:
    [alarm] = rack.call("chassis.alarms.query")["alarms"]

    assert alarm.keys() == {"alarmName", "alarmTitle", "alarmLevel", "alarmState", "alarmDescription"}
    assert rack.call("chassis.fantrays.query")["fantrays"]
    assert rack.call("device.query")["finishedBooting"] is True


def test_the_chassis_has_a_serial_number(rack: Rack) -> None:
    text = requests.get(rack.url("/system.xml"), timeout=60).text

    assert re.search(r"<chassisSerial>SM80\d{4}</chassisSerial>", text)


@pytest.mark.parametrize(("method", "password", "code"), [("device.query", "", 14), ("device.dance", "x", 1)])
def test_a_call_that_cannot_be_done_is_a_fault(rack: Rack, method: str, password: str, code: int) -> None:
    with pytest.raises(xmlrpc.client.Fault) as fault:
        rack.call(method, password)

    assert fault.value.faultCode == code


def press(visitor: Any, button: str) -> None:
    control = visitor.page.find("input", value=button)
    visitor.select_form(control.find_parent("form"))
    visitor.submit_selected(btnName=control)


def test_it_restarts_a_blade(rack: Rack, visitor: Any) -> None:
    visitor.follow_link(link_text="Blades")
    visitor.follow_link(link_text="3")
    press(visitor, "Restart blade")
    Deadline.after(60).wait_for(
        "start",
        lambda: rack.host.truth("blade").boots == 1 and rack.host.truth("blade").phase == "active",
        every=0.02,
    )

    assert rack.host.truth("blade").restart_reasons[-1] == "User requested reboot from supervisor"
    assert rack.host.truth("old-blade").boots == 0


def test_it_shuts_a_blade_down(rack: Rack, visitor: Any) -> None:
    visitor.follow_link(link_text="Blades")
    visitor.follow_link(link_text="2")
    press(visitor, "Shut down blade")
    Deadline.after(60).wait_for("shutdown", lambda: rack.host.truth("old-blade").phase == "shut down", every=0.02)

    assert rack.call("chassis.blades.query")["blades"][0]["status"] == "shut down"
    rack.host.cut_power("old-blade")
    Deadline.after(60).wait_for("start", lambda: rack.host.truth("old-blade").boots == 1, every=0.02)
    reasons = rack.host.truth("old-blade").restart_reasons
    assert reasons[-2:] == ("User requested shutdown from supervisor", "Cold boot")


def test_a_form_counts_once_and_needs_a_login(rack: Rack) -> None:
    for path in ("/hardware_blade_3_change.html", "/hardware_blade_9.html", "/"):
        answer = requests.post(rack.url(path), data={"restart": "x"}, timeout=60)
        assert answer.url == rack.url("/login.html")

    assert rack.host.truth("blade").boots == 0


def test_a_chassis_needs_blades_that_fit(blueprint: Blueprint, units: list[Blueprint]) -> None:
    with pytest.raises(ConfigurationError, match="none of the units is a blade"):
        Chassis.holding([blueprint], "rack-2", "127.0.0.9", 8080)
    with pytest.raises(ConfigurationError, match="10 blades for 9 slots"):
        Chassis.holding([units[1]] * 10, "rack-2", "127.0.0.9", 8080)


def test_a_chassis_survives_its_document(rack: Rack) -> None:
    assert Chassis.from_document(rack.chassis.document()) == rack.chassis
    assert "let me in" not in repr(rack.chassis)


COMMAND = [sys.executable, "-c", "from harness.cli import main; main()", "emulate"]


def test_the_command_puts_all_blades_into_one(tmp_path: Path, addresses: Iterator[str]) -> None:
    lab, supervisor = tmp_path / "lab.toml", next(addresses)
    lab.write_text(
        f'[[place]]\nname = "blade"\nmodel = "MCU MSE 8510"\naddress = "{next(addresses)}"\nemulated = {{}}\n'
    )
    with subprocess.Popen(
        [*COMMAND, "--lab", str(lab), "--supervisor", supervisor], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        shown = ""
        while "Ctrl-C" not in shown:
            shown += process.stdout.readline()
        system = requests.get(f"http://{supervisor}:8080/system.xml", timeout=60).text
        [overview] = re.findall(r"http://127\.0\.0\.1:\d+/", shown)
        page = requests.get(overview, timeout=60).text
        process.send_signal(signal.SIGINT)
        process.wait(timeout=60)

    assert "MSE 8050" in system
    assert "blade" in page


def test_a_supervisor_elsewhere_is_a_mistake(tmp_path: Path) -> None:
    lab = tmp_path / "lab.toml"
    lab.write_text('[[place]]\nname = "blade"\nmodel = "MCU MSE 8510"\nemulated = {}\n')
    ended = subprocess.run(
        [*COMMAND, "--lab", str(lab), "--supervisor", "10.0.0.1"],
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )

    assert ended.returncode == 4
    assert "an emulated Supervisor lives in 127.0.0.0/8" in ended.stderr


def blades(tmp_path: Path, *places: tuple[str, str, str]) -> tuple[Place, ...]:
    """Of a lab file; of each its model, its address, and what else is in its table `emulated`."""
    file = tmp_path / "lab.toml"
    file.write_text(
        "".join(
            f'[[place]]\nname = "unit-{number}"\nmodel = "{model}"\naddress = "{address}"\nemulated = {{ {more} }}\n'
            for number, (model, address, more) in enumerate(places)
        )
    )
    return load_lab(file).places


def test_a_lab_file_puts_blades_into_chassis(tmp_path: Path, addresses: Iterator[str]) -> None:
    first, second, other, supervisor, another = (next(addresses) for _ in range(5))
    places = blades(
        tmp_path,
        ("MCU MSE 8510", first, f'chassis = "{supervisor}", slot = 7'),
        ("MCU MSE 8420", second, f'chassis = "{supervisor}", slot = 3'),
        ("MCU MSE 8510", other, f'chassis = "{another}", slot = 7'),
    )

    with emulated_units(places) as emulation:
        assert emulation.failed == {}
        told = {}
        for address in (supervisor, another):
            with xmlrpc.client.ServerProxy(f"http://{address}:8080/RPC2") as proxy:
                login = {"authenticationUser": "admin", "authenticationPassword": ""}
                answer: Any = getattr(proxy, "chassis.blades.query")(login)
                told[address] = [(blade["slot"], blade["portA"]) for blade in answer["blades"]]

    assert told == {supervisor: [(3, second), (7, first)], another: [(7, other)]}


IN_CHASSIS = "chassis = '127.0.0.9', slot = "
MISPLACED = {
    "two in a slot": (
        [("MCU MSE 8510", f"{IN_CHASSIS} 3")] * 2,
        "place 'unit-1': chassis 127.0.0.9: slot 3 has 'unit-0'",
    ),
    "no blade": ([("MCU 4505", f"{IN_CHASSIS} 3")], "place 'unit-0': chassis 127.0.0.9: MCU 4505 is no blade"),
    "no such slot": ([("MCU MSE 8510", f"{IN_CHASSIS} 11")], "no slot 11: want 2 to 10"),
    "no slot": ([("MCU MSE 8510", "chassis = '127.0.0.9'")], '"chassis" and "slot" are given together'),
    "elsewhere": ([("MCU MSE 8510", "chassis = '10.0.0.9', slot = 3")], "chassis is '10.0.0.9', but an emulated"),
}


@pytest.mark.parametrize(("places", "message"), MISPLACED.values(), ids=MISPLACED)
def test_a_blade_that_fits_nowhere_is_named(tmp_path: Path, places: list[tuple[str, str]], message: str) -> None:
    with pytest.raises(ConfigurationError) as wrong:
        Chassis.of(blades(tmp_path, *((model, f"127.0.9.{n}", more) for n, (model, more) in enumerate(places, 1))))

    assert message in str(wrong.value)
    assert "\n" not in str(wrong.value)
