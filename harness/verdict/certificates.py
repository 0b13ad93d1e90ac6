"""Certificates of any age: what is asked of them here, where verifiers of today refuse to look at all."""

from __future__ import annotations

import warnings
from typing import TypeVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, padding, rsa
from cryptography.utils import CryptographyDeprecationWarning
from cryptography.x509.oid import NameOID

from harness.verdict.flight import Malformed


def read_certificate(der: bytes, what: str) -> x509.Certificate:
    """Raises Malformed, which names `what`, where it is none, or its names, extensions or key cannot be read."""
    try:
        with warnings.catch_warnings():
            # A serial number or a key of old firmware is a finding, not a reason to warn the user of this library.
            warnings.simplefilter("ignore", CryptographyDeprecationWarning)
            certificate = x509.load_der_x509_certificate(der)
            # These are read when they are first asked for, and raise then.
            for look in ("subject", "issuer", "extensions", "serial_number", "not_valid_before_utc"):
                getattr(certificate, look)
            certificate.public_key()
    except (ValueError, UnsupportedAlgorithm, x509.DuplicateExtension) as error:
        raise Malformed(f"{what} cannot be read: {error}") from error
    return certificate


def title(certificate: x509.Certificate) -> str:
    """Its common name, or the whole subject where there is none."""
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return repr(str(names[0].value) if names else certificate.subject.rfc4514_string())


def signed_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Whether the issuer's name and key fit, whatever the digest: SHA-1 and MD5 are checked as well."""
    if certificate.issuer != issuer.subject:
        return False
    key = issuer.public_key()
    signature, signed = certificate.signature, certificate.tbs_certificate_bytes
    try:
        digest = certificate.signature_hash_algorithm
        if isinstance(key, rsa.RSAPublicKey) and digest is not None:
            scheme = certificate.signature_algorithm_parameters
            chosen = scheme if isinstance(scheme, padding.PSS) else padding.PKCS1v15()
            key.verify(signature, signed, chosen, digest)
        elif isinstance(key, ec.EllipticCurvePublicKey) and digest is not None:
            key.verify(signature, signed, ec.ECDSA(digest))
        elif isinstance(key, dsa.DSAPublicKey) and digest is not None:
            key.verify(signature, signed, digest)
        elif isinstance(key, ed25519.Ed25519PublicKey | ed448.Ed448PublicKey):
            key.verify(signature, signed)
        else:
            return False
    except (InvalidSignature, ValueError, TypeError, UnsupportedAlgorithm):
        return False
    return True


def is_self_signed(certificate: x509.Certificate) -> bool:
    return signed_by(certificate, certificate)


Kind = TypeVar("Kind", bound=x509.ExtensionType)


def extension(certificate: x509.Certificate, kind: type[Kind]) -> x509.Extension[Kind] | None:
    try:
        return certificate.extensions.get_extension_for_class(kind)
    except x509.ExtensionNotFound:
        return None


def key_words(certificate: x509.Certificate) -> tuple[str, int]:
    """Kind of key, and its size in bits; 0 where size is no question."""
    key = certificate.public_key()
    if isinstance(key, rsa.RSAPublicKey):
        return "RSA", key.key_size
    if isinstance(key, ec.EllipticCurvePublicKey):
        return "EC", key.key_size
    if isinstance(key, dsa.DSAPublicKey):
        return "DSA", key.key_size
    return type(key).__name__.removesuffix("PublicKey").strip("_"), 0
