"""Switches: single values of a unit's skin, changed for one unit (device-reference 15.2).

A switch is named by its place in the skin: `tls.maximum`, `certificates.shows`, `api.methods.device.restart`.
"""

from __future__ import annotations

import dataclasses
import difflib
import functools
import tomllib
import typing
from collections.abc import Iterator, Mapping
from importlib import resources
from typing import Any

from harness.emulator.skin import Skin
from harness.emulator.table import read
from harness.errors import ConfigurationError

Setting = str | bool | int | float
Settings = tuple[tuple[str, Setting], ...]
"""Name of a switch and its value."""


def switched(skin: Skin, settings: Settings, where: str) -> Skin:
    """The skin with these values. Raises ConfigurationError, which begins with `where`, for one that cannot be."""
    if not settings:
        return skin
    places = dict(_places(skin))
    for name, value in settings:
        if name not in places:
            raise ConfigurationError(f"{where}: unknown switch {name!r}: {_near(name, places)}")
        skin = _replaced(skin, Skin, places[name], value, f"{where}: switch {name}")
    return skin


def switch_names(skin: Skin) -> frozenset[str]:
    return frozenset(name for name, _ in _places(skin))


@functools.cache
def differences(model: str) -> Settings:
    """What the units of this model have otherwise than the MCUs of their generation."""
    tables = tomllib.loads((resources.files("harness.emulator") / "products.toml").read_text(encoding="utf-8"))
    return tuple(tables.get(model, {}).items())


def _near(name: str, places: Mapping[str, object]) -> str:
    if near := difflib.get_close_matches(name, list(places), n=1):
        return f"did you mean {near[0]!r}?"
    # The last word is what people remember.
    if same := [place for place in places if place.endswith("." + name)]:
        return f"did you mean {same[0]!r}?"
    return "docs/emulator.md lists them"


def _places(value: Any, *path: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Every single value, by its name."""
    if dataclasses.is_dataclass(value):
        inner: Any = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    else:
        inner = value
    if isinstance(inner, dict):
        for key, each in inner.items():
            yield from _places(each, *path, key)
    elif not isinstance(inner, tuple):
        yield ".".join(path), path


def _replaced(value: Any, kind: Any, path: tuple[str, ...], setting: Setting, where: str) -> Any:
    if not path:
        return read(kind, setting, where)
    key, *rest = path
    if isinstance(value, dict):
        return value | {key: _replaced(value[key], typing.get_args(kind)[1], tuple(rest), setting, where)}
    inner = typing.get_type_hints(kind)[key]
    return dataclasses.replace(value, **{key: _replaced(getattr(value, key), inner, tuple(rest), setting, where)})
