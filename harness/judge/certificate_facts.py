"""What people read in a certificate, as far as it can be read.

A unit takes certificates that no strict parser would: wrong dates, odd versions, BER. So each fact is read for
itself, and one that cannot be read is None and named, while the others are still told.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, TypeVar

from asn1crypto import x509

Fact = TypeVar("Fact")

# What asn1crypto raises over octets that are not what they should be; found by damaging certificates.
UNREADABLE = (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError)

SHORT_NAMES = {
    "common_name": "CN",
    "country_name": "C",
    "state_or_province_name": "ST",
    "locality_name": "L",
    "organization_name": "O",
    "organizational_unit_name": "OU",
    "domain_component": "DC",
    "email_address": "emailAddress",
}


@dataclass(frozen=True, slots=True)
class CertificateFacts:
    """One certificate; None for what it does not say, or for what is listed in `unreadable`."""

    sha256: str
    subject: str | None
    issuer: str | None
    not_before: datetime | None
    not_after: datetime | None
    key_type: str | None
    key_bits: int | None
    signature: str | None
    """Algorithm, such as `sha256_rsa`."""
    digest: str | None
    common_names: tuple[str, ...]
    alternative_names: tuple[str, ...] | None
    is_ca: bool | None
    key_usage: frozenset[str] | None
    extended_key_usage: frozenset[str] | None
    unreadable: tuple[str, ...]
    # What links a certificate to its issuer, RFC 5280 sections 7.1 and 4.2.1.1.
    encoding: bytes
    subject_id: str | None
    issuer_id: str | None
    key_id: bytes | None
    issuer_key_id: bytes | None

    @property
    def self_issued(self) -> bool:
        return self.subject_id is not None and self.subject_id == self.issuer_id

    @property
    def key(self) -> str | None:
        """Type and size, such as `RSA, 2048 bits`."""
        if self.key_type is None:
            return None
        return self.key_type if self.key_bits is None else f"{self.key_type}, {self.key_bits} bits"

    def names_as(self) -> str:
        """What to call it in a sentence."""
        return repr(self.subject) if self.subject else f"sha256 {self.sha256[:16]}"


def read_facts(encoding: bytes) -> CertificateFacts:
    """The facts of a certificate in DER or BER, whatever is wrong with some of them."""
    certificate = x509.Certificate.load(encoding)
    unreadable: list[str] = []

    def fact(name: str, read: Callable[[], Fact]) -> Fact | None:
        try:
            return read()
        except UNREADABLE:
            unreadable.append(name)
            return None

    tbs = certificate["tbs_certificate"]
    key_type = fact("public key", lambda: str(certificate.public_key.algorithm).upper())
    alternative_names = fact("extensions", lambda: _alternative_names(certificate))
    return CertificateFacts(
        sha256=sha256(encoding).hexdigest(),
        subject=fact("subject", lambda: _name(certificate.subject)),
        issuer=fact("issuer", lambda: _name(certificate.issuer)),
        not_before=fact("start of validity", lambda: _date(tbs["validity"]["not_before"].native)),
        not_after=fact("end of validity", lambda: _date(tbs["validity"]["not_after"].native)),
        key_type=key_type,
        key_bits=None if key_type is None else fact("key size", lambda: int(certificate.public_key.bit_size)),
        signature=fact("signature algorithm", lambda: str(certificate["signature_algorithm"]["algorithm"].native)),
        digest=_digest(certificate),
        common_names=fact("common name", lambda: _common_names(certificate.subject)) or (),
        alternative_names=alternative_names,
        is_ca=fact("basic constraints", lambda: _is_ca(certificate)),
        key_usage=fact("key usage", lambda: _usages(certificate.key_usage_value)),
        extended_key_usage=fact("extended key usage", lambda: _usages(certificate.extended_key_usage_value)),
        encoding=encoding,
        subject_id=fact("subject", lambda: str(certificate.subject.hashable)),
        issuer_id=fact("issuer", lambda: str(certificate.issuer.hashable)),
        key_id=fact("key identifier", lambda: certificate.key_identifier),
        issuer_key_id=fact("authority key identifier", lambda: certificate.authority_key_identifier),
        unreadable=tuple(dict.fromkeys(unreadable)),
    )


def _name(name: Any) -> str:
    return ", ".join(
        f"{SHORT_NAMES.get(part['type'].native, part['type'].native)}={part['value'].native}"
        for relative in name.chosen
        for part in relative
    )


def _common_names(name: Any) -> tuple[str, ...]:
    return tuple(
        str(part["value"].native)
        for relative in name.chosen
        for part in relative
        if part["type"].native == "common_name"
    )


def _date(value: Any) -> datetime:
    if not isinstance(value, datetime):
        raise TypeError("not a date")
    return value


def _digest(certificate: Any) -> str | None:
    try:
        return str(certificate["signature_algorithm"].hash_algo)
    except UNREADABLE:
        # Some algorithms have none (Ed25519); those that cannot be read have been listed by their name.
        return None


def _alternative_names(certificate: Any) -> tuple[str, ...] | None:
    names = certificate.subject_alt_name_value
    return None if names is None else tuple(str(name.native) for name in names)


def _is_ca(certificate: Any) -> bool | None:
    constraints = certificate.basic_constraints_value
    return None if constraints is None else bool(constraints["ca"].native)


def _usages(value: Any) -> frozenset[str] | None:
    return None if value is None else frozenset(map(str, value.native))
