"""The process that hosts units: it starts quickly, names what it cannot start, and never outlives its parent."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import requests

from harness.deadline import Deadline
from harness.drivers.emulated import emulated_units
from harness.emulator.blueprint import Blueprint
from harness.errors import BenchError, ConfigurationError
from harness.lab import Place, load_lab
from tests.loopback import addresses as loopback_addresses


def places(tmp_path: Path, *addresses: str, more: str = "") -> tuple[Place, ...]:
    file = tmp_path / "lab.toml"
    file.write_text(
        "".join(
            f'[[place]]\nname = "unit-{number}"\nmodel = "MCU 4505"\naddress = "{address}"\n'
            f'login = {{ password = "let me in" }}\nemulated = {{ restart_seconds = 0.3 {more} }}\n'
            for number, address in enumerate(addresses)
        )
    )
    return load_lab(file).places


def is_open(address: str) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((address, 8080)) == 0


def test_units_listen_within_the_block_and_not_after_it(tmp_path: Path, addresses: Iterator[str]) -> None:
    places_ = places(tmp_path, next(addresses), next(addresses))
    with emulated_units(places_) as emulation:
        assert emulation.failed == {}
        answers = [requests.get(f"http://{place.address}:8080/system.xml", timeout=60).text for place in places_]

    assert ["unit-0" in answers[0], "unit-1" in answers[1]] == [True, True]
    assert not any(is_open(place.address) for place in places_)


def test_a_port_in_use_is_named_and_stops_no_other_unit(tmp_path: Path, addresses: Iterator[str]) -> None:
    taken, free = next(addresses), next(addresses)
    with socket.create_server((taken, 8443)), emulated_units(places(tmp_path, taken, free)) as emulation:
        assert emulation.failed == {"unit-0": f"{taken}:8443 is in use by another program"}
        assert is_open(free)
        # Half a unit would only confuse.
        assert not is_open(taken)


def test_a_unit_that_cannot_be_built_starts_nothing(tmp_path: Path, addresses: Iterator[str]) -> None:
    address = next(addresses)
    with (
        pytest.raises(ConfigurationError, match="unknown defect 'xyzzy'"),
        emulated_units(places(tmp_path, address, more=", defect = 'xyzzy'")),
    ):
        pass

    assert not is_open(address)


def test_no_secret_is_on_a_command_line(tmp_path: Path, addresses: Iterator[str]) -> None:
    with emulated_units(places(tmp_path, next(addresses))):
        commands = [
            arguments.read_bytes()
            for arguments in Path("/proc").glob("[0-9]*/cmdline")
            if b"emulator" in quiet(arguments)
        ]

    assert commands
    assert not any(b"let me in" in command for command in commands)


def quiet(file: Path) -> bytes:
    """Its content; nothing where the process has gone."""
    try:
        return file.read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return b""


@contextmanager
def emulator(*units: Blueprint) -> Iterator[subprocess.Popen[str]]:
    """The process itself, its units listening."""
    with subprocess.Popen(
        [sys.executable, "-m", "harness.emulator"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps({"units": [unit.document() for unit in units]}) + "\n")
        process.stdin.flush()
        ready = json.loads(process.stdout.readline())["ready"]
        assert ready == {
            unit.name: {"http": f"{unit.address}:8080", "https": f"{unit.address}:8443"} for unit in units
        }
        yield process


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_cleanly(blueprint: Blueprint, number: signal.Signals) -> None:
    with emulator(blueprint) as process:
        process.send_signal(number)
        assert process.wait(timeout=60) == 0


def test_it_ends_in_the_middle_of_a_restart(blueprint: Blueprint) -> None:
    with emulator(replace(blueprint, restart_seconds=600.0)) as process:
        call = f"""<methodCall><methodName>device.restart</methodName><params><param><value><struct>
          <member><name>authenticationUser</name><value>{blueprint.user}</value></member>
          <member><name>authenticationPassword</name><value>{blueprint.password}</value></member>
          </struct></value></param></params></methodCall>"""
        requests.post(f"http://{blueprint.address}:8080/RPC2", call, timeout=60)
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(timeout=60) == 0


PARENT = """
import pathlib, time
from harness.drivers.emulated import emulated_units
from harness.lab import load_lab
with emulated_units(load_lab(pathlib.Path({lab!r})).places):
    print("up", flush=True)
    time.sleep(600)
"""


def test_it_does_not_outlive_a_parent_that_is_killed(tmp_path: Path, addresses: Iterator[str]) -> None:
    address = next(addresses)
    places(tmp_path, address)
    with subprocess.Popen(
        [sys.executable, "-c", PARENT.format(lab=str(tmp_path / "lab.toml"))], stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == "up\n"
        assert is_open(address)
        parent.kill()
        Deadline.after(60).wait_for("closed port", lambda: not is_open(address))


def test_units_that_end_of_themselves_are_a_fault_of_the_bench(tmp_path: Path, addresses: Iterator[str]) -> None:
    with emulated_units(places(tmp_path, next(addresses))) as emulation:
        emulation._process.kill()
        with pytest.raises(BenchError, match="the emulated units have ended"):
            emulation.wait()


@pytest.mark.parametrize("units", [1, 500], ids=["a short document", "more than a pipe holds"])
def test_a_process_that_does_not_start_is_a_fault_of_the_bench(
    tmp_path: Path, addresses: Iterator[str], monkeypatch: pytest.MonkeyPatch, units: int
) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with (
        pytest.raises(BenchError, match="the emulated units did not start: their process ended"),
        emulated_units(places(tmp_path, *(next(addresses) for _ in range(units)))),
    ):
        pass


def test_a_thousand_units_start_in_seconds_and_fit_in_100_mib(blueprint: Blueprint) -> None:
    units = [replace(blueprint, name=f"unit-{n}", address=one) for n, one in enumerate(loopback_addresses(1000))]
    with emulator(*units) as process:
        used = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[11:13]
        [resident] = re.findall(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{process.pid}/status").read_text())

    # Of the processor's time, that others take no part of.
    assert sum(map(int, used)) < 8 * os.sysconf("SC_CLK_TCK")
    assert int(resident) < 100 * 1024
