"""An MSE 8000 chassis: which blades are in it, and where its Supervisor is reached."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from importlib import resources
from typing import TYPE_CHECKING, Any

from harness.emulator.blueprint import Blueprint
from harness.emulator.table import load
from harness.errors import ConfigurationError

if TYPE_CHECKING:
    from harness.lab import Place

BLADES = ("MCU MSE 8420", "MCU MSE 8510")

SUPERVISOR_PORT = 8080


@dataclass(frozen=True)
class SupervisorTexts:
    manufacturer: str
    model: str
    software_version: str
    build_version: str
    title: str
    cookie: str
    sessions: int
    one_time_field: str
    api_version: str
    login_path: str
    login_change_path: str
    logout_path: str
    denied_path: str
    blades_path: str
    blade_path: str
    blade_change_path: str
    user_field: str
    password_field: str
    hardware: str
    blades: str
    blade: str
    shut_down: str
    shut_down_field: str
    restart: str
    restart_field: str
    first_slot: int
    slots: int
    status: dict[str, str]
    """By the name of the blade's state."""
    labels: dict[str, str]


@functools.cache
def texts() -> SupervisorTexts:
    return load(SupervisorTexts, resources.files("harness.emulator") / "supervisor.toml")


@dataclass(frozen=True)
class Chassis:
    """One chassis with its Supervisor."""

    name: str
    address: str
    http: int
    slots: tuple[tuple[int, str], ...]
    """Number, and name of the unit in it."""
    user: str = "admin"
    password: str = field(default="", repr=False)

    @classmethod
    def of(cls, places: Sequence[Place]) -> list[Chassis]:
        """Those that emulated places are in, each named by its address.

        Raises ConfigurationError where something other than a blade is in one, or two are in the same slot.
        """
        held: dict[str, dict[int, str]] = {}
        numbers = range(texts().first_slot, texts().slots + 1)
        for place in places:
            if place.emulated is None or place.emulated.chassis is None or place.emulated.slot is None:
                continue
            slots, slot = held.setdefault(place.emulated.chassis, {}), place.emulated.slot
            where = f"place {place.name!r}: chassis {place.emulated.chassis}"
            if place.model not in BLADES:
                raise ConfigurationError(f"{where}: {place.model} is no blade ({', '.join(BLADES)})")
            if slot not in numbers:
                raise ConfigurationError(f"{where}: no slot {slot}: want {numbers[0]} to {numbers[-1]}")
            if slot in slots:
                raise ConfigurationError(f"{where}: slot {slot} has {slots[slot]!r} already")
            slots[slot] = place.name
        return [
            cls(address, address, SUPERVISOR_PORT, tuple(sorted(slots.items()))) for address, slots in held.items()
        ]

    @classmethod
    def holding(cls, blueprints: Sequence[Blueprint], name: str, address: str, http: int) -> Chassis:
        """All blades among these units, in their order. Raises ConfigurationError where they do not fit."""
        blades = [blueprint.name for blueprint in blueprints if blueprint.model in BLADES]
        numbers = range(texts().first_slot, texts().slots + 1)
        if not blades:
            raise ConfigurationError(f"chassis {name!r}: none of the units is a blade ({', '.join(BLADES)})")
        if len(blades) > len(numbers):
            raise ConfigurationError(f"chassis {name!r}: {len(blades)} blades for {len(numbers)} slots")
        return cls(name, address, http, tuple(zip(numbers, blades, strict=False)))

    def document(self) -> dict[str, Any]:
        """What `from_document` reads. It holds the password: for a pipe."""
        return asdict(self)

    @classmethod
    def from_document(cls, document: dict[str, Any]) -> Chassis:
        return cls(**(document | {"slots": tuple((number, name) for number, name in document["slots"])}))
