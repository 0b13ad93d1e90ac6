"""PKCS#8, RFC 5208: the common form of private keys. EVP_PKCS82PKEY and the decoders behind it."""

from __future__ import annotations

from certstore import asn1, structures
from certstore.asn1 import Value
from certstore.ber import BOOLEAN, INTEGER, NULL, OBJECT, OCTET_STRING, SEQUENCE
from certstore.branch import Branch, KeyType
from certstore.ec_group import read_group
from certstore.private_key import DsaPrivateKey, PrivateKey, dsa_with_computed_y, read_ec, read_rsa
from certstore.rules import Rule, Violation


def read(octets: bytes, branch: Branch) -> PrivateKey:
    """The key in a PrivateKeyInfo; Violation if there is none that could serve."""
    _, (_, (algorithm, parameters), key, _) = asn1.decode(structures.PrivateKeyInfo, octets, branch)
    kind = branch.pkcs8_algorithms.get(algorithm)
    content = _content(key, branch)
    match kind:
        case KeyType.RSA:
            return read_rsa(content, branch)
        case KeyType.DSA:
            return _dsa(parameters, content, branch)
        case KeyType.EC:
            return read_ec(content, read_group(parameters, branch), branch)
        case KeyType.DH:
            raise Violation(_dh_verdict(parameters, content, branch))
        case _:
            raise Violation(Rule.UNKNOWN_KEY_ALGORITHM)


def _dh_verdict(parameters: Value | None, content: bytes, branch: Branch) -> Rule:
    """A DH key is read in full (dh_priv_decode, dh_ameth.c), and only then found to be of no use."""
    asn1.decode(asn1.Integer, content, branch)
    if parameters is None or parameters.tag != SEQUENCE:
        return Rule.BAD_PRIVATE_KEY
    _, (p, _, _) = asn1.decode(structures.DHParameters, parameters.content, branch)
    return Rule.KEY_NOT_USABLE if p & 1 else Rule.BAD_PRIVATE_KEY


# Values that are no strings inside: 0.9.8 follows a pointer that is none.
_NO_STRINGS = (BOOLEAN, NULL, OBJECT)


def _content(key: Value, branch: Branch) -> bytes:
    if key.tag in (OCTET_STRING, SEQUENCE):
        content: bytes = key.content
        return content
    if not branch.reads_pkcs8_key_of_any_type or key.tag in _NO_STRINGS:
        raise Violation(Rule.BAD_PRIVATE_KEY)
    return asn1.string_octets(key)


def _dsa(parameters: Value | None, content: bytes, branch: Branch) -> DsaPrivateKey:
    if content[:1] == bytes([SEQUENCE]):
        return _broken_dsa(parameters, content, branch)
    _, x = asn1.decode(asn1.Integer, content, branch)
    if x < 0 and branch.reads_negative_dsa_key_as_unsigned:
        _, x = asn1.decode(asn1.Magnitude, content, branch)
    return _with_parameters(parameters, x, branch)


def _broken_dsa(parameters: Value | None, content: bytes, branch: Branch) -> DsaPrivateKey:
    """SEQUENCE {parameters, x}, or {y, x} with the parameters in their right place: two old mistakes."""
    _, values = asn1.decode(structures.AnySequence, content, branch)
    if len(values) != 2:
        raise Violation(Rule.BAD_PRIVATE_KEY)
    first, second = values
    if first.tag == SEQUENCE:
        parameters = first
    if second.tag != INTEGER:
        raise Violation(Rule.BAD_PRIVATE_KEY)
    return _with_parameters(parameters, second.content, branch)


def _with_parameters(parameters: Value | None, x: int, branch: Branch) -> DsaPrivateKey:
    if parameters is None or parameters.tag != SEQUENCE:
        raise Violation(Rule.BAD_PRIVATE_KEY)
    return dsa_with_computed_y(parameters.content, x, branch)
