"""In what forms a secret may stand in something that is kept: as it is, and as formats and tools write it."""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Iterator
from urllib.parse import quote, quote_plus

SHORT = 4
"""A secret shorter than this is looked for as a word of its own: else it would be found everywhere."""


class _Numbered(dict[int, str]):
    """Each letter as HTML and XML have it by its number: for `str.translate`."""

    def __missing__(self, letter: int) -> str:
        self[letter] = numbered = f"&#{letter};"
        return numbered


NUMBERED = _Numbered()

Form = tuple[str, str]
"""What the form is called, and the text; octets that are no text stand as Latin-1 has them."""


def forms_of(secret: str) -> Iterator[Form]:
    """Plain, escaped for HTML, XML, JSON and addresses, hexadecimal, and Base64 at each of its three alignments."""
    yield "plain text", secret
    yield from _escaped(secret)
    for octets in dict.fromkeys((secret.encode(), secret.encode("latin-1", "replace"), secret.encode("utf-16-le"))):
        if octets != secret.encode("latin-1", "replace") or all(ord(letter) < 256 for letter in secret):
            yield from forms_of_octets(octets)


def forms_of_octets(octets: bytes) -> Iterator[Form]:
    """Raw, hexadecimal, quoted for addresses and forms, and Base64 at each of its three alignments."""
    raw = octets.decode("latin-1")
    yield "raw octets", raw
    yield from _escaped(raw)
    yield from (("escaped octets", shown) for shown in _as_programs_show(octets))
    for digits in (octets.hex(), octets.hex(":")):
        yield from (("hexadecimal", digits), ("hexadecimal", digits.upper()))
    for quoted in (quote(octets), quote(octets, safe=""), quote_plus(octets), _all_quoted(octets)):
        yield from _in_both_cases(quoted)
    for ahead in range(3):
        # What stands before it shifts the sixes of bits; the letters that are shared with neighbours are left out.
        coded = base64.b64encode(bytes(ahead) + octets)
        first = (ahead * 8 + 5) // 6
        last = (ahead + len(octets)) * 8 // 6
        inner = coded[first:last].decode()
        if len(inner) >= SHORT:
            yield from (("Base64", inner), ("Base64", inner.replace("+", "-").replace("/", "_")))
            yield from _in_both_cases(quote(inner, safe=""))


def _escaped(text: str) -> Iterator[Form]:
    """For HTML and XML, for JSON, and for one in the other."""
    for escaped in _as_html(text):
        yield "HTML", escaped
        yield from (("HTML in HTML", packed) for packed in _as_html(escaped))
        yield from (("JSON with HTML", packed) for packed in _as_json(escaped))
    for escaped in _as_json(text):
        yield "JSON", escaped
        yield from (("HTML with JSON", packed) for packed in _as_html(escaped))
        yield from (("JSON in JSON", packed) for packed in _as_json(escaped))


def _as_html(text: str) -> Iterator[str]:
    escaped = html.escape(text)
    # Most texts have nothing to escape: what comes out the same is followed up once.
    by_number = escaped.replace("&#x27;", "&#39;").replace("&quot;", "&#34;")
    yield from dict.fromkeys((escaped, html.escape(text, quote=False), by_number))
    yield text.translate(NUMBERED)


def _as_json(text: str) -> Iterator[str]:
    yield from dict.fromkeys((json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1]))


def _as_programs_show(octets: bytes) -> Iterator[str]:
    shown = repr(octets)[2:-1]
    yield from (shown, shown.replace("\\", "\\\\"))


def _in_both_cases(quoted: str) -> Iterator[Form]:
    yield "URL or form encoding", quoted
    first, *codes = quoted.split("%")
    if codes:
        yield "URL or form encoding", "%".join([first, *(code[:2].lower() + code[2:] for code in codes)])


def _all_quoted(octets: bytes) -> str:
    return f"%{octets.hex('%').upper()}" if octets else ""
