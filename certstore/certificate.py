"""Certificates: decoded to the end, believed to the letter, checked in nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from certstore import asn1, structures
from certstore.branch import Branch
from certstore.public_key import RSA_ENCRYPTION, PublicKey, RsaPublicKey
from certstore.rules import Rule, Violation


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate as it would be served, and its undecoded SubjectPublicKeyInfo."""

    encoding: bytes
    key_algorithm: bytes
    key_parameters: asn1.Value | None
    key_octets: bytes


def read(octets: bytes, branch: Branch) -> tuple[Certificate, int]:
    """The certificate at the start of `octets` (d2i_X509) and where it ends."""
    end, (tbs, _, _) = asn1.decode(structures.Certificate, octets, branch)
    algorithm, key = tbs[6]
    return Certificate(octets[:end], algorithm[0], algorithm[1], key.octets), end


def public_key(certificate: Certificate, branch: Branch) -> PublicKey:
    """The key to match (X509_PUBKEY_get); Violation where OpenSSL cannot use it."""
    if certificate.key_algorithm != RSA_ENCRYPTION:
        raise Violation(Rule.UNKNOWN_KEY_ALGORITHM)
    _, (modulus, exponent) = asn1.decode(structures.RSAPublicKey, certificate.key_octets, branch)
    return RsaPublicKey(modulus, exponent)


def read_trust_settings(octets: bytes, branch: Branch) -> Any:
    return asn1.decode(structures.CertificateAux, octets, branch)
