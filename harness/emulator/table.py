"""Our own TOML files, read strictly into frozen dataclasses.

lab.toml is read by pydantic. Here that would cost 10 MB in a process that is to hold a thousand units in 100.
"""

from __future__ import annotations

import dataclasses
import tomllib
import typing
from importlib.resources.abc import Traversable
from typing import Any, TypeVar

from harness.errors import ConfigurationError

Read = TypeVar("Read")

SCALARS: dict[Any, tuple[type, ...]] = {str: (str,), int: (int,), float: (int, float), bool: (bool,)}


def load(kind: type[Read], file: Traversable) -> Read:
    """The file's content as a dataclass, or as `dict[str, dataclass]`.

    Raises ConfigurationError for an unknown key, one missing that has no default, and for a value of another type.
    """
    value: Read = read(kind, tomllib.loads(file.read_text(encoding="utf-8")), file.name)
    return value


def read(kind: Any, value: object, where: str) -> Any:
    """`value`, as tomllib gives it, as a `kind`. Raises ConfigurationError, which begins with `where`."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if dataclasses.is_dataclass(kind) and isinstance(value, dict):
        return _read_table(kind, value, where)
    if origin is dict and isinstance(value, dict):
        return {key: read(arguments[1], found, f"{where}: {key}") for key, found in value.items()}
    if origin is tuple and isinstance(value, list):
        return tuple(read(arguments[0], found, f"{where}[{index}]") for index, found in enumerate(value))
    # By type as well: True is an int and equals 1.
    if origin is typing.Literal and any(type(value) is type(known) and value == known for known in arguments):
        return value
    if type(value) in SCALARS.get(kind, ()):
        return value
    raise ConfigurationError(f"{where} is {value!r}, want {_words(kind)}")


def _read_table(kind: Any, table: dict[str, object], where: str) -> Any:
    wanted = typing.get_type_hints(kind)
    needed = {field.name for field in dataclasses.fields(kind) if field.default is dataclasses.MISSING}
    for problem, keys in {"unknown": table.keys() - wanted.keys(), "missing": needed - table.keys()}.items():
        if keys:
            raise ConfigurationError(f"{where}: {problem} key {min(keys)!r}")
    return kind(**{key: read(wanted[key], value, f"{where}: {key}") for key, value in table.items()})


def _words(kind: Any) -> str:
    if typing.get_origin(kind) is typing.Literal:
        return f"one of {', '.join(map(repr, typing.get_args(kind)))}"
    return "a table" if dataclasses.is_dataclass(kind) else getattr(kind, "__name__", str(kind))
