"""Public keys: what the two halves of an upload are compared by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from certstore import asn1, identifiers, structures
from certstore.ber import BIT_STRING, NULL, OBJECT, SEQUENCE
from certstore.branch import CERTIFICATE_ALGORITHMS, Branch, KeyType
from certstore.curves import BinaryField, Form, Point
from certstore.der import encoded, encoded_integer
from certstore.ec_group import EcGroup, read_group
from certstore.rules import Rule, Violation


class PublicKey(Protocol):
    """One key of one type."""

    @property
    def type(self) -> KeyType: ...

    def fits(self, certified: PublicKey) -> bool:
        """Whether X509_check_private_key takes this, a private key's public half, for the certificate's key.

        ssl_set_pkey has by then overwritten the certificate's parameters with those of this key.
        """
        ...

    def subject_public_key_info(self) -> bytes:
        """DER, as i2d_PUBKEY writes it."""
        ...


def _subject_public_key_info(algorithm: bytes, parameters: bytes, key: bytes) -> bytes:
    identifier = encoded(SEQUENCE, encoded(OBJECT, algorithm), parameters)
    return encoded(SEQUENCE, identifier, encoded(BIT_STRING, b"\0", key))


@dataclass(frozen=True, slots=True)
class RsaPublicKey:
    """Modulus and exponent."""

    modulus: int
    exponent: int

    def fits(self, certified: PublicKey) -> bool:
        return self == certified

    @property
    def type(self) -> KeyType:
        return KeyType.RSA

    def subject_public_key_info(self) -> bytes:
        key = encoded(SEQUENCE, encoded_integer(self.modulus), encoded_integer(self.exponent))
        return _subject_public_key_info(identifiers.RSA_ENCRYPTION, encoded(NULL), key)


@dataclass(frozen=True, slots=True)
class DsaPublicKey:
    """y, and p, q, g where they are given."""

    y: int
    parameters: tuple[int, int, int] | None

    def fits(self, certified: PublicKey) -> bool:
        return isinstance(certified, DsaPublicKey) and self.y == certified.y

    @property
    def type(self) -> KeyType:
        return KeyType.DSA

    def subject_public_key_info(self) -> bytes:
        parameters = b""
        if self.parameters is not None:
            parameters = encoded(SEQUENCE, *map(encoded_integer, self.parameters))
        return _subject_public_key_info(identifiers.DSA, parameters, encoded_integer(abs(self.y)))


@dataclass(frozen=True, slots=True)
class EcPublicKey:
    """A point of a group, and the form in which it was written."""

    group: EcGroup
    point: Point
    form: int

    def fits(self, certified: PublicKey) -> bool:
        """The coordinates are compared as stored, which for a prime field is in a form that the prime decides.

        EC_GROUP_cmp calls a group without a cofactor different from every group, itself included.
        """
        if not isinstance(certified, EcPublicKey) or not self.group.cofactor or self.point != certified.point:
            return False
        mine, other = self.group.curve.field, certified.group.curve.field
        if self.point is None or isinstance(mine, BinaryField):
            return type(mine) is type(other)
        return mine == other

    @property
    def type(self) -> KeyType:
        return KeyType.EC

    def subject_public_key_info(self) -> bytes:
        # A key that is the point at infinity has no form of its own, and OpenSSL cannot write it at all.
        form = self.form or Form.UNCOMPRESSED
        point = self.group.curve.octets(self.point, form)
        return _subject_public_key_info(identifiers.EC_PUBLIC_KEY, self.group.encoding(), point)


def read(algorithm: bytes, parameters: asn1.Value | None, octets: bytes, branch: Branch) -> PublicKey:
    """The public key of a certificate (X509_PUBKEY_get); Violation where OpenSSL cannot use it."""
    match CERTIFICATE_ALGORITHMS.get(algorithm):
        case KeyType.RSA:
            _, (modulus, exponent) = asn1.decode(structures.RSAPublicKey, octets, branch)
            return RsaPublicKey(modulus, exponent)
        case KeyType.DSA:
            return _dsa(parameters, octets, branch)
        case KeyType.EC:
            group = read_group(parameters, branch)
            point, form = group.point(octets, branch)
            return EcPublicKey(group, point, form)
        case KeyType.DH:
            raise Violation(Rule.KEY_NOT_USABLE)
        case _:
            raise Violation(Rule.UNKNOWN_KEY_ALGORITHM)


def _dsa(parameters: asn1.Value | None, octets: bytes, branch: Branch) -> DsaPublicKey:
    numbers = None
    if parameters is not None and parameters.tag == SEQUENCE:
        _, numbers = asn1.decode(structures.DSAParameters, parameters.content, branch)
    elif parameters is not None and parameters.tag != NULL and not branch.reads_dsa_public_key_with_parameters:
        raise Violation(Rule.BAD_PUBLIC_KEY)
    if not branch.reads_dsa_public_key_with_parameters:
        return DsaPublicKey(asn1.decode(asn1.Integer, octets, branch)[1], numbers)
    _, key = asn1.decode(structures.DSAPublicKey, octets, branch)
    if isinstance(key, int):
        return DsaPublicKey(key, numbers)
    y, p, q, g = key
    return DsaPublicKey(y, (p, q, g))
