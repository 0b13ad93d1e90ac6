"""Nothing goes to a unit by another way than its gateway: the addresses of the lab file exist behind it only."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from harness.cli import group
from harness.emulator.blueprint import Blueprint
from harness.emulator.hosting import hosted
from harness.lab import EMULATED_PORTS, Lab
from tests.gateway.sshd import make_key
from tests.unit.ssh.conftest import address
from tests.unit.ssh.other_server import other_server

UNIT, LINES = "192.0.2.31", "192.0.2.32"
"""Of TEST-NET-1 (RFC 5737): nobody is there."""
LAB = """
[lab]
state_dir = "{folder}/state"
[[place]]
name = "rack2"
model = "MCU 4505"
address = "{unit}"
ports = {{ http = 8080, https = 8443, sip_tls = 5061 }}
gateway = {{ ssh = "{gateway}", port = 2022, user = "lab", key_file = "{key}" }}
console = {{ ssh = "{lines}", port = 2207, user = "lab" }}
power = {{ ssh = "{lines}", port = 2222, user = "lab", on = "on 7", off = "off 7" }}
"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The lab file of a unit with a console and an outlet, all of which the gateway alone can reach."""
    folder, behind, gateway = tmp_path_factory.mktemp("lab"), address(), address()
    make_key(folder / "id", "ed25519")
    table = {
        "name": "rack2",
        "model": "MCU 4505",
        "address": behind,
        "ports": EMULATED_PORTS,
        "emulated": {"firmware": "4.3(2.18)", "restart_seconds": 0.2},
        "console": {"ssh": behind, "port": 2207, "user": "lab"},
        "power": {"ssh": behind, "port": 2222, "user": "lab", "on": "on 7", "off": "off 7"},
    }
    with ExitStack() as stack:
        host = stack.enter_context(hosted([Blueprint.of(Lab.model_validate({"place": [table]}).places[0])]))
        assert not host.failed
        stack.enter_context(other_server(gateway, 2022, leads={UNIT: behind, LINES: behind}))
        file = folder / "lab.toml"
        file.write_text(LAB.format(folder=folder, unit=UNIT, lines=LINES, gateway=gateway, key=folder / "id"))
        yield file


def run(*arguments: str) -> Result:
    return CliRunner().invoke(group, arguments)


def test_doctor(lab: Path) -> None:
    result = run("doctor", "rack2", "--lab", str(lab), "--json")

    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)["rows"]
    rows = {row["topic"]: row for row in told}
    trusted = [row["found"] for row in told if row["topic"] == "notice" and "trusted on first use" in row["found"]]
    assert rows["gateway"]["state"] == "ready"
    assert sum(" the host key " in found for found in trusted) == 3
    assert {rows[topic]["state"] for topic in ("session", "HTTPS", "console", "power")} == {"ready"}
    # The factory certificate names no unit.
    assert rows["served today"]["state"] == "remark"


def test_doctor_where_the_gateway_is_not_there(lab: Path, tmp_path: Path) -> None:
    closed = tmp_path / "lab.toml"
    closed.write_text(re.sub(r'gateway = \{ ssh = "[^"]+"', f'gateway = {{ ssh = "{address()}"', lab.read_text()))

    result = run("doctor", "rack2", "--lab", str(closed), "--json")

    assert result.exit_code == 10, result.output
    [row] = json.loads(result.stdout)["rows"]
    assert row["topic"] == "gateway"
    assert "cannot be reached: Connection refused" in row["found"]
    assert "see that it is on and reachable" in row["remedy"]


def test_handshake(lab: Path) -> None:
    result = run("handshake", "rack2", "--lab", str(lab), "--json")

    # The factory's certificate is no good one (device-reference 8, mark D).
    assert result.exit_code == 1, result.output
    assert json.loads(result.stdout)["checks"]
    assert "no TCP connection" not in result.stdout


def test_install(lab: Path) -> None:
    result = run("install", "rack2", "--lab", str(lab), "--self-signed", "--json")

    assert result.exit_code == 0, result.output


def test_capture(lab: Path, tmp_path: Path) -> None:
    result = run("capture", "rack2", "--lab", str(lab), "--output", str(tmp_path / "found"))

    assert result.exit_code == 0, result.output
