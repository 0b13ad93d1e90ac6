"""The group of an elliptic-curve key: a named curve, or parameters written out. ANSI X9.62; RFC 3279 section 2.3.5.

Read by ec_asn1_pkparameters2group and written by ec_asn1_group2pkparameters, crypto/ec/ec_asn1.c.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from certstore import asn1, identifiers, structures
from certstore.ber import BIT_STRING, NULL, OBJECT, OCTET_STRING, SEQUENCE
from certstore.branch import Branch
from certstore.curves import MAX_FIELD_BITS, BinaryField, Curve, Field, Form, NamedCurve, Point, PrimeField
from certstore.der import encoded, encoded_integer
from certstore.identifiers import oid
from certstore.rules import Rule, Violation

# Further names of curves above: wap-wsg-idm-ecid-wtls3 and so on, ec_curve.c.
_OTHER_NAMES = {
    "2.23.43.1.4.3": "sect163k1",
    "2.23.43.1.4.4": "sect113r1",
    "2.23.43.1.4.5": "c2pnb163v1",
    "2.23.43.1.4.6": "secp112r1",
    "2.23.43.1.4.7": "secp160r2",
    "2.23.43.1.4.10": "sect233k1",
    "2.23.43.1.4.11": "sect233r1",
    "2.23.43.1.4.12": "secp224r1",
}


@cache
def _named_curves() -> dict[bytes, NamedCurve]:
    """By identifier. Most programs never need them."""
    from certstore.binary_curves import BINARY_CURVES
    from certstore.prime_curves import PRIME_CURVES

    by_name = {curve.name: curve for curve in (*PRIME_CURVES, *BINARY_CURVES)}
    curves = {oid(curve.identifier): curve for curve in by_name.values()}
    return curves | {oid(identifier): by_name[name] for identifier, name in _OTHER_NAMES.items()}


@dataclass(frozen=True, slots=True)
class EcGroup:
    """A curve with its generator, and how it was given."""

    curve: Curve
    generator: Point
    cofactor: int
    # The identifier of a named curve; otherwise what else the parameters say.
    name: bytes | None = None
    form: int = Form.UNCOMPRESSED
    seed: bytes | None = None
    order: int = 0

    def point(self, octets: bytes, branch: Branch) -> tuple[Point, int]:
        """A point of this group as a key file holds it, and its form; Violation if it is none."""
        return read_point(self.curve, octets, branch)

    def encoding(self) -> bytes:
        """ECPKParameters, DER: the name, or the parameters written out anew."""
        if self.name is not None:
            return encoded(OBJECT, self.name)
        seed = b"" if self.seed is None else encoded(BIT_STRING, b"\0", self.seed)
        coefficients = [encoded(OCTET_STRING, _minimal(number)) for number in (self.curve.a, self.curve.b)]
        cofactor = b"" if self.cofactor == 0 else encoded_integer(self.cofactor)
        return encoded(
            SEQUENCE,
            encoded_integer(1),
            _field_encoding(self.curve.field),
            encoded(SEQUENCE, *coefficients, seed),
            encoded(OCTET_STRING, self.curve.octets(self.generator, self.form)),
            encoded_integer(self.order),
            cofactor,
        )


def read_point(curve: Curve, octets: bytes, branch: Branch) -> tuple[Point, int]:
    """The point and the form in which it is written; Violation if the branch cannot read it."""
    point, form = curve.point(octets)
    binary = isinstance(curve.field, BinaryField)
    if binary and form == Form.COMPRESSED and not branch.reads_compressed_binary_points:
        raise Violation(Rule.BAD_POINT)
    return point, form


def _minimal(number: int) -> bytes:
    return number.to_bytes(max(1, (number.bit_length() + 7) // 8))


def _field_encoding(field: Field) -> bytes:
    if isinstance(field, PrimeField):
        return encoded(SEQUENCE, encoded(OBJECT, identifiers.PRIME_FIELD), encoded_integer(field.modulus))
    assert isinstance(field, BinaryField), "there are two kinds of field"
    exponents = field.exponents
    if len(exponents) == 1:
        basis = encoded(OBJECT, identifiers.TRINOMIAL_BASIS) + encoded_integer(exponents[0])
    else:
        basis = encoded(OBJECT, identifiers.PENTANOMIAL_BASIS)
        basis += encoded(SEQUENCE, *map(encoded_integer, exponents))
    two = encoded(SEQUENCE, encoded_integer(field.degree), basis)
    return encoded(SEQUENCE, encoded(OBJECT, identifiers.CHARACTERISTIC_TWO_FIELD), two)


def read_group(parameters: asn1.Value | None, branch: Branch) -> EcGroup:
    """The group that an AlgorithmIdentifier's parameters give (eckey_type2param); Violation if none."""
    if parameters is None or parameters.tag not in (OBJECT, SEQUENCE):
        raise Violation(Rule.BAD_CURVE)
    if parameters.tag == OBJECT:
        return _named(parameters.content)
    return _written_out(parameters.content, branch)


def read_choice(parameters: asn1.Value, branch: Branch) -> EcGroup:
    """The group in an ECPrivateKey; implicitlyCA, a NULL, is nobody's."""
    if parameters.tag == NULL:
        raise Violation(Rule.BAD_CURVE)
    return read_group(parameters, branch)


def _named(identifier: bytes) -> EcGroup:
    named = _named_curves().get(identifier)
    if named is None:
        raise Violation(Rule.UNKNOWN_CURVE)
    # Every named curve has a cofactor; its value does not matter here.
    return EcGroup(named.curve, named.generator, cofactor=1, name=identifier)


def _written_out(octets: bytes, branch: Branch) -> EcGroup:
    _, fields = asn1.decode(structures.ECParameters, octets, branch)
    _, (field_type, field_value), (a, b, seed), base, order, cofactor = fields
    field, bits = _read_field(field_type, field_value, branch)
    curve = Curve(field, field.reduced(int.from_bytes(a)), field.reduced(int.from_bytes(b)))
    generator, form = read_point(curve, base, branch)
    if seed is not None and not seed.octets:
        # OPENSSL_malloc gives nothing for nothing, and that is taken for a lack of memory.
        raise Violation(Rule.BAD_CURVE)
    # Hasse's bound is all that is asked of the order.
    if order <= 0 or order.bit_length() > bits + 1:
        raise Violation(Rule.BAD_CURVE)
    return EcGroup(
        curve,
        generator,
        form=form,
        seed=None if seed is None else seed.octets,
        order=order,
        cofactor=cofactor or 0,
    )


def _read_field(kind: bytes, value: asn1.Value, branch: Branch) -> tuple[Field, int]:
    if kind == identifiers.PRIME_FIELD:
        _, modulus = asn1.decode(asn1.Integer, value.encoding, branch)
        if modulus <= 0 or modulus.bit_length() > MAX_FIELD_BITS:
            raise Violation(Rule.BAD_CURVE)
        return PrimeField(modulus), modulus.bit_length()
    if kind == identifiers.CHARACTERISTIC_TWO_FIELD:
        _, (degree, basis, terms) = asn1.decode(structures.CharacteristicTwo, value.encoding, branch)
        if degree > MAX_FIELD_BITS:
            raise Violation(Rule.BAD_CURVE)
        exponents = _read_exponents(basis, terms, branch)
        # All different, in order, between zero and the degree.
        if not all(low < high for low, high in zip((0, *exponents), (*exponents, degree), strict=True)):
            raise Violation(Rule.BAD_CURVE)
        return BinaryField.of(degree, *exponents, 0), degree
    raise Violation(Rule.BAD_CURVE)


def _read_exponents(basis: bytes, terms: asn1.Value, branch: Branch) -> tuple[Any, ...]:
    if basis == identifiers.TRINOMIAL_BASIS:
        return (asn1.decode(asn1.CLong, terms.encoding, branch)[1],)
    if basis == identifiers.PENTANOMIAL_BASIS:
        _, exponents = asn1.decode(structures.Pentanomial, terms.encoding, branch)
        return tuple(exponents)
    raise Violation(Rule.BAD_CURVE)
