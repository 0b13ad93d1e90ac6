"""Private keys, decoded and no more: not one number of them is tested against another."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from certstore import asn1, structures
from certstore.ber import BIT_STRING, OCTET_STRING, SEQUENCE
from certstore.branch import Branch, KeyType
from certstore.curves import Form
from certstore.der import encoded, encoded_integer
from certstore.ec_group import EcGroup, read_choice
from certstore.public_key import DsaPublicKey, EcPublicKey, PublicKey, RsaPublicKey
from certstore.rules import Rule, Violation

# OpenSSL has no limits on what it computes a public key from. With longer numbers than these the unit's web server
# would be busy for long, and so would we. OPENSSL_DSA_MAX_MODULUS_BITS, dsa.h: beyond it nobody verifies a signature.
MAX_DSA_BITS = 10_000
# Seven times what the largest curve needs.
MAX_SCALAR_BITS = 4096


class PrivateKey(Protocol):
    """A private key that can be written in its traditional form."""

    @property
    def public_key(self) -> PublicKey: ...

    @property
    def label(self) -> bytes:
        """The PEM label of the traditional form."""
        ...

    def encoding(self) -> bytes:
        """DER of the traditional form."""
        ...


@dataclass(frozen=True, slots=True)
class RsaPrivateKey:
    """RFC 8017 appendix A.1.2; only the public half appears in `repr`."""

    public_key: RsaPublicKey
    # privateExponent, prime1, prime2, exponent1, exponent2, coefficient
    secrets: tuple[int, ...] = field(repr=False)

    @property
    def label(self) -> bytes:
        return b"RSA PRIVATE KEY"

    def encoding(self) -> bytes:
        numbers = (0, self.public_key.modulus, self.public_key.exponent, *self.secrets)
        return encoded(SEQUENCE, *map(encoded_integer, numbers))


@dataclass(frozen=True, slots=True)
class DsaPrivateKey:
    """OpenSSL's own traditional form: version, p, q, g, y, x."""

    public_key: DsaPublicKey
    parameters: tuple[int, int, int] = field(repr=False)
    x: int = field(repr=False)

    @property
    def label(self) -> bytes:
        return b"DSA PRIVATE KEY"

    def encoding(self) -> bytes:
        numbers = (0, *self.parameters, self.public_key.y, self.x)
        return encoded(SEQUENCE, *map(encoded_integer, numbers))


@dataclass(frozen=True, slots=True)
class EcPrivateKey:
    """RFC 5915 section 3."""

    public_key: EcPublicKey
    scalar: bytes = field(repr=False)

    @property
    def label(self) -> bytes:
        return b"EC PRIVATE KEY"

    def encoding(self) -> bytes:
        key = self.public_key
        point = key.group.curve.octets(key.point, key.form or Form.UNCOMPRESSED)
        return encoded(
            SEQUENCE,
            encoded_integer(1),
            encoded(OCTET_STRING, self.scalar),
            encoded(asn1.explicit_tag(0), key.group.encoding()),
            encoded(asn1.explicit_tag(1), encoded(BIT_STRING, b"\0", point)),
        )


def read_rsa(octets: bytes, branch: Branch) -> RsaPrivateKey:
    """RSAPrivateKey (d2i_RSAPrivateKey). What follows it is ignored, here and below."""
    _, (_, modulus, exponent, *secrets) = asn1.decode(structures.RSAPrivateKey, octets, branch)
    return RsaPrivateKey(RsaPublicKey(modulus, exponent), tuple(secrets))


def read_dsa(octets: bytes, branch: Branch) -> DsaPrivateKey:
    """The traditional form (d2i_DSAPrivateKey)."""
    _, (_, p, q, g, y, x) = asn1.decode(structures.DSAPrivateKey, octets, branch)
    return DsaPrivateKey(DsaPublicKey(y, (p, q, g)), (p, q, g), x)


def dsa_with_computed_y(parameters: bytes, x: int, branch: Branch) -> DsaPrivateKey:
    """The key of which PKCS#8 has only x; BN_mod_exp takes no notice of the exponent's sign."""
    _, (p, q, g) = asn1.decode(structures.DSAParameters, parameters, branch)
    if p == 0:
        raise Violation(Rule.BAD_PRIVATE_KEY)
    x = abs(x)
    if max(p.bit_length(), x.bit_length()) > MAX_DSA_BITS:
        raise Violation(Rule.TOO_MANY_BITS)
    return DsaPrivateKey(DsaPublicKey(pow(g, x, p), (p, q, g)), (p, q, g), x)


def read_ec(octets: bytes, group: EcGroup | None, branch: Branch) -> EcPrivateKey:
    """ECPrivateKey (d2i_ECPrivateKey), in the group that it names or else in `group`.

    A missing public key is computed: always when the group came from PKCS#8, otherwise where the branch does.
    """
    _, (_, scalar, parameters, public) = asn1.decode(structures.ECPrivateKey, octets, branch)
    computes = branch.computes_missing_ec_public_key or group is not None
    if parameters is not None:
        group = read_choice(parameters, branch)
    if group is None:
        raise Violation(Rule.BAD_CURVE)
    if public is not None:
        point, form = group.point(public.octets, branch)
        return EcPrivateKey(EcPublicKey(group, point, form), scalar)
    if not computes:
        raise Violation(Rule.NO_PUBLIC_KEY)
    if 8 * len(scalar.lstrip(b"\0")) > MAX_SCALAR_BITS:
        raise Violation(Rule.TOO_MANY_BITS)
    point = group.curve.multiple(int.from_bytes(scalar), group.generator)
    return EcPrivateKey(EcPublicKey(group, point, Form.UNCOMPRESSED), scalar)


def read_traditional(kind: KeyType, octets: bytes, branch: Branch) -> PrivateKey:
    """A key in the traditional form of its type."""
    match kind:
        case KeyType.RSA:
            return read_rsa(octets, branch)
        case KeyType.DSA:
            return read_dsa(octets, branch)
        case KeyType.EC:
            return read_ec(octets, None, branch)
        case _:
            # HMAC: any octets are a key, which ssl_set_pkey then has no use for.
            raise Violation(Rule.KEY_NOT_USABLE)


def passed_over(kind: KeyType, octets: bytes, branch: Branch) -> int:
    """How far a failing decoder has moved on: d2i_ECPrivateKey looks at curve and point when it has read it all."""
    if kind is not KeyType.EC:
        return 0
    try:
        return asn1.decode(structures.ECPrivateKey, octets, branch)[0]
    except Violation:
        return 0
