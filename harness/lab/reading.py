"""The whole lab, read from its file."""

from __future__ import annotations

import difflib
import ipaddress
import tomllib
from collections import Counter
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, SecretStr, ValidationError, model_validator

from harness.errors import ConfigurationError
from harness.lab.mistakes import sentence
from harness.lab.secret import FilePath, Secret, SecretTable, Table, expanded
from harness.lab.tables import BLADES, EMULATED_PORTS, LabgridTable, Place

DEFAULT_STATE_DIR = "~/.local/state/mcu-hil"


def _textfile(value: object) -> object:
    if isinstance(value, str) and not value.endswith(".prom"):
        raise ValueError(f"is {value!r}: want a name that ends in .prom, or node_exporter does not read it")
    return expanded(value)


class LabTable(Table):
    name: str = "default"
    state_dir: FilePath = Path(DEFAULT_STATE_DIR).expanduser()
    known_failures: FilePath | None = None
    """A file of claims that are expected to fail."""


class ResultsTable(Table):
    # A secret, because the URL of a server may hold a password.
    database: Secret = SecretTable(text=SecretStr("sqlite:///results.sqlite"))
    """The URL of the results database; a relative file is one in state_dir."""
    textfile: Annotated[Path, BeforeValidator(_textfile)] | None = None
    """A file for the textfile collector of node_exporter."""
    webhook: Secret | None = None
    """The address that is told of each run; whoever has it can write there."""


class Lab(Table):
    """Everything in one `lab.toml`."""

    lab: LabTable = LabTable()
    results: ResultsTable = ResultsTable()
    labgrid: LabgridTable | None = None
    place: Annotated[tuple[Place, ...], Field(strict=False, min_length=1)]

    @property
    def name(self) -> str:
        return self.lab.name

    @property
    def state_dir(self) -> Path:
        return self.lab.state_dir

    @property
    def places(self) -> tuple[Place, ...]:
        return self.place

    @model_validator(mode="after")
    def _no_place_twice(self) -> Lab:
        [(name, count)] = Counter(place.name for place in self.place).most_common(1)
        if count > 1:
            raise ValueError(f"{count} places have the name {name!r}")
        # Two racks behind gateways of their own may well use the same private addresses.
        ways = Counter(
            (address, place.gateway and place.gateway.where) for place in self.place for address in place.addresses
        )
        [((address, _), count)] = ways.most_common(1)
        if count > 1:
            [*others, last] = [place.name for place in self.place if address in place.addresses]
            whose = f"{count} places have" if others else f"place {last!r} has"
            raise ValueError(f"{whose} the address {address!r}{'' if others else ' twice'}")
        return self

    def select(self, names: Collection[str], tags: Collection[str]) -> tuple[Place, ...]:
        """The places of these names, or all; of them those that carry each of these tags; in the file's order.

        Raises ConfigurationError for a name or tag that no place has, and where nothing is left.
        """
        _known("place", names, [place.name for place in self.place])
        _known("tag", tags, {tag for place in self.place for tag in place.tags})
        chosen = tuple(
            place for place in self.place if (not names or place.name in names) and place.tags.issuperset(tags)
        )
        if not chosen:
            raise ConfigurationError(f"no place has all of the tags {', '.join(sorted(tags))}")
        return chosen


def load_lab(path: Path) -> Lab:
    """The lab that `path` describes.

    Raises ConfigurationError: one line that quotes file, table and key, says what was found and what is wanted.
    """
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{path}: is not UTF-8 text") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{path}: {error}") from error
    try:
        return Lab.model_validate(_with_derived_defaults(document))
    except ValidationError as error:
        # One is enough: others are often its consequences. A misspelt key comes before the key then missing.
        first = min(error.errors(), key=lambda found: found["type"] != "extra_forbidden")
        raise ConfigurationError(f"{path}: {sentence(first, document, Lab)}") from None


def _with_derived_defaults(document: dict[str, Any]) -> dict[str, Any]:
    """`document` with the defaults that depend on another key: those of emulated and of shared places."""
    places = document.get("place")
    if not isinstance(places, list):
        return document
    table = document.get("labgrid")
    coordinator = table.get("coordinator") if isinstance(table, dict) else None
    places = [_shared_defaults(place, coordinator) for place in places]
    return document | {"place": [_emulated_defaults(index, place) for index, place in enumerate(places)]}


def _shared_defaults(place: object, coordinator: object) -> object:
    """With the coordinator of the lab, and, where the place has no address, that of its resource there.

    Raises ConfigurationError and BenchError where the coordinator does not tell it.
    """
    if not isinstance(place, dict) or not isinstance(there := place.get("labgrid"), str):
        return place
    if not isinstance(coordinator, str):
        return place | {"labgrid": {"place": there}}
    place = place | {"labgrid": {"coordinator": coordinator, "place": there}}
    if "address" in place or "emulated" in place:
        return place
    from harness.coordinator import network_service

    return place | {"address": network_service(coordinator, there)["address"]}


def _emulated_defaults(index: int, place: object) -> object:
    if not isinstance(place, dict) or "emulated" not in place:
        return place
    ports = place.get("ports", {})
    emulated = place["emulated"]
    chassis: dict[str, object] = {}
    if isinstance(emulated, dict) and {"chassis", "slot"} <= emulated.keys() and place.get("model") in BLADES:
        where = {"address": emulated["chassis"], "slot": emulated["slot"], "ports": EMULATED_PORTS}
        chassis = {"supervisor": where}
    return {
        "address": str(ipaddress.IPv4Address("127.10.0.1") + index),
        "restart_timeout": 60.0,
        **chassis,
        **place,
        "ports": EMULATED_PORTS | ports if isinstance(ports, dict) else ports,
    }


def _known(kind: str, asked: Iterable[str], known: Collection[str]) -> None:
    for word in asked:
        if word not in known:
            near = difflib.get_close_matches(word, known, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(sorted(known)) or 'none'}"
            raise ConfigurationError(f"no {kind} {word!r} in this lab: {hint}")
