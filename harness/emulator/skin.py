"""How one generation looks from outside: paths, names, labels, texts and limits, read from `skins/*.toml`.

Whatever the reference leaves open is a value in that file, so that a capture of a real unit can be dropped in
without a change of code (device-reference 15.2). A file may begin with `inherits = "4.3"`: then it holds only what
differs from that generation. `load_captured` reads the folder that `mcu-hil capture --skin` writes: such a file, and
the pages of the captured unit as templates.
"""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, Literal

from harness.emulator.table import read
from harness.emulator.texts import (
    Banners,
    CertificateTexts,
    DeniedTexts,
    HelpTexts,
    HomeTexts,
    LoginTexts,
    PageTexts,
    RestartingTexts,
    ServicesTexts,
    ShutdownTexts,
    Warning,
    Words,
)
from harness.errors import ConfigurationError

Version = Literal["TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"]


@dataclass(frozen=True)
class Look:
    style: Literal["codian", "classic", "cisco"]
    logo: str
    """Its file name on the unit."""
    logo_link: str
    """The words of the link that the logo is; empty for a logo that is none."""
    breadcrumb: str
    """What stands before the way to the page; empty where no page shows its way."""
    tools: Words
    """The links at the top of a help page."""
    host: str
    """Before the host name, at the top right."""
    help: str
    """The link to the help about the page."""


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
class UploadSettings:
    """What the upload handler takes; by the words of `certstore.firmware`."""

    mismatched_pair: Literal["refuse", "store"]
    serving: Literal["chain", "leaf only"]
    plain_pkcs8: Literal["accept", "refuse"]
    encrypted_pkcs8: Literal["accept", "refuse"]
    largest_file: int


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
    methods: dict[str, bool]
    """Which are there."""
    shut_down: str
    """How `operationalStatus` spells its last value."""
    model_prefix: str
    """Before the model's name in `device.query`."""
    utf8_header: Literal["Accept-Encoding", "Accept-Charset"]
    """The request header that asks for answers in UTF-8."""
    connection: Literal["closed", "reset"]
    """After an answer; a connection that is to be reset is kept until its next request."""
    requests_at_once: int
    connections: int
    largest_request: int
    """Octets."""
    page_size: int
    """How many conferences or participants one answer holds."""


@dataclass(frozen=True)
class FtpSettings:
    port: int
    greeting: str


@dataclass(frozen=True)
class SnmpSettings:
    port: int
    description: str
    """What sysDescr says of `{model}` and `{version}`."""


@dataclass(frozen=True)
class SyslogSettings:
    port: int
    facility: int


@dataclass(frozen=True)
class Features:
    """The keys that a unit has when its emulation begins."""

    activation: bool
    """The product's own."""
    secure_management: bool
    encryption: bool
    names: dict[str, str]
    codes: dict[str, str]
    """The activation code of each, as somebody types it at Settings > Upgrade."""


@dataclass(frozen=True)
class Calls:
    conferences: int
    participants: int
    """In each conference."""
    at_shutdown: Literal["dropped", "refused"]
    """What becomes of a shutdown while somebody is in a call."""


@dataclass(frozen=True)
class AccountSettings:
    """Advanced account security (device-reference 3.4)."""

    advanced: bool
    failures: int
    lock_minutes: int
    length: int
    of_each_kind: int
    repeats: int
    expire_days: int
    most_users: int
    longest: int
    reserved: Words


@dataclass(frozen=True)
class ConfigurationFile:
    passwords: Literal["clear", "hashed"]
    private_key: Literal["left out", "included"]


@dataclass(frozen=True)
class TrustSettings:
    stores: Words
    """Keys of `titles`; none before the generation that has them."""
    takes_effect: Literal["at once", "after restart"]
    without_ocsp_answer: Literal["refused", "admitted"]
    """What becomes of a login with a certificate of which no OCSP server says how it stands."""
    titles: dict[str, str]
    sip_verification: dict[str, str]
    client_security: dict[str, str]
    """Empty where clients cannot be asked for certificates."""
    server_security: dict[str, str]


@dataclass(frozen=True)
class Timing:
    """Shares of the restart's duration."""

    shutting_down: float
    finishing_boot: float
    storing: float
    """How long it takes to write a pair to flash; the answer to its upload waits for it."""


@dataclass(frozen=True)
class Reasons:
    """The restart log's words."""

    cold_boot: str
    web: str
    api: str
    shutdown: str


@dataclass(frozen=True)
class CapturedPage:
    """A page, or a file, that is served as it was captured."""

    path: str
    file: str
    content_type: str
    shown_to: Literal["users", "everybody"]


@dataclass(frozen=True)
class Captured:
    """Pages of a real unit. Those that tell of the unit's state are templates, by their keys of `paths`."""

    folder: str
    """Where the files are; empty for a skin that was made by hand."""
    templates: dict[str, str]
    pages: tuple[CapturedPage, ...]

    def page_at(self, path: str) -> CapturedPage | None:
        return next((page for page in self.pages if page.path == path), None)


@dataclass(frozen=True, eq=False)
class Skin:
    """Each is loaded once, and is the same only as itself: what is made from it can be kept by it."""

    firmware: str
    """Of the captured unit; empty for a skin that is a whole generation's."""
    manufacturer: str
    build_prefix: str
    newest_build: str
    title: str
    """`{page}` stands for the page's heading."""
    look: Look
    paths: dict[str, str]
    """By page; a page that the generation does not have has none."""
    change_paths: dict[str, str]
    """Where the form of a page posts to."""
    one_time_field: str
    menu: tuple[MenuEntry, ...]
    tls: TlsSettings
    upload: UploadSettings
    session: SessionSettings
    http: HttpSettings
    api: ApiSettings
    ftp: FtpSettings
    snmp: SnmpSettings
    syslog: SyslogSettings
    features: Features
    calls: Calls
    accounts: AccountSettings
    configuration: ConfigurationFile
    trust: TrustSettings
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
    warnings: dict[str, Warning]
    pages: dict[str, PageTexts]
    help: dict[str, HelpTexts]
    captured: Captured

    def heading(self, page: str) -> str:
        for tables in (self.pages, self.help):
            if page in tables:
                return tables[page].heading
        return str(getattr(self, page).heading)

    def help_for(self, page: str) -> str | None:
        """The help page about this page."""
        return next((name for name, texts in self.help.items() if page in texts.about), None)


CAPTURED_FILE = "skin.toml"


@functools.cache
def generations() -> tuple[str, ...]:
    """The firmware generations that can be emulated, oldest first."""
    names = [entry.name.removesuffix(".toml") for entry in _skins().iterdir() if entry.name.endswith(".toml")]
    numbered = [name for name in names if name[0].isdecimal()]
    return tuple(sorted(numbered, key=lambda name: tuple(map(int, name.split(".")))))


@functools.cache
def load_skin(generation: str) -> Skin:
    """The skin of `generation`, one of `generations()`."""
    return skin_of(skin_document(generation), f"{generation}.toml")


def skin_of(document: dict[str, Any], where: str) -> Skin:
    """Raises ConfigurationError, which begins with `where`."""
    skin: Skin = read(Skin, document, where)
    return skin


def skin_document(generation: str) -> dict[str, Any]:
    """The generation's file on top of those that it inherits from."""
    own = tomllib.loads((_skins() / f"{generation}.toml").read_text(encoding="utf-8"))
    parent = own.pop("inherits", None)
    return own if parent is None else on_top(own, skin_document(parent))


def load_captured(folder: Path) -> Skin:
    """The skin in this folder. Raises ConfigurationError, which names the file, where it is none."""
    file = folder / CAPTURED_FILE
    try:
        own = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(f"{file}: cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise ConfigurationError(f"{file}: {error}") from None
    parent = own.pop("inherits", None)
    if parent not in generations():
        raise ConfigurationError(f"{file}: inherits is {parent!r}, want one of {', '.join(generations())}")
    document = on_top(own, skin_document(parent))
    document["captured"] = {**document["captured"], "folder": str(folder)}
    skin = skin_of(document, str(file))
    for name in (*skin.captured.templates.values(), *(page.file for page in skin.captured.pages)):
        if not (folder / name).resolve().is_relative_to(folder.resolve()) or not (folder / name).is_file():
            raise ConfigurationError(f"{file}: there is no file {name!r} beside it")
    return skin


def on_top(own: Mapping[str, Any], below: Mapping[str, Any]) -> dict[str, Any]:
    """Tables are merged, everything else is replaced."""
    merged = dict(below)
    for key, value in own.items():
        inherited = below.get(key)
        merged[key] = on_top(value, inherited) if isinstance(value, dict) and isinstance(inherited, dict) else value
    return merged


def _skins() -> Traversable:
    return resources.files("harness.emulator") / "skins"
