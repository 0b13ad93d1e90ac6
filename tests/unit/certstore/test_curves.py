"""Elliptic curves: points in octets, multiples, and parameters written out."""

from __future__ import annotations

import subprocess
from typing import Any

import pytest

from certstore import OPENSSL_0_9_8, OPENSSL_1_0_1, Branch, asn1
from certstore.ber import BIT_STRING, INTEGER, NULL, OBJECT, OCTET_STRING, SEQUENCE
from certstore.binary_curves import BINARY_CURVES
from certstore.curves import BinaryField, Curve, Form, NamedCurve, PrimeField, square_root
from certstore.der import encoded, encoded_integer
from certstore.ec_group import EcGroup, read_choice, read_group, read_point
from certstore.identifiers import oid
from certstore.prime_curves import PRIME_CURVES
from certstore.rules import Violation

CURVES = {curve.name: curve for curve in (*PRIME_CURVES, *BINARY_CURVES)}
P256 = CURVES["prime256v1"]
SECT163 = CURVES["sect163k1"]


@pytest.mark.parametrize("curve", CURVES.values(), ids=CURVES)
def test_the_generator_is_on_its_curve_in_every_form(curve: NamedCurve) -> None:
    for form in (Form.COMPRESSED, Form.UNCOMPRESSED, Form.HYBRID):
        octets = curve.curve.octets(curve.generator, form)
        assert curve.curve.point(octets) == (curve.generator, form)
    assert curve.curve.point(b"\0") == (None, Form.INFINITY)
    assert curve.curve.octets(None, Form.UNCOMPRESSED) == b"\0"


MULTIPLIED = ["prime192v1", "prime256v1", "secp521r1", "secp256k1", "sect113r1", "sect163k1", "sect571r1"]


@pytest.mark.parametrize("name", MULTIPLIED)
def test_multiples_are_those_of_openssl(name: str) -> None:
    curve = CURVES[name]
    scalar = 0xDEADBEEF12345
    parameters = encoded(0xA0, encoded(OBJECT, oid(curve.identifier)))
    size = curve.field.octets
    key = encoded(SEQUENCE, encoded_integer(1), encoded(OCTET_STRING, scalar.to_bytes(size)), parameters)

    public = subprocess.run(
        ["openssl", "pkey", "-inform", "DER", "-pubout", "-outform", "DER"],
        input=key,
        capture_output=True,
        check=True,
    ).stdout
    point = curve.curve.multiple(scalar, curve.generator)
    assert public.endswith(curve.curve.octets(point, Form.UNCOMPRESSED))


@pytest.mark.parametrize("curve", [P256, SECT163], ids=["prime", "binary"])
def test_the_group_law_knows_its_special_cases(curve: NamedCurve) -> None:
    group, g = curve.curve, curve.generator
    twice = group.multiple(2, g)
    assert g is not None

    assert group.multiple(0, g) is None
    assert group.multiple(1, g) == g
    assert group.field.sum(group.a, g, None) == g == group.field.sum(group.a, None, g)
    assert group.field.sum(group.a, g, g) == twice
    x, y = g
    negative = (x, x ^ y) if isinstance(group.field, BinaryField) else (x, P256.field.reduced(-y))
    assert group.field.sum(group.a, g, negative) is None
    assert group.field.sum(group.a, twice, negative) == g


def point_of(curve: NamedCurve, form: int, *, first: int | None = None, extra: bytes = b"", x: int = 0) -> bytes:
    octets = bytearray(curve.curve.octets(curve.generator, form))
    if first is not None:
        octets[0] = first
    if x:
        octets[curve.field.octets] ^= x
    return bytes(octets) + extra


BAD_POINTS = {
    "nothing": b"",
    "unknown-form": point_of(P256, Form.UNCOMPRESSED, first=8),
    "bit-on-an-uncompressed-point": point_of(P256, Form.UNCOMPRESSED, first=5),
    "bit-on-infinity": b"\1",
    "infinity-with-more": b"\0\0",
    "too-long": point_of(P256, Form.UNCOMPRESSED, extra=b"\0"),
    "too-short": point_of(P256, Form.UNCOMPRESSED)[:-1],
    "off-the-curve": point_of(P256, Form.UNCOMPRESSED, x=1),
    "no-such-compressed-point": b"\2" + (1).to_bytes(32),
    "wrong-bit-on-a-hybrid-point": point_of(P256, Form.HYBRID, first=6),
    "x-too-large": b"\2" + b"\xff" * 32,
    "y-too-large": point_of(P256, Form.UNCOMPRESSED)[:33] + b"\xff" * 32,
}


@pytest.mark.parametrize("octets", BAD_POINTS.values(), ids=BAD_POINTS)
def test_bad_points_are_refused(octets: bytes) -> None:
    with pytest.raises(Violation, match="BAD_POINT"):
        P256.curve.point(octets)


def test_bad_points_are_refused_on_binary_curves_too() -> None:
    size = SECT163.field.octets
    for octets in (
        b"\2" + (1).to_bytes(size),
        b"\4" + b"\xff" * 2 * size,
        point_of(SECT163, Form.HYBRID, first=6 + (1 - point_of(SECT163, Form.HYBRID)[0] % 2)),
        b"\6" + bytes(size) + (1).to_bytes(size),
    ):
        with pytest.raises(Violation, match="BAD_POINT"):
            SECT163.curve.point(octets)


def test_the_point_without_x_is_its_own_negative() -> None:
    """On a binary curve there is one point with x = 0, and it has only one compressed form."""
    curve = SECT163.curve
    size = curve.field.octets
    point, _ = curve.point(b"\2" + bytes(size))

    assert point is not None
    assert curve.point(b"\3" + bytes(size))[0] == point
    assert curve.octets(point, Form.COMPRESSED) == b"\2" + bytes(size)
    assert curve.field.sum(curve.a, point, point) is None


def test_a_compressed_point_with_y_zero_has_no_odd_form() -> None:
    curve = Curve(PrimeField(23), a=1, b=0)  # y*y = x*x*x + x passes through the origin.

    assert curve.point(b"\2\0")[0] == (0, 0)
    with pytest.raises(Violation, match="BAD_POINT"):
        curve.point(b"\3\0")


@pytest.mark.parametrize("modulus", [7, 13, 17, 97, 193, 2**255 - 19, 2**224 - 2**96 + 1])
def test_square_roots_are_found(modulus: int) -> None:
    for number in (0, 1, 2, 3, 5, 1000):
        root = square_root(number * number % modulus, modulus)
        assert root * root % modulus == number * number % modulus


@pytest.mark.parametrize(
    ("square", "modulus", "rule"), [(3, 7, "BAD_POINT"), (1, 9, "BAD_CURVE"), (16, 85, "BAD_CURVE")]
)
def test_what_has_no_root_and_what_is_no_prime_is_told(square: int, modulus: int, rule: str) -> None:
    with pytest.raises(Violation, match=rule):
        square_root(square, modulus)


def test_numbers_without_inverse_are_refused() -> None:
    composite = Curve(PrimeField(15), 0, 1)
    with pytest.raises(Violation, match="BAD_CURVE"):
        composite.field.sum(0, (0, 1), (3, 4))
    with pytest.raises(Violation, match="BAD_POINT"):
        BinaryField.of(4, 2, 0).inverse(0b111)


@pytest.mark.parametrize("modulus", [0, 1, 2, 3, 4, 22])
def test_small_and_even_moduli_make_no_field(modulus: int) -> None:
    with pytest.raises(Violation, match="BAD_CURVE"):
        PrimeField(modulus)


def test_0_9_8_lacks_compressed_points_on_binary_curves() -> None:
    octets = point_of(SECT163, Form.COMPRESSED)

    assert read_point(SECT163.curve, octets, OPENSSL_1_0_1) == (SECT163.generator, Form.COMPRESSED)
    with pytest.raises(Violation, match="BAD_POINT"):
        read_point(SECT163.curve, octets, OPENSSL_0_9_8)
    assert read_point(P256.curve, point_of(P256, Form.COMPRESSED), OPENSSL_0_9_8)[0] == P256.generator


def group_of(encoding: bytes, branch: Branch) -> EcGroup:
    return read_group(asn1.decode(asn1.Any_, encoding, branch)[1], branch)


@pytest.mark.parametrize("curve", [P256, SECT163, CURVES["sect113r1"]], ids=["prime", "five-terms", "three-terms"])
@pytest.mark.parametrize("seed", [None, b"seed"], ids=["no-seed", "seed"])
@pytest.mark.parametrize("cofactor", [0, 1, 4])
def test_written_out_parameters_are_written_again(
    curve: NamedCurve, seed: bytes | None, cofactor: int, branch: Branch
) -> None:
    group = EcGroup(curve.curve, curve.generator, cofactor, form=Form.HYBRID, seed=seed, order=1000)

    read = group_of(group.encoding(), branch)
    assert read == group
    assert read.encoding() == group.encoding()


@pytest.mark.parametrize("name", ["prime256v1", "sect571r1"])
def test_named_curves_are_known_by_their_identifier(name: str, branch: Branch) -> None:
    curve = CURVES[name]
    encoding = encoded(OBJECT, oid(curve.identifier))

    group = group_of(encoding, branch)
    assert (group.curve, group.generator, group.encoding()) == (curve.curve, curve.generator, encoding)


def test_wtls_names_stand_for_other_curves(branch: Branch) -> None:
    group = group_of(encoded(OBJECT, oid("2.23.43.1.4.12")), branch)

    assert group.curve == CURVES["secp224r1"].curve


@pytest.mark.parametrize("identifier", ["1.3.36.3.3.2.8.1.1.7", "1.2.3.4"], ids=["brainpool", "nobody's"])
def test_unknown_names_are_refused(identifier: str, branch: Branch) -> None:
    with pytest.raises(Violation, match="UNKNOWN_CURVE"):
        group_of(encoded(OBJECT, oid(identifier)), branch)


PRIME = encoded(OBJECT, oid("1.2.840.10045.1.1"))
BINARY = encoded(OBJECT, oid("1.2.840.10045.1.2"))
THREE_TERMS = encoded(OBJECT, oid("1.2.840.10045.1.2.3.2"))
FIVE_TERMS = encoded(OBJECT, oid("1.2.840.10045.1.2.3.3"))


def parameters(
    *,
    field: bytes = encoded(SEQUENCE, PRIME, encoded_integer(23)),
    seed: bytes = b"",
    base: bytes = b"\2\0",
    order: bytes = encoded_integer(24),
) -> bytes:
    curve = encoded(SEQUENCE, encoded(OCTET_STRING, b"\1"), encoded(OCTET_STRING, b""), seed)
    return encoded(SEQUENCE, encoded_integer(1), field, curve, encoded(OCTET_STRING, base), order)


def binary(degree: int, basis: bytes, *terms: bytes) -> bytes:
    return encoded(SEQUENCE, BINARY, encoded(SEQUENCE, encoded_integer(degree), basis, *terms))


BAD_PARAMETERS: dict[str, dict[str, Any]] = {
    "unknown-field": {"field": encoded(SEQUENCE, encoded(OBJECT, oid("1.2.3")), encoded_integer(23))},
    "negative-modulus": {"field": encoded(SEQUENCE, PRIME, encoded(INTEGER, b"\x81"))},
    "even-modulus": {"field": encoded(SEQUENCE, PRIME, encoded_integer(24))},
    "modulus-too-large": {"field": encoded(SEQUENCE, PRIME, encoded_integer(2**661 + 1))},
    "modulus-of-another-type": {"field": encoded(SEQUENCE, PRIME, encoded(NULL))},
    "degree-too-large": {"field": binary(662, THREE_TERMS, encoded_integer(1))},
    "term-too-large": {"field": binary(5, THREE_TERMS, encoded_integer(5))},
    "term-zero": {"field": binary(5, THREE_TERMS, encoded_integer(0))},
    "terms-out-of-order": {
        "field": binary(9, FIVE_TERMS, encoded(SEQUENCE, *map(encoded_integer, (1, 3, 2)))),
    },
    "normal-basis": {"field": binary(5, encoded(OBJECT, oid("1.2.840.10045.1.2.3.1")), encoded(NULL))},
    "empty-seed": {"seed": encoded(BIT_STRING, b"\0")},
    "base-off-the-curve": {"base": b"\4\1\1"},
    "order-zero": {"order": encoded_integer(0)},
    "negative-order": {"order": encoded(INTEGER, b"\xff")},
    "order-beyond-hasse": {"order": encoded_integer(64)},
}


def test_small_parameters_are_accepted(branch: Branch) -> None:
    assert group_of(parameters(), branch).order == 24
    assert group_of(parameters(order=encoded_integer(63)), branch).order == 63


@pytest.mark.parametrize("changes", BAD_PARAMETERS.values(), ids=BAD_PARAMETERS)
def test_bad_parameters_are_refused(changes: dict[str, bytes], branch: Branch) -> None:
    with pytest.raises(Violation):
        group_of(parameters(**changes), branch)


def test_implicit_parameters_are_nobodys(branch: Branch) -> None:
    _, implicit = asn1.decode(asn1.Any_, encoded(NULL), branch)

    for parameters_of in (read_choice, read_group):
        with pytest.raises(Violation, match="BAD_CURVE"):
            parameters_of(implicit, branch)
    with pytest.raises(Violation, match="BAD_CURVE"):
        read_group(None, branch)
