"""Which links somebody who only looks may follow: those of which nothing tells that they do something."""

from __future__ import annotations

import re
from posixpath import basename
from urllib.parse import unquote, urlsplit

from harness.drivers.document import Link
from harness.drivers.words import (
    CHANGES_SOMETHING,
    HOLDS_SECRETS,
    LOG_OUT,
    NETWORK,
    SETTINGS,
    SHUTDOWN_PAGE,
    SSL_CERTIFICATES,
    UPLOAD,
    Fit,
)

WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
NEEDED = (NETWORK, SETTINGS, SSL_CERTIFICATES, UPLOAD)
"""Where any driver goes, whatever the address is; a link cannot upload anything, it leads to the form."""
NO_PAGES = frozenset(
    (
        *("xml", "cfg", "conf", "bin", "img", "iso", "zip", "gz", "tgz", "tar", "log", "txt", "csv", "dat", "db"),
        *("pcap", "pem", "key", "crt", "cer", "p12", "pfx", "json"),
    )
)
"""Endings of what is downloaded, not looked at."""


def why_not(link: Link, host: str, *, shutdown_page: bool) -> str:
    """Why this link is left alone; empty where it may be followed.

    A page of the unit's own help may be called as it likes (device-reference 3.2, mark D). The page behind
    Settings > Shutdown is one that only asks (5.2, mark R), and opened where that is wished.
    """
    parts = urlsplit(link.url)
    if parts.scheme not in ("http", "https"):
        return "no page"
    if (parts.hostname or "").lower() != host.lower():
        return "another host"
    if link.button is not None:
        return "a form"
    if LOG_OUT.fit(link.text) is not None:
        return "ends the session"
    name = basename(parts.path)
    if name.startswith("help_") and not parts.query:
        return ""
    if SHUTDOWN_PAGE.fit(link.text) is not None:
        is_wanted = shutdown_page and is_shutdown_page(link) and CHANGES_SOMETHING.fit(_words(parts.query)) is None
        return "" if is_wanted else "leads to the shutdown"
    if not is_needed(link) and CHANGES_SOMETHING.fit(link.text) is not None:
        return "its text tells of a change"
    return _why_not_address(name, parts.path, parts.query, is_needed=is_needed(link))


def is_shutdown_page(link: Link) -> bool:
    return SHUTDOWN_PAGE.fit(link.text) is Fit.EXACT


def is_needed(link: Link) -> bool:
    return any(words.names(link.text) for words in NEEDED)


def why_not_address(url: str, host: str) -> str:
    """As `why_not`, for what a page shows by itself: frames, pictures, style sheets."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or (parts.hostname or "").lower() != host.lower():
        return "another host"
    return _why_not_address(basename(parts.path), parts.path, parts.query, is_needed=False)


def _why_not_address(name: str, path: str, query: str, *, is_needed: bool) -> str:
    stem, dot, ending = name.rpartition(".")
    if (stem or ending).endswith("_change"):
        return "takes a form"  # device-reference 3.2
    if CHANGES_SOMETHING.fit(_words(query)) is not None:
        return "its address tells of a change"
    if not is_needed and CHANGES_SOMETHING.fit(_words(path)) is not None:
        return "its address tells of a change"
    if (dot and ending.lower() in NO_PAGES) or HOLDS_SECRETS.fit(_words(f"{path} {query}")) is not None:
        return "may hold other people's secrets"
    return ""


def _words(text: str) -> str:
    return " ".join(WORD.findall(unquote(text)))
