"""Public keys: what the two halves of an upload are compared by."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from certstore import asn1, identifiers, structures
from certstore.asn1 import BIT_STRING, INTEGER, NULL, OBJECT, SEQUENCE, encoded, encoded_integer
from certstore.branch import CERTIFICATE_ALGORITHMS, Branch, KeyType
from certstore.curves import Form, Point
from certstore.ec_group import EcGroup, read_group
from certstore.rules import Rule, Violation


class PublicKey(Protocol):
    """One key of one type. Equal means that X509_check_private_key finds nothing to object to."""

    @property
    def type(self) -> KeyType: ...

    def subject_public_key_info(self) -> bytes:
        """DER, as i2d_PUBKEY writes it."""
        ...


def _subject_public_key_info(algorithm: bytes, parameters: bytes, key: bytes) -> bytes:
    identifier = encoded(SEQUENCE, encoded(OBJECT, algorithm), parameters)
    return encoded(SEQUENCE, identifier, encoded(BIT_STRING, b"\0", key))


@dataclass(frozen=True, slots=True)
class RsaPublicKey:
    """Both numbers count."""

    modulus: int
    exponent: int

    @property
    def type(self) -> KeyType:
        return KeyType.RSA

    def subject_public_key_info(self) -> bytes:
        key = encoded(SEQUENCE, encoded_integer(self.modulus), encoded_integer(self.exponent))
        return _subject_public_key_info(identifiers.RSA_ENCRYPTION, encoded(NULL), key)


@dataclass(frozen=True, slots=True)
class DsaPublicKey:
    """Only y counts: ssl_set_pkey overwrites the certificate's parameters with the key's before it compares."""

    y: int
    parameters: tuple[int, int, int] | None = field(compare=False)

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
    """Only the point counts, within one way of computing: ssl_set_pkey overwrites the certificate's curve too."""

    group: EcGroup = field(compare=False)
    point: Point
    form: int = field(compare=False)
    arithmetic: tuple[object, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "arithmetic", self.group.arithmetic if self.point else self.group.arithmetic[:1])

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
            point, form = group.curve.point(octets)
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
        _, y = asn1.decode(asn1.Integer, octets, branch)
        return DsaPublicKey(y, numbers)
    if octets[:1] == bytes([INTEGER]):
        _, y = asn1.decode(asn1.Magnitude, octets, branch)
        return DsaPublicKey(y, numbers)
    _, (y, *numbers) = asn1.decode(structures.DSAPublicKeyWithParameters, octets, branch)
    return DsaPublicKey(y, tuple(numbers))
