"""What can differ between two units that show the same pages, and one choice of it for each number."""

from __future__ import annotations

import functools
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass

FIELDS = ("certificate", "key", "word")

AXES: Mapping[str, tuple[str, ...]] = {
    "login": ("documented", "redirect", "root", "link"),
    "entry": ("redirect", "refresh", "script", "page", "word-only"),
    "window": ("plain", "plain", "frames", "three-frames", "iframe"),
    "menu": (
        "links",
        "list",
        "images",
        "image-map",
        "tree",
        "drop-down",
        "get-buttons",
        "scripted-buttons",
        "post-buttons",
        "post-menu",
        "get-select",
        "post-select",
        "scripted-select",
        "tree-select",
    ),
    "layout": (
        "table",
        "headed-table",
        "above",
        "columns",
        "nested",
        "deep",
        "blocks",
        "definitions",
        "list",
        "label-for",
        "label-around",
        "inline",
        "paragraphs",
        "fieldsets",
    ),
    "order": ("certificate key word", "key certificate word", "word key certificate", "certificate word key"),
    "forms": ("separate", "one", "page"),
    "first": ("upload", "remove"),
    "button": ("input", "button", "bold-button", "image", "scripted"),
    "word_kind": ("password", "text"),
    "status": ("rows", "headed-rows", "lines", "definitions", "columns", "blocks"),
    "matches": ("Key matches certificate", "Key matches certificate", "Matches", "Yes"),
    "decoys": (
        "",
        "trust",
        "trust search",
        "trust upgrade",
        "two-trusts search",
        "twin upgrade",
        "twin trust search",
        "same-caption search",
    ),
    "decoys_at": ("before", "after"),
    "charset": ("utf-8 header", "iso-8859-1 header", "utf-8 meta", "iso-8859-1 meta", "utf-8", "iso-8859-1"),
    "case": ("lower", "upper"),
    "closing": ("closed", "unclosed"),
    "quotes": ("double", "single", "bare"),
    "links": ("relative", "rooted", "absolute", "base"),
    "once": ("", "hidden", "query"),
    "session": ("cookie", "cookie", "path"),
    "answer": ("page", "redirect", "refresh", "form-again"),
    "leave": ("documented", "documented", "link"),
    "asks": ("", "confirm", "yes"),
    "steps": ("two", "one", "restart-only", "restart-asks"),
    "transport": ("both", "both", "http", "https", "redirect"),
    "label_style": ("plain", "colon", "bold", "font", "star", "hard-blanks"),
    "certificate_label": ("Certificate", "Certificate", "Certificate file", "Certificate (PEM)"),
    "key_label": ("Private key", "Private key", "Private key file", "Private key (PEM)"),
    "word_label": (
        "Private key encryption password",
        "Private key encryption password",
        "Private key encryption passphrase",
        "Private key password",
    ),
    "section": ("Upload certificate and key", "Local certificate configuration"),
    "upload": ("Upload certificate and key",) * 3
    + ("Upload certificate and private key", "UPLOAD CERTIFICATE AND KEY", "Upload certificate & key"),
    "remove": (
        "Delete custom certificate and key",
        "Remove certificate and key",
        "Remove custom certificate and key",
        "Delete certificate and key",
    ),
    "shut_down": ("Shut down MCU", "Shut down", "Shut down MSE 8510", "Shutdown"),
    "confirm": ("Confirm MCU shutdown", "Confirm shutdown", "Confirm", "Yes, shut down now"),
    "restart": ("Restart MCU", "Restart", "Restart MSE 8510", "Reboot"),
    "certificates_link": ("SSL certificates", "SSL certificates", "SSL certificate", "SSL Certificates..."),
    "shutdown_link": ("Shutdown", "Shutdown", "Shut down", "Shutdown and restart"),
    "user_label": ("Username", "User name", "User ID"),
    "enter": ("OK", "Log in", "Login"),
}
"""Repeated entries are likelier. A unit's own words are those of device-reference 2.3 (D) and 5.2 (R); the rest is
U there."""


@dataclass(frozen=True)
class Variant:
    """One choice on every axis, the same in every run for the same number."""

    number: int
    choices: Mapping[str, str]

    def __getitem__(self, axis: str) -> str:
        return self.choices[axis]

    @property
    def charset(self) -> str:
        return self["charset"].split()[0]

    @functools.cached_property
    def name(self) -> Callable[[str], str]:
        """What this unit calls the page, field or file that others call otherwise."""
        return functools.cache(self._name)

    @functools.cached_property
    def path(self) -> Callable[[str], str]:
        """Where this unit has that page."""
        return functools.cache(self._path)

    def _name(self, meaning: str) -> str:
        chance = random.Random(f"{self.number} {meaning}")
        return f"{chance.choice('abcdefghjkmnpqrstuvwxyz')}{chance.randrange(16**5):05x}"

    def _path(self, meaning: str) -> str:
        chance = random.Random(f"{self.number} place of {meaning}")
        folders = "".join(f"/{self.name(f'folder {chance.randrange(3)}')}" for _ in range(chance.randrange(3)))
        return f"{folders}/{self.name(meaning)}{chance.choice(('', '.html', '.htm', '.cgi'))}"


def variant(number: int, **chosen: str) -> Variant:
    """The variant of this number, with some axes chosen otherwise."""
    chance = random.Random(number)
    choices = {axis: chance.choice(values) for axis, values in AXES.items()} | chosen
    if choices["forms"] != "separate" and choices["button"] == "scripted":
        # Without a script, nothing would tell which of two buttons was pressed.
        choices["button"] = "input"
    if choices["session"] == "path":
        # Neither `/` nor a path that everybody knows tells whose session is meant.
        choices["leave"] = "link"
        choices["entry"] = "redirect" if choices["entry"] == "word-only" else choices["entry"]
    return Variant(number, choices)
