"""Elliptic curves as far as the reader needs them: points in octets, on the curve or not, and multiples.

SEC 1 sections 2.2 and 2.3; crypto/ec/ec_lib.c, ecp_smpl.c and ec2_smpl.c for what is refused. Nothing here is fast
or keeps secrets from a stopwatch: it models a verdict.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Protocol

from certstore.rules import Rule, Violation

# OPENSSL_ECC_MAX_FIELD_BITS, ec.h
MAX_FIELD_BITS = 661

# Affine coordinates; None is the point at infinity.
Point = tuple[int, int] | None


class Form(IntEnum):
    """How a point is written: the first octet without its lowest bit."""

    INFINITY = 0
    COMPRESSED = 2
    UNCOMPRESSED = 4
    HYBRID = 6


class Field(Protocol):
    """The field of a curve, and the group law over it."""

    @property
    def octets(self) -> int: ...

    def has(self, value: int) -> bool: ...

    def reduced(self, value: int) -> int: ...

    def on_curve(self, a: int, b: int, x: int, y: int) -> bool: ...

    def decompressed(self, a: int, b: int, x: int, y_bit: int) -> int: ...

    def y_bit(self, x: int, y: int) -> int: ...

    def sum(self, a: int, p: Point, q: Point) -> Point: ...


@dataclass(frozen=True, slots=True)
class PrimeField:
    """Integers modulo an odd number, which nobody checks to be a prime."""

    modulus: int

    def __post_init__(self) -> None:
        if self.modulus.bit_length() <= 2 or not self.modulus & 1:
            raise Violation(Rule.BAD_CURVE)

    @property
    def octets(self) -> int:
        return (self.modulus.bit_length() + 7) // 8

    def has(self, value: int) -> bool:
        return value < self.modulus

    def reduced(self, value: int) -> int:
        return value % self.modulus

    def on_curve(self, a: int, b: int, x: int, y: int) -> bool:
        return (y * y - (x * x + a) * x - b) % self.modulus == 0

    def decompressed(self, a: int, b: int, x: int, y_bit: int) -> int:
        y = square_root(((x * x + a) * x + b) % self.modulus, self.modulus)
        if y & 1 != y_bit:
            if y == 0:
                raise Violation(Rule.BAD_POINT)
            y = self.modulus - y
        return y

    def y_bit(self, x: int, y: int) -> int:
        return y & 1

    def sum(self, a: int, p: Point, q: Point) -> Point:
        if p is None or q is None:
            return p or q
        (x1, y1), (x2, y2) = p, q
        if x1 == x2 and (y1 + y2) % self.modulus == 0:
            return None
        if p == q:
            slope = (3 * x1 * x1 + a) * _inverse(2 * y1, self.modulus)
        else:
            slope = (y2 - y1) * _inverse(x2 - x1, self.modulus)
        x = (slope * slope - x1 - x2) % self.modulus
        return x, (slope * (x1 - x) - y1) % self.modulus


def _inverse(value: int, modulus: int) -> int:
    try:
        return pow(value, -1, modulus)
    except ValueError:  # The "prime" is none.
        raise Violation(Rule.BAD_CURVE) from None


def square_root(square: int, modulus: int) -> int:
    """A square root modulo a prime, by Tonelli and Shanks; Violation if there is none or it is no prime."""
    if square == 0:
        return 0
    if pow(square, (modulus - 1) // 2, modulus) != 1:
        raise Violation(Rule.BAD_POINT)
    twos = ((modulus - 1) & -(modulus - 1)).bit_length() - 1
    odd = (modulus - 1) >> twos
    if twos == 1:
        root = pow(square, (modulus + 1) // 4, modulus)
    else:
        other = next((n for n in range(2, 1000) if pow(n, (modulus - 1) // 2, modulus) == modulus - 1), None)
        if other is None:
            raise Violation(Rule.BAD_CURVE)
        generator = pow(other, odd, modulus)
        root = pow(square, (odd + 1) // 2, modulus)
        left = pow(square, odd, modulus)
        while left != 1:
            power, step = left, 0
            while power != 1 and step < twos:
                power = power * power % modulus
                step += 1
            if step >= twos:
                raise Violation(Rule.BAD_CURVE)
            factor = pow(generator, 1 << twos - step - 1, modulus)
            root = root * factor % modulus
            generator = factor * factor % modulus
            left = left * generator % modulus
            twos = step
    return root


# Bits; more than a product of two elements has.
_LONG = 2048


@dataclass(frozen=True, slots=True)
class BinaryField:
    """Polynomials over GF(2), as integers, modulo one of three or five terms."""

    polynomial: int

    @classmethod
    def of(cls, *exponents: int) -> BinaryField:
        return cls(sum(1 << exponent for exponent in exponents))

    @property
    def degree(self) -> int:
        return self.polynomial.bit_length() - 1

    @property
    def exponents(self) -> tuple[int, ...]:
        """Of the terms between the first and the last, the smallest first."""
        return tuple(bit for bit in range(1, self.degree) if self.polynomial >> bit & 1)

    @property
    def octets(self) -> int:
        return (self.degree + 7) // 8

    def has(self, value: int) -> bool:
        # Compared as numbers, not by degree: BN_ucmp in ec_GF2m_simple_oct2point.
        return value < self.polynomial

    def reduced(self, value: int) -> int:
        if value.bit_length() > _LONG:
            # A piece at a time: shifting all of a long number for each of its bits would be quadratic.
            octets = value.to_bytes(-(-value.bit_length() // _LONG) * _LONG // 8)
            value = 0
            for at in range(0, len(octets), _LONG // 8):
                value = self._reduced(value << _LONG | int.from_bytes(octets[at : at + _LONG // 8]))
            return value
        return self._reduced(value)

    def _reduced(self, value: int) -> int:
        degree = self.degree
        while value.bit_length() > degree:
            value ^= self.polynomial << value.bit_length() - degree - 1
        return value

    def product(self, p: int, q: int) -> int:
        result = 0
        while q:
            lowest = q & -q
            result ^= p * lowest
            q ^= lowest
        return self.reduced(result)

    def inverse(self, value: int) -> int:
        """By the extended algorithm of Euclid; Violation for what has none."""
        r, s = self.polynomial, self.reduced(value)
        t, u = 0, 1
        while s.bit_length() > 1:
            shift = r.bit_length() - s.bit_length()
            if shift < 0:
                r, s, t, u = s, r, u, t
                continue
            r ^= s << shift
            t ^= u << shift
        if s != 1:
            raise Violation(Rule.BAD_POINT)
        return self.reduced(u)

    def on_curve(self, a: int, b: int, x: int, y: int) -> bool:
        left = self.product(self.product(x ^ a, x) ^ y, x)
        return left ^ b == self.product(y, y)

    def decompressed(self, a: int, b: int, x: int, y_bit: int) -> int:
        x = self.reduced(x)
        if x == 0:
            return self._square_root(b)
        inverse = self.inverse(x)
        z = self._quadratic_root(x ^ a ^ self.product(b, self.product(inverse, inverse)))
        return self.product(x, z) ^ (x if z & 1 != y_bit else 0)

    def y_bit(self, x: int, y: int) -> int:
        return self.product(y, self.inverse(x)) & 1 if x else 0

    def _square_root(self, value: int) -> int:
        for _ in range(self.degree - 1):
            value = self.product(value, value)
        return value

    def _quadratic_root(self, value: int) -> int:
        """A z with z*z + z = value, by elimination: the left side is linear in the bits of z."""
        images: dict[int, tuple[int, int]] = {}
        for bit in range(self.degree):
            z = 1 << bit
            image, z = self._eliminated(self.product(z, z) ^ z, z, images)
            if image:
                images[image.bit_length()] = image, z
        rest, root = self._eliminated(value, 0, images)
        if rest:
            raise Violation(Rule.BAD_POINT)
        return root

    @staticmethod
    def _eliminated(image: int, z: int, images: dict[int, tuple[int, int]]) -> tuple[int, int]:
        while image and image.bit_length() in images:
            other, other_z = images[image.bit_length()]
            image ^= other
            z ^= other_z
        return image, z

    def sum(self, a: int, p: Point, q: Point) -> Point:
        if p is None or q is None:
            return p or q
        (x1, y1), (x2, y2) = p, q
        if x1 == x2:
            if y1 != y2 or x1 == 0:
                return None
            slope = x1 ^ self.product(y1, self.inverse(x1))
            x = self.product(slope, slope) ^ slope ^ a
            return x, self.product(x1, x1) ^ self.product(slope ^ 1, x)
        slope = self.product(y1 ^ y2, self.inverse(x1 ^ x2))
        x = self.product(slope, slope) ^ slope ^ x1 ^ x2 ^ a
        return x, self.product(slope, x1 ^ x) ^ x ^ y1


@dataclass(frozen=True, slots=True)
class Curve:
    """Field and coefficients. What a point is, is decided here."""

    field: Field
    a: int
    b: int

    def point(self, octets: bytes) -> tuple[Point, int]:
        """The point and the form in which it is written (EC_POINT_oct2point); Violation if it is none."""
        if not octets:
            raise Violation(Rule.BAD_POINT)
        form, y_bit = octets[0] & ~1, octets[0] & 1
        if form not in _FORMS or (y_bit and form in (Form.INFINITY, Form.UNCOMPRESSED)):
            raise Violation(Rule.BAD_POINT)
        size = self.field.octets
        if len(octets) != 1 + _FORMS[form] * size:
            raise Violation(Rule.BAD_POINT)
        if form == Form.INFINITY:
            return None, form
        x = int.from_bytes(octets[1 : 1 + size])
        if not self.field.has(x):
            raise Violation(Rule.BAD_POINT)
        if form == Form.COMPRESSED:
            y = self.field.decompressed(self.a, self.b, x, y_bit)
        else:
            y = int.from_bytes(octets[1 + size :])
            if not self.field.has(y):
                raise Violation(Rule.BAD_POINT)
            if form == Form.HYBRID and y_bit != self._hybrid_bit(x, y):
                raise Violation(Rule.BAD_POINT)
        if not self.field.on_curve(self.a, self.b, x, y):
            raise Violation(Rule.BAD_POINT)
        return (x, y), form

    def _hybrid_bit(self, x: int, y: int) -> int:
        if isinstance(self.field, BinaryField):
            self.field.inverse(x)  # Zero has none, and is refused here.
        return self.field.y_bit(x, y)

    def octets(self, point: Point, form: int) -> bytes:
        """The point in a form (EC_POINT_point2oct)."""
        if point is None:
            return b"\0"
        x, y = point
        size = self.field.octets
        first = form if form == Form.UNCOMPRESSED else form | self.field.y_bit(x, y)
        tail = b"" if form == Form.COMPRESSED else y.to_bytes(size)
        return bytes([first]) + x.to_bytes(size) + tail

    def multiple(self, scalar: int, point: Point) -> Point:
        """The point added to itself."""
        add: Callable[[int, Point, Point], Point] = self.field.sum
        total: Point = None
        while scalar:
            if scalar & 1:
                total = add(self.a, total, point)
            point = add(self.a, point, point)
            scalar >>= 1
        return total


# Form: how many coordinates follow the first octet.
_FORMS: dict[int, int] = {Form.INFINITY: 0, Form.COMPRESSED: 1, Form.UNCOMPRESSED: 2, Form.HYBRID: 2}


@dataclass(frozen=True, slots=True)
class NamedCurve:
    """A standard curve: name, object identifier, field, coefficients and the generator's coordinates."""

    name: str
    identifier: str
    field: Field
    a: int
    b: int
    x: int
    y: int

    @property
    def curve(self) -> Curve:
        return Curve(self.field, self.a, self.b)

    @property
    def generator(self) -> Point:
        return self.x, self.y
