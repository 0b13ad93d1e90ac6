"""The lenient decoder: crypto/asn1/tasn_dec.c."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certstore import OPENSSL_0_9_8, OPENSSL_1_0_1, Branch, asn1
from certstore.asn1 import (
    Any_,
    AnyType,
    BitString,
    BitStringType,
    Boolean,
    Choice,
    CLong,
    Field,
    Integer,
    Keeping,
    Long,
    Magnitude,
    ObjectIdentifier,
    OctetString,
    Repeated,
    Sequence,
    Type,
    explicit,
    implicit,
)
from certstore.ber import (
    BIT_STRING,
    BMP_STRING,
    BOOLEAN,
    CONSTRUCTED,
    ENUMERATED,
    INTEGER,
    NULL,
    OBJECT,
    OCTET_STRING,
    SEQUENCE,
    SET,
    UNIVERSAL_STRING,
    UTF8_STRING,
)
from certstore.der import encoded, reencoded
from certstore.identifiers import oid
from certstore.rules import Violation

PIECES = CONSTRUCTED
END = b"\0\0"

Numbers = Sequence((Field("a", Integer), Field("b", Integer)))
Optional = Sequence((Field("a", Integer, optional=True), Field("b", OctetString, optional=True)))
Middle = Sequence((Field("a", Integer, optional=True), Field("b", OctetString)))
Nested = Sequence((Field("a", explicit(0, Integer), optional=True), Field("b", Numbers, optional=True)))
Strings = AnyType(frozenset({UTF8_STRING, BMP_STRING, SEQUENCE & ~PIECES}))


def open_ended(tag: int, *contents: bytes) -> bytes:
    """A value of indefinite length."""
    return bytes([tag | PIECES, 0x80]) + b"".join(contents) + END


ONE, TWO = encoded(INTEGER, b"\1"), encoded(INTEGER, b"\2")
LONG = b"x" * 300

# Type, octets, value or broken rule, and where the value ends if not at the end of the octets.
READ: dict[str, tuple[Type, bytes, Any]] = {
    "integer": (Integer, ONE, 1),
    "negative-integer": (Integer, encoded(INTEGER, b"\xfe"), -2),
    "integer-with-leading-zeros": (Integer, encoded(INTEGER, b"\0\0\1"), 1),
    "empty-integer": (Integer, encoded(INTEGER) + b"\0", 0),
    "magnitude-of-a-negative": (Magnitude, encoded(INTEGER, b"\xfe"), 254),
    "length-in-the-long-form": (Integer, b"\x02\x81\x01\x07", 7),
    "length-with-leading-zeros": (Integer, b"\x02\x84\0\0\0\1\7", 7),
    "length-of-nine-octets": (Integer, b"\x02\x89" + bytes(8) + b"\1\7", "asn1-header"),
    "empty-value-with-a-long-length-at-the-end": (OctetString, b"\x04\x81\x00", "asn1-header"),
    "empty-value-with-a-long-length-before-more": (OctetString, b"\x04\x81\x00\x05", b""),
    "tag-in-the-long-form": (Integer, b"\x1f\x02\x01\x07", 7),
    "tag-with-leading-zeros": (Integer, b"\x1f\x80\x80\x02\x01\x07", 7),
    "tag-without-end": (Integer, b"\x1f\x82\x82\x82", "asn1-header"),
    "tag-beyond-all-bounds": (Integer, b"\x1f" + b"\xff" * 6 + b"\x01\0\0", "asn1-header"),
    "nothing": (Integer, b"", "asn1-header"),
    "tag-alone": (Integer, b"\x02", "asn1-header"),
    "value-cut-off": (Integer, b"\x02\x02\x01", "asn1-header"),
    "other-tag": (Integer, encoded(OCTET_STRING, b"x"), "asn1-tag"),
    "indefinite-length-of-a-primitive": (Integer, b"\x02\x80\1" + END, "asn1-header"),
    "long": (Long, encoded(INTEGER, b"\xff"), -1),
    "nine-octets-are-no-long": (Long, encoded(INTEGER, bytes(8) + b"\1"), "asn1-value"),
    "the-long-that-stands-for-none": (Long, encoded(INTEGER, b"\x7f\xff\xff\xff"), "asn1-value"),
    "c-long": (CLong, encoded(INTEGER, b"\0\xff"), 255),
    "negative-c-long": (CLong, encoded(INTEGER, b"\xff\0"), -256),
    "c-long-of-eight-octets": (CLong, encoded(INTEGER, b"\0" + b"\xff" * 8), -1),
    "c-long-of-too-many-octets": (CLong, encoded(INTEGER, b"\1" + bytes(8)), -1),
    "empty-c-long": (CLong, encoded(INTEGER), 0),
    "true": (Boolean, encoded(BOOLEAN, b"\1"), True),
    "false": (Boolean, encoded(BOOLEAN, b"\0"), False),
    "boolean-of-two-octets": (Boolean, encoded(BOOLEAN, b"\0\0"), "asn1-value"),
    "object": (ObjectIdentifier, encoded(OBJECT, oid("1.2.840.113549")), oid("1.2.840.113549")),
    "empty-object": (ObjectIdentifier, encoded(OBJECT), "asn1-value"),
    "object-cut-off": (ObjectIdentifier, encoded(OBJECT, b"\x2a\x86"), "asn1-value"),
    "object-with-leading-zeros": (ObjectIdentifier, encoded(OBJECT, b"\x2a\x80\x01"), "asn1-value"),
    "object-that-begins-with-zeros": (ObjectIdentifier, encoded(OBJECT, b"\x80\x01"), "asn1-value"),
    "object-with-zeros-inside": (ObjectIdentifier, encoded(OBJECT, b"\x2a\x81\x80\x01"), b"\x2a\x81\x80\x01"),
    "bits": (BitStringType, encoded(BIT_STRING, b"\0ab"), BitString(b"ab", 0)),
    "unused-bits-are-cleared": (BitStringType, encoded(BIT_STRING, b"\4a\xff"), BitString(b"a\xf0", 4)),
    "no-bits": (BitStringType, encoded(BIT_STRING, b"\0"), BitString(b"", 0)),
    "unused-bits-of-nothing": (BitStringType, encoded(BIT_STRING, b"\3"), BitString(b"", 3)),
    "bits-without-the-count": (BitStringType, encoded(BIT_STRING), "asn1-value"),
    "octets": (OctetString, encoded(OCTET_STRING, LONG), LONG),
    "octets-in-pieces": (
        OctetString,
        encoded(OCTET_STRING | PIECES, encoded(OCTET_STRING, b"a"), encoded(UTF8_STRING, b"b")),
        b"ab",
    ),
    "octets-in-open-ended-pieces": (OctetString, open_ended(OCTET_STRING, encoded(OCTET_STRING, b"a")), b"a"),
    "open-ended-pieces-without-end": (OctetString, open_ended(OCTET_STRING)[:-2], "asn1-missing"),
    "end-within-definite-pieces": (OctetString, encoded(OCTET_STRING | PIECES, END), "asn1-length"),
    "pieces-of-pieces": (
        OctetString,
        encoded(OCTET_STRING | PIECES, open_ended(OCTET_STRING, encoded(OCTET_STRING, b"a"))),
        b"a",
    ),
    "sequence": (Numbers, encoded(SEQUENCE, ONE, TWO), (1, 2)),
    "open-ended-sequence": (Numbers, open_ended(SEQUENCE, ONE, TWO), (1, 2)),
    "open-ended-sequence-without-end": (Numbers, open_ended(SEQUENCE, ONE, TWO)[:-2], "asn1-missing"),
    "open-ended-sequence-that-ends-early": (Numbers, open_ended(SEQUENCE, ONE), "asn1-missing"),
    "end-within-a-definite-sequence": (Numbers, encoded(SEQUENCE, ONE, END), "asn1-length"),
    "sequence-that-is-not-constructed": (Numbers, encoded(SEQUENCE & ~PIECES, ONE, TWO), "asn1-tag"),
    "field-missing": (Numbers, encoded(SEQUENCE, ONE), "asn1-missing"),
    "long-field": (Middle, encoded(SEQUENCE, encoded(OCTET_STRING, LONG)), (None, LONG)),
    "long-length-of-an-empty-last-field": (Middle, encoded(SEQUENCE, b"\4\x82\0\0"), "asn1-header"),
    "long-length-of-a-field-beyond-its-sequence": (Middle, encoded(SEQUENCE, b"\4\x82\1\0x"), "asn1-header"),
    "field-too-many": (Numbers, encoded(SEQUENCE, ONE, TWO, ONE), "asn1-length"),
    "field-of-another-type": (Numbers, encoded(SEQUENCE, ONE, encoded(OCTET_STRING)), "asn1-tag"),
    "field-beyond-its-sequence": (Numbers, b"\x30\x05\x02\x01\x01\x02\x01\x02", "asn1-header"),
    "both-optional-fields": (Optional, encoded(SEQUENCE, ONE, encoded(OCTET_STRING, b"x")), (1, b"x")),
    "no-optional-field": (Optional, encoded(SEQUENCE), (None, None)),
    "second-optional-field": (Optional, encoded(SEQUENCE, encoded(OCTET_STRING, b"x")), (None, b"x")),
    "first-optional-field": (Optional, encoded(SEQUENCE, ONE), (1, None)),
    "neither-of-two-optional-fields": (Optional, encoded(SEQUENCE, encoded(NULL)), "asn1-tag"),
    "optional-field-left-out-before-another": (Middle, encoded(SEQUENCE, encoded(OCTET_STRING, b"")), (None, b"")),
    "explicit": (Nested, encoded(SEQUENCE, encoded(0xA0, ONE)), (1, None)),
    "open-ended-explicit": (Nested, encoded(SEQUENCE, open_ended(0xA0, ONE)), (1, None)),
    "open-ended-explicit-without-end": (Nested, encoded(SEQUENCE, b"\xa0\x80" + ONE), "asn1-missing"),
    "explicit-with-two-values": (Nested, encoded(SEQUENCE, encoded(0xA0, ONE, TWO)), "asn1-length"),
    "explicit-that-is-not-constructed": (Nested, encoded(SEQUENCE, encoded(0x80, ONE)), "asn1-tag"),
    "explicit-left-out": (Nested, encoded(SEQUENCE, encoded(SEQUENCE, ONE, TWO)), (None, (1, 2))),
    "explicit-missing": (explicit(0, Integer), ONE, "asn1-tag"),
    "implicit": (implicit(1, OctetString), encoded(0x81, b"x"), b"x"),
    "implicit-sequence": (implicit(1, Numbers), encoded(0xA1, ONE, TWO), (1, 2)),
    "repeated": (Repeated(Integer), encoded(SEQUENCE, ONE, TWO), (1, 2)),
    "repeated-none": (Repeated(Integer), encoded(SEQUENCE), ()),
    "repeated-open-ended": (Repeated(Integer), open_ended(SEQUENCE, ONE), (1,)),
    "repeated-open-ended-without-end": (Repeated(Integer), open_ended(SEQUENCE, ONE)[:-2], "asn1-missing"),
    "repeated-with-an-end": (Repeated(Integer), encoded(SEQUENCE, END), "asn1-length"),
    "repeated-need-not-be-constructed": (Repeated(Integer), encoded(SEQUENCE & ~PIECES, ONE), (1,)),
    "repeated-of-another-type": (Repeated(Integer), encoded(SET, ONE), "asn1-tag"),
    "choice": (Choice((Integer, Numbers)), encoded(SEQUENCE, ONE, TWO), (1, 2)),
    "choice-of-none": (Choice((Integer, Numbers)), encoded(NULL), "asn1-tag"),
    "kept": (Keeping(Numbers), encoded(SEQUENCE, ONE, TWO), asn1.Kept((1, 2), encoded(SEQUENCE, ONE, TWO))),
    "string-of-a-list": (Strings, encoded(UTF8_STRING, b"x"), b"x"),
    "string-not-in-the-list": (Strings, encoded(OCTET_STRING, b"x"), "asn1-tag"),
    "string-of-another-class": (Strings, encoded(0x80 | UTF8_STRING, b"x"), "asn1-tag"),
    "odd-bmp-string": (Any_, encoded(BMP_STRING, b"x"), "asn1-value"),
    "even-bmp-string": (Any_, encoded(BMP_STRING, b"xy"), b"xy"),
    "universal-string-of-three-octets": (Any_, encoded(UNIVERSAL_STRING, b"xyz"), "asn1-value"),
    "universal-string-of-four-octets": (Any_, encoded(UNIVERSAL_STRING, b"wxyz"), b"wxyz"),
    "null": (Any_, encoded(NULL), None),
    "null-with-content": (Any_, encoded(NULL, b"x"), "asn1-value"),
    "any-in-pieces": (Any_, encoded(UTF8_STRING | PIECES, encoded(OCTET_STRING, b"a")), b"a"),
    "any-sequence-is-kept-whole": (Any_, encoded(SEQUENCE, b"whatever"), encoded(SEQUENCE, b"whatever")),
    "any-sequence-must-be-constructed": (Any_, encoded(SEQUENCE & ~PIECES, ONE), "asn1-tag"),
    "any-open-ended-sequence": (
        Any_,
        open_ended(SEQUENCE, ONE, open_ended(SEQUENCE, TWO)),
        open_ended(SEQUENCE, ONE, open_ended(SEQUENCE, TWO)),
    ),
    "any-open-ended-sequence-without-end": (Any_, open_ended(SEQUENCE, ONE)[:-2], "asn1-missing"),
    "any-of-another-class-is-kept-whole": (Any_, encoded(0x85, b"x"), encoded(0x85, b"x")),
    "any-of-an-unknown-type": (Any_, b"\x1f\x40\x01x", b"x"),
}


@pytest.mark.parametrize(("kind", "octets", "value"), READ.values(), ids=READ)
def test_values_are_read_as_the_template_decoder_does(kind: Type, octets: bytes, value: Any, branch: Branch) -> None:
    try:
        _, found = asn1.decode(kind, octets, branch)
    except Violation as violation:
        found = violation.rule.short_name
    assert (found.content if isinstance(found, asn1.Value) else found) == value


@pytest.mark.parametrize(
    ("kind", "content"),
    [(Integer, b"\1"), (Boolean, b"\1"), (ObjectIdentifier, b"\x2a"), (Any_, b"\1")],
    ids=["integer", "boolean", "object", "any"],
)
def test_only_1_0_1_reads_scalars_in_pieces(kind: Type, content: bytes) -> None:
    tag = kind.tag or INTEGER
    octets = encoded(tag | PIECES, encoded(OCTET_STRING, content))

    assert asn1.decode(kind, octets, OPENSSL_1_0_1)[0] == len(octets)
    with pytest.raises(Violation, match="ASN1_TAG"):
        asn1.decode(kind, octets, OPENSSL_0_9_8)


@pytest.mark.parametrize(("unused", "last"), [(8, 0), (31, 0), (32, 0xFF), (36, 0xF0)])
def test_only_1_0_1_reads_more_than_seven_unused_bits(unused: int, last: int) -> None:
    octets = encoded(BIT_STRING, bytes([unused]) + b"a\xff")

    _, bits = asn1.decode(BitStringType, octets, OPENSSL_1_0_1)
    assert bits == BitString(b"a" + bytes([last]), unused & 7)
    with pytest.raises(Violation, match="ASN1_VALUE"):
        asn1.decode(BitStringType, octets, OPENSSL_0_9_8)


@pytest.mark.parametrize(("depth", "outcome"), [(5, b"x"), (6, "asn1-nesting")])
def test_pieces_may_be_nested_five_deep(depth: int, outcome: bytes | str) -> None:
    octets = encoded(OCTET_STRING, b"x")
    for _ in range(depth + 1):
        octets = encoded(OCTET_STRING | PIECES, octets)

    try:
        found: bytes | str = asn1.decode(OctetString, octets, OPENSSL_1_0_1)[1]
    except Violation as violation:
        found = violation.rule.short_name
    assert found == outcome


def test_deep_nesting_costs_no_stack() -> None:
    octets = b"\x30\x80" * 50_000

    with pytest.raises(Violation, match="ASN1_MISSING"):
        asn1.decode(Any_, octets, OPENSSL_1_0_1)


# A value of ANY type, and how it is written again.
REENCODED = {
    "integer": (ONE, ONE),
    "long-length": (b"\x02\x81\x01\x07", encoded(INTEGER, b"\7")),
    "one-superfluous-zero": (encoded(INTEGER, b"\0\7"), encoded(INTEGER, b"\7")),
    "two-superfluous-zeros": (encoded(INTEGER, b"\0\0\7"), encoded(INTEGER, b"\0\7")),
    "needed-zero": (encoded(INTEGER, b"\0\xff"), encoded(INTEGER, b"\0\xff")),
    "negative": (encoded(INTEGER, b"\xff\x80"), encoded(INTEGER, b"\x80")),
    "empty-integer": (encoded(INTEGER), encoded(INTEGER, b"\0")),
    "enumerated": (encoded(ENUMERATED, b"\0\7"), encoded(ENUMERATED, b"\7")),
    "bits": (encoded(BIT_STRING, b"\4\xff"), encoded(BIT_STRING, b"\4\xf0")),
    "no-bits": (encoded(BIT_STRING, b"\4"), encoded(BIT_STRING, b"\0")),
    "boolean": (encoded(BOOLEAN, b"\7"), encoded(BOOLEAN, b"\7")),
    "string-in-pieces": (open_ended(UTF8_STRING, encoded(OCTET_STRING, b"a")), encoded(UTF8_STRING, b"a")),
    "open-ended-sequence": (open_ended(SEQUENCE, ONE), open_ended(SEQUENCE, ONE)),
    "other-class": (encoded(0x85, b"x"), encoded(0x85, b"x")),
    "unknown-type": (b"\x1f\x81\x40\x01x", b"\x1f\x81\x40\x01x"),
}


@pytest.mark.parametrize(("octets", "again"), REENCODED.values(), ids=REENCODED)
def test_a_value_of_any_type_is_written_again(octets: bytes, again: bytes) -> None:
    _, value = asn1.decode(Any_, octets, OPENSSL_1_0_1)

    assert reencoded(value) == again


def test_optional_values_are_absent_when_another_tag_stands_there() -> None:
    for kind in (Integer, Numbers, Repeated(Integer), explicit(0, Integer), Choice((Integer,)), Strings):
        assert kind.read(encoded(NULL), 0, 2, OPENSSL_1_0_1, optional=True) is None
    assert Keeping(Numbers).read(encoded(NULL), 0, 2, OPENSSL_1_0_1, optional=True) is None


class Delegated:
    """A type that is what another is, but is not recognised as such."""

    def __init__(self, kind: Type) -> None:
        self.kind = kind
        self.tag = kind.tag

    def read(self, *arguments: Any, optional: bool = False) -> Any:
        return self.kind.read(*arguments, optional=optional)


FIELDS = (Field("a", Integer, optional=True), Field("b", OctetString), Field("c", BitStringType, optional=True))
PLAIN = Sequence(FIELDS)
DELEGATED = Sequence(tuple(Field(field.name, Delegated(field.type), field.optional) for field in FIELDS))

PIECE = st.sampled_from(
    [ONE, b"\4\1x", b"\3\2\0x", b"\4\x82\0\1x", b"\4\x82\0\0", b"\4\x81\1x", b"\4\x80", b"\0\0", b"\2", b"\4\x82"]
)


@given(st.lists(PIECE | st.binary(max_size=2), max_size=4), st.integers(-3, 3) | st.none())
def test_the_short_cut_for_plain_fields_is_the_rule(pieces: list[bytes], more: int | None) -> None:
    """A sequence of any pieces; its length is off by `more`, or indefinite."""
    content = b"".join(pieces)
    length = 0x80 if more is None else max(0, len(content) + more)
    octets = bytes([SEQUENCE, length]) + content + b"\4\1y"
    answers: list[Any] = []
    for kind in (PLAIN, DELEGATED):
        try:
            answers.append(asn1.decode(kind, octets, OPENSSL_1_0_1))
        except Violation as violation:
            answers.append(violation.rule)
    assert answers[0] == answers[1]


def test_a_kept_type_has_the_tag_of_its_structure() -> None:
    assert Keeping(Numbers).tag == SEQUENCE


def test_what_follows_a_value_is_left_alone() -> None:
    assert asn1.decode(Numbers, encoded(SEQUENCE, ONE, TWO) + b"more", OPENSSL_1_0_1) == (8, (1, 2))
