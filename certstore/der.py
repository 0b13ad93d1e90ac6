"""Writing DER: for what is served, and for what is compared by its hash."""

from __future__ import annotations

from certstore.asn1 import BitString, Value
from certstore.ber import BIT_STRING, ENUMERATED, INTEGER, MULTI_OCTET_TAG


def encoded(tag: int, *contents: bytes) -> bytes:
    """One DER value."""
    content = b"".join(contents)
    length = len(content)
    if length < 0x80:
        return _identifier(tag) + bytes([length]) + content
    octets = length.to_bytes((length.bit_length() + 7) // 8)
    return _identifier(tag) + bytes([0x80 | len(octets)]) + octets + content


def _identifier(tag: int) -> bytes:
    if tag <= 0xFF:
        return bytes([tag])
    number = tag >> 8
    octets = [number & 0x7F]
    while number := number >> 7:
        octets.append(0x80 | number & 0x7F)
    return bytes([tag & 0xE0 | MULTI_OCTET_TAG, *reversed(octets)])


def encoded_integer(value: int) -> bytes:
    """An INTEGER."""
    return encoded(INTEGER, value.to_bytes(_width(value), signed=True))


def reencoded(value: Value) -> bytes:
    """A value of ANY type as OpenSSL writes it again: in DER, but for what is kept whole."""
    if value.octets is value.encoding:
        return value.encoding
    if isinstance(value.content, BitString):
        unused = value.content.unused if value.content.octets else 0
        return encoded(BIT_STRING, bytes([unused]), value.content.octets)
    if value.tag in (INTEGER, ENUMERATED):
        return encoded(value.tag, _number_octets(value.octets))
    return encoded(value.tag, value.octets)


def _number_octets(content: bytes) -> bytes:
    """Content of a number that was read and is written again: one superfluous sign octet goes, not more."""
    if not content:
        return b"\0"
    value = int.from_bytes(content, signed=True)
    width = len(content) - (len(content) > 1 and content[0] in (0x00, 0xFF))
    return value.to_bytes(max(width, _width(value)), signed=True)


def _width(value: int) -> int:
    return (value if value >= 0 else ~value).bit_length() // 8 + 1
