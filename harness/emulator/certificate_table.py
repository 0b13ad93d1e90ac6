"""The status table of Network > SSL certificates (device-reference 2.2)."""

from __future__ import annotations

from cryptography import x509
from cryptography.x509.oid import NameOID

from harness.emulator.unit import EmulatedUnit

# The parts that the help names, in its order (mark D).
PARTS = {
    NameOID.COUNTRY_NAME: "C",
    NameOID.STATE_OR_PROVINCE_NAME: "ST",
    NameOID.LOCALITY_NAME: "L",
    NameOID.ORGANIZATION_NAME: "O",
    NameOID.ORGANIZATIONAL_UNIT_NAME: "OU",
    NameOID.COMMON_NAME: "CN",
}

# certstore, like OpenSSL 0.9.8, takes certificates that cryptography does not.
UNREADABLE_BY_US = (ValueError, x509.InvalidVersion)
UNREADABLE = "-"


def certificate_rows(unit: EmulatedUnit) -> list[tuple[str, str]]:
    """Label and value, as the page prints them."""
    texts = unit.skin.certificates
    described = unit.description
    return [
        *_printed(described.leaf, unit),
        (texts.private_key, texts.key_matches if described.key_matches else texts.key_does_not_match),
    ]


def _printed(leaf: bytes, unit: EmulatedUnit) -> list[tuple[str, str]]:
    texts = unit.skin.certificates
    try:
        certificate = x509.load_der_x509_certificate(leaf)
        values = [
            _name(certificate.subject),
            _name(certificate.issuer),
            certificate.not_valid_before_utc.strftime(texts.date_format),
            certificate.not_valid_after_utc.strftime(texts.date_format),
        ]
    except UNREADABLE_BY_US:
        values = [UNREADABLE] * 4
    return list(zip((texts.subject, texts.issuer, texts.issued, texts.expires), values, strict=True))


def _name(name: x509.Name) -> str:
    found = {label: name.get_attributes_for_oid(oid) for oid, label in PARTS.items()}
    return ", ".join(
        f"{label}={attribute.value!s}" for label, attributes in found.items() for attribute in attributes
    )
