"""Whether a text gives away a secret of an upload, in whatever form it may stand there."""

from __future__ import annotations

import base64
import html
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from urllib.parse import quote, unquote_to_bytes

from cryptography.hazmat.primitives.asymmetric import rsa

from certstore import Upload

PIECE = 18
"""Octets: what is looked for of a longer secret. No page has so many of them by chance."""
SHORTEST = 6
"""Characters of a passphrase: a shorter one stands anywhere."""
WHITE = b" \t\r\n"
SEPARATORS = b" \t\r\n:-,"
"""What hexadecimal digits are printed with."""


@dataclass(frozen=True)
class Needle:
    """One form of one secret; its octets are in no repr."""

    what: str
    octets: bytes = field(repr=False)


@dataclass(frozen=True)
class Leak:
    """Where a secret can be read, and as what."""

    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


class Secrets:
    """Those of one upload: its key file, the private numbers of its key, its passphrase."""

    def __init__(self, upload: Upload, key: rsa.RSAPrivateKey) -> None:
        numbers = key.private_numbers()
        parts = {"d": numbers.d, "p": numbers.p, "q": numbers.q}
        self._plain = [*_file(upload.private_key), *_passphrase(upload.passphrase or b"")]
        self._decimal = [
            Needle(f"the key's {name}, in decimal", str(one)[10:50].encode()) for name, one in parts.items()
        ]
        octets = {name: one.to_bytes((one.bit_length() + 7) // 8, "big") for name, one in parts.items()}
        middle = {name: one[len(one) // 2 :][:PIECE] for name, one in octets.items()}
        self._raw = [Needle(f"the key's {name}, as it is", one) for name, one in middle.items()]
        self._hex = [Needle(f"the key's {name}, in hexadecimal", one.hex().encode()) for name, one in middle.items()]
        self._base64 = [needle for name, one in middle.items() for needle in _base64(f"the key's {name}", one)]

    def leaks_of(self, where: str, octets: bytes) -> Iterator[Leak]:
        """Each form that is found in there, once."""
        texts = {
            octets,
            html.unescape(octets.decode("latin-1")).encode("latin-1", "replace"),
            unquote_to_bytes(octets),
        }
        packed = {text.translate(None, WHITE) for text in texts}
        digits = {text.translate(None, SEPARATORS).lower() for text in texts}
        searched: tuple[tuple[Iterable[Needle], set[bytes]], ...] = (
            (self._plain, packed),
            (self._base64, packed),
            (self._raw, texts),
            (self._decimal, digits),
            (self._hex, digits),
        )
        found = dict.fromkeys(
            needle.what
            for needles, haystacks in searched
            for needle in needles
            if any(needle.octets in one for one in haystacks)
        )
        return (Leak(where, what) for what in found)


def _file(content: bytes) -> Iterator[Needle]:
    body = re.sub(rb"-----[^-]+-----|^[A-Z][\w-]+:.*$", b"", content, flags=re.MULTILINE).translate(None, WHITE)
    for at in (len(body) // 5, len(body) // 2, 4 * len(body) // 5):
        yield Needle("the key file", body[at : at + 2 * PIECE])


def _passphrase(passphrase: bytes) -> Iterator[Needle]:
    if len(passphrase) < SHORTEST:
        return
    yield Needle("the passphrase", passphrase.translate(None, WHITE))
    yield Needle("the passphrase, as in an address", quote(passphrase).encode())
    yield Needle("the passphrase, in hexadecimal", passphrase.hex().encode())
    yield from _base64("the passphrase", passphrase)


def _base64(what: str, octets: bytes) -> Iterator[Needle]:
    """At each of the three ways in which it may lie in a longer text (RFC 4648 4)."""
    for shift in range(3):
        inner = octets[shift : shift + (len(octets) - shift) // 3 * 3]
        yield Needle(f"{what}, in base64", base64.b64encode(inner))
