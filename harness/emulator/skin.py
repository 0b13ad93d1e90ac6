"""How one generation looks from outside: paths, names, labels, texts and limits, read from `skins/*.toml`.

Whatever the reference leaves open is a value in that file, so that a capture of a real unit can be dropped in
without a change of code (device-reference 15.2).
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Literal

from harness.emulator.table import load

Words = tuple[str, ...]
Version = Literal["TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"]


@dataclass(frozen=True)
class MenuEntry:
    label: str
    pages: Words
    """Keys of `paths`: the first is where the entry leads, all of them are its second row."""


@dataclass(frozen=True)
class TlsSettings:
    minimum: Version
    maximum: Version
    ciphers: str
    unloadable_pair: Literal["closed", "factory"]
    """What HTTPS does after a start whose stored pair the TLS library cannot load."""


@dataclass(frozen=True)
class SessionSettings:
    cookie: str
    limit: int
    idle_minutes: int
    outstanding_forms: int
    """How many pages with a form a session may have open at once."""


@dataclass(frozen=True)
class HttpSettings:
    server: str
    to_login: Literal[302, 303]
    after_post: Literal[302, 303]


@dataclass(frozen=True)
class ApiSettings:
    version: str
    methods: Words
    shut_down: str
    """How `operationalStatus` spells its last value."""


@dataclass(frozen=True)
class LoginTexts:
    heading: str
    action: str
    user_label: str
    user_field: str
    password_label: str
    password_field: str
    button: str
    button_field: str
    requested_page_field: str
    log_in: str
    log_out: str


@dataclass(frozen=True)
class DeniedTexts:
    heading: str
    intro: str
    reasons: Words


@dataclass(frozen=True)
class HomeTexts:
    heading: str


@dataclass(frozen=True)
class ServiceRow:
    name: str
    label: str
    protocol: Literal["tcp", "udp"]
    port: int


@dataclass(frozen=True)
class ServicesTexts:
    heading: str
    button: str
    applied: str
    bad_port: str
    no_key: str
    open: str
    closed: str
    ticked_field: str
    """`{name}` stands for the service's API name; so in `port_field`."""
    port_field: str
    rows: tuple[ServiceRow, ...]


@dataclass(frozen=True)
class CertificateTexts:
    heading: str
    status_section: str
    upload_section: str
    shows: Literal["stored", "running"]
    """Which pair the status table describes between upload and restart."""
    subject: str
    issuer: str
    issued: str
    expires: str
    private_key: str
    key_matches: str
    key_does_not_match: str
    date_format: str
    certificate_label: str
    certificate_field: str
    key_label: str
    key_field: str
    passphrase_label: str
    passphrase_field: str
    upload_button: str
    upload_field: str
    delete_button: str
    delete_field: str
    custom_in_use: str
    default_in_use: str
    uploaded: str
    deleted: str
    nothing_to_delete: str
    refused: str
    refusals: dict[str, str]
    """By the name of the `certstore.Refusal`."""


@dataclass(frozen=True)
class ShutdownTexts:
    heading: str
    steps: Literal[1, 2]
    """Two: `shut_down` must be confirmed by a second submission."""
    shut_down: str
    shut_down_field: str
    confirm: str
    confirm_field: str
    restart: str
    restart_field: str
    active: str
    asked: str
    shutting_down: str
    shut: str


@dataclass(frozen=True)
class RestartingTexts:
    heading: str
    text: str


@dataclass(frozen=True)
class Banners:
    restart_required: str
    shutting_down: str
    shut_down: str


@dataclass(frozen=True)
class Timing:
    """Shares of the restart's duration."""

    shutting_down: float
    finishing_boot: float


@dataclass(frozen=True)
class Reasons:
    """The restart log's words."""

    cold_boot: str
    web: str
    api: str


@dataclass(frozen=True)
class Skin:
    manufacturer: str
    build_prefix: str
    newest_build: str
    title: str
    """`{page}` stands for the page's heading."""
    paths: dict[str, str]
    change_paths: dict[str, str]
    """Where the form of a page posts to."""
    one_time_field: str
    menu: tuple[MenuEntry, ...]
    tls: TlsSettings
    session: SessionSettings
    http: HttpSettings
    api: ApiSettings
    login: LoginTexts
    denied: DeniedTexts
    home: HomeTexts
    services: ServicesTexts
    certificates: CertificateTexts
    shutdown: ShutdownTexts
    restarting: RestartingTexts
    banners: Banners
    timing: Timing
    reasons: Reasons

    def heading(self, page: str) -> str:
        return str(getattr(self, page).heading)


@functools.cache
def generations() -> tuple[str, ...]:
    """The firmware generations that can be emulated, oldest first."""
    names = [entry.name.removesuffix(".toml") for entry in _skins().iterdir() if entry.name.endswith(".toml")]
    return tuple(sorted(names, key=lambda name: tuple(map(int, name.split(".")))))


@functools.cache
def load_skin(generation: str) -> Skin:
    """The skin of `generation`, one of `generations()`."""
    return load(Skin, _skins() / f"{generation}.toml")


def _skins() -> Traversable:
    return resources.files("harness.emulator") / "skins"
