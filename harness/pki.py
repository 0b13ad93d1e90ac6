"""Keys, certificates and authorities for tests: made fresh, never used for anything real."""

from __future__ import annotations

import datetime
import ipaddress
import itertools
import secrets
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Generic, Literal, TypeVar

from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from harness.once import once

# Far on both sides of any unit's clock, and within what UTCTime of that age can say (RFC 5280 4.1.2.5).
NOT_BEFORE = datetime.datetime(2005, 1, 1, tzinfo=datetime.UTC)
NOT_AFTER = datetime.datetime(2045, 1, 1, tzinfo=datetime.UTC)

KEY_BITS = 2048
"""What the vendor advises (device-reference 2.5, mark D)."""


ORGANIZATION = "mcu-hil"
"""In the subject of every certificate made here."""


class Names(Enum):
    """By what a leaf names its unit, beside the common name."""

    BOTH = "the address, as what it is"
    COMMON_NAME = "nothing"
    HOST = "a host name"
    ADDRESS = "an IP address"


@dataclass(frozen=True)
class Terms:
    """What a leaf may have otherwise than others."""

    not_before: datetime.datetime = NOT_BEFORE
    not_after: datetime.datetime = NOT_AFTER
    digest: Literal["sha1", "sha256", "sha512"] = "sha256"
    names: Names = Names.BOTH
    organisation: str = ORGANIZATION
    further_hosts: int = 0
    """So many host names more."""
    version: Literal[1, 3] = 3
    """Of X.509; the first has no extensions."""


USUAL = Terms()

HOST = "mcu.example"
"""Where a host name is wanted and the unit is known by its address (RFC 6761 6.5)."""


@dataclass(frozen=True)
class Issued:
    """A leaf with what is needed to serve it. The key is in no repr and no comparison."""

    chain: tuple[x509.Certificate, ...]
    """Leaf first, then each issuer but the root."""
    key: rsa.RSAPrivateKey = field(repr=False, compare=False)

    @property
    def certificate_blocks(self) -> tuple[bytes, ...]:
        """PEM, one certificate each."""
        return tuple(certificate.public_bytes(serialization.Encoding.PEM) for certificate in self.chain)

    @property
    def certificate_pem(self) -> bytes:
        return b"".join(self.certificate_blocks)

    @property
    def chain_der(self) -> tuple[bytes, ...]:
        return tuple(certificate.public_bytes(serialization.Encoding.DER) for certificate in self.chain)


@dataclass(frozen=True)
class Authority:
    """A certificate authority: the root, and the intermediates between it and what it issues."""

    root: x509.Certificate
    issuers: tuple[x509.Certificate, ...]
    """The one that signs leaves first; the root last."""
    _key: rsa.RSAPrivateKey = field(repr=False, compare=False)

    @classmethod
    def create(cls, intermediates: int = 0) -> Authority:
        """A new root with `intermediates` certificate authorities in a row below it."""
        key = rsa_key()
        name = _name(f"mcu-hil test root {secrets.token_hex(4)}")
        root = _certificate(name, key, name, key, _ca_extensions(key, key))
        authority = cls(root, (root,), key)
        for depth in range(1, intermediates + 1):
            authority = authority._below(depth)
        return authority

    def _below(self, depth: int) -> Authority:
        key = rsa_key()
        name = _name(f"mcu-hil test intermediate {depth}")
        certificate = _certificate(name, key, self.issuers[0].subject, self._key, _ca_extensions(key, self._key))
        return Authority(self.root, (certificate, *self.issuers), key)

    @property
    def root_pem(self) -> bytes:
        return self.root.public_bytes(serialization.Encoding.PEM)

    @property
    def root_der(self) -> bytes:
        return self.root.public_bytes(serialization.Encoding.DER)

    def issue(
        self,
        *addresses: str,
        common_name: str | None = None,
        key: rsa.RSAPrivateKey | None = None,
        terms: Terms = USUAL,
    ) -> Issued:
        """A leaf for these IP addresses or host names, the first also as its common name unless that is given."""
        key = key or rsa_key()
        extensions = [*_leaf_extensions(addresses, terms), *_key_identifiers(key, self._key)]
        name = _name(common_name or addresses[0], terms.organisation)
        leaf = _certificate(name, key, self.issuers[0].subject, self._key, extensions, terms)
        return Issued((leaf, *self.issuers[:-1]), key)

    def certify(self, key: ed25519.Ed25519PublicKey, address: str) -> bytes:
        """PEM of a leaf with a key that no firmware of these units can use."""
        leaf = _certificate(
            _name(address), key, self.issuers[0].subject, self._key, _leaf_extensions([address], USUAL)
        )
        return leaf.public_bytes(serialization.Encoding.PEM)


def self_signed(address: str, common_name: str, key: rsa.RSAPrivateKey) -> Issued:
    """A leaf that is its own issuer."""
    name = _name(common_name)
    return Issued((_certificate(name, key, name, key, _leaf_extensions([address], USUAL)),), key)


def names_address(certificate: bytes, address: str) -> bool:
    """Whether a DER certificate names this IP address or host name: by SAN, or, as firmware of the unit's age
    and the vendor's procedure have it, by the subject's common name (C157, device-reference 12, mark D)."""
    parsed = x509.load_der_x509_certificate(certificate)
    names = {attribute.value for attribute in parsed.subject.get_attributes_for_oid(NameOID.COMMON_NAME)}
    try:
        alternatives = parsed.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return address in names
    return general_name(address) in alternatives or address in names


def is_ours(certificate: bytes) -> bool:
    """Whether a DER certificate is one of those that are made here, by its subject."""
    subject = x509.load_der_x509_certificate(certificate).subject
    return any(one.value == ORGANIZATION for one in subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME))


def key_pem(key: rsa.RSAPrivateKey) -> bytes:
    """The key as plain `RSA PRIVATE KEY`: the form that every firmware reads (device-reference 11.1)."""
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )


def pem_to_der(pem: bytes) -> bytes:
    """The first certificate of a PEM text."""
    return x509.load_pem_x509_certificate(pem).public_bytes(serialization.Encoding.DER)


Key = TypeVar("Key")

POOL_SIZE = 4


class KeyPool(Generic[Key]):
    """Makes up to `size` keys, each when it is first wanted, and then hands them out in turn.

    A key costs 150 ms of processor time or more, and a lab of 64 units would want hundreds. Certificates of different
    units still differ by serial number and name.
    """

    def __init__(self, make: Callable[[], Key], size: int = POOL_SIZE) -> None:
        self._make = make
        self._size = size
        self._keys: list[Key] = []
        self._turns = itertools.count()
        self._lock = threading.Lock()

    def take(self) -> Key:
        """A key; each of the last `size` - 1 calls gave another one."""
        with self._lock:
            if len(self._keys) < self._size:
                self._keys.append(self._make())
                return self._keys[-1]
            return self._keys[next(self._turns) % self._size]


_rsa_keys = KeyPool(lambda: rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS))


def rsa_key() -> rsa.RSAPrivateKey:
    """A key of KEY_BITS bits, from a pool of this process."""
    return _rsa_keys.take()


@once
def run_authority() -> Authority:
    """The authority of this process, with two intermediates: made when it is first asked for."""
    return Authority.create(intermediates=2)


def _serial() -> int:
    return x509.random_serial_number()


def _name(common_name: str, organisation: str = ORGANIZATION) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "GB"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


def general_name(address: str) -> x509.IPAddress | x509.DNSName:
    """How a certificate names this address (RFC 5280 4.2.1.6)."""
    try:
        return x509.IPAddress(ipaddress.ip_address(address))
    except ValueError:
        return x509.DNSName(address)


def _leaf_extensions(addresses: Sequence[str], terms: Terms) -> list[tuple[x509.ExtensionType, bool]]:
    match terms.names:
        case Names.BOTH:
            names = [general_name(address) for address in addresses]
        case Names.HOST:
            names = [x509.DNSName(HOST)]
        case Names.ADDRESS:
            names = [name for name in map(general_name, addresses) if isinstance(name, x509.IPAddress)]
        case Names.COMMON_NAME:
            names = []
    names += [x509.DNSName(f"unit-{number}.{HOST}") for number in range(terms.further_hosts)]
    named: list[tuple[x509.ExtensionType, bool]] = [(x509.SubjectAlternativeName(names), False)] if names else []
    return [
        *named,
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False),
    ]


def _key_identifiers(subject: rsa.RSAPrivateKey, issuer: rsa.RSAPrivateKey) -> list[tuple[x509.ExtensionType, bool]]:
    return [
        (x509.SubjectKeyIdentifier.from_public_key(subject.public_key()), False),
        (x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.public_key()), False),
    ]


def _ca_extensions(subject: rsa.RSAPrivateKey, issuer: rsa.RSAPrivateKey) -> list[tuple[x509.ExtensionType, bool]]:
    usage = x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )
    return [
        (x509.BasicConstraints(ca=True, path_length=None), True),
        (usage, True),
        *_key_identifiers(subject, issuer),
    ]


def _certificate(
    subject: x509.Name,
    key: rsa.RSAPrivateKey | ed25519.Ed25519PublicKey,
    issuer: x509.Name,
    issuer_key: rsa.RSAPrivateKey,
    extensions: list[tuple[x509.ExtensionType, bool]],
    terms: Terms = USUAL,
) -> x509.Certificate:
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key() if isinstance(key, rsa.RSAPrivateKey) else key)
        .serial_number(_serial())
        .not_valid_before(terms.not_before)
        .not_valid_after(terms.not_after)
    )
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical=critical)
    if terms.digest == "sha1" or terms.version == 1:
        return _as_of_old(builder.sign(issuer_key, hashes.SHA256()), issuer_key, terms.version)
    return builder.sign(issuer_key, hashes.SHA512() if terms.digest == "sha512" else hashes.SHA256())


def _as_of_old(certificate: x509.Certificate, issuer_key: rsa.RSAPrivateKey, version: int) -> x509.Certificate:
    """The same certificate under the signature of units' days, and in their form, which the library reads but does
    not write."""
    found = asn1_x509.Certificate.load(certificate.public_bytes(serialization.Encoding.DER))
    body = found["tbs_certificate"]
    if version == 1:
        body["version"] = "v1"
        del body["extensions"]
    for signature in (body["signature"], found["signature_algorithm"]):
        signature["algorithm"] = "sha1_rsa"
    found["signature_value"] = issuer_key.sign(body.dump(force=True), PKCS1v15(), hashes.SHA1())
    return x509.load_der_x509_certificate(found.dump(force=True))
