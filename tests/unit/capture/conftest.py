"""Units to be captured, and what came of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from harness.cli.capture import capture
from harness.emulator.blueprint import Blueprint
from harness.emulator.hosting import HostThread, hosted
from harness.lab import load_lab
from tests.loopback import address
from tests.unit.drivers.variants.conftest import contexts

__all__ = ["contexts"]

PASSWORD = "s3cret & möre, 100%"
ADDRESS = address()
LAB = """
[lab]
state_dir = "{folder}/state"
[[place]]
name = "unit"
model = "MCU 4505"
address = "{address}"
login = {{ password = "{password}" }}
emulated = {{ firmware = "{firmware}", restart_seconds = 0.2, switches = {{ {switches} }} }}
"""


@dataclass(frozen=True)
class Bench:
    """One unit, running, and its lab file."""

    folder: Path
    host: HostThread
    stop: Callable[[], None]

    def capture(self, *options: str, output: str = "capture") -> Result:
        arguments = ["unit", "--lab", str(self.folder / "lab.toml"), "--output", str(self.folder / output), *options]
        return CliRunner().invoke(capture, arguments)

    def manifest(self, output: str = "capture") -> dict[str, Any]:
        read: dict[str, Any] = json.loads((self.folder / output / "manifest.json").read_text())
        return read


Start = Callable[..., Bench]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    with ExitStack() as stack:

        def start_one(firmware: str = "4.5(1.71)", switches: str = "") -> Bench:
            text = LAB.format(
                folder=tmp_path, address=ADDRESS, password=PASSWORD, firmware=firmware, switches=switches
            )
            (tmp_path / "lab.toml").write_text(text)
            (place,) = load_lab(tmp_path / "lab.toml").places
            return Bench(tmp_path, stack.enter_context(hosted([Blueprint.of(place)])), stack.close)

        yield start_one
