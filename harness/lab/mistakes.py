"""What pydantic found wrong with a lab file, as one sentence a user can act on."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import Any, get_args

from pydantic import BaseModel, SecretStr
from pydantic_core import ErrorDetails

from harness.lab.tables import LabgridPower


def sentence(error: ErrorDetails, document: dict[str, Any], whole: type[BaseModel]) -> str:
    """One validation error of `document`, which is to be a `whole`, as a sentence a user can act on."""
    tagged = error["loc"]
    # Of the two kinds of power, pydantic puts the name of the kind behind the key.
    location = tuple(key for at, key in enumerate(tagged) if tagged[at - 1 : at] != ("power",))
    match error["type"]:
        case "extra_forbidden":
            known = _keys_beside(tagged, whole)
            near = difflib.get_close_matches(str(location[-1]), known, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(sorted(known))}"
            return f"{_table(location[:-1], document)} has the unknown key {str(location[-1])!r}: {hint}"
        case "missing":
            return f"{_table(location[:-1], document)} lacks the key {str(location[-1])!r}"
        case "value_error":
            # Raised by a validator of ours, on the table or value as a whole.
            return f"{_table(location, document)}: {error['msg'].removeprefix('Value error, ')}"
    *outer, key = [*location]
    while isinstance(key, int) and outer:
        key = outer.pop()
    found = error["input"]
    shown = "" if isinstance(found, dict | list | SecretStr) else f" is {found!r},"
    wanted = WANTED.get(error["type"], error["msg"].removeprefix("Input should be "))
    return f"{_table(outer, document)}: {str(key)!r}{shown} want {wanted}"


WANTED = {
    "model_type": "a table",
    "tuple_type": "tables, each headed [[place]]",
    "string_type": "a string",
    "int_type": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
}


def _table(location: Sequence[int | str], document: dict[str, Any]) -> str:
    """How the file itself names a table, with the place's name where it has one."""
    if not location:
        return "the file"
    if location[0] != "place" or len(location) < 2:
        return f"[{'.'.join(map(str, location))}]"
    number = int(location[1])
    entry = document["place"][number]
    name = entry.get("name") if isinstance(entry, dict) else None
    head = f"[[place]] {name!r}" if isinstance(name, str) else f"[[place]] number {number + 1}"
    return " ".join([head, ".".join(map(str, location[2:]))]).rstrip()


def _keys_beside(location: tuple[int | str, ...], whole: type[BaseModel]) -> list[str]:
    """The keys that the table at `location`'s parent may have."""
    table = whole
    for key in location[:-1]:
        if isinstance(key, int):
            continue
        field = table.model_fields.get(key)
        kind = LabgridPower if key == "labgrid" else table
        candidates = [kind] if field is None else _tables_in(field.annotation)
        table = next(iter(candidates), table)
    return list(table.model_fields)


def _tables_in(annotation: object) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [found for part in get_args(annotation) for found in _tables_in(part)]
