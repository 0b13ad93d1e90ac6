"""The tables of a place: each a type, checked while it is made."""

from __future__ import annotations

import ipaddress
from typing import Annotated, Literal, get_args
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Discriminator, Field, Tag, model_validator

from harness.lab.secret import NO_PASSWORD, FilePath, Secret, Table
from harness.labgrid_models import unknown_model

Model = Literal["MCU 4203", "MCU 4505", "MCU MSE 8420", "MCU MSE 8510", "Advanced Media Gateway 3610"]
MODELS: tuple[str, ...] = get_args(Model)
BLADES = ("MCU MSE 8420", "MCU MSE 8510")
"""Those that stand in a chassis with a Supervisor (device-reference 1, mark D)."""

Feature = Literal["api", "http", "https", "sip_tls", "console", "power"]
"""What a place can do, as a word that a claim can ask for."""

PortNumber = Annotated[int, Field(ge=1, le=65535)]
Seconds = Annotated[float, Field(gt=0)]

# Emulated units live on loopback, one address each, so that IP-address names in certificates are real; their
# ports are above 1023, so that nobody needs to be root.
EMULATED_PORTS = {"http": 8080, "https": 8443, "sip_tls": 5061}


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
    also_at: Annotated[tuple[str, ...], Field(strict=False)] = ()
    """Further addresses of the unit, as of its Ethernet port B: HTTPS is looked at there too."""
    serial: str | None = None
    firmware: str | None = None
    """What the unit should have; a whole version or a generation."""
    ports: Ports = Ports()
    login: Login = Login()
    emulated: Emulated | None = None
    tags: Annotated[frozenset[str], Field(strict=False)] = frozenset()
    tls: TlsTerms = TlsTerms()
    features: Annotated[frozenset[Feature], Field(strict=False)] | None = None
    feature_key: bool = True
    """Whether the unit has one of the feature keys without which it has no HTTPS (device-reference 6, mark D)."""
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
        # Over HTTP the password can be read: with a real unit only where the lab file says so.
        has_http = self.features is not None or self.emulated is not None
        lines = {"console": self.console is not None, "power": self.power is not None, "http": has_http}
        return lines.get(feature, True)

    def emulates(self, server: Gateway | LabgridPower) -> bool:
        """Whether this server comes with the emulated unit; one elsewhere is a real one, which serves another."""
        return self.emulated is not None and isinstance(server, Gateway) and _is_loopback(server.ssh)

    @property
    def addresses(self) -> tuple[str, ...]:
        """All of them; the unit is administered at the first."""
        return self.address, *self.also_at

    @model_validator(mode="after")
    def _emulated_on_loopback(self) -> Place:
        for key, address in (("address", self.address), *(("also_at", one) for one in self.also_at)):
            if self.emulated is not None and not _is_loopback(address):
                raise ValueError(f"{key} is {address!r}, but an emulated unit lives in 127.0.0.0/8")
        return self

    @model_validator(mode="after")
    def _baseline_can_be_seen(self) -> Place:
        if self.baseline is not None and not self.feature_key:
            raise ValueError("has a baseline pair, but without feature_key nobody is shown one")
        return self

    @model_validator(mode="after")
    def _only_blades_have_one(self) -> Place:
        if self.supervisor is not None and self.model not in BLADES:
            raise ValueError(f"has a supervisor, but {self.model} is no blade ({', '.join(BLADES)})")
        return self


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False
