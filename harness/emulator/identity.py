"""Who a unit says it is."""

from __future__ import annotations

import functools
import hashlib
from dataclasses import dataclass
from importlib import resources

from harness.emulator.blueprint import Blueprint
from harness.emulator.skin import Skin
from harness.emulator.table import load


@dataclass(frozen=True)
class ModelFacts:
    serial: str
    video_ports: int
    audio_ports: int
    content_ports: int
    max_video_resolution: str
    allocation: dict[str, int]
    """The video ports by their types; empty for those who do not tell."""


@functools.cache
def models() -> dict[str, ModelFacts]:
    """By the name that lab.toml uses."""
    return load(dict[str, ModelFacts], resources.files("harness.emulator") / "models.toml")


@dataclass(frozen=True)
class Identity:
    manufacturer: str
    model: str
    facts: ModelFacts
    serial: str
    software_version: str
    build_version: str
    host_name: str
    api_model: str
    mac_address: str

    @classmethod
    def of(cls, blueprint: Blueprint, skin: Skin) -> Identity:
        facts = models()[blueprint.model]
        firmware = blueprint.firmware
        # A generation alone stands for its newest known build.
        software = firmware if "(" in firmware else f"{firmware}({skin.newest_build})"
        # Stable from run to run, so that a lab's history knows its units again.
        number = int(hashlib.sha256(blueprint.name.encode()).hexdigest(), 16) % 10_000
        return cls(
            manufacturer=skin.manufacturer,
            model=blueprint.model,
            facts=facts,
            serial=f"{facts.serial}{number:04d}",
            software_version=software,
            # The bracket equals that of the software version (device-reference 1.1, mark D).
            build_version=skin.build_prefix + software[software.index("(") :],
            host_name=blueprint.name,
            api_model=skin.api.model_prefix + blueprint.model,
            # Codian's own prefix (device-reference 3.5, mark D).
            mac_address=f"00:0D:7C:00:{number >> 8:02X}:{number & 255:02X}",
        )
