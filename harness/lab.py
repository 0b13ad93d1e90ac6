"""`lab.toml`: read once, checked at the door, frozen afterwards.

Nothing else in the project reads it, and nothing after this asks for a default.
"""

from __future__ import annotations

import difflib
import importlib
import ipaddress
import os
import tomllib
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, get_args
from urllib.parse import urlsplit

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    SecretStr,
    Tag,
    ValidationError,
    model_validator,
)
from pydantic_core import ErrorDetails

from harness.errors import ConfigurationError
from harness.labgrid_models import unknown_model

Model = Literal["MCU 4203", "MCU 4505", "MCU MSE 8420", "MCU MSE 8510", "Advanced Media Gateway 3610"]
MODELS: tuple[str, ...] = get_args(Model)
BLADES = ("MCU MSE 8420", "MCU MSE 8510")
"""Those that stand in a chassis with a Supervisor (device-reference 1, mark D)."""

Feature = Literal["api", "https", "sip_tls", "console", "power"]
"""What a place can do, as a word that a claim can ask for."""

DEFAULT_STATE_DIR = "~/.local/state/mcu-hil"

# Emulated units live on loopback, one address each, so that IP-address names in certificates are real; their
# ports are above 1023, so that nobody needs to be root.
EMULATED_PORTS = {"http": 8080, "https": 8443, "sip_tls": 5061}


class Table(BaseModel):
    """A TOML table: unknown keys and wrong types are refused, and nothing changes once it is read."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


def _expanded(path: object) -> object:
    return Path(path).expanduser() if isinstance(path, str) else path


FilePath = Annotated[Path, BeforeValidator(_expanded)]
PortNumber = Annotated[int, Field(ge=1, le=65535)]
Seconds = Annotated[float, Field(gt=0)]


SECRET_WANTED = "want a string, or exactly one of the keys env, file, keyring"


class SecretTable(Table):
    """A secret, or where it is kept; exactly one key is given. In the file a plain string stands for `text`."""

    text: SecretStr | None = None
    env: str | None = None
    file: FilePath | None = None
    keyring: str | None = None

    @model_validator(mode="after")
    def _one_source(self) -> SecretTable:
        if len(self.model_fields_set) != 1:
            raise ValueError(SECRET_WANTED)
        return self

    def reveal(self, owner: str) -> str:
        """The secret's text, looked up now; `owner` names it in the error, as in `rack2-8510: login password`.

        Raises ConfigurationError where the environment variable, file or keyring entry does not exist.
        """
        if self.text is not None:
            return self.text.get_secret_value()
        if self.env is not None:
            return _from_environment(self.env, owner)
        if self.file is not None:
            return _from_file(self.file, owner)
        return _from_keyring(self.keyring or "", owner)


def _from_environment(variable: str, owner: str) -> str:
    if variable not in os.environ:
        raise ConfigurationError(f"{owner}: environment variable {variable} is not set")
    return os.environ[variable]


def _from_file(path: Path, owner: str) -> str:
    try:
        return path.read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{owner}: cannot read {path}: {error}") from error


def _from_keyring(entry: str, owner: str) -> str:
    try:
        keyring = importlib.import_module("keyring")
    except ImportError as error:
        raise ConfigurationError(f"{owner}: install the package keyring to read {entry!r} from it") from error
    found = keyring.get_password("mcu-hil", entry)
    if not isinstance(found, str):
        raise ConfigurationError(f"{owner}: the keyring has no entry {entry!r} of service mcu-hil")
    return found


def _secret(value: object) -> object:
    if isinstance(value, str):
        return {"text": SecretStr(value)}
    if not isinstance(value, dict | SecretTable):
        # Said here, because pydantic's own message is shown with the value, which may be a password all the same.
        raise ValueError(SECRET_WANTED)  # noqa: TRY004 - a TypeError would not become a sentence
    return value


Secret = Annotated[SecretTable, BeforeValidator(_secret)]
NO_PASSWORD = SecretTable(text=SecretStr(""))


class Ports(Table):
    http: PortNumber = 80
    https: PortNumber = 443
    sip_tls: PortNumber = 5061


class CredentialFiles(Table):
    certificate: FilePath
    private_key: FilePath
    passphrase: Secret | None = None


class Login(Table):
    # A fresh unit has the user admin without a password (device-reference 3.4, mark D).
    user: str = "admin"
    password: Secret = NO_PASSWORD
    # How long to wait for a free web session where a unit has none: it ends those that idle (3.4, mark D).
    session_wait_seconds: Annotated[float, Field(ge=0, le=4000)] = 0.0
    client_certificate: CredentialFiles | None = None
    """What is shown to a unit that asks for one (device-reference 2.4, mark D)."""


class TlsTerms(Table):
    minimum: Literal["SSLv3", "TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"] = "SSLv3"
    """By an older version nothing is sent to it."""
    fingerprint: Annotated[str, Field(pattern=r"^sha256:[0-9a-fA-F:]{64,95}$")] | None = None

    @property
    def pin(self) -> str | None:
        """The fingerprint as 64 lower-case hex digits."""
        if self.fingerprint is None:
            return None
        return self.fingerprint.removeprefix("sha256:").replace(":", "").lower()


def _settings(value: object) -> object:
    if not isinstance(value, dict) or not all(
        isinstance(setting, str | bool | int | float) for setting in value.values()
    ):
        raise ValueError('want a table of names and values, such as { "tls.maximum" = "TLSv1.2" }')
    return tuple(value.items())


Settings = Annotated[tuple[tuple[str, str | bool | int | float], ...], BeforeValidator(_settings)]
"""Names and values; the emulator knows the names."""


class Emulated(Table):
    """An emulated unit: what it is built as."""

    firmware: str = "4.3(2.18)"
    skin: FilePath | None = None
    """A folder that `mcu-hil capture --skin` has written: the unit looks as the captured one did."""
    restart_seconds: Annotated[float, Field(ge=0)] = 2.0
    defect: str | None = None
    switches: Settings = ()
    """What it has otherwise than its generation."""
    faults: Settings = ()
    """What the bench does to it from the start."""
    chassis: str | None = None
    """The loopback address of the Supervisor of the chassis that it is in; it has then a slot."""
    slot: int | None = None

    @model_validator(mode="after")
    def _in_a_chassis(self) -> Emulated:
        if (self.chassis is None) != (self.slot is None):
            raise ValueError('"chassis" and "slot" are given together or not at all')
        if self.chassis is not None and not _is_loopback(self.chassis):
            raise ValueError(f"chassis is {self.chassis!r}, but an emulated Supervisor lives in 127.0.0.0/8")
        return self


def _baseline(value: object) -> object:
    if isinstance(value, str) and value != "factory":
        raise ValueError(f'is {value!r}: want "factory" or {{ certificate = ..., private_key = ... }}')
    return None if value == "factory" else value


Baseline = Annotated[CredentialFiles | None, BeforeValidator(_baseline)]
"""None is the factory pair."""


class Gateway(Table):
    """An SSH server."""

    ssh: str
    port: PortNumber = 22
    user: str
    key_file: FilePath | None = None
    password: Secret | None = None
    """Of the user; where the key file is encrypted, its passphrase."""
    old_ssh: bool = False
    """It may use what SSH clients of today refuse: SHA-1, ssh-rsa, CBC."""

    @property
    def where(self) -> str:
        return f"[{self.ssh}]:{self.port}" if ":" in self.ssh else f"{self.ssh}:{self.port}"


class BesideUnit(Gateway):
    """An SSH server that belongs to a place: behind its gateway, where it has one."""

    direct: bool = False
    """It is not behind the gateway."""


class Console(BesideUnit):
    reboot: str | None = None
    """What is typed there to restart the unit; lines are typed one after the other."""


class Power(BesideUnit):
    """A PDU that is told what to do over SSH, a command an act."""

    on: str | None = None
    off: str | None = None
    cycle: str | None = None
    state: str | None = None

    @model_validator(mode="after")
    def _switches(self) -> Power:
        if self.on is None and self.off is None and self.cycle is not None:
            return self
        if self.on is None or self.off is None:
            raise ValueError('want the commands "on" and "off", or "cycle" alone')
        return self


class LabgridPower(Table):
    """A PDU of a model that labgrid knows."""

    labgrid: str
    """The model, as labgrid calls it."""
    host: str
    """Host name or address; of some models the URL, with {index} and {value} as labgrid has them."""
    index: int = 0
    """The outlet."""
    port: PortNumber | None = None
    """Where it is not the model's own."""
    off_seconds: Annotated[float, Field(ge=0, le=600)] = 2.0
    """How long the outlet stays off, at least."""

    @model_validator(mode="after")
    def _is_known(self) -> LabgridPower:
        if unknown := unknown_model(self.labgrid):
            raise ValueError(unknown)
        return self

    @property
    def where(self) -> str:
        """Without what a URL may hold of a login."""
        parts = urlsplit(self.host)
        host = parts.hostname or self.host
        port = self.port or (parts.port if parts.hostname else None)
        return f"{self.labgrid} {host}{f':{port}' if port else ''}, outlet {self.index}"


def _kind_of_power(value: object) -> str:
    is_labgrid = "labgrid" in value if isinstance(value, dict) else isinstance(value, LabgridPower)
    return "labgrid" if is_labgrid else "ssh"


AnyPower = Annotated[
    Annotated[Power, Tag("ssh")] | Annotated[LabgridPower, Tag("labgrid")], Discriminator(_kind_of_power)
]


class Supervisor(Table):
    """The chassis controller of a blade, and which blade it is there."""

    address: str
    slot: Annotated[int, Field(ge=1, le=20)]
    login: Login = Login()
    ports: Ports = Ports()
    tls: TlsTerms = TlsTerms()


class Labgrid(Table):
    """Where a place is shared by runners on several machines."""

    coordinator: str
    place: str
    """As the coordinator calls it."""


class LabgridTable(Table):
    coordinator: str
    """HOST or HOST:PORT."""


class Place(Table):
    """One position in a lab with the unit in it."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=64)]
    model: Model
    address: str
    serial: str | None = None
    firmware: str | None = None
    """What the unit should have; a whole version or a generation."""
    ports: Ports = Ports()
    login: Login = Login()
    emulated: Emulated | None = None
    tags: Annotated[frozenset[str], Field(strict=False)] = frozenset()
    tls: TlsTerms = TlsTerms()
    features: Annotated[frozenset[Feature], Field(strict=False)] | None = None
    restart_timeout: Seconds = 900.0
    baseline: Baseline = None
    gateway: Gateway | None = None
    console: Console | None = None
    power: AnyPower | None = None
    supervisor: Supervisor | None = None
    profile: FilePath | None = None
    labgrid: Labgrid | None = None

    def has(self, feature: Feature) -> bool:
        """Whether it can do what a claim asks for, as far as the lab file tells: lines need a table of their own."""
        if self.features is not None and feature not in self.features:
            return False
        return {"console": self.console is not None, "power": self.power is not None}.get(feature, True)

    def emulates(self, server: Gateway | LabgridPower) -> bool:
        """Whether this server comes with the emulated unit; one elsewhere is a real one, which serves another."""
        return self.emulated is not None and isinstance(server, Gateway) and _is_loopback(server.ssh)

    @model_validator(mode="after")
    def _emulated_on_loopback(self) -> Place:
        if self.emulated is not None and not _is_loopback(self.address):
            raise ValueError(f"address is {self.address!r}, but an emulated unit lives in 127.0.0.0/8")
        return self

    @model_validator(mode="after")
    def _only_blades_have_one(self) -> Place:
        if self.supervisor is not None and self.model not in BLADES:
            raise ValueError(f"has a supervisor, but {self.model} is no blade ({', '.join(BLADES)})")
        return self


def _textfile(value: object) -> object:
    if isinstance(value, str) and not value.endswith(".prom"):
        raise ValueError(f"is {value!r}: want a name that ends in .prom, or node_exporter does not read it")
    return _expanded(value)


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
        ways = Counter((place.address, place.gateway and place.gateway.where) for place in self.place)
        [((address, _), count)] = ways.most_common(1)
        if count > 1:
            raise ValueError(f"{count} places have the address {address!r}")
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
        raise ConfigurationError(f"{path}: {_sentence(first, document)}") from None


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
    if isinstance(emulated, dict) and {"chassis", "slot"} <= emulated.keys():
        where = {"address": emulated["chassis"], "slot": emulated["slot"], "ports": EMULATED_PORTS}
        chassis = {"supervisor": where}
    return {
        "address": str(ipaddress.IPv4Address("127.10.0.1") + index),
        "restart_timeout": 60.0,
        **chassis,
        **place,
        "ports": EMULATED_PORTS | ports if isinstance(ports, dict) else ports,
    }


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


def _sentence(error: ErrorDetails, document: dict[str, Any]) -> str:
    """One validation error as a sentence a user can act on."""
    tagged = error["loc"]
    # Of the two kinds of power, pydantic puts the name of the kind behind the key.
    location = tuple(key for at, key in enumerate(tagged) if tagged[at - 1 : at] != ("power",))
    match error["type"]:
        case "extra_forbidden":
            known = _keys_beside(tagged)
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


def _keys_beside(location: tuple[int | str, ...]) -> list[str]:
    """The keys that the table at `location`'s parent may have."""
    table: type[BaseModel] = Lab
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


def _known(kind: str, asked: Iterable[str], known: Collection[str]) -> None:
    for word in asked:
        if word not in known:
            near = difflib.get_close_matches(word, known, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(sorted(known)) or 'none'}"
            raise ConfigurationError(f"no {kind} {word!r} in this lab: {hint}")
