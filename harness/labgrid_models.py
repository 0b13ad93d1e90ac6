"""Which PDUs labgrid can switch. It is found, and not imported: that takes most of a second."""

from __future__ import annotations

import difflib
import importlib.util
from pathlib import Path

PACKAGE = "labgrid.driver.power"
"""A module a model, with power_set and power_get."""


def labgrid_models() -> list[str]:
    """As labgrid calls them; none where it is not installed."""
    root, *inner = PACKAGE.split(".")
    found = importlib.util.find_spec(root)
    folders = [Path(place, *inner) for place in (found and found.submodule_search_locations) or ()]
    return sorted(file.stem for folder in folders for file in folder.glob("*.py") if file.stem != "__init__")


def unknown_model(model: str) -> str:
    """Why labgrid cannot switch a PDU of this model, with the models of a similar name; empty where it can, or is not
    installed."""
    models = labgrid_models()
    if not models or model in models:
        return ""
    near = difflib.get_close_matches(model, models, n=3)
    hint = f"did you mean {' or '.join(map(repr, near))}?" if near else f"it has {', '.join(models)}"
    return f"labgrid has no driver for power switches of the model {model!r}: {hint}"
