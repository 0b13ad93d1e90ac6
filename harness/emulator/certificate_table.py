"""The status table of Network > SSL certificates (device-reference 2.2)."""

from __future__ import annotations

import functools

from cryptography import x509
from cryptography.x509.oid import NameOID

from harness.emulator.rendering import Text
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


Rows = tuple[tuple[str, tuple[str, ...]], ...]
"""Label, and the lines of the value."""


def certificate_rows(unit: EmulatedUnit) -> Rows:
    """The local certificate, as the page prints it."""
    texts = unit.skin.certificates
    described = unit.description
    return (
        *printed(described.leaf, unit),
        (texts.private_key, (texts.key_matches if described.key_matches else texts.key_does_not_match,)),
    )


def printed(certificate: bytes, unit: EmulatedUnit) -> Rows:
    """The rows that every certificate has; one of a trust store has no others."""
    texts = unit.skin.certificates
    values = _values(certificate, texts.name_layout, texts.date_format)
    return tuple(zip((texts.subject, texts.issuer, texts.issued, texts.expires), values, strict=True))


@functools.lru_cache(maxsize=256)
def _values(certificate: bytes, name_layout: str, date_format: str) -> tuple[tuple[Text, ...], ...]:
    """The lines of subject, issuer and dates; a page is shown many times, and its certificate is read once."""
    try:
        read = x509.load_der_x509_certificate(certificate)
        return (
            _name(read.subject, name_layout),
            _name(read.issuer, name_layout),
            (Text(read.not_valid_before_utc.strftime(date_format)),),
            (Text(read.not_valid_after_utc.strftime(date_format)),),
        )
    except UNREADABLE_BY_US:
        return ((Text(UNREADABLE),),) * 4


def _name(name: x509.Name, layout: str) -> tuple[Text, ...]:
    found = {label: name.get_attributes_for_oid(oid) for oid, label in PARTS.items()}
    parts = [f"{label}={attribute.value!s}" for label, attributes in found.items() for attribute in attributes]
    return tuple(map(Text, parts if layout == "a line each" else (", ".join(parts),)))
