"""BER as OpenSSL's template decoder reads it: crypto/asn1/tasn_dec.c and ASN1_get_object in asn1_lib.c.

The decoder is lenient where DER is strict (indefinite and non-minimal lengths, strings in pieces, any INTEGER) and
checks no more of a value than its type says here. Structures are built from these types in `certstore.structures`;
what reads differently in the two branches is a column of `certstore.branch.Branch`, passed down as `branch`.

Every `read` takes the octets, where to begin and where the enclosing structure ends, and gives back where the
value ends and the value; None where an optional one is absent; Violation where OpenSSL reports an error.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Protocol, TypeVar

from certstore.ber import (
    BIT_STRING,
    BMP_STRING,
    BOOLEAN,
    CONSTRUCTED,
    CONTEXT,
    ENUMERATED,
    INTEGER,
    LENGTH_OCTETS,
    NULL,
    OBJECT,
    OCTET_STRING,
    SEQUENCE,
    SET,
    UNIVERSAL_STRING,
    UTF8_STRING,
    end_of_indefinite,
    ends_here,
    header,
    pieces,
)
from certstore.branch import Branch
from certstore.rules import Rule, Violation

Read = tuple[int, Any]


class Type(Protocol):
    """One ASN.1 type; `tag` is None for a type that has several."""

    @property
    def tag(self) -> int | None: ...

    def read(self, octets: bytes, start: int, end: int, branch: Branch, *, optional: bool = False) -> Read | None: ...


Content = Callable[[bytes, Branch], Any]


@dataclass(frozen=True, slots=True)
class Primitive:
    """A value whose content is one run of octets; `content` checks and converts it."""

    tag: int
    content: Content
    scalar: bool = False

    def read(self, octets: bytes, start: int, end: int, branch: Branch, *, optional: bool = False) -> Read | None:
        tag, at, stop, indefinite = header(octets, start, end)
        if tag == self.tag:
            return stop, self.content(octets[at:stop], branch)
        if tag != self.tag | CONSTRUCTED:
            if optional:
                return None
            raise Violation(Rule.ASN1_TAG)
        if self.scalar and not branch.reads_scalars_in_pieces:
            raise Violation(Rule.ASN1_TAG)
        stop, collected = pieces(octets, at, stop, indefinite=indefinite)
        return stop, self.content(collected, branch)


# content of each universal type, by tag number; every other one may hold anything.
def _raw(content: bytes, branch: Branch) -> bytes:
    return content


def _integer(content: bytes, branch: Branch) -> int:
    return int.from_bytes(content, signed=True)


def _magnitude(content: bytes, branch: Branch) -> int:
    return int.from_bytes(content)


def _long(content: bytes, branch: Branch) -> int:
    # long_c2i: what does not fit a long is refused, and so is the one value that stands for "none".
    if len(content) > LENGTH_OCTETS:
        raise Violation(Rule.ASN1_VALUE)
    value = int.from_bytes(content, signed=True)
    if value == 0x7FFFFFFF:
        raise Violation(Rule.ASN1_VALUE)
    return value


def _c_long(content: bytes, branch: Branch) -> int:
    """What ASN1_INTEGER_get makes of it on a 64-bit machine: minus one if it has too many octets, else what fits."""
    negative = bool(content) and content[0] >= 0x80
    value = int.from_bytes(content, signed=True)
    # c2i_ASN1_INTEGER drops one sign octet, not more.
    redundant = len(content) > 1 and content[0] == (0xFF if negative else 0)
    width = max(len(content) - redundant, (abs(value).bit_length() + 7) // 8)
    if width > LENGTH_OCTETS:
        return -1
    return (value + 2**63) % 2**64 - 2**63


def _boolean(content: bytes, branch: Branch) -> bool:
    if len(content) != 1:
        raise Violation(Rule.ASN1_VALUE)
    return content != b"\0"


def _null(content: bytes, branch: Branch) -> None:
    if content:
        raise Violation(Rule.ASN1_VALUE)


def _object(content: bytes, branch: Branch) -> bytes:
    # c2i_ASN1_OBJECT since CVE-2014-3508: the last octet ends a number, and no number begins with 0x80.
    if not content or content[-1] & 0x80 or content[0] == 0x80:
        raise Violation(Rule.ASN1_VALUE)
    if 0x80 in content:
        at = content.find(0x80)
        while at >= 0:
            if not content[at - 1] & 0x80:
                raise Violation(Rule.ASN1_VALUE)
            at = content.find(0x80, at + 1)
    return content


@dataclass(frozen=True, slots=True)
class BitString:
    """Octets, of whose last one the unused bits are cleared."""

    octets: bytes
    unused: int


def _bit_string(content: bytes, branch: Branch) -> BitString:
    if not content:
        raise Violation(Rule.ASN1_VALUE)
    unused = content[0]
    if unused == 0:
        return BitString(content[1:], 0)
    if unused > 7 and not branch.reads_bit_strings_with_many_unused_bits:
        raise Violation(Rule.ASN1_VALUE)
    octets = content[1:]
    if octets:
        # The shift count is taken modulo 32 by the processor.
        octets = octets[:-1] + bytes([octets[-1] & 0xFF << (unused & 31) & 0xFF])
    return BitString(octets, unused & 7)


def _even(content: bytes, branch: Branch) -> bytes:
    if len(content) % 2:
        raise Violation(Rule.ASN1_VALUE)
    return content


def _quarters(content: bytes, branch: Branch) -> bytes:
    if len(content) % 4:
        raise Violation(Rule.ASN1_VALUE)
    return content


CONTENT: dict[int, Content] = {
    BOOLEAN: _boolean,
    INTEGER: _integer,
    BIT_STRING: _bit_string,
    NULL: _null,
    OBJECT: _object,
    ENUMERATED: _integer,
    UNIVERSAL_STRING: _quarters,
    BMP_STRING: _even,
}
SCALARS = frozenset({BOOLEAN, INTEGER, NULL, OBJECT, ENUMERATED})

Boolean = Primitive(BOOLEAN, _boolean, scalar=True)
Integer = Primitive(INTEGER, _integer, scalar=True)
Magnitude = Primitive(INTEGER, _magnitude, scalar=True)  # BIGNUM: the sign is lost.
Long = Primitive(INTEGER, _long, scalar=True)
CLong = Primitive(INTEGER, _c_long, scalar=True)
ObjectIdentifier = Primitive(OBJECT, _object, scalar=True)
BitStringType = Primitive(BIT_STRING, _bit_string)
OctetString = Primitive(OCTET_STRING, _raw)
Utf8String = Primitive(UTF8_STRING, _raw)


@dataclass(frozen=True, slots=True)
class Value:
    """A value of a type found out from its tag: the tag and the content as that type gives it.

    For SEQUENCE, SET and everything outside the universal class the content is the whole encoding.
    """

    tag: int
    content: Any
    octets: bytes
    encoding: bytes


@dataclass(frozen=True, slots=True)
class AnyType:
    """ANY, and the CHOICE of strings: `tags` are the tag numbers allowed, None for all."""

    tags: frozenset[int] | None = None
    tag: int | None = None

    def read(self, octets: bytes, start: int, end: int, branch: Branch, *, optional: bool = False) -> Read | None:
        tag, at, stop, indefinite = header(octets, start, end)
        number = tag & ~CONSTRUCTED
        if self.tags is not None and number not in self.tags:
            if optional:
                return None
            raise Violation(Rule.ASN1_TAG)
        if number in _ENCODED or tag & 0xC0:
            if not tag & CONSTRUCTED and not tag & 0xC0:
                raise Violation(Rule.ASN1_TAG)
            stop = end_of_indefinite(octets, at, end) if indefinite else stop
            encoding = octets[start:stop]
            return stop, Value(tag, encoding, encoding, encoding)
        if tag & CONSTRUCTED:
            if number in SCALARS and not branch.reads_scalars_in_pieces:
                raise Violation(Rule.ASN1_TAG)
            stop, content = pieces(octets, at, stop, indefinite=indefinite)
        else:
            content = octets[at:stop]
        convert = CONTENT.get(number, _raw)
        return stop, Value(number, convert(content, branch), content, octets[start:stop])


_ENCODED = frozenset({SEQUENCE & ~CONSTRUCTED, SET & ~CONSTRUCTED})
Any_ = AnyType()


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a structure."""

    name: str
    type: Type
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Sequence:
    """SEQUENCE: the values of its fields in order, None for the absent ones."""

    fields: tuple[Field, ...]
    tag: int = SEQUENCE

    def read(self, octets: bytes, start: int, end: int, branch: Branch, *, optional: bool = False) -> Read | None:
        tag, at, stop, indefinite = header(octets, start, end)
        if tag != self.tag:
            if optional and tag != self.tag & ~CONSTRUCTED:
                return None
            raise Violation(Rule.ASN1_TAG)
        values: list[Any] = [None] * len(self.fields)
        last = len(self.fields) - 1
        index = 0
        open_end = indefinite
        for index, field in enumerate(self.fields):
            if at == stop:
                break
            if not octets[at] and ends_here(octets, at, stop):
                if not indefinite:
                    raise Violation(Rule.ASN1_LENGTH)
                at += 2
                open_end = False
                break
            kind = field.type
            # Nearly every field is a plain value of the type that stands here: no call to read its header.
            if type(kind) is Primitive and octets[at] == kind.tag and at + 3 < stop:
                length = octets[at + 1]
                if length < 0x80:
                    start = at + 2
                    after = start + length
                elif length == 0x82 and at + 4 < stop:
                    start = at + 4
                    after = start + (octets[at + 2] << 8 | octets[at + 3])
                else:
                    after = stop + 1
                if after <= stop:
                    values[index] = kind.content(octets[start:after], branch)
                    at = after
                    continue
            # A field that is optional cannot be left out when it is the last one and something is left to read.
            found = kind.read(octets, at, stop, branch, optional=field.optional and index != last)
            if found is not None:
                at, values[index] = found
        else:
            index = last + 1
        if open_end:
            if not ends_here(octets, at, stop):
                raise Violation(Rule.ASN1_MISSING)
            at += 2
        if not indefinite and at != stop:
            raise Violation(Rule.ASN1_LENGTH)
        for field in self.fields[index:]:
            if not field.optional:
                raise Violation(Rule.ASN1_MISSING)
        return at, tuple(values)


@dataclass(frozen=True, slots=True)
class Kept:
    """A structure together with its encoding, byte for byte."""

    fields: tuple[Any, ...]
    encoding: bytes


@dataclass(frozen=True, slots=True)
class Keeping:
    """A structure whose encoding is kept (ASN1_SEQUENCE_enc)."""

    type: Sequence

    @property
    def tag(self) -> int:
        return self.type.tag

    def read(self, octets: bytes, start: int, end: int, branch: Branch, *, optional: bool = False) -> Read | None:
        found = self.type.read(octets, start, end, branch, optional=optional)
        if found is None:
            return None
        at, fields = found
        return at, Kept(fields, octets[start:at])


@dataclass(frozen=True, slots=True)
class Repeated:
    """SEQUENCE OF and SET OF: a tuple of values. Whether the tag says "constructed" is not looked at."""

    element: Type
    tag: int = SEQUENCE

    def read(self, octets: bytes, start: int, end: int, branch: Branch, *, optional: bool = False) -> Read | None:
        tag, at, stop, indefinite = header(octets, start, end)
        if tag | CONSTRUCTED != self.tag:
            if optional:
                return None
            raise Violation(Rule.ASN1_TAG)
        values: list[Any] = []
        read = self.element.read
        while at < stop:
            if not octets[at] and ends_here(octets, at, stop):
                if not indefinite:
                    raise Violation(Rule.ASN1_LENGTH)
                return at + 2, tuple(values)
            found = read(octets, at, stop, branch)
            assert found is not None, "only an optional value can be absent"
            at, value = found
            values.append(value)
        if indefinite:
            raise Violation(Rule.ASN1_MISSING)
        return at, tuple(values)


@dataclass(frozen=True, slots=True)
class Choice:
    """CHOICE: the first of the types whose tag stands there."""

    types: tuple[Type, ...]
    tag: int | None = None

    def read(self, octets: bytes, start: int, end: int, branch: Branch, *, optional: bool = False) -> Read | None:
        for kind in self.types:
            found = kind.read(octets, start, end, branch, optional=True)
            if found is not None:
                return found
        if optional:
            return None
        raise Violation(Rule.ASN1_TAG)


@dataclass(frozen=True, slots=True)
class Explicit:
    """[n] EXPLICIT."""

    tag: int
    type: Type

    def read(self, octets: bytes, start: int, end: int, branch: Branch, *, optional: bool = False) -> Read | None:
        tag, at, stop, indefinite = header(octets, start, end)
        if tag != self.tag:
            if optional and tag != self.tag & ~CONSTRUCTED:
                return None
            raise Violation(Rule.ASN1_TAG)
        found = self.type.read(octets, at, stop, branch)
        assert found is not None, "only an optional value can be absent"
        at, value = found
        if indefinite:
            if not ends_here(octets, at, stop):
                raise Violation(Rule.ASN1_MISSING)
            at += 2
        elif at != stop:
            raise Violation(Rule.ASN1_LENGTH)
        return at, value


def explicit_tag(number: int) -> int:
    return CONTEXT | CONSTRUCTED | number


def explicit(number: int, of: Type) -> Explicit:
    return Explicit(explicit_tag(number), of)


_Tagged = TypeVar("_Tagged", Primitive, Sequence, Repeated)


def implicit(number: int, of: _Tagged) -> _Tagged:
    constructed = 0 if isinstance(of, Primitive) else CONSTRUCTED
    return replace(of, tag=CONTEXT | constructed | number)


def decode(kind: Type, octets: bytes, branch: Branch) -> Read:
    """The value at the start of `octets` and where it ends; what follows is the caller's business."""
    found = kind.read(octets, 0, len(octets), branch)
    assert found is not None, "only an optional value can be absent"
    return found


def string_octets(value: Value) -> bytes:
    """The octets that an ASN1_STRING holds for a value of any type that is one; for numbers, the magnitude."""
    content = value.content
    if isinstance(content, BitString):
        return content.octets
    if isinstance(content, int):
        return abs(content).to_bytes(max(1, (content.bit_length() + 7) // 8))
    assert isinstance(content, bytes), "booleans, nulls and identifiers are no strings"
    return content
