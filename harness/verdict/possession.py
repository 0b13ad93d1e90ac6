"""Whether the signature of a ServerKeyExchange was made with the key of the presented leaf, SSLv3 to TLS 1.2."""

from __future__ import annotations

import hashlib

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, padding, rsa

from harness.verdict.flight import Cursor, Malformed
from harness.verdict.hello import Suite, Version

_HASHES: dict[int, type[hashes.HashAlgorithm]] = {
    1: hashes.MD5,
    2: hashes.SHA1,
    3: hashes.SHA224,
    4: hashes.SHA256,
    5: hashes.SHA384,
    6: hashes.SHA512,
}
# rsa_pss_rsae_sha256/384/512 (RFC 8446 4.2.3); TLS 1.2 servers choose them where they are offered.
_PSS: dict[int, type[hashes.HashAlgorithm]] = {0x0804: hashes.SHA256, 0x0805: hashes.SHA384, 0x0806: hashes.SHA512}


def signs(suite: Suite) -> bool:
    """Whether this suite's ServerKeyExchange is signed with the leaf's key (RFC 5246 7.4.3)."""
    return suite.exchange.startswith(("DHE_", "ECDHE_"))


def parameters_of(suite: Suite, body: bytes) -> tuple[bytes, Cursor]:
    """The parameters of a ServerKeyExchange, and a cursor on the signature behind them. Raises Malformed."""
    cursor = Cursor(body, "ServerKeyExchange")
    if suite.exchange.startswith("ECDH"):
        kind = cursor.number(1)
        if kind != 3:
            raise Malformed(f"ServerKeyExchange: curve type {kind}, which was not offered (RFC 8422 5.4)")
        cursor.take(2)
        cursor.vector(1)
    else:
        for _ in ("p", "g", "public value"):
            cursor.vector(2)
    return cursor.taken, cursor


def prime_bits(body: bytes) -> int:
    """Size of the group of a DHE ServerKeyExchange. Raises Malformed."""
    return int.from_bytes(Cursor(body, "ServerKeyExchange").vector(2), "big").bit_length()


def curve_of(body: bytes) -> int:
    """Number of the curve of an ECDHE ServerKeyExchange (RFC 8422 5.1.1). Raises Malformed."""
    cursor = Cursor(body, "ServerKeyExchange")
    cursor.take(1)
    return cursor.number(2)


def proves(leaf: bytes, suite: Suite, version: int, randoms: bytes, body: bytes) -> bool:
    """Whether whoever sent this ServerKeyExchange holds the key of `leaf` (DER).

    `randoms` is the client's, then the server's. TLS 1.2 names the algorithms (RFC 5246 7.4.3); before, RSA signs
    MD5 and SHA-1 one behind the other, DSA and ECDSA sign SHA-1 (RFC 2246 7.4.3, RFC 6101 5.6.3). Raises Malformed.
    """
    parameters, cursor = parameters_of(suite, body)
    scheme = cursor.number(2) if version >= Version.TLS_1_2 else None
    signature = cursor.vector(2)
    cursor.end()
    try:
        key = x509.load_der_x509_certificate(leaf).public_key()
    except (ValueError, UnsupportedAlgorithm) as error:
        raise Malformed(f"the leaf's key cannot be read: {error}") from error
    try:
        return _verified(key, scheme, signature, randoms + parameters)
    except (InvalidSignature, ValueError):
        return False
    except UnsupportedAlgorithm as error:
        raise Malformed(f"the signature of ServerKeyExchange cannot be checked: {error}") from error


def _verified(key: object, scheme: int | None, signature: bytes, signed: bytes) -> bool:
    if isinstance(key, rsa.RSAPublicKey):
        if scheme is None:
            both = (
                hashlib.md5(signed, usedforsecurity=False).digest()
                + hashlib.sha1(signed, usedforsecurity=False).digest()
            )
            return key.recover_data_from_signature(signature, padding.PKCS1v15(), None) == both
        if scheme in _PSS:
            algorithm = _PSS[scheme]()
            pss = padding.PSS(padding.MGF1(algorithm), algorithm.digest_size)
            key.verify(signature, signed, pss, algorithm)
        else:
            key.verify(signature, signed, padding.PKCS1v15(), _hash(scheme))
        return True
    algorithm = hashes.SHA1() if scheme is None else _hash(scheme)
    if isinstance(key, ec.EllipticCurvePublicKey):
        key.verify(signature, signed, ec.ECDSA(algorithm))
    elif isinstance(key, dsa.DSAPublicKey):
        key.verify(signature, signed, algorithm)
    else:
        raise Malformed(f"a leaf with a {type(key).__name__} signs no ServerKeyExchange that is known here")
    return True


def _hash(scheme: int) -> hashes.HashAlgorithm:
    if scheme >> 8 not in _HASHES:
        raise Malformed(f"ServerKeyExchange: signature scheme {scheme:#06x} was not offered")
    return _HASHES[scheme >> 8]()
