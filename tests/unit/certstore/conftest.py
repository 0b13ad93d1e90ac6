"""Materials: pairs of certificate and key made here once, how they are written, and who judges them."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from certstore import (
    DEFAULT_FIRMWARE,
    OPENSSL_0_9_8,
    OPENSSL_1_0_1,
    Branch,
    Credential,
    Firmware,
    Upload,
    UploadRefused,
    receive,
)

PrivateKey = rsa.RSAPrivateKey | dsa.DSAPrivateKey | ec.EllipticCurvePrivateKey
Write = Callable[..., bytes]


def written(label: bytes, der: bytes, header: bytes = b"", columns: int = 64) -> bytes:
    """One PEM block."""
    text = b64encode(der)
    lines = b"".join(text[at : at + columns] + b"\n" for at in range(0, len(text), columns))
    return b"-----BEGIN " + label + b"-----\n" + header + lines + b"-----END " + label + b"-----\n"


@dataclass(frozen=True)
class Pair:
    """A certificate and its private key."""

    private_key: PrivateKey
    label: bytes
    certificate_der: bytes

    @property
    def certificate(self) -> bytes:
        return written(b"CERTIFICATE", self.certificate_der)

    @property
    def key_der(self) -> bytes:
        return self.private_key.private_bytes(Encoding.DER, PrivateFormat.TraditionalOpenSSL, NoEncryption())

    @property
    def key(self) -> bytes:
        return written(self.label, self.key_der)

    @property
    def pkcs8_der(self) -> bytes:
        return self.private_key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())

    @property
    def pkcs8(self) -> bytes:
        return written(b"PRIVATE KEY", self.pkcs8_der)


def issued(label: bytes, key: PrivateKey, name: str, issuer: Pair | None = None) -> Pair:
    """A certificate for a key, signed by the issuer's or by itself."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(x509.load_der_x509_certificate(issuer.certificate_der).subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(1000)
        .not_valid_before(datetime(2010, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2040, 1, 1, tzinfo=UTC))
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
    )
    certificate = builder.sign(issuer.private_key if issuer else key, SHA256())
    return Pair(key, label, certificate.public_bytes(Encoding.DER))


@pytest.fixture(scope="session")
def block() -> Write:
    return written


@pytest.fixture(scope="session")
def authority() -> Pair:
    return issued(b"RSA PRIVATE KEY", rsa.generate_private_key(65537, 1024), "Authority")


@pytest.fixture(scope="session")
def pair(authority: Pair) -> Pair:
    """The RSA pair that most tests upload."""
    return issued(b"RSA PRIVATE KEY", rsa.generate_private_key(65537, 1024), "unit.example", authority)


@pytest.fixture(scope="session")
def ec_pair() -> Pair:
    return issued(b"EC PRIVATE KEY", ec.generate_private_key(ec.SECP256R1()), "ec.example")


@pytest.fixture(scope="session")
def dsa_pair() -> Pair:
    return issued(b"DSA PRIVATE KEY", dsa.generate_private_key(1024), "dsa.example")


@pytest.fixture(params=[OPENSSL_0_9_8, OPENSSL_1_0_1], ids=str)
def branch(request: pytest.FixtureRequest) -> Branch:
    """Both branches, one after the other."""
    chosen: Branch = request.param
    return chosen


@pytest.fixture
def firmware(branch: Branch) -> Firmware:
    return replace(DEFAULT_FIRMWARE, branch=branch)


Verdict = Callable[..., str]


@pytest.fixture(scope="session")
def verdict() -> Verdict:
    """Says "accepted", or the short name of the broken rule; for a branch by name, or a firmware."""

    def of(
        certificate: bytes,
        private_key: bytes,
        passphrase: bytes | None = None,
        on: Branch | Firmware = OPENSSL_1_0_1,
    ) -> str:
        firmware = replace(DEFAULT_FIRMWARE, branch=on) if isinstance(on, Branch) else on
        try:
            receive(Upload(certificate, private_key, passphrase), firmware)
        except UploadRefused as refused:
            return refused.rule
        return "accepted"

    return of


@pytest.fixture(scope="session")
def credential(pair: Pair) -> Credential:
    return receive(Upload(pair.certificate, pair.key))
