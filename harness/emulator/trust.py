"""Trust stores and what is verified with them (device-reference 2.4)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

# cryptography refuses some certificates only when they are looked at.
UNREADABLE = (ValueError, x509.InvalidVersion)


class NoTrustStore(Exception):
    """The file holds no certificate in Base64 text."""


@dataclass(frozen=True)
class Trust:
    """The settings of the page; stores by the names of the skin's `trust.titles`."""

    stores: Mapping[str, tuple[bytes, ...]] = field(default_factory=lambda: MappingProxyType({}))
    """Certificates in DER."""
    sip_verification: str = "none"
    client_security: str = "none"
    server_security: str = "none"
    ocsp_check: bool = False
    ocsp_url: str = ""
    ocsp_nonce: bool = False

    def anchors(self, store: str) -> tuple[bytes, ...]:
        return self.stores.get(store, ())

    def with_store(self, name: str, anchors: tuple[bytes, ...]) -> Trust:
        return replace(self, stores=MappingProxyType({**self.stores, name: anchors}))

    def without_store(self, name: str) -> Trust:
        return self.with_store(name, ())

    @property
    def asks_clients(self) -> bool:
        """The handshake holds a CertificateRequest (8, mark D)."""
        return self.client_security != "none"


NO_TRUST = Trust()


def read_trust_store(file: bytes) -> tuple[bytes, ...]:
    """The certificates, several of them one after the other (mark I), in PEM only (D). Raises NoTrustStore."""
    try:
        found = x509.load_pem_x509_certificates(file)
    except UNREADABLE as error:
        raise NoTrustStore from error
    return tuple(certificate.public_bytes(Encoding.DER) for certificate in found)


def common_name(certificate: bytes) -> str | None:
    """Of a client's certificate: the name of the user whom it logs in (2.4, mark D)."""
    try:
        names = x509.load_der_x509_certificate(certificate).subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    except UNREADABLE:
        return None
    return str(names[-1].value) if names else None
