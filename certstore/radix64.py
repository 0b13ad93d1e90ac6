"""Base64 as OpenSSL read it before December 2015: EVP_DecodeUpdate and EVP_DecodeFinal, crypto/evp/encode.c.

It differs from RFC 4648 in everything but the ordinary case:

* the high bit of a character is ignored, so 0xC1 reads as `A`; but only 0x3D itself counts as padding;
* blanks, tabs and line ends are skipped wherever they stand;
* characters are worked off in groups of 64, whatever the length of the lines; a line holds at most 79 of them;
* `=` ends the data at the end of its group;
* `-` ends a group of whole quartets early, ends the data when nothing is waiting, and is skipped elsewhere;
* any other character spoils its group: decoding stops there, silently, and the group is lost.
"""

from __future__ import annotations

import re
from binascii import a2b_base64

from certstore.rules import Rule, Violation

GROUP = 64
LINE_LIMIT = 80  # So many characters before the end of a line are an error.

_PADDING = ord("=")
_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

_SKIPPED, _LINE_END, _DASH, _SEXTET, _SPOILER = range(5)
_KIND_OF_ASCII = {
    **dict.fromkeys(_ALPHABET, _SEXTET),
    _PADDING: _SEXTET,
    **dict.fromkeys(b" \t", _SKIPPED),
    **dict.fromkeys(b"\r\n", _LINE_END),
    ord("-"): _DASH,
}
_KIND = bytes(_KIND_OF_ASCII.get(character & 0x7F, _SPOILER) for character in range(256))
# Padding is worth six zero bits, as `A` is; the bytes that it stands for are cut off by count.
_AS_SEXTET = bytes(ord("A") if character & 0x7F == _PADDING else character & 0x7F for character in range(256))

# What every tool writes, and more: clean lines below the limit, padding only at the very end.
_ORDINARY = re.compile(rb"(?:[A-Za-z0-9+/]{1,79}+\n)*+(?:[A-Za-z0-9+/]{1,77}+={1,2}\n)?+")


def decode(text: bytes) -> bytes:
    """The data in the lines of `text`; Violation where OpenSSL says "bad base64 decode".

    Linear in the length of the text. An empty result is no error here.
    """
    if _ORDINARY.fullmatch(text) and (len(text) - text.count(b"\n")) % 4 == 0:
        return a2b_base64(text)
    return decode_exactly(text)


def decode_exactly(text: bytes) -> bytes:
    """What `decode` is defined to be: the C source's loop, one character at a time."""
    data = bytearray()
    group = bytearray()
    on_line = padding = 0
    last = len(text) - 1
    for position, character in enumerate(text):
        if on_line >= LINE_LIMIT:
            raise Violation(Rule.BASE64_LINE_TOO_LONG)
        kind = _KIND[character]
        if kind >= _SEXTET:
            group.append(character)
            on_line += 1
            padding += character == _PADDING
        elif kind == _LINE_END:
            on_line = 0
        waiting = len(group)
        ends = kind == _DASH
        if position == last and (waiting % 4 == 0 or padding):
            ends = True
            padding = group[-2:].count(_PADDING)
        if not (ends and waiting % 4 == 0) and waiting < GROUP:
            continue
        if not waiting or _SPOILER in group.translate(_KIND):
            return bytes(data)
        octets = a2b_base64(group.translate(_AS_SEXTET))
        if padding > len(octets):
            raise Violation(Rule.BASE64_PADDING)
        data += octets[: len(octets) - padding]
        group.clear()
        if padding:
            return bytes(data)
    if group:
        raise Violation(Rule.BASE64_LENGTH)
    return bytes(data)
