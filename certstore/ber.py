"""Tags and lengths as OpenSSL reads them: ASN1_get_object, asn1_lib.c; asn1_find_end and asn1_collect, tasn_dec.c.

Indefinite and non-minimal lengths are read, and strings in pieces.
"""

from __future__ import annotations

from certstore.rules import Rule, Violation

CONSTRUCTED = 0x20
CONTEXT = 0x80

BOOLEAN, INTEGER, BIT_STRING, OCTET_STRING, NULL, OBJECT = 0x01, 0x02, 0x03, 0x04, 0x05, 0x06
ENUMERATED, UTF8_STRING, SEQUENCE, SET = 0x0A, 0x0C, 0x30, 0x31
NUMERIC_STRING, PRINTABLE_STRING, T61_STRING, IA5_STRING = 0x12, 0x13, 0x14, 0x16
UTC_TIME, GENERALIZED_TIME, VISIBLE_STRING = 0x17, 0x18, 0x1A
UNIVERSAL_STRING, BMP_STRING = 0x1C, 0x1E

# ASN1_MAX_STRING_NEST: how deep the pieces of a string may be nested.
STRING_NESTING = 5
# sizeof(long) of the reference, a 64-bit machine.
LENGTH_OCTETS = 8

MULTI_OCTET_TAG = 0x1F
_LARGEST_TAG = 2**31 - 1


def header(octets: bytes, start: int, end: int) -> tuple[int, int, int, bool]:
    """Tag, where the content starts and ends, and whether the length is indefinite.

    The tag is the identifier octet for tag numbers below 31 however they are written, and a larger number with
    the same class bits above that. The content of an indefinite length ends, so far, with the enclosing structure.
    """
    if end - start < 2:
        raise Violation(Rule.ASN1_HEADER)
    tag = octets[start]
    at = start + 1
    if tag & MULTI_OCTET_TAG == MULTI_OCTET_TAG:
        tag, at = _long_tag(octets, start, end)
    length = octets[at]
    at += 1
    if length < 0x80:
        stop = at + length
    elif length == 0x80:
        if not tag & CONSTRUCTED:
            raise Violation(Rule.ASN1_HEADER)
        return tag, at, end, True
    else:
        width = length & 0x7F
        # asn1_get_length wants one octet more than the length has, so an empty value that is written with a long
        # length cannot be the last one.
        if width > LENGTH_OCTETS or end - at <= width:
            raise Violation(Rule.ASN1_HEADER)
        stop = at + width + int.from_bytes(octets[at : at + width])
        at += width
    if stop > end:
        raise Violation(Rule.ASN1_HEADER)
    return tag, at, stop, False


def _long_tag(octets: bytes, start: int, end: int) -> tuple[int, int]:
    at = start + 1
    number = 0
    while True:
        # One more octet must follow every octet of the number: the length.
        if end - at < 2:
            raise Violation(Rule.ASN1_HEADER)
        octet = octets[at]
        at += 1
        number = number << 7 | octet & 0x7F
        if not octet & 0x80:
            break
        if number > _LARGEST_TAG >> 7:
            raise Violation(Rule.ASN1_HEADER)
    class_bits = octets[start] & 0xE0
    if number < MULTI_OCTET_TAG:
        return class_bits | number, at
    return number << 8 | class_bits, at


def ends_here(octets: bytes, at: int, end: int) -> bool:
    """Whether an end-of-contents mark stands here."""
    return end - at >= 2 and octets[at] == 0 == octets[at + 1]


def end_of_indefinite(octets: bytes, at: int, end: int) -> int:
    """Where the value ends whose indefinite length has just been read (asn1_find_end)."""
    expected = 1
    while at < end:
        if ends_here(octets, at, end):
            at += 2
            expected -= 1
            if not expected:
                return at
            continue
        _, content, stop, indefinite = header(octets, at, end)
        at = content if indefinite else stop
        expected += indefinite
    raise Violation(Rule.ASN1_MISSING)


def pieces(octets: bytes, at: int, end: int, *, indefinite: bool, depth: int = 0) -> tuple[int, bytes]:
    """The content of a string that is written in pieces, whatever the tags of the pieces (asn1_collect)."""
    collected: list[bytes] = []
    while at < end:
        if ends_here(octets, at, end):
            if not indefinite:
                raise Violation(Rule.ASN1_LENGTH)
            return at + 2, b"".join(collected)
        tag, start, stop, inner_indefinite = header(octets, at, end)
        if tag & CONSTRUCTED:
            if depth >= STRING_NESTING:
                raise Violation(Rule.ASN1_NESTING)
            at, piece = pieces(octets, start, stop, indefinite=inner_indefinite, depth=depth + 1)
            collected.append(piece)
        else:
            collected.append(octets[start:stop])
            at = stop
    if indefinite:
        raise Violation(Rule.ASN1_MISSING)
    return at, b"".join(collected)
