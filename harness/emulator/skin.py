"""How one generation looks from outside: paths, names, labels, texts and limits, read from `skins/*.toml`.

Whatever the reference leaves open is a value in that file, so that a capture of a real unit can be dropped in
without a change of code (device-reference 15.2).
"""

from __future__ import annotations

import functools
import tomllib
from importlib import resources
from typing import Annotated, Literal

from pydantic import Field

from harness.lab import Table

Words = Annotated[tuple[str, ...], Field(strict=False)]
Version = Literal["TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"]


class MenuEntry(Table):
    label: str
    pages: Words
    """Keys of `paths`: the first is where the entry leads, all of them are its second row."""


class TlsSettings(Table):
    minimum: Version
    maximum: Version
    ciphers: str
    unloadable_pair: Literal["closed", "factory"]
    """What HTTPS does after a start whose stored pair the TLS library cannot load."""


class SessionSettings(Table):
    cookie: str
    limit: Annotated[int, Field(ge=1)]
    idle_minutes: Annotated[int, Field(ge=1)]
    outstanding_forms: Annotated[int, Field(ge=1)]
    """How many pages with a form a session may have open at once."""


class HttpSettings(Table):
    server: str
    to_login: Literal[302, 303]
    after_post: Literal[302, 303]


class ApiSettings(Table):
    version: str
    methods: Words
    shut_down: str
    """How `operationalStatus` spells its last value."""


class LoginTexts(Table):
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
    logged_out: str


class DeniedTexts(Table):
    heading: str
    intro: str
    reasons: Words


class HomeTexts(Table):
    heading: str


class ServiceRow(Table):
    name: str
    label: str
    protocol: Literal["tcp", "udp"]
    port: Annotated[int, Field(ge=0, le=65535)]


class ServicesTexts(Table):
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
    rows: Annotated[tuple[ServiceRow, ...], Field(strict=False)]


class CertificateTexts(Table):
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


class ShutdownTexts(Table):
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


class RestartingTexts(Table):
    heading: str
    text: str


class Banners(Table):
    restart_required: str
    shutting_down: str
    shut_down: str


class Timing(Table):
    """Shares of the restart's duration."""

    shutting_down: Annotated[float, Field(ge=0)]
    finishing_boot: Annotated[float, Field(ge=0)]


class Reasons(Table):
    """The restart log's words."""

    cold_boot: str
    web: str
    api: str


class Skin(Table):
    manufacturer: str
    build_prefix: str
    newest_build: str
    title: str
    """`{page}` stands for the page's heading."""
    paths: dict[str, str]
    change_paths: dict[str, str]
    """Where the form of a page posts to."""
    one_time_field: str
    menu: Annotated[tuple[MenuEntry, ...], Field(strict=False)]
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
    text = (_skins() / f"{generation}.toml").read_text(encoding="utf-8")
    return Skin.model_validate(tomllib.loads(text))


def _skins() -> resources.abc.Traversable:
    return resources.files("harness.emulator") / "skins"
