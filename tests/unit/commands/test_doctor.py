"""`mcu-hil doctor`, on an emulated unit over loopback."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from harness.cli.doctor import doctor
from harness.emulator.blueprint import Blueprint
from harness.emulator.hosting import hosted
from harness.lab import load_lab

LAB = f"""
[[place]]
name = "unit"
model = "MCU 4505"
address = "127.{60 + (os.getpid() >> 8) % 40}.{os.getpid() % 256}.10"
login = {{ password = "let me in" }}
emulated = {{ firmware = "4.3(2.18)", restart_seconds = 0.2 }}
"""


@pytest.fixture
def lab(tmp_path: Path) -> Path:
    (tmp_path / "lab.toml").write_text(LAB)
    return tmp_path / "lab.toml"


def missing(lab: Path, status: int) -> list[str]:
    result = CliRunner().invoke(doctor, ["unit", "--lab", str(lab), "--json"])
    assert result.exit_code == status, result.output
    return [row["topic"] for row in json.loads(result.stdout)["rows"] if not row["ready"]]


def test_a_unit_as_its_lab_file_says_is_ready(lab: Path) -> None:
    (place,) = load_lab(lab).places
    with hosted([Blueprint.of(place)]):
        assert missing(lab, 0) == []


def test_another_model_and_a_wrong_password_are_each_told(lab: Path) -> None:
    (place,) = load_lab(lab).places
    with hosted([Blueprint.of(place)]):
        lab.write_text(LAB.replace("MCU 4505", "MCU 4203").replace("let me in", "wrong"))
        assert {"model", "login", "session"} <= set(missing(lab, 10))


def test_a_unit_that_does_not_answer_is_told_with_the_remedy(lab: Path) -> None:
    assert missing(lab, 10) == ["reachable"]
