"""Trust on first use, as a person at a terminal meets it: doctor and install on a unit that others started."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from harness import catalogue
from harness.cli.doctor import doctor
from harness.cli.install import install
from harness.deadline import Deadline
from harness.drivers.mcu import open_unit
from harness.emulator.blueprint import Blueprint
from harness.emulator.hosting import hosted
from harness.lab import Lab, Place, load_lab
from harness.tls.handshake import Endpoint, take_handshake
from tests.loopback import address

SECONDS = 60.0
ADDRESS = address()
KEYS = {
    "name": "rack2",
    "model": "MCU 4505",
    "address": ADDRESS,
    "ports": {"http": 8080, "https": 8443},
    "login": {"password": "let me in"},
}
SOMEBODY_S = Lab.model_validate({"place": [KEYS | {"emulated": {"restart_seconds": 0.2}}]}).places[0]
"""Of somebody else's lab file, who has it restarted quicker."""
LAB = f"""
[lab]
state_dir = "state"
[[place]]
name = "rack2"
model = "MCU 4505"
address = "{ADDRESS}"
ports = {{ http = 8080, https = 8443 }}
login = {{ password = "let me in" }}
restart_timeout = 60.0
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A lab with one place, of which nothing says that its unit is emulated."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "lab.toml").write_text(LAB)
    with hosted([Blueprint.of(SOMEBODY_S)]):
        yield tmp_path


@pytest.fixture
def place(folder: Path) -> Place:
    return load_lab(folder / "lab.toml").places[0]


def run_doctor(options: str = "") -> Result:
    return CliRunner().invoke(doctor, shlex.split(f"rack2 {options}"))


def rows(options: str = "") -> dict[str, dict[str, str]]:
    return {row["topic"]: row for row in json.loads(run_doctor(f"--json {options}").stdout)["rows"]}


def served() -> str:
    return take_handshake(Endpoint(ADDRESS, 8443), Deadline.after(SECONDS)).fingerprint


def somebody_installs() -> str:
    """The fingerprint."""
    with open_unit(SOMEBODY_S) as unit:
        unit.upload(catalogue.ca_signed(ADDRESS).upload)
        unit.restart(Deadline.after(SECONDS))
    return served()


def somebody_restarts() -> None:
    with open_unit(SOMEBODY_S) as unit:
        unit.restart(Deadline.after(SECONDS))


def test_first_use_is_told_by_doctor_and_only_then(folder: Path) -> None:
    notice = rows()["notice"]
    assert notice["state"] == "remark"
    assert f"sha256:{served()} is trusted on first use" in notice["found"]
    assert "state/pins/rack2.json" in notice["found"]
    assert "notice" not in rows()
    kept = json.loads((folder / "state" / "pins" / "rack2.json").read_text())
    assert kept["serves"] == served()


def test_install_tells_first_use_and_moves_the_pin(folder: Path) -> None:
    result = CliRunner().invoke(install, ["rack2", "--self-signed"])
    assert result.exit_code == 0, result.stderr
    assert "is trusted on first use" in result.stderr
    kept = json.loads((folder / "state" / "pins" / "rack2.json").read_text())
    assert (kept["serves"], kept["pending"], kept["how"]) == (served(), [], "installed by mcu-hil")
    assert {"notice", "reachable"} & {topic for topic, row in rows().items() if row["state"] != "ready"} == set()


def test_a_changed_certificate_stops_everything_before_a_password_is_sent() -> None:
    before = served()
    run_doctor()
    now = somebody_installs()
    found = rows()["reachable"]
    assert found["state"] == "missing"
    assert f"serves the certificate sha256:{now}, which nobody here installed" in found["found"]
    assert f"expected is sha256:{before}" in found["found"]
    assert "--accept-certificate" in found["remedy"]

    refused = CliRunner().invoke(install, ["rack2", "--self-signed"])
    assert refused.exit_code == 10
    [line] = refused.stderr.strip().splitlines()
    for word in (now, before, "state/pins/rack2.json", f"mcu-hil doctor rack2 --accept-certificate {now}"):
        assert word in line
    assert served() == now


def test_a_changed_certificate_is_accepted_by_its_fingerprint() -> None:
    run_doctor()
    now = somebody_installs()
    wrong = rows(f"--accept-certificate {'ab' * 32}")["reachable"]
    assert (wrong["state"], "accepted by hand" in wrong["found"]) == ("missing", True)
    assert rows(f"--accept-certificate sha256:{now}")["reachable"]["state"] == "ready"
    assert rows()["reachable"]["state"] == "ready"
    assert run_doctor("--accept-certificate nonsense").exit_code == 4


def test_a_run_that_died_between_upload_and_restart_leaves_no_stranger(place: Place, folder: Path) -> None:
    """Whoever restarts the unit then, the leaf that comes up is ours."""
    with open_unit(place, state_dir=folder / "state") as died:
        died.upload(catalogue.ca_signed(ADDRESS).upload)
    assert rows()["reachable"]["state"] == "ready"
    somebody_restarts()
    assert rows()["reachable"]["state"] == "ready"
    assert json.loads((folder / "state" / "pins" / "rack2.json").read_text())["pending"] == []


def test_a_run_that_died_between_removal_and_restart_leaves_no_stranger(place: Place, folder: Path) -> None:
    somebody_installs()
    run_doctor()
    with open_unit(place, state_dir=folder / "state") as died:
        died.remove()
    somebody_restarts()
    found = rows()
    assert found["reachable"]["state"] == "ready"
    assert "found after a removal" in found["notice"]["found"]
