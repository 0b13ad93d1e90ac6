"""A short cut for certificates as everybody writes them.

`key_info` recognises version 3 certificates in plain DER and finds their public key in one pass. Whatever it does
not recognise is left to the template decoder, which is the rule; what it does recognise, that decoder reads in
either branch, and re-encodes to the same octets. Each test below is at least as strict as the template's.
"""

from __future__ import annotations

from functools import lru_cache

from certstore.asn1 import explicit_tag
from certstore.ber import (
    BIT_STRING,
    BOOLEAN,
    IA5_STRING,
    INTEGER,
    NULL,
    OBJECT,
    OCTET_STRING,
    PRINTABLE_STRING,
    SEQUENCE,
    SET,
    UTC_TIME,
    UTF8_STRING,
)
from certstore.der import encoded
from certstore.identifiers import EC_PUBLIC_KEY, RSA_ENCRYPTION, oid

_VERSION_3 = encoded(explicit_tag(0), encoded(INTEGER, b"\2"))
_UTC_TIME_OCTETS = 13
_NAME_STRINGS = (PRINTABLE_STRING, UTF8_STRING, IA5_STRING)
_EXTENSIONS = explicit_tag(3)

# Identifiers with octets beyond ASCII that occur in names and extensions; all others make the long way.
_IDENTIFIERS = frozenset(
    {
        oid("1.2.840.113549.1.9.1"),  # emailAddress
        oid("0.9.2342.19200300.100.1.25"),  # domainComponent
        oid("2.16.840.1.113730.1.1"),  # Netscape certificate type
        oid("2.16.840.1.113730.1.13"),  # Netscape comment
        oid("1.3.6.1.4.1.311.20.2"),  # Microsoft certificate template name
        oid("1.3.6.1.4.1.311.21.7"),  # Microsoft certificate template
        oid("1.3.6.1.4.1.311.21.10"),  # Microsoft application policies
        oid("1.3.6.1.4.1.11129.2.4.2"),  # signed certificate timestamps
    }
)


def _algorithm(identifier: bytes, *parameters: bytes) -> bytes:
    return encoded(SEQUENCE, encoded(OBJECT, identifier), *parameters)


_NULL = encoded(NULL)
_SIGNATURE_ALGORITHMS = frozenset(
    {_algorithm(oid(f"1.2.840.113549.1.1.{number}"), _NULL) for number in (4, 5, 11, 12, 13, 14)}
    | {_algorithm(oid("1.2.840.10045.4.1"))}
    | {_algorithm(oid(f"1.2.840.10045.4.3.{number}")) for number in (1, 2, 3, 4)}
)
_KEY_ALGORITHMS = frozenset(
    {_algorithm(RSA_ENCRYPTION, _NULL)}
    | {
        _algorithm(EC_PUBLIC_KEY, encoded(OBJECT, oid(curve)))
        for curve in ("1.2.840.10045.3.1.7", "1.3.132.0.34", "1.3.132.0.35")
    }
)


def key_info(octets: bytes) -> bytes | None:
    """The SubjectPublicKeyInfo of a certificate that fills `octets`; None if it takes the long way."""
    return _remembered_key_info(octets) if len(octets) <= _LARGEST else None


# An authority's certificate comes with every unit's. The two bounds are one on memory.
_LARGEST = 8192


@lru_cache(maxsize=256)
def _remembered_key_info(octets: bytes) -> bytes | None:
    try:
        return _key_info(octets)
    except IndexError:
        return None


def _key_info(b: bytes) -> bytes | None:
    at, end = _content(b, 0, SEQUENCE)
    if end != len(b):
        return None
    at, signed_end = _content(b, at, SEQUENCE)
    if not b.startswith(_VERSION_3, at):
        return None
    at += len(_VERSION_3)
    if b[at] != INTEGER or b[at + 1] >= 0x80:
        return None
    at += 2 + b[at + 1]
    algorithm = b[at : at + 2 + b[at + 1]]
    if algorithm not in _SIGNATURE_ALGORITHMS:
        return None
    at = _after_name(b, at + len(algorithm))
    if not at or b[at] != SEQUENCE or b[at + 1] != 2 * (2 + _UTC_TIME_OCTETS):
        return None
    for _ in range(2):
        if b[at + 2] != UTC_TIME or b[at + 3] != _UTC_TIME_OCTETS:
            return None
        at += 2 + _UTC_TIME_OCTETS
    at = _after_name(b, at + 2)
    if not at:
        return None
    key_start = at
    at, key_end = _content(b, at, SEQUENCE)
    key_algorithm = b[at : at + 2 + b[at + 1]]
    if key_algorithm not in _KEY_ALGORITHMS or _after_bit_string(b, at + len(key_algorithm)) != key_end:
        return None
    at = key_end
    if at != signed_end:
        at, extensions_end = _content(b, at, _EXTENSIONS)
        at, last_end = _content(b, at, SEQUENCE)
        if not extensions_end == last_end == signed_end:
            return None
        while at != signed_end:
            at = _after_extension(b, at)
            if not at or at > signed_end:
                return None
    if not b.startswith(algorithm, at) or _after_bit_string(b, at + len(algorithm)) != end:
        return None
    return b[key_start:key_end]


# The parts give zero where the long way must be taken; no part begins at zero.


def _content(b: bytes, at: int, tag: int) -> tuple[int, int]:
    """Where the content of a value with this tag begins and ends; nothing that can be right, if it has another."""
    length = b[at + 1]
    if b[at] != tag:
        return 0, -1
    if length < 0x80:
        return at + 2, at + 2 + length
    if length == 0x81 and b[at + 2] >= 0x80:
        return at + 3, at + 3 + b[at + 2]
    if length == 0x82 and b[at + 2]:
        return at + 4, at + 4 + (b[at + 2] << 8 | b[at + 3])
    return 0, -1


def _after_name(b: bytes, at: int) -> int:
    start, end = _content(b, at, SEQUENCE)
    return end if start and len(b) >= end and _is_plain_name(b[start:end]) else 0


def _is_plain_name(b: bytes) -> bool:
    """The content of a sequence of sets of one attribute each."""
    at, end = 0, len(b)
    while at < end:
        length = b[at + 1]
        identifier = b[at + 5]
        if (
            b[at] != SET
            or not 6 <= length < 0x80
            or b[at + 2] != SEQUENCE
            or b[at + 3] != length - 2
            or b[at + 4] != OBJECT
            or b[at + 6 + identifier] not in _NAME_STRINGS
            or b[at + 7 + identifier] != length - identifier - 6
        ):
            return False
        after = at + 2 + length
        name, value = b[at + 6 : at + 6 + identifier], b[at + 8 + identifier : after]
        if not name or not (name.isascii() or name in _IDENTIFIERS) or not value.isascii():
            return False
        at = after
    return at == end


def _after_bit_string(b: bytes, at: int) -> int:
    start, end = _content(b, at, BIT_STRING)
    return end if start and start < end and b[start] == 0 else 0


def _after_extension(b: bytes, at: int) -> int:
    at, end = _content(b, at, SEQUENCE)
    if not at or b[at] != OBJECT:
        return 0
    identifier = b[at + 2 : at + 2 + b[at + 1]]
    if not identifier or not (identifier.isascii() or identifier in _IDENTIFIERS):
        return 0
    at += 2 + b[at + 1]
    if b[at] == BOOLEAN:
        if b[at + 1] != 1:
            return 0
        at += 3
    _, value_end = _content(b, at, OCTET_STRING)
    return end if value_end == end else 0
