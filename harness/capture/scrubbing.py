"""Secrets out of everything that is kept: plain, and in every form in which a page or an answer may hold them."""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Iterable, Iterator
from urllib.parse import quote, quote_plus

from harness.drivers.masking import HIDDEN, KEY, SHORT

TOKEN = re.compile(r"(?=[^&=]*\d)(?=[^&=]*[A-Za-z])[A-Za-z0-9+/_~.-]{16,}={0,2}")
"""What nobody would type: a session's or a form's secret, most likely."""
PATH_TOKEN = re.compile(r"(?=\D*\d)(?=[^A-Za-z]*[A-Za-z])[A-Za-z0-9]{12,}")


class Scrubber:
    """Knows the secrets of one unit."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self.secrets = frozenset(secret for secret in secrets if secret)
        long = {form for secret in self.secrets if len(secret) >= SHORT for form in forms_of(secret)}
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


def forms_of(secret: str) -> Iterator[str]:
    """Plain, escaped for HTML, XML, JSON and addresses, hexadecimal, and Base64 at each of its three alignments."""
    yield secret
    yield from (html.escape(secret), html.escape(secret, quote=False), html.escape(secret).replace("&#x27;", "&#39;"))
    yield "".join(f"&#{ord(letter)};" for letter in secret)
    yield from (json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1])
    for octets in dict.fromkeys((secret.encode(), secret.encode("latin-1", "replace"), secret.encode("utf-16-le"))):
        if octets != secret.encode("latin-1", "replace") or all(ord(letter) < 256 for letter in secret):
            yield from _forms_of_octets(octets)


def _forms_of_octets(octets: bytes) -> Iterator[str]:
    yield octets.decode("latin-1")
    yield from (octets.hex(), octets.hex().upper(), octets.hex(":"), octets.hex(":").upper())
    for quoted in (quote(octets), quote(octets, safe=""), quote_plus(octets), _all_quoted(octets)):
        yield from (quoted, re.sub(r"%[0-9A-F]{2}", lambda code: code[0].lower(), quoted))
    for ahead in range(3):
        # What stands before it shifts the sixes of bits; the letters that are shared with neighbours are left out.
        coded = base64.b64encode(bytes(ahead) + octets)
        first = (ahead * 8 + 5) // 6
        last = (ahead + len(octets)) * 8 // 6
        inner = coded[first:last].decode()
        if len(inner) >= SHORT:
            yield from (inner, inner.replace("+", "-").replace("/", "_"))


def _all_quoted(octets: bytes) -> str:
    return "".join(f"%{octet:02X}" for octet in octets)


def tokens_in(value: str) -> frozenset[str]:
    """What in a field's value, or behind the question mark of an address, looks like a secret of the session."""
    return frozenset(part for part in re.split(r"[&;=?]", value) if TOKEN.fullmatch(part))


def tokens_in_path(path: str) -> frozenset[str]:
    """Names of folders or pages that nobody would give: units without cookies put their session there."""
    return frozenset(part for part in path.split("/") if PATH_TOKEN.fullmatch(part) and not part.isalpha())
