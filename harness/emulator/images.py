"""The logo of each look, as its generation names the file (device-reference 3.5)."""

from __future__ import annotations

import base64
import functools
from importlib import resources

from harness.emulator.table import load


@functools.cache
def logo(style: str) -> bytes:
    """A GIF file."""
    return base64.b64decode(load(dict[str, str], resources.files("harness.emulator") / "images.toml")[style])
