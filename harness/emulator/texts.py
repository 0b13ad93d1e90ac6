"""The words of one generation's pages, and the names of their fields, as `skins/*.toml` gives them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Words = tuple[str, ...]


@dataclass(frozen=True)
class PageTexts:
    """A page of which the reference says little: its words by the keys that code and templates use.

    The key of a label is the name of the form's field as well.
    """

    heading: str
    labels: dict[str, str]
    buttons: dict[str, str]
    texts: dict[str, str]


@dataclass(frozen=True)
class HelpTexts:
    """One of the unit's own help pages."""

    heading: str
    about: Words
    """The pages that link to it."""
    paragraphs: Words
    fields: dict[str, str]
    """What a label on the page means."""


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
    change_log_in: str
    """A link of that text to the login page on every page of somebody who is logged in; empty for none."""


@dataclass(frozen=True)
class DeniedTexts:
    heading: str
    intro: str
    reasons: Words


@dataclass(frozen=True)
class HomeTexts:
    heading: str
    shown_to: Literal["users", "everybody"]
    """Everybody sees it with a link to log in (2.x); otherwise it is a protected page."""
    section: str
    labels: dict[str, str]
    no_features: str


@dataclass(frozen=True)
class ServiceRow:
    name: str
    label: str
    protocol: Literal["tcp", "udp"]
    port: int
    ticked_field: str = ""
    """The name of its tick box, where it is not made as the others' are; so `port_field`."""
    port_field: str = ""


@dataclass(frozen=True)
class ServicesTexts:
    heading: str
    section: str
    columns: Words
    """The name of the service, its tick box, its port, whether it is open."""
    without_key: Literal["greyed", "absent"]
    """How the row of a service looks whose feature key is missing."""
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

    def ticked_name(self, service: str) -> str:
        own = next((row.ticked_field for row in self.rows if row.name == service), "")
        return own or self.ticked_field.format(name=service)

    def port_name(self, service: str) -> str:
        own = next((row.port_field for row in self.rows if row.name == service), "")
        return own or self.port_field.format(name=service)


@dataclass(frozen=True)
class CertificateTexts:
    heading: str
    status_section: str
    upload_section: str
    introduction: str
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
    name_layout: Literal["one line", "a line each"]
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
    without_key: Literal["greyed", "usable"]
    """The page's controls while HTTPS has no feature key."""
    no_key: str
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
    section: str
    steps: Literal[0, 1, 2]
    """Two: `shut_down` must be confirmed by a second submission. None: there is only `restart`."""
    shut_down: str
    shut_down_field: str
    confirm: str
    confirm_field: str
    restart: str
    restart_field: str
    active: str
    asked: str
    busy: str
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
    not_activated: str


@dataclass(frozen=True)
class Warning:
    """One row of Status > Security."""

    text: str
    action: str
