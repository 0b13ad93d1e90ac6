"""`mcu-hil emulate`, as somebody types it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from harness.deadline import Deadline

COMMAND = [sys.executable, "-c", "from harness.cli import main; main()", "emulate"]


def lab(tmp_path: Path, *addresses: str, more: str = "") -> str:
    file = tmp_path / "lab.toml"
    file.write_text(
        "".join(
            f'[[place]]\nname = "unit-{number}"\nmodel = "MCU 4505"\naddress = "{address}"\nemulated = {{ {more} }}\n'
            for number, address in enumerate(addresses)
        )
    )
    return str(file)


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """To its end, which must come of itself."""
    return subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, timeout=20, check=False)


def test_it_shows_the_units_until_ctrl_c(tmp_path: Path, addresses: Iterator[str]) -> None:
    first, second = next(addresses), next(addresses)
    with subprocess.Popen(
        [*COMMAND, "--lab", lab(tmp_path, first, second), "--place", "unit-1"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "COLUMNS": "80"},
    ) as process:
        assert process.stdout is not None
        shown = ""
        while "Ctrl-C" not in shown:
            shown += process.stdout.readline()
        assert requests.get(f"http://{second}:8080/system.xml", timeout=60).status_code == 200
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)

    assert (process.returncode, errors) == (0, "")
    for word in ("unit-1", "MCU 4505", "4.3(2.18)", f"http://{second}:8080", f"https://{second}:8443", "admin"):
        assert word in shown
    assert "unit-0" not in shown
    with socket.socket() as probe:
        assert probe.connect_ex((second, 8080)) != 0


def test_a_port_in_use_is_one_line_and_status_10(tmp_path: Path, addresses: Iterator[str]) -> None:
    address = next(addresses)
    with socket.create_server((address, 8080)):
        ended = run("--lab", lab(tmp_path, address))

    assert ended.returncode == 10
    assert ended.stderr == f"mcu-hil: unit-0: {address}:8080 is in use by another program\n"
    assert ended.stdout == ""


MISTAKES = {
    "no such file": ("--lab", "/nowhere/lab.toml"),
    "no such place": ("--place", "unit-7"),
    "no such tag": ("--tag", "nightly"),
}


@pytest.mark.parametrize("options", MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_one_line_and_status_4(
    tmp_path: Path, addresses: Iterator[str], options: tuple[str, ...]
) -> None:
    ended = run("--lab", lab(tmp_path, next(addresses)), *options)

    assert ended.returncode == 4
    assert len(ended.stderr.splitlines()) == 1
    assert options[1] in ended.stderr


def test_an_unknown_defect_is_one_line_and_status_4(tmp_path: Path, addresses: Iterator[str]) -> None:
    ended = run("--lab", lab(tmp_path, next(addresses), more="defect = 'xyzzy'"))

    assert (ended.returncode, len(ended.stderr.splitlines())) == (4, 1)
    assert "place 'unit-0': unknown defect 'xyzzy'" in ended.stderr


def test_ctrl_c_while_it_starts_is_quiet(tmp_path: Path, addresses: Iterator[str]) -> None:
    with subprocess.Popen(
        [*COMMAND, "--lab", lab(tmp_path, next(addresses))],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        Deadline.after(60).wait_for("child process", lambda: children(process.pid), every=0.005)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)

    assert (process.returncode, errors) == (0, "")


def children(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
