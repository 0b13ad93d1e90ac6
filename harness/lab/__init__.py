"""`lab.toml`: read once, checked at the door, frozen afterwards.

Nothing else in the project reads it, and nothing after this asks for a default.
"""

from __future__ import annotations

from harness.lab.reading import Lab, load_lab
from harness.lab.secret import SecretTable, Table
from harness.lab.tables import (
    BLADES,
    EMULATED_PORTS,
    MODELS,
    BesideUnit,
    Console,
    Feature,
    Gateway,
    Labgrid,
    LabgridPower,
    Login,
    Place,
    Power,
    Supervisor,
)

__all__ = [
    "BLADES",
    "EMULATED_PORTS",
    "MODELS",
    "BesideUnit",
    "Console",
    "Feature",
    "Gateway",
    "Lab",
    "Labgrid",
    "LabgridPower",
    "Login",
    "Place",
    "Power",
    "SecretTable",
    "Supervisor",
    "Table",
    "load_lab",
]
