"""Two pairs as small as TLS ever had them, so that every octet of their files can be tried."""

from __future__ import annotations

from datetime import UTC, datetime
from hashlib import sha256

import pytest
from asn1crypto import algos, core, keys, pem, x509

from certstore import Credential, Upload, receive

# 256 bits each; tools of today make no RSA key of 512 bits any more.
PRIMES = {
    "ours": (
        0xCD28A6A7DCC98177C0A6B6B48D08FAE0D529BBEE99B205643F6E3FDCCC8A070D,
        0xE0D5D1AA5812D47E07E6721600DB5968C7FF8DEAA38752C810B48F1843BB916F,
    ),
    "theirs": (
        0xC88C3A0971D7F12DA7A26A706D9320A7DE7F05ADD8C24260D0A779E1036F414D,
        0xF215ABB5853228C7A1CA20D9E372BC2D0CF0165177B471CDA38E677F9A1A262B,
    ),
}
EXPONENT = 65537
MODULUS_SIZE = 64


def rsa_key(p: int, q: int) -> keys.RSAPrivateKey:
    d = pow(EXPONENT, -1, (p - 1) * (q - 1))
    return keys.RSAPrivateKey(
        {
            "version": "two-prime",
            "modulus": p * q,
            "public_exponent": EXPONENT,
            "private_exponent": d,
            "prime1": p,
            "prime2": q,
            "exponent1": d % (p - 1),
            "exponent2": d % (q - 1),
            "coefficient": pow(q, -1, p),
        }
    )


def signature(octets: bytes, key: keys.RSAPrivateKey) -> bytes:
    """RSASSA-PKCS1-v1_5 with SHA-256, RFC 8017 section 8.2.1."""
    algorithm = {"algorithm": "sha256", "parameters": core.Null()}
    info = algos.DigestInfo({"digest_algorithm": algorithm, "digest": sha256(octets).digest()}).dump()
    padded = b"\0\1" + b"\xff" * (MODULUS_SIZE - len(info) - 3) + b"\0" + info
    number = pow(int.from_bytes(padded), key["private_exponent"].native, key["modulus"].native)
    return int(number).to_bytes(MODULUS_SIZE)


def self_signed(name: str, key: keys.RSAPrivateKey) -> bytes:
    subject = x509.Name.build({"common_name": name})
    public_key = keys.RSAPublicKey({"modulus": key["modulus"], "public_exponent": EXPONENT})
    algorithm = {"algorithm": "sha256_rsa", "parameters": core.Null()}
    to_be_signed = x509.TbsCertificate(
        {
            "version": "v1",
            "serial_number": 1,
            "signature": algorithm,
            "issuer": subject,
            "validity": {
                "not_before": x509.UTCTime(datetime(2012, 1, 1, tzinfo=UTC)),
                "not_after": x509.UTCTime(datetime(2022, 1, 1, tzinfo=UTC)),
            },
            "subject": subject,
            "subject_public_key_info": keys.PublicKeyInfo.wrap(public_key, "rsa"),
        }
    )
    certificate = x509.Certificate(
        {
            "tbs_certificate": to_be_signed,
            "signature_algorithm": algorithm,
            "signature_value": signature(to_be_signed.dump(), key),
        }
    )
    return bytes(certificate.dump())


def credential(name: str) -> Credential:
    key = rsa_key(*PRIMES[name])
    return receive(Upload(pem.armor("CERTIFICATE", self_signed(name, key)), pem.armor("RSA PRIVATE KEY", key.dump())))


@pytest.fixture(scope="session")
def ours() -> Credential:
    return credential("ours")


@pytest.fixture(scope="session")
def theirs() -> Credential:
    return credential("theirs")
