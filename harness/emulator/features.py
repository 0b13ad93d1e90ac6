"""Feature keys: which are installed when the emulation of a unit begins (device-reference 6)."""

from __future__ import annotations

from harness.emulator.blueprint import Blueprint
from harness.emulator.skin import Features


def installed(blueprint: Blueprint, keys: Features) -> frozenset[str]:
    """Their names: those of the blueprint and the product's own, without those that the skin says are missing."""
    there = {
        "activation": keys.activation,
        "secure_management": keys.secure_management,
        "encryption": keys.encryption,
    }
    absent = {keys.names[name] for name, is_there in there.items() if not is_there}
    return frozenset((*blueprint.features, keys.names["activation"])) - absent
