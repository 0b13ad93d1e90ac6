"""Secrets out of everything that is kept: plain, and in every form in which a page or an answer may hold them."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable

from harness.drivers.masking import HIDDEN, KEY
from harness.secret_forms import SHORT, forms_of

TOKEN = re.compile(r"(?=[^&=]*\d)(?=[^&=]*[A-Za-z])[A-Za-z0-9+/_~.-]{16,}={0,2}")
"""What nobody would type: a session's or a form's secret, most likely."""
PATH_TOKEN = re.compile(r"(?=\D*\d)(?=[^A-Za-z]*[A-Za-z])[A-Za-z0-9]{12,}")


class Scrubber:
    """Knows the secrets of one unit."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self.secrets = frozenset(secret for secret in secrets if secret)
        long = {form for secret in self.secrets if len(secret) >= SHORT for _, form in forms_of(secret)}
        short = {form for secret in self.secrets if len(secret) < SHORT for form in (secret, html.escape(secret))}
        patterns = [re.escape(form) for form in sorted(long, key=len, reverse=True)]
        # A short one would be found everywhere: only as a word of its own.
        patterns += [rf"(?<!\w){re.escape(form)}(?!\w)" for form in sorted(short, key=len, reverse=True)]
        self._pattern = re.compile("|".join(patterns)) if patterns else None

    def text(self, text: str) -> str:
        """The text with `***` in place of each secret, and of private keys."""
        text = KEY.sub(HIDDEN, text)
        return self._pattern.sub(HIDDEN, text) if self._pattern else text

    def holds(self, octets: bytes) -> bool:
        """Whether octets that are no text have a secret in them."""
        text = octets.decode("latin-1")
        return self.text(text) != text


def tokens_in(value: str) -> frozenset[str]:
    """What in a field's value, or behind the question mark of an address, looks like a secret of the session."""
    return frozenset(part for part in re.split(r"[&;=?]", value) if TOKEN.fullmatch(part))


def tokens_in_path(path: str) -> frozenset[str]:
    """Names of folders or pages that nobody would give: units without cookies put their session there."""
    return frozenset(part for part in path.split("/") if PATH_TOKEN.fullmatch(part) and not part.isalpha())
